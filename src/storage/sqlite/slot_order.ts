/**
 * Slots in order of time, kept sorted while memories come and go, in whatever order they arrive.
 *
 * @module
 */

/** What slots are ordered by: time, then id. Indexed by slot. */
export interface SlotTimes {
  created: Float64Array;
  ids: Uint32Array;
}

/** A sorted list of slots, oldest first. */
export class SlotOrder {
  #slots: Uint32Array;
  #length = 0;

  /** @param capacity Slots there is room for at first. */
  constructor(capacity: number) {
    this.#slots = new Uint32Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** All slots, oldest first: a view that holds until the next change. */
  get slots(): Uint32Array {
    return this.#slots.subarray(0, this.#length);
  }

  /** Slot at a position, 0 being the oldest. */
  at(position: number): number {
    return this.#slots[position]!;
  }

  /** Takes a slot in no order: nothing else may be asked before `sort`. Inserting many one by one takes quadratic time. */
  append(slot: number): void {
    this.#makeRoom();
    this.#slots[this.#length++] = slot;
  }

  /** Sorts what was appended. */
  sort(times: SlotTimes): void {
    const { slots } = this;
    for (let i = 1; i < slots.length; i++) {
      if (!before(slots[i]!, slots[i - 1]!, times)) continue;
      const { created, ids } = times;
      slots.sort((a, b) => created[a]! - created[b]! || ids[a]! - ids[b]!);
      return;
    }
  }

  insert(slot: number, times: SlotTimes): void {
    this.#makeRoom();
    const isLast = this.#length === 0 || before(this.at(this.#length - 1), slot, times);
    const position = isLast ? this.#length : this.position(slot, times);
    if (!isLast) this.#slots.copyWithin(position + 1, position, this.#length);
    this.#slots[position] = slot;
    this.#length++;
  }

  #makeRoom(): void {
    if (this.#length < this.#slots.length) return;
    const larger = new Uint32Array(Math.ceil(this.#length * 1.25) + 1);
    larger.set(this.#slots);
    this.#slots = larger;
  }

  /** The slot's times must still be those it was inserted with. */
  remove(slot: number, times: SlotTimes): void {
    const position = this.position(slot, times);
    if (position === this.#length || this.at(position) !== slot) return;
    this.#slots.copyWithin(position, position + 1, this.#length);
    this.#length--;
  }

  /** Position of the slot, or where it would go. */
  position(slot: number, times: SlotTimes): number {
    let low = 0, high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before(this.at(middle), slot, times)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Position of the first slot at a time or after it. */
export function firstFrom(created: number, order: SlotOrder, times: SlotTimes): number {
  let low = 0, high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times.created[order.at(middle)]! < created) low = middle + 1;
    else high = middle;
  }
  return low;
}

function before(a: number, b: number, { created, ids }: SlotTimes): boolean {
  const difference = created[a]! - created[b]!;
  return difference < 0 || (difference === 0 && ids[a]! < ids[b]!);
}
