/**
 * The addresses of resources: a memory, the memories of a tag, the recent ones.
 *
 * @module
 */

import { MemoryKey } from "../memory/schemas.ts";

/** Address of the latest memories. */
export const RECENT_URI = "memory://recent";

/** Address of the briefing. */
export const BRIEFING_URI = "unimem://briefing";

/** Characters of an address: the longest tag in escapes has fewer. */
const MAX_LENGTH = 4000;

export function memoryUri(contentHash: string): string {
  return `memory://${contentHash}`;
}

export function tagUri(tag: string): string {
  return `tag://${encodeURIComponent(tag)}`;
}

/** What an address stands for. */
export type Address = { kind: "memory"; content_hash: string } | { kind: "tag"; tag: string } | { kind: "recent" } | {
  kind: "briefing";
};

/** Reads an address; null for one that is no resource of ours. */
export function parseUri(uri: string): Address | null {
  if (uri === RECENT_URI) return { kind: "recent" };
  if (uri === BRIEFING_URI) return { kind: "briefing" };
  if (uri.length > MAX_LENGTH) return null;
  const [, scheme, rest] = /^(memory|tag):\/\/(.+)$/s.exec(uri) ?? [];
  if (scheme === "memory") {
    const key = MemoryKey.safeParse(uri);
    return key.success ? { kind: "memory", content_hash: key.data } : null;
  }
  if (scheme !== "tag") return null;
  try {
    return { kind: "tag", tag: decodeURIComponent(rest!) };
  } catch {
    return null;
  }
}
