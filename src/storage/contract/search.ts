/**
 * Finding candidates for a query. Ranking them is not the store's work, but it takes from the store, for each candidate
 * and for the two turns before and after it (`NEIGHBOUR_REACH`): the exact cosine of the best chunk, the BM25 of each
 * query word, and the number of terms; for a candidate also who speaks, whose words they are and whether it asks. A driver
 * over a server has these made of what its server can answer by `storage/scoring/`; see `docs/drivers.md`.
 *
 * @module
 */

import type { Memory, MemoryFilter } from "../../memory/memory.ts";
import type { Role } from "../../memory/role.ts";
import type { ListQuery, MemoryId, MemoryPage } from "./memories.ts";

/** A unit-length query vector and the model that made it. */
export interface QueryVector {
  /** `ModelIdentity.id` of the model. */
  model: string;
  values: Float32Array;
}

/** What a candidate search looks for. At least one of `text` and `vector` is given. */
export interface CandidateQuery {
  /** Query text for word matching, as the user wrote it; null to skip words. */
  text: string | null;
  /** Null to skip vectors. A store begins with the words while the vector is still being made. */
  vector: QueryVector | null | Promise<QueryVector | null>;
  filter: MemoryFilter;
  /** How many of the best by words, and how many of the best by vector, become candidates. */
  limit: number;
}

/** Scores of one memory against the query. */
export interface Scores {
  /** Cosine of the query and the best chunk, −1 to 1; null when the memory has no vector or the query none. */
  semantic: number | null;
  /** BM25 of each query word, in the order of `CandidateSet.terms`, ≥ 0. */
  words: ArrayLike<number>;
  /** Number of the memory's terms. */
  length: number;
}

/** A memory found by words or by vector, scored exactly by both, with what the ranking must know of it. */
export interface Candidate extends Scores {
  id: MemoryId;
  /**
   * Scores of the turns around it in its conversation, nearest first: `before[0]` is the previous turn. Filters don't
   * apply to neighbours. Empty without a conversation.
   */
  before: readonly Scores[];
  after: readonly Scores[];
  /** The turn before it and the one after it in its conversation, whatever the filter; null where there is none. */
  previous: MemoryId | null;
  next: MemoryId | null;
  /** Unix seconds. */
  created_at: number;
  /** Says by being equal which turns have the same label at their head; null without one, and for the label of a role. */
  label: string | number | null;
  /** A turn of a conversation whose label names the speaker. */
  named: boolean;
  /** Positions of the query words that name the turn's speaker; empty unless it is named. */
  speaker: readonly number[];
  /** Whose words it holds; null where that isn't known. */
  role: Role | null;
  /** A short turn of a conversation that ends by asking. */
  asks: boolean;
  /** Whether its type is `TURN_TYPE` of `memory/turn.ts`. */
  turn: boolean;
  /** The memory, where the search read it on the way; `getById` gives the others. */
  memory?: Memory;
}

/** What a candidate search found. */
export interface CandidateSet {
  /** The best by words and the best by vector, and the turns around them where those pass the filter. */
  candidates: Candidate[];
  /** The query's words that the store knows, folded, each once. */
  terms: readonly string[];
  /**
   * The largest BM25 a memory could reach for this query: every query word present and saturated. Puts `words` on an
   * absolute scale; 0 when no query word exists in the store.
   */
  words_ceiling: number;
  /** Weight of each word where it is saturated, in the order of `terms`, and the sum of those that no memory has. */
  weights: readonly number[];
  unseen_weight: number;
  /** Number of memories that pass the filter; about so many where the store can only estimate. */
  memories: number;
  /**
   * Whether a vector was given and not used, since the store serves the vectors of another model, or of none: another
   * process may have switched it.
   */
  vector_ignored: boolean;
}

/** Searches by words, by vector and for verbatim text. */
export interface MemorySearch {
  /** Finds candidates by words and vector over the same filter. */
  candidates(query: CandidateQuery): Promise<CandidateSet>;

  /**
   * Memories that contain `text` verbatim, both folded, best BM25 first, then newest. A page and the total.
   */
  findText(text: string, query: ListQuery): Promise<MemoryPage>;
}
