/**
 * A search over REST beside one bare hybrid query: the same question, sent to the same Qdrant by a client that does
 * nothing else. One after the other, so that both meet the same machine.
 *
 * @module
 */

import { analyseQuery } from "../../src/memory/text.ts";
import { wordsDocument } from "../../src/storage/qdrant/layout.ts";
import { LARGE_QUESTIONS, type LargeVectors, readFloats } from "../lib/large_store.ts";
import type { Rest } from "../lib/rest.ts";
import { timed } from "../lib/rest.ts";
import { questionAt } from "../lib/texts.ts";

/** Candidates of each of the two prefetches, as many as Unimem ranks, and results. */
const CANDIDATES = 100, RESULTS = 10;
const WARM_UP = 20;

/** Milliseconds of each question. */
export interface FloorTimes {
  /** Unimem over REST, with the question's vector known. */
  served: number[];
  /** The bare query. */
  bare: number[];
}

/** Asks every question that has a vector of both. */
export async function besideFloor(rest: Rest, server: string, { queries, model }: LargeVectors): Promise<FloorTimes> {
  const vectors = await readFloats(queries), { dimensions } = model, times: FloorTimes = { served: [], bare: [] };
  for (let i = 0; (i + 1) * dimensions <= vectors.length; i++) {
    const question = questionAt(LARGE_QUESTIONS + i);
    const body = bareQuery(question, vectors.subarray(i * dimensions, (i + 1) * dimensions));
    // Finds nothing, and has the question's vector made: the model's time is the same over any store.
    await rest.post("/api/search", { query: question, conversation_id: "none of them" });
    const asks = {
      served: () => rest.search(question, RESULTS),
      bare: () => ask(server, body),
    };
    for (const which of i % 2 === 0 ? ["served", "bare"] as const : ["bare", "served"] as const) {
      const ms = await timed(asks[which]);
      if (i >= WARM_UP) times[which].push(ms);
    }
  }
  return times;
}

function bareQuery(question: string, vector: Float32Array): string {
  const terms = analyseQuery(question).flatMap(({ forms }) => forms);
  return JSON.stringify({
    prefetch: [
      { query: Array.from(vector), limit: CANDIDATES, params: { hnsw_ef: 128 } },
      { query: wordsDocument(terms), using: "bm25", limit: CANDIDATES },
    ],
    query: { fusion: "rrf" },
    limit: RESULTS,
    with_payload: true,
  });
}

async function ask(server: string, body: string): Promise<void> {
  const answer = await fetch(`${server}/collections/memories/points/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const { result } = await answer.json();
  if (result?.points?.length !== RESULTS) throw new Error("The bare query found too few");
}
