/**
 * Changes to what a collection is made of: the collection itself, its vectors and its indexes. Each may be asked for by
 * several replicas at once, and takes long in a cluster, which agrees on it first.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { type Api, type Connection, QdrantRefusal } from "./connection.ts";
import { type Index, WORDS } from "./layout.ts";
import type { QdrantSettings, QuantisationSettings } from "./settings.ts";

/** Milliseconds that a change may take. */
const SCHEMA_TIMEOUT_MS = 30_000;

/** Types of payload indexes by field. */
export type Indexes = Record<string, Index>;

/** Schema of collections on one server. */
export class Schema {
  readonly #connection: Connection;
  readonly #settings: QdrantSettings;

  constructor(connection: Connection, settings: QdrantSettings) {
    this.#connection = connection;
    this.#settings = settings;
  }

  /**
   * Makes the settings' collection unless it is there.
   *
   * @param unnamed Its unnamed vector; null to have none.
   */
  async create(unnamed: { size: number; distance: string } | null): Promise<void> {
    const settings = this.#settings, { hnsw, quantisation } = settings;
    await this.#unlessThere((api, init) =>
      api.createCollection({
        collection_name: settings.collection,
        vectors: unnamed === null ? {} : {
          size: unnamed.size,
          distance: unnamed.distance as Schemas["Distance"],
          ...(quantisation === null ? {} : { quantization_config: compression(quantisation) }),
        },
        sparse_vectors: { [WORDS]: { modifier: "idf" } },
        hnsw_config: {
          m: hnsw.m,
          ef_construct: hnsw.efConstruct,
          full_scan_threshold: hnsw.fullScanThreshold,
        },
        optimizers_config: { indexing_threshold: settings.indexingThreshold },
        on_disk_payload: settings.onDiskPayload,
        ...(settings.shards === null ? {} : { shard_number: settings.shards }),
        replication_factor: settings.replicas,
        write_consistency_factor: settings.writeConsistency,
      }, init)
    );
  }

  /** Makes a collection for payloads alone, on as many replicas as the settings' one, unless it is there. */
  async createBeside(name: string): Promise<void> {
    const { replicas, writeConsistency } = this.#settings;
    await this.#unlessThere((api, init) =>
      api.createCollection({
        collection_name: name,
        vectors: {},
        on_disk_payload: true,
        replication_factor: replicas,
        write_consistency_factor: writeConsistency,
      }, init)
    );
  }

  async addIndexes(collection_name: string, indexes: Indexes): Promise<void> {
    await Promise.all(
      Object.entries(indexes).map(([field_name, field_schema]) =>
        this.#change((api, init) =>
          api.createFieldIndex({ collection_name, wait: true, field_name, field_schema }, init)
        )
      ),
    );
  }

  /** Adds the sparse vector of words. */
  async addWords(): Promise<void> {
    await this.#change((api, init) =>
      api.createVectorName({
        collection_name: this.#settings.collection,
        vector_name: WORDS,
        wait: true,
        sparse: { modifier: "idf" },
      }, init)
    );
  }

  /** Adds a dense vector, or one of several parts. */
  async addVector(vector_name: string, size: number, parts: boolean): Promise<void> {
    const { collection, distance } = this.#settings;
    await this.#change((api, init) =>
      api.createVectorName({
        collection_name: collection,
        vector_name,
        wait: true,
        dense: { size, distance, ...(parts ? { multivector_config: { comparator: "max_sim" } } : {}) },
      }, init)
    );
    if (!parts && this.#settings.quantisation !== null) await this.poke([vector_name]);
  }

  /** Drops a named vector of all memories. */
  async dropVector(vector_name: string): Promise<void> {
    await this.#change((api, init) =>
      api.deleteVectorName({ collection_name: this.#settings.collection, vector_name, wait: true }, init)
    );
  }

  /**
   * Has the server look for something to optimise, with the settings' indexing threshold.
   *
   * @param compressed Vectors that are compressed from now on, as the settings say. Those of several parts are none of
   * them: the server keeps a place for them in every point, which few use, and would keep it in memory.
   */
  async poke(compressed: readonly string[]): Promise<void> {
    const { collection, indexingThreshold, quantisation } = this.#settings;
    const quantization_config = quantisation && compression(quantisation);
    await this.#change((api, init) =>
      api.updateCollection({
        collection_name: collection,
        optimizers_config: { indexing_threshold: indexingThreshold },
        ...(quantization_config === null || compressed.length === 0
          ? {}
          : { vectors: Object.fromEntries(compressed.map((name) => [name, { quantization_config }])) }),
      }, init)
    );
  }

  async #unlessThere(create: (api: Api, init: RequestInit) => Promise<{ data: unknown }>): Promise<void> {
    try {
      await this.#change(create);
    } catch (error) {
      // Another replica may have been faster, or an earlier process.
      if (!(error instanceof QdrantRefusal && error.status === 409)) throw error;
    }
  }

  #change(run: (api: Api, init: RequestInit) => Promise<{ data: unknown }>): Promise<unknown> {
    return this.#connection.call("set up the collection", run, Math.max(SCHEMA_TIMEOUT_MS, this.#settings.timeoutMs));
  }
}

function compression({ type, alwaysRam: always_ram }: QuantisationSettings) {
  return type === "binary"
    ? { binary: { always_ram } }
    : { scalar: { type: "int8" as const, quantile: 0.99, always_ram } };
}
