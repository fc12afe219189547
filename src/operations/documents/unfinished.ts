/**
 * Documents that are stored in several transactions. The store keeps a list of them until they are whole, so that what
 * a process that died left of one is known for what it is, and removed.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../../errors.ts";
import type { MemoryStorage } from "../../storage/contract/storage.ts";
import type { Job } from "../background/background.ts";
import type { Logger } from "../logger.ts";
import type { Runtime, ServiceRuntime } from "../runtime.ts";

/** Name of the note in the store. */
const NOTE = "unfinished_documents";
/** Milliseconds between two looks for documents that were left. */
const INTERVAL_MS = 30_000;
/** Seconds without a sign of life after which no process stores a document any more. */
const ABANDONED = 120;
/** Memories removed in one transaction. */
const REMOVED_AT_ONCE = 200;

const Unfinished = z.object({
  /** `conversation_id` of its chunks. */
  conversation: z.string(),
  name: z.string(),
  /** The space that it is stored in. */
  space: z.string(),
  /** Unix seconds of the last sign of life; null once its removal began. */
  at: z.number().nullable(),
});
/** A document of which a part may be stored. */
export type Unfinished = z.infer<typeof Unfinished>;

/** The documents that are being stored, and those that were left. */
export async function unfinishedDocuments(storage: MemoryStorage): Promise<Unfinished[]> {
  return read(await storage.note(NOTE));
}

/** Whether no process goes on with a document. `now` in Unix seconds. */
export function isAbandoned({ at }: Unfinished, now: number): boolean {
  return at === null || at < now - ABANDONED;
}

/** Puts a document on the list, before its first chunk is stored. */
export async function noteUnfinished(
  { storage, now }: Runtime,
  document: Pick<Unfinished, "conversation" | "name">,
): Promise<void> {
  await change(storage, (list) => [...list, { ...document, space: storage.scope.write, at: now() }]);
}

/** Says that a document is still being stored; false when another process took it for abandoned. */
export async function renewUnfinished({ storage, now }: Runtime, conversation: string): Promise<boolean> {
  let isThere = false;
  await change(storage, (list) => {
    isThere = list.some((entry) => entry.conversation === conversation && entry.at !== null);
    return isThere ? list.map((entry) => entry.conversation === conversation ? { ...entry, at: now() } : entry) : list;
  });
  return isThere;
}

/** Takes a document off the list: it is whole, or nothing of it is left. */
export async function noteFinished(storage: MemoryStorage, conversation: string): Promise<void> {
  await change(storage, (list) => list.filter((entry) => entry.conversation !== conversation));
}

/** Removes what is stored of a document, past the trash; the number of memories. */
export async function removeStored(storage: MemoryStorage, conversation: string): Promise<number> {
  const filter = { conversation_id: conversation };
  for (let removed = 0;;) {
    const { memories } = await storage.list({ filter, offset: 0, limit: REMOVED_AT_ONCE });
    const gone = await storage.delete(memories.map(({ content_hash }) => content_hash));
    removed += gone.filter(Boolean).length;
    if (!gone.includes(true)) return removed;
  }
}

/** The background job that removes what processes that died left of documents. */
export function removeAbandonedJob(runtime: ServiceRuntime, log: Logger): Job {
  return {
    name: "remove parts of documents",
    everyMs: INTERVAL_MS,
    run: async (signal) => {
      const abandoned = (await unfinishedDocuments(runtime.storage))
        .filter((entry) => isAbandoned(entry, runtime.now()));
      for (const entry of abandoned) if (!signal.aborted) await removeAbandoned(runtime, entry, log);
    },
  };
}

async function removeAbandoned(
  { storage, now }: ServiceRuntime,
  { conversation, name, space }: Unfinished,
  log: Logger,
) {
  // From here on its process, should it live, finds that it may not go on.
  await change(
    storage,
    (list) =>
      list.map((entry) =>
        entry.conversation === conversation && isAbandoned(entry, now()) ? { ...entry, at: null } : entry
      ),
  );
  const entry = (await unfinishedDocuments(storage)).find((other) => other.conversation === conversation);
  if (entry?.at !== null) return; // it goes on, or is whole by now
  const view = storage.spaces.within({ write: space, read: [space] });
  const removed = await removeStored(view, conversation);
  const { total } = await view.list({ filter: { conversation_id: conversation }, offset: 0, limit: 0 });
  if (total > 0) throw new MemoryError("internal", `Cannot remove ${total} memories of "${name}"`);
  await noteFinished(storage, conversation);
  log.warning(`Removed ${removed} memories of "${name}", which was not stored whole; upload it again`);
}

async function change(storage: MemoryStorage, next: (list: Unfinished[]) => Unfinished[]): Promise<void> {
  while (true) {
    const before = await storage.note(NOTE), list = next(read(before));
    const after = list.length === 0 ? null : JSON.stringify(list);
    if (after === before || await storage.changeNote(NOTE, before, after)) return;
  }
}

function read(note: string | null): Unfinished[] {
  return note === null ? [] : z.array(Unfinished).parse(JSON.parse(note));
}
