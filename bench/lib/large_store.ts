/**
 * Where the large store is kept.
 *
 * @module
 */

import { join } from "node:path";
import type { ModelIdentity } from "../../src/embedding/embedder.ts";

/** Files of a large store, as `tools/large_store.ts` makes them. */
export interface LargeStore {
  folder: string;
  database: string;
  /** Every memory's vector before it was stored, float32, in order. */
  vectors: string;
  /** Vectors of questions, float32. */
  queries: string;
  dimensions: number;
}

/** Vectors of large stores, as `tools/large_vectors.ts` makes them. */
export interface LargeVectors {
  model: ModelIdentity;
  /** Vectors of memories by number, float32; at least as many as were asked for. */
  vectors: string;
  /** Vectors of questions, float32. */
  queries: string;
}

/** Number of the first question whose vector is kept. */
export const LARGE_QUESTIONS = 500_000_000;
/** How many there are. */
export const LARGE_QUERIES = 200;

/** Folder for what takes long to make; outside the project. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA, HOME } = Deno.env.toObject();
  const base = XDG_CACHE_HOME ?? LOCALAPPDATA ?? (HOME === undefined ? undefined : join(HOME, ".cache"));
  if (base === undefined) throw new Error("Cannot find a cache folder: set XDG_CACHE_HOME");
  return join(base, "unimem-bench");
}

/** Reads a file of float32 numbers. */
export async function readFloats(path: string): Promise<Float32Array> {
  const { buffer } = await Deno.readFile(path);
  return new Float32Array(buffer);
}
