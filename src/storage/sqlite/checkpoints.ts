/**
 * Keeps the write-ahead log short without holding up the isolate: a worker moves it into the database file.
 *
 * @module
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Database, prepareRows, rowsOf } from "./database.ts";

/** How many times the pages due for a checkpoint the log may have before writes wait for it. */
const PATIENCE = 4;
/** The same for SQLite's own checkpoint inside a commit, which is there for when the worker can't keep up. */
const LAST_RESORT = 16;
/** Milliseconds without work after which the worker ends; it takes 12 MB. */
const IDLE_MS = 2000;

/** The checkpoints of one database. */
export class Checkpoints {
  readonly #path: string;
  readonly #writer: DatabaseSync;
  readonly #log: StatementSync;
  /** Pages of the log that a checkpoint is due at, as `wal_autocheckpoint` says; 0 for never. */
  #due: number;
  readonly #opened: Promise<Deno.FileInfo | null>;
  #worker: Worker | undefined;
  #running: Promise<void> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor({ path, writer }: Database) {
    this.#path = path;
    this.#writer = writer;
    this.#opened = statOf(path);
    this.#due = Number(rowsOf(prepareRows(writer, "PRAGMA wal_autocheckpoint"))[0]![0]);
    this.#log = prepareRows(writer, "PRAGMA wal_checkpoint(NOOP)");
    if (this.#due > 0) writer.exec(`PRAGMA wal_autocheckpoint = ${this.#due * LAST_RESORT}`);
  }

  /** Looks at the log after a commit. What it returns is to be awaited before the next one. */
  committed(): Promise<void> | undefined {
    if (this.#due <= 0) return undefined;
    const { pages, moved } = this.#look();
    if (pages - moved >= this.#due) this.#running ??= this.#run().finally(() => this.#running = undefined);
    // A log is begun again by the first commit that finds all of it moved, which never comes while others follow at once.
    return pages >= this.#due * PATIENCE ? this.#running : undefined;
  }

  /** Waits for a checkpoint that is running; the connections must still be open. */
  async close(): Promise<void> {
    this.#due = 0;
    await this.#running;
    this.#end();
  }

  /** Ends the worker in whatever it does, which SQLite's log is made for. */
  closeNow(): void {
    this.#due = 0;
    this.#end();
  }

  /** Pages in the log, and how many of them have been moved into the file; −1 without a log. */
  #look(): { pages: number; moved: number } {
    try {
      const [, pages, moved] = rowsOf(this.#log)[0]!;
      return { pages: Number(pages), moved: Number(moved) };
    } catch {
      return { pages: -1, moved: -1 }; // what is wrong with the file shows in the next write
    }
  }

  async #run(): Promise<void> {
    clearTimeout(this.#idle);
    const [opened, now] = await Promise.all([this.#opened, statOf(this.#path)]);
    // Opening another file that has taken this one's place would put this one's log into it.
    if (opened === null || now === null || opened.ino !== now.ino || opened.dev !== now.dev) return;
    if (!await this.#move().catch(() => false)) this.#leaveToCommits();
    else if (this.#due > 0) {
      this.#idle = setTimeout(() => this.#end(), IDLE_MS);
      this.#idle.unref();
    }
  }

  /** Has the worker make one checkpoint; false when there is no worker. */
  async #move(): Promise<boolean> {
    const worker = this.#worker ??= new Worker(new URL("./checkpoint_worker.ts", import.meta.url), {
      type: "module",
      name: "checkpoint",
    });
    return await new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve(false);
      };
      worker.postMessage(this.#path);
    });
  }

  /** Without a worker, commits do it as SQLite would by itself. */
  #leaveToCommits(): void {
    if (this.#due > 0) this.#writer.exec(`PRAGMA wal_autocheckpoint = ${this.#due}`);
    this.#due = 0;
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#idle);
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

function statOf(path: string): Promise<Deno.FileInfo | null> {
  return Deno.stat(path).catch(() => null);
}
