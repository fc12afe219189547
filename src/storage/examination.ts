/**
 * What a look at a store from outside finds.
 *
 * @module
 */

/** What an examination from outside found. */
export interface StoreExamination {
  /** In words for the operator. */
  message: string;
  /** Null where there is nothing yet, or where the store doesn't tell. */
  memories: number | null;
  /** `created_at` of the newest memory, in Unix seconds. */
  newest: number | null;
  /** The model whose vectors searches use. */
  model: { id: string; name: string; dimensions: number } | null;
  /** The beginnings of some contents, from all over the store. */
  texts: string[];
  /** Notes in the store, by name. */
  notes: Record<string, string>;
  /** Seconds by which the server's clock is ahead of this machine's. */
  clock_ahead: number | null;
  /** What doesn't keep the store from working. */
  warnings: { message: string; action: string }[];
}
