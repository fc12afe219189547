/**
 * Memories as MCP resources: one memory, those of a tag, the recent ones.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { compactBlock } from "../memory/compact.ts";
import { fact, type Framed, framed } from "../memory/framing.ts";
import type { MemoryView } from "../memory/schemas.ts";
import { titleOf } from "../memory/sizing.ts";
import { briefing } from "../operations/briefing.ts";
import { get } from "../operations/get.ts";
import { list } from "../operations/list.ts";
import type { Runtime } from "../operations/runtime.ts";
import { BRIEFING_URI, memoryUri, parseUri, RECENT_URI, tagUri } from "../tools/uris.ts";

/** Memories that a list of them shows, and tags that are listed. */
const SHOWN = 20, TAGS_LISTED = 30;
const TEXT = "text/plain", JSON_TYPE = "application/json";

/** The answer to `resources/templates/list`. */
export const RESOURCE_TEMPLATES = [
  {
    uriTemplate: "memory://{content_hash}",
    name: "memory",
    title: "A memory",
    description: "One memory with its tags and dates.",
    mimeType: JSON_TYPE,
  },
  {
    uriTemplate: "tag://{tag}",
    name: "tag",
    title: "Memories of a tag",
    description: `The latest ${SHOWN} memories with a tag.`,
    mimeType: TEXT,
  },
];

/** The answer to `resources/list`: the recent memories as one resource, the briefing, and the most used tags. */
export async function listResources(runtime: Runtime) {
  const tags = await runtime.storage.tags();
  return [
    {
      uri: RECENT_URI,
      name: "recent",
      title: "Recent memories",
      description: `The latest ${SHOWN} memories.`,
      mimeType: TEXT,
    },
    {
      uri: BRIEFING_URI,
      name: "briefing",
      title: "Briefing",
      description: "What to know when a session starts.",
      mimeType: TEXT,
    },
    ...tags.slice(0, TAGS_LISTED).map(({ tag, count }) => ({
      uri: tagUri(tag),
      name: tag,
      title: `Memories tagged ${fact(tag)}`,
      description: `${count} memories`,
      mimeType: TEXT,
    })),
  ];
}

/**
 * What is at an address.
 *
 * @throws {MemoryError} `not_found` for a memory that isn't stored; `invalid_input` for another kind of address.
 */
export async function readResource(runtime: Runtime, uri: string) {
  const address = parseUri(uri);
  if (address === null) throw new MemoryError("invalid_input", `Cannot read resource "${uri.slice(0, 200)}"`);
  if (address.kind === "memory") {
    const memory = await get(runtime, { content_hash: address.content_hash });
    return [{ uri, mimeType: JSON_TYPE, text: JSON.stringify(memory) }];
  }
  if (address.kind === "briefing") return [{ uri, mimeType: TEXT, text: (await briefing(runtime)).text }];
  const tags = address.kind === "tag" ? { tags: [address.tag] } : {};
  const { memories, total } = await list(runtime, { page: 1, page_size: SHOWN, match_all: true, ...tags });
  // Clients find a resource by its address.
  const shown = memories.map((memory) => framedMemory(memory, memoryUri(memory.content_hash)));
  const head = `${memories.length} of ${total} memories, newest first`;
  return [{ uri, mimeType: TEXT, text: framed(head, shown, { ends: true }) }];
}

/** A memory with its facts; a long one by its title. `key` names it in place of its short key. */
export function framedMemory(memory: MemoryView, key?: string): Framed {
  const { content } = memory, named = key === undefined ? {} : { key };
  if (content.length <= 2000) return compactBlock(memory, named);
  return compactBlock({ ...memory, content: titleOf(content), content_length: content.length }, named);
}
