/**
 * What this process was asked to do, counted in bounded memory: searches, requests, the memories that were looked at,
 * and the changes that were made. Starts empty with the process.
 *
 * @module
 */

/** Keys counted at once; the rarest half goes when there are more. */
const TALLIED = 2000;
/** Changes kept, and keys listed of one change. */
const CHANGES_KEPT = 1000;
const HASHES_SHOWN = 20;

/** How often and how long. */
export interface Timing {
  count: number;
  total_ms: number;
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
  operation: ChangeKind;
  /** Memories it touched. */
  count: number;
  /** The first of them. */
  content_hashes: string[];
  detail: string | null;
}

/** Counts of one process. */
export class Activity {
  readonly searches = new Map<string, Timing>();
  readonly requests: Timing & { failed: number } = { count: 0, total_ms: 0, failed: 0 };
  readonly #tags = new Map<string, Access>();
  readonly #memories = new Map<string, Access>();
  #changes: Change[] = [];
  #changed = 0;

  /** A search ended. `tags` are those it asked for. */
  searched(type: string, ms: number, tags: readonly string[] = []): void {
    const timing = this.searches.get(type) ?? { count: 0, total_ms: 0 };
    this.searches.set(type, { count: timing.count + 1, total_ms: timing.total_ms + ms });
    for (const tag of tags) tally(this.#tags, tag);
  }

  /** Memories were shown to someone who looked for them. */
  accessed(hashes: Iterable<string>): void {
    for (const hash of hashes) tally(this.#memories, hash);
  }

  /** A request was answered; `failed` when by a fault of the service. */
  requested(ms: number, failed: boolean): void {
    this.requests.count++;
    this.requests.total_ms += ms;
    if (failed) this.requests.failed++;
  }

  /** Something was changed; nothing is kept when nothing was touched. */
  changed(operation: ChangeKind, hashes: readonly string[], detail: string | null = null, count = hashes.length): void {
    if (count === 0 && operation !== "maintain") return;
    this.#changed++;
    this.#changes.push({
      at: Date.now() / 1000,
      operation,
      count,
      content_hashes: hashes.slice(0, HASHES_SHOWN),
      detail,
    });
    if (this.#changes.length > 2 * CHANGES_KEPT) this.#changes = this.#changes.slice(-CHANGES_KEPT);
  }

  /** The latest changes, newest first, and how many there were. */
  changes(operation?: string): { changes: Change[]; total: number } {
    const kept = this.#changes.slice(-CHANGES_KEPT).reverse();
    const changes = operation === undefined ? kept : kept.filter((change) => change.operation === operation);
    return { changes, total: operation === undefined ? this.#changed : changes.length };
  }

  /** Tags searched for, most often first. */
  popularTags(limit: number): [string, Access][] {
    return mostUsed(this.#tags, limit);
  }

  /** Memories looked at, most often first. */
  popularMemories(limit: number): [string, Access][] {
    return mostUsed(this.#memories, limit);
  }

  get memoriesAccessed(): number {
    return this.#memories.size;
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
