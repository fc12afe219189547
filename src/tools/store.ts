/**
 * Tools that change what is stored.
 *
 * @module
 */

import { z } from "zod";
import { withShortKeys } from "../memory/compact.ts";
import { MemoryError } from "../errors.ts";
import {
  AgentId,
  ChangedValidityFields,
  ClientHostname,
  Content,
  MemoryKey,
  MemoryType,
  NewConversationId,
  NewMemoryType,
  NewMetadata,
  ValidityFields,
} from "../memory/schemas.ts";
import { deleteMemory, Permanent } from "../operations/delete.ts";
import { store } from "../operations/store.ts";
import { update } from "../operations/update.ts";
import { NewTags, Tags } from "./fields.ts";
import { defineTool } from "./tool.ts";

export const storeMemory = defineTool({
  name: "store_memory",
  title: "Store a memory",
  description: "Keep a fact, decision, preference or solution for later sessions and other agents. " +
    "One fact per call, understandable alone. What is stored already stays as it is (duplicate true).",
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    content: Content.describe("The text to remember."),
    tags: NewTags.default([]).describe("Labels to find it by, such as project and topic."),
    memory_type: NewMemoryType.default("note").describe("Kind, such as note, decision or preference."),
    metadata: NewMetadata.default({}).describe("Free key-value data kept with the memory."),
    conversation_id: NewConversationId.optional(),
    ...ValidityFields,
    client_hostname: ClientHostname.optional().describe("Name of the machine you run on."),
  }),
  output: z.object({
    result: z.object({
      success: z.boolean(),
      message: z.string(),
      content_hash: z.string().nullable(),
      duplicate: z.boolean().optional(),
      queued: z.boolean().optional(),
      chunks_created: z.int().optional(),
      chunk_hashes: z.array(z.string()).optional(),
    }),
  }),
  aliases: { type: "memory_type", hostname: "client_hostname" },
  listed: ["content", "tags", "memory_type", "metadata", "conversation_id", "client_hostname", "expires"],
  core: ["content", "tags", "memory_type"],
  first: true,
  async run(runtime, input, { agentId }) {
    const { memory: _, ...result } = await store(runtime, { ...input, agent_id: checked(agentId) });
    return { result };
  },
  json: ({ result }) => result,
  compact: ({ result: { message, content_hash } }, short) =>
    content_hash === null ? message : `${withShortKeys(message, short)}; id ${short(content_hash)}`,
});

/** The header's agent, by the rules for one in a body. */
function checked(agentId: string | null): string | null {
  const parsed = AgentId.nullable().safeParse(agentId);
  if (parsed.success) return parsed.data;
  throw new MemoryError("invalid_input", `Cannot run store_memory: X-Agent-ID ${parsed.error.issues[0]!.message}`, {
    field: "X-Agent-ID",
    value: agentId,
  });
}

export const deleteMemoryTool = defineTool({
  name: "delete_memory",
  title: "Delete a memory",
  description: "Delete what is wrong, for every agent; the trash keeps it for a while. " +
    "For what is outdated, use memory_supersede. Takes the id of a search result.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.object({ content_hash: MemoryKey.describe("Id of the memory."), permanent: Permanent }),
  output: z.object({ success: z.boolean(), content_hash: z.string(), queued: z.boolean().optional() }),
  aliases: { id: "content_hash", hash: "content_hash", memory_id: "content_hash" },
  core: ["content_hash"],
  first: true,
  strict: true,
  async run(runtime, input) {
    const { success, content_hash, queued } = await deleteMemory(runtime, input);
    return { success, content_hash, ...(queued ? { queued } : {}) };
  },
  compact: ({ content_hash, queued }, short) => `${queued ? "Deletion queued" : "Deleted"}: id ${short(content_hash)}`,
});

export const updateMemory = defineTool({
  name: "update_memory",
  title: "Change a memory's labels",
  description: "Change a memory's tags, type or metadata. Content never changes: store the new fact and call " +
    "memory_supersede.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.object({
    content_hash: MemoryKey,
    tags: Tags.optional().describe("New tags, in place of the old ones."),
    memory_type: MemoryType.optional(),
    metadata: NewMetadata.optional().describe("Merged into the stored metadata, key by key."),
    ...ChangedValidityFields,
  }),
  output: z.object({
    success: z.boolean(),
    message: z.string(),
    content_hash: z.string(),
    queued: z.boolean().optional(),
  }),
  aliases: { id: "content_hash", hash: "content_hash", memory_id: "content_hash", type: "memory_type" },
  listed: ["content_hash", "tags", "memory_type", "metadata", "valid_until"],
  async run(runtime, input) {
    const { success, message, content_hash, queued } = await update(runtime, input);
    return { success, message, content_hash, ...(queued ? { queued } : {}) };
  },
  compact: ({ message, content_hash }, short) => `${message}; id ${short(content_hash)}`,
});
