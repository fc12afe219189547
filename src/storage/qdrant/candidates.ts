/**
 * Candidates for a query. One request finds the best by words and the best by vector over the same filter; then, side by
 * side, what was found by words and the turns around the candidates are scored by vector, and contents that aren't kept
 * are read. Word scores are computed here.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { NEIGHBOUR_REACH } from "../../memory/ranking.ts";
import { type QueryTerm, queryTerms, readQuery } from "../../memory/text.ts";
import { asksIn, isNamed, mayName } from "../../memory/turn.ts";
import { Pacer } from "../../pacer.ts";
import type { Candidate, CandidateQuery, CandidateSet, Scores } from "../contract/search.ts";
import type { Collection } from "./collection.ts";
import type { Around, Conversations } from "./conversations.ts";
import { conditionsOf } from "./filter.ts";
import type { Models } from "./models.ts";
import { SearchCalls } from "./search_calls.ts";
import type { Words } from "./words.ts";

/** Words of a query that are scored; a question has a dozen, and a pasted page must not hold up everyone else. */
const MAX_WORDS = 64;
/** Words of a query that are looked up. */
const MAX_LOOKUPS = 256;

/** Searches of one collection. */
export class Searches {
  readonly #collection: Collection;
  readonly #words: Words;
  readonly #conversations: Conversations;
  readonly #calls: SearchCalls;

  constructor(collection: Collection, models: Models, words: Words, conversations: Conversations) {
    this.#collection = collection;
    this.#words = words;
    this.#conversations = conversations;
    this.#calls = new SearchCalls(collection, models, words);
  }

  async candidates({ text, vector, filter, limit }: CandidateQuery): Promise<CandidateSet> {
    const [{ complete }, meaning] = await Promise.all([this.#collection.facts(), this.#calls.meaning(vector)]);
    const conditions = conditionsOf(filter, complete);
    const wanted = text === null ? [] : (await this.#read(text)).slice(0, MAX_LOOKUPS);

    const best = await this.#calls.best(formsOf(wanted), meaning, conditions, limit);
    const found = new Set([...best.byWords, ...best.semantic]);
    await this.#calls.readContents(found);
    const turns = this.#turnsOf(found);
    await this.#conversations.load(new Set(turns.values()));

    // What lends to the turns around the candidates lies one reach further out, in conversations that are known by now.
    const nearby = this.#reached(turns), unseen = [...nearby.keys()].filter((id) => !found.has(id));
    const around = new Map([...this.#around(turns), ...this.#around(nearby)]);
    const needed = new Set([...found, ...nearby.keys()]);
    for (const { before, after } of around.values()) for (const id of [...before, ...after]) needed.add(id);
    const [passing, memories] = await Promise.all([
      this.#calls.passing(unseen, conditions),
      this.#calls.count(conditions),
      this.#calls.readContents(needed),
      meaning === null ? null : this.#calls.score(meaning, needed, best),
      this.#conversations.check(new Set(turns.values())),
    ]);
    const vector_ignored = meaning === null && await vector !== null;
    return {
      ...await this.#present(wanted, new Set([...found, ...passing]), around, best.cosines),
      memories,
      vector_ignored,
    };
  }

  /** BM25 of points whose contents were read, by point id. */
  async wordScores(wanted: readonly QueryTerm[], points: Schemas["Record"][]): Promise<Map<string, number>> {
    await this.#calls.learn(formsOf(wanted));
    const { words, factors } = this.#words.known(wanted, MAX_WORDS);
    const scores = new Map<string, number>(), pacer = new Pacer();
    for (const { id, payload } of points) {
      const key = String(id), content = this.#words.content(key) ?? this.#calls.keep(key, payload);
      scores.set(key, this.#words.score(content, words, factors).reduce((sum, score) => sum + score, 0));
      await pacer.pause();
    }
    return scores;
  }

  /** The words of a query; where its language is unclear, in the forms of all the languages of the collection. */
  async #read(text: string): Promise<QueryTerm[]> {
    const read = readQuery(text);
    if (read.language !== null) return queryTerms(read);
    await this.#calls.survey();
    return queryTerms(read, this.#words.languages);
  }

  /** Conversations of those points that are turns. */
  #turnsOf(ids: Iterable<string>): Map<string, string> {
    const turns = new Map<string, string>();
    for (const id of ids) {
      const conversation = this.#words.content(id)?.conversation;
      if (conversation != null) turns.set(id, conversation);
    }
    return turns;
  }

  #around(turns: ReadonlyMap<string, string>): Map<string, Around> {
    return new Map(
      Array.from(turns, ([id, name]) => [id, this.#conversations.around(name, id, NEIGHBOUR_REACH)]),
    );
  }

  /** Turns around the given ones, with their conversations. */
  #reached(turns: ReadonlyMap<string, string>): Map<string, string> {
    const reached = new Map<string, string>();
    for (const [id, name] of turns) {
      const { before, after } = this.#conversations.around(name, id, NEIGHBOUR_REACH);
      for (const near of [...before, ...after]) reached.set(near, name);
    }
    return reached;
  }

  async #present(
    wanted: readonly QueryTerm[],
    ids: ReadonlySet<string>,
    around: ReadonlyMap<string, Around>,
    cosines: ReadonlyMap<string, number>,
  ): Promise<Omit<CandidateSet, "memories" | "vector_ignored">> {
    const { words: known, factors, ceiling, unseen } = this.#words.known(wanted, MAX_WORDS);
    const scores = new Map<string, Scores>();
    const scoresOf = (id: string): Scores => {
      let found = scores.get(id);
      if (found === undefined) {
        const content = this.#words.content(id);
        const words = content === undefined
          ? new Float32Array(known.length)
          : this.#words.score(content, known, factors);
        scores.set(id, found = { semantic: cosines.get(id) ?? null, words, length: content?.length ?? 0 });
      }
      return found;
    };
    const candidates: Candidate[] = [], pacer = new Pacer();
    for (const id of ids) {
      // A long content takes a while to analyse, and its neighbours may be as long.
      for (const near of [id, ...around.get(id)?.before ?? [], ...around.get(id)?.after ?? []]) {
        await pacer.pause();
        scoresOf(near);
      }
      const content = this.#words.content(id);
      if (content === undefined) continue; // deleted since it was found
      const { before, after } = around.get(id) ?? { before: [], after: [] }, { bits, speaker } = content.features;
      const isAmongLabelled = () =>
        [...before, ...after].some((other) => mayName(this.#words.content(other)?.features.bits ?? 0));
      const named = content.conversation !== null && isNamed(bits, isAmongLabelled);
      candidates.push({
        id,
        ...scoresOf(id),
        before: before.map(scoresOf),
        after: after.map(scoresOf),
        previous: before[0] ?? null,
        next: after[0] ?? null,
        created_at: content.created,
        label: speaker.length > 0 ? speaker.join(" ") : null,
        named,
        speaker: named ? positions(speaker, known) : [],
        role: content.role,
        asks: content.conversation !== null && asksIn(bits),
      });
    }
    const terms = known.map(({ word }) => word);
    return { candidates, terms, words_ceiling: ceiling, weights: factors, unseen_weight: unseen };
  }
}

/** Positions of the words that name the speaker. */
function positions(speaker: readonly string[], words: readonly QueryTerm[]): number[] {
  return words.flatMap(({ forms }, position) => forms.some((form) => speaker.includes(form)) ? [position] : []);
}

/** The terms of a query. */
function formsOf(words: readonly QueryTerm[]): string[] {
  return [...new Set(words.flatMap(({ forms }) => forms))];
}
