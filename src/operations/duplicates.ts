/**
 * CheckResult memories that say the same, with the evidence.
 *
 * @module
 */

import { z } from "zod";
import { unify } from "../memory/fold.ts";
import type { Memory } from "../memory/memory.ts";
import { Instant, MAX_QUERY_LENGTH, Threshold } from "../memory/schemas.ts";
import { analyse } from "../memory/text.ts";
import { previewOf } from "./matching.ts";
import { TimeSlice } from "../yielding.ts";
import { memoriesOf } from "./candidate_memories.ts";
import { type Neighbour, neighbourhoods, NEIGHBOURS } from "./neighbours.ts";
import type { Runtime } from "./runtime.ts";
import { modelKnown, noticeOf, SWITCHED } from "./vectors.ts";

/** Memories read at once. */
const AT_ONCE = 50;

export const DuplicatesInput = z.object({
  similarity_threshold: Threshold.default(0.95).describe("Least cosine of two memories that count as near."),
  word_threshold: Threshold.default(0.6).describe("Least share of words they must have in common besides."),
  limit: z.int().min(1).max(5000).default(500).describe("Memories to look at, newest first."),
  created_before: Instant.nullish().describe("Start here instead of at the newest: next_before of the answer before."),
  near: z.boolean().default(true).describe(
    "Whether near duplicates count, not only the same text in other case or blanks.",
  ),
  keep: z.enum(["newest", "oldest", "longest"]).default("newest").describe("Which of a group to keep."),
});
export type DuplicatesInput = z.infer<typeof DuplicatesInput>;

const Member = z.object({
  content_hash: z.string(),
  preview: z.string(),
  tags: z.array(z.string()),
  created_at: z.number(),
});

export const DuplicatesOutput = z.object({
  groups: z.array(z.object({
    canonical_hash: z.string().describe("The memory to keep."),
    canonical: Member,
    duplicates: z.array(Member.extend({
      kind: z.enum(["exact", "near"]).describe(
        "exact: the same text but for case and blanks; near: by vector and words.",
      ),
      similarity: z.number().nullable().describe("Cosine with the memory it was found by."),
      shared_words: z.number().describe("Share of words in common with it, 0 to 1."),
      found_by: z.string().describe("content_hash of that memory."),
    })),
  })),
  total_groups: z.int(),
  total_duplicates: z.int(),
  scanned: z.int().describe("Memories looked at; each was compared with the whole store."),
  next_before: z.number().nullable().describe("Pass as created_before to look at older ones; null at the end."),
  notice: z.string().nullable().describe("Says when near duplicates could not be looked for among all memories."),
});
export type DuplicatesOutput = z.infer<typeof DuplicatesOutput>;

interface Pair {
  found: Memory;
  by: Memory;
  kind: "exact" | "near";
  similarity: number | null;
  shared_words: number;
}

/** Groups of memories that say the same. Changes nothing. */
export async function findDuplicates(runtime: Runtime, input: DuplicatesInput): Promise<DuplicatesOutput> {
  const pairs: Pair[] = [], timeSlice = new TimeSlice();
  await modelKnown(runtime);
  let scanned = 0, before = input.created_before ?? undefined, ended = false, isIgnored = false;
  while (scanned < input.limit && !ended) {
    const filter = { superseded: false, ...(before === undefined ? {} : { created_before: before }) };
    const limit = Math.min(AT_ONCE, input.limit - scanned);
    const { memories, total } = await runtime.storage.list({ filter, offset: 0, limit });
    for await (
      const { memory, near, ignored } of neighbourhoods(runtime, memories, input.similarity_threshold, total)
    ) {
      isIgnored ||= ignored;
      pairs.push(...await pairsOf(memory, near ?? await alikeByWords(runtime, memory), input, timeSlice));
    }
    scanned += memories.length;
    ended = memories.length < limit;
    before = memories.at(-1)?.created_at ?? before;
  }
  const groups = grouped(pairs, input.keep);
  return {
    groups,
    total_groups: groups.length,
    total_duplicates: groups.reduce((sum, { duplicates }) => sum + duplicates.length, 0),
    scanned,
    next_before: ended ? null : before ?? null,
    notice: input.near ? await nearNotice(runtime, isIgnored) : null,
  };
}

/** What keeps near memories from being found; null when nothing does. */
export async function nearNotice(runtime: Runtime, ignored: boolean): Promise<string | null> {
  return noticeOf(ignored ? SWITCHED : await runtime.health.coverage.notice(runtime.storage));
}

/** Without vectors, the memories that share most words are compared instead. */
async function alikeByWords({ storage }: Runtime, { content, content_hash }: Memory): Promise<Alike[]> {
  const { candidates } = await storage.candidates({
    // As much as a query may hold; each further word would cost a pass over the memories that have it.
    text: content.slice(0, MAX_QUERY_LENGTH),
    vector: null,
    filter: { superseded: false },
    limit: NEIGHBOURS,
  });
  const others = await memoriesOf(storage, candidates);
  return others.flatMap((memory) =>
    memory === null || memory.content_hash === content_hash ? [] : [{ memory, score: null, comparison: {} }]
  );
}

/** What may say the same as another memory; a null score where words alone were compared. */
type Alike = Omit<Neighbour, "score"> & { score: number | null };

async function pairsOf(
  by: Memory,
  alike: readonly Alike[],
  { word_threshold, near: nearToo }: DuplicatesInput,
  timeSlice: TimeSlice,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  let words: ReadonlySet<string> | undefined, text: string | undefined;
  for (const { memory: found, score, comparison } of alike) {
    await timeSlice.yieldIfDue();
    comparison.exact ??= normalised(found.content) === (text ??= normalised(by.content));
    const { exact } = comparison;
    if (!exact && (!nearToo || score === null)) continue;
    await timeSlice.yieldIfDue();
    const shared_words = exact
      ? 1
      : comparison.shared_words ??= shared(words ??= new Set(analyse(by.content)), found.content);
    if (shared_words < word_threshold) continue;
    pairs.push({ found, by, kind: exact ? "exact" : "near", similarity: score, shared_words });
  }
  return pairs;
}

/** Pairs joined into groups; each memory is in one at most. */
function grouped(pairs: readonly Pair[], keep: DuplicatesInput["keep"]): DuplicatesOutput["groups"] {
  const parents = new Map<string, string>(), memories = new Map<string, Memory>();
  const rootOf = (hash: string): string => {
    let root = hash;
    for (let parent = parents.get(root); parent !== undefined && parent !== root; parent = parents.get(root)) {
      root = parent;
    }
    // The next walk from here is short.
    parents.set(hash, root);
    return root;
  };
  const evidence = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const { found, by } = pair;
    memories.set(found.content_hash, found).set(by.content_hash, by);
    parents.set(rootOf(found.content_hash), rootOf(by.content_hash));
    for (const { content_hash } of [found, by]) evidence.getOrInsertComputed(content_hash, () => []).push(pair);
  }
  const groups = new Map<string, Memory[]>();
  for (const memory of memories.values()) {
    const root = rootOf(memory.content_hash), group = groups.get(root);
    if (group === undefined) groups.set(root, [memory]);
    else group.push(memory);
  }
  return Array.from(groups.values(), (group) => {
    const [canonical, ...rest] = group.sort(PREFERRED[keep]) as [Memory, ...Memory[]];
    const duplicates = rest.map((memory) => {
      const hash = memory.content_hash;
      const ties = evidence.get(hash)!;
      // What ties it to the memory to keep says most; it may be tied to that one through another only.
      const best = ties.find(({ found, by }) =>
        [found, by].some((end) => end.content_hash === canonical.content_hash)
      ) ?? ties[0]!;
      const found_by = best.by.content_hash === hash ? best.found.content_hash : best.by.content_hash;
      const { kind, similarity, shared_words } = best;
      return { ...memberOf(memory), kind, similarity, shared_words, found_by };
    });
    return { canonical_hash: canonical.content_hash, canonical: memberOf(canonical), duplicates };
  });
}

const PREFERRED: Record<DuplicatesInput["keep"], (a: Memory, b: Memory) => number> = {
  newest: (a, b) => b.created_at - a.created_at,
  oldest: (a, b) => a.created_at - b.created_at,
  longest: (a, b) => b.content.length - a.content.length || b.created_at - a.created_at,
};

function memberOf({ content_hash, content, tags, created_at }: Memory): z.infer<typeof Member> {
  return { content_hash, preview: previewOf(content), tags, created_at };
}

function normalised(content: string): string {
  return unify(content).trim().toLowerCase().replace(/\s+/g, " ");
}

/** Words in both, as a share of the words in either. */
function shared(words: ReadonlySet<string>, content: string): number {
  const others = new Set(analyse(content));
  const both = words.intersection(others).size, either = words.union(others).size;
  return either === 0 ? 0 : both / either;
}
