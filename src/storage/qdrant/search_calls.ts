/**
 * What a search asks the server: the best by words and by vector in one request, exact cosines of chosen points, the
 * order of turns, and how rare terms are.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { Memory, MemoryFilter } from "../../memory/memory.ts";
import { analyse } from "../../memory/text.ts";
import { TimeSlice } from "../../yielding.ts";
import type { CandidateQuery } from "../contract/search.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type {
  Best,
  BestQuestion,
  CandidateSource,
  SourceSearch,
  WeightAnswer,
  WeightQuestion,
} from "../scoring/source.ts";
import { surveyOf } from "../scoring/weights.ts";
import type { Collection } from "./collection.ts";
import { all, type Condition, conditionsOf } from "./filter.ts";
import { MEMORY_FIELDS, memoryOf, RESERVED_ID, storedWeight, WORDS, wordsDocument } from "./layout.ts";
import { chunksVector, type Models } from "./models.ts";

type Query = Schemas["QueryRequest"];
type Points = Schemas["ScoredPoint"][];

/** Milliseconds for which it is believed that no memory has a second chunk. */
const SINGLE_MS = 10_000;
/** Memories whose lengths and languages are counted; their mean length is within some percent of the true one. */
const SAMPLE = 256;

/** A query's vector with the vectors it is compared with. */
interface Meaning {
  values: number[];
  vector: string;
  chunks: string;
  distance: string;
}

/** Requests of searches in one collection. */
export class SearchCalls implements CandidateSource {
  readonly #collection: Collection;
  readonly #models: Models;
  /** When a search over everything found no memory with a second chunk, in milliseconds. */
  #singleAt = -Infinity;

  constructor(collection: Collection, models: Models) {
    this.#collection = collection;
    this.#models = models;
  }

  async begin(filter: MemoryFilter, vector: CandidateQuery["vector"]): Promise<SourceSearch> {
    const [{ complete }, meaning] = await Promise.all([this.#collection.facts(), this.#meaning(vector)]);
    const conditions = conditionsOf(filter, complete);
    return {
      byVector: meaning !== null,
      best: (question) => this.#best(question, meaning, conditions),
      cosines: async (ids, known) => meaning === null ? known : await this.#cosines(meaning, ids, known),
      passing: (ids) => this.#passing(ids, conditions),
      count: () => this.#count(conditions),
    };
  }

  async memories(ids: readonly string[]): Promise<Map<string, Memory>> {
    const points = await this.#collection.read<Schemas["Record"][]>(
      "read memories",
      (api, to, init) => api.getPoints({ ...to, ids: [...ids], with_payload: MEMORY_FIELDS, with_vector: false }, init),
    );
    return new Map(points.map(({ id, payload }) => [String(id), memoryOf(payload ?? {})]));
  }

  async weights(question: WeightQuestion): Promise<WeightAnswer> {
    return (await this.#withWeights(question, [])).weights;
  }

  async turns(conversations: readonly { name: string; limit: number }[]): Promise<string[][]> {
    const answers = await this.#collection.read<Schemas["QueryResponse"][]>(
      "read turns",
      (api, to, init) =>
        api.queryBatchPoints({
          ...to,
          searches: conversations.map(({ name, limit }) => ({
            query: { order_by: { key: "created_at", direction: "desc" as const } },
            filter: { must: [{ key: "conversation_id", match: { value: escapeText(name) } }] },
            limit,
            with_payload: false,
          })),
        }, init),
    );
    return answers.map(({ points }) => points.map(({ id }) => String(id)).reverse());
  }

  async countTurns(names: readonly string[]): Promise<Map<string, number>> {
    const { hits } = await this.#collection.read<Schemas["FacetResponse"]>("count turns", (api, to, init) =>
      api.facet({
        ...to,
        key: "conversation_id",
        limit: names.length,
        exact: true,
        filter: { must: [{ key: "conversation_id", match: { any: names.map(escapeText) } }] },
      }, init));
    return new Map(hits.map(({ value, count }) => [unescapeText(String(value)), count]));
  }

  /** The vector to compare with; null without one, and when the query's model isn't the one whose vectors are served. */
  async #meaning(query: CandidateQuery["vector"]): Promise<Meaning | null> {
    const vector = await query;
    if (vector === null) return null;
    const { model, values } = vector;
    const active = await this.#models.active();
    if (active?.id !== model || !this.#collection.vectors.has(active.vector)) return null;
    const { distance } = this.#collection.vectors.get(active.vector)!;
    return {
      values: Array.from(values, rounded),
      vector: active.vector,
      chunks: chunksVector(active.vector),
      distance,
    };
  }

  async #best(question: BestQuestion, meaning: Meaning | null, conditions: Condition[]): Promise<Best> {
    const { terms, limit } = question;
    const dense = meaning === null ? [] : this.#dense(meaning, limit);
    const sparse: Query[] = terms.length > 0 ? [{ query: wordsDocument(terms), using: WORDS, limit }] : [];
    const filter = all(...conditions);
    const searches = [...dense, ...sparse].map((search): Query => ({
      ...search,
      ...(filter ? { filter } : {}),
      ...(question.memories ? { with_payload: MEMORY_FIELDS } : {}),
    }));
    const { answers, weights } = await this.#withWeights(question.weights, searches);

    const cosines = new Map<string, number>();
    if (meaning !== null) { for (const points of answers.slice(0, dense.length)) addCosines(cosines, points, meaning); }
    const byVector = [...cosines].sort((a, b) => b[1] - a[1]).slice(0, limit).map(([id]) => id);
    const byWords = answers.slice(dense.length).flat().map(({ id }) => String(id));
    if (dense.length > 1 && filter === undefined && answers[1]!.length === 0) this.#singleAt = performance.now();
    const memories = new Map<string, Memory>();
    if (question.memories) {
      const found = new Set([...byVector, ...byWords]);
      for (const { id, payload } of answers.flat()) {
        const key = String(id);
        if (payload && found.has(key) && !memories.has(key)) memories.set(key, memoryOf(payload));
      }
    }
    return { byVector, byWords, cosines, memories, weights };
  }

  async #cosines(
    meaning: Meaning,
    ids: readonly string[],
    known: ReadonlyMap<string, number>,
  ): Promise<Map<string, number>> {
    const cosines = new Map(known), missing = ids.filter((id) => !known.has(id));
    const queries = this.#vectorsOf(meaning).flatMap((using): Query[] => {
      // A memory found by its first chunk may have a better one.
      const wanted = using === meaning.vector ? missing : [...ids];
      if (wanted.length === 0) return [];
      return [{
        query: meaning.values,
        using,
        filter: { must: [{ has_id: wanted }] },
        limit: wanted.length,
        params: { exact: true },
      }];
    });
    for (const points of await this.#batch(queries)) addCosines(cosines, points, meaning);
    return cosines;
  }

  async #passing(ids: readonly string[], conditions: Condition[]): Promise<string[]> {
    if (ids.length === 0 || conditions.length === 0) return [...ids];
    const [points = []] = await this.#batch([
      { filter: { must: [{ has_id: [...ids] }, ...conditions] }, limit: ids.length },
    ]);
    return points.map(({ id }) => String(id));
  }

  /** How many memories meet the conditions, as the server estimates. */
  async #count(conditions: Condition[]): Promise<number> {
    const filter = all(...conditions);
    const { count } = await this.#collection.read<Schemas["CountResult"]>(
      "count memories",
      (api, to, init) => api.countPoints({ ...to, ...(filter ? { filter } : {}), exact: false }, init),
    );
    // The reserved point passes only where nothing is asked for.
    return filter === undefined ? Math.max(0, count - this.#collection.reserved) : count;
  }

  #dense(meaning: Meaning, limit: number): Query[] {
    const { hnsw: { efSearch }, quantisation } = this.#collection.settings;
    const params: Schemas["SearchParams"] = {
      hnsw_ef: Math.max(efSearch, limit),
      ...(quantisation === null ? {} : { quantization: { rescore: true, oversampling: 2 } }),
    };
    // One more than asked for: the reserved point may be among them.
    return this.#vectorsOf(meaning).map((using) => ({ query: meaning.values, using, limit: limit + 1, params }));
  }

  /** The model's vector, and that of further chunks where any memory has some. */
  #vectorsOf({ vector, chunks }: Meaning): string[] {
    const isSingle = !this.#models.madeChunks && performance.now() - this.#singleAt < SINGLE_MS;
    return isSingle || !this.#collection.vectors.has(chunks) ? [vector] : [vector, chunks];
  }

  /** Runs searches, and in the same request what is needed to weigh terms. */
  async #withWeights(
    { terms, survey }: WeightQuestion,
    searches: Query[],
  ): Promise<{ answers: Points[]; weights: WeightAnswer }> {
    const queries = terms.map((term): Query => ({
      query: wordsDocument([term]),
      using: WORDS,
      limit: 1,
      with_payload: ["content"],
    }));
    if (survey) {
      queries.push({ query: { sample: "random" }, limit: SAMPLE, with_payload: ["content", "content_hash"] });
    }
    const [answers, memories] = await Promise.all([
      this.#batch([...searches, ...queries]),
      survey ? this.#count([]) : 0,
    ]);
    const asked = answers.slice(searches.length), rarities = await raritiesOf(terms, asked);
    return {
      answers: answers.slice(0, searches.length),
      weights: survey ? { rarities, survey: await surveyOf(contentsOf(asked.at(-1)!), memories) } : { rarities },
    };
  }

  async #batch(searches: Query[]): Promise<Points[]> {
    if (searches.length === 0) return [];
    const answers = await this.#collection.read<Schemas["QueryResponse"][]>(
      "search memories",
      (api, to, init) =>
        api.queryBatchPoints({
          ...to,
          searches: searches.map((search) => ({ with_payload: false, with_vector: false, ...search })),
        }, init),
    );
    return answers.map(({ points }) => points);
  }
}

/** How rare terms are: the score that the server gives each term's best memory, by the weight of the term in it. */
async function raritiesOf(terms: readonly string[], answers: readonly Points[]): Promise<Map<string, number>> {
  const rarities = new Map<string, number>(), timeSlice = new TimeSlice();
  for (const [i, term] of terms.entries()) {
    const best = answers[i]?.[0], content = best?.payload?.content;
    if (best === undefined || typeof content !== "string") continue;
    await timeSlice.yieldIfDue();
    const found = analyse(unescapeText(content)), count = found.filter((other) => other === term).length;
    if (count > 0) rarities.set(term, best.score / storedWeight(count, found.length));
  }
  return rarities;
}

/** Contents of a sample, among which the reserved point may be. */
function contentsOf(sample: Points): string[] {
  return sample.filter(({ payload }) => typeof payload?.content_hash === "string")
    .map(({ payload }) => unescapeText(String(payload!.content)));
}

/** A part of a unit vector, as exact as a cosine needs it, in half as many digits. */
function rounded(value: number): number {
  return Math.round(value * 1e8) / 1e8;
}

/** Takes over scores as cosines, each memory's best. */
function addCosines(cosines: Map<string, number>, points: Points, { distance }: Meaning): void {
  for (const { id, score } of points) {
    if (id === RESERVED_ID) continue;
    // Of unit vectors, the squared distance is 2 − 2 cosines.
    const cosine = distance === "Euclid" ? 1 - score * score / 2 : score, key = String(id);
    cosines.set(key, Math.max(cosines.get(key) ?? -1, cosine));
  }
}
