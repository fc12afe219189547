/**
 * What every storage driver does, in the parts of the contract. Run by each driver's own test file.
 */

import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import { capabilities } from "./contract/capabilities.ts";
import { maintenance } from "./contract/maintenance.ts";
import { memories } from "./contract/memories.ts";
import { notes } from "./contract/notes.ts";
import { relations } from "./contract/relations.ts";
import { separation } from "./contract/separation.ts";
import { search } from "./contract/search.ts";
import { spaces } from "./contract/spaces.ts";
import { statistics } from "./contract/statistics.ts";
import { succession } from "./contract/succession.ts";
import { trash } from "./contract/trash.ts";
import { vectors } from "./contract/vectors.ts";
import { words } from "./contract/words.ts";

/** Adds a test about a new, empty store; it may open further ones. */
export type StorageTest = (
  sentence: string,
  run: (storage: MemoryStore, open: () => Promise<OpenedStore>) => Promise<void>,
) => void;

/** An empty store and how to let go of it. */
export interface OpenedStore extends AsyncDisposable {
  storage: MemoryStore;
}

/**
 * Runs the suite.
 *
 * @param open Opens a new, empty store.
 * @param options `ignore` reports every test as ignored, where the store's server isn't there; `spaces` is false for a
 * driver that keeps `default` alone.
 */
export function describeStorage(
  name: string,
  open: () => Promise<OpenedStore>,
  { ignore = false, spaces: keepsSpaces = true }: { ignore?: boolean; spaces?: boolean } = {},
): void {
  const test: StorageTest = (sentence, run) =>
    Deno.test({
      name: `${name} ${sentence}`,
      ignore,
      fn: async () => {
        await using opened = await open();
        await run(opened.storage, open);
      },
    });
  for (
    const part of [
      memories,
      search,
      trash,
      relations,
      vectors,
      statistics,
      succession,
      notes,
      maintenance,
      capabilities,
      words,
      ...(keepsSpaces ? [spaces, separation] : []),
    ]
  ) part(test);
}
