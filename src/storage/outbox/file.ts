/**
 * The outbox's file: queued writes in the order they came, and those that the store refused. What was added is on disk
 * for good before it is reported, so that neither a killed process nor a power cut loses it.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { dirname } from "node:path";
import { errorText, MemoryError } from "../../errors.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import { retryWhileLocked } from "../sqlite/database.ts";
import { isCutFromItsLog } from "../sqlite/emptied.ts";
import { makePrivateFile, makePrivateFolder } from "../../private_files.ts";
import type { OutboxContents, QueuedWrite, RefusedWrite } from "./outbox.ts";
import { decode, encode, type EncodedWrite, isSameStore, keyIn, keyOf, spaceIn } from "./coding.ts";
import type { OutboxSettings } from "./settings.ts";

/** "UnOB" as a number: marks the file as an outbox. */
const APPLICATION_ID = 0x556e4f42;
/** "UnOS": an outbox in which some write names a space. Versions that know no spaces would make it in `default`. */
const WITH_SPACES_ID = 0x556e4f53;
const SCHEMA = `
  CREATE TABLE writes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    hash TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    queued_at REAL NOT NULL,
    refused_at REAL,
    error TEXT,
    body TEXT NOT NULL,
    vectors BLOB
  );
  CREATE INDEX by_hash ON writes (hash);
  CREATE INDEX facts ON writes (refused_at, bytes);
  PRAGMA application_id = ${APPLICATION_ID};
`;
/** Bytes a row takes beside its text and vectors: the row's head and two index entries, rounded up. */
const ROW_BYTES = 200;
/** Milliseconds that the command line's calls wait for another connection, and the service's as it closes. */
const BUSY_MS = 2000;
/** Milliseconds after which a change gives up while another connection holds the file; the isolate goes on meanwhile. */
const PATIENCE_MS = 10_000;
/** What is handed on in one step: memories, and bytes of them. */
const BATCH_WRITES = 128, BATCH_BYTES = 4 * 1024 * 1024;

/** A write in the file. */
export interface Entry {
  id: number;
  write: QueuedWrite;
}

/** How full the file is. */
export interface Fill {
  pending: number;
  refused: number;
  bytes: number;
}

interface Gathering {
  writes: EncodedWrite[];
  done: () => void;
  failed: (error: unknown) => void;
}

/** An open file. */
export class OutboxFile implements OutboxContents {
  readonly #settings: OutboxSettings;
  readonly #database: DatabaseSync;
  readonly #release: () => void;
  #fill: Fill;
  #version = 0;
  #gathering: Gathering[] = [];
  /** What `#gathering` will add, so that no two calls are promised the same room. */
  #coming = { writes: 0, bytes: 0 };
  #committing: Promise<void> | undefined;
  /** Writes that are being made now: another process may undo one before it leaves the file. */
  readonly #inHand = new Set<number>();
  #closed = false;

  private constructor(settings: OutboxSettings, database: DatabaseSync, release: () => void) {
    this.#settings = settings;
    this.#database = database;
    this.#release = release;
    this.#fill = this.#count();
  }

  /**
   * Opens the file, making it when it is missing.
   *
   * @param exclusive Whether this process hands the writes on; only one may. Without it the file must exist.
   * @throws {MemoryError} `configuration` when another process has it, or it isn't an outbox.
   */
  static open(settings: OutboxSettings, exclusive: boolean): OutboxFile {
    const { path } = settings;
    let release = () => {};
    try {
      if (exclusive) {
        makePrivateFolder(dirname(path));
        // Not the name of the lock that a store has beside its file.
        release = lock(`${path}.outbox-lock`);
        if (isCutFromItsLog(path)) {
          throw new MemoryError(
            "configuration",
            `Cannot open the outbox "${path}": the file is empty, but its write-ahead log lies beside it; put the file ` +
              "back, or remove both and lose the writes that waited",
            { value: path },
          );
        }
        // Other users must not read memories.
        makePrivateFile(path);
      } else Deno.statSync(path);
      // A wait inside SQLite would stop the whole service; what it waits for, it waits for between two tries.
      return new OutboxFile(settings, connect(path, exclusive ? 0 : BUSY_MS), release);
    } catch (error) {
      release();
      if (error instanceof MemoryError) throw error;
      throw new MemoryError(
        "configuration",
        `Cannot open the outbox "${path}": ${errorText(error)}; set MCP_OUTBOX_PATH`,
        {
          value: path,
          cause: error,
        },
      );
    }
  }

  /** How full it is now, what is being added included. */
  get fill(): Readonly<Fill> {
    const { pending, bytes, refused } = this.#fill, { writes, bytes: more } = this.#coming;
    return { pending: pending + writes, bytes: bytes + more, refused };
  }

  /** Unix seconds since which the first write waits; null when none does. */
  get oldest(): number | null {
    const first = "SELECT queued_at FROM writes WHERE refused_at IS NULL ORDER BY id LIMIT 1";
    return this.#all(first)[0]?.queued_at ?? null;
  }

  /**
   * Adds writes, all or none, in one commit with what others add at the moment. A store that repeats one which still
   * waits, with nothing between them that could take the memory away, isn't added again.
   *
   * @returns false when there is no room.
   * @throws what SQLite throws, such as for a full disk, and {MemoryError} `unavailable` while another process holds the
   * file for long; nothing was added then, nor will be.
   */
  async add(writes: readonly QueuedWrite[]): Promise<boolean> {
    const encoded = writes.map(encode), bytes = encoded.reduce((sum, write) => sum + bytesOf(write), 0);
    const { pending, refused, bytes: used } = this.fill, { maxWrites, maxBytes } = this.#settings;
    if (pending + refused + writes.length > maxWrites || used + bytes > maxBytes) return false;
    this.#coming.writes += writes.length;
    this.#coming.bytes += bytes;
    const added = new Promise<void>((done, failed) => this.#gathering.push({ writes: encoded, done, failed }));
    this.#committing ??= this.#commitGathered();
    await added;
    return true;
  }

  /**
   * Takes the writes to hand on next: one, or several of the same kind that go together.
   *
   * @param most Number of writes, ≥ 1.
   */
  take(most = BATCH_WRITES): Entry[] {
    const batch: Entry[] = [];
    let kind = "", space = "", bytes = 0;
    for (const row of this.#iterate(`${ENTRIES} WHERE refused_at IS NULL ORDER BY id LIMIT ?`, most)) {
      if (batch.length > 0 && (row.kind !== kind || !TOGETHER.has(kind) || bytes + row.bytes > BATCH_BYTES)) break;
      if (batch.length > 0 && spaceIn(row.hash) !== space) break;
      space = spaceIn(row.hash);
      batch.push(entryOf(row));
      kind = row.kind;
      bytes += row.bytes;
    }
    for (const { id } of batch) this.#inHand.add(id);
    return batch;
  }

  /** Takes the first write behind `entry` that is about another memory. */
  takeBeside({ id, write }: Entry): Entry | null {
    const others = `${ENTRIES} WHERE id > ? AND hash <> ? AND refused_at IS NULL ORDER BY id LIMIT 1`;
    const [row] = this.#all(others, id, keyOf(write));
    if (row === undefined) return null;
    this.#inHand.add(row.id);
    return entryOf(row);
  }

  /** Gives back writes that were taken and not made: they will be taken again. */
  putBack(): void {
    this.#inHand.clear();
  }

  /**
   * Whether a write about one of these memories waits; the first such memory. Free while none waits at all.
   *
   * @param spaces Names of the spaces where the memories may be.
   */
  waitingFor(hashes: readonly string[], spaces: readonly string[] | "all"): string | null {
    if (this.fill.pending === 0) return null;
    const find = this.#database.prepare("SELECT 1 FROM writes WHERE hash = ? AND refused_at IS NULL LIMIT 1");
    const coming = new Set(this.#gathering.flatMap(({ writes }) => writes.map(({ hash }) => hash)));
    const waits = (key: string) => coming.has(key) || find.get(key) !== undefined;
    const names = spaces === "all" ? this.#spaces(coming) : spaces;
    return hashes.find((hash) => names.some((space) => waits(keyIn(space, hash)))) ?? null;
  }

  /** Names of the spaces about which writes wait. */
  #spaces(coming: Iterable<string>): string[] {
    const keys = this.#all("SELECT hash FROM writes WHERE refused_at IS NULL").map(({ hash }) => hash);
    return [...new Set([DEFAULT_SPACE, ...[...keys, ...coming].map(spaceIn).filter((name) => name !== "")])];
  }

  /** Removes writes that were made. */
  async remove(ids: readonly number[]): Promise<void> {
    await this.#changeWhenFree((database, fill) => {
      const remove = database.prepare("DELETE FROM writes WHERE id = ? RETURNING bytes");
      for (const id of ids) {
        fill.pending--;
        fill.bytes -= Number(remove.get(id)!.bytes);
      }
    });
    for (const id of ids) this.#inHand.delete(id);
  }

  /** Puts a write aside, for good unless someone sends it again. */
  async refuse(id: number, error: string): Promise<void> {
    await this.#changeWhenFree((database, fill) => {
      database.prepare("UPDATE writes SET refused_at = ?, error = ? WHERE id = ?").run(now(), error, id);
      fill.pending--;
      fill.refused++;
    });
    this.#inHand.delete(id);
  }

  refused(): RefusedWrite[] {
    return this.#all(`${ENTRIES} WHERE refused_at IS NOT NULL ORDER BY id`)
      .map(({ queued_at, refused_at, error, ...row }) => ({ ...entryOf(row), queued_at, refused_at, error }));
  }

  /** Behind all others: those about the same memory may have been made since. */
  retry(ids: readonly number[]): number {
    return this.#change((database, fill) => {
      const again = database.prepare(
        "INSERT INTO writes (kind, hash, bytes, queued_at, body, vectors) " +
          "SELECT kind, hash, bytes, queued_at, body, vectors FROM writes WHERE id = ? AND refused_at IS NOT NULL",
      );
      const remove = database.prepare("DELETE FROM writes WHERE id = ? AND refused_at IS NOT NULL");
      const sent = ids.filter((id) => Number(again.run(id).changes) > 0 && remove.run(id)).length;
      fill.pending += sent;
      fill.refused -= sent;
      return sent;
    });
  }

  drop(ids: readonly number[]): number {
    return this.#change((database, fill) => {
      const drop = database.prepare("DELETE FROM writes WHERE id = ? AND refused_at IS NOT NULL RETURNING bytes");
      const dropped = ids.map((id) => drop.get(id)).filter((row) => row !== undefined);
      fill.refused -= dropped.length;
      fill.bytes -= dropped.reduce((sum, row) => sum + Number(row.bytes), 0);
      return dropped.length;
    });
  }

  /** Sees what another process changed, such as writes sent again by the command line. */
  refresh(): void {
    const version = Number(this.#database.prepare("PRAGMA data_version").get()!.data_version);
    if (version !== this.#version) this.#fill = this.#count();
    this.#version = version;
  }

  /** Waits until what is being added was added, or failed. */
  async settle(): Promise<void> {
    await this.#committing;
  }

  /** Adds what is being added, then closes the file and lets others have it. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    try {
      this.#commit();
    } catch (error) {
      this.#fail(error);
    }
    try {
      this.#database.close();
    } finally {
      this.#release();
    }
  }

  /** Adds what is gathered, what others ask for meanwhile included, until there is nothing left. */
  async #commitGathered(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    while (this.#gathering.length > 0) {
      try {
        await retryWhileLocked(HELD, () => this.#commit());
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#committing = undefined;
  }

  /** Adds what is gathered in one transaction; it stays gathered when that fails. */
  #commit(): void {
    const gathered = this.#gathering;
    if (gathered.length === 0) return;
    this.#change((database, fill) => {
      // An update or a second store leaves a memory where it is.
      const last = database.prepare(
        "SELECT id, kind, hash, body, vectors FROM writes " +
          "WHERE hash = ? AND refused_at IS NULL AND kind <> 'update' ORDER BY id DESC LIMIT 1",
      );
      const insert = database.prepare(
        "INSERT INTO writes (kind, hash, bytes, queued_at, body, vectors) VALUES (?, ?, ?, ?, ?, ?)",
      );
      for (const write of gathered.flatMap(({ writes }) => writes)) {
        const { kind, hash, body, vectors } = write, bytes = bytesOf(write);
        const before = kind === "store" ? last.get(hash) as unknown as Row | undefined : undefined;
        if (before !== undefined && !this.#inHand.has(before.id) && isSameStore(before, write)) continue;
        if (spaceIn(hash) !== "") database.exec(`PRAGMA application_id = ${WITH_SPACES_ID}`);
        insert.run(kind, hash, bytes, now(), body, vectors);
        fill.pending++;
        fill.bytes += bytes;
      }
    });
    this.#gathering = [];
    this.#coming = { writes: 0, bytes: 0 };
    gathered.forEach(({ done }) => done());
  }

  /** Rejects the waiting writes, of which nothing was added. */
  #fail(error: unknown): void {
    this.#coming = { writes: 0, bytes: 0 };
    for (const { failed } of this.#gathering.splice(0)) failed(error);
  }

  #changeWhenFree(change: (database: DatabaseSync, fill: Fill) => void): Promise<void> {
    return retryWhileLocked(HELD, () => this.#change(change));
  }

  #change<T>(change: (database: DatabaseSync, fill: Fill) => T): T {
    const fill = { ...this.#fill };
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = change(this.#database, fill);
      this.#database.exec("COMMIT");
      this.#fill = fill;
      if (fill.pending === 0) this.#emptyLog();
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** When nothing waits any more, cuts the log, which still has the texts. Waits for no other process: the next time does it. */
  #emptyLog(): void {
    try {
      const { timeout } = this.#database.prepare("PRAGMA busy_timeout").get()!;
      this.#database.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
      this.#database.exec(`PRAGMA busy_timeout = ${timeout}`);
    } catch {
      // The change is committed; what keeps the log from the file shows in the next one.
    }
  }

  #count(): Fill {
    const row = this.#database.prepare(
      "SELECT count(*) - count(refused_at) AS pending, count(refused_at) AS refused, coalesce(sum(bytes), 0) AS bytes " +
        "FROM writes",
    ).get() as unknown as Fill;
    return { ...row };
  }

  #all(sql: string, ...parameters: (number | string)[]): Row[] {
    return [...this.#iterate(sql, ...parameters)];
  }

  #iterate(sql: string, ...parameters: (number | string)[]): Iterable<Row> {
    return this.#database.prepare(sql).iterate(...parameters) as Iterable<unknown> as Iterable<Row>;
  }
}

const ENTRIES = "SELECT id, kind, hash, bytes, queued_at, refused_at, error, body, vectors FROM writes";

interface Row extends EncodedWrite {
  id: number;
  bytes: number;
  queued_at: number;
  refused_at: number;
  error: string;
}

/** Kinds of which several go in one call to the store. */
const TOGETHER: ReadonlySet<string> = new Set(["store", "delete"]);
/** How long a change waits for another process, and what is said when that was too short. */
const HELD = { timeout: PATIENCE_MS, action: "Cannot write to the outbox" };

function entryOf(row: EncodedWrite & { id: number }): Entry {
  return { id: row.id, write: decode(row) };
}

function bytesOf({ body, vectors }: EncodedWrite): number {
  return ROW_BYTES + body.length + (vectors?.byteLength ?? 0);
}

function now(): number {
  return Date.now() / 1000;
}

/** Takes the lock that only one process has; the system gives it back however the process ends. */
function lock(path: string): () => void {
  makePrivateFile(path);
  const file = Deno.openSync(path, { write: true });
  if (file.tryLockSync(true)) return () => file.close();
  file.close();
  throw new MemoryError(
    "configuration",
    `Cannot open the outbox: another process has it (${path}); give each process an MCP_OUTBOX_PATH of its own`,
    { value: path },
  );
}

/** @param timeout Milliseconds that a call of the open database waits for another connection. */
function connect(path: string, timeout: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    const id = Number(database.prepare("PRAGMA application_id").get()!.application_id);
    const isNew = id === 0 && database.prepare("SELECT 1 FROM sqlite_master").get() === undefined;
    if (!isNew && id !== APPLICATION_ID && id !== WITH_SPACES_ID) {
      throw new Error("it is the database of another program");
    }
    if (isNew) database.exec("PRAGMA auto_vacuum = FULL");
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON");
    if (isNew) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
    database.exec(`PRAGMA busy_timeout = ${timeout}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
