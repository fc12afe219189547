/**
 * Collections as the Python service writes them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DIMENSIONS, hashOf, vector } from "../storage/fixtures.ts";

/** Sends a request to Qdrant that must succeed. */
async function send(method: string, url: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  assertEquals(answer.status, 200, await answer.text());
}

/** A collection as the Python service writes it, with `count` memories. */
export async function pythonCollection(
  url: string,
  name: string,
  count: number,
  model: string | null,
  dimensions = DIMENSIONS,
): Promise<void> {
  const at = `${url}/collections/${name}`;
  await send("PUT", at, { vectors: { size: dimensions, distance: "Cosine" } });
  const points: unknown[] = Array.from({ length: count }, (_, i) => ({
    id: `00000000-0000-0000-0000-${(i + 1).toString(16).padStart(12, "0")}`,
    vector: [...vector(i + 1, dimensions)],
    payload: {
      content: `The Otter number ${i + 1} swims`,
      content_hash: hashOf(i + 1),
      tags: ["river", ...(i % 2 ? ["odd"] : [])],
      memory_type: "note",
      metadata: { level: i % 3, name: "x" },
      created_at: 1_700_000_000.5 + i,
      updated_at: 1_700_000_000.5 + i,
    },
  }));
  if (model !== null) {
    points.push({
      id: 1,
      vector: new Array(dimensions).fill(0),
      payload: {
        embedding_model: model,
        vector_size: dimensions,
        dimensions,
        created_at: "2026-01-01T00:00:00",
        distance_metric: "Cosine",
        quantization_enabled: false,
      },
    });
  }
  while (points.length > 0) await send("PUT", `${at}/points?wait=true`, { points: points.splice(0, 1000) });
}
