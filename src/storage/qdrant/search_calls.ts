/**
 * What a search asks the server: the best by words and by vector in one request, and exact cosines of chosen points.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { unescapeText } from "../escape.ts";
import type { CandidateQuery } from "../contract/search.ts";
import type { Collection } from "./collection.ts";
import { all, type Condition } from "./filter.ts";
import { RESERVED_ID, WORDS, wordsDocument } from "./layout.ts";
import { chunksVector, type Models } from "./models.ts";
import type { Content, Words } from "./words.ts";

type Query = Schemas["QueryRequest"];

/** Payload that candidates are made from. */
const CONTENT_FIELDS = ["content", "conversation_id", "created_at", "metadata.role"];
/** Once this share of what a search found had to be read, the next one has it sent along. */
const READ_SHARE = 0.3;

/** Milliseconds for which it is believed that no memory has a second chunk. */
const SINGLE_MS = 10_000;

/** A query's vector with the vectors it is compared with. */
export interface Meaning {
  values: number[];
  vector: string;
  chunks: string;
  distance: string;
}

/** The best points of a search, and the cosines found on the way. */
export interface Best {
  semantic: string[];
  byWords: string[];
  cosines: Map<string, number>;
}

/** Requests of searches in one collection. */
export class SearchCalls {
  readonly #collection: Collection;
  readonly #models: Models;
  readonly #words: Words;
  /** Whether found contents come with the answer: a request less where few are kept, bytes for nothing where most are. */
  #sendContents = true;
  /** When a search over everything found no memory with a second chunk, in milliseconds. */
  #singleAt = -Infinity;

  constructor(collection: Collection, models: Models, words: Words) {
    this.#collection = collection;
    this.#models = models;
    this.#words = words;
  }

  /** The vector to compare with; null without one, and when the query's model isn't the one whose vectors are served. */
  async meaning(query: CandidateQuery["vector"]): Promise<Meaning | null> {
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

  /** The best by words and by vector. Learns what the terms' weights need, and the contents that come along. */
  async best(wanted: string[], meaning: Meaning | null, conditions: Condition[], limit: number): Promise<Best> {
    const dense = meaning === null ? [] : this.#dense(meaning, limit);
    const sparse: Query[] = wanted.length > 0 ? [{ query: wordsDocument(wanted), using: WORDS, limit }] : [];
    const filter = all(...conditions), found = dense.length + sparse.length;
    const searches = [...dense, ...sparse].map((search): Query => ({
      ...search,
      ...(filter ? { filter } : {}),
      ...(this.#sendContents ? { with_payload: CONTENT_FIELDS } : {}),
    }));
    const answers = await this.#withRarities(wanted, searches);

    const cosines = new Map<string, number>();
    if (meaning !== null) { for (const points of answers.slice(0, dense.length)) addCosines(cosines, points, meaning); }
    const semantic = [...cosines].sort((a, b) => b[1] - a[1]).slice(0, limit).map(([id]) => id);
    const byWords = answers.slice(dense.length, found).flat().map(({ id }) => String(id));
    this.#keepContents(answers.slice(0, found).flat(), new Set([...semantic, ...byWords]));
    if (dense.length > 1 && filter === undefined && answers[1]!.length === 0) this.#singleAt = performance.now();
    return { semantic, byWords, cosines };
  }

  /** Exact cosines of points, for those that have none yet. */
  async score(meaning: Meaning, ids: ReadonlySet<string>, { cosines }: Best): Promise<void> {
    const missing = [...ids].filter((id) => !cosines.has(id));
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
  }

  /** Those of the points that meet the conditions. */
  async passing(ids: string[], conditions: Condition[]): Promise<string[]> {
    if (ids.length === 0 || conditions.length === 0) return ids;
    const [points = []] = await this.#batch([
      { filter: { must: [{ has_id: ids }, ...conditions] }, limit: ids.length },
    ]);
    return points.map(({ id }) => String(id));
  }

  /** How many memories meet the conditions, as the server estimates. */
  async count(conditions: Condition[]): Promise<number> {
    const filter = all(...conditions);
    const { count } = await this.#collection.read<Schemas["CountResult"]>(
      "count memories",
      (api, to, init) => api.countPoints({ ...to, ...(filter ? { filter } : {}), exact: false }, init),
    );
    // The reserved point passes only where nothing is asked for.
    return filter === undefined ? Math.max(0, count - this.#collection.reserved) : count;
  }

  /** Reads the contents that aren't kept. */
  async readContents(ids: ReadonlySet<string>): Promise<void> {
    const missing = [...ids].filter((id) => this.#words.content(id) === undefined);
    if (missing.length === 0) return;
    const points = await this.#collection.read<Schemas["Record"][]>(
      "read memories",
      (api, to, init) => api.getPoints({ ...to, ids: missing, with_payload: CONTENT_FIELDS }, init),
    );
    for (const { id, payload } of points) this.keep(String(id), payload);
  }

  /** Makes sure that the weights of terms are known. */
  async learn(wanted: string[]): Promise<void> {
    await this.#withRarities(wanted, []);
  }

  /** Makes sure that it is known how long memories are, and in which languages. */
  async survey(): Promise<void> {
    const unknown = this.#words.unknown([]);
    if (!unknown.lengths) return;
    const [answers, memories] = await Promise.all([this.#batch(unknown.queries), this.#count()]);
    await this.#words.learn(unknown, answers, memories);
  }

  /** Keeps a content that was read. */
  keep(id: string, payload: Schemas["Record"]["payload"]): Content {
    const { content, conversation_id, created_at, metadata } = payload as
      & Partial<Record<"content" | "conversation_id" | "created_at", unknown>>
      & {
        metadata?: { role?: unknown };
      };
    const conversation = typeof conversation_id === "string" ? conversation_id : null;
    return this.#words.keep(
      id,
      unescapeText(String(content ?? "")),
      conversation,
      metadata?.role,
      Number(created_at) || 0,
    );
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

  /** Takes over what came along, and sees whether it was worth it. */
  #keepContents(points: Schemas["ScoredPoint"][], found: ReadonlySet<string>): void {
    let unread = 0;
    for (const id of found) if (this.#words.content(id) === undefined) unread++;
    if (this.#sendContents) {
      for (const { id, payload } of points) {
        const key = String(id);
        if (payload && found.has(key) && this.#words.content(key) === undefined) this.keep(key, payload);
      }
    }
    this.#sendContents = unread > READ_SHARE * found.size;
  }

  /** Runs searches, and in the same request what is needed to weigh the terms. */
  async #withRarities(wanted: string[], searches: Query[]): Promise<Schemas["ScoredPoint"][][]> {
    if (wanted.length === 0) return await this.#batch(searches);
    const unknown = this.#words.unknown(wanted);
    const [answers, memories] = await Promise.all([
      this.#batch([...searches, ...unknown.queries]),
      unknown.lengths ? this.#count() : 0,
    ]);
    await this.#words.learn(unknown, answers.slice(searches.length), memories);
    return answers.slice(0, searches.length);
  }

  async #batch(searches: Query[]): Promise<Schemas["ScoredPoint"][][]> {
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

  async #count(): Promise<number> {
    const { count } = await this.#collection.read<Schemas["CountResult"]>(
      "count memories",
      (api, to, init) => api.countPoints({ ...to, exact: false }, init),
    );
    return count;
  }
}

/** A part of a unit vector, as exact as a cosine needs it, in half as many digits. */
function rounded(value: number): number {
  return Math.round(value * 1e8) / 1e8;
}

/** Takes over scores as cosines, each memory's best. */
function addCosines(cosines: Map<string, number>, points: Schemas["ScoredPoint"][], { distance }: Meaning): void {
  for (const { id, score } of points) {
    if (id === RESERVED_ID) continue;
    // Of unit vectors, the squared distance is 2 − 2 cosines.
    const cosine = distance === "Euclid" ? 1 - score * score / 2 : score, key = String(id);
    cosines.set(key, Math.max(cosines.get(key) ?? -1, cosine));
  }
}
