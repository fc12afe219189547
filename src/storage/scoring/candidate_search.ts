/**
 * Candidates for a query, over a store that is far away. One round trip finds the best by words and by vector over the
 * same filter; then, side by side, what was found by words and the turns around the candidates are scored by vector, and
 * contents that aren't kept are read. Word scores are computed here.
 *
 * @module
 */

import type { Memory } from "../../memory/memory.ts";
import { NEIGHBOUR_REACH } from "../../memory/ranking.ts";
import { analyseQuery, type QueryTerm, queryTerms, readQuery } from "../../memory/text.ts";
import { asksIn, isNamed, mayName } from "../../memory/turn.ts";
import { TimeSlice } from "../../yielding.ts";
import type { Candidate, CandidateQuery, CandidateSet, Scores } from "../contract/search.ts";
import { Contents, type ConversationOf, SearchContents } from "./contents.ts";
import { type Around, Conversations } from "./conversations.ts";
import type { CandidateSource, WeightQuestion } from "./source.ts";
import { Weights } from "./weights.ts";

/** Words of a query that are scored; a question has a dozen, and a pasted page must not hold up everyone else. */
const MAX_WORDS = 64;
/** Words of a query that are looked up. */
const MAX_LOOKUPS = 256;
/** Once this share of what a search found had to be read, the next one has it sent along. */
const READ_SHARE = 0.3;

/** Without words, nothing need be known of the store as a whole. */
const NOTHING: WeightQuestion = { terms: [], survey: false };

/** What a search has read. */
interface Read {
  contents: SearchContents;
  /** Memories that were read on the way. */
  memories: Map<string, Memory>;
}

/** What a search knows of its candidates. */
interface Facts extends Read {
  around: ReadonlyMap<string, Around>;
  cosines: ReadonlyMap<string, number>;
}

/** What searches of one store have read, whichever part of it they are in. */
export class SearchCache {
  readonly contents: Contents;
  readonly conversations: Conversations;

  /** @param conversationOf Tells conversations of one name apart, where they lie in several parts of the store. */
  constructor(source: Pick<CandidateSource, "turns" | "countTurns">, conversationOf?: ConversationOf) {
    this.contents = new Contents(conversationOf);
    this.conversations = new Conversations(source);
  }

  /** Takes note of memories that this process stored, changed or deleted; `conversation` where its turns are others now. */
  changed(memories: readonly { id: string; conversation: string | null }[]): void {
    for (const { id } of memories) this.contents.forget(id);
    this.conversations.changed(memories.map(({ conversation }) => conversation));
  }
}

/** Searches of one store, or of a part of it. */
export class CandidateSearch {
  readonly #source: CandidateSource;
  readonly #cache: SearchCache;
  readonly #contents: Contents;
  readonly #weights: Weights;
  readonly #conversations: Conversations;
  /** Whether found memories come with the answer: a request less where few are kept, bytes for nothing where most are. */
  #sendMemories = true;

  /** @param cache Shared with the searches of other parts. */
  constructor(source: CandidateSource, cache = new SearchCache(source), weights = new Weights()) {
    this.#source = source;
    this.#weights = weights;
    this.#cache = cache;
    this.#contents = cache.contents;
    this.#conversations = cache.conversations;
  }

  /** Takes note of memories that this process stored, changed or deleted; `conversation` where its turns are others now. */
  changed(memories: readonly { id: string; conversation: string | null }[]): void {
    this.written(memories.length);
    this.#cache.changed(memories);
  }

  /** Takes note of how many memories were stored, changed or deleted, where the shared cache knows of them. */
  written(count: number): void {
    this.#weights.written(count);
  }

  async candidates({ text, vector, filter, limit }: CandidateQuery): Promise<CandidateSet> {
    const search = await this.#source.begin(filter, vector);
    const wanted = text === null ? [] : (await this.#readQuery(text)).slice(0, MAX_LOOKUPS), terms = formsOf(wanted);
    const weights = terms.length === 0 ? NOTHING : this.#weights.unknown(terms);
    const best = await search.best({ terms, limit, memories: this.#sendMemories, weights });
    this.#weights.learn(best.weights);
    const found = new Set([...best.byVector, ...best.byWords]), memories = new Map<string, Memory>();
    const contents = new SearchContents(this.#contents);
    this.#takeOver(best.memories, found, { contents, memories });
    await this.#read(found, { contents, memories });
    const turns = turnsOf(found, contents);
    await this.#conversations.load(new Set(turns.values()));

    // What lends to the turns around the candidates lies one reach further out, in conversations that are known by now.
    const nearby = this.#reached(turns), unseen = [...nearby.keys()].filter((id) => !found.has(id));
    const around = new Map([...this.#around(turns), ...this.#around(nearby)]);
    const needed = new Set([...found, ...nearby.keys()]);
    for (const { before, after } of around.values()) for (const id of [...before, ...after]) needed.add(id);
    const [passing, count, cosines] = await Promise.all([
      search.passing(unseen),
      search.count(),
      search.byVector ? search.cosines([...needed], best.cosines) : best.cosines,
      this.#read(needed, { contents, memories }),
      this.#conversations.check(new Set(turns.values())),
    ]);
    const vector_ignored = !search.byVector && await vector !== null;
    return {
      ...await this.#present(wanted, new Set([...found, ...passing]), { contents, around, cosines, memories }),
      memories: count,
      vector_ignored,
    };
  }

  /** BM25 of memories for a text, by id. */
  async wordScores(text: string, memories: ReadonlyMap<string, Memory>): Promise<Map<string, number>> {
    const wanted = analyseQuery(text);
    if (wanted.length > 0) await this.#learn(formsOf(wanted));
    const known = this.#weights.known(wanted, MAX_WORDS),
      scores = new Map<string, number>(),
      timeSlice = new TimeSlice();
    for (const [id, memory] of memories) {
      const content = this.#contents.get(id) ?? this.#contents.keep(id, memory);
      scores.set(id, this.#weights.score(content, known).reduce((sum, score) => sum + score, 0));
      await timeSlice.yieldIfDue();
    }
    return scores;
  }

  /** The words of a query; where its language is unclear, in the forms of all the languages of the store. */
  async #readQuery(text: string): Promise<QueryTerm[]> {
    const read = readQuery(text);
    if (read.language !== null) return queryTerms(read);
    await this.#learn([]);
    return queryTerms(read, this.#weights.languages);
  }

  /** Makes sure that the weights of terms, and what memories are like, are known. */
  async #learn(terms: readonly string[]): Promise<void> {
    const unknown = this.#weights.unknown(terms);
    if (unknown.survey || unknown.terms.length > 0) this.#weights.learn(await this.#source.weights(unknown));
  }

  /** Takes over what came along, and sees whether it was worth it. */
  #takeOver(sent: ReadonlyMap<string, Memory>, found: ReadonlySet<string>, { contents, memories }: Read): void {
    let unread = 0;
    for (const id of found) {
      const memory = sent.get(id);
      if (memory !== undefined) memories.set(id, memory);
      if (contents.get(id) !== undefined) continue;
      unread++;
      if (memory !== undefined) contents.keep(id, memory);
    }
    this.#sendMemories = unread > READ_SHARE * found.size;
  }

  /** Reads the memories whose contents aren't kept. */
  async #read(ids: ReadonlySet<string>, { contents, memories }: Read): Promise<void> {
    const missing = [...ids].filter((id) => contents.get(id) === undefined);
    if (missing.length === 0) return;
    for (const [id, memory] of await this.#source.memories(missing)) {
      memories.set(id, memory);
      contents.keep(id, memory);
    }
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
    { contents, around, cosines, memories }: Facts,
  ): Promise<Omit<CandidateSet, "memories" | "vector_ignored">> {
    const known = this.#weights.known(wanted, MAX_WORDS), { words, factors, ceiling, unseen } = known;
    const scores = new Map<string, Scores>();
    const scoresOf = (id: string): Scores => {
      let found = scores.get(id);
      if (found === undefined) {
        const content = contents.get(id);
        const scored = content === undefined ? new Float32Array(words.length) : this.#weights.score(content, known);
        scores.set(id, found = { semantic: cosines.get(id) ?? null, words: scored, length: content?.length ?? 0 });
      }
      return found;
    };
    const candidates: Candidate[] = [], timeSlice = new TimeSlice();
    for (const id of ids) {
      // A long content takes a while to analyse, and its neighbours may be as long.
      for (const near of [id, ...around.get(id)?.before ?? [], ...around.get(id)?.after ?? []]) {
        await timeSlice.yieldIfDue();
        scoresOf(near);
      }
      const content = contents.get(id);
      if (content === undefined) continue; // deleted since it was found
      const { before, after } = around.get(id) ?? { before: [], after: [] }, { bits, speaker } = content.features;
      const isAmongLabelled = () =>
        [...before, ...after].some((other) => mayName(contents.get(other)?.features.bits ?? 0));
      const named = content.conversation !== null && isNamed(bits, isAmongLabelled);
      const memory = memories.get(id);
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
        speaker: named ? positions(speaker, words) : [],
        role: content.role,
        asks: content.conversation !== null && asksIn(bits),
        ...(memory === undefined ? {} : { memory }),
      });
    }
    const terms = words.map(({ word }) => word);
    return { candidates, terms, words_ceiling: ceiling, weights: factors, unseen_weight: unseen };
  }
}

/** Conversations of those memories that are turns. */
function turnsOf(ids: Iterable<string>, contents: SearchContents): Map<string, string> {
  const turns = new Map<string, string>();
  for (const id of ids) {
    const conversation = contents.get(id)?.conversation;
    if (conversation != null) turns.set(id, conversation);
  }
  return turns;
}

/** Positions of the words that name the speaker. */
function positions(speaker: readonly string[], words: readonly QueryTerm[]): number[] {
  return words.flatMap(({ forms }, position) => forms.some((form) => speaker.includes(form)) ? [position] : []);
}

/** The terms of a query. */
function formsOf(words: readonly QueryTerm[]): string[] {
  return [...new Set(words.flatMap(({ forms }) => forms))];
}
