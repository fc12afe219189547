/**
 * How operations get vectors: from the model whose vectors the store serves, or none while there is no such model.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { QueryVector, VectorSet } from "../storage/storage.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Vectors for a memory about to be stored; null when the model isn't ready or can't be reached, in which case the
 * background run (`reembed.ts`) adds them later and word search finds the memory meanwhile.
 *
 * @throws {MemoryError} `overloaded` when too many texts wait for the model.
 */
export async function embedForStore(runtime: Runtime, content: string): Promise<VectorSet | null> {
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
  const service = runtime.embeddings.serving;
  const missing = "Search by meaning is not ready: ";
  if (service === null || service.status.state === "loading") {
    return { vector: null, missing: `${missing}the embedding model is loading` };
  }
  if (service.identity === undefined || service.status.state !== "ready") {
    return { vector: null, missing: `${missing}the embedding model is ${service.status.state}` };
  }
  try {
    return { vector: { model: service.identity.id, values: await service.embedQuery(query) } };
  } catch (error) {
    if (isOutage(error)) return { vector: null, missing: `${missing}the embedding model can't be reached` };
    throw error;
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof MemoryError && error.code === "unavailable";
}
