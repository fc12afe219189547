/**
 * Tools that change what is stored.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../../errors.ts";
import {
  AgentId,
  ClientHostname,
  Content,
  ContentHash,
  MemoryType,
  NewConversationId,
  NewMemoryType,
  NewMetadata,
} from "../../memory/schemas.ts";
import { deleteMemory, Permanent } from "../../operations/delete.ts";
import { store } from "../../operations/store.ts";
import { update } from "../../operations/update.ts";
import { NewTags, Tags } from "./fields.ts";
import { defineTool } from "./tool.ts";

export const storeMemory = defineTool({
  name: "store_memory",
  title: "Store a memory",
  description: "Keep a fact, decision, preference or solution for later sessions and for other agents. " +
    "Write it so that it can be understood alone, one fact per call. Answers with its content_hash. " +
    "Text that is stored already stays as it is (success false, duplicate true).",
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    content: Content,
    tags: NewTags.default([]).describe(
      "Labels to find it by, such as project and topic; a list or comma-separated text.",
    ),
    memory_type: NewMemoryType.default("note"),
    metadata: NewMetadata.default({}).describe("Free key-value data kept with the memory."),
    conversation_id: NewConversationId.optional(),
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
  async run(runtime, input, { agentId }) {
    const { memory: _, ...result } = await store(runtime, { ...input, agent_id: checked(agentId) });
    return { result };
  },
  text: ({ result }) => result,
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
  description: "Delete one memory for every agent; people can restore it from the trash for a while. " +
    "Use it for what is wrong; for what is outdated, memory_supersede. Take content_hash from a search result.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.object({ content_hash: ContentHash, permanent: Permanent }),
  output: z.object({ success: z.boolean(), content_hash: z.string(), queued: z.boolean().optional() }),
  aliases: { id: "content_hash", hash: "content_hash" },
  strict: true,
  async run(runtime, input) {
    const { success, content_hash, queued } = await deleteMemory(runtime, input);
    return { success, content_hash, ...(queued ? { queued } : {}) };
  },
});

export const updateMemory = defineTool({
  name: "update_memory",
  title: "Change a memory's labels",
  description: "Change a memory's tags, type or metadata. Its content never changes: store the new fact and call " +
    "memory_supersede instead.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.object({
    content_hash: ContentHash,
    tags: Tags.optional().describe("New tags, in place of the old ones."),
    memory_type: MemoryType.optional(),
    metadata: NewMetadata.optional().describe("Merged into the stored metadata, key by key."),
  }),
  output: z.object({
    success: z.boolean(),
    message: z.string(),
    content_hash: z.string(),
    queued: z.boolean().optional(),
  }),
  aliases: { id: "content_hash", hash: "content_hash", type: "memory_type" },
  async run(runtime, input) {
    const { success, message, content_hash, queued } = await update(runtime, input);
    return { success, message, content_hash, ...(queued ? { queued } : {}) };
  },
});
