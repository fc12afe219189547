/**
 * A queue with two lanes: queries, which someone is waiting for, overtake passages.
 *
 * @module
 */

import type { TextKind } from "./provider.ts";

/**
 * Turns of queries in a row while a passage waits. Without a limit a steady stream of searches would keep writes waiting
 * for ever; at 4 they still get a fifth of the model.
 */
const QUERIES_IN_A_ROW = 4;

/** First in, first out in each lane; queries first, but never so long that passages starve. */
export class Lanes<T> {
  readonly #lanes: Record<TextKind, Fifo<T>> = { query: new Fifo<T>(), passage: new Fifo<T>() };
  #row = 0;

  /** Items waiting. */
  get size(): number {
    return this.#lanes.query.size + this.#lanes.passage.size;
  }

  push(kind: TextKind, item: T): void {
    this.#lanes[kind].push(item);
  }

  /** Puts an item back that was begun: it is the next of its lane. */
  putBack(kind: TextKind, item: T): void {
    this.#lanes[kind].unshift(item);
  }

  /** Takes the next item. */
  next(): T | undefined {
    return this.nextBatch(1)[0];
  }

  /** Takes the next items, all of one lane; none when nothing waits. */
  nextBatch(most: number): T[] {
    const { query, passage } = this.#lanes;
    const kind = query.size > 0 && (passage.size === 0 || this.#row < QUERIES_IN_A_ROW) ? "query" : "passage";
    this.#row = kind === "query" ? this.#row + 1 : 0;
    const lane = this.#lanes[kind];
    return Array.from({ length: Math.min(most, lane.size) }, () => lane.shift()!);
  }

  /** Takes everything that waits. */
  drain(): T[] {
    const items: T[] = [];
    for (let item = this.next(); item !== undefined; item = this.next()) items.push(item);
    return items;
  }
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

  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item;
    else this.#items.unshift(item);
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
