/** What scoring asks of the driver in memory. A driver over a server sends these as requests. */
import { inverseDocumentFrequency } from "../../../src/memory/ranking.ts";
import type { CandidateSource, WeightAnswer, WeightQuestion } from "../../../src/storage/scoring/source.ts";
import { surveyOf, Weights } from "../../../src/storage/scoring/weights.ts";
import { type Entry, passes, type State } from "./state.ts";

export function sourceOf(state: State): CandidateSource {
  return {
    async begin(filter, given) {
      const vector = await given, served = vector !== null && vector.model === state.active?.id ? vector : null;
      const cosines = (entries: Entry[]) =>
        new Map(entries.flatMap((entry) => {
          const chunks = served === null ? undefined : state.chunks(entry);
          return chunks === undefined ? [] : [[keyOf(entry), bestCosine(served!.values, chunks)] as const];
        }));
      return {
        byVector: served !== null,
        async best({ terms, limit, weights: asked }) {
          const passing = state.passing(filter), near = cosines(passing), weights = new Weights();
          weights.learn(await weigh(state, { terms, survey: true }));
          const weighed = weights.known(terms.map((term) => ({ word: term, forms: [term] })), terms.length);
          const words = passing.map((entry) => [keyOf(entry), sum(weights.score(entry.content, weighed))] as const);
          return {
            byWords: highest(words.filter(([, score]) => score > 0), limit),
            byVector: highest(near, limit),
            cosines: near,
            memories: new Map(passing.map((entry) => [keyOf(entry), entry.memory])),
            weights: await weigh(state, asked),
          };
        },
        cosines: (ids) => Promise.resolve(cosines(state.entries(ids))),
        passing: (ids) => Promise.resolve(state.entries(ids).filter(({ memory }) => passes(memory, filter)).map(keyOf)),
        count: () => Promise.resolve(state.passing(filter).length),
      };
    },
    memories: (ids) => Promise.resolve(new Map(state.entries(ids).map((entry) => [keyOf(entry), entry.memory]))),
    weights: (question) => weigh(state, question),
    turns: (conversations) =>
      Promise.resolve(
        conversations.map(({ name, limit }) => state.passing({ conversation_id: name }).slice(-limit).map(keyOf)),
      ),
    countTurns: (names) =>
      Promise.resolve(new Map(names.map((name) => [name, state.passing({ conversation_id: name }).length]))),
  };
}

async function weigh(state: State, { terms, survey }: WeightQuestion): Promise<WeightAnswer> {
  const entries = [...state.stored.values()], memories = entries.length;
  const rarities = new Map(terms.flatMap((term) => {
    const containing = entries.filter(({ content }) => content.count(term) > 0).length;
    return containing === 0 ? [] : [[term, inverseDocumentFrequency(memories, containing)] as const];
  }));
  if (!survey) return { rarities };
  return { rarities, survey: await surveyOf(entries.map(({ memory }) => memory.content), memories) };
}

/** Cosine of a unit vector and the best chunk. */
function bestCosine(values: Float32Array, chunks: readonly Float32Array[]): number {
  return Math.max(...chunks.map((chunk) => sum(chunk.map((value, i) => value * values[i]!))));
}

function highest(scores: Iterable<readonly [id: string, score: number]>, limit: number): string[] {
  return [...scores].sort(([, a], [, b]) => b - a).slice(0, limit).map(([id]) => id);
}

const keyOf = ({ memory }: Entry) => memory.content_hash;
const sum = (values: Iterable<number>) => Array.from(values).reduce((total, value) => total + value, 0);
