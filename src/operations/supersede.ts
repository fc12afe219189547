/**
 * Replacing an older fact by a newer one. The older stays readable with the dates it held; searches and lists leave it
 * out by default.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { Instant, isoTime, MemoryKey } from "../memory/schemas.ts";
import { updatedEvents } from "./event_types.ts";
import { notFound } from "./get.ts";
import { fullKey, fullKeys } from "./keys.ts";
import { retryConflicts } from "./retry_conflicts.ts";
import type { Runtime } from "./runtime.ts";

/** Type of the relation from the newer memory to the older. */
export const SUPERSEDES = "supersedes";

export const SupersedeInput = z.object({
  content_hash: MemoryKey.describe("The older memory."),
  new_hash: MemoryKey.describe("The memory that takes its place."),
  reason: z.string().max(1000).refine((text) => text.isWellFormed() && !text.includes("\0"), "must be well-formed text")
    .default("").describe("Why, in a few words."),
  valid_until: Instant.nullish()
    .describe("When the older fact ceased to hold; by default when the newer was stored: ISO 8601 or Unix seconds."),
});
export type SupersedeInput = z.infer<typeof SupersedeInput>;

export const SupersedeOutput = z.object({
  success: z.boolean(),
  message: z.string(),
  superseded: z.string().describe("content_hash of the older memory."),
  superseded_by: z.string().nullable().describe("content_hash of the newer; null when the older is current again."),
  reason: z.string(),
  valid_from_iso: z.string(),
  valid_until_iso: z.string().nullable(),
});
export type SupersedeOutput = z.infer<typeof SupersedeOutput>;

/**
 * Marks a memory as replaced by another.
 *
 * @throws {MemoryError} `not_found` for either; `refused` when the newer is the same; `conflict` when the newer was
 * replaced itself, be it at the same moment, so that the newest is always at the end of a chain.
 */
export async function supersede(runtime: Runtime, input: SupersedeInput): Promise<SupersedeOutput> {
  const [content_hash, new_hash] = await fullKeys(runtime, [input.content_hash, input.new_hash], {
    field: (index) => index === 0 ? "content_hash" : "new_hash",
  }) as [string, string];
  const reason = input.reason.trim();
  if (content_hash === new_hash) {
    throw new MemoryError("refused", `Cannot supersede memory ${content_hash} by itself`, { field: "new_hash" });
  }
  const { older, changed, at } = await retryConflicts("supersede", content_hash, async () => {
    const [older, newer] = await runtime.storage.getByHash([content_hash, new_hash]);
    if (!older) throw notFound("supersede", content_hash);
    if (!newer) throw notFound("supersede by", new_hash);
    if (newer.superseded) {
      throw new MemoryError(
        "conflict",
        `Cannot supersede memory ${content_hash} by memory ${new_hash}: memory ${newer.superseded.by} took the place ` +
          "of the latter; name a memory that is current",
        { field: "new_hash" },
      );
    }
    const at = input.valid_until ?? Math.max(newer.created_at, older.created_at);
    if (at < older.created_at) {
      throw new MemoryError("invalid_input", `Cannot let memory ${content_hash} end before it began`, {
        field: "valid_until",
        value: at,
      });
    }
    const patch = { superseded: { by: new_hash, at, reason } }, current = { current: new_hash };
    const changed = await runtime.storage.updateUnchanged(older, patch, runtime.now(), current);
    if (changed === null) throw notFound("supersede", content_hash);
    return changed === "conflict" ? null : { older, changed, at };
  });
  const link = { source: new_hash, target: content_hash, type: SUPERSEDES };
  const before = older.superseded?.by;
  if (before !== undefined && before !== new_hash) await runtime.storage.unrelate([{ ...link, source: before }]);
  const [outcome] = await runtime.storage.relate([{ ...link, created_at: runtime.now() }]);
  // A caller that replaced or reinstated it meanwhile found no relation to remove yet.
  const [now] = await runtime.storage.getByHash([content_hash]);
  if (now && now.superseded?.by !== new_hash) await runtime.storage.unrelate([link]);
  else if (now && outcome === "missing") {
    // The newer was deleted meanwhile, before it could be found that it had replaced something.
    await runtime.storage.updateUnchanged(now, { superseded: null }, runtime.now());
    throw notFound("supersede by", new_hash);
  }
  runtime.events.publish(...updatedEvents([changed], ["superseded_by"]));
  runtime.activity.changed("update", [content_hash], `superseded by ${new_hash}`);
  return {
    success: true,
    message: `Memory ${content_hash} is superseded by ${new_hash}`,
    superseded: content_hash,
    superseded_by: new_hash,
    reason,
    valid_from_iso: isoTime(older.created_at),
    valid_until_iso: isoTime(at),
  };
}

export const ReinstateInput = z.object({ content_hash: MemoryKey });
export type ReinstateInput = z.infer<typeof ReinstateInput>;

/**
 * Makes a replaced memory current again.
 *
 * @throws {MemoryError} `not_found`.
 */
export async function reinstate(runtime: Runtime, input: ReinstateInput): Promise<SupersedeOutput> {
  const content_hash = await fullKey(runtime, input.content_hash);
  const { memory, changed } = await retryConflicts("reinstate", content_hash, async () => {
    const [memory] = await runtime.storage.getByHash([content_hash]);
    if (!memory) throw notFound("reinstate", content_hash);
    if (!memory.superseded) return { memory, changed: null };
    const changed = await runtime.storage.updateUnchanged(memory, { superseded: null }, runtime.now());
    if (changed === null) throw notFound("reinstate", content_hash);
    return changed === "conflict" ? null : { memory, changed };
  });
  const { superseded } = memory;
  if (superseded && changed) {
    await runtime.storage.unrelate([{ source: superseded.by, target: content_hash, type: SUPERSEDES }]);
    runtime.events.publish(...updatedEvents([changed], ["superseded_by"]));
    runtime.activity.changed("update", [content_hash], "reinstated");
  }
  return {
    success: superseded !== undefined,
    message: superseded ? `Memory ${content_hash} is current again` : `Memory ${content_hash} is current`,
    superseded: content_hash,
    superseded_by: null,
    reason: "",
    valid_from_iso: isoTime(memory.created_at),
    valid_until_iso: null,
  };
}
