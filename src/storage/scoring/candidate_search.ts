/**
 * Candidates for a query, over a store that is far away. One round trip finds the best by words and by vector over the
 * same filter. Where those are turns of conversations, a second one scores the turns around them by vector and reads
 * those that aren't kept. Word scores are computed here.
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
import { Counts } from "./counts.ts";
import type { CandidateSource, Near, SourceSearch, WeightQuestion } from "./source.ts";
import { type KnownWords, Weights } from "./weights.ts";

/** Words of a query that are scored; a question has a dozen, and a pasted page must not hold up everyone else. */
const MAX_WORDS = 64;
/** Words of a query that are looked up. */
const MAX_LOOKUPS = 256;
/**
 * The next search has what it finds sent along unless it would get more characters again than these, and at least a share
 * of what it finds is kept: a request costs more than a few kilobytes.
 */
const AGAIN_CHARS = 100_000, KEPT_SHARE = 0.7;

/**
 * Turns, best first by their own scores, whose neighbours count. One that is weaker by itself is hardly lifted to the
 * first results but by the words of a turn beside it, and then it is a neighbour of that one (`bench/README.md`).
 */
const TURNS_AROUND = 50;
/**
 * Turns whose neighbours are read even where their contents are kept: what a page shows besides what was found is nearly
 * always among these, so that showing it takes no further request.
 */
const TURNS_READ = 15;
/** Conversations of which all turns are read; of fifty, the order alone is faster to read, though by itself. */
const MOST_WHOLE = 12;
/** Milliseconds for which it is believed that conversations have too many turns to read all of them. */
const LONG_MET_MS = 600_000;

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
  /** BM25 of each word, as far as it was computed. */
  words: Map<string, Float32Array>;
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
  readonly #counts = new Counts();
  /** Whether found memories come with the answer: a request less where few are kept, bytes for nothing where most are. */
  #sendMemories = true;
  /** When conversations were last met that have too many turns to read all of them, in milliseconds. */
  #longMetAt = -Infinity;

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
    this.#counts.written(count);
  }

  async candidates({ text, vector, filter, limit }: CandidateQuery): Promise<CandidateSet> {
    const search = await this.#source.begin(filter, vector);
    const wanted = text === null ? [] : (await this.#readQuery(text)).slice(0, MAX_LOOKUPS), terms = formsOf(wanted);
    const weights = terms.length === 0 ? NOTHING : this.#weights.unknown(terms);
    const counted = this.#counts.get(filter);
    const best = await search.best({
      terms,
      limit,
      memories: this.#sendMemories,
      weights,
      count: counted === undefined,
    });
    this.#weights.learn(best.weights);
    const found = new Set([...best.byVector, ...best.byWords]), memories = new Map<string, Memory>();
    const contents = new SearchContents(this.#contents);
    this.#takeOver(best.memories, found, { contents, memories });
    await this.#read(found, { contents, memories });
    const known = this.#weights.known(wanted, MAX_WORDS), words = new Map<string, Float32Array>();
    const turns = await this.#bestTurns(found, known, { contents, words, cosines: best.cosines });
    const names = new Set(turns.values()), cosines = new Map(best.cosines);
    const unknown = this.#conversations.unknown(names), now = performance.now();
    // Where turns are short and conversations too, all of a few that aren't known cost less than another round trip.
    const isCheap = unknown.length <= MOST_WHOLE && this.#sendMemories && now - this.#longMetAt > LONG_MET_MS;
    const whole = isCheap ? unknown : [];
    if (whole.length === 0) await this.#conversations.load(names);
    let around = new Map<string, Around>();
    const passing = new Set<string>(), judged = new Set(found);
    const readAround = async (conversations: readonly string[]) => {
      // What lends to the turns around the candidates lies one reach further out.
      const nearby = this.#reached(turns), needed = new Set([...found, ...nearby.keys()]);
      around = new Map([...this.#around(turns), ...this.#around(nearby)]);
      for (const { before, after } of around.values()) for (const id of [...before, ...after]) needed.add(id);
      const read = new Set([...needed].filter((id) => contents.get(id) === undefined));
      if (this.#sendMemories) {
        for (const id of this.#reached([...turns].slice(0, TURNS_READ)).keys()) if (!memories.has(id)) read.add(id);
      }
      const unseen = [...nearby.keys()].filter((id) => !judged.has(id));
      const near = await search.near({ ids: [...needed], read, passing: unseen, conversations });
      for (const id of unseen) judged.add(id);
      for (const id of near.passing) passing.add(id);
      for (const [id, cosine] of near.cosines) cosines.set(id, cosine);
      this.#keep(near.memories, { contents, memories });
      if (conversations.length === 0) await this.#read(needed, { contents, memories });
      return near.turns;
    };
    const [learnt, count] = await Promise.all([
      readAround(whole),
      counted ?? this.#count(search, filter),
      this.#conversations.check(names),
    ]);
    if (whole.length > 0) {
      if (learnt === null) {
        this.#longMetAt = now;
        await this.#conversations.load(names);
      } else {
        this.#conversations.learn(learnt);
        for (const id of [...learnt.values()].flat()) judged.add(id);
      }
      await readAround([]);
    }
    const vector_ignored = !search.byVector && await vector !== null;
    const presented = new Set(found);
    for (const id of this.#reached(turns).keys()) if (passing.has(id)) presented.add(id);
    const facts: Facts = { contents, around, cosines, memories, words };
    return { ...await this.#present(known, presented, facts), memories: count, vector_ignored };
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

  /** Counts what passes the filter. */
  async #count(search: SourceSearch, filter: CandidateQuery["filter"]): Promise<number> {
    const { count, changed } = this.#counts.keep(filter, await search.count());
    // Other processes write too.
    this.#weights.written(changed);
    return count;
  }

  /** Takes over what came along, and sees whether it was worth it. */
  #takeOver(sent: ReadonlyMap<string, Memory>, found: ReadonlySet<string>, { contents, memories }: Read): void {
    let kept = 0, chars = 0;
    for (const id of found) {
      const memory = sent.get(id), content = contents.get(id);
      if (memory !== undefined) memories.set(id, memory);
      if (content !== undefined) {
        kept++;
        chars += content.size;
      } else if (memory !== undefined) contents.keep(id, memory);
    }
    this.#sendMemories = chars <= AGAIN_CHARS || kept < KEPT_SHARE * found.size;
  }

  /** Reads the memories whose contents aren't kept. */
  async #read(ids: ReadonlySet<string>, { contents, memories }: Read): Promise<void> {
    const missing = [...ids].filter((id) => contents.get(id) === undefined);
    if (missing.length > 0) this.#keep(await this.#source.memories(missing), { contents, memories });
  }

  #keep(read: Near["memories"], { contents, memories }: Read): void {
    for (const [id, memory] of read) {
      memories.set(id, memory);
      // What is kept has been analysed.
      if (contents.get(id) === undefined) contents.keep(id, memory);
    }
  }

  #around(turns: ReadonlyMap<string, string>): Map<string, Around> {
    return new Map(
      Array.from(turns, ([id, name]) => [id, this.#conversations.around(name, id, NEIGHBOUR_REACH)]),
    );
  }

  /** Turns around the given ones, with their conversations. */
  #reached(turns: Iterable<readonly [id: string, name: string]>): Map<string, string> {
    const reached = new Map<string, string>();
    for (const [id, name] of turns) {
      const { before, after } = this.#conversations.around(name, id, NEIGHBOUR_REACH);
      for (const near of [...before, ...after]) reached.set(near, name);
    }
    return reached;
  }

  /** The turns of conversations that are best by their own scores, best first, with their conversations. */
  async #bestTurns(
    found: ReadonlySet<string>,
    known: KnownWords,
    { contents, words, cosines }: Pick<Facts, "contents" | "words" | "cosines">,
  ): Promise<Map<string, string>> {
    const turns: { id: string; name: string; score: number }[] = [], timeSlice = new TimeSlice();
    for (const id of found) {
      const name = contents.get(id)?.conversation;
      if (name == null) continue;
      await timeSlice.yieldIfDue();
      const held = this.#wordsOf(id, known, { contents, words }).reduce((sum, score) => sum + score, 0);
      turns.push({ id, name, score: (cosines.get(id) ?? 0) + held / (known.ceiling || 1) });
    }
    const best = turns.sort((a, b) => b.score - a.score).slice(0, TURNS_AROUND);
    return new Map(best.map(({ id, name }) => [id, name]));
  }

  /** BM25 of each word in a memory. */
  #wordsOf(id: string, known: KnownWords, { contents, words }: Pick<Facts, "contents" | "words">): Float32Array {
    let scores = words.get(id);
    if (scores === undefined) {
      const content = contents.get(id);
      scores = content === undefined ? new Float32Array(known.words.length) : this.#weights.score(content, known);
      words.set(id, scores);
    }
    return scores;
  }

  async #present(
    known: KnownWords,
    ids: ReadonlySet<string>,
    { contents, around, cosines, memories, words: scored }: Facts,
  ): Promise<Omit<CandidateSet, "memories" | "vector_ignored">> {
    const { words, factors, ceiling, unseen } = known, scores = new Map<string, Scores>();
    const scoresOf = (id: string): Scores => {
      let found = scores.get(id);
      if (found === undefined) {
        const held = this.#wordsOf(id, known, { contents, words: scored }), length = contents.get(id)?.length ?? 0;
        scores.set(id, found = { semantic: cosines.get(id) ?? null, words: held, length });
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
        turn: content.turn,
        ...(memory === undefined ? {} : { memory }),
      });
    }
    const terms = words.map(({ word }) => word);
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
