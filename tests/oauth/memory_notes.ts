/**
 * Notes in memory, for what is tested apart from a store.
 *
 * @module
 */

import type { StoreNotes } from "../../src/storage/contract/notes.ts";
import { MemoryError } from "../../src/errors.ts";

/** Notes that can be away. */
export interface MemoryNotes extends StoreNotes {
  away: boolean;
  reads: number;
}

export function memoryNotes(): MemoryNotes {
  const notes = new Map<string, string>();
  const check = (all: MemoryNotes) => {
    if (all.away) throw new MemoryError("unavailable", "Cannot reach the store");
  };
  return {
    away: false,
    reads: 0,
    // deno-lint-ignore require-await -- as the contract has it
    async note(name) {
      check(this);
      this.reads++;
      return notes.get(name) ?? null;
    },
    // deno-lint-ignore require-await -- as the contract has it
    async changeNote(name, before, after) {
      check(this);
      if ((notes.get(name) ?? null) !== before) return false;
      if (after === null) notes.delete(name);
      else notes.set(name, after);
      return true;
    },
  };
}
