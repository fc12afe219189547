/**
 * Memories with all that belongs to them, to be kept elsewhere.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { Collection } from "./collection.ts";
import { chunksVector, type Models } from "./models.ts";

/** A memory's payload, and its vectors. */
export interface WholePoint {
  payload: Record<string, unknown>;
  /** The active model's; null without. */
  kept_vectors: { model: string; point: Schemas["PointStruct"]["vector"] } | null;
}

/** Payloads of memories with the active model's vectors. */
export async function readWhole(
  collection: Collection,
  models: Models,
  ids: readonly string[],
): Promise<Map<string, WholePoint>> {
  const active = await models.active();
  const vectors = active === null
    ? []
    : [active.vector, chunksVector(active.vector)].filter((name) => collection.vectors.has(name));
  const points = await collection.read<Schemas["Record"][]>(
    "read memories",
    (api, to, init) => api.getPoints({ ...to, ids: [...ids], with_payload: true, with_vector: vectors }, init),
  );
  return new Map(points.map(({ id, payload, vector }) => {
    const named = Array.isArray(vector) ? { "": vector } : vector ?? {};
    const kept = active !== null && active.vector in named
      ? { model: active.id, point: named as Schemas["PointStruct"]["vector"] }
      : null;
    return [String(id), { payload: payload ?? {}, kept_vectors: kept }];
  }));
}
