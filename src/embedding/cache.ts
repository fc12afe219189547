/**
 * A bounded cache of vectors, least recently used out first.
 *
 * @module
 */

/**
 * Bytes an entry takes beside its numbers and its key: map entry, typed array and its buffer, measured in V8 at about
 * 330 bytes.
 */
const ENTRY_BYTES = 330;

/** Vectors by key, within a number of bytes. */
export class VectorCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Float32Array>();
  #bytes = 0;

  /** @param limit most bytes to hold; 0 holds nothing. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes held now, by estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The vector under a key, which becomes the most recently used. Shared: it must not be changed. */
  get(key: string): Float32Array | undefined {
    const vector = this.#entries.get(key);
    if (vector === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, vector);
    return vector;
  }

  /** Keeps a vector, dropping old ones to make room; one larger than the cache isn't kept. */
  set(key: string, vector: Float32Array): void {
    this.#drop(key);
    const size = sizeOf(key, vector);
    if (size > this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes + size <= this.#limit) break;
      this.#drop(oldest);
    }
    this.#entries.set(key, vector);
    this.#bytes += size;
  }

  /** Drops everything. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #drop(key: string): void {
    const vector = this.#entries.get(key);
    if (vector === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, vector);
  }
}

function sizeOf(key: string, vector: Float32Array): number {
  return vector.byteLength + 2 * key.length + ENTRY_BYTES;
}
