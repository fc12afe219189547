/**
 * Stores that commands name by URL: `sqlite:/data/unimem.db`, `qdrant:http://localhost:6333/memories`.
 *
 * @module
 */

import { resolve } from "node:path";
import type { Config } from "./config.ts";
import { MemoryError } from "./errors.ts";
import type { StorageSettings } from "./storage/factory.ts";

/** What a store is opened for. */
export type Use = "from" | "to";

const FORMS = "write sqlite:PATH or qdrant:http://HOST:PORT/COLLECTION";

/**
 * Settings of the store at a URL, or of the configured one without a URL. What a URL doesn't say is as configured.
 *
 * @throws {MemoryError} `configuration` for what is no such URL, or for one with a key in it, which is then not shown.
 */
export function storeAt(config: Config, url: string | undefined, use: Use): StorageSettings {
  const readOnly = use === "from";
  if (url === undefined) return { ...config.storage, readOnly };
  const { elsewhere } = config, [, kind, rest = ""] = /^(sqlite|qdrant):(.+)$/s.exec(url) ?? [];
  if (kind === "sqlite") return { backend: "sqlite", path: resolve(rest), pragmas: elsewhere.pragmas, readOnly };
  if (kind !== "qdrant" || !URL.canParse(rest)) throw unusable(url.replace(/\/\/[^/@]*@/, "//…@"), FORMS);
  const server = new URL(rest);
  if (server.username !== "" || server.password !== "") {
    server.username = server.password = "";
    throw unusable(
      `qdrant:${server.href}`,
      `its key doesn't belong here but into MCP_COPY_${use.toUpperCase()}_API_KEY or MCP_QDRANT_API_KEY`,
    );
  }
  const path = server.pathname.split("/").filter((part) => part !== ""), collection = path.pop();
  if (!/^https?:$/.test(server.protocol) || collection === undefined || server.search !== "" || server.hash !== "") {
    throw unusable(url, FORMS);
  }
  server.pathname = path.join("/");
  const apiKey = (use === "from" ? elsewhere.fromKey : elsewhere.toKey) ?? elsewhere.qdrant.apiKey;
  return {
    backend: "qdrant",
    ...elsewhere.qdrant,
    url: server.href,
    collection: decodeURIComponent(collection),
    apiKey,
    readOnly,
  };
}

/** The URL of a store, the same for the same store and without secrets. */
export function storeName(settings: StorageSettings): string {
  if (settings.backend === "sqlite") return `sqlite:${resolve(settings.path)}`;
  const url = new URL(settings.url);
  url.username = url.password = "";
  return `qdrant:${url.href.replace(/\/$/, "")}/${encodeURIComponent(settings.collection)}`;
}

function unusable(url: string, instead: string): MemoryError {
  return new MemoryError("configuration", `Cannot use "${url}" as a store: ${instead}`);
}
