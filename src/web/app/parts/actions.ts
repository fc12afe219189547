/**
 * What can be done with memories, each with its way back.
 *
 * @module
 */

import { call } from "../api.ts";
import { expectOwn } from "../live.ts";
import type { Memory } from "../shapes.ts";
import { changed } from "../store/changed.ts";
import { notify, orNotify } from "../store/notices.ts";
import { t } from "../text.ts";

interface Change {
  results: { content_hash: string; success: boolean }[];
}

/** Most memories that one call takes. */
const BATCH = 500;

/**
 * Deletes memories, to the trash; the message has the way back. True when it was done.
 *
 * @param leave Leaves a page that would have nothing to show any more.
 */
export async function deleteMemories(memories: readonly Memory[], leave?: () => void): Promise<boolean> {
  const hashes = memories.map(({ content_hash }) => content_hash);
  const done = await orNotify(async () => {
    expectOwn(hashes);
    for (const part of parts(hashes)) {
      await call<Change>("DELETE", "/api/memories/batch", { body: { content_hashes: part } });
    }
    return true;
  });
  if (!done) return false;
  leave?.();
  changed();
  notify(t("done.deleted", { n: hashes.length }), { label: t("undo"), run: () => restoreMemories(hashes) });
  return true;
}

/** Takes memories back from the trash. */
export async function restoreMemories(hashes: readonly string[]): Promise<void> {
  expectOwn(hashes);
  let count = 0;
  for (const part of parts(hashes)) {
    const body = { content_hashes: part };
    count += (await call<{ restored: string[] }>("POST", "/api/manage/trash/restore", { body })).restored.length;
  }
  changed();
  notify(t("done.restored", { n: count }));
}

/** Puts tags on memories and takes others off; the message has the way back. */
export async function changeTags(memories: readonly Memory[], add: string[], remove: string[]): Promise<void> {
  const hashes = memories.map(({ content_hash }) => content_hash);
  await tagAll(hashes, add, remove);
  // Only what lacked a tag, or had it, gets its old state back.
  const undo = async () => {
    for (const tag of add) await tagAll(without(memories, tag), [], [tag]);
    for (const tag of remove) await tagAll(having(memories, tag), [tag], []);
    notify(t("done.undone"));
  };
  notify(t("done.tagged", { n: hashes.length }), { label: t("undo"), run: undo });
}

async function tagAll(hashes: readonly string[], add_tags: string[], remove_tags: string[]): Promise<void> {
  if (hashes.length === 0) return;
  expectOwn(hashes);
  for (const part of parts(hashes)) {
    await call("POST", "/api/memories/batch/tags", { body: { content_hashes: part, add_tags, remove_tags } });
  }
  changed();
}

const having = (memories: readonly Memory[], tag: string) =>
  memories.filter(({ tags }) => tags.includes(tag)).map(({ content_hash }) => content_hash);
const without = (memories: readonly Memory[], tag: string) =>
  memories.filter(({ tags }) => !tags.includes(tag)).map(({ content_hash }) => content_hash);

function parts(hashes: readonly string[]): string[][] {
  const found: string[][] = [];
  for (let at = 0; at < hashes.length; at += BATCH) found.push(hashes.slice(at, at + BATCH));
  return found;
}

/** Lets the reader save a text as a file. */
export function saveAs(name: string, text: string | Blob, type = "application/json"): void {
  const url = URL.createObjectURL(text instanceof Blob ? text : new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
