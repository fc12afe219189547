/**
 * Candidates for a query. One request finds the best by words and the best by vector over the same filter; a second one
 * scores by vector what was found by words, and the turns around the candidates. Word scores are computed here.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { NEIGHBOUR_REACH } from "../../memory/ranking.ts";
import { analyseQuery } from "../../memory/text.ts";
import { unescapeText } from "../sqlite/escape.ts";
import type { Candidate, CandidateQuery, CandidateSet, Scores } from "../storage.ts";
import type { Collection } from "./collection.ts";
import type { Around, Conversations } from "./conversations.ts";
import { all, type Condition, conditionsOf } from "./filter.ts";
import { RESERVED_ID, WORDS, wordsDocument } from "./layout.ts";
import { chunksVector, type Models } from "./models.ts";
import type { Analysed, Words } from "./words.ts";

/** Terms of a query that are scored; a question has a dozen, and a pasted page must not hold up everyone else. */
const MAX_TERMS = 64;
/** Terms of a query that are looked up. */
const MAX_LOOKUPS = 256;

type Query = Schemas["QueryRequest"];

/** A query's vector with the vectors it is compared with. */
interface Meaning {
  values: number[];
  vector: string;
  chunks: string;
  distance: string;
}

/** Searches of one collection. */
export class Searches {
  readonly #collection: Collection;
  readonly #models: Models;
  readonly #words: Words;
  readonly #conversations: Conversations;

  constructor(collection: Collection, models: Models, words: Words, conversations: Conversations) {
    this.#collection = collection;
    this.#models = models;
    this.#words = words;
    this.#conversations = conversations;
  }

  async candidates({ text, vector, filter, limit }: CandidateQuery): Promise<CandidateSet> {
    const { complete } = await this.#collection.facts();
    const conditions = conditionsOf(filter, complete);
    const meaning = vector === null ? null : await this.#meaning(vector);
    const wanted = text === null ? [] : analyseQuery(text).slice(0, MAX_LOOKUPS);

    const { semantic, byWords, scored } = await this.#best(wanted, meaning, conditions, limit);
    const slots = new Set([...byWords, ...semantic]);
    await this.#readContents(slots);
    const around = await this.#around(slots);
    const nearby = new Set<string>();
    for (const { before, after } of around.values()) for (const id of [...before, ...after]) nearby.add(id);
    const unseen = [...nearby].filter((id) => !slots.has(id));
    const passing = conditions.length === 0 ? unseen : await this.#passing(unseen, conditions);
    for (const id of passing) slots.add(id);

    // What lends to the turns that came in last lies one reach further out.
    await this.#readContents(nearby);
    const lending = await this.#around(slots);
    const needed = new Set(slots);
    for (const { before, after } of lending.values()) for (const id of [...before, ...after]) needed.add(id);
    await Promise.all([this.#readContents(needed), meaning === null ? null : this.#score(meaning, needed, scored)]);
    return this.#present(wanted, slots, lending, scored);
  }

  /** BM25 of points whose contents were read, by point id. */
  async wordScores(wanted: string[], points: Schemas["Record"][]): Promise<Map<string, number>> {
    const unknown = this.#words.unknown(wanted);
    const [answers, memories] = await Promise.all([
      this.#batch("search memories", unknown.queries),
      unknown.lengths ? this.#count() : 0,
    ]);
    this.#words.learn(unknown, answers, memories);
    const { terms, factors } = this.#words.known(wanted, MAX_TERMS);
    return new Map(points.map(({ id, payload }) => {
      const key = String(id), analysed = this.#words.analysed(key) ?? this.#analyse(key, payload);
      return [key, this.#words.score(analysed, terms, factors).reduce((sum, score) => sum + score, 0)];
    }));
  }

  /** The vector to compare with; null when the query's model isn't the one whose vectors are served. */
  async #meaning({ model, values }: { model: string; values: Float32Array }): Promise<Meaning | null> {
    const active = await this.#models.active();
    if (active?.id !== model || !this.#collection.vectors.has(active.vector)) return null;
    const { distance } = this.#collection.vectors.get(active.vector)!;
    return { values: Array.from(values), vector: active.vector, chunks: chunksVector(active.vector), distance };
  }

  /** The best by words and by vector, the cosines found on the way, and what the terms' weights need. */
  async #best(wanted: string[], meaning: Meaning | null, conditions: Condition[], limit: number) {
    const filter = all(...conditions), unknown = this.#words.unknown(wanted);
    const { efSearch } = this.#collection.settings.hnsw, quantised = this.#collection.settings.quantisation !== null;
    const params: Schemas["SearchParams"] = {
      hnsw_ef: Math.max(efSearch, limit),
      ...(quantised ? { quantization: { rescore: true, oversampling: 2 } } : {}),
    };
    const searches: Query[] = [];
    if (meaning !== null) {
      for (const using of this.#vectorsOf(meaning)) {
        // One more than asked for: the reserved point may be among them.
        searches.push({ query: meaning.values, using, limit: limit + 1, params, ...(filter ? { filter } : {}) });
      }
    }
    const dense = searches.length;
    if (wanted.length > 0) {
      searches.push({ query: wordsDocument(wanted), using: WORDS, limit, ...(filter ? { filter } : {}) });
    }
    const found = searches.length;
    if (wanted.length > 0) searches.push(...unknown.queries);
    const asksLengths = wanted.length > 0 && unknown.lengths;
    const [answers, memories] = await Promise.all([
      this.#batch("search memories", searches),
      asksLengths ? this.#count() : 0,
    ]);
    if (wanted.length > 0) this.#words.learn(unknown, answers.slice(found), memories);

    const scored = new Map<string, number>();
    if (meaning !== null) { for (const points of answers.slice(0, dense)) addScores(scored, points, meaning); }
    const semantic = [...scored].sort((a, b) => b[1] - a[1]).slice(0, limit).map(([id]) => id);
    const byWords = answers.slice(dense, found).flat().map(({ id }) => String(id));
    return { semantic, byWords, scored };
  }

  /** The model's vector, and that of further chunks where any memory has some. */
  #vectorsOf({ vector, chunks }: Meaning): string[] {
    return this.#collection.vectors.has(chunks) ? [vector, chunks] : [vector];
  }

  /** Analyses the contents that aren't kept. */
  async #readContents(ids: ReadonlySet<string>): Promise<void> {
    const missing = [...ids].filter((id) => this.#words.analysed(id) === undefined);
    if (missing.length === 0) return;
    const points = await this.#collection.read<Schemas["Record"][]>(
      "read memories",
      (api, to, init) => api.getPoints({ ...to, ids: missing, with_payload: ["content", "conversation_id"] }, init),
    );
    for (const { id, payload } of points) this.#analyse(String(id), payload);
  }

  #analyse(id: string, payload: Schemas["Record"]["payload"]): Analysed {
    const { content, conversation_id } = payload as { content?: unknown; conversation_id?: unknown };
    const conversation = typeof conversation_id === "string" ? conversation_id : null;
    return this.#words.analyse(id, unescapeText(String(content ?? "")), conversation);
  }

  async #around(ids: ReadonlySet<string>): Promise<Map<string, Around>> {
    const turns = new Map<string, string>();
    for (const id of ids) {
      const conversation = this.#words.analysed(id)?.conversation;
      if (conversation != null) turns.set(id, conversation);
    }
    await this.#conversations.load(new Set(turns.values()));
    return new Map(
      Array.from(turns, ([id, name]) => [id, this.#conversations.around(name, id, NEIGHBOUR_REACH)]),
    );
  }

  /** Those of the points that meet the conditions. */
  async #passing(ids: string[], conditions: Condition[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const [points = []] = await this.#batch("search memories", [
      { filter: { must: [{ has_id: ids }, ...conditions] }, limit: ids.length },
    ]);
    return points.map(({ id }) => String(id));
  }

  /** Exact cosines of the points that have none yet. */
  async #score(meaning: Meaning, ids: ReadonlySet<string>, scored: Map<string, number>): Promise<void> {
    // A memory found by its first chunk may have a better one.
    const vectors = this.#vectorsOf(meaning), missing = [...ids].filter((id) => !scored.has(id));
    const queries = vectors.flatMap((using): Query[] => {
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
    for (const points of await this.#batch("search memories", queries)) addScores(scored, points, meaning);
  }

  #present(
    wanted: string[],
    ids: ReadonlySet<string>,
    around: ReadonlyMap<string, Around>,
    cosines: ReadonlyMap<string, number>,
  ): CandidateSet {
    const { terms, factors, ceiling } = this.#words.known(wanted, MAX_TERMS);
    const scores = new Map<string, Scores>();
    const scoresOf = (id: string): Scores => {
      let found = scores.get(id);
      if (found === undefined) {
        const analysed = this.#words.analysed(id);
        const words = analysed === undefined
          ? new Float32Array(terms.length)
          : this.#words.score(analysed, terms, factors);
        scores.set(id, found = { semantic: cosines.get(id) ?? null, words });
      }
      return found;
    };
    const candidates: Candidate[] = [];
    for (const id of ids) {
      const analysed = this.#words.analysed(id);
      if (analysed === undefined) continue; // deleted since it was found
      const { before, after } = around.get(id) ?? { before: [], after: [] };
      candidates.push({
        id,
        ...scoresOf(id),
        before: before.map(scoresOf),
        after: after.map(scoresOf),
        speaker: positions(analysed, terms),
        asks: analysed.asks,
      });
    }
    return { candidates, terms, words_ceiling: ceiling };
  }

  async #batch(action: string, searches: Query[]): Promise<Schemas["ScoredPoint"][][]> {
    if (searches.length === 0) return [];
    const answers = await this.#collection.read<Schemas["QueryResponse"][]>(
      action,
      (api, to, init) =>
        api.queryBatchPoints({
          ...to,
          searches: searches.map((search) => ({ with_payload: false, with_vector: false, ...search })),
        }, init),
    );
    return answers.map(({ points }) => points);
  }

  async #count(): Promise<number> {
    const { count } = await this.#collection.read<Schemas["CountResult"]>(
      "count memories",
      (api, to, init) => api.countPoints({ ...to, exact: false }, init),
    );
    return count;
  }
}

/** Takes over scores as cosines, each memory's best. */
function addScores(scored: Map<string, number>, points: Schemas["ScoredPoint"][], { distance }: Meaning): void {
  for (const { id, score } of points) {
    if (id === RESERVED_ID) continue;
    // Of unit vectors, the squared distance is 2 − 2 cosines.
    const cosine = distance === "Euclid" ? 1 - score * score / 2 : score, key = String(id);
    scored.set(key, Math.max(scored.get(key) ?? -1, cosine));
  }
}

/** Positions of the terms that name the speaker. */
function positions({ speaker }: Analysed, terms: readonly string[]): number[] {
  return speaker.length === 0 ? [] : terms.flatMap((term, i) => speaker.includes(term) ? [i] : []);
}
