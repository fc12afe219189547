/**
 * The models whose vectors a collection holds, each in a vector of its own, and the switch from one to another.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { isNamedLike, type ModelIdentity } from "../../embedding/embedder.ts";
import { MemoryError } from "../../errors.ts";
import type { VectorSet } from "../contract/vectors.ts";
import type { Collection } from "./collection.ts";
import { dimensionsError, type Facts, type StoredModel } from "./facts.ts";
import { DENSE } from "./layout.ts";

/** Powers of ten by which parts of unit vectors are rounded. */
const DECIMALS = [1e8, 1e9, 1e10, 1e11];

/** Name of the vector that holds all chunks of memories with several; the model's own vector holds the first. */
export function chunksVector(vector: string): string {
  return vector === DENSE ? "chunks" : `${vector}_chunks`;
}

/** Models of a store, and their vectors in one of its collections. */
export class Models {
  readonly #collection: Collection;
  readonly #vectors: Collection;
  /** Whether this process prepared a memory with several chunks. */
  madeChunks = false;
  /** Ids of models that were registered when this process looked. */
  readonly #known = new Set<string>();

  /**
   * @param collection The one whose facts name the models.
   * @param vectors The one whose vectors are meant.
   */
  constructor(collection: Collection, vectors = collection) {
    this.#collection = collection;
    this.#vectors = vectors;
  }

  /** The model whose vectors searches use; null while there is none. */
  async active(): Promise<StoredModel | null> {
    const { models, active } = await this.#collection.facts();
    return models.find(({ id }) => id === active) ?? null;
  }

  /** @throws {MemoryError} `internal` for a model that isn't registered. */
  async required(id: string): Promise<StoredModel> {
    const model = await this.#find(id);
    if (model === null) throw new MemoryError("internal", `Cannot use vectors of model ${id}: it isn't registered`);
    return model;
  }

  /** Makes a model known; the first one becomes the active one. */
  async register(model: ModelIdentity): Promise<ModelIdentity> {
    const known = (await this.#collection.facts()).models.find(({ id }) => id === model.id);
    if (known !== undefined && known.dimensions !== model.dimensions) {
      throw new MemoryError(
        "conflict",
        `Cannot register model ${model.id} with ${model.dimensions} dimensions: it is stored with ${known.dimensions}`,
      );
    }
    const { models, active } = known !== undefined
      ? await this.#collection.facts()
      : await this.#collection.changeFacts("register the model", (facts) => this.#withModel(facts, model));
    await this.#addVectors(models.find(({ id }) => id === model.id)!);
    return identityOf(models.find(({ id }) => id === active)!);
  }

  /** Makes a registered model the active one and drops the vectors of all others; gives those others. */
  async activate(id: string): Promise<StoredModel[]> {
    const model = await this.required(id);
    let dropped: StoredModel[] = [];
    await this.#collection.changeFacts("activate the model", (facts) => {
      dropped = facts.models.filter((other) => other.id !== id);
      return { ...facts, active: id, models: [model] };
    });
    await this.drop(dropped);
    return dropped;
  }

  /** Drops the vectors of models. */
  async drop(models: readonly StoredModel[]): Promise<void> {
    for (const { vector } of models) {
      await this.#vectors.dropVector(vector);
      await this.#vectors.dropVector(chunksVector(vector));
    }
  }

  /**
   * Vectors as a point holds them. None of a model that another replica replaced since this process looked: the vectors
   * of its successor are made in the background, as for a memory that came without.
   *
   * @throws {MemoryError} `internal` for vectors of another length than the model's; they would poison every search.
   */
  async vectorsOf({ model, chunks }: VectorSet): Promise<Record<string, number[] | number[][]>> {
    const found = await this.#find(model);
    if (found === null && this.#known.has(model)) return {};
    const { vector, dimensions, name } = found ?? await this.required(model);
    if (chunks.length === 0 || chunks.some((chunk) => chunk.length !== dimensions)) {
      const lengths = chunks.map((chunk) => chunk.length).join(", ");
      throw new MemoryError(
        "internal",
        `Cannot store vectors of length ${lengths || "none"}: model ${name} has ${dimensions}`,
      );
    }
    const written = chunks.map((chunk) => Array.from(chunk, shortest)), first = { [vector]: written[0]! };
    if (chunks.length > 1) this.madeChunks = true;
    return chunks.length === 1 ? first : { ...first, [chunksVector(vector)]: written };
  }

  async #find(id: string): Promise<StoredModel | null> {
    for (const fresh of [false, true]) {
      const model = (await this.#collection.facts(fresh)).models.find((known) => known.id === id);
      if (model === undefined) continue;
      this.#known.add(id);
      // Another replica may have added them.
      await this.#addVectors(model);
      return model;
    }
    return null;
  }

  /** The facts with a model added; the unnamed vector goes to the first model whose vectors fit it. */
  #withModel(facts: Facts, model: ModelIdentity): Facts | null {
    if (facts.models.some(({ id }) => id === model.id)) return null;
    const adopted = facts.models.find((old) => isNamedLike(old, model));
    if (adopted !== undefined) {
      const models = facts.models.map((old) => old === adopted ? { ...model, vector: old.vector } : old);
      return { ...facts, models, active: facts.active === adopted.id ? model.id : facts.active };
    }
    const size = this.#collection.vectors.get(DENSE)?.size;
    if (!facts.complete && facts.models.length === 0 && size !== undefined && size !== model.dimensions) {
      throw dimensionsError(this.#collection.name, size, model.dimensions);
    }
    const isFree = !facts.models.some(({ vector }) => vector === DENSE);
    const vector = isFree && size === model.dimensions
      ? DENSE
      : `model_${createHash("sha256").update(model.id).digest("hex").slice(0, 12)}`;
    return { ...facts, models: [...facts.models, { ...model, vector }], active: facts.active ?? model.id };
  }

  async #addVectors({ vector, dimensions }: StoredModel): Promise<void> {
    await this.#vectors.prepare();
    await this.#vectors.addVector(vector, dimensions, false);
    await this.#vectors.addVector(chunksVector(vector), dimensions, true);
  }
}

/** The number of few digits that is the same as a float32: half as many as JSON has of it otherwise. */
function shortest(value: number): number {
  for (const scale of DECIMALS) {
    const rounded = Math.round(value * scale) / scale;
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

export function identityOf({ id, name, provider, dimensions }: StoredModel): ModelIdentity {
  return { id, name, provider, dimensions };
}
