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
import { type Reach, within } from "./reach.ts";
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
  readonly #hasMost: (space: number) => boolean;

  /** @param hasMost Whether a space has most of the store's memories; only how fast it is read depends on that. */
  constructor(reader: DatabaseSync, hasMost: (space: number) => boolean) {
    this.#reader = reader;
    this.#hasMost = hasMost;
    addFold(reader);
  }

  /** Ids of memories in reach that contain `text`, both folded. */
  async findText(text: string, reach: Reach, timeSlice: TimeSlice): Promise<number[]> {
    const folded = fold(text), kept = escapeText(folded), phrase = wholeWords(folded);
    if (folded === "") return [];
    if (phrase === null) {
      const sql = (from: string, inSpace: string) => `SELECT m.id FROM ${from} WHERE ${inSpace} AND ${CONTAINS}`;
      return await this.#inSteps(sql, IDS_AT_ONCE, [kept], reach, timeSlice);
    }
    // The full-text index has the rows of all spaces; it narrows them by their words.
    const { sql: inReach, parameters } = within("m.space", reach);
    const sql = () =>
      "SELECT m.id FROM content_words w JOIN memories m ON m.id = w.rowid " +
      `WHERE w.rowid > ? AND w.rowid <= ? AND w.content_words MATCH ? AND ${inReach} AND ${CONTAINS}`;
    return await this.#inSteps(sql, NARROWED_AT_ONCE, [phrase, ...parameters, kept], null, timeSlice);
  }

  /** Ids of memories in reach whose metadata has all the given values at its top level. */
  async withMetadata(
    wanted: Record<string, Value | boolean>,
    reach: Reach,
    timeSlice: TimeSlice,
  ): Promise<number[]> {
    // Metadata is kept as JSON without blanks, so an equal value is written the same way; where it stands is checked
    // after parsing.
    const entries = Object.entries(wanted).map(([key, value]) => [key, JSON.stringify(value)] as const);
    const written = entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`);
    const sql = (from: string, inSpace: string) =>
      `SELECT m.id, m.metadata FROM ${from} WHERE ${inSpace}` + " AND instr(m.metadata, ?) > 0".repeat(written.length);
    return await this.#inSteps(sql, IDS_AT_ONCE, written, reach, timeSlice, ([, metadata]) => {
      const parsed = JSON.parse(String(metadata)) as Metadata;
      return entries.every(([key, value]) => Object.hasOwn(parsed, key) && JSON.stringify(parsed[key]) === value);
    });
  }

  /**
   * Runs a query over the rows in reach, in steps of at most `largest`.
   *
   * @param sql The query, given its table and the condition that takes a range of ids, the first parameters.
   */
  async #inSteps(
    sql: (from: string, inRange: string) => string,
    largest: number,
    parameters: Value[],
    reach: Reach,
    timeSlice: TimeSlice,
    keep: (row: Value[]) => boolean = () => true,
  ): Promise<number[]> {
    const ids: number[] = [];
    for (const space of reach ?? [null]) {
      await this.#inRanges(sql, largest, parameters, space, timeSlice, (row) => keep(row) && ids.push(Number(row[0])));
    }
    return ids;
  }

  /** As `#inSteps`, over one space, or over all of them. */
  async #inRanges(
    sql: (from: string, inRange: string) => string,
    largest: number,
    parameters: Value[],
    space: number | null,
    timeSlice: TimeSlice,
    take: (row: Value[]) => void,
  ): Promise<void> {
    const range = "m.id > ? AND m.id <= ?", spaces = space === null ? [] : [space];
    // Where a space has most of the rows, they are read in their order, not one by one by way of the index.
    const isMost = space === null || this.#hasMost(space);
    const statement = prepareRows(
      this.#reader,
      space === null
        ? sql("memories m", range)
        : isMost
        ? sql("memories m", `${range} AND +m.space = ?`)
        : sql("memories m INDEXED BY memories_by_space", `${range} AND m.space = ?`),
    );
    const end = isMost ? null : prepareRows(
      this.#reader,
      "SELECT max(id) FROM (SELECT id FROM memories INDEXED BY memories_by_space WHERE space = ? AND id > ? LIMIT ?)",
    );
    const last = Number(rowsOf(prepareRows(this.#reader, "SELECT ifnull(max(id), 0) FROM memories"))[0]![0]);
    let step = Math.min(IDS_AT_FIRST, largest);
    for (let from = 0; from < last;) {
      const began = performance.now(), to = end === null ? from + step : rowsOf(end, space, from, step)[0]![0]!;
      if (to === null) return;
      for (const row of rowsOf(statement, from, to, ...spaces, ...parameters)) take(row);
      from = Number(to);
      const took = performance.now() - began;
      if (took > LONG_STEP) step = Math.max(1, step >> 1);
      else if (took < SHORT_STEP) step = Math.min(largest, step * 2);
      await timeSlice.yieldIfDue();
    }
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
