/**
 * What a tool is: one entry of data. The server lists entries and calls them; behaviour lives in operations.
 *
 * @module
 */

import type { Tool as McpTool } from "@modelcontextprotocol/server";
import { z } from "zod";
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

/** A JSON Schema object, as far as it is read here. */
export interface JsonSchema {
  [keyword: string]: unknown;
  type?: string;
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
}

/** An object schema, the only kind MCP allows at the root. */
export type ObjectSchema = McpTool["inputSchema"];

/** JSON Schema of a tool's arguments. */
export function inputSchema(input: z.ZodObject): ObjectSchema {
  return toJsonSchema(input, "input");
}

/** JSON Schema of a tool's structured content. */
export function outputSchema(output: z.ZodObject): ObjectSchema {
  return toJsonSchema(output, "output");
}

function toJsonSchema(schema: z.ZodObject, io: "input" | "output"): ObjectSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  simplify(rest as JsonSchema, io);
  return rest as unknown as ObjectSchema;
}

/** Leaves out what says nothing to a client, or what common clients and model APIs can't read. */
function simplify(schema: JsonSchema, io: "input" | "output"): void {
  // Null and absent mean the same in arguments; advertising both only costs tokens.
  if (io === "input" && schema.anyOf?.some((option) => option.type === "null")) {
    const options = schema.anyOf.filter((option) => option.type !== "null");
    delete schema.anyOf;
    if (options.length > 1) schema.anyOf = options;
    else Object.assign(schema, { ...options[0], ...schema });
  }
  if (typeof schema.default === "object") delete schema.default;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  delete schema.maxLength;
  delete schema.propertyNames;
  // An answer may grow fields; a client that validates must not reject them.
  if (io === "output" || schema.additionalProperties !== false) delete schema.additionalProperties;
  for (const property of Object.values(schema.properties ?? {})) simplify(property, io);
  for (const option of schema.anyOf ?? []) simplify(option, io);
  if (schema.items !== undefined) simplify(schema.items, io);
}
