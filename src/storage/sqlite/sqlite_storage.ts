/**
 * The embedded store: one SQLite file for the truth, and an index in memory for what every search looks at.
 *
 * @module
 */

import type { ModelIdentity } from "../../embedding/embedder.ts";
import { errorText, MemoryError } from "../../errors.ts";
import type { Memory, MemoryFilter, MemoryPatch } from "../../memory/memory.ts";
import type { Capabilities } from "../contract/capabilities.ts";
import type { MaintenanceTask, StoreCondition } from "../contract/maintenance.ts";
import type {
  ListQuery,
  MemoryId,
  MemoryPage,
  NewMemory,
  ScanPage,
  StoreOutcome,
  Turn,
  TurnsAround,
} from "../contract/memories.ts";
import type { NoteOptions } from "../contract/notes.ts";
import type { RelateOutcome, Relation, RelationQuery } from "../contract/relations.ts";
import type { CandidateQuery, CandidateSet } from "../contract/search.ts";
import type { ContentSizes, StorageStats, TagCount, ValueCount } from "../contract/statistics.ts";
import { WHOLE_STORE } from "../contract/scope.ts";
import type { MemoryStore } from "../contract/spaces.ts";
import type { TrashedMemory, Trashing, TrashPage } from "../contract/trash.ts";
import type { VectorCoverage, VectorSet } from "../contract/vectors.ts";
import type { Salvage } from "../files.ts";
import { Analysis } from "./analysis.ts";
import { Calls } from "../calls.ts";
import * as aggregates from "./aggregates.ts";
import { CandidateSearch } from "./candidate_search.ts";
import { scoreWords, weighWords } from "./candidates.ts";
import {
  closeDatabase,
  type Database,
  openDatabase,
  openingError,
  prepareRows,
  rowsOf,
  sqliteFailure,
  storageError,
} from "./database.ts";
import { conditionOf } from "./condition.ts";
import { defaultSpaceOnly } from "../default_space.ts";
import { escapeText } from "../escape.ts";
import { Filtering } from "./filtering.ts";
import { IndexSync } from "./index_sync.ts";
import { optimise } from "./maintenance.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { Models } from "./models.ts";
import { changeNoteWork, readNote, removeNotes } from "./notes.ts";
import { TimeSlice } from "../../yielding.ts";
import { pragmasOf } from "./pragmas.ts";
import { dequantise } from "./quantise.ts";
import { type PreparedMemory, Records } from "./records.ts";
import { addRelationsWork, relationsOf, removeRelationsWork } from "./relations.ts";
import { MEMORY_COLUMNS, memoryOf } from "./rows.ts";
import { TextScans } from "./text_scans.ts";
import { copyDatabase } from "./snapshot.ts";
import { emptyTrashWork, importTrashedWork, TrashReader } from "./trash.ts";
import { WriteQueue } from "./write_queue.ts";

/** Where and how to open the store. */
export interface SqliteOptions {
  /** Path of the database file; it and its folder are created when missing. */
  path: string;
  /** Pragmas that replace the defaults, by name. */
  pragmas?: Readonly<Record<string, string>>;
  /** Refuses a file that is missing. */
  mustExist?: boolean;
}

/** Reads a range of a table's index on content_hash. */
const keysOf = (table: "memories" | "trash") =>
  `SELECT content_hash FROM ${table} WHERE content_hash >= ? AND content_hash < ? ORDER BY content_hash LIMIT ?`;

/** Rows read by one statement: so few that the longest contents take no longer than a slice of time. */
const READ_AT_ONCE = 10;

/** Databases opened by this process. */
let opens = 0;

/**
 * Opens the store. The index is read in the background; the first call that needs it waits for it.
 *
 * @throws {MemoryError} `configuration` when the file can't be used, `unavailable` when another process locks it.
 */
export async function openSqliteStorage(options: SqliteOptions): Promise<MemoryStore> {
  const { path, mustExist = false } = options;
  if (mustExist && !await Deno.stat(path).then(({ isFile }) => isFile, () => false)) {
    throw new MemoryError("configuration", `Cannot open database "${path}": there is no such file`, { value: path });
  }
  const database = await openDatabase(path, pragmasOf(options.pragmas));
  opens++;
  try {
    return new SqliteStorage(database);
  } catch (error) {
    closeDatabase(database);
    throw openingError(error, path); // a damaged table of the full-text index shows in its first statement
  }
}

class SqliteStorage implements MemoryStore {
  readonly backend = "sqlite";
  readonly scope = WHOLE_STORE;
  readonly spaces = defaultSpaceOnly(this);
  readonly capabilities: Capabilities = {
    snapshots: {
      snapshot: (path, signal) => this.#call("copy the store", () => copyDatabase(this.#database.path, path, signal)),
      salvage: () => this.#call("read what is left of the store", () => this.#salvage()),
    },
  };
  readonly #database: Database;
  readonly #queue: WriteQueue;
  readonly #sync: IndexSync;
  readonly #records: Records;
  readonly #models: Models;
  readonly #scans: TextScans;
  readonly #trash: TrashReader;
  readonly #analysis = new Analysis();
  readonly #byHash;
  readonly #byIds;
  readonly #after;
  readonly #keys;
  readonly #filtering: Filtering;
  readonly #search: CandidateSearch;
  readonly #calls = new Calls((action, work) => this.#attempt(action, work));
  #closing: Promise<void> | undefined;
  #released = false;
  /** Notes of this process alone, by name. */
  readonly #notes = new Map<string, string>();

  constructor(database: Database) {
    this.#database = database;
    const sync = this.#sync = new IndexSync(
      database,
      (items) => this.#queue.run("analyse memories", this.#records.replaceTerms(items)),
      (content) => this.#analysis.of("counts", content),
    );
    this.#queue = new WriteQueue(database, (memories) => sync.changed(memories));
    this.#records = new Records(database, sync.terms);
    this.#models = new Models(database, this.#queue);
    this.#scans = new TextScans(database.reader);
    this.#trash = new TrashReader(database.reader);
    this.#byHash = prepareRows(database.reader, `SELECT ${MEMORY_COLUMNS} FROM memories WHERE content_hash = ?`);
    this.#byIds = prepareRows(
      database.reader,
      `SELECT ${MEMORY_COLUMNS}, id FROM memories WHERE id IN (SELECT value FROM json_each(?))`,
    );
    this.#after = prepareRows(
      database.reader,
      `SELECT ${MEMORY_COLUMNS}, id FROM memories WHERE id > ? ORDER BY id LIMIT ?`,
    );
    this.#keys = {
      memories: prepareRows(database.reader, keysOf("memories")),
      trash: prepareRows(database.reader, keysOf("trash")),
    };
    this.#filtering = new Filtering(sync, this.#scans);
    this.#search = new CandidateSearch(database, sync, this.#models, this.#filtering);
    this.#call("read the index", () => sync.current()).catch(() => {}); // the next call tries again and tells
  }

  get opens(): number {
    return opens;
  }

  store(items: NewMemory[]): Promise<StoreOutcome[]> {
    return this.#call("store memories", async () => {
      const timeSlice = new TimeSlice(), prepared: PreparedMemory[] = [];
      for (const { memory, vectors } of items) {
        const found = this.#analysis.of("counts", memory.content);
        const terms = found instanceof Promise ? await found : found;
        prepared.push({ memory, terms, vectors: vectors === null ? null : this.#models.prepare(vectors) });
        if (timeSlice.isDue) await timeSlice.yieldIfDue();
      }
      return await this.#queue.run("store memories", this.#records.store(prepared));
    });
  }

  getByHash(hashes: string[]): Promise<(Memory | null)[]> {
    return this.#call("get memories", () => this.#withHashes(hashes));
  }

  keysFrom(prefix: string, limit: number, place: "memories" | "trash"): Promise<string[]> {
    // "g" is behind every digit.
    const find = () => rowsOf(this.#keys[place], prefix, `${prefix}g`, limit).map(([hash]) => String(hash));
    return this.#call("find keys", () => Promise.resolve(find()));
  }

  getById(ids: MemoryId[]): Promise<(Memory | null)[]> {
    return this.#call("read memories", () => this.#withIds(ids));
  }

  update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null> {
    return this.#call("update the memory", () => {
      return this.#queue.run("update the memory", this.#records.update(hash, patch, now));
    });
  }

  updateUnchanged(
    before: Memory,
    patch: MemoryPatch,
    now: number,
    { current }: { current?: string } = {},
  ): Promise<Memory | "conflict" | null> {
    return this.#call(
      "update the memory",
      () => this.#queue.run("update the memory", this.#records.updateUnchanged(before, patch, now, current ?? null)),
    );
  }

  delete(hashes: string[]): Promise<boolean[]> {
    return this.#call("delete memories", () => this.#queue.run("delete memories", this.#records.delete(hashes)));
  }

  trash(hashes: string[], trashing: Trashing): Promise<boolean[]> {
    return this.#call(
      "trash memories",
      () => this.#queue.run("trash memories", this.#records.delete(hashes, trashing)),
    );
  }

  trashUnchanged(
    before: Memory[],
    trashing: Trashing,
    { successor }: { successor?: string } = {},
  ): Promise<boolean[]> {
    return this.#call(
      "trash memories",
      () => this.#queue.run("trash memories", this.#records.trashUnchanged(before, trashing, successor ?? null)),
    );
  }

  listTrash({ offset, limit }: { offset: number; limit: number }): Promise<TrashPage> {
    return this.#call("list the trash", () => Promise.resolve(this.#trash.page(offset, limit)));
  }

  restore(hashes: string[]): Promise<boolean[]> {
    return this.#call("restore memories", async () => {
      const restored = new Set<string>();
      for (let left = [...new Set(hashes)]; left.length > 0;) {
        const outcomes = await this.#restore(left);
        left.forEach((hash, i) => outcomes[i] === true && restored.add(hash));
        left = left.filter((_, i) => outcomes[i] === "conflict");
      }
      return hashes.map((hash) => restored.delete(hash));
    });
  }

  async #restore(hashes: readonly string[]): Promise<(boolean | "conflict")[]> {
    const timeSlice = new TimeSlice(), prepared: (PreparedMemory | null)[] = [];
    const active = (await this.#sync.current()).vectors?.model ?? 0;
    for (const hash of hashes) {
      const memory = this.#trash.find(hash);
      prepared.push(
        memory && {
          memory,
          terms: await this.#analysis.of("counts", memory.content),
          vectors: this.#trash.vectors(hash, active),
        },
      );
      if (timeSlice.isDue) await timeSlice.yieldIfDue();
    }
    return await this.#queue.run("restore memories", this.#records.restore(prepared));
  }

  emptyTrash(which: { hashes?: string[]; deleted_before?: number }): Promise<number> {
    return this.#call("empty the trash", async () => {
      for (let total = 0;;) {
        const { deleted, more } = await this.#queue.run(
          "empty the trash",
          emptyTrashWork(this.#database.writer, which),
        );
        total += deleted;
        if (!more) return total;
      }
    });
  }

  list({ filter, offset, limit, order = "newest" }: ListQuery): Promise<MemoryPage> {
    return this.#call("list memories", async () => {
      const { index, marks } = await this.#filtering.match(filter), { length } = index.order;
      const slotAt = (place: number) => index.order.at(order === "oldest" ? place : length - 1 - place);
      const page: number[] = [];
      let total = 0;
      if (marks === null) {
        total = length;
        for (let i = offset; i < Math.min(offset + limit, length); i++) page.push(index.ids[slotAt(i)]!);
      } else {
        for (let i = 0; i < length; i++) {
          const slot = slotAt(i);
          if (marks[slot] !== 1) continue;
          if (total >= offset && page.length < limit) page.push(index.ids[slot]!);
          total++;
        }
      }
      return { memories: await this.#present(page), total };
    });
  }

  neighbours(turns: Turn[], count: number): Promise<TurnsAround[]> {
    return this.#call("read turns", async () => {
      const index = await this.#sync.current();
      // One more on each side, for the turn itself may be among those created at its time.
      const around = turns.map(({ conversation_id, created_at }) => {
        const { before, after } = index.turnsAt(conversation_id, created_at, count + 1);
        return { before: before.map((slot) => index.ids[slot]!), after: after.map((slot) => index.ids[slot]!) };
      });
      const ids = [...new Set(around.flatMap(({ before, after }) => [...before, ...after]))];
      const rows = await this.#withIds(ids), found = new Map(ids.map((id, i) => [id, rows[i]]));
      return turns.map(({ content_hash }, i) => {
        const others = (near: number[]) =>
          near.flatMap((id) => found.get(id) ?? []).filter((turn) => turn.content_hash !== content_hash).slice(
            0,
            count,
          );
        return { before: others(around[i]!.before).reverse(), after: others(around[i]!.after) };
      });
    });
  }

  relate(relations: Relation[]): Promise<RelateOutcome[]> {
    return this.#call(
      "relate memories",
      () => this.#queue.run("relate memories", addRelationsWork(this.#database.writer, relations)),
    );
  }

  unrelate(relations: Omit<Relation, "created_at">[]): Promise<boolean[]> {
    return this.#call(
      "unrelate memories",
      () => this.#queue.run("unrelate memories", removeRelationsWork(this.#database.writer, relations)),
    );
  }

  relations(query: RelationQuery): Promise<Relation[]> {
    return this.#call("read relations", () => Promise.resolve(relationsOf(this.#database.reader, query)));
  }

  scan(after: string | null, limit: number): Promise<ScanPage> {
    return this.#call("read all memories", async () => {
      if (after !== null && !/^\d{1,15}$/.test(after)) {
        throw new MemoryError("invalid_input", `Cannot go on reading after "${after}": it is no place in this store`, {
          value: after,
        });
      }
      const timeSlice = new TimeSlice(), memories: Memory[] = [];
      // Row ids only grow and are never used twice.
      let last = Number(after ?? 0);
      while (memories.length < limit) {
        const wanted = Math.min(READ_AT_ONCE, limit - memories.length), rows = rowsOf(this.#after, last, wanted);
        memories.push(...rows.map(memoryOf));
        if (rows.length < wanted) return { memories, next: null };
        last = Number(rows.at(-1)!.at(-1));
        if (timeSlice.isDue) await timeSlice.yieldIfDue();
      }
      return { memories, next: String(last) };
    });
  }

  importTrashed(items: TrashedMemory[]): Promise<boolean[]> {
    return this.#call(
      "bring memories into the trash",
      () => this.#queue.run("bring memories into the trash", importTrashedWork(this.#database.writer, items)),
    );
  }

  tags(): Promise<TagCount[]> {
    return this.#call("count tags", async () => {
      const index = await this.#sync.current();
      return Array.from(index.tagCounts(), ([tag, count]) => ({ tag, count }))
        .sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
    });
  }

  candidates(query: CandidateQuery): Promise<CandidateSet> {
    return this.#call("search memories", () => this.#search.find(query));
  }

  findText(text: string, { filter, offset, limit }: ListQuery): Promise<MemoryPage> {
    return this.#call("search memories", async () => {
      await this.#sync.current(); // which completes what a process of another version has written
      const found = text === "" ? [] : await this.#scans.findText(text, new TimeSlice());
      const { index, marks } = await this.#filtering.match(filter);
      const scores = scoreWords(index, weighWords(index, this.#sync.terms, text));
      const slots = found.flatMap((id) => {
        const slot = index.slotOf(id);
        return slot === undefined || (marks !== null && marks[slot] !== 1) ? [] : [slot];
      });
      slots.sort((a, b) => scores[b]! - scores[a]! || index.created[b]! - index.created[a]! || b - a);
      const page = slots.slice(offset, offset + limit).map((slot) => index.ids[slot]!);
      return { memories: await this.#present(page), total: slots.length };
    });
  }

  histogram(edges: number[], filter: MemoryFilter): Promise<number[]> {
    return this.#call("count memories", async () => {
      const { index, marks } = await this.#filtering.match(filter);
      return aggregates.histogram(index, marks, edges);
    });
  }

  countByValue(field: "tags" | "memory_type", filter: MemoryFilter): Promise<ValueCount[]> {
    return this.#call("count memories", async () => {
      const { index, marks } = await this.#filtering.match(filter);
      return aggregates.countByValue(index, marks, field);
    });
  }

  contentSizes(limit: number): Promise<ContentSizes> {
    return this.#call("measure memories", () => aggregates.contentSizes(this.#database.reader, limit, new TimeSlice()));
  }

  vectors(hashes: string[]): Promise<(VectorSet | null)[]> {
    return this.#call("read vectors", async () => {
      const number = (await this.#sync.current()).vectors?.model ?? 0;
      const identity = this.#models.numbered(number)?.identity;
      const find = prepareRows(
        this.#database.reader,
        "SELECT v.codes, v.remainders FROM memories m JOIN vectors v ON v.memory_id = m.id " +
          "WHERE m.content_hash = ? AND v.model = ?",
      );
      const timeSlice = new TimeSlice(), sets: (VectorSet | null)[] = [];
      for (const hash of hashes) {
        const row = identity && rowsOf(find, escapeText(hash), number)[0];
        const kept = row && { codes: row[0] as Uint8Array, remainders: row[1] as Uint8Array };
        sets.push(kept ? { model: identity!.id, chunks: dequantise(kept, identity!.dimensions) } : null);
        if (timeSlice.isDue) await timeSlice.yieldIfDue(); // a long memory has hundreds of chunks
      }
      return sets;
    });
  }

  activeModel(): Promise<ModelIdentity | null> {
    return this.#call("read the active model", async () => {
      const { vectors } = await this.#sync.current();
      return vectors === null ? null : this.#models.numbered(vectors.model)?.identity ?? null;
    });
  }

  vectorCoverage(): Promise<VectorCoverage> {
    return this.#call("count vectors", async () => {
      const index = await this.#sync.current(), { vectors } = index;
      return {
        active: vectors === null ? null : this.#models.numbered(vectors.model)?.identity ?? null,
        memories: index.size,
        embedded: vectors?.index.memories ?? 0,
      };
    });
  }

  registerModel(model: ModelIdentity): Promise<ModelIdentity> {
    return this.#call("register the model", async () => {
      await this.#models.register(model);
      const { vectors } = await this.#sync.current();
      return this.#models.numbered(vectors!.model)!.identity;
    });
  }

  withoutVectors(model: string, limit: number): Promise<{ content_hash: string; content: string }[]> {
    return this.#call("find memories without vectors", () => this.#models.missing(model, limit, new TimeSlice()));
  }

  addVectors(items: { content_hash: string; vectors: VectorSet }[]): Promise<void> {
    return this.#call("add vectors", async () => {
      const prepared = items.map(({ content_hash, vectors }) => {
        return { content_hash, vectors: this.#models.prepare(vectors) };
      });
      await this.#queue.run("add vectors", this.#records.addVectors(prepared));
    });
  }

  activateVectors(model: string): Promise<void> {
    return this.#call("activate the model", async () => {
      await this.#models.activate(model);
      await this.#sync.awaitModelSwitch();
      await this.#models.dropOthers(model);
    });
  }

  stats(): Promise<StorageStats> {
    return this.#call("read the store's figures", async () => {
      const index = await this.#sync.current(), { path, reader } = this.#database;
      const sizes = await Promise.all(
        [path, `${path}-wal`].map((file) => Deno.stat(file).then((s) => s.size, () => 0)),
      );
      return {
        total_memories: index.size,
        unique_tags: index.uniqueTags,
        size_bytes: sizes.reduce((sum, size) => sum + size, 0),
        details: {
          path,
          schema_version: SCHEMA_VERSION,
          sqlite_version: String(rowsOf(prepareRows(reader, "SELECT sqlite_version()"))[0]![0]),
          journal_mode: String(rowsOf(prepareRows(reader, "PRAGMA journal_mode"))[0]![0]),
          index_bytes: index.bytes,
        },
      };
    });
  }

  maintain(task: MaintenanceTask): Promise<string> {
    return this.#call("maintain the store", async () => {
      if (task === "optimize") return await optimise(this.#database, this.#queue);
      await this.#sync.reload();
      return `Rebuilt the index of ${this.#sync.index.size} memories`;
    });
  }

  note(name: string): Promise<string | null> {
    return this.#call("read a note", () => Promise.resolve(readNote(this.#database.reader, name)));
  }

  changeNote(
    name: string,
    before: string | null,
    after: string | null,
    { untilClosed = false }: NoteOptions = {},
  ): Promise<boolean> {
    return this.#call("change a note", async () => {
      const changed = await this.#queue.run(
        "change a note",
        changeNoteWork(this.#database.writer, name, before, after),
      );
      if (changed) this.#notes.delete(name);
      if (changed && untilClosed && after !== null) this.#notes.set(name, after);
      return changed;
    });
  }

  ping(): Promise<void> {
    return this.#call("reach the store", () => {
      rowsOf(prepareRows(this.#database.reader, "SELECT value FROM counters LIMIT 1"));
      return Promise.resolve();
    });
  }

  condition(): Promise<StoreCondition> {
    return this.#call("examine the store", () => conditionOf(this.#database, this.#queue));
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#calls.close();
    this.#sync.stop();
    await this.#calls.settled();
    await this.#queue.close();
    await this.#sync.close();
    this.#release();
  }

  closeNow(): void {
    this.#closing ??= Promise.resolve();
    this.#calls.close();
    this.#sync.stop();
    this.#queue.closeNow();
    this.#release();
  }

  /** Closes the connections, whatever state they are in, and lets others have the file. */
  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#analysis.close();
    const { writer } = this.#database;
    for (
      const step of [
        () => writer.isTransaction && writer.exec("ROLLBACK"),
        () => this.#notes.size > 0 && removeNotes(writer, this.#notes),
        () => closeDatabase(this.#database),
      ]
    ) {
      try {
        step();
      } catch {
        // The next step counts more than what this one missed.
      }
    }
  }

  async #salvage(): Promise<Salvage | null> {
    if (this.#queue.faults.damagedAt === null) return null;
    // Loaded here, so that a sound store doesn't pay for it.
    return await (await import("./salvage/salvage.ts")).openSalvage(this.#database.path);
  }

  #call<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#calls.run(action, work);
  }

  /** Runs a call and tells its failures in the contract's words. */
  async #attempt<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MemoryError) && sqliteFailure(errorText(error)) === "damaged") {
        this.#queue.faults.failed(error);
      }
      throw storageError(error, action);
    }
  }

  async #withHashes(hashes: readonly string[]): Promise<(Memory | null)[]> {
    const timeSlice = new TimeSlice(), memories: (Memory | null)[] = [];
    for (const hash of hashes) {
      const row = rowsOf(this.#byHash, escapeText(hash))[0];
      memories.push(row === undefined ? null : memoryOf(row));
      if (timeSlice.isDue) await timeSlice.yieldIfDue();
    }
    return memories;
  }

  /** Memories by row id, a page's worth with each statement: a call of SQLite takes longer than what it reads. */
  async #withIds(ids: readonly MemoryId[]): Promise<(Memory | null)[]> {
    const timeSlice = new TimeSlice(), found = new Map<MemoryId, Memory>();
    for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
      const wanted = JSON.stringify(ids.slice(start, start + READ_AT_ONCE));
      for (const row of rowsOf(this.#byIds, wanted)) found.set(Number(row.at(-1)), memoryOf(row));
      if (timeSlice.isDue) await timeSlice.yieldIfDue();
    }
    return ids.map((id) => found.get(id) ?? null);
  }

  /** Memories by row id, without those that have gone since. */
  async #present(ids: readonly number[]): Promise<Memory[]> {
    return (await this.#withIds(ids)).filter((memory) => memory !== null);
  }
}
