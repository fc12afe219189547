/**
 * Tools about how memories relate: typed links, newer facts in place of older ones, and contradictions.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { compactBlock, countOf } from "../memory/compact.ts";
import { fact, framed } from "../memory/framing.ts";
import { MemoryKey, type ShortKey } from "../memory/schemas.ts";
import { DEFAULT_ANSWER_TOKENS, estimateTokens, fit } from "../memory/sizing.ts";
import { contradictions, ContradictionsInput, ContradictionsOutput } from "../operations/contradictions.ts";
import {
  addRelation,
  type RelationChange,
  relations,
  RelationsInput,
  RelationsOutput,
  RelationType,
  removeRelation,
} from "../operations/relation.ts";
import { reinstate, supersede, SupersedeInput, SupersedeOutput } from "../operations/supersede.ts";
import { MemoryResult, memoryResult } from "./fields.ts";
import { comparedHead, Sized, sizeItems, sizeMemories, Sizing } from "./sizes.ts";
import { defineTool } from "./tool.ts";

/** create, delete and get are the newest Python version's names. */
const Action = z.enum(["add", "remove", "list", "create", "delete", "get"]);

export const relationTool = defineTool({
  name: "relation",
  title: "Link memories",
  description: "Typed links between memories: add or remove one from content_hash to target_hash, or list those of " +
    "content_hash in both directions, up to depth links far.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.object({
    action: Action.describe("add, remove or list."),
    content_hash: MemoryKey,
    target_hash: MemoryKey.optional().describe("The other memory; for add and remove."),
    relation_type: RelationType.optional(),
    depth: RelationsInput.shape.depth,
    ...Sizing,
  }),
  output: z.object({
    success: z.boolean().optional(),
    message: z.string().optional(),
    source: z.string().optional(),
    target: z.string().optional(),
    relation_type: z.string().nullable().optional(),
    content_hash: z.string().optional(),
    relations: RelationsOutput.shape.relations.optional(),
    memories: z.array(MemoryResult.extend({ depth: z.int().optional() })).optional(),
    count: z.int().optional(),
    ...Sized,
  }),
  aliases: { id: "content_hash", hash: "content_hash", memory_id: "content_hash", type: "relation_type" },
  strict: true,
  compact: linksText,
  async run(runtime, { action, target_hash, detail, max_tokens, ...input }): Promise<RelationAnswer> {
    if (action === "list" || action === "get") {
      const { memories, truncated, relations: links, ...found } = await relations(runtime, input);
      const budget = max_tokens ?? DEFAULT_ANSWER_TOKENS;
      // Half at most, and what they leave is for the memories.
      const { items: shown, omitted } = fit(links.map((link) => [() => link]), Math.floor(budget / 2));
      const { items, ...left } = sizeMemories(
        memories.map(({ depth, ...memory }) => ({ ...memoryResult(memory), depth })),
        { detail, max_tokens: budget - estimateTokens(JSON.stringify(shown)) },
      );
      const isShort = truncated || omitted > 0;
      return { ...found, relations: shown, memories: items, ...left, ...(isShort ? { truncated: true } : {}) };
    }
    if (target_hash === undefined) {
      throw new MemoryError("invalid_input", `Cannot run relation: target_hash is required to ${action}`, {
        field: "target_hash",
      });
    }
    const { content_hash, relation_type } = input;
    if (action === "remove" || action === "delete") {
      return await removeRelation(runtime, { content_hash, target_hash, relation_type });
    }
    return await addRelation(runtime, { content_hash, target_hash, relation_type: relation_type ?? "relates_to" });
  },
});

function linksText(
  { message, source, target, content_hash, relations: found = [], memories = [], count = found.length, ...left }:
    LinksShown,
  short: ShortKey,
): string {
  if (content_hash === undefined) return `${message}: ${short(source ?? "")} to ${short(target ?? "")}`;
  const links = found.map(({ source, target, relation_type }) => {
    return `${short(source)} ${fact(relation_type)} ${short(target)}`;
  });
  const head = [
    count === 0
      ? `No relations of ${short(content_hash)}`
      : `${found.length < count ? `${found.length} of ` : ""}${countOf(count, "relation")}: ${links.join("; ")}`,
    ...left.omitted ? [`${left.omitted} memories omitted to keep within max_tokens`] : [],
    ...left.how ? [left.how] : left.truncated ? ["there are more"] : [],
  ];
  return framed(head.join("; "), memories.map((memory) => compactBlock(memory, { short })));
}

/** The answer in either form, as far as its text shows it. */
interface LinksShown {
  message?: string | undefined;
  source?: string | undefined;
  target?: string | undefined;
  content_hash?: string | undefined;
  relations?: RelationsOutput["relations"] | undefined;
  count?: number | undefined;
  memories?: MemoryResult[] | undefined;
  omitted?: number | undefined;
  truncated?: boolean | undefined;
  how?: string | undefined;
}

type RelationAnswer =
  | RelationChange
  | (Omit<RelationsOutput, "memories" | "truncated"> & {
    memories: MemoryResult[];
    omitted?: number;
    truncated?: boolean;
  });

export const supersedeTool = defineTool({
  name: "memory_supersede",
  title: "Replace a memory by a newer one",
  description:
    "Mark memory old_id as replaced by new_id, for facts that changed. Store the new one first. The old one " +
    "stays readable with the dates it held; searches leave it out. With reinstate and no new_id, old_id is current again.",
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    old_id: MemoryKey.describe("The outdated memory's id."),
    new_id: MemoryKey.optional().describe("The id of what holds now; required but for reinstate."),
    reinstate: z.boolean().default(false).describe("Take it back: make old_id current again."),
    reason: SupersedeInput.shape.reason,
    valid_until: SupersedeInput.shape.valid_until,
  }),
  output: SupersedeOutput,
  aliases: { old_hash: "old_id", new_hash: "new_id" },
  core: ["old_id", "new_id"],
  compact: ({ superseded, superseded_by, valid_from_iso, valid_until_iso }, short) =>
    superseded_by === null
      ? `${short(superseded)} is current`
      : `${short(superseded)} is superseded by ${short(superseded_by)}; it held from ${
        valid_from_iso.slice(0, 10)
      } to ${valid_until_iso?.slice(0, 10) ?? "now"}`,
  async run(runtime, { old_id, new_id, reinstate: isTakenBack, reason, valid_until }) {
    if (isTakenBack && new_id === undefined) return await reinstate(runtime, { content_hash: old_id });
    if (!isTakenBack && new_id !== undefined) {
      return await supersede(runtime, { content_hash: old_id, new_hash: new_id, reason, valid_until });
    }
    throw new MemoryError(
      "invalid_input",
      `Cannot run memory_supersede: ${
        isTakenBack ? "give new_id or reinstate, not both" : "new_id is required, unless reinstate is true"
      }`,
      { field: "new_id", value: new_id },
    );
  },
});

export const contradictionsTool = defineTool({
  name: "memory_contradictions",
  title: "List contradictions",
  description: "Pairs of memories that can't both hold, with the evidence: linked by contradicts, or alike but for a " +
    "negation or numbers. Resolve one with memory_supersede, or link it by relates_to if both hold.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({ ...ContradictionsInput.shape, ...Sizing }),
  output: ContradictionsOutput.extend({
    pairs: z.array(ContradictionsOutput.shape.pairs.element.extend({ first: MemoryResult, second: MemoryResult })),
    ...Sized,
  }),
  async run(runtime, { detail, max_tokens, ...input }) {
    const { pairs, ...found } = await contradictions(runtime, input);
    const { items, ...left } = sizeItems(pairs, { detail, max_tokens }, ({ first, second, ...pair }, form) => {
      const [a, b] = sizeMemories([memoryResult(first), memoryResult(second)], { detail: form }).items;
      return { first: a!, second: b!, ...pair };
    });
    return { pairs: items, ...found, ...left };
  },
  compact: ({ pairs, ...facts }, short) => {
    const found = pairs.length === 0
      ? "No contradictions"
      : `${countOf(pairs.length, "pair")}, the older of each first`;
    return framed(
      comparedHead(found, "pairs", facts),
      pairs.flatMap(({ first, second, evidence }, i) => {
        const why = evidence.map(({ kind, detail }) => `${kind} ${fact(detail)}`);
        const pair = `pair ${i + 1}`;
        return [compactBlock(first, { more: [pair, ...why], short }), compactBlock(second, { more: [pair], short })];
      }),
    );
  },
});
