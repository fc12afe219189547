/**
 * The memory filter in Qdrant's words.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { MemoryFilter } from "../../memory/memory.ts";
import { VALIDITY_KEYS } from "../../memory/validity.ts";
import { escapeText } from "../escape.ts";
import { factOf, RESERVED_ID, tagName, typeName } from "./layout.ts";

export type Filter = Schemas["Filter"];
export type Condition = Schemas["Condition"];

/**
 * Conditions a point must meet; empty when every memory passes. No memory field of the reserved point has a value that
 * any of them matches, so that only an empty list lets it through.
 *
 * @param complete Whether every memory has the fields that Unimem adds to those of the Python service.
 */
export function conditionsOf(filter: MemoryFilter, complete: boolean): Condition[] {
  const must: Condition[] = [];
  const { tags, memory_type, conversation_id, created_from, created_before, metadata } = filter;
  if (tags !== undefined) {
    if (tags.match === "any") must.push(named(tags.values, "tags", tagName));
    else for (const value of tags.values) must.push(named([value], "tags", tagName));
  }
  if (memory_type !== undefined) must.push(named([memory_type], "memory_type", typeName));
  if (conversation_id !== undefined) {
    must.push({ key: "conversation_id", match: { value: escapeText(conversation_id) } });
  }
  if (filter.role !== undefined) {
    const role: Condition = { key: "role", match: { value: filter.role } };
    const plain: Condition = { key: "metadata.role", match: { value: filter.role } };
    must.push(complete ? role : { should: [role, plain] });
  }
  if (created_from !== undefined || created_before !== undefined) {
    const range = {
      ...(created_from === undefined ? {} : { gte: created_from }),
      ...(created_before === undefined ? {} : { lt: created_before }),
    };
    must.push({ key: "created_at", range });
  }
  if (filter.superseded !== undefined) {
    const is: Condition = { key: "superseded.at", range: { gte: -Number.MAX_VALUE } };
    // The only condition that the reserved point would meet.
    must.push(filter.superseded ? is : { must_not: [is, { has_id: [RESERVED_ID] }] });
  }
  const { valid_at, unexpired_at, expired_by } = filter;
  const upTo = (key: string, time: number): Condition => ({ key, range: { lte: time } });
  if (valid_at !== undefined) {
    const from = `metadata.${VALIDITY_KEYS.valid_from}`;
    const without: Condition = {
      must_not: [{ key: from, range: { gte: -Number.MAX_VALUE } }],
      must: [upTo("created_at", valid_at)],
    };
    must.push({ should: [upTo(from, valid_at), without] }, {
      must_not: [
        upTo(`metadata.${VALIDITY_KEYS.valid_until}`, valid_at),
        upTo("superseded.at", valid_at),
        { has_id: [RESERVED_ID] },
      ],
    });
  }
  const expires = `metadata.${VALIDITY_KEYS.expires}`;
  if (unexpired_at !== undefined) must.push({ must_not: [upTo(expires, unexpired_at), { has_id: [RESERVED_ID] }] });
  if (expired_by !== undefined) must.push(upTo(expires, expired_by));
  if (filter.writer !== undefined) must.push({ key: "writer.name", match: { value: escapeText(filter.writer) } });
  if (filter.channel !== undefined) must.push({ key: "writer.channel", match: { value: filter.channel } });
  for (const [key, value] of Object.entries(metadata ?? {})) {
    const fact: Condition = { key: "facts", match: { value: factOf(key, value) } };
    const plain = complete ? null : plainCondition(key, value);
    must.push(plain === null ? fact : { should: [fact, plain] });
  }
  return must;
}

/**
 * That a memory has one of these names, folded or, as in what another program wrote since the collection was completed,
 * as they are.
 */
function named(names: readonly string[], key: "tags" | "memory_type", nameOf: (name: string) => string): Condition {
  return {
    should: [
      { key: "names", match: { any: names.map(nameOf) } },
      { key, match: { any: names.map(escapeText) } },
    ],
  };
}

/** The condition on the metadata itself, which is slower but needs no field of ours; null where Qdrant has no words for it. */
function plainCondition(key: string, value: string | number | boolean | null): Condition | null {
  if (!/^[\w-]+$/.test(key)) return null;
  const path = `metadata.${key}`;
  if (value === null) return { is_null: { key: path } };
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    return { key: path, range: { gte: value, lte: value } };
  }
  return { key: path, match: { value: typeof value === "string" ? escapeText(value) : value } };
}

/** The filter that demands all conditions; undefined without any. */
export function all(...conditions: Condition[]): Filter | undefined {
  return conditions.length === 0 ? undefined : { must: conditions };
}
