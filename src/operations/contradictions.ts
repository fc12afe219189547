/**
 * Pairs of memories that can't both hold: those marked as such, and near duplicates that differ in a negation or in
 * their numbers. A pair is resolved when one of the two is superseded or deleted, or when they are linked by a relation
 * of another type, such as `relates_to`.
 *
 * @module
 */

import { z } from "zod";
import { disagreements, type Statement, statementOf } from "../memory/disagreement.ts";
import type { Memory } from "../memory/memory.ts";
import { Instant, MemoryView, viewOf } from "../memory/schemas.ts";
import { TimeSlice } from "../yielding.ts";
import { cosineScale } from "../memory/relevance.ts";
import { nearNotice } from "./duplicates.ts";
import { neighbourhoods } from "./neighbours.ts";
import type { Runtime } from "./runtime.ts";
import { modelKnown } from "./vectors.ts";

/** Type of the relation that marks a pair. */
export const CONTRADICTS = "contradicts";

/** Least cosine of a pair on the bundled model's scale, and memories read at once. */
const NEAR = 0.7, AT_ONCE = 50;

export const ContradictionsInput = z.object({
  limit: z.int().min(1).max(100).default(20).describe("Most pairs to answer with, 1 to 100."),
  scan: z.int().min(0).max(2000).default(200).describe("Memories to compare with their neighbours, newest first."),
  created_before: Instant.nullish().describe("Start here instead of at the newest: next_before of the answer before."),
});
export type ContradictionsInput = z.infer<typeof ContradictionsInput>;

const Pair = z.object({
  first: MemoryView.describe("The older of the two."),
  second: MemoryView,
  similarity: z.number().nullable().describe("Cosine of the two; null when marked only."),
  evidence: z.array(z.object({ kind: z.enum(["marked", "negation", "numbers"]), detail: z.string() })),
});
type Pair = z.infer<typeof Pair>;

export const ContradictionsOutput = z.object({
  pairs: z.array(Pair),
  count: z.int(),
  scanned: z.int().describe("Memories compared with their neighbours."),
  next_before: z.number().nullable().describe("Pass as created_before to look at older ones; null at the end."),
  notice: z.string().nullable().describe("Says when memories could not all be compared with their neighbours."),
});
export type ContradictionsOutput = z.infer<typeof ContradictionsOutput>;

/** Unresolved contradictions, marked ones first. Changes nothing. */
export async function contradictions(runtime: Runtime, input: ContradictionsInput): Promise<ContradictionsOutput> {
  const pairs = new Map<string, Pair>();
  const searched = { ignored: false };
  if (input.created_before == null) await addMarked(runtime, pairs, input.limit);
  if (input.scan > 0) await modelKnown(runtime);
  let scanned = 0, before = input.created_before ?? undefined, ended = input.scan === 0;
  while (scanned < input.scan && !ended && pairs.size < input.limit) {
    const filter = { superseded: false, ...(before === undefined ? {} : { created_before: before }) };
    const limit = Math.min(AT_ONCE, input.scan - scanned);
    const { memories, total } = await runtime.storage.list({ filter, offset: 0, limit });
    const found = await conflictsAmong(runtime, memories, searched, total);
    for (const pair of found) if (!pairs.has(keyOf(pair))) pairs.set(keyOf(pair), pair);
    scanned += memories.length;
    ended = memories.length < limit;
    before = memories.at(-1)?.created_at ?? before;
  }
  const shown = [...pairs.values()].slice(0, input.limit);
  const notice = input.scan === 0 ? null : await nearNotice(runtime, searched.ignored);
  return { pairs: shown, count: shown.length, scanned, next_before: ended ? null : before ?? null, notice };
}

/** Unresolved pairs of some memories with their near duplicates; `total` as for `neighbourhoods`. */
export async function conflictsAmong(
  runtime: Runtime,
  memories: readonly Memory[],
  searched = { ignored: false },
  total: number | null = null,
): Promise<Pair[]> {
  const { slope, offset } = cosineScale(runtime.embeddings.serving?.identity ?? null, runtime.settings.cosineScales) ??
    { slope: 1, offset: 0 };
  const found: Pair[] = [], timeSlice = new TimeSlice();
  for await (const { memory, near, ignored } of neighbourhoods(runtime, memories, (NEAR - offset) / slope, total)) {
    searched.ignored ||= ignored;
    let own: Statement | undefined;
    for (const { memory: other, score, comparison } of near ?? []) {
      await timeSlice.yieldIfDue();
      if (comparison.disagreements === undefined) {
        own ??= statementOf(memory.content);
        await timeSlice.yieldIfDue();
        const its = statementOf(other.content), isFirst = inOrder(memory, other)[0] === memory;
        comparison.disagreements = isFirst ? disagreements(own, its) : disagreements(its, own);
      }
      const evidence = comparison.disagreements;
      if (evidence.length > 0) found.push(pairOf(memory, other, score, evidence));
    }
  }
  return await unjudged(runtime, found);
}

async function addMarked(runtime: Runtime, pairs: Map<string, Pair>, limit: number): Promise<void> {
  const marked = await runtime.storage.relations({ types: [CONTRADICTS], limit: 10 * limit });
  const ends = await runtime.storage.getByHash(marked.flatMap(({ source, target }) => [source, target]));
  const timeSlice = new TimeSlice();
  for (let i = 0; i < marked.length; i++) {
    const a = ends[2 * i], b = ends[2 * i + 1];
    if (!a || !b || a.superseded || b.superseded) continue;
    const [first, second] = inOrder(a, b);
    await timeSlice.yieldIfDue();
    const earlier = statementOf(first.content);
    await timeSlice.yieldIfDue();
    const found = disagreements(earlier, statementOf(second.content));
    const pair = pairOf(a, b, null, [{ kind: "marked", detail: "Marked as contradicting" }, ...found]);
    if (!pairs.has(keyOf(pair))) pairs.set(keyOf(pair), pair);
  }
}

/** Pairs without a relation: a link shows that they were looked at. */
async function unjudged(runtime: Runtime, pairs: Pair[]): Promise<Pair[]> {
  if (pairs.length === 0) return pairs;
  const hashes = [...new Set(pairs.flatMap(({ first, second }) => [first.content_hash, second.content_hash]))];
  const links = await runtime.storage.relations({ hashes, limit: 10_000 });
  const judged = new Set(
    links.filter(({ type }) => type !== CONTRADICTS).flatMap(({ source, target }) => {
      return [`${source} ${target}`, `${target} ${source}`];
    }),
  );
  return pairs.filter((pair) => !judged.has(keyOf(pair)));
}

function pairOf(a: Memory, b: Memory, similarity: number | null, evidence: Pair["evidence"]): Pair {
  const [first, second] = inOrder(a, b);
  return { first: viewOf(first), second: viewOf(second), similarity, evidence };
}

function inOrder(a: Memory, b: Memory): [Memory, Memory] {
  return a.created_at <= b.created_at ? [a, b] : [b, a];
}

const keyOf = ({ first, second }: Pair) => `${first.content_hash} ${second.content_hash}`;
