/**
 * The store of a process, and stores and outboxes that commands look into.
 *
 * @module
 */

import type { Config } from "../config.ts";
import { MemoryError } from "../errors.ts";
import type { OutboxContents } from "../operations/outbox.ts";
import { examineStorage, openOutboxContents, openStorage } from "../storage/factory.ts";
import { measuredStorage } from "../storage/measured.ts";
import { closeAtEnd, getSharedStorage } from "../storage/shared.ts";
import type { MemoryStore } from "../storage/contract/spaces.ts";
import type { StoreExamination } from "../storage/examination.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** Work with the files of stores that no process has open. */
export { storeFiles } from "../storage/factory.ts";
/** Closes the store that `openSharedStore` opened. */
export { closeSharedStorage as closeSharedStore } from "../storage/shared.ts";

/**
 * Opens the store that all servers of the process share, measured.
 *
 * @param withOutbox Whether this process takes the outbox, where there is one: only a server stays long enough to empty it.
 */
export function openSharedStore(
  { storage, outbox }: Config,
  telemetry: Telemetry,
  withOutbox: boolean,
): Promise<MemoryStore> {
  return getSharedStorage(async () =>
    measuredStorage(await openStorage(storage, withOutbox ? outbox : null), telemetry)
  );
}

/** Opens a store beside the shared one, for commands that work with two; the caller closes it. */
export async function openStore(settings: Config["storage"]): Promise<MemoryStore> {
  const storage = await openStorage(settings);
  closeAtEnd(storage);
  return storage;
}

/**
 * Opens the outbox to look into it.
 *
 * @throws {MemoryError} `configuration` when there is none.
 */
export function openOutbox({ outbox }: Config): Promise<OutboxContents> {
  if (outbox !== null) return openOutboxContents(outbox);
  return Promise.reject(new MemoryError("configuration", "Cannot look into the outbox: MCP_OUTBOX_ENABLED is not set"));
}

/** Looks at the store that the settings name from outside, beside a running service or without one. */
export function examineStore({ storage }: Config, beside: boolean): Promise<StoreExamination> {
  return examineStorage(storage, beside);
}
