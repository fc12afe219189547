/**
 * The process's one cache of embeddings: recent queries in memory and, where it is asked for, a file that outlives the
 * process. Every listener and every model shares it.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { CacheFile, CacheFileSettings } from "./cache_file.ts";
import type { TextKind } from "./provider.ts";

/**
 * Bytes an entry takes beside its numbers and its key: map entry, typed array and its buffer, measured in V8 at about
 * 330 bytes.
 */
const ENTRY_BYTES = 330;

/** Caches made by this process. */
let opens = 0;

/** Vectors by model, kind of text and text. */
export class EmbeddingCache {
  /** Null where none are kept in memory. */
  readonly #memory: LRUCache<string, Float32Array> | null;
  readonly #settings: CacheFileSettings | null;
  #opening: Promise<void> | undefined;
  #file: CacheFile | undefined;
  #key: typeof import("./cache_file.ts").cacheKey | undefined;
  #closed = false;
  #users = 0;
  #diskHits = 0;

  /**
   * @param bytes Most bytes of memory, by estimate; 0 keeps nothing there.
   * @param file Where vectors are kept for the next process; null to keep none.
   */
  constructor(bytes: number, file: CacheFileSettings | null = null) {
    opens++;
    this.#memory = bytes === 0 ? null : new LRUCache({
      maxSize: bytes,
      sizeCalculation: (vector, key) => vector.byteLength + 2 * key.length + ENTRY_BYTES,
    });
    this.#settings = file;
  }

  /** Caches made by this process: 1 in a healthy one. */
  get opens(): number {
    return opens;
  }

  get figures(): { bytes: number; disk_bytes: number; disk_hits: number; error: string | null } {
    return {
      bytes: this.#memory?.calculatedSize ?? 0,
      disk_bytes: this.#file?.bytes ?? 0,
      disk_hits: this.#diskHits,
      error: this.#file?.error ?? null,
    };
  }

  /** Texts whose vectors came from the file. */
  get diskHits(): number {
    return this.#diskHits;
  }

  /** Counts one more user: the cache stays open until all of them closed it. */
  hold(): this {
    this.#users++;
    return this;
  }

  /** Opens the file, where there is one. Loaded here, so that only those who use it pay for it. */
  open(): Promise<void> {
    const settings = this.#settings;
    if (settings === null) return Promise.resolve();
    return this.#opening ??= import("./cache_file.ts").then(({ CacheFile, cacheKey }) => {
      if (this.#closed) return;
      this.#key = cacheKey;
      this.#file = new CacheFile(settings);
    });
  }

  /** The vectors of a text; shared, so that they must not be changed. */
  get(model: string, kind: TextKind, text: string): Float32Array[] | undefined {
    const key = `${model}\n${text}`, vector = kind === "query" ? this.#memory?.get(key) : undefined;
    if (vector !== undefined) return [vector];
    if (this.#file === undefined || !this.#keepsOnDisk(kind)) return undefined;
    const kept = this.#file.get(this.#key!(model, kind, text));
    if (kept === null) return undefined;
    this.#diskHits++;
    if (kind === "query") this.#memory?.set(key, kept[0]!);
    return kept;
  }

  /** Passages aren't kept in memory: they are in the store, and an import would push every query out. */
  set(model: string, kind: TextKind, text: string, vectors: Float32Array[]): void {
    if (this.#closed) return;
    if (kind === "query") this.#memory?.set(`${model}\n${text}`, vectors[0]!);
    if (this.#file !== undefined && this.#keepsOnDisk(kind)) this.#file.set(this.#key!(model, kind, text), vectors);
  }

  /** Drops what is in memory and closes the file, once its last user asks for it. */
  close(): void {
    if (--this.#users > 0) return;
    this.#closed = true;
    this.#memory?.clear();
    this.#file?.close();
    this.#file = undefined;
  }

  #keepsOnDisk(kind: TextKind): boolean {
    return kind === "query" || this.#settings!.passages;
  }
}
