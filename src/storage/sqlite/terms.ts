/**
 * Index terms by number, and the compact form in which a memory's terms are kept.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { analyse, asks, speakerOf } from "../../memory/text.ts";
import { prepareRows, rowsOf } from "./database.ts";
import { escapeText, unescapeText } from "./escape.ts";
import type { Pacer } from "./pacer.ts";

/** Terms read from the database in one go. */
const TERMS_AT_ONCE = 2000;

/** In front of a term that says who speaks; no text has it in a word. */
const SPEAKER_MARK = "\u0001";
/** Stands among the terms of a text that ends by asking. */
export const ASKING = "\u0002";

/** The term that marks texts whose speaker is named by `term`. */
export function speakerTerm(term: string): string {
  return `${SPEAKER_MARK}${term}`;
}

/**
 * How often each term occurs in a text, in order of first occurrence. Features that the ranking needs stand among them
 * as terms that occur 0 times: they cost a posting, count nothing, and need no column of their own.
 */
export function indexTerms(content: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of analyse(content)) counts.set(term, (counts.get(term) ?? 0) + 1);
  for (const name of speakerOf(content)) counts.set(speakerTerm(name), 0);
  if (asks(content)) counts.set(ASKING, 0);
  return counts;
}

/** Numbers as LEB128: seven bits a byte, lowest first, the high bit set on all but the last. */
export function encodeNumbers(numbers: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let number of numbers) {
    for (; number > 127; number = Math.floor(number / 128)) bytes.push(number & 127 | 128);
    bytes.push(number);
  }
  return Uint8Array.from(bytes);
}

/** The numbers that `encodeNumbers` was given. */
export function decodeNumbers(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let number = 0, factor = 1;
  for (const byte of bytes) {
    number += (byte & 127) * factor;
    if (byte > 127) factor *= 128;
    else {
      numbers.push(number);
      number = 0;
      factor = 1;
    }
  }
  return numbers;
}

/** The terms this process knows. Numbers are those of the `terms` table; terms are never dropped. */
export class TermNumbers {
  #numbers = new Map<string, number>();
  #last = 0;

  /** 0 when no memory has ever had the term. */
  find(term: string): number {
    return this.#numbers.get(term) ?? 0;
  }

  /** Takes over terms that a committed transaction has added. */
  adopt(added: ReadonlyMap<string, number>): void {
    for (const [term, number] of added) this.#numbers.set(term, number);
  }

  /** Reads the terms that were added since the last call, by whatever process. */
  async follow(reader: DatabaseSync, pacer: Pacer): Promise<void> {
    const next = prepareRows(reader, "SELECT number, term FROM terms WHERE number > ? ORDER BY number LIMIT ?");
    for (;;) {
      const rows = rowsOf(next, this.#last, TERMS_AT_ONCE);
      for (const [number, term] of rows) this.#numbers.set(unescapeText(String(term)), Number(number));
      if (rows.length > 0) this.#last = Number(rows[rows.length - 1]![0]);
      if (rows.length < TERMS_AT_ONCE) return;
      await pacer.pause();
    }
  }
}

/** Gives terms their numbers within a transaction. */
export class TermWriter {
  readonly #known: TermNumbers;
  readonly #insert;
  readonly #select;

  constructor(known: TermNumbers, writer: DatabaseSync) {
    this.#known = known;
    this.#insert = writer.prepare("INSERT INTO terms (term) VALUES (?) ON CONFLICT DO NOTHING");
    this.#select = writer.prepare("SELECT number FROM terms WHERE term = ?");
  }

  /**
   * Pairs of number and frequency.
   *
   * @param added Takes the terms that were new, to be adopted once the transaction is committed.
   */
  pairs(counts: ReadonlyMap<string, number>, added: Map<string, number>): number[] {
    const pairs: number[] = [];
    for (const [term, count] of counts) {
      let number = this.#known.find(term) || added.get(term);
      if (!number) added.set(term, number = this.#number(term));
      pairs.push(number, count);
    }
    return pairs;
  }

  #number(term: string): number {
    const kept = escapeText(term);
    const { changes, lastInsertRowid } = this.#insert.run(kept);
    return Number(changes === 1 ? lastInsertRowid : this.#select.get(kept)!.number);
  }
}
