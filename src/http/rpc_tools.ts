/**
 * The tools of the JSON-RPC route, with the names, arguments and answers that its existing clients know. The MCP port
 * serves more and newer ones; both call the same operations.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { compactText } from "../memory/compact.ts";
import {
  ClientHostname,
  Content,
  ListOrder,
  MemoryType,
  type MemoryView,
  NewMemoryType,
  NewMetadata,
  NewTagList,
  normaliseTags,
  Page,
  PageSize,
  plainKey,
  Query,
  ResultOrder,
  type ShortKey,
  Threshold,
} from "../memory/schemas.ts";
import { extractTimeExpression, parseTimeExpression } from "../memory/time_expression.ts";
import { deleteMemory } from "../operations/delete.ts";
import { health } from "../operations/health/health.ts";
import { list } from "../operations/list.ts";
import type { Runtime } from "../operations/runtime.ts";
import { search, type SearchOutput } from "../operations/search.ts";
import { searchByTag } from "../operations/search_by_tag.ts";
import { store } from "../operations/store.ts";

/** A tool: `run` gets checked arguments and gives what is sent as JSON text. */
export interface RpcTool<I extends z.ZodObject = z.ZodObject> {
  name: string;
  description: string;
  input: I;
  /** Other names of arguments, accepted but not advertised. */
  aliases?: Readonly<Record<string, string>>;
  /** Refuses unknown names instead of ignoring them. */
  strict?: boolean;
  /** Whether the profile `core` has it. */
  core?: boolean;
  /** The answer as text for a model, at the least cost; JSON alone without it. */
  compact?(result: unknown, short: ShortKey): string;
  run(runtime: Runtime, input: z.output<I>): Promise<unknown>;
}

const defineTool = <I extends z.ZodObject>(tool: RpcTool<I>) => tool as unknown as RpcTool;

const Tags = z.array(z.string());
const Limit = PageSize.unwrap();

/** All tools, in the order clients list them. */
export const RPC_TOOLS: readonly RpcTool[] = [
  defineTool({
    name: "store_memory",
    core: true,
    description: "Keep a fact, decision or preference, with tags and metadata to find it by.",
    input: z.object({
      content: Content,
      tags: NewTagList.default([]).describe("Labels to find it by."),
      memory_type: NewMemoryType.nullish(),
      metadata: NewMetadata.default({}),
      client_hostname: ClientHostname.nullish(),
    }),
    async run(runtime, input) {
      const { success, message, content_hash } = await store(runtime, input);
      return { success, message, content_hash };
    },
  }),
  defineTool({
    name: "retrieve_memory",
    core: true,
    compact: compactAnswer,
    description: "Find memories by meaning and by words.",
    input: z.object({
      query: Query,
      limit: Limit.default(10).describe("Results, 1 to 100."),
      similarity_threshold: Threshold.default(0).describe("Least similarity of a result; 0 cuts nothing off."),
      order: ResultOrder.optional(),
    }),
    aliases: { n_results: "limit", page_size: "limit", min_similarity: "similarity_threshold" },
    async run(runtime, { query, limit, similarity_threshold, order }) {
      const input = {
        query,
        mode: "hybrid" as const,
        page: 1,
        page_size: limit,
        match_all: false,
        similarity_threshold,
        order,
      };
      return found(await search(runtime, input));
    },
  }),
  defineTool({
    name: "recall_memory",
    compact: compactAnswer,
    description: "Find memories of a time named in words, such as last week, by meaning where the query says more.",
    input: z.object({
      query: Query,
      n_results: Limit.default(5).describe("Results, 1 to 100."),
      order: ResultOrder.optional(),
    }),
    aliases: { limit: "n_results" },
    async run(runtime, { query, n_results, order }) {
      const { period, rest } = await periodIn(query, runtime.settings.timeZone);
      const within = {
        page: 1,
        page_size: n_results,
        match_all: false,
        order,
        created_after: period?.from,
        created_before: period?.before,
      };
      const zone = period === null ? {} : { timezone: runtime.settings.timeZone };
      if (rest === "") return { ...listed((await list(runtime, within)).memories.map(brief)), ...zone };
      return { ...found(await search(runtime, { ...within, query: rest, mode: "hybrid" })), ...zone };
    },
  }),
  defineTool({
    name: "search_by_tag",
    compact: compactAnswer,
    description: "List memories that carry given tags, newest first.",
    input: z.object({
      tags: Tags,
      operation: z.enum(["AND", "OR"]).default("AND").describe("Whether all tags must match, or any."),
      order: ListOrder.optional(),
    }),
    async run(runtime, { tags, operation, order }) {
      const match_all = operation === "AND";
      const input = { tags: normaliseTags(tags), match_all, order, page: 1, page_size: 100 };
      const { results, total } = await searchByTag(runtime, input);
      return listed(results.map(({ memory }) => brief(memory)), total);
    },
  }),
  defineTool({
    name: "delete_memory",
    core: true,
    description: "Delete one memory by its content_hash. The trash keeps it for a while.",
    input: z.object({ content_hash: z.string() }),
    aliases: { id: "content_hash", hash: "content_hash", memory_id: "content_hash" },
    strict: true,
    async run(runtime, { content_hash }) {
      try {
        const { success, message } = await deleteMemory(runtime, { content_hash: plainKey(content_hash) });
        return { success, message };
      } catch (error) {
        if (!(error instanceof MemoryError) || error.code !== "not_found") throw error;
        return { success: false, message: `Memory with hash ${content_hash} not found` };
      }
    },
  }),
  defineTool({
    name: "check_database_health",
    description: "State of the store and its figures.",
    input: z.object({}),
    run: (runtime) => statistics(runtime),
  }),
  defineTool({
    name: "list_memories",
    compact: compactAnswer,
    description: "Browse memories, newest first, all or those of one tag or type.",
    input: z.object({
      page: Page,
      page_size: PageSize,
      tag: MemoryType.nullish().describe("Only memories with this tag."),
      memory_type: MemoryType.nullish(),
    }),
    aliases: { limit: "page_size" },
    async run(runtime, { page, page_size, tag, memory_type }) {
      const tags = tag ? { tags: [tag] } : {};
      const listing = await list(runtime, { page, page_size, match_all: false, memory_type, ...tags });
      const memories = listing.memories.map((memory) => ({
        ...brief(memory),
        memory_type: memory.memory_type,
        metadata: memory.metadata,
        updated_at: memory.updated_at_iso,
      }));
      return { memories, page, page_size, total_found: listing.total };
    },
  }),
];

/** The health answer of this route, and of the tool. */
export async function statistics(runtime: Runtime) {
  const { status, storage, embedding } = await health(runtime);
  const size = storage.stats?.size_bytes ?? null;
  return {
    status,
    statistics: {
      backend: storage.backend,
      total_memories: storage.stats?.total_memories ?? null,
      unique_tags: storage.stats?.unique_tags ?? null,
      memories_this_week: storage.memories_this_week,
      database_size_bytes: size,
      database_size_mb: size === null ? null : Math.round(size / 2 ** 20 * 100) / 100,
      embedding_model: embedding.model,
      embedding_dimension: embedding.dimensions,
    },
  };
}

/** The period a query names, alone or among other words, and what else it says. */
async function periodIn(
  query: string,
  timeZone: string,
): Promise<{ period: { from: number; before: number } | null; rest: string }> {
  const now = new Date();
  try {
    return { period: await parseTimeExpression(query, now, timeZone), rest: "" };
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
    return await extractTimeExpression(query, now, timeZone) ?? { period: null, rest: query };
  }
}

function brief({ content, content_hash, tags, created_at_iso }: MemoryView) {
  return { content, content_hash, tags, created_at: created_at_iso };
}

/** What a search found, and what it could not look at: without that, an empty answer reads as nothing known. */
function found({ results, notice }: SearchOutput) {
  const brought = results.map(({ memory, similarity_score }) => ({ ...brief(memory), similarity_score }));
  return { ...listed(brought), ...(notice === null ? {} : { notice }) };
}

/** What one of the finding tools answers. */
interface FoundMemories {
  results?: (ReturnType<typeof brief> & { similarity_score?: number | null })[];
  memories?: (ReturnType<typeof brief> & { memory_type: string | null; metadata: Record<string, unknown> })[];
  total_found: number;
  page?: number;
  page_size?: number;
  notice?: string;
}

function compactAnswer(result: unknown, short: ShortKey): string {
  const { results, memories, total_found: total, page = 1, page_size = 100, notice } = result as FoundMemories;
  const shown = (results ?? memories ?? []).map(({ created_at, ...memory }) => ({
    ...memory,
    created_at_iso: created_at,
  }));
  const total_pages = Math.max(1, Math.ceil(total / page_size));
  return compactText(shown, { total, page, total_pages, notice }, short);
}

function listed<T>(results: T[], total_found = results.length): { results: T[]; total_found: number } {
  return { results, total_found };
}
