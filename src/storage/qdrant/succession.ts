/**
 * Lets go of what deleted memories had replaced, and replaces it again when they are back. No transaction spans several
 * points: each memory concerned is changed on its own, while it is as it was read.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { Memory, Supersession } from "../../memory/memory.ts";
import type { Replaced } from "../contract/trash.ts";
import { released, replacedAgain, replacedBy, successorOf } from "../succession.ts";
import type { Collection } from "./collection.ts";
import { MEMORY_FIELDS, memoryOf } from "./layout.ts";
import { partsOf, type Records, tries } from "./records.ts";
import type { Tenancy } from "./tenancy.ts";

/** Hashes in one request, and points in one answer. */
const HASHES_AT_ONCE = 500, POINTS_AT_ONCE = 500;

/** What memories had replaced, by their content_hash. */
export type Plan = ReadonlyMap<string, Replaced>;

/** Keeps the memories of one space that others have replaced. */
export class Succession {
  readonly #collection: Collection;
  readonly #records: Records;
  readonly #tenancy: Tenancy;

  constructor(collection: Collection, records: Records, tenancy: Tenancy) {
    this.#tenancy = tenancy;
    this.#collection = collection;
    this.#records = records;
  }

  /**
   * What memories that are about to be deleted have replaced.
   *
   * @param given What takes their place; null for what had replaced each of them.
   */
  async plan(hashes: readonly string[], given: string | null = null): Promise<Plan> {
    const plan = new Map<string, Replaced>();
    for (const part of partsOf([...new Set(hashes)], HASHES_AT_ONCE)) {
      const memories = await this.#replacedBy(part);
      if (memories.length === 0) continue;
      const concerned = [...new Set(memories.map(({ superseded }) => superseded!.by))];
      const gone = await this.#read(concerned);
      const others = await this.#read([...gone.values()].flatMap(({ superseded }) => superseded?.by ?? given ?? []));
      for (const hash of concerned) {
        const by = successorOf(
          gone.get(hash) ?? { content_hash: hash },
          given,
          (other) => others.has(other) && !hashes.includes(other),
        );
        const replaced = replacedBy(by, memories.filter(({ superseded }) => superseded!.by === hash));
        if (replaced !== null) plan.set(hash, replaced);
      }
    }
    return plan;
  }

  /** Carries a plan out for those memories that were deleted. */
  async release(plan: Plan, deleted: readonly string[]): Promise<void> {
    for (const hash of deleted) {
      const { by, memories } = plan.get(hash) ?? { by: null, memories: [] };
      for (const { hash: older } of memories) {
        await this.#change(older, (memory) => memory.superseded?.by === hash ? released(memory, by) : undefined);
      }
    }
  }

  /** Brings memories up to date that are back, and what they had replaced. */
  async restored(hashes: readonly string[], plan: Plan): Promise<void> {
    const memories = await this.#read(hashes);
    const successors = await this.#read([...memories.values()].flatMap(({ superseded }) => superseded?.by ?? []));
    for (const [hash, { superseded }] of memories) {
      if (superseded === undefined || successors.has(superseded.by)) continue;
      await this.#change(hash, (memory) => memory.superseded?.by === superseded.by ? null : undefined);
    }
    for (const [hash, replaced] of plan) {
      for (const { hash: older } of replaced.memories) {
        if (await this.#isReplacedBy(hash, older)) continue;
        await this.#change(older, (memory) => replacedAgain(memory, hash, replaced));
      }
    }
  }

  /** Whether what replaced a memory, and that in turn, leads to another: with that replaced too, all would be hidden. */
  async #isReplacedBy(start: string, end: string): Promise<boolean> {
    const seen = new Set<string>();
    for (let at: string | undefined = start; at !== undefined && !seen.has(at);) {
      if (at === end) return true;
      seen.add(at);
      at = (await this.#read([at])).get(at)?.superseded?.by;
    }
    return false;
  }

  /** Changes what a memory is replaced by, if it is there; `change` gives undefined where it is to stay. */
  async #change(hash: string, change: (memory: Memory) => Supersession | null | undefined): Promise<void> {
    for await (const _ of tries(`update the memory ${hash}`)) {
      const memory = (await this.#read([hash])).get(hash);
      const superseded = memory && change(memory);
      if (memory === undefined || superseded === undefined) return;
      const changed = await this.#records.updateUnchanged(memory, { superseded }, memory.updated_at, null);
      if (changed !== "conflict") return;
    }
  }

  /** Memories that are replaced by one of these. */
  async #replacedBy(hashes: readonly string[]): Promise<Memory[]> {
    const memories: Memory[] = [];
    let offset: Schemas["ScrollResult"]["next_page_offset"] | undefined;
    do {
      const { points, next_page_offset } = await this.#collection.read<Schemas["ScrollResult"]>(
        "read memories",
        (api, to, init) =>
          api.scrollPoints({
            ...to,
            filter: { must: [{ key: "superseded.by", match: { any: [...hashes] } }, ...this.#tenancy.conditions] },
            limit: POINTS_AT_ONCE,
            with_payload: MEMORY_FIELDS,
            with_vector: false,
            ...(offset == null ? {} : { offset }),
          }, init),
      );
      memories.push(...points.map(({ payload }) => memoryOf(payload ?? {})));
      offset = next_page_offset;
    } while (offset != null);
    return memories;
  }

  /** Memories by content_hash, those that are there. */
  async #read(hashes: readonly string[]): Promise<Map<string, Memory>> {
    const payloads = await this.#records.payloads(
      hashes.flatMap((hash) => this.#tenancy.idOf(hash) ?? []),
      MEMORY_FIELDS,
    );
    return new Map(
      [...payloads.values()].map(memoryOf).filter(({ content_hash }) => hashes.includes(content_hash))
        .map((memory) => [memory.content_hash, memory]),
    );
  }
}
