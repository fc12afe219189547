/**
 * The store on a Qdrant server or cluster. All truth is there: this process keeps nothing that another replica could not
 * have changed, save caches that say for how long they are believed.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import { WHOLE_STORE } from "../contract/scope.ts";
import type { MemoryStore, StoreSpaces } from "../contract/spaces.ts";
import { Engine } from "./engine.ts";
import type { QdrantSettings } from "./settings.ts";
import { spacesOf } from "./spaces.ts";
import { View } from "./view.ts";

/** Milliseconds that opening waits for a server that neither answers nor refuses; calls go on waiting for it. */
const OPENING_PATIENCE_MS = 2000;

/**
 * Opens the store. A server that doesn't answer is no reason to fail: calls say so until it does.
 *
 * @throws {MemoryError} `configuration` when the server refuses the key, or the collection can't be used.
 */
export async function openQdrantStorage(settings: QdrantSettings): Promise<MemoryStore> {
  const engine = new Engine(settings), storage = new QdrantStorage(engine);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, OPENING_PATIENCE_MS));
  try {
    await Promise.race([engine.prepare(), late]);
  } catch (error) {
    if (error instanceof MemoryError && error.code === "configuration") {
      await storage.close();
      throw error;
    }
  } finally {
    clearTimeout(timer);
  }
  return storage;
}

class QdrantStorage extends View implements MemoryStore {
  readonly spaces: StoreSpaces;

  constructor(engine: Engine) {
    super(engine, WHOLE_STORE);
    this.spaces = spacesOf(engine);
  }
}
