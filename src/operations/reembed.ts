/**
 * Background embedding: brings the store's vectors in line with the configured model and fills in vectors of memories
 * that were stored while no model was ready. What is done is kept in the store, so a stopped run resumes.
 *
 * @module
 */

import type { EmbeddingService, ModelIdentity } from "../embedding/embedder.ts";
import type { Job } from "./background/background.ts";
import { forgetEndpoints } from "./endpoint_consent.ts";
import { reembeddingEvent } from "./event_types.ts";
import type { Logger } from "./logger.ts";
import { noteReembedding } from "./model_choice.ts";
import type { Runtime } from "./runtime.ts";
import type { ServingModel } from "./serving.ts";

const JOB = "bring vectors up to date";
/** Memories embedded between two writes to the store. */
const BATCH = 16;
/** Milliseconds between looks for memories without vectors, and between tries after a failure. */
const POLL_MS = 2000;
/** Milliseconds between two progress lines in the log. */
const PROGRESS_MS = 5000;

/** The background job. It follows `serving` before and after, so that searches use what the store serves. */
export function embedMemoriesJob(runtime: Runtime, serving: ServingModel, log: Logger, everyMs = POLL_MS): Job {
  return {
    name: JOB,
    everyMs,
    // The model may be there on another machine.
    handsOver: true,
    run: async (signal) => {
      const active = await serving.follow(), { configured } = runtime.embeddings;
      const target = await configured.ready();
      if (active.id === target.id) return void await fill(runtime, configured, target.id, signal);
      // The store may have become another one since the model was loaded.
      await runtime.embeddings.permit?.();
      await runtime.storage.registerModel(target);
      if (await reembed(runtime, configured, target, log, signal)) await serving.follow();
    },
  };
}

/** Embeds every memory with the configured model, then has the store serve its vectors; false when stopped before. */
async function reembed(
  runtime: Runtime,
  service: EmbeddingService,
  target: ModelIdentity,
  log: Logger,
  signal: AbortSignal,
): Promise<boolean> {
  const { embeddings, storage } = runtime;
  const total = (await storage.stats()).total_memories;
  const progress = { model: target.name, done: 0, total, since: Date.now() };
  embeddings.reembedding = progress;
  log.info(`Re-embedding ${total} memories with ${target.name}`);
  runtime.events.publish(reembeddingEvent(target.name, 0, total));
  await noteReembedding(storage, { model: target.name, done: 0, total });
  let reported = Date.now();
  try {
    const finished = await fill(runtime, service, target.id, signal, async (remaining) => {
      progress.done = Math.max(progress.done, total - remaining);
      if (Date.now() - reported < PROGRESS_MS) return;
      reported = Date.now();
      log.info(`Re-embedded ${progress.done} of ${total} memories`);
      runtime.events.publish(reembeddingEvent(target.name, progress.done, total));
      await noteReembedding(storage, { model: target.name, done: progress.done, total });
    });
    if (!finished) return false;
    await storage.activateVectors(target.id);
    await noteReembedding(storage, null);
    await forgetEndpoints(storage, target);
    log.info(`Searches now use ${target.name}`);
    runtime.events.publish(reembeddingEvent(target.name, total, total, true));
    return true;
  } finally {
    embeddings.reembedding = null;
  }
}

/**
 * Embeds memories that lack vectors of `model` until none is left; false when stopped before, or when another model was
 * chosen meanwhile.
 *
 * @param onProgress Called with the number of memories that may still be left.
 */
async function fill(
  runtime: Runtime,
  service: EmbeddingService,
  model: string,
  signal: AbortSignal,
  onProgress: (remaining: number) => Promise<void> = () => Promise.resolve(),
): Promise<boolean> {
  const { storage } = runtime;
  let done = 0;
  const { memories } = await storage.vectorCoverage();
  const replaced = () => service !== runtime.embeddings.configured;
  while (!signal.aborted && !replaced()) {
    const batch = await storage.withoutVectors(model, BATCH);
    if (batch.length === 0) return true;
    let items;
    try {
      items = await Promise.all(batch.map(async ({ content_hash, content }) => ({
        content_hash,
        vectors: { model, chunks: await service.embedPassage(content) },
      })));
    } catch (error) {
      if (replaced()) return false; // it was closed
      throw error;
    }
    await storage.addVectors(items);
    done += batch.length;
    runtime.health.work.progressed(JOB, done, Math.max(done, memories));
    await onProgress(Math.max(0, memories - done));
  }
  return false;
}
