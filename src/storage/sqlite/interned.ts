/**
 * Short numbers for strings that many memories share.
 *
 * @module
 */

import { fold } from "../../memory/fold.ts";

/** Numbers strings from 1 and counts their uses; an unused string loses its number. */
export class Interned {
  #numbers = new Map<string, number>();
  #names: (string | undefined)[] = [undefined];
  #uses: number[] = [0];
  #free: number[] = [];
  /** The number that was given out last; 0 at first. */
  #last = 0;

  /** Distinct strings in use. */
  get size(): number {
    return this.#numbers.size;
  }

  /** One above the highest number in use. */
  get end(): number {
    return this.#names.length;
  }

  /** Number of a string, 0 when it isn't in use. */
  find(name: string): number {
    return this.#numbers.get(name) ?? 0;
  }

  /** The string, undefined when the number is free. */
  name(number: number): string | undefined {
    return this.#names[number];
  }

  acquire(name: string): number {
    // Memories that follow each other often share theirs, and comparing is cheaper than looking up.
    let number: number | undefined = this.#last !== 0 && this.#names[this.#last] === name
      ? this.#last
      : this.#numbers.get(name);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#names.length;
      this.#numbers.set(name, number);
      this.#names[number] = name;
      this.#uses[number] = 0;
    }
    this.#uses[number]!++;
    return this.#last = number;
  }

  release(number: number): void {
    const name = this.#names[number];
    if (name === undefined || --this.#uses[number]! > 0) return;
    this.#numbers.delete(name);
    this.#names[number] = undefined;
    this.#free.push(number);
  }

  /** All strings in use with their number of uses. */
  *entries(): IterableIterator<[string, number]> {
    for (const [name, number] of this.#numbers) yield [name, this.#uses[number]!];
  }
}

/** Names that a filter compares folded: it finds all that fold to the same. */
export class FoldedNames extends Interned {
  /** Numbers of the names in use that fold to each text. */
  #alike = new Map<string, number[]>();

  /** Numbers of the names that fold to the same as this one. */
  alike(name: string): readonly number[] {
    return this.#alike.get(fold(name)) ?? [];
  }

  override acquire(name: string): number {
    const before = this.size, number = super.acquire(name);
    if (this.size === before) return number;
    const folded = fold(name), alike = this.#alike.get(folded);
    if (alike === undefined) this.#alike.set(folded, [number]); // room for one: most names are alone
    else alike.push(number);
    return number;
  }

  override release(number: number): void {
    const name = this.name(number);
    super.release(number);
    if (name === undefined || this.name(number) !== undefined) return;
    const folded = fold(name), left = this.#alike.get(folded)!.filter((other) => other !== number);
    if (left.length === 0) this.#alike.delete(folded);
    else this.#alike.set(folded, left);
  }
}
