/**
 * What a search asks the server: the best by words and by vector in one request, exact cosines of chosen points, the
 * order of turns, and how rare terms are.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { Memory, MemoryFilter } from "../../memory/memory.ts";
import { analyse } from "../../memory/text.ts";
import { validityOf } from "../../memory/validity.ts";
import { TimeSlice } from "../../yielding.ts";
import type { CandidateQuery } from "../contract/search.ts";
import { escapeText, unescapeText } from "../escape.ts";
import type {
  Best,
  BestQuestion,
  CandidateSource,
  Near,
  NearQuestion,
  SourceSearch,
  WeightAnswer,
  WeightQuestion,
} from "../scoring/source.ts";
import { surveyOf } from "../scoring/weights.ts";
import type { Collection } from "./collection.ts";
import { all, type Condition, conditionsOf } from "./filter.ts";
import { countBySpace } from "./keys.ts";
import { MEMORY_FIELDS, memoryOf, RESERVED_ID, storedWeight, WORDS, wordsDocument } from "./layout.ts";
import { chunksVector, type Models } from "./models.ts";
import { SpaceWords } from "./space_words.ts";
import type { Reading } from "./tenancy.ts";

type Query = Schemas["QueryRequest"];
type Points = Schemas["ScoredPoint"][];

/** Milliseconds for which it is believed that no memory has a second chunk. */
const SINGLE_MS = 10_000;
/** Milliseconds for which searches name the usual filter once it left something out. */
const EXCLUDED_MS = 60_000;
/**
 * Memories whose lengths and languages are counted; their mean length is within some percent of the true one. They are
 * the first by id, which is as good as drawing them, since ids are hashes, and the same for every replica.
 */
const SAMPLE = 256;
/** Turns of several conversations in one answer; where there are more, the order is asked for by itself. */
const MOST_TURNS = 500;
/** Memories up to which those that pass are counted one by one. */
const EXACTLY_COUNTED = 10_000;
/**
 * Neighbours looked at below a number of memories, where the settings don't say: so many find 99 % of the fifty nearest
 * (`bench/README.md`).
 */
const EF_BY_SIZE: readonly [memories: number, ef: number][] = [[50_000, 128], [500_000, 256], [Infinity, 512]];
/** In no id of a space. */
const KEY_SEPARATOR = "\n";

/** A query's vector with the vectors it is compared with. */
interface Meaning {
  values: number[];
  vector: string;
  chunks: string;
  distance: string;
}

/** What a conversation is known by among those of all spaces. `space` is the id. */
export function conversationKey(conversation: string, space: string | null | undefined): string {
  return `${space ?? ""}${KEY_SEPARATOR}${conversation}`;
}

/** The id of the space in what a conversation is known by; null for `default`. */
export function spaceOfConversation(key: string): string | null {
  return key.slice(0, key.indexOf(KEY_SEPARATOR)) || null;
}

/** Requests of searches in some spaces of one collection. */
export class SearchCalls implements CandidateSource {
  readonly #collection: Collection;
  readonly #models: Models;
  readonly #reading: Reading;
  /** Null where all words of the collection are meant. */
  readonly #words: SpaceWords | null;
  /** Memories of each space; of the collection under its name. */
  #sizes: ReadonlyMap<string, number> = new Map();
  /** When a search over everything found no memory with a second chunk, in milliseconds. */
  #singleAt = -Infinity;
  /** When a memory was found that the usual filter leaves out, in milliseconds. */
  #excludedAt = -Infinity;

  constructor(collection: Collection, models: Models, reading: Reading) {
    this.#collection = collection;
    this.#models = models;
    this.#reading = reading;
    this.#words = reading.spaces === null ? null : new SpaceWords(reading.spaces);
  }

  /** Number of memories at the last survey. */
  get size(): number {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  async begin(filter: MemoryFilter, vector: CandidateQuery["vector"]): Promise<SourceSearch> {
    const [{ complete }, meaning] = await Promise.all([this.#collection.facts(), this.#meaning(vector)]);
    const conditions = conditionsOf(filter, complete);
    const scored = new Set<string>(), count = () => this.#count([...this.#reading.conditions, ...conditions]);
    let counted: Promise<number> | undefined;
    return {
      byVector: meaning !== null,
      best: async (question) => {
        // At the same time. Before the first survey it isn't known how to count.
        if (question.count && this.size > 0) {
          counted = count();
          counted.catch(() => {}); // its reader gets the error
        }
        return await this.#bestOf(question, filter, meaning, conditions, scored);
      },
      near: (question) => this.#near(question, meaning, conditions, scored),
      count: () => counted ?? count(),
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
          searches: conversations.map(({ name: key, limit }) => ({
            query: { order_by: { key: "created_at", direction: "desc" as const } },
            filter: { must: turnsOf(key) },
            limit,
            with_payload: false,
          })),
        }, init),
    );
    return answers.map(({ points }) => points.map(({ id }) => String(id)).reverse());
  }

  async countTurns(keys: readonly string[]): Promise<Map<string, number>> {
    const counts = new Map<string, number>(), bySpace = Map.groupBy(keys, spaceOfConversation);
    await Promise.all(Array.from(bySpace, async ([space, keys]) => {
      for (const [name, count] of await this.#countTurns(space, keys.map(conversationOf))) {
        counts.set(conversationKey(name, space), count);
      }
    }));
    return counts;
  }

  async #countTurns(space: string | null, names: readonly string[]): Promise<Map<string, number>> {
    const { hits } = await this.#collection.read<Schemas["FacetResponse"]>("count turns", (api, to, init) =>
      api.facet({
        ...to,
        key: "conversation_id",
        limit: names.length,
        exact: true,
        filter: {
          must: [{ key: "conversation_id", match: { any: names.map(escapeText) } }, ...inSpace(space)],
        },
      }, init));
    return new Map(hits.map(({ value, count }) => [unescapeText(String(value)), count]));
  }

  /** The vector to compare with; null without one, and when the query's model isn't the one whose vectors are served. */
  async #meaning(query: CandidateQuery["vector"]): Promise<Meaning | null> {
    const vector = await query;
    if (vector === null) return null;
    const { model, values } = vector;
    const active = await this.#models.active();
    if (active?.id !== model) return null;
    if (this.#collection.isShared && !this.#collection.vectors.has(active.vector)) {
      // Another replica may have added it.
      this.#collection.forget();
      await this.#collection.prepare();
    }
    if (!this.#collection.vectors.has(active.vector)) return null;
    const { distance } = this.#collection.vectors.get(active.vector)!;
    return {
      values: Array.from(values, rounded),
      vector: active.vector,
      chunks: chunksVector(active.vector),
      distance,
    };
  }

  /**
   * Most stores have little that the usual filter leaves out, and the server finds without a filter in two thirds of the
   * time: it is asked without, until something comes that should have been left out.
   */
  async #bestOf(
    question: BestQuestion,
    filter: MemoryFilter,
    meaning: Meaning | null,
    conditions: Condition[],
    scored: Set<string>,
  ): Promise<Best> {
    if (question.memories && isUsual(filter) && performance.now() - this.#excludedAt > EXCLUDED_MS) {
      const seen = new Set<string>(), best = await this.#best(question, meaning, [], seen);
      if ([...best.memories.values()].every((memory) => passesUsual(memory, filter))) {
        for (const id of seen) scored.add(id);
        return best;
      }
      this.#excludedAt = performance.now();
    }
    return await this.#best(question, meaning, conditions, scored);
  }

  /** @param scored Gets the ids of memories whose cosines needn't be asked for any more. */
  async #best(
    question: BestQuestion,
    meaning: Meaning | null,
    conditions: Condition[],
    scored: Set<string>,
  ): Promise<Best> {
    const { terms, limit } = question;
    const dense = meaning === null ? [] : this.#dense(meaning, limit);
    const filter = all(...this.#reading.conditions, ...conditions);
    const within = {
      ...(filter ? { filter } : {}),
      ...(question.memories ? { with_payload: MEMORY_FIELDS } : {}),
    };
    const sparse = (): Query[] =>
      terms.length === 0 ? [] : [{ ...within, query: this.#wordsQuery(terms), using: WORDS, limit }];
    const finding = [...dense.map((search): Query => ({ ...search, ...within })), ...sparse()];
    // Where no more are stored than are asked for, the nearest are all.
    const isWhole = dense.length === 1 && this.size > 0 && this.size <= limit;
    const exact = meaning === null || isWhole ? [] : this.#exact(meaning, finding);
    const { answers: every, weights } = await this.#withWeights(question.weights, [...finding, ...exact]);
    const answers = every.slice(0, finding.length);
    // Another replica may have stored more since they were counted.
    const complete = meaning === null ? [] : isWhole ? answers.slice(0, dense.length) : answers;
    for (const { id } of complete.flat()) scored.add(String(id));
    // Those beyond the limit were left out by weights that other spaces have a part in.
    const isCut = this.size > limit && answers.at(-1)?.length === limit;
    if (this.#words !== null && isCut && weights.rarities.size > 0) {
      answers.splice(dense.length, 1, ...await this.#batch(sparse()));
    }

    const cosines = new Map<string, number>();
    if (meaning !== null) { for (const points of answers.slice(0, dense.length)) addCosines(cosines, points, meaning); }
    const byVector = [...cosines].sort((a, b) => b[1] - a[1]).slice(0, limit).map(([id]) => id);
    if (meaning !== null) { for (const points of every.slice(finding.length)) addCosines(cosines, points, meaning); }
    const byWords = answers.slice(dense.length).flat().map(({ id }) => String(id));
    if (dense.length > 1 && conditions.length === 0 && answers[1]!.length === 0) this.#singleAt = performance.now();
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

  /** @param scored Memories whose cosines needn't be asked for; gets those that are given now. */
  async #near(
    { ids, read, passing, conversations }: NearQuestion,
    meaning: Meaning | null,
    conditions: Condition[],
    scored: Set<string>,
  ): Promise<Near> {
    const wanted = meaning === null ? [] : ids.filter((id) => !scored.has(id)), left = new Set(read);
    const scoring: Query[] = [];
    if (meaning !== null && wanted.length > 0) {
      const [own, chunks] = this.#vectorsOf(meaning);
      const reading = wanted.filter((id) => left.delete(id)), others = wanted.filter((id) => !read.has(id));
      if (reading.length > 0) scoring.push({ ...exactly(meaning, own!, ofIds(reading)), with_payload: MEMORY_FIELDS });
      if (others.length > 0) scoring.push(exactly(meaning, own!, ofIds(others)));
      if (chunks !== undefined) scoring.push(exactly(meaning, chunks, ofIds(wanted)));
    }
    const whole = conversations.length === 0 ? [] : this.#wholeConversations(conversations, meaning, conditions);
    const reading = left.size === 0 ? [] : [{ ...ofIds([...left]), with_payload: MEMORY_FIELDS }];
    const isFiltered = passing.length > 0 && conditions.length > 0;
    const filtering = isFiltered ? [ofIds(passing, conditions)] : [];
    const answers = await this.#batch([...scoring, ...reading, ...filtering, ...whole]);
    const turns = answers.splice(answers.length - whole.length);
    const passed = isFiltered ? answers.pop()!.map(({ id }) => String(id)) : [...passing];
    const cosines = new Map<string, number>(), memories = new Map<string, Memory>();
    answers.forEach((points, i) => {
      if (i < scoring.length) addCosines(cosines, points, meaning!);
      for (const { id, payload } of points) if (payload) memories.set(String(id), memoryOf(payload));
    });
    for (const id of wanted) scored.add(id);
    if (turns.some(({ length }) => length >= MOST_TURNS)) return { cosines, memories, passing: passed, turns: null };
    const orders = new Map<string, string[]>(conversations.map((name) => [name, []]));
    const [all = [], mayPass = [], ...scores] = turns;
    const timed = all.toSorted((a, b) => timeOf(a) - timeOf(b) || (a.id < b.id ? -1 : 1));
    for (const { id, payload } of timed) {
      const memory = memoryOf(payload ?? {}), key = conversationKey(memory.conversation_id ?? "", memory.space);
      memories.set(String(id), memory);
      orders.get(key)?.push(String(id));
      if (meaning !== null) scored.add(String(id));
    }
    for (const points of scores) addCosines(cosines, points, meaning!);
    passed.push(...mayPass.map(({ id }) => String(id)));
    return { cosines, memories, passing: passed, turns: orders };
  }

  /** All turns of conversations, those that pass, and their exact cosines. */
  #wholeConversations(names: readonly string[], meaning: Meaning | null, conditions: Condition[]): Query[] {
    const should = Array.from(Map.groupBy(names, spaceOfConversation), ([space, names]): Condition => ({
      must: [
        { key: "conversation_id", match: { any: names.map((name) => escapeText(conversationOf(name))) } },
        ...inSpace(space),
      ],
    }));
    const turns: Query = { filter: { should }, limit: MOST_TURNS };
    return [
      { ...turns, with_payload: MEMORY_FIELDS },
      { ...turns, filter: { should, must: conditions } },
      ...meaning === null ? [] : this.#vectorsOf(meaning).map((using) => exactly(meaning, using, turns)),
    ];
  }

  /** How many memories meet the conditions; in a large store as the server estimates. */
  async #count(conditions: Condition[]): Promise<number> {
    const filter = all(...conditions), exact = this.size > 0 && this.size < EXACTLY_COUNTED;
    const { count } = await this.#collection.read<Schemas["CountResult"]>(
      "count memories",
      (api, to, init) => api.countPoints({ ...to, ...(filter ? { filter } : {}), exact }, init),
    );
    // The reserved point passes only where nothing is asked for.
    return filter === undefined ? Math.max(0, count - this.#collection.reserved) : count;
  }

  /** Exact cosines of what other searches find, so far as those don't give them. */
  #exact(meaning: Meaning, found: readonly Query[]): Query[] {
    return this.#vectorsOf(meaning).flatMap((using): Query[] => {
      // A memory found by its first chunk may have a better one.
      const others = found.filter((search) => search.using !== using);
      if (others.length === 0) return [];
      return [{
        query: meaning.values,
        using,
        prefetch: others.map(({ with_payload: _, ...search }) => search as Schemas["Prefetch"]),
        limit: others.reduce((sum, { limit }) => sum + limit!, 0),
        params: { exact: true },
      }];
    });
  }

  #dense(meaning: Meaning, limit: number): Query[] {
    const ef = this.#collection.settings.hnsw.efSearch ?? EF_BY_SIZE.find(([size]) => this.size < size)![1];
    const params: Schemas["SearchParams"] = {
      hnsw_ef: Math.max(ef, limit),
      // Of no effect where vectors aren't compressed.
      quantization: { rescore: true, oversampling: 2 },
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
    const filter = all(...this.#reading.conditions), within = filter ? { filter } : {};
    const tokens = terms.length === 0 || this.#words === null ? terms : this.#words.tokensOf(terms);
    const query = (token: string): Query => {
      return { query: wordsDocument([token]), using: WORDS, limit: 1, with_payload: ["content", "space"] };
    };
    const queries = tokens.map(query);
    if (survey) queries.push({ ...within, limit: SAMPLE, with_payload: ["content", "content_hash"] });
    const [answers, sizes] = await Promise.all([
      this.#batch([...searches, ...queries]),
      survey ? this.#measure() : this.#sizes,
    ]);
    this.#sizes = sizes;
    const asked = answers.slice(searches.length), best = asked.slice(0, tokens.length).map(([first]) => first);
    if (this.#words !== null) {
      // Asked without a filter, which is faster; a term of another space may have the same number, if hardly ever.
      const strange = [...best.keys()].filter((i) => best[i] && !this.#isRead(best[i]));
      const own = await this.#batch(strange.map((i) => ({ ...queries[i]!, ...within })));
      strange.forEach((i, n) => best[i] = own[n]![0]);
    }
    const rarities = await (this.#words?.learn(terms, best, sizes) ?? raritiesOf(terms, best));
    return {
      answers: answers.slice(0, searches.length),
      weights: survey ? { rarities, survey: await surveyOf(contentsOf(asked.at(-1)!), this.size) } : { rarities },
    };
  }

  /** Numbers of memories. */
  async #measure(): Promise<Map<string, number>> {
    const { spaces, conditions } = this.#reading;
    if (spaces === null) return new Map([[this.#collection.name, await this.#count([])]]);
    return await countBySpace(this.#collection, this.#collection.name, conditions);
  }

  #isRead({ payload }: Points[number]): boolean {
    return this.#reading.spaces?.includes(String(payload?.space)) ?? true;
  }

  /** The query for words. */
  #wordsQuery(terms: readonly string[]): Schemas["QueryInterface"] {
    return this.#words?.query(terms) ?? wordsDocument(terms);
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

/** Whether a filter leaves out what was replaced and what has expired, and nothing else: that of a search that names none. */
function isUsual({ superseded, unexpired_at, ...others }: MemoryFilter): boolean {
  return superseded === false && unexpired_at !== undefined && Object.keys(others).length === 0;
}

function passesUsual({ superseded, metadata }: Memory, { unexpired_at }: MemoryFilter): boolean {
  return superseded === undefined && !((validityOf(metadata).expires ?? Infinity) <= unexpired_at!);
}

/** How rare terms are: the score that the server gives each term's best memory, by the weight of the term in it. */
async function raritiesOf(
  terms: readonly string[],
  bests: readonly (Points[number] | undefined)[],
): Promise<Map<string, number>> {
  const rarities = new Map<string, number>(), timeSlice = new TimeSlice();
  for (const [i, term] of terms.entries()) {
    const best = bests[i], content = best?.payload?.content;
    if (best === undefined || typeof content !== "string") continue;
    await timeSlice.yieldIfDue();
    const found = analyse(unescapeText(content)), count = found.filter((other) => other === term).length;
    if (count > 0) rarities.set(term, best.score / storedWeight(count, found.length));
  }
  return rarities;
}

/** The points of these ids, those that meet the conditions. */
function ofIds(ids: readonly string[], conditions: readonly Condition[] = []): Query {
  return { filter: { must: [{ has_id: [...ids] }, ...conditions] }, limit: ids.length };
}

/** Exact cosines of points by one of their vectors. */
function exactly({ values }: Meaning, using: string, points: Query): Query {
  return { ...points, query: values, using, params: { exact: true } };
}

function timeOf({ payload }: Points[number]): number {
  return Number(payload?.created_at ?? 0);
}

/** What the turns of a conversation meet. */
function turnsOf(key: string): Condition[] {
  const match = { value: escapeText(conversationOf(key)) };
  return [{ key: "conversation_id", match }, ...inSpace(spaceOfConversation(key))];
}

function conversationOf(key: string): string {
  return key.slice(key.indexOf(KEY_SEPARATOR) + 1);
}

function inSpace(space: string | null): Condition[] {
  return space === null ? [] : [{ key: "space", match: { value: space } }];
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
