/**
 * Compares two stores record by record, each read in its own order, and gives a digest of both.
 *
 * @module
 */

import { isNamedLike, type ModelIdentity } from "../../../embedding/embedder.ts";
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
  /** Memories whose vectors are known to be the same; those found to be are added. */
  compared?: Set<string>;
}

/** Compares everything. Where the stores change meanwhile, what changed may count as a mismatch. */
export async function compare(
  source: MemoryStorage,
  target: MemoryStorage,
  { onProgress = () => {}, signal, compared = new Set() }: CompareOptions = {},
): Promise<Comparison> {
  const mismatches: Mismatch[] = [];
  let read = 0;
  const models = await Promise.all([source.activeModel(), target.activeModel()]);
  const comparable = sameModel(...models);
  let vectors = 0;

  const memories = new Sets("memory", mismatches);
  for await (const page of pagesOf(source, signal)) {
    for (const memory of page) memories.source(memory.content_hash, fingerprintOf(memory));
    if (comparable && models[0] !== null) {
      const hashes = page.map(({ content_hash }) => content_hash);
      vectors += await compareVectors(source, target, hashes, compared, mismatches);
    }
    onProgress(read += page.length);
  }
  for await (const page of pagesOf(target, signal)) {
    for (const memory of page) memories.target(memory.content_hash, fingerprintOf(memory));
    onProgress(read += page.length);
  }
  // Those of a memory that is missing say no more than that.
  const lacking = memories.finish();
  const reported = mismatches.filter(({ kind, key }) => kind !== "vectors" || !lacking.has(key));

  const trash = new Sets("trashed", reported), relations = new Sets("relation", reported);
  for (const [hash, item] of (await trashOf(source, signal)).items) trash.source(hash, trashedFingerprintOf(item));
  for (const [hash, item] of (await trashOf(target, signal)).items) trash.target(hash, trashedFingerprintOf(item));
  trash.finish();
  for await (const page of relationsOf(source, signal)) {
    for (const relation of page) relations.source(relationKey(relation), relationFingerprintOf(relation));
  }
  for await (const page of relationsOf(target, signal)) {
    for (const relation of page) relations.target(relationKey(relation), relationFingerprintOf(relation));
  }
  relations.finish();
  return {
    equal: reported.length === 0,
    memories: memories.sides,
    trash: trash.sides,
    relations: relations.sides,
    vectors: comparable ? vectors : null,
    mismatches: reported,
  };
}

/** Compares the vectors of a page of memories; how many have some. */
async function compareVectors(
  source: MemoryStorage,
  target: MemoryStorage,
  hashes: readonly string[],
  compared: Set<string>,
  mismatches: Mismatch[],
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
    mismatches.push({ kind: "vectors", key, found, source: one && "vectors", target: other && "vectors" });
  }
  return count;
}

/**
 * Compares vectors ahead of the comparison that decides, so that this one is short.
 *
 * @param onProgress Called with the number of memories dealt with so far.
 */
export async function compareAhead(
  source: MemoryStorage,
  target: MemoryStorage,
  { onProgress = () => {}, signal, compared = new Set() }: CompareOptions,
): Promise<void> {
  let done = 0;
  for await (const page of pagesOf(source, signal)) {
    const keys = page.map(({ content_hash }) => content_hash);
    await compareVectors(source, target, keys, compared, []); // what differs now may only have changed
    onProgress(done += page.length);
  }
}

/** Whether vectors of the two can be compared. */
function sameModel(source: ModelIdentity | null, target: ModelIdentity | null): boolean {
  if (source === null || target === null) return source === target;
  return source.id === target.id || isNamedLike(source, target);
}

/** Records of one kind on both sides. */
class Sets {
  readonly #kind: RecordKind;
  readonly #mismatches: Mismatch[];
  readonly #digests = { source: new Digest(), target: new Digest() };
  /** What the target hasn't shown yet. */
  readonly #waiting = new Map<string, string>();

  constructor(kind: RecordKind, mismatches: Mismatch[]) {
    this.#kind = kind;
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
    this.#mismatches.push({ kind: this.#kind, key, found, source, target: print });
  }

  /** Tells what the target never showed, and gives its keys. */
  finish(): Set<string> {
    for (const [key, source] of this.#waiting) {
      this.#mismatches.push({ kind: this.#kind, key, found: "missing", source, target: null });
    }
    return new Set(this.#waiting.keys());
  }
}
