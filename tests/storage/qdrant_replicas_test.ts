/** Two processes over one Qdrant that search at the same time. */

import { assertEquals } from "@std/assert";
import type { QueryVector } from "../../src/storage/contract/search.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { createApp } from "../../src/http/app.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { OPEN } from "../mcp/clients.ts";
import { memory } from "./fixtures.ts";

const MEMORIES = 700, PAGE = 10;
const WORDS = ["harbour", "boat", "storm", "crew", "map", "lantern", "rope", "net", "tide", "anchor", "mast", "sail"];

/** Texts of one to sixty words, so that every sample of some has another average length. */
function contentOf(number: number): string {
  const length = 1 + number * 37 % 60;
  return Array.from({ length }, (_, i) => WORDS[(number * (i + 3) + i * i) % WORDS.length]).join(" ") + ` ${number}`;
}

Deno.test({
  name: "Two replicas over one Qdrant score alike, so that a result can be paged through both without a shuffle",
  ignore: QDRANT_BIN === undefined,
  fn: async () => {
    await using server = await startQdrant();
    await using one = await testRuntime();
    await using two = await testRuntime();
    const identity = one.runtime.embeddings.configured.identity!;
    const settings = { ...qdrantDefaults(server.url), backend: "qdrant" as const, dimensions: identity.dimensions };
    const [first, second] = await Promise.all([openStorage(settings), openStorage(settings)]);
    try {
      await first.registerModel(identity);
      await first.store(Array.from({ length: MEMORIES }, (_, i) => ({
        memory: memory(i + 1, { content: contentOf(i) }),
        vectors: { model: identity.id, chunks: [direction(identity.dimensions, i)] },
      })));
      const vector: QueryVector = { model: identity.id, values: direction(identity.dimensions, 7) };
      for (const text of ["harbour storm", "which crew had the map", "lantern, rope and net"]) {
        const [a, b] = await Promise.all([first, second].map((storage) => scores(storage, text, vector)));
        assertEquals(a, b);
      }
      const apps = [{ ...one.runtime, storage: first }, { ...two.runtime, storage: second }]
        .map((runtime) => createApp(runtime, OPEN));
      const page = async (replica: number, page: number): Promise<string[]> => {
        const response = await apps[replica]!.request("/api/search", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ query: "the crew in the storm", page, page_size: PAGE }),
        });
        const { results } = await response.json();
        return results.map(({ memory }: { memory: { content_hash: string } }) => memory.content_hash);
      };
      const whole: string[] = [], alternating: string[] = [];
      for (let number = 1; number <= 8; number++) {
        whole.push(...await page(0, number));
        alternating.push(...await page(number % 2, number));
      }
      assertEquals(whole.length, 8 * PAGE);
      assertEquals(alternating, whole);
    } finally {
      await Promise.all([first.close(), second.close()]);
    }
  },
});

/** What each candidate scores by its key. */
async function scores(storage: MemoryStorage, text: string, vector: QueryVector): Promise<unknown> {
  const found = await storage.candidates({ text, vector, filter: {}, limit: 100 });
  const memories = await storage.getById(found.candidates.map(({ id }) => id));
  const scored = found.candidates.map(({ semantic, words, length }, i) =>
    [memories[i]!.content_hash, semantic, Array.from(words), length] as const
  );
  return [found.weights, found.words_ceiling, scored.sort(([a], [b]) => a < b ? -1 : 1)];
}

/** A unit vector that a number gives. */
function direction(dimensions: number, number: number): Float32Array {
  const values = Float32Array.from({ length: dimensions }, (_, i) => Math.sin((number + 1) * (i + 1)));
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}
