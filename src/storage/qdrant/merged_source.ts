/**
 * A search over `default` and other spaces, which lie in two collections: each is asked at the same time, and what they
 * answer is put together. Ids are of one kind, so that both can be asked for all of them.
 *
 * @module
 */

import { inverseDocumentFrequency } from "../../memory/ranking.ts";
import type { Memory, MemoryFilter } from "../../memory/memory.ts";
import type { CandidateQuery } from "../contract/search.ts";
import type { Best, CandidateSource, SourceSearch, Survey, WeightAnswer, WeightQuestion } from "../scoring/source.ts";
import type { Models } from "./models.ts";
import { type SearchCalls, spaceOfConversation } from "./search_calls.ts";

/** Searches of two collections. */
export class MergedSource implements CandidateSource {
  readonly #parts: readonly SearchCalls[];

  constructor(parts: readonly SearchCalls[]) {
    this.#parts = parts;
  }

  async begin(filter: MemoryFilter, vector: CandidateQuery["vector"]): Promise<SourceSearch> {
    const searches = await Promise.all(this.#parts.map((part) => part.begin(filter, vector)));
    const all = <T>(ask: (search: SourceSearch) => Promise<T>) => Promise.all(searches.map(ask));
    return {
      byVector: searches.some(({ byVector }) => byVector),
      best: async (question) => {
        const found = await all((search) => search.best(question));
        const cosines = new Map(found.flatMap((best) => [...best.cosines]));
        const byVector = found.flatMap((best) => best.byVector).sort((a, b) => cosines.get(b)! - cosines.get(a)!);
        return {
          byVector: byVector.slice(0, question.limit),
          // The scores of two collections can't be compared; the ranking does that with its own.
          byWords: found.flatMap((best) => best.byWords),
          cosines,
          memories: new Map(found.flatMap((best) => [...best.memories])),
          weights: this.#merged(found.map((best: Best) => best.weights)),
        };
      },
      near: async (question) => {
        const found = await Promise.all(searches.map((search, i) => {
          const conversations = question.conversations.filter((name) => partOf(this.#parts, name) === this.#parts[i]);
          return search.near({ ...question, conversations });
        }));
        return {
          cosines: new Map(found.flatMap(({ cosines }) => [...cosines])),
          memories: new Map(found.flatMap(({ memories }) => [...memories])),
          passing: [...new Set(found.flatMap(({ passing }) => passing))],
          turns: found.some(({ turns }) => turns === null) ? null : new Map(found.flatMap(({ turns }) => [...turns!])),
        };
      },
      count: async () => (await all((search) => search.count())).reduce((sum, count) => sum + count, 0),
    };
  }

  async memories(ids: readonly string[]): Promise<Map<string, Memory>> {
    return new Map((await Promise.all(this.#parts.map((part) => part.memories(ids)))).flatMap((found) => [...found]));
  }

  async weights(question: WeightQuestion): Promise<WeightAnswer> {
    return this.#merged(await Promise.all(this.#parts.map((part) => part.weights(question))));
  }

  turns(conversations: readonly { name: string; limit: number }[]): Promise<string[][]> {
    return turnsIn(this.#parts, conversations);
  }

  countTurns(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return countTurnsIn(this.#parts, names);
  }

  /** Weights of all memories together. */
  #merged(answers: readonly WeightAnswer[]): WeightAnswer {
    const sizes = this.#parts.map(({ size }) => size), total = sizes.reduce((sum, size) => sum + size, 0);
    const containing = new Map<string, number>();
    answers.forEach(({ rarities }, i) => {
      for (const [term, rarity] of rarities) {
        // From ln((memories + 1) / (containing + 0.5)).
        const here = Math.max(1, (sizes[i]! + 1) / Math.exp(rarity) - 0.5);
        containing.set(term, (containing.get(term) ?? 0) + here);
      }
    });
    const rarities = new Map(
      Array.from(containing, ([term, count]) => [term, inverseDocumentFrequency(total, Math.min(total, count))]),
    );
    const surveys = answers.flatMap(({ survey }) => survey ?? []);
    return surveys.length === 0 ? { rarities } : { rarities, survey: mergedSurvey(surveys) };
  }
}

function mergedSurvey(surveys: readonly Survey[]): Survey {
  const memories = surveys.reduce((sum, survey) => sum + survey.memories, 0);
  const terms = surveys.reduce((sum, survey) => sum + survey.memories * survey.length, 0);
  return {
    memories,
    length: terms / Math.max(1, memories),
    languages: [...new Set(surveys.flatMap(({ languages }) => languages))],
  };
}

/** Searches of a space that isn't there: as of one that holds nothing. */
export function emptySource(models: Models): CandidateSource {
  const weights = ({ survey }: WeightQuestion): WeightAnswer => {
    const rarities = new Map<string, number>();
    return survey ? { rarities, survey: { memories: 0, length: 0, languages: [] } } : { rarities };
  };
  return {
    async begin(_, given) {
      const vector = await given, active = await models.active();
      return {
        byVector: vector !== null && vector.model === active?.id,
        best: (question) =>
          Promise.resolve({
            byWords: [],
            byVector: [],
            cosines: new Map(),
            memories: new Map(),
            weights: weights(question.weights),
          }),
        near: () => Promise.resolve({ cosines: new Map(), memories: new Map(), passing: [], turns: new Map() }),
        count: () => Promise.resolve(0),
      };
    },
    memories: () => Promise.resolve(new Map()),
    weights: (question) => Promise.resolve(weights(question)),
    turns: (conversations) => Promise.resolve(conversations.map(() => [])),
    countTurns: () => Promise.resolve(new Map()),
  };
}

/** Of the two collections' searches, the one that knows the turns of a conversation: `default`'s comes first. */
function partOf(parts: readonly SearchCalls[], key: string): SearchCalls {
  return parts[spaceOfConversation(key) === null ? 0 : parts.length - 1]!;
}

/** `CandidateSource.turns` of conversations of either collection. */
export async function turnsIn(
  parts: readonly SearchCalls[],
  conversations: readonly { name: string; limit: number }[],
): Promise<string[][]> {
  const answers = new Map<string, string[]>();
  await Promise.all(
    Array.from(Map.groupBy(conversations, ({ name }) => partOf(parts, name)), async ([part, asked]) => {
      const found = await part.turns(asked);
      asked.forEach(({ name }, i) => answers.set(name, found[i]!));
    }),
  );
  return conversations.map(({ name }) => answers.get(name)!);
}

/** `CandidateSource.countTurns` of conversations of either collection. */
export async function countTurnsIn(
  parts: readonly SearchCalls[],
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const counts = await Promise.all(
    Array.from(Map.groupBy(names, (name) => partOf(parts, name)), ([part, names]) => part.countTurns(names)),
  );
  return new Map(counts.flatMap((one) => [...one]));
}
