/**
 * A store by its address: a URL is a Qdrant server, anything else the path of a database file.
 *
 * @module
 */

import { openStorage } from "../../src/storage/factory.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { qdrantSettings } from "./qdrant.ts";

/** Opens the store at an address. */
export function openStoreAt(address: string, dimensions: number): Promise<MemoryStorage> {
  return openStorage(
    address.startsWith("http") ? { ...qdrantSettings(address), dimensions } : { backend: "sqlite", path: address },
  );
}

/** The setting by which a service keeps its memories there. */
export function storeEnvironment(address: string): Record<string, string> {
  return address.startsWith("http") ? { MCP_QDRANT_URL: address } : { SQLITEVEC_PATH: address };
}
