/**
 * The tools every MCP transport serves, as data.
 *
 * @module
 */

import { listMemories, retrieveMemory, searchByTag } from "./find.ts";
import { checkDatabaseHealth } from "./health.ts";
import { deleteMemoryTool, storeMemory } from "./store.ts";
import { inputSchema, type JsonSchema, type ObjectSchema, outputSchema, type Tool } from "./tool.ts";

/** All tools, in the order clients list them. */
export const TOOLS: readonly Tool[] = [
  storeMemory,
  retrieveMemory,
  searchByTag,
  listMemories,
  deleteMemoryTool,
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
export interface CallableTool {
  tool: Tool;
  properties: Record<string, JsonSchema>;
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
    listTools().map(({ name, inputSchema }, i) => [
      name,
      { tool: TOOLS[i]!, properties: (inputSchema.properties ?? {}) as Record<string, JsonSchema> },
    ]),
  );
  return callable.get(name);
}
