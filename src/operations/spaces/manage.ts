/**
 * Listing, making, renaming, merging and deleting spaces, and moving memories between them: for those who may do
 * everything in all of them.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../../errors.ts";
import { isoTime, MemoryKey, TagList } from "../../memory/schemas.ts";
import { SpaceName } from "../../memory/space.ts";
import type { StoreSpaces } from "../../storage/contract/spaces.ts";
import { remove } from "../delete.ts";
import { fullKeys } from "../keys.ts";
import type { Runtime } from "../runtime.ts";

/** Memories moved or deleted at once. */
const GROUP = 200;

const ConfirmCount = z.int().nullish()
  .describe("Number of memories you expect it to touch, as a dry run says; with another number nothing happens.");
const DryRun = z.boolean().default(false).describe("Only say how many memories it would touch.");

export const SpaceView = z.object({
  name: z.string(),
  memories: z.int(),
  trashed: z.int().describe("Memories of the space that are in the trash."),
  created_at: z.string().nullable().describe("Null for `default`, and where it isn't known."),
});
export const SpacesOutput = z.object({ spaces: z.array(SpaceView) });
export type SpacesOutput = z.infer<typeof SpacesOutput>;

export const CreateSpaceInput = z.object({ name: SpaceName });
export const RenameSpaceInput = z.object({ name: SpaceName.describe("The new name.") });
export const SpaceOutput = z.object({ success: z.boolean(), message: z.string() });
export type SpaceOutput = z.infer<typeof SpaceOutput>;

export const MoveInput = z.object({
  to: SpaceName.describe("The space they go to; it is made where it isn't there."),
  content_hashes: z.array(MemoryKey).min(1).max(1000).optional().describe("The memories to move."),
  tags: TagList.optional().describe("All memories with any of these tags, instead."),
  confirm_count: ConfirmCount,
  dry_run: DryRun,
});
export type MoveInput = z.infer<typeof MoveInput>;
export const MergeInput = z.object({ into: SpaceName, confirm_count: ConfirmCount, dry_run: DryRun });
export type MergeInput = z.infer<typeof MergeInput>;
export const DeleteSpaceInput = z.object({ confirm_count: ConfirmCount, dry_run: DryRun });
export type DeleteSpaceInput = z.infer<typeof DeleteSpaceInput>;

export const MoveOutput = z.object({
  success: z.boolean(),
  message: z.string(),
  affected_count: z.int().describe("Memories that were moved, or that a dry run would move."),
  duplicates: z.int().describe(
    "Memories that were in the other space already; they are in the trash of their own now.",
  ),
  missing: z.int().describe("Keys under which the space held nothing."),
  dry_run: z.boolean(),
});
export type MoveOutput = z.infer<typeof MoveOutput>;

/** All spaces: `default` first, the others by name. */
export async function listSpaces(runtime: Runtime): Promise<SpacesOutput> {
  const spaces = await spacesOf(runtime).list();
  return {
    spaces: spaces.map(({ created_at, ...space }) => ({
      ...space,
      created_at: created_at === null ? null : isoTime(created_at),
    })),
  };
}

/** Makes a space. */
export async function createSpace(runtime: Runtime, { name }: { name: string }): Promise<SpaceOutput> {
  runtime.activity.describe(`Space ${name}`);
  const success = await spacesOf(runtime).create(name, Date.now() / 1000);
  return { success, message: success ? `Created space "${name}"` : `Space "${name}" is there already` };
}

/**
 * Gives a space another name. Keys and grants that name it are left as they are.
 *
 * @throws {MemoryError} `not_found`; `conflict` where there is a space of the new name; `invalid_input` for `default`.
 */
export async function renameSpace(runtime: Runtime, name: string, to: string): Promise<SpaceOutput> {
  runtime.activity.describe(`Space ${name} to ${to}`);
  if (!await spacesOf(runtime).rename(name, to)) throw noSpace(name);
  return { success: true, message: `Renamed space "${name}" to "${to}"; keys that name it must be made again` };
}

/**
 * Moves memories with their vectors and the relations among them.
 *
 * @throws {MemoryError} `refused` without memories to move, or with another number than `confirm_count`.
 */
export async function moveMemories(runtime: Runtime, from: string, input: MoveInput): Promise<MoveOutput> {
  const { to, content_hashes, tags, confirm_count, dry_run } = input;
  if ((content_hashes === undefined) === (tags === undefined || tags.length === 0)) {
    throw new MemoryError("refused", "Cannot move memories: give either content_hashes or tags", {
      field: "content_hashes",
    });
  }
  await known(runtime, from, "move memories of");
  refuseSame(from, to, "move memories of");
  const within = runtime.inSpaces?.([from]);
  if (within == null) throw noSpace(from);
  const hashes = content_hashes === undefined
    ? await hashesOf(runtime, from, tags)
    : await fullKeys(within, content_hashes, { field: (index) => `content_hashes.${index}` });
  confirm(`move ${hashes.length} memories`, hashes.length, confirm_count);
  return await move(runtime, hashes, from, to, dry_run);
}

/**
 * Moves everything in a space to another one. The space goes, unless its trash holds memories.
 *
 * @throws {MemoryError} `refused` without the right `confirm_count`; `not_found`.
 */
export async function mergeSpace(runtime: Runtime, from: string, input: MergeInput): Promise<MoveOutput> {
  const { into, confirm_count, dry_run } = input;
  refuseSame(from, into, "merge");
  await known(runtime, from, "merge");
  const hashes = await hashesOf(runtime, from);
  if (!dry_run) needConfirmation(`merge space "${from}"`, hashes.length, confirm_count);
  const moved = await move(runtime, hashes, from, into, dry_run);
  if (dry_run) return moved;
  const end = await drop(runtime, from) ? `space "${from}" is gone` : `space "${from}" stays for its trash`;
  return { ...moved, message: `${moved.message}; ${end}` };
}

/**
 * Deletes all memories of a space, to the trash. The space goes once its trash is empty.
 *
 * @throws {MemoryError} `refused` without the right `confirm_count`; `not_found`; `invalid_input` for `default`.
 */
export async function deleteSpace(runtime: Runtime, name: string, input: DeleteSpaceInput): Promise<MoveOutput> {
  if (name === "default") {
    throw new MemoryError("invalid_input", 'Cannot delete space "default": it exists always', { value: name });
  }
  runtime.activity.describe(`Space ${name}`);
  await known(runtime, name, "delete");
  const hashes = await hashesOf(runtime, name), { confirm_count, dry_run } = input;
  const output = { success: true, duplicates: 0, missing: 0, dry_run };
  if (dry_run) {
    const message = `Would delete ${hashes.length} memories of space "${name}"`;
    return { ...output, message, affected_count: hashes.length };
  }
  needConfirmation(`delete space "${name}"`, hashes.length, confirm_count);
  const within = runtime.inSpaces?.([name]);
  if (within == null) throw noSpace(name);
  const removed = await remove(within, hashes, { permanent: false, reason: `space ${name} deleted` });
  const affected_count = removed.filter(Boolean).length;
  const end = await drop(runtime, name) ? "the space is gone" : "the space goes once its trash is empty";
  return { ...output, message: `Deleted ${affected_count} memories of space "${name}"; ${end}`, affected_count };
}

async function move(
  runtime: Runtime,
  hashes: string[],
  from: string,
  to: string,
  dry_run: boolean,
): Promise<MoveOutput> {
  runtime.activity.describe(`From space ${from} to ${to}`);
  if (dry_run) {
    const message = `Would move ${hashes.length} memories from "${from}" to "${to}"`;
    return { success: true, message, affected_count: hashes.length, duplicates: 0, missing: 0, dry_run };
  }
  const spaces = spacesOf(runtime), count = { moved: 0, duplicate: 0, missing: 0 }, there = runtime.inSpaces?.([to]);
  for (let start = 0; start < hashes.length; start += GROUP) {
    const group = hashes.slice(start, start + GROUP), outcomes = await spaces.move(group, from, to);
    for (const outcome of outcomes) count[outcome]++;
    there?.activity.changed("update", group.filter((_, i) => outcomes[i] === "moved"), `moved from ${from}`);
  }
  if (count.moved + count.duplicate > 0) {
    for (const space of [from, to]) {
      const message = `${count.moved} memories moved from "${from}" to "${to}"`;
      const data = { change: "updated" as const, count: count.moved, message };
      runtime.events.publish({ type: "memories_changed", tags: null, data, space });
    }
  }
  return {
    success: true,
    message: `Moved ${count.moved} memories from "${from}" to "${to}"` +
      (count.duplicate > 0 ? `; ${count.duplicate} were there already and went to the trash of "${from}"` : ""),
    affected_count: count.moved,
    duplicates: count.duplicate,
    missing: count.missing,
    dry_run,
  };
}

/** Keys of a space's memories, of those with any of the tags where some are given. */
async function hashesOf(runtime: Runtime, space: string, tags?: string[]): Promise<string[]> {
  const view = spacesOf(runtime).within({ write: space, read: [space] }), hashes: string[] = [];
  let after: string | null = null;
  const filter = tags === undefined ? null : { tags: { values: tags, match: "any" as const } };
  if (filter === null) {
    do {
      const { memories, next } = await view.scan(after, 1000);
      hashes.push(...memories.map(({ content_hash }) => content_hash));
      after = next;
    } while (after !== null);
    return hashes;
  }
  for (let offset = 0;; offset += 1000) {
    const { memories, total } = await view.list({ filter, offset, limit: 1000, order: "oldest" });
    hashes.push(...memories.map(({ content_hash }) => content_hash));
    if (memories.length === 0 || hashes.length >= total) return hashes;
  }
}

async function drop(runtime: Runtime, name: string): Promise<boolean> {
  if (name === "default") return false;
  try {
    return await spacesOf(runtime).remove(name);
  } catch (error) {
    if (error instanceof MemoryError && error.code === "conflict") return false;
    throw error;
  }
}

async function known(runtime: Runtime, name: string, action: string): Promise<void> {
  const spaces = await spacesOf(runtime).list();
  if (spaces.some((space) => space.name === name)) return;
  throw new MemoryError("not_found", `Cannot ${action} space "${name}": there is none of that name`, { value: name });
}

function needConfirmation(action: string, count: number, confirmed: number | null | undefined): void {
  if (count === 0 || confirmed === count) return;
  if (confirmed != null) return confirm(action, count, confirmed);
  throw new MemoryError("refused", `Cannot ${action}: it holds ${count} memories; give confirm_count ${count}`, {
    field: "confirm_count",
  });
}

function confirm(action: string, count: number, confirmed: number | null | undefined): void {
  if (confirmed == null || confirmed === count) return;
  throw new MemoryError("refused", `Cannot ${action}: confirm_count is ${confirmed}, there are ${count} memories`, {
    field: "confirm_count",
    value: confirmed,
  });
}

function refuseSame(from: string, to: string, action: string): void {
  if (from !== to) return;
  throw new MemoryError("invalid_input", `Cannot ${action} space "${from}": it is the same space`, { value: to });
}

function noSpace(name: string): MemoryError {
  return new MemoryError("not_found", `Cannot find space "${name}"`, { value: name });
}

function spacesOf({ spaces }: Runtime): StoreSpaces {
  if (spaces !== undefined) return spaces;
  throw new MemoryError("refused", "Cannot work with spaces: the caller may not do everything in all of them");
}
