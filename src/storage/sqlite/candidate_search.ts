/**
 * Candidate searches of one store: the words are scored while the query's vector is still on its way.
 *
 * @module
 */

import type { CandidateQuery, CandidateSet } from "../contract/search.ts";
import { findCandidates, type Marked, matchWords, NO_WORDS } from "./candidates.ts";
import { type Database, prepareRows, rowsOf } from "./database.ts";
import { type Filtering, marksOf } from "./filtering.ts";
import type { IndexSync } from "./index_sync.ts";
import type { Models } from "./models.ts";
import { exactCosine } from "./quantise.ts";
import type { Reach } from "./reach.ts";
import { TimeSlicedQueue } from "../../yielding.ts";

/** Searches one store. */
export class CandidateSearch {
  readonly #sync: IndexSync;
  readonly #models: Models;
  readonly #filtering: Filtering;
  readonly #vectors;
  readonly #turns = new TimeSlicedQueue();

  constructor(database: Database, sync: IndexSync, models: Models, filtering: Filtering) {
    this.#sync = sync;
    this.#models = models;
    this.#filtering = filtering;
    this.#vectors = prepareRows(
      database.reader,
      "SELECT memory_id, codes, remainders FROM vectors " +
        "WHERE model = ? AND memory_id IN (SELECT value FROM json_each(?))",
    );
  }

  async find({ text, vector, filter, limit }: CandidateQuery, reach: Reach): Promise<CandidateSet> {
    // Awaited further down: should it fail before, that isn't an unhandled rejection.
    if (vector instanceof Promise) vector.catch(() => {});
    const only = await this.#filtering.unindexed(filter, reach);
    await this.#sync.current();
    let seen: (Marked & { changes: number })[] = [];
    // What passes, found again only when the index changed in between.
    const matching = () =>
      seen = this.#sync.read(reach).map((index, i) => {
        const before = seen[i];
        if (before?.index === index && before.changes === index.changes) return before;
        return { index, changes: index.changes, marks: marksOf(index, filter, only) };
      });
    const words = text === null ? NO_WORDS : await this.#turns.run(() => {
      return matchWords(matching(), this.#sync.terms, text, limit);
    });
    const aim = await vector;
    return await this.#turns.run(() => {
      const served = this.#sync.servedModel;
      const isServed = aim !== null && served !== 0 && this.#models.find(aim.model)?.number === served;
      const query = { vector: isServed ? aim.values : null, limit };
      const found = findCandidates(matching(), this.#sync.terms, words, query, (...asked) => this.#exactly(...asked));
      return { ...found, vector_ignored: aim !== null && !isServed };
    });
  }

  /** In one statement: a call of SQLite takes longer than what it reads. */
  #exactly(ids: readonly number[], model: number, query: Float32Array): Map<number, number> {
    const cosines = new Map<number, number>();
    for (const [id, codes, remainders] of rowsOf(this.#vectors, model, `[${ids.join()}]`)) {
      const kept = { codes: codes as Uint8Array, remainders: remainders as Uint8Array };
      cosines.set(Number(id), exactCosine(query, kept));
    }
    return cosines;
  }
}
