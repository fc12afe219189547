/**
 * Words of some spaces in the collection that they share. Each memory has its terms twice there, the second time marked
 * with its space (`spaceToken`). The server's score of a marked term tells how rare the term is in that space, and beside
 * it the score of the mark alone, which every memory of the space has, tells how many memories that counts. From both
 * follow the weights that a store of these spaces alone would have, whatever the other spaces hold.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { inverseDocumentFrequency } from "../../memory/ranking.ts";
import { analyse } from "../../memory/text.ts";
import { TimeSlice } from "../../yielding.ts";
import { unescapeText } from "../escape.ts";
import { spaceToken, storedWeight } from "./layout.ts";
import { tokenId } from "./murmur.ts";

/** Terms that are kept for each set of spaces: there may be many sets, each with little in it. */
export const MAX_SPACE_TERMS = 1000;

/** The best memory with a token; undefined where none has it. */
type Best = Schemas["ScoredPoint"] | undefined;

/** Words of some spaces. */
export class SpaceWords {
  readonly #spaces: readonly string[];
  /** What the server's own weight of a token must be multiplied with. */
  #factors = new Map<string, number>();

  constructor(spaces: readonly string[]) {
    this.#spaces = spaces;
  }

  /** The query for terms, with the weights as far as they are known. */
  query(terms: readonly string[]): Schemas["SparseVector"] {
    const values = new Map<number, number>();
    for (const space of this.#spaces) {
      for (const term of terms) {
        const token = spaceToken(space, term);
        values.set(tokenId(token), this.#factors.get(token) ?? 1);
      }
    }
    return { indices: [...values.keys()], values: [...values.values()] };
  }

  /** The tokens to ask for, one by one, to learn how rare terms are. */
  tokensOf(terms: readonly string[]): string[] {
    return this.#spaces.flatMap((space) => ["", ...terms].map((term) => spaceToken(space, term)));
  }

  /**
   * Learns how rare terms are in these spaces taken together.
   *
   * @param best For each of `tokensOf(terms)` its best memory, found among the space's own.
   * @param sizes Number of memories of each space.
   */
  async learn(
    terms: readonly string[],
    best: readonly Best[],
    sizes: ReadonlyMap<string, number>,
  ): Promise<Map<string, number>> {
    const served = new Map<string, { term: string; weight: number }>(), frequencies = new Map<string, number>();
    const timeSlice = new TimeSlice();
    for (const [s, space] of this.#spaces.entries()) {
      const size = sizes.get(space) ?? 0, at = s * (terms.length + 1), all = weightOf(best[at], "");
      if (all === null) continue;
      for (const [i, term] of terms.entries()) {
        await timeSlice.yieldIfDue();
        const weight = weightOf(best[at + 1 + i], term);
        if (weight === null) continue;
        served.set(spaceToken(space, term), { term, weight });
        // Of the n memories of all spaces, a token that k have weighs ln((n + 1) / (k + 0.5)).
        const containing = Math.round(Math.exp(all - weight) * (size + 0.5) - 0.5);
        frequencies.set(term, (frequencies.get(term) ?? 0) + Math.max(1, Math.min(size, containing)));
      }
    }
    const memories = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    const rarities = new Map(
      Array.from(frequencies, ([term, containing]) => [term, inverseDocumentFrequency(memories, containing)]),
    );
    for (const [token, { term, weight }] of served) {
      if (this.#factors.size >= MAX_SPACE_TERMS * this.#spaces.length) {
        this.#factors.delete(this.#factors.keys().next().value!);
      }
      this.#factors.set(token, rarities.get(term)! / weight);
    }
    return rarities;
  }
}

/** The server's own weight of a term, or of the mark of a space, by its best memory's score; null where none has it. */
function weightOf(best: Best, term: string): number | null {
  const content = best?.payload?.content;
  if (best === undefined || typeof content !== "string") return null;
  const terms = analyse(unescapeText(content)), count = term === "" ? 1 : terms.filter((one) => one === term).length;
  return count === 0 ? null : best.score / storedWeight(count, terms.length);
}
