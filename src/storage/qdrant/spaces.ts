/**
 * What only the whole store can do with its spaces.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import type { SpaceFacts, StoreSpaces } from "../contract/spaces.ts";
import { checkedScope, checkedSpace } from "../scopes.ts";
import type { Engine } from "./engine.ts";
import { countBySpace } from "./keys.ts";
import { move, type Place } from "./moving.ts";
import { View } from "./view.ts";

/** The spaces of one store. */
export function spacesOf(engine: Engine): StoreSpaces {
  const { main, shared, registry } = engine;

  /** Memories, and trashed ones, of each space by its id. */
  const counts = async () => {
    const [memories, trashed] = await Promise.all([
      countBySpace(shared.collection, shared.collection.name),
      shared.trashed.countBySpace(),
    ]);
    return { memories, trashed };
  };

  const list = async (): Promise<SpaceFacts[]> => {
    const registered = await registry.all(), reader = main.reader(null);
    const [memories, { total: trashed }, others] = await Promise.all([
      reader.listings.total(),
      main.trashed.list({ offset: 0, limit: 0 }, reader.reading),
      registered.length === 0 ? null : counts(),
    ]);
    const spaces = registered.map(({ id, name, created_at, removed = false }) => ({
      facts: { name, memories: others?.memories.get(id) ?? 0, trashed: others?.trashed.get(id) ?? 0, created_at },
      removed,
    }));
    // What a replica stored while another one dropped the space is shown, and so isn't lost.
    const shown = spaces.filter(({ facts, removed }) => !removed || facts.memories + facts.trashed > 0);
    return [
      { name: DEFAULT_SPACE, memories, trashed, created_at: null },
      ...shown.map(({ facts }) => facts).sort((a, b) => a.name < b.name ? -1 : 1),
    ];
  };

  /** Whether a space of that name is shown. */
  const isShown = async (name: string) => (await list()).some((space) => space.name === name);

  const rename = async (from: string, to: string): Promise<boolean> => {
    if (!await isShown(from)) return false;
    if (await isShown(to)) throw new MemoryError("conflict", `Cannot rename space "${from}": there is a space "${to}"`);
    let renamed = false;
    await registry.change("rename the space", (spaces) => {
      const space = spaces.find(({ name }) => name === from), other = spaces.find(({ name }) => name === to);
      renamed = space !== undefined && (other === undefined || other.removed === true);
      if (space === undefined || !renamed) return null;
      const { removed: _, ...kept } = space;
      return [...spaces.filter((one) => one !== space && one !== other), { ...kept, name: to }];
    });
    return renamed;
  };

  const remove = async (name: string): Promise<boolean> => {
    const found = (await list()).find((space) => space.name === name);
    if (found === undefined) return false;
    if (found.memories + found.trashed > 0) {
      throw new MemoryError(
        "conflict",
        `Cannot remove space "${name}": it holds ${found.memories} memories, and ${found.trashed} in the trash`,
      );
    }
    await registry.change(
      "remove the space",
      (spaces) => spaces.map((space) => space.name === name ? { ...space, removed: true } : space),
    );
    return true;
  };

  const placeOf = async (name: string): Promise<Place | null> => {
    const space = await engine.space(name);
    return space && { space, name, part: space.tenancy.space === null ? main : shared };
  };

  return {
    within: (scope) => new View(engine, checkedScope(scope)),
    list: () => engine.call("list spaces", list),
    create: (name, now) =>
      engine.call("make a space", async () => {
        checkedSpace(name);
        return name !== DEFAULT_SPACE && (await registry.made(name, now)).isNew;
      }),
    rename: (from, to) =>
      engine.call("rename the space", () => {
        checkOther(`rename space "${from}"`, from);
        checkedSpace(to);
        return rename(from, to);
      }),
    move: (hashes, from, to) =>
      engine.call("move memories", async () => {
        if (from === to) {
          const message = `Cannot move memories of space "${from}" to itself`;
          throw new MemoryError("invalid_input", message, { field: "space", value: to });
        }
        checkedSpace(to);
        const source = await placeOf(from);
        if (source === null || hashes.length === 0) return hashes.map(() => "missing" as const);
        await engine.made(to);
        return await move(hashes, source, (await placeOf(to))!, engine.analysis);
      }),
    remove: (name) =>
      engine.call("remove the space", () => {
        checkOther(`remove space "${name}"`, name);
        return remove(name);
      }),
  };
}

function checkOther(action: string, name: string): void {
  if (name !== DEFAULT_SPACE) return;
  throw new MemoryError("invalid_input", `Cannot ${action}: it is there always`, { field: "space", value: name });
}
