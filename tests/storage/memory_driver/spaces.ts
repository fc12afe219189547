/** Spaces of the driver in memory. */

import { MemoryError } from "../../../src/errors.ts";
import { DEFAULT_SPACE } from "../../../src/memory/space.ts";
import type { MoveOutcome, StoreSpaces } from "../../../src/storage/contract/spaces.ts";
import { checkedSpace } from "../../../src/storage/scopes.ts";
import type { Immediate } from "./memory_storage.ts";
import { moveToTrash, remove } from "./removal.ts";
import type { State } from "./state.ts";

export function spacesOf(state: State): Immediate<Omit<StoreSpaces, "within">> {
  const { spaces } = state;
  const refuse = (code: "conflict" | "invalid_input", action: string): never => {
    throw new MemoryError(code, `Cannot ${action}`);
  };
  return {
    list: () =>
      [...spaces.values()].map(({ name, stored, trash, created }) => {
        return { name, memories: stored.size, trashed: trash.size, created_at: created };
      }).sort((a, b) => a.name === DEFAULT_SPACE ? -1 : b.name === DEFAULT_SPACE || a.name > b.name ? 1 : -1),
    create: (name, now) => {
      const isNew = !spaces.has(checkedSpace(name));
      state.make(name, now);
      return isNew;
    },
    rename: (from, to) => {
      for (const name of [from, to]) checkedSpace(name);
      if (from === DEFAULT_SPACE) refuse("invalid_input", `rename space "${from}": it exists always`);
      const space = spaces.get(from);
      if (space === undefined || from === to) return space !== undefined;
      if (spaces.has(to)) refuse("conflict", `rename space "${from}" to "${to}": there is a space of that name`);
      space.name = to;
      spaces.set(to, space);
      spaces.delete(from);
      for (const entry of [...space.stored.values(), ...space.trash.values()]) {
        entry.memory = { ...entry.memory, space: to };
      }
      for (const relation of space.relations.values()) relation.space = to;
      state.searches.clear();
      return true;
    },
    move: (hashes, from, to) => {
      for (const name of [from, to]) checkedSpace(name);
      if (from === to) refuse("invalid_input", `move memories of space "${from}": it is the space they are to go to`);
      const source = state.space(from), target = state.make(to), all = new Set(hashes);
      const isThere = (hash: string) => all.has(hash) || target.stored.has(hash);
      for (const [key, relation] of source.relations) {
        const isMoved = all.has(relation.source) || all.has(relation.target);
        if (isMoved && isThere(relation.source) && isThere(relation.target)) {
          target.relations.set(key, { ...relation, space: to });
        }
      }
      const outcomes = new Map([...all].map((hash): [string, MoveOutcome] => {
        if (!source.stored.has(hash)) return [hash, "missing"];
        if (target.stored.has(hash)) {
          moveToTrash(source, [hash], { at: Date.now() / 1000, reason: "duplicate" }, undefined, all);
          return [hash, "duplicate"];
        }
        const [{ memory: { space: _, superseded, ...memory }, replaced: __, ...entry }] = [
          remove(source, [hash], null, all)[0]!,
        ];
        const kept = superseded !== undefined && isThere(superseded.by) ? { superseded } : {};
        const moved = { ...memory, ...kept, ...(to === DEFAULT_SPACE ? {} : { space: to }) };
        target.stored.set(hash, { ...entry, memory: moved });
        target.trash.delete(hash);
        return [hash, "moved"];
      }));
      for (const space of [source, target]) space.forgetRelations();
      state.searches.clear();
      return hashes.map((hash) => outcomes.get(hash)!);
    },
    remove: (name) => {
      if (checkedSpace(name) === DEFAULT_SPACE) refuse("invalid_input", `remove space "${name}": it exists always`);
      const { stored, trash } = state.space(name);
      if (stored.size + trash.size > 0) refuse("conflict", `remove space "${name}": it holds memories`);
      return spaces.delete(name);
    },
  };
}
