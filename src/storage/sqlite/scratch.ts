/**
 * Arrays that a search fills and leaves as they were: shared by all indexes of the process, since no search pauses while it
 * uses one, and a thousand spaces would each keep their own.
 *
 * @module
 */

/** One such array, made when it is first needed and as long as the longest index that needs it. */
export class Scratch<T extends Float32Array | Int32Array> {
  readonly #make: (length: number) => T;
  #array: T | undefined;

  /** @param make Makes an array of so many entries, each as users leave it. */
  constructor(make: (length: number) => T) {
    this.#make = make;
  }

  /** At least so many entries. */
  of(length: number): T {
    if (this.#array === undefined || this.#array.length < length) this.#array = this.#make(length);
    return this.#array;
  }
}
