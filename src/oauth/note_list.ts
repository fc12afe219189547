/**
 * A list of records in one note of the store, changed by compare-and-set: all processes over a store see the same one.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import type { StoreNotes } from "../storage/contract/notes.ts";

/** Tries of a change while other processes change the note too. */
const MAX_TRIES = 40;
/** Milliseconds for which records are believed while the store is away. */
const BELIEVED_MS = 10 * 60_000;

/** What a change gives: the new list, or null to leave it as it is, and what its caller gets. */
export interface Edit<T, R> {
  items: readonly T[] | null;
  result: R;
}

/** Records of one kind, kept in a note. */
export class NoteList<T> {
  readonly #notes: StoreNotes;
  readonly #name: string;
  readonly #schema: z.ZodType<T[]>;
  readonly #clock: () => number;
  #text: string | null = null;
  #items: readonly T[] = [];
  /** When the note was read last; null before the first time. */
  #readAt: number | null = null;
  #reading: Promise<void> | null = null;
  #changing: Promise<unknown> = Promise.resolve();

  /**
   * @param name Name of the note.
   * @param record What a record is.
   * @param clock Milliseconds that only grow.
   */
  constructor(notes: StoreNotes, name: string, record: z.ZodType<T>, clock: () => number) {
    this.#notes = notes;
    this.#name = name;
    this.#schema = z.array(record);
    this.#clock = clock;
  }

  /**
   * The records, as they were in the store at most `maxAgeMs` ago; while it is away, as they were known, for ten minutes.
   *
   * @throws {MemoryError} `unavailable` when the store is away and nothing younger is known.
   */
  async read(maxAgeMs: number): Promise<readonly T[]> {
    if (this.#readAt !== null && this.#clock() - this.#readAt <= maxAgeMs) return this.#items;
    try {
      await this.#look();
    } catch (error) {
      if (this.#readAt === null || this.#clock() - this.#readAt > BELIEVED_MS) throw error;
    }
    return this.#items;
  }

  /**
   * The records as they are in the store now: for what another process may have written a moment ago. Those who ask at the
   * same time share a look.
   *
   * @throws {MemoryError} `unavailable` when the store is away.
   */
  async fresh(): Promise<readonly T[]> {
    // One that is under way may have begun too early.
    await this.#reading?.catch(() => {});
    await this.#look();
    return this.#items;
  }

  /**
   * Changes the list. `edit` may run several times, and must not change what it is given.
   *
   * @throws {MemoryError} `unavailable` when the store is away; `overloaded` when others change the note all the time;
   * whatever `edit` throws.
   */
  change<R>(edit: (items: readonly T[]) => Edit<T, R>): Promise<R> {
    // One after the other: those of one process would only get into each other's way.
    const changed = this.#changing.then(() => this.#change(edit));
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #change<R>(edit: (items: readonly T[]) => Edit<T, R>): Promise<R> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      await this.#load();
      const before = this.#text, { items, result } = edit(this.#items);
      if (items === null) return result;
      const after = JSON.stringify(items);
      if (after === before || await this.#notes.changeNote(this.#name, before, after)) {
        this.#take(after, items);
        return result;
      }
    }
    throw new MemoryError("overloaded", `Cannot change ${this.#name}: others change it all the time`, {
      retryAfterSeconds: 1,
    });
  }

  #look(): Promise<void> {
    return this.#reading ??= this.#load().finally(() => this.#reading = null);
  }

  async #load(): Promise<void> {
    const text = await this.#notes.note(this.#name);
    if (text === this.#text) this.#readAt = this.#clock();
    else this.#take(text, text === null ? [] : this.#parse(text));
  }

  #take(text: string | null, items: readonly T[]): void {
    this.#text = text;
    this.#items = items;
    this.#readAt = this.#clock();
  }

  #parse(text: string): T[] {
    try {
      return this.#schema.parse(JSON.parse(text));
    } catch (cause) {
      throw new MemoryError("internal", `Cannot read the note ${this.#name}: it was written by another version`, {
        cause,
      });
    }
  }
}
