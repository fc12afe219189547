/**
 * Vectors of memories, and the model they are of.
 *
 * @module
 */

import type { ModelIdentity } from "../../embedding/embedder.ts";

/** A memory's vectors and the model that made them. */
export interface VectorSet {
  /** `ModelIdentity.id` of the model. */
  model: string;
  /** One unit-length vector for each chunk of the content, in order; at least one. */
  chunks: Float32Array[];
}

/** How far the vectors of one model reach. */
export interface VectorCoverage {
  /** The model whose vectors searches use now; null while there are none. */
  active: ModelIdentity | null;
  /** Memories in the store. */
  memories: number;
  /** Memories that have vectors of the active model. */
  embedded: number;
}

/** Vectors and their models: one model is active, others may be on their way to be. */
export interface MemoryVectors {
  /** The active model's vectors of memories, in the order asked; null where a memory or its vectors are missing. */
  vectors(hashes: string[]): Promise<(VectorSet | null)[]>;

  /** The model whose vectors searches use; null while there is none. Cheap enough to ask every other second. */
  activeModel(): Promise<ModelIdentity | null>;

  /** Which vectors are served, and how many memories have them. */
  vectorCoverage(): Promise<VectorCoverage>;

  /**
   * Makes `model` known. The first model ever becomes the active one. A different one leaves the active model serving
   * until `activateVectors` is called.
   *
   * @returns the active model after the call.
   */
  registerModel(model: ModelIdentity): Promise<ModelIdentity>;

  /** Memories that have no vectors of `model` yet, oldest first, at most `limit`. */
  withoutVectors(model: string, limit: number): Promise<{ content_hash: string; content: string }[]>;

  /** Adds vectors made after the fact; entries whose memory has gone are ignored. */
  addVectors(items: { content_hash: string; vectors: VectorSet }[]): Promise<void>;

  /** Makes a registered model the active one and drops every other model's vectors, in one step for searchers. */
  activateVectors(model: string): Promise<void>;
}
