/**
 * Fits the scale of a model's cosines to that of the bundled model, on which relevance is defined: how alike unrelated
 * texts are for a model is its own affair. See "Relevance" in README.md.
 *
 * @module
 */

import { parseConfig } from "../src/config.ts";
import { createEmbeddingService } from "../src/embedding/factory.ts";
import type { EmbeddingSettings } from "../src/embedding/settings.ts";
import { BUNDLED_MODEL } from "../src/embedding/settings.ts";
import type { CosineScale } from "../src/memory/relevance.ts";
import { readDataset } from "./lib/dataset.ts";
import { fitLine } from "./lib/stats.ts";
import { dot } from "./lib/vectors.ts";

const NOTES = new URL("notes/notes.json", import.meta.url).pathname;
/** Of the memories nearest to a question, those that decide what is relevant. */
const NEAREST = 10;

if (import.meta.main) {
  const { config, problems } = configured();
  if (config === null) {
    for (const problem of problems) console.error(problem);
    Deno.exit(2);
  }
  const bundled = { ...config, provider: "local", model: BUNDLED_MODEL } as EmbeddingSettings;
  const reference = await cosinesOf(bundled), other = await cosinesOf(config);
  const { scale, correlation } = scaleOf(other.rows, reference.rows);
  console.log(`${other.id}: slope ${scale.slope}, offset ${scale.offset}, correlation ${correlation.toFixed(2)}`);
  console.log(`\nMCP_RELEVANCE_SCALES='${JSON.stringify({ [other.id]: scale })}'`);
}

/** The line from a model's cosines to the reference's, over the memories that either of them finds nearest. */
export function scaleOf(
  rows: readonly Float64Array[],
  reference: readonly Float64Array[],
): { scale: CosineScale; correlation: number } {
  const x: number[] = [], y: number[] = [];
  rows.forEach((row, i) => {
    const other = reference[i]!;
    const nearest = (cosines: Float64Array) =>
      [...cosines.keys()].sort((a, b) => cosines[b]! - cosines[a]!).slice(0, NEAREST);
    for (const at of new Set([...nearest(row), ...nearest(other)])) {
      x.push(row[at]!);
      y.push(other[at]!);
    }
  });
  const { slope, offset, correlation } = fitLine(x, y);
  const rounded = (value: number) => Math.round(value * 1000) / 1000;
  return { scale: { slope: rounded(slope), offset: rounded(offset) }, correlation };
}

/** Cosines of each question of the notes and each note. */
async function cosinesOf(settings: EmbeddingSettings): Promise<{ id: string; rows: Float64Array[] }> {
  const { docs, qs } = await readDataset(NOTES), service = createEmbeddingService(settings);
  try {
    const { id } = await service.ready();
    const chunks: Float32Array[][] = [], rows: Float64Array[] = [];
    for (const { t } of docs) chunks.push(await service.embedPassage(t));
    for (const { q } of qs) {
      const query = await service.embedQuery(q);
      rows.push(Float64Array.from(chunks, (parts) => Math.max(...parts.map((part) => dot(query, part)))));
    }
    return { id, rows };
  } finally {
    await service.close();
  }
}

function configured(): { config: EmbeddingSettings | null; problems: string[] } {
  try {
    const { embedding } = parseConfig(Deno.env.toObject(), {
      os: Deno.build.os,
      cores: navigator.hardwareConcurrency,
    });
    return { config: embedding, problems: [] };
  } catch (error) {
    return { config: null, problems: [error instanceof Error ? error.message : String(error)] };
  }
}
