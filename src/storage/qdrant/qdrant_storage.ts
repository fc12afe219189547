/**
 * The store on a Qdrant server or cluster. All truth is there: this process keeps nothing that another replica could not
 * have changed, save caches that say for how long they are believed.
 *
 * @module
 */

import type { ModelIdentity } from "../../embedding/embedder.ts";
import { MemoryError } from "../../errors.ts";
import type { Memory, MemoryFilter, MemoryPatch } from "../../memory/memory.ts";
import type { Capabilities, UpgradeOptions, UpgradeProgress } from "../contract/capabilities.ts";
import type { MaintenanceTask, StoreCondition } from "../contract/maintenance.ts";
import type {
  ListQuery,
  MemoryId,
  MemoryPage,
  NewMemory,
  ScanPage,
  StoreOutcome,
  Turn,
  TurnsAround,
} from "../contract/memories.ts";
import type { RelateOutcome, Relation, RelationQuery } from "../contract/relations.ts";
import type { CandidateQuery, CandidateSet } from "../contract/search.ts";
import type { ContentSizes, StorageStats, TagCount, ValueCount } from "../contract/statistics.ts";
import { WHOLE_STORE } from "../contract/scope.ts";
import type { MemoryStore } from "../contract/spaces.ts";
import type { TrashedMemory, Trashing, TrashPage } from "../contract/trash.ts";
import type { VectorCoverage, VectorSet } from "../contract/vectors.ts";
import { Analysis } from "../sqlite/analysis.ts";
import { Calls } from "../calls.ts";
import { defaultSpaceOnly } from "../default_space.ts";
import { unescapeText } from "../escape.ts";
import { CandidateSearch } from "../scoring/candidate_search.ts";
import { Collection } from "./collection.ts";
import { conditionOf } from "./condition.ts";
import { Connection, QdrantRefusal } from "./connection.ts";
import { SCHEMA_VERSION } from "./facts.ts";
import { Statistics } from "./statistics.ts";
import { pointId } from "./layout.ts";
import { Listings } from "./listings.ts";
import { identityOf, Models } from "./models.ts";
import { Notes } from "./notes.ts";
import { type OnChange, Records } from "./records.ts";
import { Relations } from "./relations.ts";
import { SearchCalls } from "./search_calls.ts";
import type { QdrantSettings } from "./settings.ts";
import { Succession } from "./succession.ts";
import { Trash } from "./trash.ts";
import { TrashPoints } from "./trash_points.ts";
import { optimise, rebuildDerived, upgrade } from "./upgrade.ts";
import { VectorBackfill } from "./vector_backfill.ts";

/** Milliseconds that opening waits for a server that neither answers nor refuses; calls go on waiting for it. */
const OPENING_PATIENCE_MS = 2000;

/**
 * Opens the store. A server that doesn't answer is no reason to fail: calls say so until it does.
 *
 * @throws {MemoryError} `configuration` when the server refuses the key, or the collection can't be used.
 */
export async function openQdrantStorage(settings: QdrantSettings): Promise<MemoryStore> {
  const storage = new QdrantStorage(settings);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, OPENING_PATIENCE_MS));
  try {
    await Promise.race([storage.prepare(), late]);
  } catch (error) {
    if (error instanceof MemoryError && error.code === "configuration") {
      await storage.close();
      throw error;
    }
  } finally {
    clearTimeout(timer);
  }
  return storage;
}

class QdrantStorage implements MemoryStore {
  readonly backend = "qdrant";
  readonly scope = WHOLE_STORE;
  readonly spaces = defaultSpaceOnly(this);
  readonly capabilities: Capabilities;
  readonly #connection: Connection;
  readonly #collection: Collection;
  readonly #models: Models;
  readonly #records: Records;
  readonly #searches: CandidateSearch;
  readonly #listings: Listings;
  readonly #figures: Statistics;
  readonly #fills: VectorBackfill;
  readonly #relations: Relations;
  readonly #succession: Succession;
  readonly #trash: Trash;
  readonly #notes: Notes;
  readonly #analysis = new Analysis();
  readonly #closed = new AbortController();
  readonly #calls = new Calls((action, work) => this.#attempt(action, work));
  #closing: Promise<void> | undefined;

  constructor(settings: QdrantSettings) {
    this.#connection = new Connection(settings);
    const collection = this.#collection = new Collection(this.#connection, settings);
    this.#models = new Models(collection);
    const searches = this.#searches = new CandidateSearch(new SearchCalls(collection, this.#models));
    const changed: OnChange = (points) =>
      searches.changed(points.map(({ id, conversation }) => {
        return { id, conversation: conversation === null ? null : unescapeText(conversation) };
      }));
    const trashed = new TrashPoints(collection);
    this.#records = new Records(collection, this.#models, trashed, this.#analysis, changed);
    this.#relations = new Relations(collection, this.#records);
    this.#succession = new Succession(collection, this.#records);
    this.#trash = new Trash(
      collection,
      this.#models,
      this.#records,
      trashed,
      this.#analysis,
      changed,
      (hashes) => this.#relations.forget(hashes),
    );
    this.#listings = new Listings(collection, this.#searches);
    this.#figures = new Statistics(collection, this.#listings);
    this.#fills = new VectorBackfill(collection, this.#models, this.#records);
    this.#notes = new Notes(collection);
    this.capabilities = {
      connections: this.#connection,
      upgrades: { upgrade: (options) => this.#upgrade(options) },
    };
  }

  get opens(): number {
    return this.#connection.opens;
  }

  /** Connects and makes sure that the collection is there. */
  prepare(): Promise<void> {
    return this.#call("open the collection", () => this.#collection.prepare());
  }

  store(items: NewMemory[]): Promise<StoreOutcome[]> {
    return this.#call("store memories", () => this.#records.store(items));
  }

  getByHash(hashes: string[]): Promise<(Memory | null)[]> {
    return this.#call("get memories", async () => {
      const ids = hashes.map(pointId), found = await this.#listings.read(ids.filter((id) => id !== null));
      let next = 0;
      return ids.map((id) => id === null ? null : found[next++]!);
    });
  }

  keysFrom(prefix: string, limit: number, place: "memories" | "trash"): Promise<string[]> {
    return this.#call(
      "find keys",
      () => place === "trash" ? this.#trash.keysFrom(prefix, limit) : this.#listings.keysFrom(prefix, limit),
    );
  }

  getById(ids: MemoryId[]): Promise<(Memory | null)[]> {
    return this.#call("read memories", () => this.#listings.read(ids.map(String)));
  }

  update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null> {
    return this.#call("update the memory", () => this.#records.update(hash, patch, now));
  }

  updateUnchanged(
    before: Memory,
    patch: MemoryPatch,
    now: number,
    { current }: { current?: string } = {},
  ): Promise<Memory | "conflict" | null> {
    return this.#call(
      "update the memory",
      () => this.#records.updateUnchanged(before, patch, now, current ?? null),
    );
  }

  delete(hashes: string[]): Promise<boolean[]> {
    return this.#call("delete memories", async () => {
      const plan = await this.#succession.plan(hashes), deleted = await this.#records.delete(hashes);
      await this.#relations.forget(hashes.filter((_, i) => deleted[i]));
      await this.#succession.release(plan, hashes.filter((_, i) => deleted[i]));
      return deleted;
    });
  }

  trash(hashes: string[], trashing: Trashing): Promise<boolean[]> {
    return this.#call("move memories to the trash", () => this.#moveToTrash(hashes, trashing, null, null));
  }

  async #moveToTrash(
    hashes: string[],
    trashing: Trashing,
    successor: string | null,
    before: ReadonlyMap<string, Memory> | null,
  ): Promise<boolean[]> {
    const plan = await this.#succession.plan(hashes, successor);
    const moved = await this.#trash.trash(hashes, trashing, plan, before);
    await this.#succession.release(plan, hashes.filter((_, i) => moved[i]));
    return moved;
  }

  trashUnchanged(
    before: Memory[],
    trashing: Trashing,
    { successor }: { successor?: string } = {},
  ): Promise<boolean[]> {
    const hashes = before.map(({ content_hash }) => content_hash);
    const expected = new Map(before.flatMap((memory) => {
      const id = pointId(memory.content_hash);
      return id === null ? [] : [[id, memory] as const];
    }));
    return this.#call(
      "move memories to the trash",
      () => this.#moveToTrash(hashes, trashing, successor ?? null, expected),
    );
  }

  listTrash(query: { offset: number; limit: number }): Promise<TrashPage> {
    return this.#call("list the trash", () => this.#trash.list(query));
  }

  restore(hashes: string[]): Promise<boolean[]> {
    return this.#call("restore memories", async () => {
      const { restored, plan } = await this.#trash.restore(hashes);
      await this.#succession.restored(hashes.filter((_, i) => restored[i]), plan);
      return restored;
    });
  }

  emptyTrash(which: { hashes?: string[]; deleted_before?: number }): Promise<number> {
    return this.#call("empty the trash", () => this.#trash.empty(which));
  }

  relate(relations: Relation[]): Promise<RelateOutcome[]> {
    return this.#call("relate memories", () => this.#relations.relate(relations));
  }

  unrelate(relations: Omit<Relation, "created_at">[]): Promise<boolean[]> {
    return this.#call("remove relations", () => this.#relations.unrelate(relations));
  }

  relations(query: RelationQuery): Promise<Relation[]> {
    return this.#call("read relations", () => this.#relations.find(query));
  }

  list(query: ListQuery): Promise<MemoryPage> {
    return this.#call("list memories", () => this.#listings.list(query));
  }

  neighbours(turns: Turn[], count: number): Promise<TurnsAround[]> {
    return this.#call("read turns", () => this.#listings.neighbours(turns, count));
  }

  scan(after: string | null, limit: number): Promise<ScanPage> {
    return this.#call("read all memories", () => this.#listings.scan(after, limit));
  }

  importTrashed(items: TrashedMemory[]): Promise<boolean[]> {
    return this.#call("bring memories into the trash", () => this.#trash.importTrashed(items));
  }

  tags(): Promise<TagCount[]> {
    return this.#call("count tags", () => this.#listings.tags());
  }

  candidates(query: CandidateQuery): Promise<CandidateSet> {
    return this.#call("search memories", () => this.#searches.candidates(query));
  }

  findText(text: string, query: ListQuery): Promise<MemoryPage> {
    return this.#call("search memories", () => this.#listings.findText(text, query));
  }

  histogram(edges: number[], filter: MemoryFilter): Promise<number[]> {
    return this.#call("count memories", () => this.#figures.histogram(edges, filter));
  }

  countByValue(field: "tags" | "memory_type", filter: MemoryFilter): Promise<ValueCount[]> {
    return this.#call("count values", () => this.#figures.countByValue(field, filter));
  }

  contentSizes(limit: number): Promise<ContentSizes> {
    return this.#call("measure contents", () => this.#figures.contentSizes(limit));
  }

  vectors(hashes: string[]): Promise<(VectorSet | null)[]> {
    return this.#call("read vectors", () => this.#fills.read(hashes));
  }

  activeModel(): Promise<ModelIdentity | null> {
    return this.#call("read the active model", async () => {
      const active = await this.#models.active();
      return active && identityOf(active);
    });
  }

  vectorCoverage(): Promise<VectorCoverage> {
    return this.#call("count vectors", async () => {
      const active = await this.#models.active();
      const [memories, embedded] = await Promise.all([
        this.#listings.count(undefined),
        active === null ? 0 : this.#fills.count(active.vector),
      ]);
      return { active: active && identityOf(active), memories, embedded };
    });
  }

  registerModel(model: ModelIdentity): Promise<ModelIdentity> {
    return this.#call("register the model", () => this.#models.register(model));
  }

  withoutVectors(model: string, limit: number): Promise<{ content_hash: string; content: string }[]> {
    return this.#call("find memories without vectors", () => this.#fills.missing(model, limit));
  }

  addVectors(items: { content_hash: string; vectors: VectorSet }[]): Promise<void> {
    return this.#call("add vectors", () => this.#fills.add(items));
  }

  activateVectors(model: string): Promise<void> {
    return this.#call("activate the model", () => this.#models.activate(model));
  }

  stats(): Promise<StorageStats> {
    return this.#call("read the store's figures", async () => {
      const [total_memories, tags, info, { complete }] = await Promise.all([
        this.#listings.count(undefined),
        this.#listings.tags(),
        this.#collection.info(),
        this.#collection.facts(),
      ]);
      return {
        total_memories,
        unique_tags: tags.length,
        size_bytes: null,
        details: {
          url: this.#connection.address,
          collection: this.#collection.name,
          schema_version: SCHEMA_VERSION,
          collection_status: info.status,
          segments: info.segments_count,
          upgraded: complete,
          ...this.#connection.figures,
        },
      };
    });
  }

  maintain(task: MaintenanceTask): Promise<string> {
    return this.#call("maintain the store", async () => {
      if (task === "optimize") return await optimise(this.#collection);
      return `Derived the words and filter fields of ${await rebuildDerived(this.#collection)} memories again`;
    });
  }

  note(name: string): Promise<string | null> {
    return this.#call("read a note", () => this.#notes.read(name));
  }

  changeNote(name: string, before: string | null, after: string | null): Promise<boolean> {
    return this.#call("change a note", () => this.#notes.change(name, before, after));
  }

  ping(): Promise<void> {
    return this.#call("reach the store", async () => void await this.#collection.info());
  }

  condition(): Promise<StoreCondition> {
    return this.#call("examine the store", () => conditionOf(this.#collection));
  }

  /** Nothing of it lies on this machine. */
  closeNow(): void {
    this.#analysis.close();
  }

  close(): Promise<void> {
    this.#closed.abort();
    this.#calls.close();
    return this.#closing ??= this.#calls.settled().then(() => {
      this.#analysis.close();
      return this.#connection.close();
    });
  }

  #upgrade({ signal, ...options }: UpgradeOptions = {}): Promise<UpgradeProgress> {
    // Closing waits for what runs, so it ends here too.
    const ends = signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
    return this.#call("upgrade the collection", () => upgrade(this.#collection, { ...options, signal: ends }));
  }

  #call<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#calls.run(action, work);
  }

  /** What this process knows of the collection may be old: a refused call is tried once more after a new look. */
  async #attempt<T>(action: string, work: () => Promise<T>): Promise<T> {
    for (let last = false;; last = true) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof QdrantRefusal)) throw error;
        if (last) throw new MemoryError("internal", `Cannot ${action}: Qdrant refuses it`, { cause: error });
        this.#collection.forget();
      }
    }
  }
}
