/**
 * One pass of a copy: reads the source from end to end and writes to the target what differs from it. Deletions are seen
 * by absence. What changes behind the pass is left to the next one.
 *
 * @module
 */

import type { Memory } from "../../../memory/memory.ts";
import type { NewMemory } from "../../../storage/contract/memories.ts";
import type { Relation } from "../../../storage/contract/relations.ts";
import type { MemoryStorage } from "../../../storage/contract/storage.ts";
import type { TrashedMemory } from "../../../storage/contract/trash.ts";
import type { VectorSet } from "../../../storage/contract/vectors.ts";
import { pagesOf, relationsOf, trashOf } from "../walk.ts";
import { fingerprintOf, relationKey, trashedFingerprintOf } from "./fingerprints.ts";
import type { TargetState } from "./target_state.ts";

/** Records written in one call, and characters of content in them. */
const AT_ONCE = 200;
const CHARACTERS_AT_ONCE = 1_000_000;
/** Changes to stored memories that run at the same time. */
const UPDATES_AT_ONCE = 16;

/** The stores of a copy and what is known of the target. */
export interface CopyParts {
  source: MemoryStorage;
  target: MemoryStorage;
  state: TargetState;
  /** Which model's vectors the target gets, and the id that the source knows it by; null without vectors. */
  model: { id: string; sourceId: string } | null;
  signal?: AbortSignal | undefined;
}

/** What a pass did. */
export interface PassCounts {
  /** Memories read from the source. */
  read: number;
  /** Memories stored, changed or given vectors; trash and relations added. */
  written: number;
  /** Memories, trash and relations taken away because the source has them no more. */
  removed: number;
}

/**
 * Runs a pass.
 *
 * @param onProgress Called after each page.
 */
export async function runPass(parts: CopyParts, onProgress: (counts: PassCounts) => void): Promise<PassCounts> {
  const pass = new Pass(parts);
  await pass.memories(onProgress);
  await pass.absent();
  await pass.relations();
  return pass.counts;
}

class Pass {
  readonly counts: PassCounts = { read: 0, written: 0, removed: 0 };
  readonly #parts: CopyParts;
  /** Memories of the target that the source hasn't shown yet. */
  readonly #unseen: Set<string>;

  constructor(parts: CopyParts) {
    this.#parts = parts;
    this.#unseen = new Set(parts.state.memories.keys());
  }

  /** Stores what is new, changes what is different, and adds vectors that came later. */
  async memories(onProgress: (counts: PassCounts) => void): Promise<void> {
    const { source, state, signal } = this.#parts;
    for await (const page of pagesOf(source, signal)) {
      this.counts.read += page.length;
      const fresh: Memory[] = [], changed: Memory[] = [], bare: string[] = [];
      for (const memory of page) {
        const hash = memory.content_hash, known = state.memories.get(hash);
        this.#unseen.delete(hash);
        if (known === undefined) fresh.push(memory);
        else if (known !== fingerprintOf(memory)) changed.push(memory);
        if (known !== undefined && state.withoutVectors.has(hash)) bare.push(hash);
      }
      for (const part of partsOf(fresh)) await this.#store(part);
      await this.#change(changed);
      await this.#addVectors(bare);
      onProgress({ ...this.counts });
    }
  }

  /** Trashes, deletes and purges what the source trashed, deleted and purged; brings what only its trash has. */
  async absent(): Promise<void> {
    const { source, target, state, signal } = this.#parts;
    const unseen = [...this.#unseen], gone = new Set<string>();
    for (let start = 0; start < unseen.length; start += AT_ONCE) {
      const hashes = unseen.slice(start, start + AT_ONCE);
      // One that was deleted and stored again while the pass went by is there.
      (await source.getByHash(hashes)).forEach((memory, i) => memory === null && gone.add(hashes[i]!));
      signal?.throwIfAborted();
    }
    // Read after that, so that what is gone and not in the trash was deleted.
    const { items, whole } = await trashOf(source, signal);
    await this.#trash(items, gone);
    await inGroups([...gone], async (hashes) => {
      await target.delete(hashes);
      state.forget(hashes);
      this.counts.removed += hashes.length;
    });
    const purged = whole ? [...state.trash.keys()].filter((hash) => !items.has(hash)) : [];
    await this.#purge(purged);
    this.counts.removed += purged.length;
  }

  /** Adds and removes relations. One whose memory is in the source's trash is hidden there, and left alone here. */
  async relations(): Promise<void> {
    const { source, target, state, signal } = this.#parts;
    const unseen = new Map(state.relations);
    for await (const page of relationsOf(source, signal)) {
      const missing: Relation[] = [];
      for (const relation of page) {
        const key = relationKey(relation), known = state.relations.get(key);
        unseen.delete(key);
        if (known?.created_at === relation.created_at) continue;
        if (known !== undefined) await target.unrelate([relation]);
        missing.push(relation);
      }
      if (missing.length === 0) continue;
      (await target.relate(missing)).forEach((outcome, i) => {
        if (outcome === "missing") return; // its memory was stored behind this pass
        state.relations.set(relationKey(missing[i]!), missing[i]!);
        if (outcome === "added") this.counts.written++;
      });
    }
    const gone = [...unseen.values()].filter((relation) =>
      !state.trash.has(relation.source) && !state.trash.has(relation.target)
    );
    await inGroups(gone, async (relations) => {
      await target.unrelate(relations);
      for (const relation of relations) state.relations.delete(relationKey(relation));
      this.counts.removed += relations.length;
    });
  }

  async #store(memories: Memory[]): Promise<void> {
    const { target } = this.#parts;
    const vectors = await this.#vectors(memories.map(({ content_hash }) => content_hash));
    const items = memories.map((memory, i): NewMemory => ({ memory, vectors: vectors[i]! }));
    const outcomes = await target.store(items);
    for (const [i, item] of items.entries()) {
      if (outcomes[i] === "duplicate") await this.#replace(item);
      this.#keep(item);
    }
  }

  /** Changes memories in place, so that their vectors and relations stay. */
  async #change(memories: Memory[]): Promise<void> {
    const { target, state } = this.#parts;
    for (let start = 0; start < memories.length; start += UPDATES_AT_ONCE) {
      await Promise.all(
        memories.slice(start, start + UPDATES_AT_ONCE).map(async (memory) => {
          const { content_hash, tags, memory_type, metadata, created_at, updated_at, superseded = null } = memory;
          const patch = { tags, memory_type, metadata, created_at, superseded };
          const now = await target.update(content_hash, patch, updated_at);
          if (now !== null && fingerprintOf(now) === fingerprintOf(memory)) {
            state.memories.set(content_hash, fingerprintOf(memory));
            this.counts.written++;
            return;
          }
          // Such as metadata that lost a key: a change can't take one away.
          const [vectors] = await this.#vectors([content_hash]);
          const item = { memory, vectors: vectors! };
          await this.#replace(item);
          this.#keep(item);
        }),
      );
    }
  }

  async #replace(item: NewMemory): Promise<void> {
    const { target, state } = this.#parts, { content_hash } = item.memory;
    await target.delete([content_hash]);
    state.forget([content_hash]);
    await target.store([item]);
  }

  #keep({ memory, vectors }: NewMemory): void {
    const { state, model } = this.#parts, hash = memory.content_hash;
    state.memories.set(hash, fingerprintOf(memory));
    state.trash.delete(hash); // storing drops it from there
    if (vectors === null && model !== null) state.withoutVectors.add(hash);
    else state.withoutVectors.delete(hash);
    state.compared.delete(hash);
    this.counts.written++;
  }

  async #addVectors(hashes: string[]): Promise<void> {
    const { target, state } = this.#parts;
    const found = hashes.length === 0 ? [] : await this.#vectors(hashes);
    const items = hashes.flatMap((content_hash, i) => {
      const vectors = found[i] ?? null;
      return vectors === null ? [] : [{ content_hash, vectors }];
    });
    if (items.length === 0) return;
    await target.addVectors(items);
    for (const { content_hash } of items) {
      state.withoutVectors.delete(content_hash);
      state.compared.delete(content_hash);
    }
    this.counts.written += items.length;
  }

  /** The source's vectors under the id that the target knows their model by. */
  async #vectors(hashes: string[]): Promise<(VectorSet | null)[]> {
    const { source, model } = this.#parts;
    if (model === null) return hashes.map(() => null);
    const found = await source.vectors(hashes);
    // Another model's, when the source switched just now, come with the next run.
    return found.map((set) => set === null || set.model !== model.sourceId ? null : { ...set, model: model.id });
  }

  async #trash(items: ReadonlyMap<string, TrashedMemory>, gone: Set<string>): Promise<void> {
    const { target, state } = this.#parts;
    const moved = new Map<string, TrashedMemory[]>(), brought: TrashedMemory[] = [], replaced: string[] = [];
    for (const [hash, item] of items) {
      const known = state.memories.get(hash);
      if (state.trash.get(hash) === trashedFingerprintOf(item)) continue;
      // Stored again, or not yet removed by the call that restores or trashes it.
      if (known !== undefined && !gone.has(hash)) continue;
      if (known === fingerprintOf(item.memory)) {
        const trashing = JSON.stringify([item.deleted_at, item.reason]), group = moved.get(trashing) ?? [];
        group.push(item);
        moved.set(trashing, group);
        gone.delete(hash);
        continue;
      }
      if (known !== undefined) await target.delete([hash]);
      state.forget([hash]);
      gone.delete(hash);
      if (state.trash.has(hash)) replaced.push(hash);
      brought.push(item);
    }
    for (const group of moved.values()) {
      const { deleted_at: at, reason } = group[0]!;
      await inGroups(group, async (part) => {
        await target.trash(part.map(({ memory }) => memory.content_hash), { at, reason });
        for (const item of part) this.#keepTrash(item);
      });
    }
    await this.#purge(replaced);
    await inGroups(brought, async (part) => {
      await target.importTrashed(part);
      for (const item of part) this.#keepTrash(item);
    });
  }

  #keepTrash(item: TrashedMemory): void {
    const { state } = this.#parts, hash = item.memory.content_hash;
    state.memories.delete(hash);
    state.withoutVectors.delete(hash);
    state.trash.set(hash, trashedFingerprintOf(item));
    this.counts.written++;
  }

  async #purge(hashes: readonly string[]): Promise<void> {
    const { target, state } = this.#parts;
    await inGroups(hashes, async (part) => {
      await target.emptyTrash({ hashes: part });
      state.forget(part);
      for (const hash of part) state.trash.delete(hash);
    });
  }
}

async function inGroups<T>(items: readonly T[], work: (group: T[]) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) await work(items.slice(start, start + AT_ONCE));
}

/** The memories in parts of a bounded number of characters. */
function* partsOf(memories: readonly Memory[]): Generator<Memory[]> {
  let part: Memory[] = [], characters = 0;
  for (const memory of memories) {
    if (part.length > 0 && (part.length === AT_ONCE || characters + memory.content.length > CHARACTERS_AT_ONCE)) {
      yield part;
      [part, characters] = [[], 0];
    }
    part.push(memory);
    characters += memory.content.length;
  }
  if (part.length > 0) yield part;
}
