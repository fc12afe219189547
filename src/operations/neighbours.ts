/**
 * The nearest memories of each of many, for finding those that say the same and those that disagree. They are kept for a
 * while, with what a comparison of the texts found: pages ask for them again and again, and a text never changes under its
 * key. A newer memory isn't among those that are kept, but is compared with all when its own turn comes.
 *
 * @module
 */

import type { Disagreement } from "../memory/disagreement.ts";
import type { Memory } from "../memory/memory.ts";
import type { MemoryId } from "../storage/contract/memories.ts";
import { TimeSlice } from "../yielding.ts";
import { memoriesOf } from "./candidate_memories.ts";
import type { HealthRecord } from "./health/record.ts";
import type { Runtime } from "./runtime.ts";
import { nearest } from "./search_similar.ts";

/** Nearest memories looked at, the memory itself among them. */
export const NEIGHBOURS = 8;
/** Milliseconds for which they are kept; vectors that were missing may have come since. */
const KEPT_MS = 5 * 60_000;
/** Memories whose nearest are kept; some 500 bytes each. */
const MOST_KEPT = 5000;

/** What was found about two texts. */
export interface Comparison {
  /** The same but for case and blanks. */
  exact?: boolean;
  /** Words in both, as a share of the words in either. */
  shared_words?: number;
  disagreements?: Disagreement[];
}

/** A memory near to another one. */
export interface Neighbour {
  memory: Memory;
  /** Cosine of the two. */
  score: number;
  /** Filled in by who compares the two, and kept with them. */
  comparison: Comparison;
}

/** A memory and those near to it. */
export interface Neighbourhood {
  memory: Memory;
  /** Current ones, nearest first, without itself; null where it has no vectors, or the store didn't use them. */
  near: Neighbour[] | null;
  /** Whether the store serves vectors of another model. */
  ignored: boolean;
}

interface Kept {
  /** On `performance.now()`. */
  at: number;
  /** Current memories older than this one: more of them than before may be nearer, such as one that was restored. */
  older: number;
  near: { id: MemoryId; score: number; memory?: Memory; comparison: Comparison }[];
}

const kept = new WeakMap<HealthRecord, Map<string, Kept>>();

/**
 * The neighbours of each memory, in order.
 *
 * @param least The lowest cosine that counts.
 * @param total Where the memories are a page of current ones, newest first: how many there are from the first of them on.
 * Nothing is kept without it.
 */
export async function* neighbourhoods(
  runtime: Runtime,
  memories: readonly Memory[],
  least: number,
  total: number | null = null,
): AsyncGenerator<Neighbourhood> {
  const { storage } = runtime, timeSlice = new TimeSlice(), all = keptBy(runtime);
  const model = (await storage.activeModel())?.id ?? "", { read, write } = storage.scope;
  const keyOf = ({ content_hash }: Memory) => [write, read, model, content_hash].join("\n");
  const olderThan = (i: number) => total === null ? Infinity : total - i - 1;
  const unknown = memories.filter((memory, i) => !isFresh(all.get(keyOf(memory)), olderThan(i)))
    .map(({ content_hash }) => content_hash);
  const vectors = new Map((await storage.vectors(unknown)).map((set, i) => [unknown[i], set]));
  for (const [i, memory] of memories.entries()) {
    const { content_hash } = memory, key = keyOf(memory), before = all.get(key), older = olderThan(i);
    let found = isFresh(before, older) ? await presentOf(runtime, memory, before.near, least, true) : null;
    if (found !== null) before!.older = older;
    if (found === null) {
      const [set = null] = vectors.has(content_hash)
        ? [vectors.get(content_hash)]
        : await storage.vectors([content_hash]);
      const answer = set && await nearest(runtime, set, NEIGHBOURS);
      if (answer === null || answer.ignored) {
        yield { memory, near: null, ignored: answer !== null };
        continue;
      }
      const near = answer.found.slice(0, NEIGHBOURS).map((one) => ({ ...one, comparison: {} }));
      found = await presentOf(runtime, memory, near, least, false);
      if (total !== null) keep(all, key, older, near);
    }
    yield { memory, near: found, ignored: false };
    await timeSlice.yieldIfDue();
  }
}

/** Near memories as they are now; of those that were kept, null where one is gone or was replaced. */
async function presentOf(
  { storage }: Runtime,
  { content_hash }: Memory,
  near: Kept["near"],
  least: number,
  wereKept: boolean,
): Promise<Neighbour[] | null> {
  const wanted = near.filter(({ score }) => score >= least), memories = await memoriesOf(storage, wanted);
  if (wereKept && memories.some((memory) => memory === null || memory.superseded !== undefined)) return null;
  return wanted.flatMap(({ score, comparison }, i) => {
    const memory = memories[i];
    if (!memory || memory.superseded || memory.content_hash === content_hash) return [];
    return [{ memory, score, comparison }];
  });
}

function keptBy({ health }: Runtime): Map<string, Kept> {
  let all = kept.get(health);
  if (all === undefined) kept.set(health, all = new Map());
  return all;
}

function keep(all: Map<string, Kept>, key: string, older: number, near: Kept["near"]): void {
  all.delete(key);
  // The memories themselves change, and take room.
  all.set(key, {
    at: performance.now(),
    older,
    near: near.map(({ id, score, comparison }) => ({ id, score, comparison })),
  });
  if (all.size > MOST_KEPT) all.delete(all.keys().next().value!);
}

function isFresh(entry: Kept | undefined, older: number): entry is Kept {
  return entry !== undefined && older <= entry.older && performance.now() - entry.at < KEPT_MS;
}
