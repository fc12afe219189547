/**
 * Slots in order of time, kept sorted while memories come and go, in whatever order they arrive.
 *
 * @module
 */

/** What slots are ordered by: time, then id. Indexed by slot. */
export interface SlotTimes {
  created: Float64Array;
  ids: Float64Array;
}

/** A sorted list of slots, oldest first. */
export class SlotOrder {
  /** Oldest first; not to be changed by readers. */
  readonly slots: number[] = [];

  insert(slot: number, times: SlotTimes): void {
    const { slots } = this, last = slots[slots.length - 1];
    if (last === undefined || before(last, slot, times)) slots.push(slot);
    else slots.splice(this.position(slot, times), 0, slot);
  }

  /** The slot's times must still be those it was inserted with. */
  remove(slot: number, times: SlotTimes): void {
    const at = this.position(slot, times);
    if (this.slots[at] === slot) this.slots.splice(at, 1);
  }

  /** Index of the slot, or where it would go. */
  position(slot: number, times: SlotTimes): number {
    let low = 0, high = this.slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before(this.slots[middle]!, slot, times)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function before(a: number, b: number, { created, ids }: SlotTimes): boolean {
  const difference = created[a]! - created[b]!;
  return difference < 0 || (difference === 0 && ids[a]! < ids[b]!);
}
