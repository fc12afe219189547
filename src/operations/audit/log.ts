/**
 * The audit log of one process. Entries wait in memory for a moment and are written together, so that no request waits
 * for them or fails by them.
 *
 * An entry is in the file, which means with the operating system, `WRITE_WITHIN_MS` after it was noted: what a killed
 * process leaves behind misses no more than that. What a power failure takes is as with every file that isn't synced.
 *
 * @module
 */

import { errorText } from "../../errors.ts";
import { AuditChain, type AuditSettings } from "./chain.ts";
import { type AuditDraft, prepare, type PreparedEntry } from "./entry.ts";
import { Refusals } from "./refusals.ts";

/** Milliseconds after which an entry is written at the latest, where the folder can be written. */
export const WRITE_WITHIN_MS = 50;
/** Entries that wait are written at once when there are so many. */
const ENOUGH = 500;
/** Milliseconds until the next try while another process writes, and after a failure. */
const BUSY_MS = 5, FAILED_MS = 1000;
/** Milliseconds that others may write before something must hold the lock. */
const PATIENCE_MS = 10_000;
/** Milliseconds between tries while the process ends, and after which it ends without its last entries. */
const LAST_WAIT_MS = 2, LAST_PATIENCE_MS = 3000;
/** Entries that wait for a folder that can't be written; further ones are counted and lost. */
const MOST_WAITING = 20_000;

export type { AuditSettings } from "./chain.ts";

/** How the log fares. */
export interface AuditState {
  /** Null where no log is kept. */
  folder: string | null;
  /** Entries that aren't written yet. */
  waiting: number;
  /** Entries that were lost since the process began. */
  lost: number;
  written: number;
  /** Why entries can't be written; null when they can. */
  error: string | null;
  /** Unix milliseconds since which they can't. */
  failingSince: number | null;
}

/** Takes notes of what was done, by whom. */
export interface AuditLog {
  /** Keeps an entry. Never throws, and never waits. */
  note(draft: AuditDraft): void;
  /** Keeps an entry of a refused request; many of a kind become one with their number. Never throws. */
  refused(draft: AuditDraft): void;
  /** Writes what waits, as far as it can be written now. Never throws. */
  flush(): void;
  readonly state: AuditState;
  /** Writes what waits and lets go of the files. Idempotent. */
  close(): void;
}

/** A log that keeps nothing. */
export function noAudit(): AuditLog {
  const state = { folder: null, waiting: 0, lost: 0, written: 0, error: null, failingSince: null };
  return { note: () => {}, refused: () => {}, flush: () => {}, close: () => {}, state };
}

/** Opens nothing until there is an entry. */
export function openAuditLog(settings: AuditSettings, now: () => Date = () => new Date()): AuditLog {
  return new FileAuditLog(settings, now);
}

class FileAuditLog implements AuditLog {
  readonly #chain: AuditChain;
  readonly #folder: string;
  readonly #now: () => Date;
  readonly #refusals = new Refusals((draft) => this.note(draft));
  #waiting: PreparedEntry[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Lost since the last time that entries could be written. */
  #unsaid = 0;
  #lost = 0;
  #written = 0;
  #error: string | null = null;
  #failingSince: number | null = null;
  #busySince: number | null = null;
  #closed = false;

  constructor(settings: AuditSettings, now: () => Date) {
    this.#folder = settings.folder;
    this.#now = now;
    this.#chain = new AuditChain(settings, now);
  }

  get state(): AuditState {
    return {
      folder: this.#folder,
      waiting: this.#waiting.length,
      lost: this.#lost,
      written: this.#written,
      error: this.#error,
      failingSince: this.#failingSince,
    };
  }

  note(draft: AuditDraft): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#unsaid++;
      this.#lost++;
      return;
    }
    this.#waiting.push(prepare(draft, this.#now(), Deno.pid));
    if (this.#closed) this.#flushLast();
    else if (this.#waiting.length >= ENOUGH && this.#error === null) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), WRITE_WITHIN_MS);
  }

  refused(draft: AuditDraft): void {
    this.#refusals.add(draft);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const entries = this.#unsaid === 0 ? this.#waiting : [...this.#waiting, this.#lostEntry()];
    try {
      if (!this.#chain.append(entries)) return this.#later();
      this.#written += entries.length;
      this.#waiting = [];
      this.#unsaid = 0;
      this.#error = this.#failingSince = this.#busySince = null;
    } catch (error) {
      // Health tells it to those who need not know where the files are.
      this.#failed(errorText(error).replace(/:? \w+ '[^]*$/, ""));
    }
    if (this.#closed) this.#chain.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#refusals.flush();
    this.#closed = true;
    this.#flushLast();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#chain.close();
  }

  /**
   * Writes what waits before the process ends, which nothing else will. Others hold the lock for the moment of a write,
   * unless the system lets them wait in the middle of it.
   */
  #flushLast(): void {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; this.#waiting.length > 0; waited += LAST_WAIT_MS) {
      this.flush();
      if (this.#waiting.length === 0 || this.#error !== null || waited >= LAST_PATIENCE_MS) return;
      Atomics.wait(cell, 0, 0, LAST_WAIT_MS);
    }
  }

  #later(): void {
    this.#busySince ??= performance.now();
    if (performance.now() - this.#busySince > PATIENCE_MS) {
      return this.#failed("Another process holds the lock of the audit log");
    }
    if (!this.#closed) this.#timer = setTimeout(() => this.flush(), BUSY_MS);
  }

  #failed(error: string): void {
    this.#error = error;
    this.#failingSince ??= this.#now().getTime();
    if (!this.#closed) this.#timer = setTimeout(() => this.flush(), FAILED_MS);
  }

  #lostEntry(): PreparedEntry {
    const draft: AuditDraft = {
      caller: { name: null, kind: null },
      channel: "service",
      action: "audit_lost",
      space: null,
      count: this.#unsaid,
      outcome: "failed",
      detail: `${this.#unsaid} entries were lost while the log could not be written`,
    };
    return prepare(draft, this.#now(), Deno.pid);
  }
}
