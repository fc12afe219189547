/**
 * Tools for Vercel's AI SDK: a model searches the memory, and stores what is worth keeping.
 *
 * @module
 */

import { jsonSchema, tool } from "ai";
import type { Unimem } from "../client.ts";

/** Which tools a model gets, and what is stored with its memories. */
export interface UnimemToolsOptions {
  /** Leaves out the tools that change something. */
  readOnly?: boolean;
  /** Tags of every memory that the model stores. */
  tags?: readonly string[];
  /** Most results of a search; 5 by default. */
  limit?: number;
}

/** A memory as a model is shown it. */
export interface ShownMemory {
  key: string;
  content: string;
  tags: string[];
  type: string | null;
  created: string | null;
}

interface SearchInput {
  query: string;
  tags?: string[];
}
interface StoreInput {
  content: string;
  tags?: string[];
  type?: string;
}
interface ForgetInput {
  key: string;
}

const TAGS = { type: "array", items: { type: "string" } } as const;

/**
 * Tools for `generateText`, `streamText` and agents.
 *
 * ```ts
 * const { text } = await generateText({ model, tools: unimemTools(memory), stopWhen: stepCountIs(5), prompt });
 * ```
 */
export function unimemTools(
  memory: Unimem,
  { readOnly = false, tags: always = [], limit = 5 }: UnimemToolsOptions = {},
) {
  const searchMemory = tool({
    description: "Searches the shared memory by meaning and by words. Use it before you answer about the user, the " +
      "project, or what was decided earlier.",
    inputSchema: jsonSchema<SearchInput>({
      type: "object",
      properties: {
        query: { type: "string", description: "What to look for, as a question or as words." },
        tags: { ...TAGS, description: "Only memories with one of these tags." },
      },
      required: ["query"],
      additionalProperties: false,
    }),
    execute: async ({ query, tags }: SearchInput, { abortSignal }): Promise<{ memories: ShownMemory[] }> => {
      const more = { page_size: limit, min_relevance: "auto" as const, ...tags === undefined ? {} : { tags } };
      const { results } = await memory.search(query, more, abortSignal === undefined ? {} : { signal: abortSignal });
      return {
        memories: results.map(({ memory, passage }) => ({
          key: memory.content_hash.slice(0, 10),
          content: passage?.text ?? memory.content,
          tags: memory.tags,
          type: memory.memory_type,
          created: memory.created_at_iso,
        })),
      };
    },
  });
  const storeMemory = tool({
    description:
      "Stores one fact, decision or preference that will matter later, in words that are understandable alone.",
    inputSchema: jsonSchema<StoreInput>({
      type: "object",
      properties: {
        content: { type: "string", description: "The text to remember." },
        tags: { ...TAGS, description: "Labels to find it by, such as a project or a topic." },
        type: { type: "string", description: "Kind of memory, such as note, decision, preference or reference." },
      },
      required: ["content"],
      additionalProperties: false,
    }),
    execute: async (
      { content, tags = [], type }: StoreInput,
      { abortSignal },
    ): Promise<{ key: string; stored: boolean }> => {
      const more = { tags: [...always, ...tags], ...type === undefined ? {} : { memory_type: type } };
      const answer = await memory.store(content, more, abortSignal === undefined ? {} : { signal: abortSignal });
      return { key: answer.content_hash?.slice(0, 10) ?? "", stored: answer.success };
    },
  });
  const forgetMemory = tool({
    description: "Deletes a memory that is wrong or that the user wants gone. It can be restored from the trash.",
    inputSchema: jsonSchema<ForgetInput>({
      type: "object",
      properties: { key: { type: "string", description: "The key of the memory, as a search gives it." } },
      required: ["key"],
      additionalProperties: false,
    }),
    execute: async ({ key }: ForgetInput, { abortSignal }): Promise<{ message: string }> => {
      const { message } = await memory.delete(key, {}, abortSignal === undefined ? {} : { signal: abortSignal });
      return { message };
    },
  });
  return readOnly ? { searchMemory } : { searchMemory, storeMemory, forgetMemory };
}
