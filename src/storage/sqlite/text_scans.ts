/**
 * Conditions that only the rows can answer: text that a memory contains, values in its metadata. Long scans go in
 * steps, so that other work has its turn.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { fold } from "../../memory/fold.ts";
import type { Metadata } from "../../memory/memory.ts";
import { prepareRows, rowsOf, type Value } from "./database.ts";
import { escapeText } from "../escape.ts";
import type { TimeSlice } from "../../yielding.ts";

/** Row ids covered by one step, at most. */
const IDS_AT_ONCE = 2048;
/** Ids covered by one step where the full-text index has narrowed the rows, at most. */
const NARROWED_AT_ONCE = 8192;
/** Ids covered by the first step: memories may be long, so how many make a step shows while they are read. */
const IDS_AT_FIRST = 64;
/** Milliseconds that a step may take before the next one is smaller, and below which the next one is larger. */
const LONG_STEP = 8, SHORT_STEP = 2;

/** Words of a phrase. */
const MOST_WORDS = 8;

const WORD_CHARACTER = /[\p{L}\p{N}]/u;
const WORDS = /[\p{L}\p{N}]+/gu;
/** Characters whose place in a token isn't the same for every tokeniser: marks, private use, unassigned. */
const DOUBTFUL = /[\p{M}\p{C}]/u;
/** Whether a content holds a folded text. SQLite's own lower() is faster and right for ASCII alone. */
const CONTAINS =
  "instr(CASE octet_length(m.content) WHEN length(m.content) THEN lower(m.content) ELSE fold(m.content) END, ?) > 0";

/** Scans over the rows of one database. */
export class TextScans {
  readonly #reader: DatabaseSync;

  constructor(reader: DatabaseSync) {
    this.#reader = reader;
    addFold(reader);
  }

  /** Ids of memories that contain `text`, both folded. */
  async findText(text: string, timeSlice: TimeSlice): Promise<number[]> {
    const folded = fold(text), kept = escapeText(folded), phrase = wholeWords(folded);
    if (folded === "") return [];
    if (phrase === null) {
      const sql = `SELECT m.id FROM memories m WHERE m.id > ? AND m.id <= ? AND ${CONTAINS}`;
      return await this.#inSteps(sql, IDS_AT_ONCE, [kept], timeSlice);
    }
    const sql = "SELECT m.id FROM content_words w JOIN memories m ON m.id = w.rowid " +
      `WHERE w.rowid > ? AND w.rowid <= ? AND w.content_words MATCH ? AND ${CONTAINS}`;
    return await this.#inSteps(sql, NARROWED_AT_ONCE, [phrase, kept], timeSlice);
  }

  /** Ids of memories whose metadata has all the given values at its top level. */
  async withMetadata(wanted: Record<string, Value | boolean>, timeSlice: TimeSlice): Promise<number[]> {
    // Metadata is kept as JSON without blanks, so an equal value is written the same way; where it stands is checked
    // after parsing.
    const entries = Object.entries(wanted).map(([key, value]) => [key, JSON.stringify(value)] as const);
    const written = entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`);
    const sql = "SELECT m.id, m.metadata FROM memories m WHERE m.id > ? AND m.id <= ?" +
      " AND instr(m.metadata, ?) > 0".repeat(written.length);
    return await this.#inSteps(sql, IDS_AT_ONCE, written, timeSlice, ([, metadata]) => {
      const parsed = JSON.parse(String(metadata)) as Metadata;
      return entries.every(([key, value]) => Object.hasOwn(parsed, key) && JSON.stringify(parsed[key]) === value);
    });
  }

  /** Runs a query that takes a range of ids first, over all ids, in steps of at most `largest`. */
  async #inSteps(
    sql: string,
    largest: number,
    parameters: Value[],
    timeSlice: TimeSlice,
    keep: (row: Value[]) => boolean = () => true,
  ): Promise<number[]> {
    const statement = prepareRows(this.#reader, sql), ids: number[] = [];
    const last = Number(rowsOf(prepareRows(this.#reader, "SELECT ifnull(max(id), 0) FROM memories"))[0]![0]);
    let step = Math.min(IDS_AT_FIRST, largest);
    for (let from = 0; from < last;) {
      const began = performance.now();
      for (const row of rowsOf(statement, from, from + step, ...parameters)) if (keep(row)) ids.push(Number(row[0]));
      from += step;
      const took = performance.now() - began;
      if (took > LONG_STEP) step = Math.max(1, step >> 1);
      else if (took < SHORT_STEP) step = Math.min(largest, step * 2);
      await timeSlice.yieldIfDue();
    }
    return ids;
  }
}

/** Gives SQL the function `fold`. */
export function addFold(connection: DatabaseSync): void {
  connection.function("fold", { deterministic: true }, (text) => fold(String(text)));
}

/**
 * The words that stand whole inside the folded `text`, as an FTS5 phrase that every memory containing it matches; null when
 * there is none. The first and the last word may be parts of longer ones, so they don't count unless something else
 * than a word is before or after them. Nothing but letters and digits gets into the phrase.
 */
export function wholeWords(text: string): string | null {
  if (DOUBTFUL.test(text)) return null;
  const words = text.match(WORDS) ?? [], characters = [...text];
  if (words.length > 0 && WORD_CHARACTER.test(characters[0]!)) words.shift();
  if (words.length > 0 && WORD_CHARACTER.test(characters.at(-1)!)) words.pop();
  // A few words narrow the rows as well as all; SQLite compares the places of each with those of the others.
  return words.length === 0 ? null : `"${words.slice(0, MOST_WORDS).join(" ")}"`;
}
