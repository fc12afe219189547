/**
 * How an outbox is set.
 *
 * @module
 */

/** Where writes wait while the store is away, and how many. */
export interface OutboxSettings {
  /** The file; it and its folder are made when missing. One process at a time has it. */
  path: string;
  /** Most writes kept, those set aside among them. A memory of a batch counts as one. */
  maxWrites: number;
  /** Most bytes they may take. */
  maxBytes: number;
}
