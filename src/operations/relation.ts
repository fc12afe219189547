/**
 * Typed links between memories: adding, removing, and walking along them.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { MemoryKey, MemoryView, viewOf } from "../memory/schemas.ts";
import type { Relation } from "../storage/contract/relations.ts";
import { notFound } from "./get.ts";
import { fullKey, fullKeys } from "./keys.ts";
import type { Runtime } from "./runtime.ts";
import { SUPERSEDES } from "./supersede.ts";

/** Most relations one answer holds, and most memories one walk visits. */
const MAX_RELATIONS = 500, MAX_VISITED = 200;

export const RelationType = z.string().trim().toLowerCase()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}_ -]{0,63}$/u, "must be 1 to 64 letters, digits, blanks, - or _")
  .describe("Kind of link, such as relates_to, precedes, supports or contradicts; in lower case.");

export const AddRelationInput = z.object({
  content_hash: MemoryKey.describe("The memory the link starts at."),
  target_hash: MemoryKey.describe("The memory it leads to."),
  relation_type: RelationType.default("relates_to"),
});
export type AddRelationInput = z.infer<typeof AddRelationInput>;

export const RelationChange = z.object({
  success: z.boolean().describe("Whether anything changed."),
  message: z.string(),
  source: z.string(),
  target: z.string(),
  relation_type: z.string().nullable(),
});
export type RelationChange = z.infer<typeof RelationChange>;

/**
 * Links a memory to another.
 *
 * @throws {MemoryError} `not_found` for either; `refused` for a link to itself and for `supersedes`.
 */
export async function addRelation(runtime: Runtime, input: AddRelationInput): Promise<RelationChange> {
  const type = input.relation_type, [source, target] = await endsOf(runtime, input);
  const refuse = (reason: string, field: string) => new MemoryError("refused", `Cannot relate ${reason}`, { field });
  if (source === target) throw refuse(`memory ${source} to itself`, "target_hash");
  if (type === SUPERSEDES) throw refuse(`by "${SUPERSEDES}": supersede the older memory instead`, "relation_type");
  const [outcome] = await runtime.storage.relate([{ source, target, type, created_at: runtime.now() }]);
  if (outcome === "missing") {
    const [from] = await runtime.storage.getByHash([source]);
    throw notFound("relate", from ? target : source);
  }
  const success = outcome === "added";
  if (success) runtime.activity.changed("update", [source, target], `relation ${type}`);
  const message = success ? `Added relation ${type}` : `The memories are related by ${type} already`;
  return { success, message, source, target, relation_type: type };
}

export const RemoveRelationInput = AddRelationInput.extend({
  relation_type: RelationType.nullish().describe("Kind of link to remove; every kind without it."),
});
export type RemoveRelationInput = z.infer<typeof RemoveRelationInput>;

/** Removes the links from a memory to another. */
export async function removeRelation(runtime: Runtime, input: RemoveRelationInput): Promise<RelationChange> {
  const relation_type = input.relation_type ?? null, [source, target] = await endsOf(runtime, input);
  // Types that an import brought before it normalised them are compared in lower case.
  const isMeant = ({ type }: Relation) => relation_type === null || type.toLowerCase() === relation_type;
  const between = (await runtime.storage.relations({ hashes: [source], limit: MAX_RELATIONS }))
    .filter((relation) => relation.source === source && relation.target === target && relation.type !== SUPERSEDES)
    .filter(isMeant);
  const removed = (await runtime.storage.unrelate(between)).filter(Boolean).length;
  if (removed > 0) runtime.activity.changed("update", [source, target], "relation removed");
  const message = removed > 0 ? `Removed ${removed} relations` : "There is no such relation";
  return { success: removed > 0, message, source, target, relation_type };
}

export const RelationsInput = z.object({
  content_hash: MemoryKey,
  relation_type: RelationType.nullish().describe("Follow only links of this kind."),
  depth: z.int().min(1).max(3).default(1).describe("Links to follow from the memory, 1 to 3."),
});
export type RelationsInput = z.infer<typeof RelationsInput>;

export const RelationsOutput = z.object({
  content_hash: z.string(),
  relations: z.array(z.object({
    source: z.string(),
    target: z.string(),
    relation_type: z.string(),
    direction: z.enum(["outgoing", "incoming"]).describe("Seen from the memory it was reached from."),
    depth: z.int().describe("Links between the memory asked for and the far end."),
    created_at: z.number(),
  })),
  memories: z.array(MemoryView.extend({ depth: z.int() })).describe("The memories reached, nearest first."),
  count: z.int().describe("Number of relations."),
  truncated: z.boolean().describe("Whether there were more than one answer holds."),
});
export type RelationsOutput = z.infer<typeof RelationsOutput>;

/**
 * The links of a memory in both directions, and those of the memories they lead to, down to `depth`.
 *
 * @throws {MemoryError} `not_found`.
 */
export async function relations(runtime: Runtime, input: RelationsInput): Promise<RelationsOutput> {
  const { relation_type, depth } = input, content_hash = await fullKey(runtime, input.content_hash);
  const [start] = await runtime.storage.getByHash([content_hash]);
  if (!start) throw notFound("list relations of", content_hash);
  const types = relation_type == null ? {} : { types: [relation_type] };
  const reached = new Map([[content_hash, 0]]), found = new Map<string, RelationsOutput["relations"][number]>();
  let truncated = false;
  for (let level = 1, frontier = new Set([content_hash]); level <= depth && frontier.size > 0; level++) {
    const next = new Set<string>(), limit = MAX_RELATIONS + 1;
    const links = await runtime.storage.relations({ hashes: [...frontier], ...types, limit });
    truncated ||= links.length === limit;
    for (const link of links) {
      const key = keyOf(link), outgoing = frontier.has(link.source), far = outgoing ? link.target : link.source;
      if (found.has(key)) continue;
      if (found.size >= MAX_RELATIONS || (reached.size > MAX_VISITED && !reached.has(far))) {
        truncated = true;
        continue;
      }
      const { source, target, type, created_at } = link,
        direction = outgoing ? "outgoing" as const : "incoming" as const;
      found.set(key, { source, target, relation_type: type, direction, depth: level, created_at });
      if (!reached.has(far)) reached.set(far, level), next.add(far);
    }
    frontier = next;
  }
  reached.delete(content_hash);
  const memories = (await runtime.storage.getByHash([...reached.keys()])).filter((memory) => memory !== null)
    .map((memory) => ({ ...viewOf(memory), depth: reached.get(memory.content_hash)! }));
  return { content_hash, relations: [...found.values()], memories, count: found.size, truncated };
}

/** The memories a link starts at and leads to. */
async function endsOf(
  runtime: Runtime,
  { content_hash, target_hash }: Pick<AddRelationInput, "content_hash" | "target_hash">,
): Promise<[source: string, target: string]> {
  return await fullKeys(runtime, [content_hash, target_hash], {
    field: (index) => index === 0 ? "content_hash" : "target_hash",
  }) as [string, string];
}

const keyOf = ({ source, type, target }: Relation) => `${source} ${target} ${type}`;
