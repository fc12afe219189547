/**
 * The part of the cache that outlives the process: a SQLite file of vectors by the hash of model and text, which holds
 * no text. Several processes may share it. It is only a cache: a write that finds the file locked waits for the next one,
 * and a damaged file is put aside and replaced by an empty one.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errorText } from "../errors.ts";
import { makePrivateFile, makePrivateFolder } from "../private_files.ts";
import type { TextKind } from "./provider.ts";

/** "UnVC" as a number: marks the file as a cache of vectors. */
const APPLICATION_ID = 0x556e5643;
const SCHEMA = `
  CREATE TABLE vectors (key BLOB PRIMARY KEY, used INTEGER NOT NULL, dimensions INTEGER NOT NULL, chunks BLOB NOT NULL);
  CREATE INDEX by_use ON vectors (used);
  PRAGMA application_id = ${APPLICATION_ID};
`;
/** Milliseconds for which vectors are gathered, and how many at most, before they are written in one transaction. */
const GATHER_MS = 250, GATHER_MOST = 256;
/** Vectors that may wait while another process keeps the file locked; later ones aren't kept. */
const WAITING_MOST = 2048;
/** Share of the limit that stays when old vectors are dropped, and how many go in one step. */
const KEPT = 0.9, DROPPED_AT_ONCE = 200;
/** Milliseconds that opening waits for another process. */
const OPENING_MS = 2000;
/** How far a vector's squared length may be from 1; more has been damaged. */
const TOLERANCE = 0.01;
/** What SQLite says of a file that another connection locks, and of one that can't be read. */
const LOCKED = /locked/, DAMAGED = /malformed|not a database|disk image/;
const HOUR_MS = 3_600_000;

/** Where the file is, and how large it may become. */
export interface CacheFileSettings {
  path: string;
  maxBytes: number;
  /** Whether passages are kept beside queries: worth it where each costs money or a request. */
  passages: boolean;
}

/** An open file. */
export class CacheFile {
  readonly #settings: CacheFileSettings;
  readonly #now: () => number;
  #database: DatabaseSync | null = null;
  #waiting = new Map<string, { key: Uint8Array; chunks: Float32Array[] }>();
  #touched = new Map<string, Uint8Array>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Why nothing is kept; null when all is well. */
  error: string | null = null;

  /** Opens the file. Never throws: without it vectors are computed again. */
  constructor(settings: CacheFileSettings, now: () => number = Date.now) {
    this.#settings = settings;
    this.#now = now;
    try {
      this.#open();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Bytes of the file's pages in use. */
  get bytes(): number {
    return this.#guarded((database) => usedPages(database) * number(database, "page_size"), 0);
  }

  /** The vectors under a key; null without. */
  get(key: Uint8Array): Float32Array[] | null {
    return this.#guarded((database) => {
      const row = database.prepare("SELECT used, dimensions, chunks FROM vectors WHERE key = ?").get(key);
      if (row === undefined) return null;
      const chunks = chunksOf(row.chunks as Uint8Array, Number(row.dimensions));
      if (chunks === null) throw new Error("The file is damaged: malformed vectors");
      // Once an hour is fine enough to know what was used last.
      if (Number(row.used) < this.#hour) this.#gather(() => this.#touched.set(key.toHex(), key));
      return chunks;
    }, null);
  }

  /** Keeps vectors; they are written a moment later. */
  set(key: Uint8Array, chunks: Float32Array[]): void {
    if (this.#database === null || this.#waiting.size >= WAITING_MOST) return;
    this.#gather(() => this.#waiting.set(key.toHex(), { key, chunks }));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#write();
    this.#database?.close();
    this.#database = null;
  }

  get #hour(): number {
    return Math.floor(this.#now() / HOUR_MS);
  }

  #gather(add: () => void): void {
    add();
    if (this.#waiting.size >= GATHER_MOST && this.#waiting.size % GATHER_MOST === 0) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), GATHER_MS);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size + this.#touched.size === 0) return;
    this.#guarded((database) => {
      try {
        database.exec("BEGIN IMMEDIATE");
      } catch (error) {
        if (!LOCKED.test(errorText(error))) throw error;
        this.#timer = setTimeout(() => this.#write(), GATHER_MS);
        return;
      }
      try {
        const insert = database.prepare(
          "INSERT OR REPLACE INTO vectors (key, used, dimensions, chunks) VALUES (?, ?, ?, ?)",
        );
        for (const { key, chunks } of this.#waiting.values()) {
          insert.run(key, this.#hour, chunks[0]!.length, bytesOf(chunks));
        }
        const touch = database.prepare("UPDATE vectors SET used = ? WHERE key = ?");
        for (const key of this.#touched.values()) touch.run(this.#hour, key);
        this.#makeRoom(database);
        database.exec("COMMIT");
      } catch (error) {
        if (database.isTransaction) database.exec("ROLLBACK");
        throw error;
      } finally {
        this.#waiting.clear();
        this.#touched.clear();
      }
    }, undefined);
  }

  /** Drops what was used longest ago when the file has become too large. */
  #makeRoom(database: DatabaseSync): void {
    const limit = this.#settings.maxBytes / number(database, "page_size");
    if (usedPages(database) <= limit) return;
    const drop = database.prepare(
      `DELETE FROM vectors WHERE key IN (SELECT key FROM vectors ORDER BY used, rowid LIMIT ${DROPPED_AT_ONCE})`,
    );
    while (usedPages(database) > limit * KEPT && Number(drop.run().changes) > 0);
    // `exec` would give back one page only.
    if (number(database, "page_count") > limit) database.prepare("PRAGMA incremental_vacuum").all();
  }

  /** Runs something over the file; a fault costs what is cached and nothing else. */
  #guarded<T>(run: (database: DatabaseSync) => T, otherwise: T): T {
    if (this.#database === null) return otherwise;
    try {
      return run(this.#database);
    } catch (error) {
      if (!LOCKED.test(errorText(error))) this.#fail(error);
      return otherwise;
    }
  }

  /** Does without the file from now on, or with a new one in place of a damaged one. */
  #fail(error: unknown): void {
    this.#database?.close();
    this.#database = null;
    this.error = `Cannot use the embedding cache "${this.#settings.path}": ${errorText(error)}`;
    if (DAMAGED.test(errorText(error))) this.#remake();
  }

  #remake(): void {
    const { path } = this.#settings;
    try {
      Deno.renameSync(path, `${path}.damaged`);
      for (const end of ["-wal", "-shm"]) removeIfThere(`${path}${end}`);
      this.#open();
      this.error = null;
    } catch (error) {
      this.error = `Cannot make the embedding cache "${path}" again: ${errorText(error)}`;
    }
  }

  #open(): void {
    const { path } = this.#settings;
    makePrivateFolder(dirname(path));
    makePrivateFile(path);
    const database = new DatabaseSync(path, { timeout: OPENING_MS });
    try {
      const id = number(database, "application_id");
      const isNew = id === 0 && database.prepare("SELECT 1 FROM sqlite_master").get() === undefined;
      if (!isNew && id !== APPLICATION_ID) throw new Error("it belongs to another program");
      if (isNew) database.exec("PRAGMA auto_vacuum = INCREMENTAL");
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304");
      if (isNew) createOnce(database);
      // From now on no call waits for another process.
      database.exec("PRAGMA busy_timeout = 0");
      this.#database = database;
    } catch (error) {
      database.close();
      throw error;
    }
  }
}

/** The key of a text under a model. */
export function cacheKey(model: string, kind: TextKind, text: string): Uint8Array {
  return createHash("sha256").update(`${model}\n${kind}\n`).update(text, "utf16le").digest();
}

/** Another process may make the tables at the same moment. */
function createOnce(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  if (database.prepare("SELECT 1 FROM sqlite_master").get() === undefined) database.exec(SCHEMA);
  database.exec("COMMIT");
}

function usedPages(database: DatabaseSync): number {
  return number(database, "page_count") - number(database, "freelist_count");
}

function number(database: DatabaseSync, pragma: string): number {
  return Number(database.prepare(`PRAGMA ${pragma}`).get()![pragma]);
}

function bytesOf(chunks: Float32Array[]): Uint8Array {
  const dimensions = chunks[0]!.length, all = new Float32Array(chunks.length * dimensions);
  chunks.forEach((chunk, i) => all.set(chunk, i * dimensions));
  return new Uint8Array(all.buffer);
}

/** The vectors in a row; null when they can't be what was written. */
function chunksOf(bytes: Uint8Array, dimensions: number): Float32Array[] | null {
  if (bytes.length === 0 || bytes.length % (4 * dimensions) !== 0) return null;
  const all = new Float32Array(bytes.slice().buffer);
  const chunks = Array.from(
    { length: all.length / dimensions },
    (_, i) => all.slice(i * dimensions, (i + 1) * dimensions),
  );
  const isUnit = (chunk: Float32Array) => Math.abs(chunk.reduce((sum, value) => sum + value * value, -1)) < TOLERANCE;
  return chunks.every(isUnit) ? chunks : null;
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
