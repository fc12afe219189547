/** What scoring asks of the driver in memory. A driver over a server sends these as requests. */
import type { Memory, MemoryFilter } from "../../../src/memory/memory.ts";
import { inverseDocumentFrequency } from "../../../src/memory/ranking.ts";
import type { CandidateSource, WeightAnswer, WeightQuestion } from "../../../src/storage/scoring/source.ts";
import { surveyOf, Weights } from "../../../src/storage/scoring/weights.ts";
import { type Entry, idOf, passes, type Space, type State } from "./state.ts";

/** Of one view: `spaces` gives those that it reads. */
export function sourceOf(state: State, spaces: () => Space[]): CandidateSource {
  const passing = (filter: MemoryFilter) => state.passing(spaces(), filter);
  const entries = (ids: readonly string[]) => {
    const wanted = new Set(ids);
    return passing({}).filter((entry) => wanted.has(keyOf(entry)));
  };
  const turnsOf = (name: string) => passing({}).filter(({ memory }) => conversationOf(memory) === name);
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
          const found = passing(filter), near = cosines(found), weights = new Weights();
          weights.learn(await weigh(passing({}), { terms, survey: true }));
          const weighed = weights.known(terms.map((term) => ({ word: term, forms: [term] })), terms.length);
          const words = found.map((entry) => [keyOf(entry), sum(weights.score(entry.content, weighed))] as const);
          return {
            byWords: highest(words.filter(([, score]) => score > 0), limit),
            byVector: highest(near, limit),
            cosines: near,
            memories: new Map(),
            weights: await weigh(passing({}), asked),
          };
        },
        near({ ids, passing, conversations }) {
          const turns = new Map(conversations.map((name) => [name, turnsOf(name).map(keyOf)]));
          const asked = [...ids, ...passing, ...[...turns.values()].flat()];
          return Promise.resolve({
            cosines: cosines(entries(asked)),
            memories: new Map(),
            passing: entries(asked).filter(({ memory }) => passes(memory, filter)).map(keyOf),
            turns,
          });
        },
        count: () => Promise.resolve(passing(filter).length),
      };
    },
    // Scoring knows conversations by their space too.
    memories: (ids) =>
      Promise.resolve(
        new Map(
          entries(ids).map((entry) => {
            return [keyOf(entry), { ...entry.memory, conversation_id: conversationOf(entry.memory) }];
          }),
        ),
      ),
    weights: (question) => weigh(passing({}), question),
    turns: (conversations) =>
      Promise.resolve(conversations.map(({ name, limit }) => turnsOf(name).slice(-limit).map(keyOf))),
    countTurns: (names) => Promise.resolve(new Map(names.map((name) => [name, turnsOf(name).length]))),
  };
}

async function weigh(entries: readonly Entry[], { terms, survey }: WeightQuestion): Promise<WeightAnswer> {
  const memories = entries.length;
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

const keyOf = ({ memory }: Entry) => idOf(memory);
const conversationOf = ({ conversation_id, space }: Memory) =>
  conversation_id === null ? null : JSON.stringify([space, conversation_id]);
const sum = (values: Iterable<number>) => Array.from(values).reduce((total, value) => total + value, 0);
