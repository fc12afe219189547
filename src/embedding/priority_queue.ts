/**
 * A queue with lanes: queries, which someone is waiting for, overtake passages, and passages of which little was run
 * overtake those of which much was, so that a long text never keeps a short one of another client waiting.
 *
 * @module
 */

import type { TextKind } from "./provider.ts";

/**
 * Turns of a lane in a row while one behind it waits. Without a limit a steady stream of searches would keep writes
 * waiting for ever, and one of short texts the long ones; at 4 those behind still get a fifth of the model, and among
 * passages share it lane by lane.
 */
const TURNS_IN_A_ROW = 4;

/** Runs after which all passages are in one lane: more than any text needs. */
const MOST_RUNS = 2 ** 16;

/**
 * First in, first out in each lane. Queries go first, then passages by the number of their runs so far, in lanes of 0,
 * 1, 2 to 3, 4 to 7 and so on: a multilevel feedback queue, in which nothing starves.
 */
export class PriorityQueue<T> {
  readonly #queries = new Fifo<T>();
  readonly #passages = Array.from({ length: laneOf(MOST_RUNS) + 1 }, () => new Fifo<T>());
  #waitingPassages = 0;
  #queryRow = 0;
  #shortRow = 0;
  /** The lane that was served last while one before it waited. */
  #behind = 0;

  /** Items waiting. */
  get size(): number {
    return this.#queries.size + this.#waitingPassages;
  }

  /** @param runs How often the text's item was run before, or its place among the items of one text. */
  push(kind: TextKind, item: T, runs = 0): void {
    if (kind === "query") return this.#queries.push(item);
    this.#waitingPassages++;
    this.#passages[laneOf(Math.min(runs, MOST_RUNS))]!.push(item);
  }

  /** Takes the next item. */
  next(): T | undefined {
    return this.nextBatch(1)[0];
  }

  /** Takes the next items, either queries or passages; none when nothing waits. */
  nextBatch(most: number): T[] {
    const ofQueries = this.#queries.size > 0 && (this.#waitingPassages === 0 || this.#queryRow < TURNS_IN_A_ROW);
    this.#queryRow = ofQueries ? this.#queryRow + 1 : 0;
    if (ofQueries) return Array.from({ length: Math.min(most, this.#queries.size) }, () => this.#queries.shift()!);
    return Array.from({ length: Math.min(most, this.#waitingPassages) }, () => this.#nextPassage());
  }

  /** Takes everything that waits. */
  drain(): T[] {
    const items: T[] = [];
    for (let item = this.next(); item !== undefined; item = this.next()) items.push(item);
    return items;
  }

  #nextPassage(): T {
    const [first, ...others] = this.#passages.keys().filter((lane) => this.#passages[lane]!.size > 0);
    const ofShort = this.#shortRow < TURNS_IN_A_ROW || others.length === 0;
    this.#shortRow = ofShort && others.length > 0 ? this.#shortRow + 1 : 0;
    if (!ofShort) this.#behind = others.find((lane) => lane > this.#behind) ?? others[0]!;
    this.#waitingPassages--;
    return this.#passages[ofShort ? first! : this.#behind]!.shift()!;
  }
}

function laneOf(runs: number): number {
  return Math.floor(Math.log2(runs + 1));
}

/** An array whose head moves, so that taking from a long queue doesn't shift all of it. */
class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
