/**
 * Tools that find and merge memories that say the same.
 *
 * @module
 */

import { z } from "zod";
import { compactBlock, countOf, withShortKeys } from "../memory/compact.ts";
import { fact, framed } from "../memory/framing.ts";
import { Instant, isoTime, type ShortKey } from "../memory/schemas.ts";
import { DuplicatesInput, DuplicatesOutput, findDuplicates } from "../operations/duplicates.ts";
import { mergeDuplicates, MergeInput } from "../operations/merge_duplicates.ts";
import { comparedHead, Sized, sizeItems, Sizing } from "./sizes.ts";
import { defineTool } from "./tool.ts";

const STRATEGIES = { keep_newest: "newest", keep_oldest: "oldest", keep_longest: "longest" } as const;

const Group = DuplicatesOutput.shape.groups.element;
type Group = z.infer<typeof Group>;
type Member = Group["canonical"];

export const findDuplicatesTool = defineTool({
  name: "find_duplicates",
  title: "Find duplicates",
  description: "Groups of memories that say the same, with the evidence and the one to keep. Changes nothing; " +
    "merge_duplicates merges a group.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    similarity_threshold: DuplicatesInput.shape.similarity_threshold,
    limit: DuplicatesInput.shape.limit,
    strategy: z.enum(["keep_newest", "keep_oldest", "keep_longest"]).default("keep_newest"),
    created_before: Instant.optional().describe("next_before of the answer before, to look at older memories."),
    ...Sizing,
  }),
  output: DuplicatesOutput.extend({
    groups: z.array(z.object({
      canonical_hash: z.string(),
      canonical: Group.shape.canonical.partial(),
      duplicates: z.array(Group.shape.duplicates.element.partial()),
    })),
    ...Sized,
  }),
  aliases: { threshold: "similarity_threshold", n_results: "limit" },
  async run(runtime, { strategy, detail, max_tokens, ...input }) {
    const keep = STRATEGIES[strategy], { word_threshold, near } = DuplicatesInput.parse({});
    const { groups, ...found } = await findDuplicates(runtime, { ...input, word_threshold, near, keep });
    const { items, ...left } = sizeItems(groups, { detail, max_tokens }, (group, form) => {
      return form === "ids" ? keysOf(group) : group;
    });
    return { groups: items, ...found, ...left };
  },
  compact: ({ groups, ...facts }, short) => {
    const found = groups.length === 0
      ? "No duplicates"
      : `${countOf(groups.length, "group")}, of each first the memory to keep`;
    return framed(
      comparedHead(found, "groups", facts),
      groups.flatMap(({ canonical_hash, canonical, duplicates }, i) => [
        memberBlock({ ...canonical, content_hash: canonical_hash }, [`group ${i + 1}`, "keep"], short),
        ...duplicates.map(({ kind, similarity, ...member }) =>
          memberBlock({ ...member, content_hash: member.content_hash ?? "" }, [
            `group ${i + 1}`,
            ...kind ? [kind] : [],
            ...similarity == null ? [] : [`similarity ${similarity.toFixed(2)}`],
          ], short)
        ),
      ]),
    );
  },
});

/** A member of a group, as far as there was room for it. */
type Shown = { [K in keyof Member]?: Member[K] | undefined } & { content_hash: string };

function memberBlock({ preview, created_at, ...member }: Shown, more: string[], short: ShortKey) {
  const created_at_iso = created_at === undefined ? undefined : isoTime(created_at);
  return compactBlock({ ...member, content: preview, created_at_iso }, { more, short });
}

function keysOf({ canonical_hash, duplicates }: Group) {
  return {
    canonical_hash,
    canonical: {},
    duplicates: duplicates.map(({ content_hash, kind, similarity }) => ({ content_hash, kind, similarity })),
  };
}

export const mergeDuplicatesTool = defineTool({
  name: "merge_duplicates",
  title: "Merge duplicates",
  description: "Keep one memory of several that say the same: it takes over their tags, metadata and earliest date; " +
    "the others go to the trash. Try dry_run first.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.object(MergeInput.shape),
  output: z.object({
    success: z.boolean(),
    message: z.string(),
    affected_count: z.int(),
    dry_run: z.boolean(),
    tags: z.array(z.string()).describe("The kept memory's tags after the merge."),
    merged: z.array(z.string()),
    not_found: z.array(z.string()),
  }),
  strict: true,
  compact: ({ message, merged, not_found, tags }, short) =>
    [
      withShortKeys(message, short),
      ...merged.length === 0 ? [] : [`merged ${merged.map(short).join(", ")}`],
      ...not_found.length === 0 ? [] : [`not found ${not_found.map(short).join(", ")}`],
      `tags ${tags.map((tag) => fact(tag)).join(" ") || "none"}`,
    ].join("; "),
  async run(runtime, input) {
    const { success, message, affected_count, dry_run, memory, merged, not_found } = await mergeDuplicates(
      runtime,
      input,
    );
    return { success, message, affected_count, dry_run, tags: memory.tags, merged, not_found };
  },
});
