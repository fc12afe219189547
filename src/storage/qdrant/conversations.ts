/**
 * The order of turns in conversations, for the turns around a candidate. Orders are kept; a count per conversation tells
 * whether another replica added or removed turns.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { Collection } from "./collection.ts";

/** Milliseconds for which an order is believed without asking for the count, and at all. */
const UNCHECKED_MS = 2000, KEPT_MS = 60_000;
/** Turns whose order is kept, over all conversations. */
const MAX_TURNS = 200_000;
/** Turns of one conversation that are looked at; in a longer one the latest. */
const MAX_LENGTH = 10_000;

interface Order {
  ids: string[];
  positions: Map<string, number>;
  /** Turns the server counts. */
  count: number;
  readAt: number;
  checkedAt: number;
}

/** Turns around a turn, nearest first. */
export interface Around {
  before: string[];
  after: string[];
}

/** Conversations of one collection. Names are as stored. */
export class Conversations {
  readonly #collection: Collection;
  #orders = new Map<string, Order>();
  #turns = 0;

  constructor(collection: Collection) {
    this.#collection = collection;
  }

  /** Takes note of turns that this process stored or deleted. */
  changed(conversations: Iterable<string | null>): void {
    for (const name of conversations) if (name !== null) this.#forget(name);
  }

  /** Makes sure that the orders of these conversations are known. */
  async load(names: ReadonlySet<string>): Promise<void> {
    const now = performance.now();
    const unchecked = [...names].filter((name) =>
      !(now - (this.#orders.get(name)?.checkedAt ?? -Infinity) < UNCHECKED_MS)
    );
    if (unchecked.length === 0) return;
    const { hits } = await this.#collection.read<Schemas["FacetResponse"]>("count turns", (api, to, init) =>
      api.facet({
        ...to,
        key: "conversation_id",
        limit: unchecked.length,
        exact: true,
        filter: { must: [{ key: "conversation_id", match: { any: unchecked } }] },
      }, init));
    const counts = new Map(hits.map(({ value, count }) => [String(value), count]));
    const stale = unchecked.filter((name) => {
      const order = this.#orders.get(name);
      if (order !== undefined && order.count === counts.get(name) && now - order.readAt < KEPT_MS) {
        order.checkedAt = now;
        return false;
      }
      return true;
    });
    if (stale.length > 0) await this.#read(stale, counts, now);
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

  async #read(names: string[], counts: Map<string, number>, now: number): Promise<void> {
    const answers = await this.#collection.read<Schemas["QueryResponse"][]>(
      "read turns",
      (api, to, init) =>
        api.queryBatchPoints({
          ...to,
          searches: names.map((name) => ({
            query: { order_by: { key: "created_at", direction: "desc" as const } },
            filter: { must: [{ key: "conversation_id", match: { value: name } }] },
            limit: Math.min(MAX_LENGTH, (counts.get(name) ?? 0) + 1),
            with_payload: false,
          })),
        }, init),
    );
    names.forEach((name, i) => {
      this.#forget(name);
      const ids = answers[i]!.points.map(({ id }) => String(id)).reverse();
      const positions = new Map(ids.map((id, position) => [id, position]));
      this.#orders.set(name, { ids, positions, count: counts.get(name) ?? 0, readAt: now, checkedAt: now });
      this.#turns += ids.length;
    });
    for (const oldest of this.#orders.keys()) {
      if (this.#turns <= MAX_TURNS || names.includes(oldest)) break;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    this.#turns -= this.#orders.get(name)?.ids.length ?? 0;
    this.#orders.delete(name);
  }
}
