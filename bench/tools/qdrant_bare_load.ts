/**
 * Loads the same points as `load_store.ts` with a client that does nothing else: a floor for loading. The points are
 * those that a loaded store holds, its words among them, written over REST as the store writes them.
 *
 * Usage: qdrant_bare_load.ts URL MEMORIES VECTORS DIMENSIONS [AT_ONCE [POINTS]]
 *
 * Prints `BareLoad`.
 *
 * @module
 */

import { analyse } from "../../src/memory/text.ts";
import { INDEXES, payloadOf, pointId, WORDS, wordsDocument } from "../../src/storage/qdrant/layout.ts";
import { memoryAt } from "../lib/large_memories.ts";

/** What loading took. */
export interface BareLoad {
  /** Seconds until the last point was answered. */
  seconds: number;
}

const COLLECTION = "bench_bare";
const [url, memoriesText, vectorFile, dimensionText, atOnce = "4", points = "128"] = Deno.args as string[];
const memories = Number(memoriesText), dimensions = Number(dimensionText), perRequest = Number(points);

await call("PUT", "", {
  vectors: { size: dimensions, distance: "Cosine" },
  sparse_vectors: { [WORDS]: { modifier: "idf" } },
  hnsw_config: { m: 16, ef_construct: 100, full_scan_threshold: 10_000 },
  optimizers_config: { indexing_threshold: 20_000 },
});
for (const [field_name, field_schema] of Object.entries(INDEXES)) {
  await call("PUT", "/index?wait=true", { field_name, field_schema });
}
const bytes = await Deno.readFile(vectorFile!), vectors = new Float32Array(bytes.buffer);
const began = performance.now();
let next = 0;
await Promise.all(Array.from({ length: Number(atOnce) }, async () => {
  while (next < memories) {
    const from = next, to = next = Math.min(memories, from + perRequest);
    const batch = Array.from({ length: to - from }, (_, i) => {
      const number = from + i, memory = memoryAt(number);
      return {
        id: pointId(memory.content_hash),
        payload: payloadOf(memory, "bare", null),
        vector: {
          "": Array.from(vectors.subarray(number * dimensions, (number + 1) * dimensions)),
          [WORDS]: wordsDocument(analyse(memory.content)),
        },
      };
    });
    await call("PUT", "/points?wait=true", { points: batch });
  }
}));
const loaded: BareLoad = { seconds: (performance.now() - began) / 1000 };
console.log(JSON.stringify(loaded));

async function call(method: string, path: string, body: unknown): Promise<void> {
  const answer = await fetch(`${url}/collections/${COLLECTION}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
  await answer.body?.cancel();
}
