/**
 * Takes one file into the store: read in chunks, embedded, and stored when all of them are there. A document of many
 * chunks takes several transactions, for the commit of tens of thousands would hold the thread for seconds; where one of
 * them fails, or the process dies, what is stored of it is removed (`unfinished.ts`).
 *
 * @module
 */

import type { DocumentParser } from "../../documents/parser.ts";
import { MemoryError } from "../../errors.ts";
import type { NewMemory } from "../../storage/contract/memories.ts";
import type { VectorSet } from "../../storage/contract/vectors.ts";
import type { Memory } from "../../memory/memory.ts";
import { storedEvents } from "../event_types.ts";
import type { Runtime } from "../runtime.ts";
import { embedForStore } from "../vectors.ts";
import { writerOf } from "../writer.ts";
import { memoriesOf, type UploadFacts } from "./memories.ts";
import { TimeSlice } from "../../yielding.ts";
import type { FileProgress } from "./session.ts";
import { documentSettings } from "./settings.ts";
import { noteFinished, noteUnfinished, removeStored, renewUnfinished } from "./unfinished.ts";

/** Texts given to the model at once; more would only wait in its queue, before the texts of others. */
const EMBEDDED_AT_ONCE = 8;
/** Chunks stored in one transaction. */
const STORED_AT_ONCE = 200;
/** Milliseconds before a chunk is offered again to a model with too long a queue. */
const RETRY_MS = 500;

/** How an upload asks to be cut, in characters. */
export interface ChunkSizes {
  chunkSize: number;
  chunkOverlap: number;
}

/**
 * Stores a file's chunks, telling its progress.
 *
 * @throws {MemoryError} for a file that can't be read or stored; its message names the file.
 */
export async function ingest(
  runtime: Runtime,
  parser: DocumentParser,
  bytes: Uint8Array<ArrayBuffer>,
  { chunkSize, chunkOverlap, ...upload }: Omit<UploadFacts, "fileHash" | "fileSize" | "writer"> & ChunkSizes,
  progress: FileProgress,
  { signal, onProgress }: { signal: AbortSignal; onProgress: () => void },
): Promise<void> {
  const { limits } = documentSettings(runtime);
  const fileSize = bytes.length;
  const fileHash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const size = Math.min(chunkSize, runtime.settings.maxContentLength);
  const document = await parser.read({
    bytes,
    fileName: progress.name,
    limits,
    chunking: { size, overlap: chunkOverlap },
  }, signal);
  progress.warnings = document.facts.warnings;
  const facts = { ...upload, fileSize, fileHash, writer: writerOf(runtime, "document") };
  const memories = await memoriesOf(document, facts, runtime.now);
  progress.total = memories.length;
  const items: NewMemory[] = [], timeSlice = new TimeSlice();
  for (let at = 0; at < memories.length; at += EMBEDDED_AT_ONCE) {
    signal.throwIfAborted();
    const group = memories.slice(at, at + EMBEDDED_AT_ONCE);
    const vectors = await Promise.all(group.map((memory) => embed(runtime, memory.content, signal)));
    group.forEach((memory, i) => items.push({ memory, vectors: vectors[i]! }));
    progress.processed = items.length;
    onProgress();
    await timeSlice.yieldIfDue();
  }
  signal.throwIfAborted();
  const added: Memory[] = [];
  const store = async (group: NewMemory[]) => {
    const outcomes = await runtime.storage.store(group);
    group.forEach(({ memory }, i) => outcomes[i] === "stored" && added.push(memory));
    progress.stored = added.length;
  };
  if (items.length <= STORED_AT_ONCE) await store(items);
  else await storeInSteps(runtime, items, progress.name, { signal, store, onProgress });
  runtime.events.publish(...storedEvents(added));
  runtime.activity.changed("store", added.map(({ content_hash }) => content_hash));
}

/** Stores a document's chunks group by group; all of them, or none in the end. */
async function storeInSteps(
  runtime: Runtime,
  items: NewMemory[],
  name: string,
  { signal, store, onProgress }: {
    signal: AbortSignal;
    store: (group: NewMemory[]) => Promise<void>;
    onProgress: () => void;
  },
): Promise<void> {
  const { storage } = runtime, conversation = items[0]!.memory.conversation_id!;
  await noteUnfinished(runtime, { conversation, name });
  try {
    for (let at = 0; at < items.length; at += STORED_AT_ONCE) {
      signal.throwIfAborted();
      if (!await renewUnfinished(runtime, conversation)) {
        throw new MemoryError("conflict", `Cannot store "${name}": it took so long that another process removed it`);
      }
      await store(items.slice(at, at + STORED_AT_ONCE));
      onProgress();
    }
    await noteFinished(storage, conversation);
  } catch (error) {
    try {
      await removeStored(storage, conversation);
      await noteFinished(storage, conversation);
    } catch {
      // The note stays, and the background job removes the rest once the store can be reached.
    }
    throw error;
  }
}

/** A chunk's vectors; waits while the model's queue is full, since no client waits for this answer. */
async function embed(runtime: Runtime, content: string, signal: AbortSignal): Promise<VectorSet | null> {
  while (true) {
    try {
      return await embedForStore(runtime, content);
    } catch (error) {
      if (!(error instanceof MemoryError && error.code === "overloaded")) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      signal.throwIfAborted();
    }
  }
}
