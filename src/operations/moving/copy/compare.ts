/**
 * Compares two stores record by record, each read in its own order, and gives a digest of both.
 *
 * @module
 */

import { isNamedLike, type ModelIdentity } from "../../../embedding/embedder.ts";
import type { MemoryStore } from "../../../storage/contract/spaces.ts";
import type { MemoryStorage } from "../../../storage/contract/storage.ts";
import { pagesOf, relationsOf, trashOf } from "../walk.ts";
import {
  Digest,
  fingerprintOf,
  relationFingerprintOf,
  relationKey,
  sameVectors,
  trashedFingerprintOf,
} from "./fingerprints.ts";

/** What records there are. */
export type RecordKind = "memory" | "trashed" | "relation" | "vectors";

/** A record that the stores don't hold alike. */
export interface Mismatch {
  kind: RecordKind;
  /** Name of the space that it is in. */
  space: string;
  /** content_hash; for a relation `[source, type, target]` as JSON. */
  key: string;
  found: "missing" | "different" | "only in the target";
  /** Fingerprint in the source and in the target; null where it is missing. */
  source: string | null;
  target: string | null;
}

/** Count and digest of the records of one kind on both sides. */
export interface Sides {
  source: { count: number; digest: string };
  target: { count: number; digest: string };
}

/** What a comparison found. */
export interface Comparison {
  equal: boolean;
  memories: Sides;
  trash: Sides;
  relations: Sides;
  /** Memories whose vectors were compared; null when the stores serve different models, whose vectors can't be. */
  vectors: number | null;
  mismatches: Mismatch[];
}

/** How to compare. */
export interface CompareOptions {
  /** Called with the number of memories read so far, of both stores. */
  onProgress?: (read: number) => void;
  signal?: AbortSignal | undefined;
  /** Memories of a space whose vectors are known to be the same; those found to be are added. None by default. */
  compared?: (space: string) => Set<string>;
}

/** Names of the spaces of either store. */
export async function spacesOfBoth(source: MemoryStore, target: MemoryStore): Promise<string[]> {
  const [ones, others] = await Promise.all([source.spaces.list(), target.spaces.list()]);
  return [...new Set([...ones, ...others].map(({ name }) => name))];
}

/** A store as those see it who work in one space. */
export function spaceIn(store: MemoryStore, name: string): MemoryStorage {
  return store.spaces.within({ write: name, read: [name] });
}

/** Compares everything, space by space. Where the stores change meanwhile, what changed may count as a mismatch. */
export async function compare(
  source: MemoryStore,
  target: MemoryStore,
  { onProgress = () => {}, signal, compared = () => new Set() }: CompareOptions = {},
): Promise<Comparison> {
  let read = 0, vectors = 0;
  const models = await Promise.all([source.activeModel(), target.activeModel()]), comparable = sameModel(...models);
  const all: Mismatch[] = [];
  const memories = new Sets("memory"), trash = new Sets("trashed"), relations = new Sets("relation");
  for (const name of await spacesOfBoth(source, target)) {
    const one = spaceIn(source, name), other = spaceIn(target, name), mismatches: Mismatch[] = [];
    for (const sets of [memories, trash, relations]) sets.begin(name, mismatches);
    for await (const page of pagesOf(one, signal)) {
      for (const memory of page) memories.source(memory.content_hash, fingerprintOf(memory));
      if (comparable && models[0] !== null) {
        const hashes = page.map(({ content_hash }) => content_hash);
        vectors += await compareVectors(one, other, hashes, compared(name), { space: name, mismatches });
      }
      onProgress(read += page.length);
    }
    for await (const page of pagesOf(other, signal)) {
      for (const memory of page) memories.target(memory.content_hash, fingerprintOf(memory));
      onProgress(read += page.length);
    }
    // Vectors of a memory that is missing say no more than that.
    const lacking = memories.finish();
    for (const [hash, item] of (await trashOf(one, signal)).items) trash.source(hash, trashedFingerprintOf(item));
    for (const [hash, item] of (await trashOf(other, signal)).items) trash.target(hash, trashedFingerprintOf(item));
    trash.finish();
    for await (const page of relationsOf(one, signal)) {
      for (const relation of page) relations.source(relationKey(relation), relationFingerprintOf(relation));
    }
    for await (const page of relationsOf(other, signal)) {
      for (const relation of page) relations.target(relationKey(relation), relationFingerprintOf(relation));
    }
    relations.finish();
    for (const found of mismatches) if (found.kind !== "vectors" || !lacking.has(found.key)) all.push(found);
  }
  return {
    equal: all.length === 0,
    memories: memories.sides,
    trash: trash.sides,
    relations: relations.sides,
    vectors: comparable ? vectors : null,
    mismatches: all,
  };
}

/** Compares the vectors of a page of memories; how many have some. */
async function compareVectors(
  source: MemoryStorage,
  target: MemoryStorage,
  hashes: readonly string[],
  compared: Set<string>,
  { space, mismatches }: { space: string; mismatches: Mismatch[] },
): Promise<number> {
  const keys = hashes.filter((hash) => !compared.has(hash));
  let count = hashes.length - keys.length;
  if (keys.length === 0) return count;
  const [ones, others] = await Promise.all([source.vectors(keys), target.vectors(keys)]);
  for (const [i, key] of keys.entries()) {
    const one = ones[i] ?? null, other = others[i] ?? null;
    if (one !== null) count++;
    if (sameVectors(one, other)) {
      if (one !== null) compared.add(key);
      continue;
    }
    const found = other === null ? "missing" : one === null ? "only in the target" : "different";
    mismatches.push({ kind: "vectors", space, key, found, source: one && "vectors", target: other && "vectors" });
  }
  return count;
}

/**
 * Compares vectors ahead of the comparison that decides, so that this one is short.
 *
 * @param onProgress Called with the number of memories dealt with so far.
 */
export async function compareAhead(
  source: MemoryStore,
  target: MemoryStore,
  { onProgress = () => {}, signal, compared = () => new Set() }: CompareOptions,
): Promise<void> {
  let done = 0;
  for (const space of await spacesOfBoth(source, target)) {
    const one = spaceIn(source, space), other = spaceIn(target, space);
    for await (const page of pagesOf(one, signal)) {
      const keys = page.map(({ content_hash }) => content_hash);
      // What differs now may only have changed.
      await compareVectors(one, other, keys, compared(space), { space, mismatches: [] });
      onProgress(done += page.length);
    }
  }
}

/** Whether vectors of the two can be compared. */
function sameModel(source: ModelIdentity | null, target: ModelIdentity | null): boolean {
  if (source === null || target === null) return source === target;
  return source.id === target.id || isNamedLike(source, target);
}

/** Records of one kind on both sides, one space after the other. */
class Sets {
  readonly #kind: RecordKind;
  #space = "";
  #mismatches: Mismatch[] = [];
  readonly #digests = { source: new Digest(), target: new Digest() };
  /** What the target hasn't shown yet. */
  readonly #waiting = new Map<string, string>();

  constructor(kind: RecordKind) {
    this.#kind = kind;
  }

  /** Begins a space. @param mismatches Takes what isn't alike in it. */
  begin(space: string, mismatches: Mismatch[]): void {
    this.#space = space;
    this.#mismatches = mismatches;
  }

  get sides(): Sides {
    const { source, target } = this.#digests;
    const figuresOf = ({ count, sum }: Digest) => ({ count, digest: sum });
    return { source: figuresOf(source), target: figuresOf(target) };
  }

  source(key: string, print: string): void {
    this.#digests.source.add(print);
    this.#waiting.set(key, print);
  }

  target(key: string, print: string): void {
    this.#digests.target.add(print);
    const source = this.#waiting.get(key) ?? null;
    this.#waiting.delete(key);
    if (source === print) return;
    const found = source === null ? "only in the target" : "different";
    this.#mismatches.push({ kind: this.#kind, space: this.#space, key, found, source, target: print });
  }

  /** Ends the space: tells what the target never showed, and gives its keys. */
  finish(): Set<string> {
    for (const [key, source] of this.#waiting) {
      this.#mismatches.push({ kind: this.#kind, space: this.#space, key, found: "missing", source, target: null });
    }
    const missing = new Set(this.#waiting.keys());
    this.#waiting.clear();
    return missing;
  }
}
