/**
 * The store as callers within a scope see it: reads look into the spaces that it reads, in one collection or in both, and
 * changes go to the space that it writes.
 *
 * @module
 */

import type { ModelIdentity } from "../../embedding/embedder.ts";
import type { Memory, MemoryFilter, MemoryPatch } from "../../memory/memory.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import type { Capabilities } from "../contract/capabilities.ts";
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
import type { SpaceScope } from "../contract/scope.ts";
import type { CandidateQuery, CandidateSet } from "../contract/search.ts";
import type { ContentSizes, CountedField, StorageStats, TagCount, ValueCount } from "../contract/statistics.ts";
import type { MemoryStorage } from "../contract/storage.ts";
import type { TrashedMemory, Trashing, TrashPage } from "../contract/trash.ts";
import type { VectorCoverage, VectorSet } from "../contract/vectors.ts";
import type { Engine } from "./engine.ts";
import { SCHEMA_VERSION } from "./facts.ts";
import { conditionOf } from "./condition.ts";
import { identityOf } from "./models.ts";
import type { Reader } from "./part.ts";
import * as reads from "./reads.ts";
import type { Space } from "./space.ts";
import { optimise, rebuildDerived } from "./upgrade.ts";

/** A store within a scope. */
export class View implements MemoryStorage {
  readonly backend = "qdrant";
  readonly scope: SpaceScope;
  readonly #engine: Engine;

  constructor(engine: Engine, scope: SpaceScope) {
    this.#engine = engine;
    this.scope = scope;
  }

  get capabilities(): Capabilities {
    return this.#engine.capabilities;
  }

  get opens(): number {
    return this.#engine.connection.opens;
  }

  store(items: NewMemory[]): Promise<StoreOutcome[]> {
    return this.#engine.call(
      "store memories",
      () => this.#inSpaces(items, ({ memory }) => memory.space, (space, items) => space.records.store(items)),
    );
  }

  getByHash(hashes: string[]): Promise<(Memory | null)[]> {
    return this.#engine.call("get memories", async () => {
      const readers = await this.#readers();
      const found = (await Promise.all(readers.map((reader) => reader.byKeys(hashes)))).flat();
      const best = new Map<string, Memory>();
      for (const memory of await this.#named(found)) {
        const other = best.get(memory.content_hash);
        if (other === undefined || this.#isBefore(memory, other)) best.set(memory.content_hash, memory);
      }
      return hashes.map((hash) => best.get(hash) ?? null);
    });
  }

  keysFrom(prefix: string, limit: number, place: "memories" | "trash"): Promise<string[]> {
    return this.#read("find keys", (readers) => reads.keysFrom(readers, prefix, limit, place));
  }

  getById(ids: MemoryId[]): Promise<(Memory | null)[]> {
    return this.#read("read memories", async (readers) => {
      const asked = ids.map(String), answers = await Promise.all(readers.map(({ listings }) => listings.read(asked)));
      const found = asked.map((_, i) =>
        answers.map((memories) => memories[i]).find((memory) => memory != null) ?? null
      );
      return await Promise.all(found.map((memory) => memory && this.#namedOne(memory)));
    });
  }

  update(hash: string, patch: MemoryPatch, now: number): Promise<Memory | null> {
    return this.#change("update the memory", null, async ({ records }) => {
      const memory = await records.update(hash, patch, now);
      return memory && await this.#namedOne(memory);
    });
  }

  updateUnchanged(
    before: Memory,
    patch: MemoryPatch,
    now: number,
    { current }: { current?: string } = {},
  ): Promise<Memory | "conflict" | null> {
    return this.#change("update the memory", null, async (space) => {
      const memory = await space.records.updateUnchanged(this.#asStored(before, space), patch, now, current ?? null);
      return memory === null || memory === "conflict" ? memory : await this.#namedOne(memory);
    });
  }

  delete(hashes: string[]): Promise<boolean[]> {
    return this.#change("delete memories", none(hashes), (space) => space.delete(hashes));
  }

  trash(hashes: string[], trashing: Trashing): Promise<boolean[]> {
    return this.#change("move memories to the trash", none(hashes), (space) => space.moveToTrash(hashes, trashing));
  }

  trashUnchanged(
    before: Memory[],
    trashing: Trashing,
    { successor }: { successor?: string } = {},
  ): Promise<boolean[]> {
    return this.#change("move memories to the trash", none(before), (space) => {
      const hashes = before.map(({ content_hash }) => content_hash);
      const expected = before.map((memory) => this.#asStored(memory, space));
      return space.moveToTrash(hashes, trashing, successor ?? null, expected);
    });
  }

  listTrash(query: { offset: number; limit: number }): Promise<TrashPage> {
    return this.#read("list the trash", async (readers) => {
      const { items, total } = await reads.listTrash(readers, query);
      const memories = await this.#named(items.map(({ memory }) => memory));
      return { items: items.map((item, i) => ({ ...item, memory: memories[i]! })), total };
    });
  }

  restore(hashes: string[]): Promise<boolean[]> {
    return this.#change("restore memories", none(hashes), (space) => space.restore(hashes));
  }

  emptyTrash(which: { hashes?: string[]; deleted_before?: number }): Promise<number> {
    return this.#engine.call("empty the trash", async () => {
      const { main, shared, registry } = this.#engine, { hashes, deleted_before: before } = which;
      if (this.scope.read !== "all" || hashes !== undefined || before === undefined) {
        return await (await this.#engine.space(this.scope.write))?.trash.empty(which) ?? 0;
      }
      let emptied = await main.space(null).trash.empty(which);
      if (!await registry.any()) return emptied;
      const expired = await shared.trashed.countBySpace([{ key: "deleted_at", range: { lt: before } }]);
      for (const id of expired.keys()) emptied += await shared.space(id).trash.empty(which);
      return emptied;
    });
  }

  importTrashed(items: TrashedMemory[]): Promise<boolean[]> {
    return this.#engine.call(
      "bring memories into the trash",
      () => this.#inSpaces(items, ({ memory }) => memory.space, (space, items) => space.trash.importTrashed(items)),
    );
  }

  relate(relations: Relation[]): Promise<RelateOutcome[]> {
    return this.#engine.call("relate memories", () =>
      this.#inSpaces(
        relations,
        ({ space }) => space,
        (space, relations) => space.relations.relate(relations),
        "missing",
      ));
  }

  unrelate(relations: Omit<Relation, "created_at">[]): Promise<boolean[]> {
    return this.#change("remove relations", none(relations), (space) => space.relations.unrelate(relations));
  }

  relations(query: RelationQuery): Promise<Relation[]> {
    return this.#read(
      "read relations",
      async (readers) => this.#named(await reads.relations(readers, query)),
    );
  }

  list(query: ListQuery): Promise<MemoryPage> {
    return this.#read("list memories", async (readers) => this.#namedPage(await reads.list(readers, query)));
  }

  neighbours(turns: Turn[], count: number): Promise<TurnsAround[]> {
    return this.#engine.call("read turns", async () => {
      const around: TurnsAround[] = turns.map(() => ({ before: [], after: [] })), { read, write } = this.scope;
      const only = read !== "all" && new Set(read).size === 1 ? write : null;
      const indexes = Map.groupBy(turns.keys(), (i) => only ?? turns[i]!.space ?? DEFAULT_SPACE);
      await Promise.all(Array.from(indexes, async ([name, at]) => {
        if (read !== "all" && !read.includes(name)) return;
        const [reader] = await this.#engine.readers({ read: [name] });
        const found = await reader?.listings.neighbours(at.map((i) => turns[i]!), count) ?? [];
        await Promise.all(found.map(async ({ before, after }, i) => {
          around[at[i]!] = { before: await this.#named(before), after: await this.#named(after) };
        }));
      }));
      return around;
    });
  }

  scan(after: string | null, limit: number): Promise<ScanPage> {
    return this.#read("read all memories", async (readers) => {
      const { memories, next } = await reads.scan(readers, after, limit);
      return { memories: await this.#named(memories), next };
    });
  }

  tags(): Promise<TagCount[]> {
    return this.#read("count tags", reads.tags);
  }

  candidates(query: CandidateQuery): Promise<CandidateSet> {
    return this.#read("search memories", async (readers) => {
      const found = await this.#engine.search(readers).candidates(query);
      for (const candidate of found.candidates) {
        if (candidate.memory !== undefined) candidate.memory = await this.#namedOne(candidate.memory);
      }
      return found;
    });
  }

  findText(text: string, query: ListQuery): Promise<MemoryPage> {
    return this.#read("search memories", async (readers) => {
      return await this.#namedPage(await reads.findText(readers, this.#engine.search(readers), text, query));
    });
  }

  histogram(edges: number[], filter: MemoryFilter): Promise<number[]> {
    return this.#read("count memories", (readers) => reads.histogram(readers, edges, filter));
  }

  countByValue(field: CountedField, filter: MemoryFilter): Promise<ValueCount[]> {
    return this.#read("count values", (readers) => reads.countByValue(readers, field, filter));
  }

  contentSizes(limit: number): Promise<ContentSizes> {
    return this.#read("measure contents", (readers) => reads.contentSizes(readers, limit));
  }

  vectors(hashes: string[]): Promise<(VectorSet | null)[]> {
    return this.#read("read vectors", async (readers) => {
      const answers = await Promise.all(readers.map(({ fills }) => fills.read(hashes)));
      // They depend on the content alone.
      return hashes.map((_, i) => answers.map((sets) => sets[i]).find((set) => set != null) ?? null);
    });
  }

  activeModel(): Promise<ModelIdentity | null> {
    return this.#engine.call("read the active model", async () => {
      const active = await this.#engine.main.models.active();
      return active && identityOf(active);
    });
  }

  vectorCoverage(): Promise<VectorCoverage> {
    return this.#read("count vectors", async (readers) => {
      const active = await this.#engine.main.models.active();
      const [memories, embedded] = await Promise.all([
        sumOver(readers, ({ listings }) => listings.total()),
        active === null ? 0 : sumOver(readers, ({ fills }) => fills.count(active.vector)),
      ]);
      return { active: active && identityOf(active), memories, embedded };
    });
  }

  registerModel(model: ModelIdentity): Promise<ModelIdentity> {
    return this.#engine.call("register the model", () => this.#engine.main.models.register(model));
  }

  withoutVectors(model: string, limit: number): Promise<{ content_hash: string; content: string }[]> {
    return this.#read(
      "find memories without vectors",
      (readers) => reads.withoutVectors(readers, model, limit),
    );
  }

  addVectors(items: { content_hash: string; vectors: VectorSet }[]): Promise<void> {
    return this.#read("add vectors", async (readers) => {
      for (const { fills } of readers) await fills.add(items);
    });
  }

  activateVectors(model: string): Promise<void> {
    return this.#engine.call("activate the model", async () => {
      const [main, shared] = await this.#engine.parts();
      const dropped = await main!.models.activate(model);
      await shared?.models.drop(dropped);
    });
  }

  stats(): Promise<StorageStats> {
    return this.#read("read the store's figures", async (readers) => {
      const { connection, main: { collection } } = this.#engine, parts = await this.#engine.parts();
      const [total_memories, tags, info, facts] = await Promise.all([
        sumOver(readers, ({ listings }) => listings.total()),
        reads.tags(readers),
        collection.info(),
        Promise.all(parts.map((part) => part.collection.facts())),
      ]);
      return {
        total_memories,
        unique_tags: tags.length,
        size_bytes: null,
        details: {
          url: connection.address,
          collection: collection.name,
          schema_version: SCHEMA_VERSION,
          collection_status: info.status,
          segments: info.segments_count,
          upgraded: facts.every(({ complete }) => complete),
          ...connection.figures,
        },
      };
    });
  }

  maintain(task: MaintenanceTask): Promise<string> {
    return this.#engine.call("maintain the store", async () => {
      const collections = (await this.#engine.parts()).map(({ collection }) => collection);
      if (task === "optimize") return (await Promise.all(collections.map(optimise))).join("; ");
      let memories = 0;
      for (const collection of collections) memories += await rebuildDerived(collection);
      return `Derived the words and filter fields of ${memories} memories again`;
    });
  }

  note(name: string): Promise<string | null> {
    return this.#engine.call("read a note", () => this.#engine.notes.read(name));
  }

  changeNote(name: string, before: string | null, after: string | null): Promise<boolean> {
    return this.#engine.call("change a note", () => this.#engine.notes.change(name, before, after));
  }

  ping(): Promise<void> {
    return this.#engine.call("reach the store", async () => void await this.#engine.main.collection.info());
  }

  condition(): Promise<StoreCondition> {
    return this.#engine.call("examine the store", async () => {
      const [main, ...others] = (await this.#engine.parts()).map(({ collection }) => collection);
      return await conditionOf(main!, others);
    });
  }

  closeNow(): void {
    this.#engine.closeNow();
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #readers(): Promise<Reader[]> {
    return this.#engine.readers(this.scope);
  }

  #read<T>(action: string, work: (readers: Reader[]) => Promise<T>): Promise<T> {
    return this.#engine.call(action, async () => await work(await this.#readers()));
  }

  /** Changes the space that is written to; `nothing` is what comes of it where there is no such space. */
  #change<T>(action: string, nothing: T, work: (space: Space) => Promise<T>): Promise<T> {
    return this.#engine.call(action, async () => {
      const space = await this.#engine.space(this.scope.write);
      return space === null ? nothing : await work(space);
    });
  }

  /**
   * Writes to the space that is written to; in a view of the whole store to those that the items name.
   *
   * @param nothing What comes of an item for a space that isn't there; without it, the space is made.
   */
  async #inSpaces<I, O>(
    items: readonly I[],
    spaceOf: (item: I) => string | undefined,
    write: (space: Space, items: I[]) => Promise<O[]>,
    nothing?: O,
  ): Promise<O[]> {
    const nameOf = (item: I) => this.scope.read === "all" ? spaceOf(item) ?? DEFAULT_SPACE : this.scope.write;
    const outcomes: O[] = [];
    for (const [name, at] of Map.groupBy(items.keys(), (i) => nameOf(items[i]!))) {
      const space = nothing === undefined ? await this.#engine.made(name) : await this.#engine.space(name);
      const written = space && await write(space, at.map((i) => items[i]!));
      at.forEach((i, n) => outcomes[i] = written === null ? nothing! : written[n]!);
    }
    return outcomes;
  }

  /** A memory as the space that is written to keeps it. */
  #asStored(memory: Memory, { tenancy: { space } }: Space): Memory {
    const { space: name = DEFAULT_SPACE, ...rest } = memory;
    if (name !== this.scope.write) return memory;
    return space === null ? rest : { ...rest, space };
  }

  /** Whether a memory is to be preferred to one with the same key in another space. */
  #isBefore({ space: a = DEFAULT_SPACE }: Memory, { space: b = DEFAULT_SPACE }: Memory): boolean {
    const { write, read } = this.scope;
    if (a === write || b === write) return a === write;
    return read === "all" ? a < b : read.indexOf(a) < read.indexOf(b);
  }

  async #namedPage({ memories, total }: MemoryPage): Promise<MemoryPage> {
    return { memories: await this.#named(memories), total };
  }

  #named<T extends { space?: string }>(all: readonly T[]): Promise<T[]> {
    return Promise.all(all.map((one) => this.#namedOne(one)));
  }

  /** The same with its space's name in place of the id. */
  async #namedOne<T extends { space?: string }>(memory: T): Promise<T> {
    return memory.space === undefined ? memory : { ...memory, space: await this.#engine.registry.nameOf(memory.space) };
  }
}

function none(asked: readonly unknown[]): boolean[] {
  return asked.map(() => false);
}

async function sumOver(readers: readonly Reader[], count: (reader: Reader) => Promise<number>): Promise<number> {
  return (await Promise.all(readers.map(count))).reduce((sum, one) => sum + one, 0);
}
