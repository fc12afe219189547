/**
 * What the target of a copy holds, as fingerprints: read from it once, so that a run that was stopped goes on where it
 * was, and kept up to date with each write. Some 200 bytes a memory.
 *
 * @module
 */

import type { Relation } from "../../../storage/contract/relations.ts";
import type { MemoryStorage } from "../../../storage/contract/storage.ts";
import { pagesOf, relationsOf, trashOf } from "../walk.ts";
import { fingerprintOf, relationKey, trashedFingerprintOf } from "./fingerprints.ts";

/** Contents of a target. */
export class TargetState {
  /** `fingerprintOf` by content_hash. */
  readonly memories = new Map<string, string>();
  /** Hashes of memories without vectors of the copied model. */
  readonly withoutVectors = new Set<string>();
  /** Hashes of memories whose vectors were compared with the source's and not written since. */
  readonly compared = new Set<string>();
  /** `trashedFingerprintOf` by content_hash. */
  readonly trash = new Map<string, string>();
  readonly relations = new Map<string, Relation>();

  /** Reads what the target holds. */
  static async read(target: MemoryStorage, signal?: AbortSignal): Promise<TargetState> {
    const state = new TargetState();
    for await (const memories of pagesOf(target, signal)) {
      for (const memory of memories) state.memories.set(memory.content_hash, fingerprintOf(memory));
    }
    const { items } = await trashOf(target, signal);
    for (const [hash, item] of items) state.trash.set(hash, trashedFingerprintOf(item));
    for await (const relations of relationsOf(target, signal)) {
      for (const relation of relations) state.relations.set(relationKey(relation), relation);
    }
    await state.findWithoutVectors(target, signal);
    return state;
  }

  /** Finds out which memories lack vectors of the target's active model. */
  async findWithoutVectors(target: MemoryStorage, signal?: AbortSignal): Promise<void> {
    this.withoutVectors.clear();
    this.compared.clear();
    const { memories, embedded } = await target.vectorCoverage();
    if (embedded >= memories) return;
    for await (const page of pagesOf(target, signal)) {
      const hashes = page.map(({ content_hash }) => content_hash);
      (await target.vectors(hashes)).forEach((vectors, i) => vectors === null && this.withoutVectors.add(hashes[i]!));
    }
  }

  get isEmpty(): boolean {
    return this.memories.size + this.trash.size === 0;
  }

  /** Memories left the target for good, and their relations with them. */
  forget(hashes: readonly string[]): void {
    const gone = new Set(hashes);
    for (const hash of gone) {
      this.memories.delete(hash);
      this.withoutVectors.delete(hash);
      this.compared.delete(hash);
    }
    for (const [key, { source, target }] of this.relations) {
      if (gone.has(source) || gone.has(target)) this.relations.delete(key);
    }
  }
}
