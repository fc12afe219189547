/**
 * The embedded store: one SQLite file for the truth, and an index in memory for what every search looks at.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import { WHOLE_STORE } from "../contract/scope.ts";
import type { MemoryStore, MoveOutcome, SpaceFacts, SpaceScope, StoreSpaces } from "../contract/spaces.ts";
import type { MemoryStorage } from "../contract/storage.ts";
import { checkedScope, checkedSpace } from "../scopes.ts";
import { closeDatabase, openDatabase, openingError } from "./database.ts";
import { Engine } from "./engine.ts";
import { MOVED_AT_ONCE, moveWork } from "./moving.ts";
import { pragmasOf } from "./pragmas.ts";
import { createSpaceWork, refuseDefault, removeSpaceWork, renameSpaceWork, spacesOf } from "./spaces.ts";
import { countOpening, SqliteView } from "./sqlite_view.ts";

/** Where and how to open the store. */
export interface SqliteOptions {
  /** Path of the database file; it and its folder are created when missing. */
  path: string;
  /** Pragmas that replace the defaults, by name. */
  pragmas?: Readonly<Record<string, string>>;
  /** Refuses a file that is missing. */
  mustExist?: boolean;
}

/**
 * Opens the store. The index is read in the background; the first call that needs it waits for it.
 *
 * @throws {MemoryError} `configuration` when the file can't be used, `unavailable` when another process locks it.
 */
export async function openSqliteStorage(options: SqliteOptions): Promise<MemoryStore> {
  const { path, mustExist = false } = options;
  if (mustExist && !await Deno.stat(path).then(({ isFile }) => isFile, () => false)) {
    throw new MemoryError("configuration", `Cannot open database "${path}": there is no such file`, { value: path });
  }
  const database = await openDatabase(path, pragmasOf(options.pragmas));
  countOpening();
  try {
    return new SqliteStore(new Engine(database));
  } catch (error) {
    closeDatabase(database);
    throw openingError(error, path); // a damaged table of the full-text index shows in its first statement
  }
}

class SqliteStore extends SqliteView implements MemoryStore {
  readonly spaces: StoreSpaces;

  constructor(engine: Engine) {
    super(engine, WHOLE_STORE);
    this.spaces = new SqliteSpaces(engine);
  }
}

class SqliteSpaces implements StoreSpaces {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  within(scope: SpaceScope): MemoryStorage {
    return new SqliteView(this.#engine, checkedScope(scope));
  }

  list(): Promise<SpaceFacts[]> {
    const { sync, database } = this.#engine;
    return this.#engine.call("list spaces", async () => {
      await sync.current();
      return spacesOf(database.reader, sync);
    });
  }

  create(name: string, now: number): Promise<boolean> {
    const action = `make space "${name}"`, { database: { writer }, queue } = this.#engine;
    return this.#engine.call(action, () => queue.run(action, createSpaceWork(writer, checkedSpace(name), now)));
  }

  rename(from: string, to: string): Promise<boolean> {
    const action = `rename space "${from}"`, { writer } = this.#engine.database;
    return this.#engine.call(action, async () => {
      for (const name of [from, to]) checkedSpace(name);
      refuseDefault("rename", from);
      return await this.#engine.queue.run(action, renameSpaceWork(writer, from, to));
    });
  }

  move(hashes: string[], from: string, to: string): Promise<MoveOutcome[]> {
    const { database: { writer }, queue, records } = this.#engine, action = `move memories of space "${from}"`;
    return this.#engine.call(action, async () => {
      for (const name of [from, to]) checkedSpace(name);
      const all = new Set(hashes), left = [...all], outcomes = new Map<string, MoveOutcome>();
      if (from === to) {
        throw new MemoryError("invalid_input", `Cannot ${action}: it is the space they are to go to`, { value: to });
      }
      while (left.length > 0) {
        const part = left.splice(0, MOVED_AT_ONCE);
        const made = await queue.run(action, moveWork(writer, records, part, { from, to, all }));
        part.forEach((hash, i) => outcomes.set(hash, made[i]!));
      }
      return hashes.map((hash) => outcomes.get(hash)!);
    });
  }

  remove(name: string): Promise<boolean> {
    const { database: { writer }, queue, sync } = this.#engine, action = `remove space "${name}"`;
    return this.#engine.call(action, async () => {
      checkedSpace(name);
      refuseDefault("remove", name);
      const number = await queue.run(action, removeSpaceWork(writer, name));
      if (number === null) return false;
      await sync.current();
      sync.drop(number);
      return true;
    });
  }
}
