/**
 * The tools every MCP transport serves, as data.
 *
 * @module
 */

import type { Caller } from "../access/caller.ts";
import { leastNeedOfTool, may } from "../access/rights.ts";
import type { ArgumentSpec } from "../memory/arguments.ts";
import { candidatesTool } from "./candidates.ts";
import { findDuplicatesTool, mergeDuplicatesTool } from "./duplicates.ts";
import { fetchTool } from "./fetch.ts";
import { listMemories, retrieveMemory, searchByTag } from "./find.ts";
import { checkDatabaseHealth } from "./health.ts";
import { contradictionsTool, relationTool, supersedeTool } from "./links.ts";
import { searchTool } from "./search.ts";
import { deleteMemoryTool, storeMemory, updateMemory } from "./store.ts";
import { shallowSchema } from "../memory/tool_schema.ts";
import type { ToolProfile } from "../memory/tool_profile.ts";
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
  candidatesTool,
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
  outputSchema?: ObjectSchema;
  annotations: Tool["annotations"] & { title?: string };
}

/** A tool with the properties of its arguments at hand. */
export interface CallableTool extends ArgumentSpec {
  tool: Tool;
}

/** Whether a profile has a tool. */
export function isListed(tool: Tool, profile: ToolProfile): boolean {
  return profile === "full" || tool.core !== undefined;
}

/** Names of a profile's tools, in the order clients list them. */
export function namesOf(profile: ToolProfile): string[] {
  return TOOLS.filter((tool) => isListed(tool, profile)).map(({ name }) => name);
}

const listed = new Map<string, ListedTool[]>();

/** The answer to `tools/list`: what the caller may call. The same for all callers of a right and a profile, so made once. */
export function listTools(profile: ToolProfile, caller: Caller): ListedTool[] {
  const key = `${profile} ${caller.rights}`, known = listed.get(key);
  if (known !== undefined) return known;
  const tools = TOOLS.filter((tool) => isListed(tool, profile) && may(caller, leastNeedOfTool(tool.name)))
    .map((tool) => listedTool(tool, profile));
  listed.set(key, tools);
  return tools;
}

function listedTool(tool: Tool, profile: ToolProfile): ListedTool {
  const { name, title, description, annotations, input, output, first, core, listed } = tool,
    isCore = profile === "core";
  return {
    name,
    title,
    description,
    inputSchema: inputSchema(input, isCore ? core : listed),
    // Clients of the first version may check its answers; for models the schema of an answer is nothing but tokens.
    ...first && !isCore ? { outputSchema: shallowSchema(outputSchema(output)) as ObjectSchema } : {},
    // Clients from before 2025-06-18 look for the title here.
    annotations: isCore ? annotations : { title, ...annotations },
  };
}

let callable: Map<string, CallableTool> | undefined;

/** The tool of that name. */
export function findTool(name: string): CallableTool | undefined {
  callable ??= new Map(
    TOOLS.map((tool) => {
      const { name, input, aliases = {}, strict = false } = tool;
      const properties = inputSchema(input).properties ?? {};
      return [name, { tool, name, input, properties, aliases, strict }];
    }),
  );
  return callable.get(name);
}
