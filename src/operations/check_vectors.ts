/**
 * Finds and mends stored vectors that aren't those the model gives now. Until this version x86 processors without VNNI
 * made vectors at cosine 0.99 to the right ones, and at 0.96 of short texts, under the same name of the model.
 *
 * @module
 */

import { z } from "zod";
import type { EmbeddingService } from "../embedding/embedder.ts";
import type { Memory } from "../memory/memory.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";
import type { VectorSet } from "../storage/contract/vectors.ts";
import type { Job } from "./background/background.ts";
import { sleep } from "../sleep.ts";
import type { Logger } from "./logger.ts";
import type { Runtime } from "./runtime.ts";

const JOB = "check stored vectors";
/** Milliseconds between two checks, and from the model's being ready to the first, so that no start waits for it. */
const INTERVAL_MS = 24 * 3_600_000, DELAY_MS = 5000;
/** Name of the note with a mending that isn't finished. */
const NOTE = "vector_check";
/** Name of the note with the model whose name was taken for that of vectors which another program made. */
const ADOPTED_NOTE = "adopted_vectors";
/** Places in the store that are looked at, and memories read at each. */
const PLACES = 4, READ_AT_PLACE = 8;
/** Memories embedded for a check: the shortest of those read, which cost least and differ most. */
const SAMPLE = 16;
/** Least cosine of a vector that is right: exact kernels of different processors agree to 0.998 at worst. */
const RIGHT = 0.995;
/** Share of the sample that must be wrong; one memory alone may have been written by another program. */
const WRONG_SHARE = 1 / 8;
/** Least cosine of a vector that a mending leaves alone. */
const KEPT = 0.999;
/** Memories mended between two writes to the store. */
const BATCH = 16;

const Note = z.object({ model: z.string(), after: z.string().nullable(), mended: z.int() });
type Note = z.infer<typeof Note>;

/** The background job. Vectors of a remote model are left alone: to check them would send memories. */
export function checkVectorsJob(runtime: Runtime, log: Logger, delayMs = DELAY_MS): Job {
  const { storage, embeddings } = runtime;
  return {
    name: JOB,
    everyMs: INTERVAL_MS,
    run: async (signal) => {
      await embeddings.settling?.catch(() => {}); // until then the model may not be the one chosen for the store
      const { configured } = embeddings, model = await configured.ready();
      // A model that differs from its reference here would make right vectors wrong.
      if (model.provider !== "local" || configured.status.warning !== undefined) return;
      await sleep(delayMs, signal);
      if (signal.aborted || (await storage.activeModel())?.id !== model.id) return;
      if (await storage.note(ADOPTED_NOTE) === model.id) return;
      const text = await storage.note(NOTE), found = noteOf(text);
      if (found?.model === model.id) return await mend(runtime, found, text, log, signal);
      const wrong = await wrongShare(storage, configured);
      if (wrong < WRONG_SHARE) return;
      log.warning(
        `Stored vectors differ from those that ${model.name} gives (${Math.round(wrong * 100)} % of a sample), as a ` +
          "processor without VNNI made them before: replacing them in the background",
      );
      await mend(runtime, { model: model.id, after: null, mended: 0 }, text, log, signal);
    },
  };
}

/** Remembers that a store's vectors were made by another program, with other weights of the model: they stay as they are. */
export async function rememberAdopted(storage: MemoryStorage, model: string): Promise<void> {
  await storage.changeNote(ADOPTED_NOTE, await storage.note(ADOPTED_NOTE), model);
}

/** Share of a sample of memories whose stored vectors are wrong; 0 where none has vectors. */
async function wrongShare(storage: MemoryStorage, service: EmbeddingService): Promise<number> {
  const sample = (await sampleOf(storage)).sort((a, b) => a.content.length - b.content.length).slice(0, SAMPLE);
  const stored = await storage.vectors(sample.map(({ content_hash }) => content_hash));
  let compared = 0, wrong = 0;
  for (const [i, { content }] of sample.entries()) {
    const set = stored[i];
    if (!set) continue;
    compared++;
    if (agreement(set, await service.embedPassage(content)) < RIGHT) wrong++;
  }
  return compared === 0 ? 0 : wrong / compared;
}

async function sampleOf(storage: MemoryStorage): Promise<Memory[]> {
  const { memories, total } = await storage.list({ filter: {}, offset: 0, limit: READ_AT_PLACE });
  const found = new Map(memories.map((memory) => [memory.content_hash, memory]));
  for (let place = 1; place < PLACES; place++) {
    const offset = Math.floor((place * Math.max(0, total - READ_AT_PLACE)) / (PLACES - 1));
    const page = await storage.list({ filter: {}, offset, limit: READ_AT_PLACE });
    for (const memory of page.memories) found.set(memory.content_hash, memory);
  }
  return [...found.values()];
}

/** Replaces wrong vectors, memory by memory; goes on where an earlier run, of whatever process, was stopped. */
async function mend(
  runtime: Runtime,
  from: Note,
  before: string | null,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { storage, embeddings: { configured } } = runtime, { memories: total } = await storage.vectorCoverage();
  let note = from, text = before, done = 0;
  const put = async (next: string | null) => {
    if (!await storage.changeNote(NOTE, text, next)) return false; // another process does it now
    text = next;
    return true;
  };
  while (!signal.aborted) {
    const { memories, next } = await storage.scan(note.after, BATCH);
    const stored = await storage.vectors(memories.map(({ content_hash }) => content_hash));
    const items: { content_hash: string; vectors: VectorSet }[] = [];
    for (const [i, { content_hash, content }] of memories.entries()) {
      const set = stored[i];
      if (set?.model !== note.model || signal.aborted) continue;
      const chunks = await configured.embedPassage(content);
      if (agreement(set, chunks) < KEPT) items.push({ content_hash, vectors: { model: note.model, chunks } });
    }
    if (signal.aborted) return;
    if (items.length > 0) await storage.addVectors(items);
    done += memories.length;
    runtime.health.work.progressed(JOB, done, Math.max(done, total));
    note = { ...note, after: next, mended: note.mended + items.length };
    if (!await put(next === null ? null : JSON.stringify(note))) return;
    if (next !== null) continue;
    log.info(`Replaced the vectors of ${note.mended} memories`);
    return;
  }
}

/** The least cosine of chunks in the same place; 0 where their numbers differ. */
function agreement({ chunks }: VectorSet, made: readonly Float32Array[]): number {
  if (chunks.length !== made.length) return 0;
  return Math.min(...chunks.map((chunk, at) => chunk.reduce((sum, value, i) => sum + value * made[at]![i]!, 0)));
}

function noteOf(text: string | null): Note | null {
  const parsed = Note.safeParse(text === null ? null : JSON.parse(text));
  return parsed.success ? parsed.data : null;
}
