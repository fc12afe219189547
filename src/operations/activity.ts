/**
 * What this process was asked to do, counted in bounded memory: searches, requests, the memories that were looked at,
 * and the changes that were made. Starts empty with the process.
 *
 * @module
 */

import { type SpaceScope, WHOLE_STORE } from "../storage/contract/scope.ts";

/** Memories counted at once; the rarest half goes when there are more. */
const TALLIED = 10_000;
/** Searches recorded, and characters of each text of one. */
const SEARCHES_KEPT = 1000, RECORDED_TEXT = 200;
/** Hours of which searches are counted apart, over all spaces; the last week's of a few dozen. */
const HOURS_KEPT = 7 * 24 * 50;
/** Milliseconds. */
const HOUR = 3_600_000;
/** Changes kept, and keys listed of one change. */
const CHANGES_KEPT = 1000;
const HASHES_SHOWN = 20;

/** How often and how long. */
export interface Timing {
  count: number;
  total_ms: number;
}

/** Searches of an hour. */
export interface SearchHour {
  count: number;
  /** Those that found nothing, or nothing relevant. */
  fruitless: number;
}

/** Looks at one memory. */
export interface Access {
  count: number;
  /** Unix seconds. */
  last: number;
}

export type ChangeKind =
  | "store"
  | "update"
  | "delete"
  | "trash"
  | "restore"
  | "empty_trash"
  | "merge"
  | "rename_tag"
  | "maintain";

/** A change to what is stored. */
export interface Change {
  /** Unix seconds. */
  at: number;
  /** The space it was made in. */
  space: string;
  operation: ChangeKind;
  /** Memories it touched. */
  count: number;
  /** The first of them. */
  content_hashes: string[];
  detail: string | null;
}

/** A search with what was asked for; kept only where the operator turned recording on. */
export interface RecordedSearch {
  /** Unix seconds. */
  at: number;
  /** Name of the caller. */
  caller: string;
  space: string;
  type: string;
  /** Its first characters. */
  query: string;
  tags: string[];
  results: number;
  ms: number;
}

/** What a search did, besides its kind and its time. */
export interface SearchFigures {
  /** Tags it asked for. */
  tags?: readonly string[];
  query?: string;
  results?: number;
  /** Whether it found nothing, or nothing relevant. */
  fruitless?: boolean;
}

/** What all views of a process's counts share. Names of spaces stand before the keys, which hold no line breaks. */
class Counts {
  readonly searches = new Map<string, Timing>();
  /** By the hour since 1970, oldest first. */
  readonly hours = new Map<string, SearchHour>();
  readonly requests: Timing & { failed: number } = { count: 0, total_ms: 0, failed: 0 };
  readonly memories = new Map<string, Access>();
  readonly changed = new Map<string, number>();
  changes: Change[] = [];
  /** Null unless recording is on. */
  recorded: RecordedSearch[] | null;

  constructor(recording: boolean) {
    this.recorded = recording ? [] : null;
  }
}

/** Who looks at the counts, or adds to them. */
export interface ActivityView {
  scope: SpaceScope;
  /** Name of the caller. */
  caller?: string;
  /** Whether the caller may read what was searched for. False by default. */
  texts?: boolean;
  /** Called with each change that is counted through this view. */
  onChange?: ((change: Change) => void) | undefined;
  /** Called with what `describe` is given. */
  onDescribe?: ((what: string) => void) | undefined;
}

/** What an activity is made of. */
interface ActivityOptions {
  /** Whether the texts of searches are kept; false by default. */
  recordSearches?: boolean;
  counts?: Counts;
  view?: ActivityView;
}

/**
 * Counts of one process, as one caller sees them: what is done counts for the space the caller writes to, and what is read
 * is the sum over the spaces the caller reads.
 */
export class Activity {
  readonly #counts: Counts;
  readonly #view: ActivityView;

  /** Starts counting, for the whole store; `within` makes the views. */
  constructor(
    { recordSearches = false, counts = new Counts(recordSearches), view = { scope: WHOLE_STORE, texts: true } }:
      ActivityOptions = {},
  ) {
    this.#counts = counts;
    this.#view = view;
  }

  /** The same counts for a caller; what isn't given stays. */
  within(view: Partial<ActivityView>): Activity {
    return new Activity({ counts: this.#counts, view: { ...this.#view, ...view } });
  }

  /** Searches by their kind. */
  get searches(): ReadonlyMap<string, Timing> {
    const sums = new Map<string, Timing>();
    for (const [type, { count, total_ms }] of this.#own(this.#counts.searches)) {
      const sum = sums.get(type) ?? { count: 0, total_ms: 0 };
      sums.set(type, { count: sum.count + count, total_ms: sum.total_ms + total_ms });
    }
    return sums;
  }

  /** Searches by the Unix milliseconds at which their hour began, as far back as they are kept. */
  get searchHours(): ReadonlyMap<number, SearchHour> {
    const sums = new Map<number, SearchHour>();
    for (const [hour, { count, fruitless }] of this.#own(this.#counts.hours)) {
      const at = Number(hour) * HOUR, sum = sums.get(at) ?? { count: 0, fruitless: 0 };
      sums.set(at, { count: sum.count + count, fruitless: sum.fruitless + fruitless });
    }
    return sums;
  }

  /** Requests of the whole process. */
  get requests(): Readonly<Timing & { failed: number }> {
    return this.#counts.requests;
  }

  /** A search ended. */
  searched(
    type: string,
    ms: number,
    { tags = [], query = "", results = 0, fruitless = false }: SearchFigures = {},
  ): void {
    const { searches, hours, recorded } = this.#counts, key = this.#key(type);
    const hourKey = this.#key(String(Math.floor(Date.now() / HOUR))), hour = hours.get(hourKey);
    hours.set(hourKey, { count: (hour?.count ?? 0) + 1, fruitless: (hour?.fruitless ?? 0) + Number(fruitless) });
    if (hours.size > HOURS_KEPT) hours.delete(hours.keys().next().value!);
    const timing = searches.get(key) ?? { count: 0, total_ms: 0 };
    searches.set(key, { count: timing.count + 1, total_ms: timing.total_ms + ms });
    if (recorded === null) return;
    recorded.push({
      at: Date.now() / 1000,
      caller: this.#view.caller ?? "local",
      space: this.#view.scope.write,
      type,
      query: query.slice(0, RECORDED_TEXT).toWellFormed(),
      tags: tags.slice(0, HASHES_SHOWN).map((tag) => tag.slice(0, RECORDED_TEXT).toWellFormed()),
      results,
      ms,
    });
    if (recorded.length > 2 * SEARCHES_KEPT) recorded.splice(0, recorded.length - SEARCHES_KEPT);
  }

  /** Memories were shown to someone who looked for them. */
  accessed(hashes: Iterable<string>): void {
    for (const hash of hashes) tally(this.#counts.memories, this.#key(hash));
  }

  /** A request was answered; `failed` when by a fault of the service. */
  requested(ms: number, failed: boolean): void {
    const { requests } = this.#counts;
    requests.count++;
    requests.total_ms += ms;
    if (failed) requests.failed++;
  }

  /** Something was changed; nothing is kept when nothing was touched. */
  changed(operation: ChangeKind, hashes: readonly string[], detail: string | null = null, count = hashes.length): void {
    if (count === 0 && operation !== "maintain") return;
    const counts = this.#counts, { scope: { write: space }, onChange } = this.#view;
    const change = {
      at: Date.now() / 1000,
      space,
      operation,
      count,
      content_hashes: hashes.slice(0, HASHES_SHOWN),
      detail,
    };
    counts.changed.set(space, (counts.changed.get(space) ?? 0) + 1);
    counts.changes.push(change);
    if (counts.changes.length > 2 * CHANGES_KEPT) counts.changes = counts.changes.slice(-CHANGES_KEPT);
    onChange?.(change);
  }

  /** Says what an operation is about that touches no memory, such as a key by its name; the audit log alone keeps it. */
  describe(what: string): void {
    this.#view.onDescribe?.(what);
  }

  /** The latest changes, newest first, and how many there were. */
  changes(operation?: string): { changes: Change[]; total: number } {
    const kept = this.#counts.changes.slice(-CHANGES_KEPT).filter(({ space }) => this.#sees(space)).reverse();
    const changes = operation === undefined ? kept : kept.filter((change) => change.operation === operation);
    let total = 0;
    for (const [space, count] of this.#counts.changed) if (this.#sees(space)) total += count;
    return { changes, total: operation === undefined ? total : changes.length };
  }

  /** The latest searches with their texts, newest first; null unless they are recorded and this caller may read them. */
  recorded(): RecordedSearch[] | null {
    const { recorded } = this.#counts;
    if (!this.#view.texts) return null;
    return recorded && recorded.filter(({ space }) => this.#sees(space)).slice(-SEARCHES_KEPT).reverse();
  }

  /** Forgets the recorded searches; how many there were. */
  eraseRecorded(): number {
    const erased = this.recorded()?.length ?? 0, { recorded } = this.#counts;
    if (erased > 0 && recorded !== null) this.#counts.recorded = recorded.filter(({ space }) => !this.#sees(space));
    return erased;
  }

  /** Memories looked at, most often first. */
  popularMemories(limit: number): [string, Access][] {
    return mostUsed(this.#accesses(), limit);
  }

  get memoriesAccessed(): number {
    return this.#accesses().size;
  }

  #accesses(): Map<string, Access> {
    const sums = new Map<string, Access>();
    for (const [hash, { count, last }] of this.#own(this.#counts.memories)) {
      const sum = sums.get(hash) ?? { count: 0, last };
      sums.set(hash, { count: sum.count + count, last: Math.max(sum.last, last) });
    }
    return sums;
  }

  #key(key: string): string {
    return `${this.#view.scope.write}\n${key}`;
  }

  #sees(space: string): boolean {
    const { read } = this.#view.scope;
    return read === "all" || read.includes(space);
  }

  /** What was counted for the spaces that this view sees, by the key without its space. */
  *#own<T>(counts: ReadonlyMap<string, T>): Generator<[string, T]> {
    for (const [key, value] of counts) {
      const end = key.indexOf("\n");
      if (this.#sees(key.slice(0, end))) yield [key.slice(end + 1), value];
    }
  }
}

function tally(counts: Map<string, Access>, key: string): void {
  counts.set(key, { count: (counts.get(key)?.count ?? 0) + 1, last: Date.now() / 1000 });
  if (counts.size <= TALLIED) return;
  const kept = mostUsed(counts, TALLIED / 2);
  counts.clear();
  for (const [key, access] of kept) counts.set(key, access);
}

function mostUsed(counts: Map<string, Access>, limit: number): [string, Access][] {
  return [...counts].sort(([, a], [, b]) => b.count - a.count || b.last - a.last).slice(0, limit);
}
