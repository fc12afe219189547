/**
 * All writes of this process to one database, one transaction at a time. Writes asked for in the same turn share a
 * transaction; each is answered after the commit, and fails or succeeds on its own.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { MemoryError } from "../../errors.ts";
import { Checkpoints } from "./checkpoints.ts";
import { damagedError, type Database, type FileIdentity, retryWhileLocked, storageError } from "./database.ts";
import { WriteFailures } from "./write_failures.ts";
import { TimeSlice } from "../../yielding.ts";

/** Milliseconds after which a transaction takes no further writes, so that other processes get their turn. */
const LONGEST_GATHERING = 30;

/**
 * The work of one write inside the transaction. It yields where other work may run; the transaction stays open.
 *
 * @param revision Number of the change, for every row it touches.
 */
export type Work<T> = (revision: number) => Generator<void, Written<T>>;

/** What a write leaves to do. */
export interface Written<T> {
  result: T;
  /** Memories that changed, about: none says that no row did. */
  changed: number;
  /** Runs right after the commit. */
  committed?: () => void;
}

interface Waiting {
  action: string;
  work: Work<unknown>;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Done {
  waiting: Waiting;
  written: Written<unknown>;
}

/** Serialises writes. */
export class WriteQueue {
  /** What keeps writes from succeeding now. */
  readonly faults = new WriteFailures();
  readonly #database: Database;
  readonly #writer: DatabaseSync;
  readonly #changed: (memories: number) => void;
  readonly #checkpoints: Checkpoints;
  /** The file that was opened. */
  readonly opened: FileIdentity;
  readonly #readRevision;
  readonly #writeRevision;
  #waiting: Waiting[] = [];
  /** Never reject. */
  #alone: (() => Promise<void>)[] = [];
  #isAlone = false;
  #running: Promise<void> | undefined;
  #closed = false;

  /** @param changed Runs after each commit that changed memories, before the writes are answered. Must not throw. */
  constructor(database: Database, changed: (memories: number) => void) {
    this.#database = database;
    this.#writer = database.writer;
    this.#changed = changed;
    this.opened = Deno.statSync(database.path);
    this.#checkpoints = new Checkpoints(database);
    this.#readRevision = this.#writer.prepare("SELECT value FROM counters WHERE name = 'revision'");
    this.#writeRevision = this.#writer.prepare("UPDATE counters SET value = ? WHERE name = 'revision'");
  }

  /**
   * Runs `work` in a transaction and resolves after its commit.
   *
   * @param action For messages, e.g. `store memories`.
   */
  run<T>(action: string, work: Work<T>): Promise<T> {
    const refusal = this.#refusal(action);
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ action, work, resolve: resolve as (result: unknown) => void, reject });
      this.#running ??= this.#drain();
    });
  }

  /** Commits a change of nothing but the revision, to see whether writes work. */
  probe(): Promise<void> {
    // deno-lint-ignore require-yield -- nothing to wait for
    return this.run("write to the store", function* () {
      return { result: undefined, changed: 1 };
    });
  }

  /** Runs something that writes over a connection of its own; writes asked for meanwhile wait until it is done. */
  alone<T>(action: string, body: () => Promise<T>): Promise<T> {
    const refusal = this.#refusal(action);
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise<T>((resolve, reject) => {
      this.#alone.push(() => {
        const refusal = replacedSince(this.#database, this.opened);
        return refusal === null ? body().then(resolve, reject) : Promise.resolve(reject(refusal(action)));
      });
      this.#running ??= this.#drain();
    });
  }

  /** Whether something runs alone now, and holds the lock. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** Why nothing is written any more. What goes into a damaged file may be lost in it, or make the damage larger. */
  #refusal(action: string): MemoryError | null {
    if (this.#closed) return new MemoryError("unavailable", `Cannot ${action}: the store is closed`);
    return this.faults.damagedAt === null ? null : damagedError(action);
  }

  /** Finishes what was asked for and refuses the rest. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#checkpoints.close();
  }

  /** Refuses everything from now on, and ends the worker; the caller ends the transaction. */
  closeNow(): void {
    this.#closed = true;
    this.#checkpoints.closeNow();
  }

  /** Never rejects: every write is answered by its own promise, and the next ones depend on this loop. */
  async #drain(): Promise<void> {
    await Promise.resolve(); // gathers the writes of this turn
    while (this.#waiting.length + this.#alone.length > 0) {
      try {
        if (this.#alone.length > 0) await this.#runAlone();
        else await this.#transaction();
      } catch (error) {
        this.faults.failed(error); // a rollback that fails; the writes concerned have their answers
      }
    }
    this.#running = undefined; // at once, so that no write slips in between and is left waiting
  }

  async #runAlone(): Promise<void> {
    this.#isAlone = true;
    await this.#alone.shift()!();
    this.#isAlone = false;
  }

  async #transaction(): Promise<void> {
    const { pragmas } = this.#database, first = this.#waiting[0]!;
    const done: Done[] = [], timeSlice = new TimeSlice(), start = performance.now();
    let before: number | undefined, after: number;
    const refusal = this.faults.damagedAt !== null ? damagedError : replacedSince(this.#database, this.opened);
    if (refusal !== null) {
      for (const { reject, action } of this.#waiting.splice(0)) reject(refusal(action));
      return;
    }
    try {
      await retryWhileLocked(
        { timeout: pragmas.busyTimeout, action: `Cannot ${first.action}` },
        () => this.faults.watchLock(() => this.#writer.exec("BEGIN IMMEDIATE")),
      );
    } catch (error) {
      this.faults.failed(error);
      for (const { reject, action } of this.#waiting.splice(0)) reject(storageError(error, action));
      return;
    }
    try {
      before = Number(this.#readRevision.get()!.value);
      do await this.#step(this.#waiting.shift()!, before + 1, done, timeSlice); while (
        this.#waiting.length > 0 && performance.now() - start < LONGEST_GATHERING
      );
      after = done.some(({ written }) => written.changed > 0) ? before + 1 : before;
      if (after > before) this.#writeRevision.run(after);
      this.#writer.exec("COMMIT");
      if (after > before) this.faults.succeeded();
    } catch (error) {
      this.faults.failed(error);
      for (const { waiting } of done) waiting.reject(storageError(error, waiting.action));
      // Without a revision to begin at, no write in the queue can be made.
      if (before === undefined) {
        for (const { reject, action } of this.#waiting.splice(0)) reject(storageError(error, action));
      }
      if (this.#writer.isTransaction) this.#writer.exec("ROLLBACK");
      return;
    }
    try {
      for (const { written } of done) written.committed?.();
    } catch (error) {
      this.faults.failed(error); // the writes are made all the same
    }
    if (after > before) this.#changed(done.reduce((sum, { written }) => sum + written.changed, 0));
    for (const { waiting, written } of done) waiting.resolve(written.result);
    await this.#checkpoints.committed();
  }

  /** One write, undone alone when it fails. */
  async #step(waiting: Waiting, revision: number, done: Done[], timeSlice: TimeSlice): Promise<void> {
    this.#writer.exec("SAVEPOINT write");
    try {
      const steps = waiting.work(revision);
      let step = steps.next();
      for (; !step.done; step = steps.next()) if (timeSlice.isDue) await timeSlice.yieldIfDue();
      this.#writer.exec("RELEASE write");
      done.push({ waiting, written: step.value });
    } catch (error) {
      this.faults.failed(error);
      waiting.reject(storageError(error, waiting.action));
      // A full disk ends the whole transaction, and so does damage.
      if (!this.#writer.isTransaction || this.faults.damagedAt !== null) throw error;
      this.#writer.exec("ROLLBACK TO write; RELEASE write");
    }
  }
}

/**
 * The refusal of writes while the opened file isn't the one at its path; null while it is. They would go into a file
 * that nothing can open any more, and be lost when this process closes it.
 */
function replacedSince({ path }: Database, opened: FileIdentity): ((action: string) => MemoryError) | null {
  let reason = "the database file is gone", cause: unknown;
  try {
    const { dev, ino } = Deno.statSync(path);
    if (dev === opened.dev && ino === opened.ino) return null;
    reason = "another file has taken the database's place";
  } catch (error) {
    cause = error;
  }
  return (action) =>
    new MemoryError("unavailable", `Cannot ${action}: ${reason}; put the file back, or restart the service`, { cause });
}
