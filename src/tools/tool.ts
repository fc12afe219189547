/**
 * What a tool is: one entry of data. The server lists entries and calls them; behaviour lives in operations.
 *
 * @module
 */

import { z } from "zod";
import { type JsonSchema, toolSchema } from "../memory/tool_schema.ts";
import type { ToolProfile } from "../memory/tool_profile.ts";
import type { ShortKey } from "../memory/schemas.ts";
import type { Runtime } from "../operations/runtime.ts";
import type { ClientName } from "./client_name.ts";

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
  /** What the client calls itself; absent where it says nothing. */
  client?: ClientName | undefined;
  /** The tools that this client is served; those of the settings without it. */
  profile?: ToolProfile | undefined;
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
  /** Arguments that are listed; all without it. The others repeat these, or are for programs, and are taken all the same. */
  listed?: readonly string[];
  /** Arguments that the profile `core` lists; a tool without it is not in that profile. */
  core?: readonly string[];
  /** One of the first version's tools: it answers in JSON unless it is asked otherwise, and lists its output schema. */
  first?: boolean;
  /** Refuses unknown names instead of ignoring them; for tools that delete or merge. */
  strict?: boolean;
  run(runtime: Runtime, input: z.output<I>, caller: Caller): Promise<z.input<O>>;
  /** What the text content holds as JSON, where that isn't the whole structured content. */
  json?(result: z.input<O>): unknown;
  /** The answer as text for a model, at the least cost. */
  compact(result: z.input<O>, short: ShortKey): string;
  /** The answer as ChatGPT's connectors read it, as JSON. */
  connector?(result: z.input<O>): unknown;
}

/** A table entry, with the types of its schemas checked against `run` and then dropped. */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(tool: Tool<I, O>): Tool {
  return tool as unknown as Tool;
}

/** An object schema, the only kind MCP allows at the root. */
export type ObjectSchema = JsonSchema & { type: "object" };

/** JSON Schema of a tool's arguments, or of those that are listed. */
export function inputSchema(input: z.ZodObject, listed?: readonly string[]): ObjectSchema {
  if (listed === undefined) return toolSchema(input, "input") as ObjectSchema;
  const shape = Object.fromEntries(listed.map((name) => [name, input.shape[name]!]));
  return toolSchema(z.object(shape), "input") as ObjectSchema;
}

/** JSON Schema of a tool's structured content, with the fields that every tool may add. */
export function outputSchema(output: z.ZodObject): ObjectSchema {
  return toolSchema(output.extend({ ignored: Ignored }), "output") as ObjectSchema;
}

const Ignored = z.array(z.string()).optional().describe("Arguments that were given and are not known.");
