/**
 * How operations get vectors: from the model whose vectors the store serves, or none while there is no such model.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { QueryVector } from "../storage/contract/search.ts";
import type { VectorSet } from "../storage/contract/vectors.ts";
import type { Runtime } from "./runtime.ts";

/** Characters of a content whose vectors take seconds to make: it is stored first, and found by words until it has them. */
const LONG = 50_000;
/** Milliseconds to wait for a loading model where no setting is given. */
const DEFAULT_WAIT_MS = 3000;

/**
 * Vectors for a memory about to be stored; null when the model isn't ready or can't be reached, and for a very
 * long content. The background run (`reembed.ts`) adds them later, and word search finds the memory meanwhile.
 *
 * @throws {MemoryError} `overloaded` when too many texts wait for the model.
 */
export async function embedForStore(runtime: Runtime, content: string): Promise<VectorSet | null> {
  // A process without background work, such as a command, makes them at once.
  if (content.length > LONG && runtime.background.holder !== null) return null;
  await modelKnown(runtime);
  const service = runtime.embeddings.serving;
  if (service?.identity === undefined || service.status.state !== "ready") return null;
  try {
    return { model: service.identity.id, chunks: await service.embedPassage(content) };
  } catch (error) {
    if (isOutage(error)) return null;
    throw error;
  }
}

/**
 * Texts of one call that wait for the model at a time: enough to fill an endpoint's batch and to keep the local model
 * busy, few enough that someone who stores a single memory meanwhile waits for these and not for a whole import.
 */
const EMBED_AT_ONCE = 16;

/** `embedForStore` for many contents, in order; a content that is null gets null. */
export async function embedAllForStore(
  runtime: Runtime,
  contents: readonly (string | null)[],
): Promise<(VectorSet | null)[]> {
  const vectors = new Array<VectorSet | null>(contents.length).fill(null);
  let next = 0;
  const embedNext = async () => {
    while (next < contents.length) {
      const at = next++, content = contents[at];
      if (content != null) vectors[at] = await embedForStore(runtime, content);
    }
  };
  await Promise.all(Array.from({ length: Math.min(EMBED_AT_ONCE, contents.length) }, embedNext));
  return vectors;
}

/** A query's vector, or why there is none. */
export type SearchVector =
  | { vector: QueryVector; missing?: undefined }
  | { vector: null; missing: string };

/** Vector of a search query; when the model isn't ready or can't be reached, the reason in words for the client. */
export async function embedForSearch(runtime: Runtime, query: string): Promise<SearchVector> {
  await modelKnown(runtime);
  const { serving } = runtime.embeddings;
  if (serving?.identity === undefined || serving.status.state !== "ready") {
    return { vector: null, missing: notReady(runtime) };
  }
  try {
    return { vector: { model: serving.identity.id, values: await serving.embedQuery(query) } };
  } catch (error) {
    if (isOutage(error)) {
      return { vector: null, missing: "Search by meaning is not ready: the embedding model can't be reached" };
    }
    throw error;
  }
}

/** Notice of a search whose vector the store ignored. */
export const SWITCHED =
  "Search by meaning is not ready: the store was switched to another embedding model, which this service follows in " +
  "some seconds";

/** Notice of all that keeps a search from finding everything; null when nothing does. */
export function noticeOf(...parts: (string | null | undefined)[]): string | null {
  const said = parts.filter((part) => part != null);
  return said.length === 0 ? null : said.join(". ");
}

/** Waits, no longer than is set, until it is known which model serves. */
export async function modelKnown({ embeddings, settings }: Runtime): Promise<void> {
  const { serving, settling } = embeddings, { modelWaitMs = DEFAULT_WAIT_MS } = settings;
  if (settling === undefined || serving !== null || modelWaitMs === 0) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, modelWaitMs));
  await Promise.race([settling.catch(() => {}), late]); // what went wrong shows in the model's state
  clearTimeout(timer);
}

/** That no model serves, and why, in words for the client; the health answer has the details. */
export function notReady(runtime: Runtime): string {
  return `Search by meaning is not ready: ${whyNot(runtime)}`;
}

function whyNot({ embeddings: { serving, configured, reembedding } }: Runtime): string {
  const { state, failed_since, held, error } = (serving ?? configured).status;
  if (held) return `found by words alone. ${error}`;
  if (state === "failed" || failed_since !== undefined) return "the embedding model failed; the health answer says why";
  if (state === "ready" && reembedding !== null) return "memories are being embedded with another model";
  if (state === "ready") return "the model of the stored vectors can't be used; the health answer says more";
  return `the embedding model is ${state}`;
}

function isOutage(error: unknown): boolean {
  return error instanceof MemoryError && error.code === "unavailable";
}
