/**
 * Background embedding: brings the store's vectors in line with the configured model and fills in vectors of memories
 * that were stored while no model was ready. What is done is kept in the store, so a stopped run resumes.
 *
 * @module
 */

import type { EmbeddingService, ModelIdentity } from "../embedding/embedder.ts";
import { errorText } from "../errors.ts";
import { reembeddingEvent } from "./event_types.ts";
import type { Logger } from "./logger.ts";
import type { Runtime } from "./runtime.ts";

/** Memories embedded between two writes to the store. */
const BATCH = 16;
/** Milliseconds between looks for memories without vectors, and between tries after a failure. */
const POLL_MS = 2000;
/** Milliseconds between two progress lines in the log. */
const PROGRESS_MS = 5000;

/** What the background run needs beside the runtime. */
export interface EmbeddingWorkOptions {
  /** Opens the model that made the stored vectors, when it is another than the configured one. */
  openModel: (identity: ModelIdentity) => EmbeddingService;
  log: Logger;
  pollMs?: number;
}

/** A running background run. */
export interface EmbeddingWork {
  /** Ends the run after the batch in hand. Idempotent. */
  stop(): Promise<void>;
}

/** Starts loading the model and keeps the store's vectors complete until stopped. */
export function startEmbeddingWork(runtime: Runtime, options: EmbeddingWorkOptions): EmbeddingWork {
  const stopping = new AbortController();
  const running = run(runtime, options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await running;
      const { serving, configured } = runtime.embeddings;
      if (serving !== null && serving !== configured) await serving.close();
    },
  };
}

async function run(runtime: Runtime, options: EmbeddingWorkOptions, signal: AbortSignal): Promise<void> {
  const { log, pollMs = POLL_MS } = options;
  let complaint = "";
  while (!signal.aborted) {
    try {
      await bringInLine(runtime, options, signal);
      complaint = "";
    } catch (error) {
      // The same fault every two seconds would flood the log.
      if (!signal.aborted && errorText(error) !== complaint) {
        complaint = errorText(error);
        log.error(`Cannot bring vectors up to date, trying again: ${complaint}`);
      }
    }
    await sleep(pollMs, signal);
  }
}

/** One look: which model serves, and whether any memory lacks vectors. */
async function bringInLine(runtime: Runtime, options: EmbeddingWorkOptions, signal: AbortSignal): Promise<void> {
  const { embeddings, storage } = runtime;
  const { configured } = embeddings;
  let target: ModelIdentity;
  try {
    target = await configured.ready();
  } catch (error) {
    // Without the configured model the one that made the stored vectors can still serve searches.
    await serveWith(runtime, (await storage.vectorCoverage()).active, options);
    throw error;
  }
  const active = await storage.registerModel(target);
  await serveWith(runtime, active, options);
  if (active.id !== target.id) await reembed(runtime, target, options, signal);
  else await fill(runtime, configured, target.id, signal);
}

/** Makes the model behind `active` the one that embeds queries and new memories. */
async function serveWith(
  runtime: Runtime,
  active: ModelIdentity | null,
  options: EmbeddingWorkOptions,
): Promise<void> {
  const { embeddings } = runtime;
  const { serving, configured } = embeddings;
  if (active === null || serving?.identity?.id === active.id) return;
  if (configured.identity?.id === active.id) {
    embeddings.serving = configured;
    return;
  }
  const previous = options.openModel(active);
  try {
    const identity = await previous.ready();
    if (identity.id !== active.id) throw new Error(`it is now ${identity.id}`);
    embeddings.serving = previous;
  } catch (error) {
    embeddings.serving = null;
    await previous.close();
    options.log.warning(
      `Cannot search by meaning until re-embedding is done: the model of the stored vectors, ${active.name}, ` +
        `can't be used: ${errorText(error)}`,
    );
  }
}

/** Embeds every memory with the configured model, then switches searches over to it in one step. */
async function reembed(
  runtime: Runtime,
  target: ModelIdentity,
  options: EmbeddingWorkOptions,
  signal: AbortSignal,
): Promise<void> {
  const { embeddings, storage } = runtime;
  const total = (await storage.stats()).total_memories;
  const progress = { model: target.name, done: 0, total, since: Date.now() };
  embeddings.reembedding = progress;
  options.log.info(`Re-embedding ${total} memories with ${target.name}`);
  runtime.events.publish(reembeddingEvent(target.name, 0, total));
  let reported = Date.now();
  try {
    const finished = await fill(runtime, embeddings.configured, target.id, signal, (remaining) => {
      progress.done = Math.max(progress.done, total - remaining);
      if (Date.now() - reported < PROGRESS_MS) return;
      reported = Date.now();
      options.log.info(`Re-embedded ${progress.done} of ${total} memories`);
      runtime.events.publish(reembeddingEvent(target.name, progress.done, total));
    });
    if (!finished) return;
    await storage.activateVectors(target.id);
    const previous = embeddings.serving;
    embeddings.serving = embeddings.configured;
    if (previous !== null && previous !== embeddings.configured) await previous.close();
    options.log.info(`Searches now use ${target.name}`);
    runtime.events.publish(reembeddingEvent(target.name, total, total, true));
  } finally {
    embeddings.reembedding = null;
  }
}

/**
 * Embeds memories that lack vectors of `model` until none is left; false when stopped before.
 *
 * @param onProgress Called with the number of memories that may still be left.
 */
async function fill(
  runtime: Runtime,
  service: EmbeddingService,
  model: string,
  signal: AbortSignal,
  onProgress: (remaining: number) => void = () => {},
): Promise<boolean> {
  const { storage } = runtime;
  let done = 0;
  const { memories } = await storage.vectorCoverage();
  while (!signal.aborted) {
    const batch = await storage.withoutVectors(model, BATCH);
    if (batch.length === 0) return true;
    const items = await Promise.all(batch.map(async ({ content_hash, content }) => ({
      content_hash,
      vectors: { model, chunks: await service.embedPassage(content) },
    })));
    await storage.addVectors(items);
    done += batch.length;
    onProgress(Math.max(0, memories - done));
  }
  return false;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
