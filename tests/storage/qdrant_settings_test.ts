/** What settings make of a collection, when it is made and by `optimize`. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../src/config.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults, type QdrantSettings } from "../../src/storage/qdrant/settings.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { DIMENSIONS, memory, MODEL } from "./fixtures.ts";

const ignore = QDRANT_BIN === undefined;

Deno.test("Vectors over Qdrant are compressed unless that is switched off, and searches go by size unless they are told", () => {
  const settingsOf = (env: Record<string, string>) => {
    const config = parseConfig({ MCP_QDRANT_URL: "http://localhost:6333", MCP_MEMORY_BASE_DIR: "/data", ...env }, {
      os: "linux",
      cores: 2,
    });
    if (config.storage.backend !== "qdrant") throw new Error("It is no Qdrant store");
    return [config.storage.quantisation, config.storage.hnsw.efSearch];
  };
  assertEquals(settingsOf({}), [{ type: "scalar", alwaysRam: true }, null]);
  assertEquals(settingsOf({ MCP_QDRANT_QUANTIZATION_ENABLED: "false", MCP_QDRANT_HNSW_EF: "64" }), [null, 64]);
  assertEquals(settingsOf({ MCP_QDRANT_QUANTIZATION_TYPE: "binary" }), [{ type: "binary", alwaysRam: true }, null]);
});

Deno.test({
  name: "Optimising compresses the vectors of a collection that was made without, says so, and finds the same",
  ignore,
  fn: async () => {
    await using server = await startQdrant();
    const compression = async () => {
      const { result } = await (await fetch(`${server.url}/collections/memories`)).json();
      const { vectors } = result.config.params;
      assertEquals(vectors.chunks.quantization_config ?? null, null);
      return vectors[""].quantization_config ?? null;
    };
    const open = (more: Partial<QdrantSettings>) =>
      openStorage({ ...qdrantDefaults(server.url), backend: "qdrant", dimensions: DIMENSIONS, ...more });
    const before = await open({ quantisation: null });
    await before.registerModel(MODEL);
    await before.store(Array.from({ length: 200 }, (_, i) => ({
      memory: memory(i + 1),
      vectors: { model: MODEL.id, chunks: [direction(i)] },
    })));
    const nearest = async (storage: typeof before) => {
      const vector = { model: MODEL.id, values: direction(70) };
      const { candidates } = await storage.candidates({ text: null, vector, filter: {}, limit: 20 });
      const best = candidates.toSorted((a, b) => b.semantic! - a.semantic!);
      return (await storage.getById(best.map(({ id }) => id))).map((found) => found?.content_hash);
    };
    const found = await nearest(before);
    await before.maintain("optimize");
    assertEquals(await compression(), null); // as the settings say
    await before.close();
    const after = await open({});
    assertStringIncludes(await after.maintain("optimize"), "compressed vectors");
    assertEquals((await compression()).scalar.type, "int8");
    assertEquals(await nearest(after), found);
    const again = await after.maintain("optimize");
    assertEquals(again.includes("compressed vectors"), false, again);
    await after.close();
    const other = await open({ collection: "memories_2" });
    await other.registerModel(MODEL);
    const { result } = await (await fetch(`${server.url}/collections/memories_2`)).json();
    assertEquals(result.config.params.vectors[""].quantization_config.scalar.type, "int8");
    await other.close();
  },
});

/** A unit vector that a number gives. */
function direction(number: number): Float32Array {
  const values = Float32Array.from({ length: DIMENSIONS }, (_, i) => Math.sin((number + 1) * (i + 1)));
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}
