/**
 * What scoring asks of a store: who is best by words and by vector, what lies around them, the order of turns, and how
 * rare terms are. A driver over a server answers these, and `CandidateSearch` makes candidates of the answers.
 *
 * @module
 */

import type { Memory, MemoryFilter } from "../../memory/memory.ts";
import type { StemmedLanguage } from "../../memory/stemming.ts";
import type { CandidateQuery } from "../contract/search.ts";

/** What isn't known yet of the collection as a whole. */
export interface WeightQuestion {
  /** Terms whose rarity is asked for. */
  terms: readonly string[];
  /** Whether it is asked what memories are like. */
  survey: boolean;
}

/** Facts about the collection as a whole, which are believed for a while. */
export interface WeightAnswer {
  /** `inverseDocumentFrequency` of `memory/ranking.ts`, of those terms that some memory has. */
  rarities: ReadonlyMap<string, number>;
  /** Only where it was asked for. */
  survey?: Survey;
}

/** What memories are like: `surveyOf` makes it of a sample of their contents. */
export interface Survey {
  /** Number of memories. */
  memories: number;
  /** Terms of a memory on average. */
  length: number;
  /** Languages besides English in which more than a few memories are. */
  languages: readonly StemmedLanguage[];
}

/** What `SourceSearch.best` looks for. */
export interface BestQuestion {
  /** Terms of the query, those of all forms of its words; none to skip words. */
  terms: readonly string[];
  /** How many of the best by words, and how many of the best by vector. */
  limit: number;
  /** Whether to give the memories found too. */
  memories: boolean;
  /** What is asked of the whole collection in the same round trip. */
  weights: WeightQuestion;
  /** Whether `SourceSearch.count` will be called, so that it can be answered at the same time. */
  count: boolean;
}

/** What `SourceSearch.best` found, by the driver's ids. */
export interface Best {
  /** The best by words, by a BM25 over all memories; those without any of the terms aren't among them. */
  byWords: string[];
  /** The best by vector; none without a vector. */
  byVector: string[];
  /** Cosines that came to light, the best chunk's of each memory. */
  cosines: Map<string, number>;
  /** Memories that were found, where they were asked for. */
  memories: ReadonlyMap<string, Memory>;
  weights: WeightAnswer;
}

/** What `SourceSearch.near` is asked about the memories around those that were found. */
export interface NearQuestion {
  /** Memories whose exact cosines are needed. */
  ids: readonly string[];
  /** Those of `ids` that are to be given too. */
  read: ReadonlySet<string>;
  /** Memories of which it is asked whether they pass the filter. */
  passing: readonly string[];
  /** Conversations of which all turns are wanted with all that, unless they are too many for one answer. */
  conversations: readonly string[];
}

/** What `SourceSearch.near` found. */
export interface Near {
  /** Cosines of the memories' best chunks. Those without vectors are left out, and those that `best` or `near` gave before. */
  cosines: ReadonlyMap<string, number>;
  /** Memories of `read`; some of those without vectors may be missing, which `CandidateSource.memories` gives. */
  memories: ReadonlyMap<string, Memory>;
  /** Those of `passing` and of the conversations that pass. */
  passing: readonly string[];
  /** Ids of the turns of each conversation, in order of time; null where they were too many. */
  turns: ReadonlyMap<string, readonly string[]> | null;
}

/** One search: the filter and the vector are fixed. */
export interface SourceSearch {
  /** Whether a vector was given and is of the model whose vectors are served. */
  readonly byVector: boolean;
  best(question: BestQuestion): Promise<Best>;
  /** What is needed of the memories around those found, in one round trip. */
  near(question: NearQuestion): Promise<Near>;
  /** How many memories pass the filter; about so many where the store can only estimate. */
  count(): Promise<number>;
}

/** A store as scoring sees it. */
export interface CandidateSource {
  begin(filter: MemoryFilter, vector: CandidateQuery["vector"]): Promise<SourceSearch>;
  /** Memories by id; those that have gone are left out. */
  memories(ids: readonly string[]): Promise<ReadonlyMap<string, Memory>>;
  weights(question: WeightQuestion): Promise<WeightAnswer>;
  /** Ids of the last `limit` turns of each conversation, in order of time. */
  turns(conversations: readonly { name: string; limit: number }[]): Promise<string[][]>;
  /** Number of turns of each conversation; those without any may be left out. */
  countTurns(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
