/**
 * What happens to rows when memories are stored, changed and deleted. Everything here runs inside a transaction of the
 * write queue.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { MemoryError } from "../../errors.ts";
import { fold } from "../../memory/fold.ts";
import type { Memory, MemoryPatch } from "../../memory/memory.ts";
import { patched, patchedAnyway } from "../../memory/patch.ts";
import { ANALYSER_VERSION } from "../../memory/text.ts";
import { isUnchanged } from "../../memory/unchanged.ts";
import type { StoreOutcome } from "../contract/memories.ts";
import type { Replaced, Trashing } from "../contract/trash.ts";
import { released, replacedAgain, replacedBy, successorOf } from "../succession.ts";
import { escapeText } from "../escape.ts";
import { type Database, prepareRows, rowsOf, type Value } from "./database.ts";
import type { PreparedVectors } from "./quantise.ts";
import { type Reach, reaches } from "./reach.ts";
import { MEMORY_COLUMNS, MEMORY_ROW, memoryOf, valuesOf } from "./rows.ts";
import { SpaceNumbers } from "./space_numbers.ts";
import { encodeNumbers, type TermNumbers, TermWriter } from "./terms.ts";
import { Trash } from "./trash.ts";
import type { Work, Written } from "./write_queue.ts";

/** Other processes that lag behind by more changes than this read the whole store again. */
const TOMBSTONES_KEPT = 100_000;

/** A memory with all that is derived from its content, made before the transaction begins. */
export interface PreparedMemory {
  memory: Memory;
  /** Name of the space it goes to. */
  space: string;
  terms: ReadonlyMap<string, number>;
  /** Null without vectors. */
  vectors: PreparedVectors | null;
}

/** What an analyser makes of a memory that is stored already. */
export interface ReanalysedMemory {
  /** Row id. */
  id: number;
  terms: ReadonlyMap<string, number>;
  /** The content as it is kept, folded. */
  folded: string;
}

/** Writes to the tables of one database. */
export class Records {
  readonly #writer: DatabaseSync;
  readonly #numbers: TermNumbers;
  readonly #terms: TermWriter;
  readonly #trash: Trash;
  readonly #spaces: SpaceNumbers;
  readonly #statements;

  constructor(database: Database, numbers: TermNumbers) {
    const writer = this.#writer = database.writer;
    this.#numbers = numbers;
    this.#terms = new TermWriter(numbers, writer);
    this.#trash = new Trash(writer);
    this.#spaces = new SpaceNumbers(writer);
    this.#statements = {
      insert: writer.prepare(
        `INSERT INTO memories (${MEMORY_COLUMNS}, revision, space) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ` +
          "ON CONFLICT (content_hash, space) DO NOTHING",
      ),
      insertTerms: writer.prepare("INSERT OR REPLACE INTO memory_terms (memory_id, analyser, terms) VALUES (?, ?, ?)"),
      insertVectors: writer.prepare(
        "INSERT OR REPLACE INTO vectors (memory_id, model, codes, remainders) VALUES (?, ?, ?, ?)",
      ),
      insertWords: writer.prepare("INSERT INTO content_words (rowid, content) VALUES (?, ?)"),
      find: prepareRows(writer, "SELECT id FROM memories WHERE content_hash = ? AND space = ?"),
      select: prepareRows(writer, `SELECT ${MEMORY_ROW}, id FROM memories WHERE content_hash = ? AND space = ?`),
      everywhere: prepareRows(writer, "SELECT id, space FROM memories WHERE content_hash = ?"),
      update: writer.prepare(
        "UPDATE memories SET tags = ?, memory_type = ?, metadata = ?, created_at = ?, updated_at = ?, superseded = ?, " +
          "revision = ? WHERE id = ?",
      ),
      replaced: prepareRows(
        writer,
        `SELECT ${MEMORY_ROW}, id FROM memories ` +
          "WHERE superseded IS NOT NULL AND superseded ->> '$.by' = ? AND space = ?",
      ),
      touch: writer.prepare("UPDATE memories SET revision = ? WHERE id = ?"),
      delete: writer.prepare("DELETE FROM memories WHERE id = ?"),
      deleteWords: writer.prepare("DELETE FROM content_words WHERE rowid = ?"),
      bury: writer.prepare("INSERT INTO tombstones (revision, memory_id, space) VALUES (?, ?, ?)"),
      forgotten: writer.prepare(
        "UPDATE counters SET value = max(value, (SELECT ifnull(max(revision), 0) FROM tombstones WHERE revision < ?)) " +
          "WHERE name = 'forgotten'",
      ),
      forget: writer.prepare("DELETE FROM tombstones WHERE revision < ?"),
    };
  }

  /** Stores memories; those whose content_hash is there already stay as they were. */
  store(items: readonly PreparedMemory[]): Work<StoreOutcome[]> {
    return function* (this: Records, revision: number) {
      const result: StoreOutcome[] = [], added = new Map<string, number>();
      this.#terms.begin();
      for (const item of items) {
        const space = this.#spaces.make(item.space, null);
        const isNew = yield* this.#insert(item, space, revision, added);
        result.push(isNew ? "stored" : "duplicate");
        if (!isNew) continue;
        this.#trash.drop(item.memory.content_hash, space);
        yield;
      }
      return { result, changed: countOf(result, "stored"), committed: () => this.#numbers.adopt(added) };
    }.bind(this);
  }

  /**
   * Stores what is in the trash of a space as it was read there and takes it out; for each, whether it was in the trash,
   * and `conflict`, with nothing changed, for what another process took out and put in again since.
   */
  restore(items: readonly (PreparedMemory | null)[], name: string): Work<(boolean | "conflict")[]> {
    return function* (this: Records, revision: number) {
      const result: (boolean | "conflict")[] = [], added = new Map<string, number>(), space = this.#spaces.find(name);
      const replaced: [by: string, Replaced][] = [], restored: string[] = [];
      this.#terms.begin();
      for (const item of items) {
        const kept = item === null ? null : this.#trash.find(item.memory.content_hash, space);
        if (item === null || kept === null) result.push(false);
        else if (!isUnchanged(item.memory, kept)) result.push("conflict");
        else {
          const { content_hash } = item.memory, had = this.#trash.replaced(content_hash, space);
          if (had !== null) replaced.push([content_hash, had]);
          restored.push(content_hash);
          result.push(true);
          // Stored before it leaves the trash: its relations go when it is in neither.
          yield* this.#insert(item, space, revision, added);
          this.#trash.drop(content_hash, space);
        }
        yield;
      }
      // Once all of them are there, for one may have replaced another.
      for (const hash of restored) yield* this.#bringUpToDate(hash, space, revision);
      for (const [by, had] of replaced) yield* this.#replaceAgain(by, had, space, revision);
      return { result, changed: countOf(result, true), committed: () => this.#numbers.adopt(added) };
    }.bind(this);
  }

  /** Makes a memory current that was replaced by one that has gone since. */
  *#bringUpToDate(hash: string, space: number, revision: number): Generator<void, void> {
    const row = this.#one(this.#statements.select, hash, space)!, { superseded, ...memory } = memoryOf(row);
    if (superseded === undefined || this.#isStored(superseded.by, space)) return;
    this.#change(row, memory, revision);
    yield;
  }

  /** Lets a memory that is back replace again what it had replaced, unless that was changed meanwhile. */
  *#replaceAgain(by: string, had: Replaced, space: number, revision: number): Generator<void, void> {
    for (const { hash } of had.memories) {
      const row = this.#one(this.#statements.select, hash, space);
      if (row === undefined) continue;
      const memory = memoryOf(row), superseded = replacedAgain(memory, by, had);
      if (superseded !== undefined && !this.#isReplacedBy(by, hash, space)) {
        this.#change(row, { ...memory, superseded }, revision);
      }
      yield;
    }
  }

  /**
   * Lets go of what a memory had replaced that is about to be deleted.
   *
   * @param going All that are about to be deleted.
   * @param given What takes its place; null for what had replaced it.
   * @param spared content_hash of memories that stay as they are.
   */
  *#release(
    hash: string,
    space: number,
    going: ReadonlySet<string>,
    given: string | null,
    revision: number,
    spared: ReadonlySet<string> = new Set(),
  ): Generator<void, Replaced | null> {
    const rows = rowsOf(this.#statements.replaced, escapeText(hash), space).filter(([, old]) =>
      !spared.has(String(old))
    );
    if (rows.length === 0) return null;
    const gone = memoryOf(this.#one(this.#statements.select, hash, space)!);
    const by = successorOf(gone, given, (other) => !going.has(other) && this.#isStored(other, space));
    const memories = rows.map(memoryOf), replaced = replacedBy(by, memories);
    for (const [i, row] of rows.entries()) {
      const { superseded: _, ...memory } = memories[i]!, superseded = released(memories[i]!, by);
      const after = superseded === null ? memory : { ...memory, superseded };
      this.#change(row, after, revision);
      yield;
    }
    return replaced;
  }

  /** Whether what replaced a memory, and that in turn, leads to another: with that replaced too, all would be hidden. */
  #isReplacedBy(start: string, end: string, space: number): boolean {
    const seen = new Set<string>();
    for (let at: string | undefined = start; at !== undefined && !seen.has(at);) {
      if (at === end) return true;
      seen.add(at);
      const row = this.#one(this.#statements.select, at, space);
      at = row === undefined ? undefined : memoryOf(row).superseded?.by;
    }
    return false;
  }

  #isStored(hash: string, space: number): boolean {
    return this.#one(this.#statements.find, hash, space) !== undefined;
  }

  /** Changes one memory of a space; null when it isn't there. */
  update(hash: string, name: string, patch: MemoryPatch, now: number): Work<Memory | null> {
    // deno-lint-ignore require-yield -- one row is done in one go
    return function* (this: Records, revision: number) {
      const row = this.#one(this.#statements.select, hash, this.#spaces.find(name));
      if (row === undefined) return unchangedBy(null);
      const before = memoryOf(row), memory = patched(before, patch, now);
      return memory === null ? unchangedBy(before) : this.#change(row, memory, revision);
    }.bind(this);
  }

  /** Changes one memory while it is as it was read, and the one named by `current` there and replaced by none. */
  updateUnchanged(
    before: Memory,
    name: string,
    patch: MemoryPatch,
    now: number,
    current: string | null,
  ): Work<Memory | "conflict" | null> {
    const { select } = this.#statements;
    // deno-lint-ignore require-yield -- one row is done in one go
    return function* (this: Records, revision: number): Generator<void, Written<Memory | "conflict" | null>> {
      const space = this.#spaces.find(name), row = this.#one(select, before.content_hash, space);
      if (row === undefined) return unchangedBy(null);
      const stored = memoryOf(row);
      if (!isUnchanged(before, stored)) return unchangedBy("conflict");
      if (current !== null) {
        const other = this.#one(select, current, space);
        if (other === undefined || memoryOf(other).superseded !== undefined) return unchangedBy("conflict");
      }
      return this.#change(row, patchedAnyway(stored, patch, now), revision);
    }.bind(this);
  }

  #change(row: Value[], memory: Memory, revision: number): Written<Memory> {
    const id = Number(row.at(-1)), { created_at, updated_at } = memory;
    const [, , tags, type, metadata, , , , superseded] = valuesOf(memory);
    this.#statements.update.run(tags!, type!, metadata!, created_at, updated_at, superseded!, revision, id);
    return { result: memory, changed: 1 };
  }

  /**
   * Moves memories to the trash that are as they were read; for each, whether it was moved.
   *
   * @param successor What replaces the memories that they had replaced; null for what had replaced them.
   */
  trashUnchanged(
    before: readonly Memory[],
    name: string,
    trashing: Trashing,
    successor: string | null,
  ): Work<boolean[]> {
    return function* (this: Records, revision: number) {
      const space = this.#spaces.find(name);
      const as = before.map((memory) => {
        const row = this.#one(this.#statements.select, memory.content_hash, space);
        return row !== undefined && isUnchanged(memory, memoryOf(row));
      });
      const hashes = before.filter((_, i) => as[i]).map(({ content_hash }) => content_hash);
      const written = yield* this.delete(hashes, name, trashing, successor)(revision);
      let next = 0;
      return { ...written, result: as.map((isAs) => isAs && written.result[next++]!) };
    }.bind(this);
  }

  /**
   * Deletes memories of a space, to the trash when `trashing` says so; for each, whether it was there.
   *
   * @param successor As for `trashUnchanged`.
   */
  delete(
    hashes: readonly string[],
    name: string,
    trashing: Trashing | null = null,
    successor: string | null = null,
  ): Work<boolean[]> {
    const { find, forgotten, forget } = this.#statements;
    return function* (this: Records, revision: number) {
      const result: boolean[] = [], going = new Set(hashes), space = this.#spaces.find(name);
      for (const hash of hashes) {
        const id = this.#one(find, hash, space)?.[0];
        result.push(id !== undefined);
        if (id === undefined) continue;
        const replaced = yield* this.#release(hash, space, going, successor, revision);
        if (trashing !== null) this.#trash.keep(Number(id), trashing, replaced);
        this.#remove(Number(id), space, revision);
        yield;
      }
      forgotten.run(revision - TOMBSTONES_KEPT);
      forget.run(revision - TOMBSTONES_KEPT);
      return { result, changed: countOf(result, true) };
    }.bind(this);
  }

  /**
   * Lets a memory leave its space: for another one, or for the trash. What it had replaced and leaves too stays as it is.
   *
   * @param leaving content_hash of all that leave.
   * @param trashing Null where it doesn't go to the trash.
   */
  *leave(
    hash: string,
    space: number,
    leaving: ReadonlySet<string>,
    trashing: Trashing | null,
    revision: number,
  ): Generator<void, void> {
    const id = Number(this.#one(this.#statements.find, hash, space)![0]);
    const replaced = yield* this.#release(hash, space, leaving, null, revision, leaving);
    if (trashing !== null) this.#trash.keep(id, trashing, replaced);
    this.#remove(id, space, revision);
  }

  #remove(id: number, space: number, revision: number): void {
    const { delete: remove, deleteWords, bury } = this.#statements;
    remove.run(id);
    deleteWords.run(id);
    bury.run(revision, id, space);
  }

  /** Adds vectors to memories that are still there, in all spaces in reach. */
  addVectors(items: readonly { content_hash: string; vectors: PreparedVectors }[], reach: Reach): Work<void> {
    const { everywhere, insertVectors, touch } = this.#statements;
    return function* (this: Records, revision: number) {
      let changed = 0;
      for (const { content_hash, vectors } of items) {
        for (const [id, space] of rowsOf(everywhere, escapeText(content_hash))) {
          if (!reaches(reach, Number(space))) continue;
          insertVectors.run(id!, vectors.model, vectors.codes, vectors.remainders);
          touch.run(revision, id!);
          changed++;
          yield;
        }
      }
      return { result: undefined, changed };
    }.bind(this);
  }

  /** Keeps what this analyser version makes of memories that another one has read. */
  replaceTerms(items: readonly ReanalysedMemory[]): Work<void> {
    const exists = this.#writer.prepare("SELECT 1 FROM memories WHERE id = ?");
    return function* (this: Records) {
      const added = new Map<string, number>();
      this.#terms.begin();
      for (const { id, terms, folded } of items) {
        if (exists.get(id) === undefined) continue;
        const pairs = yield* this.#terms.pairs(terms, added);
        this.#statements.insertTerms.run(id, ANALYSER_VERSION, encodeNumbers(pairs));
        this.#statements.deleteWords.run(id);
        this.#statements.insertWords.run(id, folded);
        yield;
      }
      return { result: undefined, changed: 0, committed: () => this.#numbers.adopt(added) };
    }.bind(this);
  }

  /** Inserts a memory with all that belongs to it, unless its content_hash is there already. */
  *#insert(
    { memory, terms, vectors }: PreparedMemory,
    space: number,
    revision: number,
    added: Map<string, number>,
  ): Generator<void, boolean> {
    const { insert, insertTerms, insertVectors, insertWords } = this.#statements;
    const values = valuesOf(memory);
    const { changes, lastInsertRowid } = insert.run(...values, revision, space);
    if (changes !== 1) return false;
    const id = Number(lastInsertRowid), pairs = yield* this.#terms.pairs(terms, added);
    insertTerms.run(id, ANALYSER_VERSION, encodeNumbers(pairs));
    if (vectors !== null) insertVectors.run(id, vectors.model, vectors.codes, vectors.remainders);
    yield;
    insertWords.run(id, fold(String(values[0])));
    return true;
  }

  #one(statement: ReturnType<typeof prepareRows>, hash: string, space: number): Value[] | undefined {
    return statement.get(escapeText(hash), space) as unknown as Value[] | undefined;
  }
}

function countOf<T>(results: readonly T[], wanted: T): number {
  return results.filter((result) => result === wanted).length;
}

/** What a write leaves to do that changed nothing. */
function unchangedBy<T>(result: T): Written<T> {
  return { result, changed: 0 };
}

/** @throws {MemoryError} `internal` for vectors that aren't of the model's length; they would poison every search. */
export function checkDimensions(chunks: readonly Float32Array[], dimensions: number, model: string): void {
  if (chunks.length > 0 && chunks.every((chunk) => chunk.length === dimensions)) return;
  const lengths = chunks.map((chunk) => chunk.length).join(", ");
  throw new MemoryError(
    "internal",
    `Cannot store vectors of length ${lengths || "none"}: model ${model} has ${dimensions}`,
  );
}
