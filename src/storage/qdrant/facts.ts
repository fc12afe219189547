/**
 * What the reserved point says of a collection, as Unimem and as the Python service write it.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { type ModelIdentity, NAMED_ONLY } from "../../embedding/embedder.ts";
import { MemoryError } from "../../errors.ts";
import { ANALYSER_VERSION } from "../../memory/text.ts";
import { DENSE } from "./layout.ts";
import type { QdrantSettings } from "./settings.ts";

/** Version of the layout: since 2 every memory has its role, since 3 its folded names. */
export const SCHEMA_VERSION = 3;

/** A model whose vectors the collection holds, and the vector they are in. */
export interface StoredModel extends ModelIdentity {
  vector: string;
}

/** What the reserved point says of the collection. */
export interface Facts {
  schema: number;
  models: StoredModel[];
  /** Id of the model whose vectors searches use; null while there is none. */
  active: string | null;
  /** Whether every memory has words and derived fields; false in a collection of the Python service until upgraded. */
  complete: boolean;
  /** Version of the analyser that read every memory of a complete collection; absent before there were several. */
  analyser?: number;
  /** Whether there are spaces besides `default`, which lie in a collection of their own. */
  spaces?: true;
  /** Set in that collection. */
  shared?: true;
}

/** Whether what this build derives from memories is there for all of them. */
export function isComplete({ schema, complete, analyser = 0 }: Facts): boolean {
  return complete && schema >= SCHEMA_VERSION && analyser >= ANALYSER_VERSION;
}

/** Sizes and distances of the dense vectors by name. */
export type VectorSizes = Map<string, { size: number; distance: string }>;

/** A collection whose vectors can't be compared with the model's. */
export function dimensionsError(collection: string, size: number, dimensions: number): MemoryError {
  return new MemoryError(
    "configuration",
    `Cannot use collection ${collection}: its vectors have ${size} dimensions and the model's ${dimensions}; set ` +
      "MCP_MEMORY_EMBEDDING_MODEL to the model that made them, or MCP_QDRANT_COLLECTION_NAME to another collection",
  );
}

/** The dense vectors of a collection by name. */
export function vectorsOf(vectors: Schemas["VectorsConfig"]): Record<string, Schemas["VectorParams"]> {
  const named = "size" in vectors && typeof vectors.size === "number" ? { [DENSE]: vectors } : vectors;
  return named as Record<string, Schemas["VectorParams"]>;
}

export function sizesOf(vectors: Schemas["VectorsConfig"]): VectorSizes {
  return new Map(
    Object.entries(vectorsOf(vectors)).map(([name, { size, distance }]) => [name, { size, distance }]),
  );
}

/** What the Python service's own reserved point says: the name of the model, if anything. */
export function pythonFacts(payload: Record<string, unknown> | undefined, vectors: VectorSizes): Facts {
  const facts: Facts = { schema: SCHEMA_VERSION, models: [], active: null, complete: false };
  const name = payload?.embedding_model, size = vectors.get(DENSE)?.size;
  if (typeof name !== "string" || name === "" || size === undefined) return facts;
  const id = `${NAMED_ONLY}${name}`;
  return { ...facts, models: [{ id, name, provider: "local", dimensions: size, vector: DENSE }], active: id };
}

/** The reserved point's payload: the facts, and those of them that the Python service reads. */
export function reservedPayload(facts: Facts, settings: QdrantSettings): Record<string, unknown> {
  const active = facts.models.find(({ id }) => id === facts.active);
  return {
    unimem: facts,
    ...(active === undefined ? {} : {
      embedding_model: active.name,
      vector_size: active.dimensions,
      dimensions: active.dimensions,
      created_at: new Date().toISOString(),
      distance_metric: settings.distance,
      quantization_enabled: settings.quantisation !== null,
    }),
  };
}
