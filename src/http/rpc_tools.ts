/**
 * The tools of the JSON-RPC route, with the names, arguments and answers that its existing clients know. Each is a tool of
 * the MCP port in another form: its schemas check the arguments, and its `run` does the work.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import type { ArgumentSpec } from "../memory/arguments.ts";
import type { Passage } from "../memory/passage.ts";
import { NewMemoryType, PageSize, type ShortKey } from "../memory/schemas.ts";
import { extractTimeExpression, parseTimeExpression } from "../memory/time_expression.ts";
import { health } from "../operations/health/health.ts";
import type { Runtime } from "../operations/runtime.ts";
import type { MemoryResult } from "../tools/fields.ts";
import { listMemories, retrieveMemory, searchByTag } from "../tools/find.ts";
import { checkDatabaseHealth } from "../tools/health.ts";
import { searchTool } from "../tools/search.ts";
import { type Level, shownOf, sizeItems } from "../tools/sizes.ts";
import { deleteMemoryTool, storeMemory } from "../tools/store.ts";
import { inputSchema, type ObjectSchema, type Tool } from "../tools/tool.ts";

type Values = Readonly<Record<string, unknown>>;

/** A tool of the route. */
export interface RpcTool extends ArgumentSpec {
  description: string;
  inputSchema: ObjectSchema;
  /** Whether the profile `core` has it. */
  core: boolean;
  /** Runs it with checked arguments; what is sent as JSON text. */
  json(runtime: Runtime, values: Values, agentId: string | null): Promise<object>;
  /** The same as text for a model, at the least cost. */
  compact(runtime: Runtime, values: Values, agentId: string | null): Promise<(short: ShortKey) => string>;
}

/** In which a tool differs here from what it is on the MCP port. */
interface Form {
  name?: string;
  description?: string;
  /** The arguments that are advertised; the others are taken all the same. */
  listed: readonly string[];
  core?: boolean;
  /** The tool's arguments by the names that they have here. */
  names?: Readonly<Record<string, string>>;
  /** Arguments that differ, and those that only this route has. */
  input?: z.ZodRawShape;
  /** What the tool is called with, where arguments mean something else here. */
  prepare?(values: Values, runtime: Runtime): Values | Promise<Values>;
  /** The answer as clients know it. `prepared` is what the tool was called with. */
  answer(result: Values, values: Values, prepared: Values, runtime: Runtime): object;
}

const Limit = PageSize.unwrap();

function derive(tool: Tool, form: Form): RpcTool {
  const { name = tool.name, description = tool.description, listed, names = {}, core = false, prepare } = form;
  const hereOf = new Map(Object.entries(names).map(([here, there]) => [there, here]));
  const own = Object.entries(tool.input.shape).map(([there, schema]) => [hereOf.get(there) ?? there, schema]);
  const input = z.object({ ...Object.fromEntries(own), ...form.input });
  const aliases = [...Object.entries(tool.aliases ?? {}), ...hereOf]
    .map(([alias, there]) => [alias, hereOf.get(there) ?? there] as const)
    .filter(([alias]) => !Object.hasOwn(input.shape, alias));
  const called = async (runtime: Runtime, values: Values) => {
    const prepared = await prepare?.(values, runtime) ?? values;
    return Object.fromEntries(Object.entries(prepared).map(([here, value]) => [names[here] ?? here, value]));
  };
  return {
    name,
    description,
    input,
    inputSchema: inputSchema(input, listed),
    properties: inputSchema(input).properties ?? {},
    aliases: Object.fromEntries(aliases),
    strict: tool.strict ?? false,
    core,
    async json(runtime, values, agentId) {
      const prepared = await called(runtime, values);
      // The answer is cut by its own, smaller measure.
      const whole = "max_tokens" in tool.input.shape ? { max_tokens: Number.MAX_SAFE_INTEGER, detail: "full" } : {};
      const result = await tool.run(runtime, { ...prepared, ...whole }, { agentId });
      return form.answer(result, values, prepared, runtime);
    },
    async compact(runtime, values, agentId) {
      const result = await tool.run(runtime, await called(runtime, values), { agentId });
      return (short) => tool.compact(result, short);
    },
  };
}

const deletion = derive(deleteMemoryTool, {
  listed: ["content_hash"],
  core: true,
  answer: ({ queued }) => ({
    success: true,
    message: queued ? "Deletion queued" : "Memory deleted successfully",
  }),
});

/** All tools, in the order clients list them. */
export const RPC_TOOLS: readonly RpcTool[] = [
  derive(storeMemory, {
    core: true,
    listed: ["content", "tags", "memory_type", "metadata", "client_hostname"],
    input: { memory_type: NewMemoryType.nullish().default(null) },
    answer: ({ result }) => {
      const { success, message, content_hash } = result as Values;
      return { success, message, content_hash };
    },
  }),
  derive(retrieveMemory, {
    core: true,
    listed: ["query", "limit", "similarity_threshold", "order"],
    names: { limit: "page_size", similarity_threshold: "min_similarity" },
    answer: (result, values) => found(result, values),
  }),
  derive(searchTool, {
    name: "recall_memory",
    description: "Find memories of a time named in words, such as last week, by meaning where the query says more.",
    listed: ["query", "n_results", "order"],
    names: { n_results: "page_size" },
    input: {
      query: retrieveMemory.input.shape.query!,
      n_results: Limit.default(5).describe("Results, 1 to 100."),
      exchanges: z.boolean().default(false),
    },
    async prepare({ query, ...values }, runtime) {
      const { period, rest } = await periodIn(query as string, runtime.settings.timeZone);
      if (period === null) return { ...values, query };
      return { ...values, query: rest, created_after: period.from, created_before: period.before };
    },
    answer: (result, values, { created_after }, { settings }) => ({
      ...found(result, values),
      ...created_after === undefined ? {} : { timezone: settings.timeZone },
    }),
  }),
  derive(searchByTag, {
    listed: ["tags", "operation", "order"],
    input: {
      page_size: Limit.default(100),
      operation: z.enum(["AND", "OR"]).default("AND").describe("Whether all tags must match, or any."),
      match_all: z.boolean().optional(),
    },
    prepare: ({ operation, match_all, ...values }) => ({ ...values, match_all: match_all ?? operation === "AND" }),
    answer: (result, values) => ({ ...found(result, values), total_found: result.total }),
  }),
  {
    ...deletion,
    async json(runtime, values, agentId) {
      try {
        return await deletion.json(runtime, values, agentId);
      } catch (error) {
        if (!(error instanceof MemoryError) || error.code !== "not_found") throw error;
        return { success: false, message: `Memory with hash ${values.content_hash} not found` };
      }
    },
  },
  {
    ...derive(checkDatabaseHealth, { listed: [], answer: (result) => result }),
    json: (runtime) => statistics(runtime),
  },
  derive(listMemories, {
    listed: ["page", "page_size", "tag", "memory_type"],
    answer: (result, values) => {
      const { results, total_found: _, ...left } = found(result, values, (memory) => ({
        memory_type: memory.memory_type,
        metadata: memory.metadata,
        updated_at: memory.updated_at_iso,
      }));
      const { page, page_size, total } = result;
      return { memories: results, page, page_size, total_found: total, ...left };
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

/** A memory as the finding tools give it, under either name of its key. */
type FoundMemory = Partial<MemoryResult> & {
  id?: string;
  similarity_score?: number | null;
  passage?: Passage;
};

/**
 * What was found, within the bound of every answer, and what could not be searched: without that, an empty answer reads
 * as nothing known.
 */
function found(result: Values, values: Values, more: (memory: FoundMemory) => object = () => ({})) {
  const { memories, results, notice } = result as {
    memories?: FoundMemory[];
    results?: FoundMemory[];
    notice?: string;
  };
  const all = memories ?? results ?? [], query = values.query as string | undefined;
  const detail = (values.detail ?? "full") as Level, max_tokens = values.max_tokens as number | undefined;
  const { items, ...left } = sizeItems(
    all,
    { detail, max_tokens, least: "snippets", whole: "GET /api/memories/{content_hash} gives a memory whole" },
    (memory, level) => ({ ...brief(memory, level, query), ...more(memory) }),
  );
  return { results: items, total_found: all.length, ...notice === undefined ? {} : { notice }, ...left };
}

function brief(memory: FoundMemory, level: Level, query: string | undefined) {
  const { id, content_hash = id, content = "", content_length, tags, created_at_iso, similarity_score } = memory;
  // A content that was cut already isn't the text that the passage lies in.
  const passage = content_length === undefined ? memory.passage : undefined;
  const shown = shownOf(content, level, { ...query === undefined ? {} : { query }, ...passage && { passage } });
  const length = content_length ?? (shown === content ? undefined : content.length);
  return {
    ...level === "ids" ? {} : { content: shown },
    content_hash,
    tags,
    created_at: created_at_iso,
    ...similarity_score === undefined ? {} : { similarity_score },
    ...length === undefined || level === "ids" ? {} : { content_length: length },
  };
}
