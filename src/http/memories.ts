/**
 * `/api/memories`: storing, listing, reading, changing and deleting.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { MemoryError } from "../errors.ts";
import { deleteMemory, Permanent } from "../operations/delete.ts";
import { plainKey } from "../memory/schemas.ts";
import { shortenKeys, ShortenKeysInput, ShortenKeysOutput } from "../operations/keys.ts";
import { get } from "../operations/get.ts";
import { list, ListInput } from "../operations/list.ts";
import { store, storeBatch, StoreInput } from "../operations/store.ts";
import { update } from "../operations/update.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";
import * as wire from "./schemas.ts";

const MetadataText = z.string().transform((text, context) => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "must be JSON" });
    return z.NEVER;
  }
}).pipe(ListInput.shape.metadata);

/** Listings filter by everything; metadata, which a query string can't spell, comes as JSON. */
const ListQuery = ListInput.extend({
  metadata: MetadataText.optional().describe(
    "A JSON object: only memories whose metadata has these values under these keys.",
  ),
  tag: ListInput.shape.tags.describe("A tag as it is, commas included; may be repeated."),
  tags: ListInput.shape.tags.describe("Tags separated by commas; may be repeated."),
});

/** Adds the routes. */
export function addMemories(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "post",
    path: "/api/memories",
    operationId: "storeMemory",
    tag: "memories",
    summary: "Store a memory",
    description: "What is stored already stays as it is; the answer then has `success: false` and `duplicate: true`.",
    body: wire.NewMemory,
    answer: wire.StoreResult,
    answers: "Stored, or there already.",
    problems: [429, 503],
  }, ({ body, header, receivedAt }, runtime) => store(runtime, withAgent(body, header), receivedAt));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/memories/batch",
    operationId: "storeMemories",
    tag: "memories",
    summary: "Store many memories in one transaction",
    body: wire.NewMemories,
    answer: wire.BatchResult,
    answers: "A result per memory, in order.",
    problems: [429, 503],
  }, ({ body, header, receivedAt }, runtime) => {
    const memories = body.memories.map((memory) => withAgent(memory, header));
    return storeBatch(runtime, { memories }, receivedAt);
  });

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/memories/short-keys",
    operationId: "shortenKeys",
    tag: "memories",
    summary: "Shorten keys to show them to people",
    description: "What takes a content_hash takes its first digits, ten at least, where they mean one memory.",
    body: ShortenKeysInput.openapi("KeysToShorten"),
    answer: ShortenKeysOutput.openapi("ShortKeys"),
    answers: "A key for each, of ten digits or as many as it takes; of ten where the store can't be asked.",
    infallible: true,
  }, ({ body }, runtime) => shortenKeys(runtime, body));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/memories",
    operationId: "listMemories",
    tag: "memories",
    summary: "List memories, newest first",
    query: {
      schema: ListQuery,
      kinds: {
        page: "number",
        page_size: "number",
        tag: "list",
        tags: "names",
        match_all: "boolean",
        memory_type: "text",
        conversation_id: "text",
        role: "text",
        order: "text",
        created_after: "number",
        created_before: "number",
        as_of: "number",
        metadata: "text",
        include_superseded: "boolean",
        writer: "text",
        channel: "text",
      },
    },
    answer: wire.MemoryPage,
    answers: "A page of memories.",
    problems: [503],
  }, ({ query: { tag = [], tags = [], ...query } }, runtime) => list(runtime, { ...query, tags: [...tag, ...tags] }));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/memories/{content_hash}",
    operationId: "getMemory",
    tag: "memories",
    summary: "Get a memory",
    answer: wire.Memory,
    answers: "The memory.",
    problems: [404, 409, 503],
  }, ({ path }, runtime) => get(runtime, { content_hash: keyOf(path) }));

  addEndpoint(app, settings, {
    method: "put",
    path: "/api/memories/{content_hash}",
    operationId: "updateMemory",
    tag: "memories",
    summary: "Change a memory's tags, type or metadata",
    description: "Fields that are absent or null stay. The content never changes: other content is another memory.",
    body: wire.MemoryUpdate,
    answer: wire.UpdateResult,
    answers: "The memory after the change.",
    problems: [404, 409, 503],
  }, ({ body, path }, runtime) => update(runtime, { ...body, content_hash: keyOf(path) }));

  addEndpoint(app, settings, {
    method: "delete",
    path: "/api/memories/{content_hash}",
    operationId: "deleteMemory",
    tag: "memories",
    summary: "Delete a memory",
    description: "It goes to the trash, from which `POST /api/manage/trash/restore` takes it back, unless `permanent`.",
    query: { schema: z.object({ permanent: Permanent }), kinds: { permanent: "boolean" } },
    answer: wire.DeleteResult,
    answers: "It was deleted.",
    problems: [404, 409, 503],
  }, ({ path, query }, runtime) => deleteMemory(runtime, { ...query, content_hash: keyOf(path) }));
}

/** The header `X-Agent-ID` counts where the body names no agent. */
function withAgent(memory: StoreInput, header: (name: string) => string | undefined): StoreInput {
  const agent_id = memory.agent_id ?? header("X-Agent-ID");
  const parsed = StoreInput.shape.agent_id.safeParse(agent_id);
  if (parsed.success) return { ...memory, agent_id: parsed.data };
  throw new MemoryError(
    "invalid_input",
    "Cannot store memories: X-Agent-ID must have at most 256 characters, none of them a control character",
    {
      field: "X-Agent-ID",
      value: agent_id,
    },
  );
}

/** Any other text is a key nothing is stored under, so it gets the 404 that existing clients expect. */
function keyOf(path: (name: string) => string): string {
  return plainKey(path("content_hash"));
}
