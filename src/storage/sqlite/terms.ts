/**
 * Index terms by number, and the compact form in which a memory's terms are kept.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { escapeText } from "../escape.ts";
import { FEATURES } from "../index_terms.ts";

/** Terms looked up or added between two pauses: a millisecond. */
const LOOKED_UP_AT_ONCE = 100;
/** Most terms at hand: nearly all occurrences are of the few thousand most frequent terms. */
const TERMS_AT_HAND = 20_000;

/** The number that stands for the features: no term has it. */
export const FEATURES_NUMBER = 0;

/** Numbers as LEB128: seven bits a byte, lowest first, the high bit set on all but the last. */
export function encodeNumbers(numbers: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let number of numbers) {
    for (; number > 127; number = Math.floor(number / 128)) bytes.push(number & 127 | 128);
    bytes.push(number);
  }
  return Uint8Array.from(bytes);
}

let decoded = new Uint32Array(1024);

/** The numbers that `encodeNumbers` was given, below 2³². The array is reused by the next call. */
export function decodeNumbers(bytes: Uint8Array): Uint32Array {
  if (decoded.length < bytes.length) decoded = new Uint32Array(bytes.length * 2);
  let count = 0, number = 0, factor = 1;
  for (const byte of bytes) {
    number += (byte & 127) * factor;
    if (byte > 127) factor *= 128;
    else {
      decoded[count++] = number;
      number = 0;
      factor = 1;
    }
  }
  return decoded.subarray(0, count);
}

/**
 * Numbers of terms. Recently used ones are at hand, others are looked up. A number is never given to another term, but a
 * term that was dropped may come back under a new number.
 */
export class TermNumbers {
  readonly #lookUp: (term: string) => number;
  #recent = new Map<string, number>();
  #older = new Map<string, number>();
  /** Terms that no memory had when they were looked up, since the last change of the database that was seen. */
  readonly #missing = new Set<string>();
  /** The counter `terms` by which the numbers at hand are known to be right. */
  #dropping = 0;

  /** @param lookUp Number of a term in the `terms` table, 0 when it isn't there. */
  constructor(lookUp: (term: string) => number) {
    this.#lookUp = lookUp;
  }

  /**
   * To be called when the database was changed, by whatever process: terms may have been added. Forgets the numbers at
   * hand when terms were dropped: `dropping` is the counter `terms` as it is now.
   */
  follow(dropping: number): void {
    this.#missing.clear();
    if (dropping === this.#dropping) return;
    this.#dropping = dropping;
    this.#recent.clear();
    this.#older.clear();
  }

  /** 0 when no memory has the term. */
  find(term: string): number {
    const known = this.cached(term);
    if (known !== 0 || this.#missing.has(term)) return known;
    const number = this.#lookUp(term);
    if (number !== 0) this.#keep(term, number);
    else if (this.#missing.size < TERMS_AT_HAND) this.#missing.add(term);
    return number;
  }

  /** 0 when the term isn't at hand. */
  cached(term: string): number {
    const recent = this.#recent.get(term);
    if (recent !== undefined) return recent;
    const older = this.#older.get(term) ?? 0;
    if (older !== 0) this.#keep(term, older);
    return older;
  }

  /** Takes over terms of a committed transaction. */
  adopt(added: ReadonlyMap<string, number>): void {
    for (const [term, number] of added) this.#keep(term, number);
  }

  #keep(term: string, number: number): void {
    this.#missing.delete(term);
    if (this.#recent.size >= TERMS_AT_HAND / 2) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(term, number);
  }
}

/** Looks terms up in the `terms` table. */
export function termLookUp(connection: DatabaseSync): (term: string) => number {
  const select = connection.prepare("SELECT number FROM terms WHERE term = ?");
  return (term) => Number(select.get(escapeText(term))?.number ?? 0);
}

/** Gives terms their numbers within a transaction. */
export class TermWriter {
  readonly #known: TermNumbers;
  readonly #dropping;
  readonly #insert;
  readonly #lookUp;

  constructor(known: TermNumbers, writer: DatabaseSync) {
    this.#known = known;
    this.#dropping = writer.prepare("SELECT value FROM counters WHERE name = 'terms'");
    this.#insert = writer.prepare("INSERT INTO terms (term) VALUES (?)");
    this.#lookUp = termLookUp(writer);
  }

  /** To be called first in a transaction: another process may have dropped terms. */
  begin(): void {
    this.#known.follow(Number(this.#dropping.get()!.value));
  }

  /**
   * Pairs of number and frequency, in front of them a pair of `FEATURES_NUMBER` and the features where there are some.
   * Yields where other work may run: a long text has tens of thousands of terms.
   *
   * @param added Takes the terms that weren't at hand, to be adopted once the transaction is committed.
   */
  *pairs(counts: ReadonlyMap<string, number>, added: Map<string, number>): Generator<void, number[]> {
    const pairs: number[] = [];
    let lookedUp = 0;
    for (const [term, count] of counts) {
      if (term === FEATURES) {
        pairs.push(FEATURES_NUMBER, count);
        continue;
      }
      let number = this.#known.cached(term) || added.get(term);
      if (!number) {
        number = this.#lookUp(term) || Number(this.#insert.run(escapeText(term)).lastInsertRowid);
        added.set(term, number);
        if (++lookedUp % LOOKED_UP_AT_ONCE === 0) yield;
      }
      pairs.push(number, count);
    }
    return pairs;
  }
}
