/**
 * Keeps the in-memory indexes, one of each space, in step with the database: reads them once, then follows what this and
 * other processes commit. Every change of a memory gives it a new revision and every deletion leaves a tombstone, so following means
 * reading the rows above the last revision seen.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import { fold } from "../../memory/fold.ts";
import { metadataRole } from "../../memory/role.ts";
import { ANALYSER_VERSION } from "../../memory/text.ts";
import { type Database, prepareRows, rowsOf, type Value } from "./database.ts";
import { unescapeText } from "../escape.ts";
import { MemoryIndex, type MemoryTimes, type ModelVectors } from "./memory_index.ts";
import { TimeSlice } from "../../yielding.ts";
import type { ReanalysedMemory } from "./records.ts";
import { tagsOf, textOf } from "./rows.ts";
import { DEFAULT_NUMBER, type Reach } from "./reach.ts";
import { decodeNumbers, termLookUp, TermNumbers } from "./terms.ts";
import { VectorIndex } from "./vector_index.ts";
import { VectorMemory } from "./vector_memory.ts";

/** Rows read from the database in one go. */
const ROWS_AT_ONCE = 128;
/** Milliseconds of the first reading after which sockets have their turn: until it ends, there is little to answer. */
const READING_SOCKETS_MS = 50;
/** Posting lists are cleaned when so many memories were removed, and when they are so large a share of all. */
const DEAD_AT_LEAST = 1000;
const DEAD_SHARE = 0.2;
/** Memories whose reading leaves enough free memory to give it back, and milliseconds after it that this is done. */
const WORTH_GIVING_BACK = 10_000, GIVE_BACK_AFTER = 1000;

const COLUMNS = "m.id, m.created_at, m.memory_type, m.conversation_id, m.tags, t.analyser, t.terms, " +
  "m.superseded IS NOT NULL, CASE WHEN m.metadata = '{}' THEN NULL ELSE m.metadata ->> '$.role' END, m.space, " +
  "m.writer, CASE WHEN m.superseded IS NOT NULL OR instr(m.metadata, '\"unimem_') > 0 THEN json_array(" +
  "m.superseded ->> '$.at', m.metadata -> '$.unimem_valid_from', m.metadata -> '$.unimem_valid_until', " +
  "m.metadata -> '$.unimem_expires') END";
/** Where the vectors begin behind `COLUMNS`. */
const VECTORS_AT = 12;
const FROM = "FROM memories m LEFT JOIN memory_terms t ON t.memory_id = m.id";

/** Times of a memory, of a row of `COLUMNS`; what is no number is none. */
function timesOf(json: string): MemoryTimes {
  const [replaced_at, valid_from, valid_until, expires] = (JSON.parse(json) as unknown[]).map((value) =>
    typeof value === "number" ? value : undefined
  );
  return { replaced_at, valid_from, valid_until, expires };
}

/** Writes what is derived from memories that an analyser of another version has read. */
export type ReplaceTerms = (items: ReanalysedMemory[]) => Promise<void>;

/** Finds the terms of a text. */
export type Analyse = (content: string) => ReadonlyMap<string, number> | Promise<ReadonlyMap<string, number>>;

/** What the database counts. */
interface Counters {
  /** The last revision that a change got. */
  revision: number;
  /** Revisions up to this one may have lost tombstones. */
  forgotten: number;
  /** Number of the model whose vectors are served; 0 while there is none. */
  active_model: number;
}

/** The vectors of a model, of all spaces. */
interface ServedVectors {
  model: number;
  memory: VectorMemory;
}

/** All that is in memory of a store. A memory never changes its space: one that is moved gets another row. */
class Indexes {
  readonly bySpace = new Map<number, MemoryIndex>();
  /** Vectors that searches use; null while there is no model. */
  vectors: ServedVectors | null = null;
  /** Vectors of the model that is about to take over, while they are being read. */
  nextVectors: ServedVectors | null = null;

  constructor() {
    this.of(DEFAULT_NUMBER);
  }

  /** The index of a space, made where there is none. */
  of(space: number): MemoryIndex {
    let index = this.bySpace.get(space);
    if (index === undefined) {
      this.bySpace.set(space, index = new MemoryIndex());
      index.vectors = emptyOf(this.vectors);
      index.nextVectors = emptyOf(this.nextVectors);
    }
    return index;
  }

  all(): MemoryIndex[] {
    return [...this.bySpace.values()];
  }

  /** Begins to read another model's vectors; ends it with null. */
  prepare(next: ServedVectors | null): void {
    this.nextVectors = next;
    for (const index of this.bySpace.values()) index.nextVectors = emptyOf(next);
  }

  /** Lets searches use the vectors that were read. */
  exchange(): void {
    this.vectors = this.nextVectors;
    for (const index of this.bySpace.values()) index.vectors = index.nextVectors;
  }
}

function emptyOf(served: ServedVectors | null): ModelVectors | null {
  return served && { model: served.model, index: new VectorIndex(served.memory) };
}

/** Follows one database. */
export class IndexSync {
  readonly terms: TermNumbers;
  #indexes = new Indexes();
  /** In place of the index of a space that has none. */
  readonly #nothing = new MemoryIndex();
  /** Spaces whose memories changed since postings were last cleaned. */
  readonly #touched = new Set<number>();
  #replaceTerms: ReplaceTerms;
  readonly #analyse: Analyse;
  readonly #statements;
  /** Last revision that is in the index; −1 before the first reading. */
  #revision = -1;
  /** `data_version` of the reader when the index was last known to be in step. */
  #version = -1;
  #syncing: Promise<void> | undefined;
  /** Memories, about, that this process changed since the last sync began. */
  #behind = 0;
  #switching: Promise<void> | undefined;
  #purging: Promise<void> | undefined;
  #collecting: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(database: Database, replaceTerms: ReplaceTerms, analyse: Analyse) {
    const { reader } = database;
    this.#replaceTerms = replaceTerms;
    this.#analyse = analyse;
    this.terms = new TermNumbers(termLookUp(reader));
    this.#statements = {
      version: prepareRows(reader, "PRAGMA data_version"),
      counters: prepareRows(reader, "SELECT name, value FROM counters"),
      all: prepareRows(reader, `SELECT ${COLUMNS} ${FROM} WHERE m.id > ? ORDER BY m.id LIMIT ${ROWS_AT_ONCE}`),
      // One value for all: making a hundred thousand small ones takes a quarter of the time of reading them.
      codes: prepareRows(
        reader,
        "SELECT json_group_array(memory_id), json_group_array(length(codes)), CAST(group_concat(codes, '') AS BLOB) " +
          "FROM vectors WHERE model = ? AND memory_id > ? AND memory_id <= ?",
      ),
      changed: prepareRows(
        reader,
        `SELECT ${COLUMNS}, v.codes, n.codes, m.revision ${FROM} ` +
          "LEFT JOIN vectors v ON v.memory_id = m.id AND v.model = ?1 " +
          "LEFT JOIN vectors n ON n.memory_id = m.id AND n.model = ?2 " +
          `WHERE (m.revision, m.id) > (?3, ?4) ` +
          `ORDER BY m.revision, m.id LIMIT ${ROWS_AT_ONCE}`,
      ),
      gone: prepareRows(
        reader,
        "SELECT revision, memory_id, space FROM tombstones WHERE (revision, memory_id) > (?, ?) AND revision <= ? " +
          `ORDER BY revision, memory_id LIMIT ${ROWS_AT_ONCE}`,
      ),
      content: prepareRows(reader, "SELECT content FROM memories WHERE id = ?"),
      termsOf: prepareRows(reader, "SELECT terms FROM memory_terms WHERE memory_id = ?"),
      dimensions: prepareRows(reader, "SELECT dimensions FROM models WHERE number = ?"),
      vectors: prepareRows(
        reader,
        "SELECT v.memory_id, v.codes, m.space FROM vectors v JOIN memories m ON m.id = v.memory_id " +
          `WHERE v.model = ? AND v.memory_id > ? ORDER BY v.memory_id LIMIT ${ROWS_AT_ONCE}`,
      ),
    };
  }

  /** The indexes of the spaces in reach as they are, in step or not; at least one. */
  read(reach: Reach): MemoryIndex[] {
    if (reach === null) return this.#indexes.all();
    const { bySpace } = this.#indexes;
    if (reach.length === 1) return [bySpace.get(reach[0]!) ?? this.#nothing];
    const found = reach.flatMap((space) => bySpace.get(space) ?? []);
    return found.length > 0 ? found : [this.#nothing];
  }

  /** Memories in a space. */
  sizeOf(space: number): number {
    return this.#indexes.bySpace.get(space)?.size ?? 0;
  }

  /** Number of the model whose vectors searches use; 0 while there is none. */
  get servedModel(): number {
    return this.#indexes.vectors?.model ?? 0;
  }

  /** Memories of all spaces. */
  get size(): number {
    return this.#indexes.all().reduce((sum, { size }) => sum + size, 0);
  }

  /** Bytes of the typed arrays; names, orders and maps come on top. */
  get bytes(): number {
    const { vectors } = this.#indexes;
    return this.#indexes.all().reduce((sum, { bytes }) => sum + bytes, vectors?.memory.bytes ?? 0);
  }

  /** Forgets a space that was dropped. */
  drop(space: number): void {
    const index = this.#indexes.bySpace.get(space);
    if (index === undefined || index.size > 0) return;
    this.#indexes.bySpace.delete(space);
    for (const vectors of [index.vectors, index.nextVectors]) vectors?.index.release();
  }

  /** Brings the indexes in step with everything that was committed before the call, by whatever process. */
  async current(): Promise<void> {
    // A sync that is running may have begun before the commit in question; the next one hasn't.
    for (let round = 0; round < 2; round++) {
      const version = this.#dataVersion();
      if (this.#revision >= 0 && version === this.#version) break;
      if (this.#syncing === undefined) {
        const counters = this.#counters();
        if (this.#isCurrent(version, counters)) break;
        round = 1;
        this.#syncing = this.#sync(version, counters).finally(() => this.#syncing = undefined);
      }
      await this.#syncing;
    }
  }

  /** Takes over what this process committed, some at a time, so that the next `current` finds little left to read. */
  changed(memories: number): void {
    this.#behind += memories;
    if (this.#behind < ROWS_AT_ONCE || this.#closed || this.#syncing !== undefined || this.#revision < 0) return;
    this.current().catch(() => {}); // the next call tries again and gets the error
  }

  /** Waits until searches use the vectors of the active model. */
  async awaitModelSwitch(): Promise<void> {
    await this.current();
    await this.#switching;
  }

  /** Reads the index from the database again. */
  async reload(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing; // its end would say again up to where the index was read
    this.#outdate();
    await this.current();
  }

  /**
   * Ends long readings at their next step: calls that wait for one are refused, for an index read in part would answer
   * as if the rest didn't exist. Calls over an index that is in step go on.
   */
  stop(): void {
    this.#closed = true;
    clearTimeout(this.#collecting);
  }

  async close(): Promise<void> {
    this.stop();
    await Promise.allSettled([this.#syncing, this.#switching, this.#purging]);
  }

  /** Makes the next `current` read everything. */
  #outdate(): void {
    this.#revision = this.#version = -1;
  }

  /** Between two steps of a reading. */
  #resume(): void {
    if (this.#closed) throw new MemoryError("unavailable", "Cannot read the index: the store is being closed");
  }

  #dataVersion(): number {
    return Number(rowsOf(this.#statements.version)[0]![0]);
  }

  #counters(): Counters {
    const counters = { revision: 0, forgotten: 0, active_model: 0, terms: 0 };
    Object.assign(counters, Object.fromEntries(rowsOf(this.#statements.counters)));
    this.terms.follow(counters.terms);
    return counters;
  }

  /** Whether what changed the database concerns no memory. */
  #isCurrent(version: number, { revision, active_model }: Counters): boolean {
    if (this.#revision !== revision || active_model !== this.#wantedModel()) return false;
    this.#version = version;
    return true;
  }

  #wantedModel(): number {
    return (this.#indexes.nextVectors ?? this.#indexes.vectors)?.model ?? 0;
  }

  /** @param counters As they were read right before, in one go with nothing between. */
  async #sync(version: number, { revision, forgotten, active_model }: Counters): Promise<void> {
    this.#behind = 0;
    if (this.#revision < forgotten || this.#revision < 0) {
      await this.#readAll(active_model, new TimeSlice(this.#revision < 0 ? READING_SOCKETS_MS : undefined));
    } else await this.#readChanges(revision, new TimeSlice());
    this.#revision = revision;
    this.#version = version;
    this.#purgeIfDue();
    if (active_model !== this.#wantedModel()) {
      const switching = this.#switching = this.#switchModel(active_model);
      switching.catch(() => {}); // its callers get the error
      if (this.#indexes.vectors === null) await switching;
    }
  }

  async #readAll(model: number, timeSlice: TimeSlice): Promise<void> {
    const indexes = new Indexes();
    if (model !== 0) {
      indexes.vectors = this.#vectorsOf(model);
      indexes.of(DEFAULT_NUMBER).vectors = emptyOf(indexes.vectors);
    }
    for (let last = 0;;) {
      this.#resume();
      const rows = rowsOf(this.#statements.all, last), before = last;
      if (rows.length === 0) break;
      last = Number(rows.at(-1)![0]);
      const codes = this.#codesOf(model, before, last);
      for (const row of rows) row[VECTORS_AT] = codes.get(Number(row[0])) ?? null;
      await this.#take(indexes, rows, [model], timeSlice, true);
      if (rows.length < ROWS_AT_ONCE) break;
    }
    for (const index of indexes.all()) index.sort();
    this.#indexes = indexes;
    if (this.size >= WORTH_GIVING_BACK) this.#collectGarbageSoon();
  }

  /** A model's codes of the memories whose ids are above one and up to another. */
  #codesOf(model: number, above: number, upTo: number): Map<number, Uint8Array> {
    const found = new Map<number, Uint8Array>();
    if (model === 0) return found;
    const [ids, sizes, codes] = rowsOf(this.#statements.codes, model, above, upTo)[0]!;
    if (!(codes instanceof Uint8Array)) return found;
    const lengths = JSON.parse(String(sizes)) as number[];
    let at = 0;
    (JSON.parse(String(ids)) as number[]).forEach((id, i) => found.set(id, codes.subarray(at, at += lengths[i]!)));
    if (at !== codes.length) throw new Error("A row of the database is malformed");
    return found;
  }

  /** A little later, when V8 has collected what was read. */
  #collectGarbageSoon(): void {
    clearTimeout(this.#collecting);
    if (this.#closed) return;
    this.#collecting = setTimeout(async () => {
      const { trimMalloc } = await import("../../tuning/idle_gc.ts");
      trimMalloc();
    }, GIVE_BACK_AFTER);
    this.#collecting.unref();
  }

  async #readChanges(until: number, timeSlice: TimeSlice): Promise<void> {
    const indexes = this.#indexes;
    // Without an upper bound: a change gives a row another revision, and one stored long before `until` would be missed.
    for (let from: Value[] = [this.#revision, Number.MAX_SAFE_INTEGER];;) {
      const models: [number, number] = [indexes.vectors?.model ?? 0, indexes.nextVectors?.model ?? 0];
      const rows = rowsOf(this.#statements.changed, ...models, ...from);
      await this.#take(indexes, rows, models, timeSlice);
      if (rows.length < ROWS_AT_ONCE) break;
      this.#resume(); // what fits into one step is finished, for the calls in flight
      from = [rows.at(-1)!.at(-1)!, rows.at(-1)![0]!];
    }
    for (let from: Value[] = [this.#revision, Number.MAX_SAFE_INTEGER];;) {
      const rows = rowsOf(this.#statements.gone, ...from, until);
      for (const [, id, space] of rows) {
        indexes.bySpace.get(Number(space))?.remove(Number(id));
        this.#touched.add(Number(space));
      }
      if (rows.length < ROWS_AT_ONCE) break;
      this.#resume();
      from = rows.at(-1)!.slice(0, 2);
      await timeSlice.yieldIfDue();
    }
  }

  /** @param models Numbers of the models whose vectors are in the rows from the column `VECTORS_AT` on. */
  async #take(
    indexes: Indexes,
    rows: Value[][],
    models: number[],
    timeSlice: TimeSlice,
    many = false,
  ): Promise<void> {
    const outdated = rows.filter((row) => row[5] !== ANALYSER_VERSION);
    if (outdated.length > 0) await this.#reanalyse(outdated, timeSlice);
    for (const row of rows) {
      const id = Number(row[0]), index = indexes.of(Number(row[9]));
      const memory = {
        id,
        created_at: Number(row[1]),
        memory_type: textOf(row[2]),
        conversation_id: textOf(row[3]),
        tags: tagsOf(row[4]),
        superseded: row[7] === 1,
        role: metadataRole({ role: row[8] == null ? null : String(row[8]) }),
        writer: row[10] == null ? null : String(row[10]),
        ...row[11] == null ? {} : { times: timesOf(String(row[11])) },
      };
      index.put(memory, row[6] instanceof Uint8Array ? decodeNumbers(row[6]) : [], many);
      models.forEach((model, column) => {
        const codes = row[VECTORS_AT + column];
        if (codes instanceof Uint8Array) index.setVectors(id, model, codes);
      });
      if (timeSlice.isDue) await timeSlice.yieldIfDue();
    }
  }

  /** Gives rows the terms of this version's analyser, in the database and in place. */
  async #reanalyse(rows: Value[][], timeSlice: TimeSlice): Promise<void> {
    const items: ReanalysedMemory[] = [];
    for (const row of rows) {
      this.#resume();
      const content = rowsOf(this.#statements.content, row[0]!)[0]?.[0];
      if (content === undefined) continue; // deleted since
      const kept = String(content), terms = await this.#analyse(unescapeText(kept));
      items.push({ id: Number(row[0]), terms, folded: fold(kept) });
      await timeSlice.yieldIfDue();
    }
    await this.#replaceTerms(items);
    for (const row of rows) row[6] = rowsOf(this.#statements.termsOf, row[0]!)[0]?.[0] ?? null;
  }

  #vectorsOf(model: number): ServedVectors {
    return { model, memory: new VectorMemory(Number(rowsOf(this.#statements.dimensions, model)[0]![0])) };
  }

  /** Reads the vectors of another model beside those in use, and exchanges them at the end. */
  async #switchModel(model: number): Promise<void> {
    const indexes = this.#indexes, timeSlice = new TimeSlice();
    if (model === 0) return;
    const next = this.#vectorsOf(model);
    indexes.prepare(next);
    try {
      for (let last = 0; indexes.nextVectors === next;) {
        this.#resume();
        const rows = rowsOf(this.#statements.vectors, model, last);
        for (const [id, codes, space] of rows) {
          if (indexes.nextVectors !== next) return;
          const index = indexes.bySpace.get(Number(space)), slot = index?.slotOf(Number(id));
          const vectors = index?.nextVectors?.index;
          if (slot !== undefined && !vectors!.has(slot)) vectors!.set(slot, codes as Uint8Array);
          if (timeSlice.isDue) await timeSlice.yieldIfDue();
        }
        if (rows.length < ROWS_AT_ONCE) break;
        last = Number(rows.at(-1)![0]);
      }
      if (indexes.nextVectors === next) indexes.exchange();
    } finally {
      if (indexes.nextVectors === next) indexes.prepare(null);
    }
  }

  #purgeIfDue(): void {
    if (this.#purging !== undefined) return;
    let due: MemoryIndex | undefined;
    for (const space of this.#touched) {
      const index = this.#indexes.bySpace.get(space);
      if (index !== undefined && index.words.dead >= Math.max(DEAD_AT_LEAST, index.size * DEAD_SHARE)) due = index;
      else this.#touched.delete(space);
    }
    if (due === undefined) return;
    const timeSlice = new TimeSlice();
    this.#purging = due.purge(() => this.#closed ? Promise.resolve() : timeSlice.yieldIfDue())
      .catch(() => this.#outdate())
      .finally(() => this.#purging = undefined);
  }
}
