/**
 * The collection and the facts kept about it: has it made when it is missing and what a collection of the Python service
 * lacks added, and keeps the models and the state of that completion in the reserved point.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { MemoryError } from "../../errors.ts";
import { type Api, type Connection, QdrantRefusal } from "./connection.ts";
import {
  dimensionsError,
  type Facts,
  isComplete,
  pythonFacts,
  reservedPayload,
  SCHEMA_VERSION,
  sizesOf,
  type VectorSizes,
} from "./facts.ts";
import { ANALYSER_VERSION } from "../../memory/text.ts";
import { DENSE, INDEXES, RESERVED_ID, SHARED_INDEXES, WORDS } from "./layout.ts";
import { type Indexes, Schema } from "./schema.ts";
import type { QdrantSettings } from "./settings.ts";

/** Milliseconds after which facts that another replica may have changed are read again. */
const FACTS_MS = 2000;

/** The facts with the revision they were read at. */
interface KeptFacts {
  facts: Facts;
  revision: string | null;
  readAt: number;
}

/** One collection on one server. */
export class Collection {
  readonly connection: Connection;
  readonly settings: QdrantSettings;
  readonly #schema: Schema;
  #prepared: Promise<void> | undefined;
  #kept: KeptFacts | undefined;
  #vectors: VectorSizes = new Map();
  readonly #main: Collection | null;
  /** Points that are no memories: 1, or 0 in one of the Python service's that may not be changed. */
  reserved = 1;

  /** @param main The settings' collection, for the one beside it that all spaces but `default` share. */
  constructor(connection: Connection, settings: QdrantSettings, main: Collection | null = null) {
    this.connection = connection;
    this.settings = settings;
    this.#main = main;
    this.#schema = new Schema(connection, settings);
  }

  /** The collection of all spaces but `default` beside this one. */
  beside(): Collection {
    return new Collection(this.connection, { ...this.settings, collection: `${this.name}_spaces` }, this);
  }

  /** Whether it holds the memories of several spaces. */
  get isShared(): boolean {
    return this.#main !== null;
  }

  get name(): string {
    return this.settings.collection;
  }

  /** Dense vectors the collection has. */
  get vectors(): ReadonlyMap<string, { size: number; distance: string }> {
    return this.#vectors;
  }

  /** Runs a read of the collection once it is there. */
  async read<T>(
    action: string,
    run: (api: Api, to: Target, init: RequestInit) => Promise<{ data: unknown }>,
  ): Promise<T> {
    await this.prepare();
    const to: Target = { collection_name: this.name };
    if (this.settings.readConsistency !== null) to.consistency = this.settings.readConsistency;
    return await this.#call<T>(action, (api, init) => run(api, to, init));
  }

  /** Runs a write to the collection once it is there; it is answered when it can be read. */
  async write(action: string, run: (api: Api, to: WriteTarget, init: RequestInit) => Promise<{ data: unknown }>) {
    if (this.settings.readOnly) {
      throw new MemoryError("unsupported", `Cannot ${action}: collection ${this.name} was opened for reading only`);
    }
    await this.prepare();
    await this.#call(action, (api, init) => run(api, this.#writeTarget(), init));
  }

  /** Makes sure that the collection is there with everything searches need. Concurrent callers wait for one run. */
  prepare(): Promise<void> {
    if (this.#prepared === undefined) {
      const running = this.#prepare();
      this.#prepared = running;
      running.catch(() => {
        if (this.#prepared === running) this.#prepared = undefined;
      });
    }
    return this.#prepared;
  }

  /** Looks at the collection again with the next call: what is known of it may be old. */
  forget(): void {
    this.#prepared = undefined;
  }

  /** What the reserved point says, at most a moment old unless `fresh`. */
  async facts(fresh = false): Promise<Facts> {
    await this.prepare();
    const kept = this.#kept!;
    if (!fresh && performance.now() - kept.readAt < FACTS_MS) return kept.facts;
    await this.#readFacts();
    return this.#kept!.facts;
  }

  /** Changes the facts, starting over when another replica changed them meanwhile. `change` gives null to leave them. */
  async changeFacts(action: string, change: (facts: Facts) => Facts | null): Promise<Facts> {
    await this.prepare();
    while (true) {
      await this.#readFacts();
      const { facts, revision } = this.#kept!;
      const changed = change(facts);
      if (changed === null) return facts;
      const mine = crypto.randomUUID();
      const unchanged: Schemas["Condition"] = revision === null
        ? { is_empty: { key: "revision" } }
        : { key: "revision", match: { value: revision } };
      await this.write(action, (api, to, init) =>
        api.setPayload({
          ...to,
          payload: { ...reservedPayload(changed, this.settings), revision: mine },
          filter: { must: [{ has_id: [RESERVED_ID] }, unchanged] },
        }, init));
      await this.#readFacts();
      if (this.#kept!.revision === mine) return this.#kept!.facts;
    }
  }

  /** Adds a dense vector, or one of several parts, to the collection. */
  async addVector(name: string, size: number, parts: boolean): Promise<void> {
    if (this.#vectors.has(name)) return;
    await this.#schema.addVector(name, size, parts);
    this.#vectors.set(name, { size, distance: this.settings.distance });
  }

  /** Drops a vector of all memories. */
  async dropVector(name: string): Promise<void> {
    if (!this.#vectors.has(name)) return;
    if (name === DENSE) { // the unnamed vector is part of the collection for good, but not of its points
      await this.write(
        "drop replaced vectors",
        (api, to, init) =>
          api.deleteVectors({ ...to, vector: [DENSE], filter: { must: [{ has_vector: DENSE }] } }, init),
      );
      return;
    }
    await this.#schema.dropVector(name);
    this.#vectors.delete(name);
  }

  /**
   * Makes a collection for payloads alone, on as many replicas as this one, unless it is there.
   *
   * @returns whether there is one now; not when this one was opened for reading only and it is missing.
   */
  async makeBeside(name: string, indexes: Indexes): Promise<boolean> {
    if (this.settings.readOnly) {
      const { exists } = await this.#call<{ exists: boolean }>(
        "look for a collection",
        (api, init) => api.collectionExists({ collection_name: name }, init),
      );
      return exists;
    }
    await this.#schema.createBeside(name);
    await this.#schema.addIndexes(name, indexes);
    return true;
  }

  /** Facts about the collection from the server. */
  async info(): Promise<Schemas["CollectionInfo"]> {
    return await this.#call(
      "read the collection",
      (api, init) => api.getCollection({ collection_name: this.name }, init),
    );
  }

  /** States of all replicas of the shards, and by how many seconds the server's clock is ahead, where it tells the time. */
  async replicas(): Promise<{ shards: string[]; clock_ahead: number | null }> {
    let clock_ahead: number | null = null;
    const { local_shards, remote_shards } = await this.#call<Schemas["CollectionClusterInfo"]>(
      "read the collection's replicas",
      async (api, init) => {
        const asked = Date.now();
        const answer = await api.collectionClusterInfo({ collection_name: this.name }, init);
        const date = Date.parse(answer.headers.get("date") ?? "");
        // The header leaves out the milliseconds: half a second on average.
        if (!Number.isNaN(date)) clock_ahead = (date + 500 - (asked + Date.now()) / 2) / 1000;
        return answer;
      },
    );
    return { shards: [...local_shards, ...remote_shards].map(({ state }) => state), clock_ahead };
  }

  /** Has the server look for something to optimise, and compress these vectors from now on. */
  poke(compressed: readonly string[]): Promise<void> {
    return this.#schema.poke(compressed);
  }

  async #prepare(): Promise<void> {
    await this.#main?.prepare();
    let info = await this.#find();
    if (this.settings.readOnly) return await this.#look(info);
    if (info === null) {
      await this.#schema.create(this.#unnamed());
      info = await this.info();
    }
    const { vectors, sparse_vectors } = info.config.params;
    this.#vectors = sizesOf(vectors ?? {});
    this.#checkDistance();
    if (sparse_vectors?.[WORDS] === undefined) await this.#schema.addWords();
    const missing = Object.entries(this.isShared ? { ...INDEXES, ...SHARED_INDEXES } : INDEXES).filter(([field]) =>
      info.payload_schema[field] === undefined
    );
    await this.#schema.addIndexes(this.name, Object.fromEntries(missing));
    if (!await this.#readFacts()) await this.#writeFirstFacts((info.points_count ?? 0) === 0);
    this.#checkKind();
    this.#checkDimensions();
  }

  /** Learns what there is and changes nothing. */
  async #look(info: Schemas["CollectionInfo"] | null): Promise<void> {
    if (info === null) {
      throw new MemoryError(
        "configuration",
        `Cannot read collection ${this.name}: Qdrant at ${this.connection.address} has none of that name`,
      );
    }
    this.#vectors = sizesOf(info.config.params.vectors ?? {});
    this.reserved = await this.#readFacts() ? 1 : 0;
    this.#checkKind();
  }

  /** The unnamed vector of a new collection: the settings' model's, or the same as in the one that this is beside. */
  #unnamed(): { size: number; distance: string } | null {
    if (this.#main !== null) return this.#main.vectors.get(DENSE) ?? null;
    const { dimensions: size, distance } = this.settings;
    return size === null ? null : { size, distance };
  }

  async #find(): Promise<Schemas["CollectionInfo"] | null> {
    try {
      return await this.info();
    } catch (error) {
      if (error instanceof QdrantRefusal && error.status === 404) return null;
      throw error;
    }
  }

  /** Reads the reserved point; false when there is none of ours. */
  async #readFacts(): Promise<boolean> {
    const points = await this.#call<Schemas["Record"][]>(
      "read the collection's facts",
      (api, init) => api.getPoints({ collection_name: this.name, ids: [RESERVED_ID], with_payload: true }, init),
    );
    const payload = points[0]?.payload as Record<string, unknown> | undefined;
    const stored = (payload?.unimem ?? pythonFacts(payload, this.#vectors)) as Facts;
    const facts = { ...stored, complete: isComplete(stored) };
    const revision = typeof payload?.revision === "string" ? payload.revision : null;
    this.#kept = { facts, revision, readAt: performance.now() };
    return payload !== undefined;
  }

  async #writeFirstFacts(empty: boolean): Promise<void> {
    const facts: Facts = {
      schema: SCHEMA_VERSION,
      models: [],
      active: null,
      complete: empty,
      analyser: ANALYSER_VERSION,
      ...(this.isShared ? { shared: true } : {}),
    };
    const payload = { ...reservedPayload(facts, this.settings), revision: crypto.randomUUID() };
    await this.#call("write the collection's facts", (api, init) =>
      api.upsertPoints({
        ...this.#writeTarget(),
        points: [{ id: RESERVED_ID, vector: {}, payload }],
        update_mode: "insert_only",
      }, init));
    await this.#readFacts();
  }

  #checkDistance(): void {
    const other = [...this.#vectors].find(([, { distance }]) => !["Cosine", "Dot", "Euclid"].includes(distance));
    if (other === undefined) return;
    throw new MemoryError(
      "configuration",
      `Cannot use collection ${this.name}: it compares vectors by ${other[1].distance}; ` +
        "set MCP_QDRANT_COLLECTION_NAME to another collection",
    );
  }

  /** A collection of one kind that is taken for the other would mix the memories of two stores. */
  #checkKind(): void {
    if ((this.#kept!.facts.shared ?? false) === this.isShared) return;
    const problem = this.isShared
      ? "it holds a store of its own, and spaces would go there; rename the collection of one of them"
      : "it holds the spaces of another collection; set MCP_QDRANT_COLLECTION_NAME to that one";
    throw new MemoryError("configuration", `Cannot use collection ${this.name}: ${problem}`);
  }

  /** Vectors of unknown origin and another length can't be the configured model's, nor of any that can be named. */
  #checkDimensions(): void {
    const size = this.#vectors.get(DENSE)?.size, { dimensions } = this.settings, { facts } = this.#kept!;
    if (this.isShared || size === undefined || dimensions === null || size === dimensions || facts.models.length > 0) {
      return;
    }
    throw dimensionsError(this.name, size, dimensions);
  }

  #writeTarget(): WriteTarget {
    // Writes to one point take the same order on all its replicas, so that of two inserts one wins everywhere.
    return { collection_name: this.name, wait: true, ordering: this.settings.replicas > 1 ? "medium" : "weak" };
  }

  /** A call whose refusals become errors of the contract; a collection that is gone is made again by the next call. */
  async #call<T>(action: string, run: (api: Api, init: RequestInit) => Promise<{ data: unknown }>): Promise<T> {
    try {
      return await this.connection.call<T>(action, run);
    } catch (error) {
      if (!(error instanceof QdrantRefusal)) throw error;
      if (error.status === 401 || error.status === 403) {
        throw new MemoryError(
          "configuration",
          `Cannot ${action}: Qdrant at ${this.connection.address} refuses the API key; set MCP_QDRANT_API_KEY`,
          { cause: error },
        );
      }
      if (error.status === 404 && /collection/i.test(error.message)) this.#prepared = undefined;
      throw error;
    }
  }
}

/** Where a read goes. */
export interface Target {
  collection_name: string;
  consistency?: Schemas["ReadConsistency"];
}

/** Where a write goes, and what it waits for. */
export interface WriteTarget {
  collection_name: string;
  wait: true;
  ordering: Schemas["WriteOrdering"];
}
