/** Relevance with a model whose cosines lie elsewhere than the bundled model's. */

// First: it teaches zod what the schemas behind it need.
import { openClient } from "./client.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { scaleOf } from "../../bench/calibrate.ts";
import { dot } from "../../bench/lib/vectors.ts";
import { parseConfig } from "../../src/config.ts";
import type { EmbeddingService } from "../../src/embedding/embedder.ts";
import type { CosineScale } from "../../src/memory/relevance.ts";
import { testRuntime } from "../helpers/runtime.ts";

const TEXTS = [
  "Caroline adopted a puppy named Biscuit.",
  "The staging database runs PostgreSQL 16.",
  "Deploys happen on Thursdays.",
  "Kiran repaired the harbour crane in March.",
  "Invoices are due within thirty days.",
];
/** Found by meaning alone: it shares no word with its answer. */
const FITTING = "Who got a young dog?", FOREIGN = "How do I prune a pear tree in winter?";

/** The bundled model with all vectors drawn together, so that unrelated texts have cosines around 0.5. */
function drawnTogether(model: EmbeddingService): EmbeddingService {
  const draw = (vector: Float32Array) => {
    const rest = vector.subarray(0, -1), length = Math.sqrt(2 * dot(rest, rest));
    return Float32Array.from(vector, (value, i) => i < rest.length ? value / length : Math.SQRT1_2);
  };
  const identity = { ...model.identity!, name: "drawn-together" };
  return new Proxy(model, {
    get(target, name) {
      if (name === "identity") return identity;
      if (name === "embedQuery") return async (text: string) => draw(await target.embedQuery(text));
      if (name === "embedPassage") return async (text: string) => (await target.embedPassage(text)).map(draw);
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Relevance of the best result for both questions. */
async function relevances(model: EmbeddingService, scales?: Readonly<Record<string, CosineScale>>): Promise<number[]> {
  const operations = scales === undefined ? {} : { cosineScales: scales };
  await using client = await openClient({ embeddings: { serving: model, configured: model }, operations });
  for (const text of TEXTS) await client.store(text);
  const best = async (query: string) => {
    const { json } = await client.send("POST", "/api/search", { query });
    return json.results[0]?.relevance ?? 0;
  };
  return [await best(FITTING), await best(FOREIGN)];
}

Deno.test("relevance of another model needs its scale, and with MCP_RELEVANCE_SCALES says what it says of the bundled one", async () => {
  await using opened = await testRuntime();
  const bundled = opened.runtime.embeddings.serving!, other = drawnTogether(bundled), { id } = other.identity!;
  const [fitting, foreign] = await relevances(bundled) as [number, number];
  assert(fitting > 0.5 && foreign < 0.3, `${fitting} ${foreign}`);

  const [byWords] = await relevances(other) as [number];
  assert(byWords < 0.3, `without a scale the words decide, of which none is there: ${byWords}`);

  const setting = JSON.stringify({ [id]: { slope: 2, offset: -1 } });
  const { operations } = parseConfig({ HOME: "/home/ada", MCP_RELEVANCE_SCALES: setting }, { os: "linux", cores: 2 });
  const scaled = await relevances(other, operations.cosineScales) as [number, number];
  assertAlmostEquals(scaled[0], fitting, 0.1);
  assertAlmostEquals(scaled[1], foreign, 0.1);
  assertEquals(await relevances(other, { "of another model": { slope: 2, offset: -1 } }), await relevances(other));
});

Deno.test("calibration finds the scale of a model from what both find", async () => {
  await using opened = await testRuntime();
  const bundled = opened.runtime.embeddings.serving!;
  const rowsOf = async (model: EmbeddingService) => {
    const passages = await Promise.all(TEXTS.map(async (text) => (await model.embedPassage(text))[0]!));
    const rows: Float64Array[] = [];
    for (const query of [FITTING, FOREIGN, ...TEXTS]) {
      const vector = await model.embedQuery(query);
      rows.push(Float64Array.from(passages, (passage) => dot(vector, passage)));
    }
    return rows;
  };
  const reference = await rowsOf(bundled);
  const { scale, correlation } = scaleOf(await rowsOf(drawnTogether(bundled)), reference);
  assertAlmostEquals(scale.slope, 2, 0.05);
  assertAlmostEquals(scale.offset, -1, 0.05);
  assert(correlation > 0.99);
  assertEquals(scaleOf(reference, reference), { scale: { slope: 1, offset: 0 }, correlation: 1 });
});
