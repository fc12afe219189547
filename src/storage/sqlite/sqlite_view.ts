/**
 * A database as it is seen from some of its spaces.
 *
 * @module
 */

import type { ModelIdentity } from "../../embedding/embedder.ts";
import { MemoryError } from "../../errors.ts";
import type { Memory, MemoryFilter, MemoryPatch } from "../../memory/memory.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import { TimeSlice } from "../../yielding.ts";
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
import type { SpaceScope } from "../contract/scope.ts";
import type { CandidateQuery, CandidateSet } from "../contract/search.ts";
import type { ContentSizes, CountedField, StorageStats, TagCount, ValueCount } from "../contract/statistics.ts";
import type { MemoryStorage } from "../contract/storage.ts";
import type { TrashedMemory, Trashing, TrashPage } from "../contract/trash.ts";
import type { VectorCoverage, VectorSet } from "../contract/vectors.ts";
import { escapeText } from "../escape.ts";
import { checkedSpace } from "../scopes.ts";
import * as aggregates from "./aggregates.ts";
import { conditionOf } from "./condition.ts";
import { prepareRows, rowsOf } from "./database.ts";
import type { Engine } from "./engine.ts";
import { optimise } from "./maintenance.ts";
import { countConversations, countTags, pageByTime, pageByWords, tagsOf } from "./merging.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { changeNoteWork, readNote } from "./notes.ts";
import { dequantise } from "./quantise.ts";
import { type Reach, reaches, within } from "./reach.ts";
import type { PreparedMemory } from "./records.ts";
import { addRelationsWork, relationsOf, removeRelationsWork } from "./relations.ts";
import { MEMORY_ROW, memoryOf } from "./rows.ts";
import { emptyTrashWork, importTrashedWork } from "./trash.ts";

/** Rows read by one statement: so few that the longest contents take no longer than a slice of time. */
const READ_AT_ONCE = 10;

/** Databases opened by this process. */
let opens = 0;

/** To be called when a database was opened. */
export function countOpening(): void {
  opens++;
}

/** A view of one database. Has no state: it is made for each request. */
export class SqliteView implements MemoryStorage {
  readonly backend = "sqlite";
  readonly scope: SpaceScope;
  readonly #engine: Engine;

  constructor(engine: Engine, scope: SpaceScope) {
    this.#engine = engine;
    this.scope = scope;
  }

  get opens(): number {
    return opens;
  }

  get capabilities(): Capabilities {
    return this.#engine.capabilities;
  }

  store(items: NewMemory[]): Promise<StoreOutcome[]> {
    const { analysis, models, queue, records } = this.#engine;
    return this.#call("store memories", async () => {
      const timeSlice = new TimeSlice(), prepared: PreparedMemory[] = [];
      for (const { memory, vectors } of items) {
        const found = analysis.of("counts", memory.content);
        const terms = found instanceof Promise ? await found : found;
        const space = this.#spaceOf(memory);
        prepared.push({ memory, space, terms, vectors: vectors === null ? null : models.prepare(vectors) });
        if (timeSlice.isDue) await timeSlice.yieldIfDue();
      }
      return await queue.run("store memories", records.store(prepared));
    });
  }

  getByHash(hashes: string[]): Promise<(Memory | null)[]> {
    const { byHash, byHashAnywhere } = this.#engine.statements;
    return this.#call("get memories", async () => {
      const reach = this.#inOrder(), timeSlice = new TimeSlice(), memories: (Memory | null)[] = [];
      for (const hash of hashes.map(escapeText)) {
        let row = reach === null ? rowsOf(byHashAnywhere, hash)[0] : undefined;
        for (let i = 0; row === undefined && i < (reach?.length ?? 0); i++) row = rowsOf(byHash, hash, reach![i]!)[0];
        memories.push(row === undefined ? null : memoryOf(row));
        if (timeSlice.isDue) await timeSlice.yieldIfDue();
      }
      return memories;
    });
  }

  keysFrom(prefix: string, limit: number, place: "memories" | "trash"): Promise<string[]> {
    const { keys, keysAnywhere } = this.#engine.statements;
    const find = () => {
      const end = `${prefix}g`, reach = this.#reach(); // "g" is behind every digit
      const found = reach === null
        ? rowsOf(keysAnywhere[place], prefix, end, limit)
        : reach.flatMap((space) => rowsOf(keys[place], prefix, end, space, limit));
      return [...new Set(found.map(([hash]) => String(hash)))].sort().slice(0, limit);
    };
    return this.#call("find keys", () => Promise.resolve(find()));
  }

  getById(ids: MemoryId[]): Promise<(Memory | null)[]> {
    return this.#call("read memories", () => this.#byId(ids));
  }

  update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null> {
    const { records } = this.#engine;
    return this.#engine.write("update the memory", records.update(hash, this.scope.write, patch, now));
  }

  updateUnchanged(
    before: Memory,
    patch: MemoryPatch,
    now: number,
    { current }: { current?: string } = {},
  ): Promise<Memory | "conflict" | null> {
    const { records } = this.#engine;
    return this.#engine.write(
      "update the memory",
      records.updateUnchanged(before, this.scope.write, patch, now, current ?? null),
    );
  }

  delete(hashes: string[]): Promise<boolean[]> {
    return this.#engine.write("delete memories", this.#engine.records.delete(hashes, this.scope.write));
  }

  trash(hashes: string[], trashing: Trashing): Promise<boolean[]> {
    return this.#engine.write("trash memories", this.#engine.records.delete(hashes, this.scope.write, trashing));
  }

  trashUnchanged(
    before: Memory[],
    trashing: Trashing,
    { successor }: { successor?: string } = {},
  ): Promise<boolean[]> {
    const { records } = this.#engine;
    return this.#engine.write(
      "trash memories",
      records.trashUnchanged(before, this.scope.write, trashing, successor ?? null),
    );
  }

  listTrash({ offset, limit }: { offset: number; limit: number }): Promise<TrashPage> {
    const { trash } = this.#engine;
    return this.#call("list the trash", () => Promise.resolve(trash.page(offset, limit, this.#reach())));
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
    const { analysis, queue, records, sync, trash } = this.#engine, { write } = this.scope;
    const timeSlice = new TimeSlice(), prepared: (PreparedMemory | null)[] = [];
    await sync.current();
    const space = this.#engine.reach([write])![0];
    for (const hash of hashes) {
      const memory = space === undefined ? null : trash.find(hash, space);
      prepared.push(
        memory && {
          memory,
          space: write,
          terms: await analysis.of("counts", memory.content),
          vectors: trash.vectors(hash, space!, sync.servedModel),
        },
      );
      if (timeSlice.isDue) await timeSlice.yieldIfDue();
    }
    return await queue.run("restore memories", records.restore(prepared, write));
  }

  emptyTrash(which: { hashes?: string[]; deleted_before?: number }): Promise<number> {
    const { read, write } = this.scope, { writer } = this.#engine.database;
    const space = read === "all" && which.deleted_before !== undefined ? null : write;
    return this.#call("empty the trash", async () => {
      for (let total = 0;;) {
        const { deleted, more } = await this.#engine.queue.run("empty the trash", emptyTrashWork(writer, space, which));
        total += deleted;
        if (!more) return total;
      }
    });
  }

  list(query: ListQuery): Promise<MemoryPage> {
    return this.#call("list memories", async () => {
      const { ids, total } = pageByTime(await this.#match(query.filter), query);
      return { memories: await this.#present(ids), total };
    });
  }

  neighbours(turns: Turn[], count: number): Promise<TurnsAround[]> {
    const { sync } = this.#engine;
    return this.#call("read turns", async () => {
      await sync.current();
      // One more on each side, for the turn itself may be among those created at its time.
      const around = turns.map(({ conversation_id, created_at, space = DEFAULT_SPACE }) => {
        const [index] = sync.read(this.#oneOf(space));
        const { before, after } = index!.turnsAt(conversation_id, created_at, count + 1);
        return { before: before.map((slot) => index!.ids[slot]!), after: after.map((slot) => index!.ids[slot]!) };
      });
      const ids = [...new Set(around.flatMap(({ before, after }) => [...before, ...after]))];
      const rows = await this.#byId(ids), found = new Map(ids.map((id, i) => [id, rows[i]]));
      return turns.map(({ content_hash }, i) => {
        const others = (near: number[]) =>
          near.flatMap((id) => found.get(id) ?? []).filter((turn) => turn.content_hash !== content_hash)
            .slice(0, count);
        return { before: others(around[i]!.before).reverse(), after: others(around[i]!.after) };
      });
    });
  }

  relate(relations: Relation[]): Promise<RelateOutcome[]> {
    const { writer } = this.#engine.database;
    return this.#engine.write("relate memories", addRelationsWork(writer, relations, this.#spaceOf));
  }

  unrelate(relations: Omit<Relation, "created_at">[]): Promise<boolean[]> {
    const { writer } = this.#engine.database;
    return this.#engine.write("unrelate memories", removeRelationsWork(writer, relations, this.#spaceOf));
  }

  relations(query: RelationQuery): Promise<Relation[]> {
    const { reader } = this.#engine.database;
    return this.#call("read relations", () => Promise.resolve(relationsOf(reader, query, this.#reach())));
  }

  scan(after: string | null, limit: number): Promise<ScanPage> {
    return this.#call("read all memories", async () => {
      if (after !== null && !/^\d{1,15}$/.test(after)) {
        throw new MemoryError("invalid_input", `Cannot go on reading after "${after}": it is no place in this store`, {
          value: after,
        });
      }
      const { sql, parameters } = within("space", this.#reach());
      const statement = prepareRows(
        this.#engine.database.reader,
        `SELECT ${MEMORY_ROW}, id FROM memories WHERE id > ? AND ${sql} ORDER BY id LIMIT ?`,
      );
      const timeSlice = new TimeSlice(), memories: Memory[] = [];
      // Row ids only grow and are never used twice.
      let last = Number(after ?? 0);
      while (memories.length < limit) {
        const wanted = Math.min(READ_AT_ONCE, limit - memories.length);
        const rows = rowsOf(statement, last, ...parameters, wanted);
        memories.push(...rows.map(memoryOf));
        if (rows.length < wanted) return { memories, next: null };
        last = Number(rows.at(-1)!.at(-1));
        if (timeSlice.isDue) await timeSlice.yieldIfDue();
      }
      return { memories, next: String(last) };
    });
  }

  importTrashed(items: TrashedMemory[]): Promise<boolean[]> {
    const { writer } = this.#engine.database;
    const work = () => importTrashedWork(writer, items, this.#spaceOf);
    return this.#call(
      "bring memories into the trash",
      () => this.#engine.queue.run("bring memories into the trash", work()),
    );
  }

  tags(): Promise<TagCount[]> {
    return this.#call("count tags", async () => tagsOf(await this.#indexes()));
  }

  candidates(query: CandidateQuery): Promise<CandidateSet> {
    return this.#call("search memories", () => this.#engine.search.find(query, this.#reach()));
  }

  findText(text: string, query: ListQuery): Promise<MemoryPage> {
    const { sync, scans } = this.#engine;
    return this.#call("search memories", async () => {
      await sync.current(); // which completes what a process of another version has written
      const found = text === "" ? [] : await scans.findText(text, this.#reach(), new TimeSlice());
      const { ids, total } = pageByWords(await this.#match(query.filter), sync.terms, text, found, query);
      return { memories: await this.#present(ids), total };
    });
  }

  histogram(edges: number[], filter: MemoryFilter): Promise<number[]> {
    return this.#call("count memories", async () => aggregates.histogram(await this.#match(filter), edges));
  }

  countByValue(field: CountedField, filter: MemoryFilter): Promise<ValueCount[]> {
    return this.#call("count memories", async () => aggregates.countByValue(await this.#match(filter), field));
  }

  contentSizes(limit: number): Promise<ContentSizes> {
    const { reader } = this.#engine.database;
    return this.#call("measure memories", () => {
      return aggregates.contentSizes(reader, limit, this.#reach(), new TimeSlice());
    });
  }

  vectors(hashes: string[]): Promise<(VectorSet | null)[]> {
    const { sync, models, statements } = this.#engine;
    return this.#call("read vectors", async () => {
      await sync.current();
      const number = sync.servedModel, identity = models.numbered(number)?.identity, reach = this.#inOrder();
      const timeSlice = new TimeSlice(), sets: (VectorSet | null)[] = [];
      for (const hash of hashes) {
        const rows = identity === undefined ? [] : rowsOf(statements.vectors, escapeText(hash), number);
        const [row] = reach === null ? rows : reach.flatMap((space) => rows.filter((row) => row[2] === space));
        const kept = row && { codes: row[0] as Uint8Array, remainders: row[1] as Uint8Array };
        sets.push(kept ? { model: identity!.id, chunks: dequantise(kept, identity!.dimensions) } : null);
        if (timeSlice.isDue) await timeSlice.yieldIfDue(); // a long memory has hundreds of chunks
      }
      return sets;
    });
  }

  activeModel(): Promise<ModelIdentity | null> {
    const { sync } = this.#engine;
    return this.#call("read the active model", async () => {
      await sync.current();
      return this.#served();
    });
  }

  vectorCoverage(): Promise<VectorCoverage> {
    return this.#call("count vectors", async () => {
      const indexes = await this.#indexes();
      return {
        active: this.#served(),
        memories: indexes.reduce((sum, { size }) => sum + size, 0),
        embedded: indexes.reduce((sum, { vectors }) => sum + (vectors?.index.memories ?? 0), 0),
      };
    });
  }

  registerModel(model: ModelIdentity): Promise<ModelIdentity> {
    const { models, sync } = this.#engine;
    return this.#call("register the model", async () => {
      await models.register(model);
      await sync.current();
      return this.#served()!;
    });
  }

  withoutVectors(model: string, limit: number): Promise<{ content_hash: string; content: string }[]> {
    const { models } = this.#engine;
    return this.#call("find memories without vectors", () => {
      return models.missing(model, limit, this.#reach(), new TimeSlice());
    });
  }

  addVectors(items: { content_hash: string; vectors: VectorSet }[]): Promise<void> {
    const { models, queue, records } = this.#engine;
    return this.#call("add vectors", async () => {
      const prepared = items.map(({ content_hash, vectors }) => ({ content_hash, vectors: models.prepare(vectors) }));
      await queue.run("add vectors", records.addVectors(prepared, this.#reach()));
    });
  }

  activateVectors(model: string): Promise<void> {
    const { models, sync } = this.#engine;
    return this.#call("activate the model", async () => {
      await models.activate(model);
      await sync.awaitModelSwitch();
      await models.dropOthers(model);
    });
  }

  stats(): Promise<StorageStats> {
    const { sync, database: { path, reader } } = this.#engine;
    return this.#call("read the store's figures", async () => {
      const indexes = await this.#indexes();
      const sizes = await Promise.all(
        [path, `${path}-wal`].map((file) => Deno.stat(file).then((s) => s.size, () => 0)),
      );
      return {
        total_memories: indexes.reduce((sum, { size }) => sum + size, 0),
        unique_tags: countTags(indexes),
        conversations: countConversations(indexes),
        size_bytes: sizes.reduce((sum, size) => sum + size, 0),
        details: {
          path,
          schema_version: SCHEMA_VERSION,
          sqlite_version: String(rowsOf(prepareRows(reader, "SELECT sqlite_version()"))[0]![0]),
          journal_mode: String(rowsOf(prepareRows(reader, "PRAGMA journal_mode"))[0]![0]),
          index_bytes: sync.bytes,
        },
      };
    });
  }

  maintain(task: MaintenanceTask): Promise<string> {
    const { database, queue, sync } = this.#engine;
    return this.#call("maintain the store", async () => {
      if (task === "optimize") return await optimise(database, queue);
      await sync.reload();
      return `Rebuilt the index of ${sync.size} memories`;
    });
  }

  note(name: string): Promise<string | null> {
    return this.#call("read a note", () => Promise.resolve(readNote(this.#engine.database.reader, name)));
  }

  changeNote(
    name: string,
    before: string | null,
    after: string | null,
    { untilClosed = false }: NoteOptions = {},
  ): Promise<boolean> {
    const { database: { writer }, notes, queue } = this.#engine;
    return this.#call("change a note", async () => {
      const changed = await queue.run("change a note", changeNoteWork(writer, name, before, after));
      if (changed) notes.delete(name);
      if (changed && untilClosed && after !== null) notes.set(name, after);
      return changed;
    });
  }

  ping(): Promise<void> {
    return this.#call("reach the store", () => {
      rowsOf(prepareRows(this.#engine.database.reader, "SELECT value FROM counters LIMIT 1"));
      return Promise.resolve();
    });
  }

  condition(): Promise<StoreCondition> {
    const { database, queue } = this.#engine;
    return this.#call("examine the store", () => conditionOf(database, queue));
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  closeNow(): void {
    this.#engine.closeNow();
  }

  #call<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#engine.call(action, work);
  }

  /** Spaces that reads look into. */
  #reach(): Reach {
    return this.#engine.reach(this.scope.read);
  }

  /** As `#reach`, with the space to write to first. */
  #inOrder(): Reach {
    const { read, write } = this.scope;
    return read === "all" ? null : this.#engine.reach([...new Set([write, ...read])]);
  }

  /** Name of the space that something is stored in: the whole store's view keeps its own. */
  readonly #spaceOf = ({ space = DEFAULT_SPACE }: { space?: string }): string =>
    this.scope.read === "all" ? checkedSpace(space) : this.scope.write;

  /** The space where a turn is: the only one in reach, or the one that it names. */
  #oneOf(space: string): Reach {
    const reach = this.#reach();
    if (reach?.length === 1) return reach;
    return this.#engine.reach([space])!.filter((number) => reaches(reach, number));
  }

  async #indexes() {
    await this.#engine.sync.current();
    return this.#engine.sync.read(this.#reach());
  }

  #match(filter: MemoryFilter) {
    return this.#engine.filtering.match(filter, this.#reach());
  }

  #served(): ModelIdentity | null {
    return this.#engine.models.numbered(this.#engine.sync.servedModel)?.identity ?? null;
  }

  /**
   * Memories by row id, null for those that have gone or are in no space in reach. A page's worth with each statement: a
   * call of SQLite takes longer than what it reads.
   */
  async #byId(ids: readonly MemoryId[]): Promise<(Memory | null)[]> {
    const timeSlice = new TimeSlice(), found = new Map<MemoryId, Memory>(), reach = this.#reach();
    for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
      const wanted = JSON.stringify(ids.slice(start, start + READ_AT_ONCE));
      for (const row of rowsOf(this.#engine.statements.byIds, wanted)) {
        if (reaches(reach, Number(row.at(-2)))) found.set(Number(row.at(-1)), memoryOf(row));
      }
      if (timeSlice.isDue) await timeSlice.yieldIfDue();
    }
    return ids.map((id) => found.get(id) ?? null);
  }

  /** Memories by row id, without those that have gone since. */
  async #present(ids: readonly number[]): Promise<Memory[]> {
    return (await this.#byId(ids)).filter((memory) => memory !== null);
  }
}
