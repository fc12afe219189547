/**
 * Keys of imported memories. A file may give a memory the key of another text, which would then be refused as a duplicate:
 * a key that isn't one of the content is replaced, and what refers to it follows.
 *
 * @module
 */

import { contentHash, isHashOf } from "../../memory/hash.ts";
import type { Memory } from "../../memory/memory.ts";
import type { MemoryStorage } from "../../storage/contract/storage.ts";

/** The keys of one import. */
export class OwnHashes {
  /** Keys that replace others, by those in the file. */
  readonly #replaced = new Map<string, string>();
  /** Stored memories that a newer one replaced, by key. */
  readonly #replacedMemories = new Map<string, Replacement>();

  /** The key that a memory or the end of a relation has here. */
  of(given: string): string {
    return this.#replaced.get(given) ?? given;
  }

  /**
   * Gives memories of a file their own keys. The key is that of the content alone; where another memory of the same
   * words has that, metadata counts too, so that neither is lost.
   *
   * @param onReplaced Called with the position of each memory whose key was replaced.
   */
  async assign(
    storage: MemoryStorage,
    memories: Memory[],
    onReplaced: (position: number) => void,
  ): Promise<void> {
    const foreign = memories.flatMap((memory, position) =>
      isHashOf(memory.content_hash, memory.content, memory.metadata) ? [] : [{ memory, position }]
    );
    if (foreign.length > 0) await this.#rekey(storage, memories, foreign, onReplaced);
    for (const memory of memories) {
      const { superseded } = memory;
      if (superseded === undefined) continue;
      memory.superseded = { ...superseded, by: this.of(superseded.by) };
      if (memory.superseded.by === memory.content_hash) delete memory.superseded;
    }
  }

  async #rekey(
    storage: MemoryStorage,
    memories: readonly Memory[],
    foreign: readonly { memory: Memory; position: number }[],
    onReplaced: (position: number) => void,
  ): Promise<void> {
    const plain = foreign.map(({ memory }) => contentHash(memory.content));
    const known = await storage.getByHash(plain), taken = new Map<string, Memory>();
    const others = new Set(foreign.map(({ memory }) => memory));
    for (const memory of memories) if (!others.has(memory)) taken.set(memory.content_hash, memory);
    foreign.forEach(({ memory, position }, i) => {
      const other = known[i] ?? taken.get(plain[i]!);
      const hash = other === undefined || isAlike(other, memory)
        ? plain[i]!
        : contentHash(memory.content, memory.metadata);
      this.#replaced.set(memory.content_hash, hash);
      memory.content_hash = hash;
      taken.set(hash, memory);
      onReplaced(position);
    });
  }

  /** Remembers stored memories that refer to one that may still come. */
  stored(memories: readonly Memory[]): void {
    for (const { content_hash, superseded, updated_at } of memories) {
      if (superseded !== undefined) this.#replacedMemories.set(content_hash, { superseded, updated_at });
    }
  }

  /**
   * Lets memories refer to newer ones that came after them under another key. Where memories replace each other in a
   * circle, one of them becomes current: no list or search would show any.
   *
   * @returns keys of memories that became current.
   */
  async finish(storage: MemoryStorage): Promise<string[]> {
    const current: string[] = [], seen = new Set<string>();
    for (const [content_hash, { superseded, updated_at }] of this.#replacedMemories) {
      const by = this.of(superseded.by);
      if (by === superseded.by) continue;
      superseded.by = by;
      await storage.update(content_hash, { superseded: { ...superseded } }, updated_at);
    }
    for (const start of this.#replacedMemories.keys()) {
      const path = new Set<string>();
      let at: string | undefined = start;
      while (at !== undefined && !seen.has(at)) {
        seen.add(at);
        path.add(at);
        at = await this.#successor(storage, at);
      }
      if (at === undefined || !path.has(at)) continue;
      const circle = [...path].slice([...path].indexOf(at));
      // Only what came with this import is changed.
      const found = circle.find((hash) => this.#replacedMemories.has(hash));
      if (found === undefined) continue;
      await storage.update(found, { superseded: null }, this.#replacedMemories.get(found)!.updated_at);
      current.push(found);
    }
    return current;
  }

  async #successor(storage: MemoryStorage, hash: string): Promise<string | undefined> {
    const own = this.#replacedMemories.get(hash);
    return own?.superseded.by ?? (await storage.getByHash([hash]))[0]?.superseded?.by;
  }
}

/** By what a memory was replaced, and when it was changed last. */
interface Replacement {
  superseded: NonNullable<Memory["superseded"]>;
  updated_at: number;
}

function isAlike(a: Memory, b: Memory): boolean {
  return contentHash(a.content, a.metadata) === contentHash(b.content, b.metadata);
}
