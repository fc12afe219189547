/**
 * Making one memory of several that say the same. What is merged away goes to the trash, from where it can be restored.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import type { Memory, Metadata } from "../memory/memory.ts";
import { metadataFault } from "../memory/metadata.ts";
import { MemoryKey, MemoryView, viewOf } from "../memory/schemas.ts";
import { BulkOutput } from "./bulk_delete.ts";
import { DuplicatesInput, DuplicatesOutput, findDuplicates } from "./duplicates.ts";
import { deletedEvents, updatedEvents } from "./event_types.ts";
import { notFound } from "./get.ts";
import { fullKeys } from "./keys.ts";
import { retryConflicts } from "./retry_conflicts.ts";
import type { Runtime } from "./runtime.ts";
import type { Relation } from "../storage/contract/relations.ts";
import { SUPERSEDES } from "./supersede.ts";

/** Links that are taken over at most. */
const MAX_LINKS = 10_000;

export const MergeInput = z.object({
  canonical_hash: MemoryKey.describe("The memory to keep."),
  duplicate_hashes: z.array(MemoryKey).min(1).max(100).describe("The memories to merge into it."),
  reason: z.string().max(256).default("Merged by deduplication"),
  dry_run: z.boolean().default(false).describe("Only say what would come of it."),
});
export type MergeInput = z.infer<typeof MergeInput>;

export const MergeOutput = z.object({
  success: z.boolean(),
  message: z.string(),
  affected_count: z.int().describe("Memories merged away."),
  dry_run: z.boolean(),
  memory: MemoryView.describe("The kept memory after the merge, or as it would be."),
  before: z.object({ tags: z.array(z.string()), created_at: z.number() })
    .describe("What it had before, for a way back beside restoring the others from the trash."),
  merged: z.array(z.string()),
  not_found: z.array(z.string()),
});
export type MergeOutput = z.infer<typeof MergeOutput>;

/**
 * Gives the kept memory all tags of the others, the earliest creation time and the metadata it lacks, and moves the
 * others to the trash. Where one of them had taken its place, it is current again, and it takes the place of what they
 * had replaced. What changes meanwhile is read again, so that no change is lost, and that of two that are merged into
 * each other at the same moment one stays.
 *
 * @throws {MemoryError} `not_found` for the memory to keep; `refused` when it is one of those to merge; `conflict` when
 * others change them again and again.
 */
export async function mergeDuplicates(runtime: Runtime, input: MergeInput): Promise<MergeOutput> {
  const { dry_run } = input;
  const [canonical_hash, ...named] = await fullKeys(runtime, [input.canonical_hash, ...input.duplicate_hashes], {
    field: (index) => index === 0 ? "canonical_hash" : `duplicate_hashes.${index - 1}`,
  }) as [string, ...string[]];
  const hashes = [...new Set(named)];
  if (hashes.includes(canonical_hash)) {
    throw new MemoryError("refused", `Cannot merge memory ${canonical_hash} into itself`, {
      field: "duplicate_hashes",
    });
  }
  const [canonical, ...found] = await runtime.storage.getByHash([canonical_hash, ...hashes]);
  if (!canonical) throw notFound("merge into", canonical_hash);
  const others = found.filter((memory) => memory !== null);
  const replaced = await isReplacedByOne(runtime, canonical, others.map(({ content_hash }) => content_hash));
  let memory = mergedOf(canonical, patchOf(canonical, others, replaced));
  let merged = others.map(({ content_hash }) => content_hash);
  if (!dry_run && merged.length > 0) {
    const reason = `merged into ${canonical_hash}: ${input.reason}`;
    ({ memory, merged } = await mergeAll(runtime, canonical, others, reason));
    const changed = ["tags", "created_at", "metadata", ...(replaced ? ["superseded_by"] : [])];
    runtime.events.publish(...updatedEvents([memory], changed), ...deletedEvents(merged));
    runtime.activity.changed("merge", [canonical_hash, ...merged], input.reason, merged.length);
  }
  return {
    success: merged.length > 0,
    message: `${dry_run ? "Would merge" : "Merged"} ${merged.length} memories into ${canonical_hash}`,
    affected_count: merged.length,
    dry_run,
    memory: viewOf(memory),
    before: { tags: canonical.tags, created_at: canonical.created_at },
    merged,
    not_found: hashes.filter((_, i) => found[i] === null),
  };
}

/** Merges memories as they were read, and what has become of them meanwhile. */
async function mergeAll(
  runtime: Runtime,
  canonical: Memory,
  others: Memory[],
  reason: string,
): Promise<{ memory: Memory; merged: string[] }> {
  const { storage } = runtime, { content_hash } = canonical, merged: string[] = [];
  let kept: Memory | null | undefined = canonical, left = others;
  return await retryConflicts("merge into", content_hash, async () => {
    if (!kept) throw notFound("merge into", content_hash);
    const gone = [...merged, ...left.map((other) => other.content_hash)];
    const replaced = await isReplacedByOne(runtime, kept, gone), { superseded } = kept;
    const memory = left.length > 0 || replaced
      ? await storage.updateUnchanged(kept, patchOf(kept, left, replaced), runtime.now())
      : kept;
    if (memory !== null && memory !== "conflict") {
      if (replaced) await storage.unrelate([{ source: superseded!.by, target: content_hash, type: SUPERSEDES }]);
      const trashing = { at: Date.now() / 1000, reason }, links = await replacedByThem(runtime, left);
      const moved = await storage.trashUnchanged(left, trashing, { successor: content_hash });
      merged.push(...left.filter((_, i) => moved[i]).map((other) => other.content_hash));
      const taken = links.filter(({ source, target }) => merged.includes(source) && target !== content_hash);
      await storage.relate(taken.map((link) => ({ ...link, source: content_hash })));
      left = left.filter((_, i) => !moved[i]);
    }
    const [again, ...others] = await storage.getByHash([content_hash, ...left.map((other) => other.content_hash)]);
    [kept, left] = [again, others.filter((other) => other !== null)];
    if (memory === null || memory === "conflict" || left.length > 0) return null;
    // Until it went, one of the others could take the place of the kept memory, which would then be hidden with it.
    return kept && await isReplacedByOne(runtime, kept, merged) ? null : { memory, merged };
  });
}

/** Links from memories that are about to be merged to those whose place they took. */
async function replacedByThem({ storage }: Runtime, others: readonly Memory[]): Promise<Relation[]> {
  const hashes = others.map(({ content_hash }) => content_hash);
  const links = await storage.relations({ hashes, types: [SUPERSEDES], limit: MAX_LINKS });
  return links.filter(({ source }) => hashes.includes(source));
}

/** Whether the chain of memories that took the place of one another leads from this one to one of those. */
async function isReplacedByOne({ storage }: Runtime, memory: Memory, hashes: readonly string[]): Promise<boolean> {
  const seen = new Set([memory.content_hash]);
  let by = memory.superseded?.by;
  while (by !== undefined && !seen.has(by)) {
    if (hashes.includes(by)) return true;
    seen.add(by);
    by = (await storage.getByHash([by]))[0]?.superseded?.by;
  }
  return false;
}

/** What the kept memory takes over: of metadata, what has room within the limits. */
interface Takeover {
  add_tags: string[];
  created_at: number;
  metadata: Metadata;
  /** Given where one of the others had taken the place of the kept memory. */
  superseded?: null;
}

function mergedOf(canonical: Memory, { add_tags, created_at, metadata, superseded }: Takeover): Memory {
  const tags = [...new Set([...canonical.tags, ...add_tags])];
  const { superseded: before, ...kept } = canonical, still = superseded === null ? undefined : before;
  return {
    ...kept,
    tags,
    created_at,
    metadata: { ...metadata, ...canonical.metadata },
    ...(still && { superseded: still }),
  };
}

function patchOf(canonical: Memory, others: readonly Memory[], replaced: boolean): Takeover {
  let metadata: Metadata = {};
  for (const other of others) {
    const lacked = Object.entries(other.metadata).filter(([key]) =>
      !Object.hasOwn(canonical.metadata, key) && !Object.hasOwn(metadata, key)
    );
    // Merging many memories makes no metadata that a client couldn't have stored.
    const more = { ...metadata, ...Object.fromEntries(lacked) };
    if (metadataFault({ ...canonical.metadata, ...more }, { isNew: true }) === null) metadata = more;
  }
  return {
    add_tags: [...new Set(others.flatMap(({ tags }) => tags))],
    created_at: Math.min(canonical.created_at, ...others.map(({ created_at }) => created_at)),
    metadata,
    ...(replaced && { superseded: null }),
  };
}

export const CleanupInput = DuplicatesInput.extend({
  near: z.boolean().default(false).describe(
    "Merge near duplicates too, not only the same text in other case or blanks.",
  ),
  dry_run: z.boolean().default(false).describe("Only list what would be merged."),
});
export type CleanupInput = z.infer<typeof CleanupInput>;

export const CleanupOutput = BulkOutput.extend({ groups: DuplicatesOutput.shape.groups.optional() });
export type CleanupOutput = z.infer<typeof CleanupOutput>;

/** Merges each group of duplicates into the one to keep: those of the same text, and near ones when asked. */
export async function cleanUpDuplicates(runtime: Runtime, input: CleanupInput): Promise<CleanupOutput> {
  const operation = "cleanup_duplicates";
  const found = await findDuplicates(runtime, input);
  const { groups } = found, besides = found.notice === null ? "" : `. ${found.notice}`;
  if (groups.length === 0) {
    return { success: false, message: `No duplicate memories found${besides}`, affected_count: 0, operation };
  }
  let affected_count = 0;
  for (const { canonical_hash, duplicates } of groups) {
    if (input.dry_run) {
      affected_count += duplicates.length;
      continue;
    }
    const duplicate_hashes = duplicates.map(({ content_hash }) => content_hash);
    const merge = { canonical_hash, duplicate_hashes, reason: "Merged by clean-up", dry_run: false };
    affected_count += (await mergeDuplicates(runtime, merge)).affected_count;
  }
  const message = input.dry_run
    ? `Would merge ${affected_count} duplicate memories`
    : `Successfully merged ${affected_count} duplicate memories; the trash keeps them`;
  return { success: true, message: message + besides, affected_count, operation, ...(input.dry_run ? { groups } : {}) };
}
