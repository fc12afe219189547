/**
 * Calling a tool: arguments in, an MCP tool result out. What an agent can act on is a tool error, which the model
 * reads; a protocol error would only reach the program around it.
 *
 * @module
 */

import { type ErrorCode, MemoryError } from "../../errors.ts";
import { parseArguments } from "../../memory/arguments.ts";
import type { Logger } from "../../operations/logger.ts";
import type { Runtime } from "../../operations/runtime.ts";
import { outcomeOf } from "../../telemetry/outcome.ts";
import { findTool } from "./table.ts";
import type { Caller } from "./tool.ts";

/** The part of MCP's CallToolResult tools use. */
export interface ToolResult {
  [key: string]: unknown;
  content: { type: "text"; text: string }[];
  structuredContent?: Record<string, unknown>;
  isError: boolean;
}

/** What an agent can do about an error, after the message. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  not_found: "find its content_hash with search or list_memories",
  too_large: "split it into several memories",
  full: "nothing was stored; tell the user",
};

/** Runs the tool of that name. Never throws. */
export async function callTool(
  runtime: Runtime,
  logger: Logger,
  name: string,
  args: Record<string, unknown>,
  caller: Caller = { agentId: null },
): Promise<ToolResult> {
  const callable = findTool(name), { requests } = runtime.telemetry, scope = requests.current;
  if (callable === undefined) {
    if (scope) scope.outcome = "client_error";
    return failure(`Unknown tool: ${name.slice(0, 100).toWellFormed()}`);
  }
  try {
    const { tool } = callable;
    const { values, ignored } = parseArguments(callable, args);
    const result = await tool.run(runtime, values, caller);
    const known = Object.keys(args).filter((name) => !ignored.includes(name));
    const shown = tool.text ? tool.text(result, new Set(known)) : result;
    return answered(result, shown, ignored);
  } catch (error) {
    if (scope) scope.outcome = outcomeOf(error);
    return failure(message(error, name, logger, requests.id));
  }
}

/** The result with what was ignored said in both of its forms, where there is something. */
function answered(result: Record<string, unknown>, shown: unknown, ignored: string[]): ToolResult {
  const structuredContent = ignored.length === 0 ? result : { ...result, ignored };
  const note = ignored.length === 0 ? "" : `\n\nIgnored arguments, which are not known: ${ignored.join(", ")}`;
  const isPlain = typeof shown === "object" && shown !== null && !Array.isArray(shown);
  const text = typeof shown === "string"
    ? shown + note
    : JSON.stringify(isPlain && ignored.length > 0 ? { ...shown, ignored } : shown);
  return { content: [{ type: "text", text }], structuredContent, isError: false };
}

function failure(text: string): ToolResult {
  return { content: [{ type: "text", text }], isError: true };
}

/** The text for the agent. What only an operator can act on goes to the log instead. */
function message(error: unknown, name: string, logger: Logger, reference: string): string {
  if (!(error instanceof MemoryError) || error.code === "internal" || error.code === "configuration") {
    logger.error(`Tool ${name} failed (${reference}): ${error instanceof Error ? error.stack : String(error)}`, {
      request: reference,
    });
    return `Cannot run ${name}: an internal error occurred; its details are in the server's log under ${reference}`;
  }
  const { code, retryAfterSeconds } = error;
  if (code === "unavailable" || code === "overloaded") {
    return `${error.message}; try again in ${retryAfterSeconds ?? 5} s`;
  }
  return ADVICE[code] === undefined ? error.message : `${error.message}; ${ADVICE[code]}`;
}
