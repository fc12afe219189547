/**
 * What stands behind the embedding service: something that can be loaded once and then turns texts into vectors.
 *
 * @module
 */

import type { ModelIdentity } from "./embedder.ts";

/** Search query or stored content; models with prefixes treat them differently, and queries go first. */
export type TextKind = "query" | "passage";

/** What a provider tells the service while it lives. */
export interface ProviderEvents {
  /** Share of the load or download that is done, 0 to 1. */
  progress(share: number): void;
  /** The model works, but not as it should; in words for an operator. */
  warn(message: string): void;
  /** The model was lost after it had been ready; a new load may bring it back. */
  lost(error: Error): void;
}

/** A source of vectors. */
export interface EmbeddingProvider {
  /** Makes the model usable. Called again after a failure, never while a call is running. */
  load(events: ProviderEvents): Promise<ModelIdentity>;

  /**
   * Unit-length vectors of one text: exactly one for a query, one for each chunk of a passage. Waiting queries run
   * before waiting passages.
   *
   * @param ran Told the milliseconds that the model took, without the wait for it.
   */
  embed(text: string, kind: TextKind, ran?: (milliseconds: number) => void): Promise<Float32Array[]>;

  /** Finishes what runs, rejects what waits with `unavailable`, and frees the model. Called once. */
  close(): Promise<void>;
}
