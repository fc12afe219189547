/**
 * The names of spaces. Points know their space by an id that never changes, so that giving a space another name touches
 * no memory. Names and ids are in the reserved point of the collection that holds these spaces, changed by comparison.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import { MemoryError } from "../../errors.ts";
import type { Collection } from "./collection.ts";
import { RESERVED_ID } from "./layout.ts";

/** Milliseconds after which another replica's changes are looked for. */
const FRESH_MS = 2000;
/** Fields of the reserved point: the spaces as JSON, and a mark that changes with them. */
const SPACES = "spaces", MARK = "spaces_mark";

/** A space as it is registered. */
export interface Registered {
  /** Eight hexadecimal digits. */
  id: string;
  name: string;
  /** Unix seconds. */
  created_at: number;
  /** It was dropped. A memory that a replica stored at that moment brings it back. */
  removed?: true;
}

/** What this process knows. */
interface Known {
  spaces: readonly Registered[];
  byName: ReadonlyMap<string, Registered>;
  byId: ReadonlyMap<string, Registered>;
  mark: string | null;
  readAt: number;
}

/** Spaces of one store, `default` left out. */
export class SpaceRegistry {
  readonly #main: Collection;
  readonly #shared: Collection;
  #known: Known = known([], null, -Infinity);

  /**
   * @param main Says in its facts whether there are such spaces.
   * @param shared Holds them; not there before the first one is made.
   */
  constructor(main: Collection, shared: Collection) {
    this.#main = main;
    this.#shared = shared;
  }

  /** Whether there is any space but `default`. */
  async any(): Promise<boolean> {
    return (await this.#main.facts()).spaces === true;
  }

  /** The space of a name, dropped or not; null where there never was one. */
  async find(name: string): Promise<Registered | null> {
    return (await this.#fresh()).byName.get(name) ?? await this.#looked(({ byName }) => byName.get(name));
  }

  /** The name of an id. */
  async nameOf(id: string): Promise<string> {
    const found = (await this.#fresh()).byId.get(id) ?? await this.#looked(({ byId }) => byId.get(id));
    if (found === null) throw new MemoryError("internal", `Cannot name space ${id}: it isn't registered`);
    return found.name;
  }

  /** All spaces as they are now, dropped ones among them. */
  async all(): Promise<readonly Registered[]> {
    if (!(await this.#main.facts(true)).spaces) return [];
    return (await this.#read()).spaces;
  }

  /** The space of a name, which is made where there is none. */
  async made(name: string, now: number): Promise<{ space: Registered; isNew: boolean }> {
    const found = (await this.#fresh()).byName.get(name);
    if (found !== undefined && !found.removed) return { space: found, isNew: false };
    if (!await this.any()) {
      await this.#shared.prepare();
      await this.#main.changeFacts("make a space", (facts) => facts.spaces ? null : { ...facts, spaces: true });
    }
    let isNew = false;
    const spaces = await this.change("make a space", (spaces) => {
      const there = spaces.find((space) => space.name === name);
      isNew = there === undefined || there.removed === true;
      if (!isNew) return null;
      const space = { id: there?.id ?? newId(spaces), name, created_at: now };
      return [...spaces.filter((other) => other !== there), space];
    });
    return { space: spaces.find((space) => space.name === name)!, isNew };
  }

  /** Changes the spaces, starting over when another replica changed them meanwhile; `change` gives null to leave them. */
  async change(
    action: string,
    change: (spaces: readonly Registered[]) => readonly Registered[] | null,
  ): Promise<readonly Registered[]> {
    while (true) {
      const { spaces, mark } = await this.#read(), changed = change(spaces);
      if (changed === null) return spaces;
      const mine = crypto.randomUUID();
      const unchanged: Schemas["Condition"] = mark === null
        ? { is_empty: { key: MARK } }
        : { key: MARK, match: { value: mark } };
      await this.#shared.write(action, (api, to, init) =>
        api.setPayload({
          ...to,
          payload: { [SPACES]: JSON.stringify(changed), [MARK]: mine },
          filter: { must: [{ has_id: [RESERVED_ID] }, unchanged] },
        }, init));
      const after = await this.#read();
      if (after.mark === mine) return after.spaces;
    }
  }

  /** What is known, at most a moment old. */
  async #fresh(): Promise<Known> {
    if (!await this.any() || performance.now() - this.#known.readAt < FRESH_MS) return this.#known;
    const readAt = performance.now();
    const mark = (await this.#fields([MARK]))[MARK] ?? null;
    if (mark === this.#known.mark && mark !== null) return this.#known = { ...this.#known, readAt };
    return await this.#read();
  }

  /** Looks again for what isn't known. */
  async #looked(find: (known: Known) => Registered | undefined): Promise<Registered | null> {
    // Another replica may have made it, and the first of all, since this process looked.
    if (!await this.any() && !(await this.#main.facts(true)).spaces) return null;
    return find(await this.#read()) ?? null;
  }

  async #read(): Promise<Known> {
    const readAt = performance.now(), { [SPACES]: spaces, [MARK]: mark } = await this.#fields([SPACES, MARK]);
    return this.#known = known(
      typeof spaces === "string" ? JSON.parse(spaces) : [],
      typeof mark === "string" ? mark : null,
      readAt,
    );
  }

  async #fields(with_payload: string[]): Promise<Record<string, unknown>> {
    const points = await this.#shared.read<Schemas["Record"][]>(
      "read the spaces",
      (api, to, init) => api.getPoints({ ...to, ids: [RESERVED_ID], with_payload, with_vector: false }, init),
    );
    return points[0]?.payload ?? {};
  }
}

function known(spaces: readonly Registered[], mark: string | null, readAt: number): Known {
  return {
    spaces,
    byName: new Map(spaces.map((space) => [space.name, space])),
    byId: new Map(spaces.map((space) => [space.id, space])),
    mark,
    readAt,
  };
}

function newId(spaces: readonly Registered[]): string {
  while (true) {
    const id = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(16).padStart(8, "0");
    if (!spaces.some((space) => space.id === id)) return id;
  }
}
