/**
 * The tools every MCP transport serves, as data.
 *
 * @module
 */

import type { ArgumentSpec } from "../../memory/arguments.ts";
import { findDuplicatesTool, mergeDuplicatesTool } from "./duplicates.ts";
import { fetchTool } from "./fetch.ts";
import { listMemories, retrieveMemory, searchByTag } from "./find.ts";
import { checkDatabaseHealth } from "./health.ts";
import { contradictionsTool, relationTool, supersedeTool } from "./links.ts";
import { searchTool } from "./search.ts";
import { deleteMemoryTool, storeMemory, updateMemory } from "./store.ts";
import type { JsonSchema } from "../../memory/tool_schema.ts";
import { inputSchema, type ObjectSchema, outputSchema, type Tool } from "./tool.ts";

/** All tools, in the order clients list them. */
export const TOOLS: readonly Tool[] = [
  storeMemory,
  searchTool,
  fetchTool,
  retrieveMemory,
  searchByTag,
  listMemories,
  updateMemory,
  deleteMemoryTool,
  relationTool,
  supersedeTool,
  contradictionsTool,
  findDuplicatesTool,
  mergeDuplicatesTool,
  checkDatabaseHealth,
];

/** A tool as `tools/list` shows it. */
export interface ListedTool {
  name: string;
  title: string;
  description: string;
  inputSchema: ObjectSchema;
  outputSchema: ObjectSchema;
  annotations: Tool["annotations"] & { title: string };
}

/** A tool with the properties of its arguments at hand. */
export interface CallableTool extends ArgumentSpec {
  tool: Tool;
}

let listed: ListedTool[] | undefined;

/** The answer to `tools/list`; the same for every client, so made once. */
export function listTools(): ListedTool[] {
  return listed ??= TOOLS.map(({ name, title, description, annotations, input, output }) => ({
    name,
    title,
    description,
    inputSchema: inputSchema(input),
    outputSchema: outputSchema(output),
    // Clients from before 2025-06-18 look for the title here.
    annotations: { title, ...annotations },
  }));
}

let callable: Map<string, CallableTool> | undefined;

/** The tool of that name. */
export function findTool(name: string): CallableTool | undefined {
  callable ??= new Map(
    listTools().map(({ name, inputSchema }, i) => {
      const tool = TOOLS[i]!, { input, aliases = {}, strict = false } = tool;
      const properties = (inputSchema.properties ?? {}) as Record<string, JsonSchema>;
      return [name, { tool, name, input, properties, aliases, strict }];
    }),
  );
  return callable.get(name);
}
