/**
 * The order of turns in conversations, for the turns around a candidate. Orders are kept; a count per conversation tells
 * whether another replica added or removed turns.
 *
 * @module
 */

import type { CandidateSource } from "./source.ts";

/** Milliseconds after which the count is asked for, and after which an order is no longer believed. */
const UNCHECKED_MS = 2000, KEPT_MS = 60_000;
/** Turns whose order is kept, over all conversations. */
const MAX_TURNS = 50_000;
/** Turns of one conversation that are looked at; in a longer one the latest. */
const MAX_LENGTH = 10_000;
/** Turns that are asked for without knowing how many there are. */
const FIRST_LENGTH = 256;

interface Order {
  ids: readonly string[];
  positions: Map<string, number>;
  /** Turns the store counts. */
  count: number;
  readAt: number;
  checkedAt: number;
}

/** Turns around a turn, nearest first. */
export interface Around {
  before: string[];
  after: string[];
}

/** Conversations of one store. */
export class Conversations {
  readonly #source: Pick<CandidateSource, "turns" | "countTurns">;
  #orders = new Map<string, Order>();
  #turns = 0;

  constructor(source: Pick<CandidateSource, "turns" | "countTurns">) {
    this.#source = source;
  }

  /** Takes note of turns that this process stored or deleted. */
  changed(conversations: Iterable<string | null>): void {
    for (const name of conversations) if (name !== null) this.#forget(name);
  }

  /** Those of which the order isn't known, or no longer. */
  unknown(names: ReadonlySet<string>): string[] {
    const now = performance.now();
    return [...names].filter((name) => !(now - (this.#orders.get(name)?.readAt ?? -Infinity) < KEPT_MS));
  }

  /** Takes over the turns of conversations, in order of time. */
  learn(turns: ReadonlyMap<string, readonly string[]>): void {
    const readAt = performance.now();
    for (const [name, ids] of turns) this.#keep(name, ids, ids.length, readAt);
    this.#dropOldest(turns);
  }

  /** Makes sure that the orders of these conversations are known. */
  async load(names: ReadonlySet<string>): Promise<void> {
    const long = await this.#read(this.unknown(names), () => FIRST_LENGTH);
    if (long.length === 0) return;
    const counts = await this.#source.countTurns(long);
    await this.#read(long, (name) => Math.min(MAX_LENGTH, counts.get(name) ?? 0) + 1, counts);
  }

  /**
   * Reads those orders again that another replica changed, for the searches after this one. It runs beside other calls: a
   * search goes on with the order that was known.
   */
  async check(names: ReadonlySet<string>): Promise<void> {
    const now = performance.now();
    const unchecked = [...names].filter((name) => !(now - (this.#orders.get(name)?.checkedAt ?? now) < UNCHECKED_MS));
    if (unchecked.length === 0) return;
    for (const name of unchecked) this.#orders.get(name)!.checkedAt = now; // so that no other search asks as well
    const counts = await this.#source.countTurns(unchecked);
    for (const name of unchecked) if (this.#orders.get(name)?.count !== (counts.get(name) ?? 0)) this.#forget(name);
  }

  /** Turns around one, at most `count` on each side. */
  around(name: string, id: string, count: number): Around {
    const order = this.#orders.get(name), at = order?.positions.get(id);
    if (order === undefined || at === undefined) return { before: [], after: [] };
    return {
      before: order.ids.slice(Math.max(0, at - count), at).reverse(),
      after: order.ids.slice(at + 1, at + 1 + count),
    };
  }

  /**
   * Reads orders and keeps them; gives the conversations that are longer than `limitOf` says.
   *
   * @param counts Turns of each where they are known; otherwise all turns are in the answer or it isn't kept.
   */
  async #read(
    names: string[],
    limitOf: (name: string) => number,
    counts?: ReadonlyMap<string, number>,
  ): Promise<string[]> {
    if (names.length === 0) return [];
    const readAt = performance.now();
    const answers = await this.#source.turns(names.map((name) => ({ name, limit: limitOf(name) })));
    const long: string[] = [];
    names.forEach((name, i) => {
      const ids = answers[i]!;
      if (counts === undefined && ids.length === limitOf(name)) return void long.push(name);
      this.#keep(name, ids, counts?.get(name) ?? ids.length, readAt);
    });
    this.#dropOldest(new Set(names));
    return long;
  }

  #keep(name: string, ids: readonly string[], count: number, readAt: number): void {
    this.#forget(name);
    const positions = new Map(ids.map((id, position) => [id, position]));
    this.#orders.set(name, { ids, positions, count, readAt, checkedAt: readAt });
    this.#turns += ids.length;
  }

  /** Makes room, but not of those that a search is about to use. */
  #dropOldest(used: { has(name: string): boolean }): void {
    for (const oldest of this.#orders.keys()) {
      if (this.#turns <= MAX_TURNS || used.has(oldest)) break;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    this.#turns -= this.#orders.get(name)?.ids.length ?? 0;
    this.#orders.delete(name);
  }
}
