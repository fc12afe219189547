/**
 * What a tool is: one entry of data. The server lists entries and calls them; behaviour lives in operations.
 *
 * @module
 */

import type { Tool as McpTool } from "@modelcontextprotocol/server";
import { z } from "zod";
import { toolSchema } from "../../memory/tool_schema.ts";
import type { Runtime } from "../../operations/runtime.ts";

/** What a client may assume of a tool without reading its description. Every tool says all four. */
export interface Annotations {
  /** Changes nothing. */
  readOnlyHint: boolean;
  /** Can remove or overwrite what is stored. */
  destructiveHint: boolean;
  /** Calling it again with the same arguments changes nothing more. */
  idempotentHint: boolean;
  /** Reaches beyond the memory store. */
  openWorldHint: boolean;
}

/** Who calls, as far as the transport tells. */
export interface Caller {
  /** The header `X-Agent-ID`; null without one. */
  agentId: string | null;
}

/** A tool. `input` and `output` are the schemas clients see; `run` calls exactly one operation. */
export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  /** Written for agents: when to use it and what comes back. Every token of it is paid on each turn, so it is short. */
  description: string;
  annotations: Annotations;
  input: I;
  output: O;
  /** Older and other names of arguments, accepted but not advertised. */
  aliases?: Readonly<Record<string, string>>;
  /** Refuses unknown names instead of ignoring them; for tools that delete or merge. */
  strict?: boolean;
  run(runtime: Runtime, input: z.output<I>, caller: Caller): Promise<z.input<O>>;
  /**
   * What the text content holds when that isn't the whole structured content: a text as it is, or a value as JSON.
   *
   * @param given The arguments that the caller named.
   */
  text?(result: z.input<O>, given: ReadonlySet<string>): unknown;
}

/** A table entry, with the types of its schemas checked against `run` and then dropped. */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(tool: Tool<I, O>): Tool {
  return tool as unknown as Tool;
}

/** An object schema, the only kind MCP allows at the root. */
export type ObjectSchema = McpTool["inputSchema"];

/** JSON Schema of a tool's arguments. */
export function inputSchema(input: z.ZodObject): ObjectSchema {
  return toolSchema(input, "input") as ObjectSchema;
}

/** JSON Schema of a tool's structured content, with the fields that every tool may add. */
export function outputSchema(output: z.ZodObject): ObjectSchema {
  return toolSchema(output.extend({ ignored: Ignored }), "output") as ObjectSchema;
}

const Ignored = z.array(z.string()).optional().describe("Arguments that were given and are not known.");
