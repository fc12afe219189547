/**
 * A queue with two lanes: queries, which someone is waiting for, overtake passages.
 *
 * @module
 */

import type { TextKind } from "./provider.ts";

/**
 * Queries served in a row while a passage waits. Without a limit a steady stream of searches would keep writes waiting
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

  /** Lane of the next item; undefined when nothing waits. */
  nextKind(): TextKind | undefined {
    const { query, passage } = this.#lanes;
    if (query.size > 0 && (passage.size === 0 || this.#row < QUERIES_IN_A_ROW)) return "query";
    return passage.size > 0 ? "passage" : undefined;
  }

  /** Takes the next item. */
  next(): T | undefined {
    const kind = this.nextKind();
    if (kind === undefined) return undefined;
    this.#row = kind === "query" ? this.#row + 1 : 0;
    return this.#lanes[kind].shift();
  }

  /** The first item of a lane, left in place. */
  peek(kind: TextKind): T | undefined {
    return this.#lanes[kind].peek();
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

  peek(): T | undefined {
    return this.#items[this.#head];
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
