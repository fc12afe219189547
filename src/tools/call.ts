/**
 * Calling a tool: arguments in, an MCP tool result out. What an agent can act on is a tool error, which the model
 * reads; a protocol error would only reach the program around it.
 *
 * @module
 */

import { may, needOfTool, rightOf } from "../access/rights.ts";
import { type ErrorCode, MemoryError } from "../errors.ts";
import { parseArguments } from "../memory/arguments.ts";
import { audited, outcomeOfError } from "../operations/audit/audited.ts";
import { textWithKeys } from "../operations/keys.ts";
import type { Logger } from "../operations/logger.ts";
import type { Runtime, ToolSettings } from "../operations/runtime.ts";
import { outcomeOf } from "../telemetry/outcome.ts";
import { findTool, isListed, namesOf } from "./table.ts";
import { placed, type PlacedCall } from "./space.ts";
import { isConnector, prefersStructured } from "./client_name.ts";
import type { Caller, Tool } from "./tool.ts";

/** The part of MCP's CallToolResult tools use. */
export interface ToolResult {
  [key: string]: unknown;
  content: { type: "text"; text: string }[];
  /** As the tool's output schema has it, also where none is listed. */
  structuredContent?: Record<string, unknown>;
  isError: boolean;
}

/** What an agent can do about an error, after the message. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  not_found: "find its id with search",
  too_large: "split it into several memories",
  full: "nothing was stored; tell the user",
};

const DEFAULTS: ToolSettings = { profile: "full", output: "auto", structured: "auto" };

/** Values of the argument `output` that ask for a form of the text; other ones are the tool's own. */
const FORMS: Readonly<Record<string, Form>> = { compact: "compact", text: "compact", json: "json" };
type Form = "compact" | "json" | "connector";

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
  const settings = runtime.settings.tools ?? DEFAULTS, profile = caller.profile ?? settings.profile;
  if (!isListed(callable.tool, profile)) {
    if (scope) scope.outcome = "client_error";
    return failure(
      `Cannot run ${name}: it is not in the profile ${profile}, which has ${namesOf(profile).join(", ")}; ` +
        "the operator serves all tools with /mcp?tools=full or MCP_TOOLS=full",
    );
  }
  const { tool } = callable;
  let place: PlacedCall;
  try {
    place = placed(runtime, tool.name, args);
  } catch (error) {
    if (scope) scope.outcome = outcomeOf(error);
    return failure(message(error, name, logger, requests.id));
  }
  const call = audited(place.runtime);
  const end = (outcome: string, need = needOfTool(tool.name, args)) =>
    call.end({
      action: tool.name,
      right: need === "public" ? "read" : rightOf(need),
      outcome,
      request: requests.current?.id,
    });
  try {
    const { output, ...others } = place.args;
    const asked = typeof output === "string" ? FORMS[output.trim().toLowerCase()] : undefined;
    const { values, ignored } = parseArguments(callable, asked === undefined ? place.args : others);
    const need = needOfTool(tool.name, values);
    if (!may(place.runtime.caller, need)) {
      throw new MemoryError(
        "refused",
        `Cannot run ${name}: it needs the right "${need}" in space "${place.runtime.caller.scope.write}"`,
      );
    }
    const result = await tool.run(call.runtime, values, caller);
    end("ok", need);
    const form = asked ?? formOf(tool, caller, settings);
    return {
      content: [{ type: "text", text: await textOf(place.runtime, tool, result, ignored, form) }],
      ...isStructured(tool, form, caller, settings) ? { structuredContent: noted(result, ignored) } : {},
      isError: false,
    };
  } catch (error) {
    if (scope) scope.outcome = outcomeOf(error);
    end(outcomeOfError(error));
    return failure(message(error, name, logger, requests.id));
  }
}

/** The form of an answer whose caller asked for none. */
function formOf(tool: Tool, { client }: Caller, { output }: ToolSettings): Form {
  if (tool.connector !== undefined && (isConnector(client) || output === "connector")) return "connector";
  if (output === "compact" || output === "json") return output;
  return tool.first ? "json" : "compact";
}

/**
 * Whether the structured content goes with the text. It must where an output schema is listed. Where none is, a client
 * whose model sees only the structured content gets the text alone, which says the same for a fraction of the tokens.
 */
function isStructured(tool: Tool, form: Form, { client }: Caller, { structured }: ToolSettings): boolean {
  if (tool.first || structured === "always") return true;
  if (structured === "never") return false;
  return form !== "compact" || !prefersStructured(client);
}

/** A result in a form for its reader, with the names of arguments that were ignored. */
function textOf(
  runtime: Runtime,
  tool: Tool,
  result: Record<string, unknown>,
  ignored: string[],
  form: Form,
): Promise<string> {
  if (form === "compact") {
    // In front: what follows a memory could be taken for a part of it.
    const note = ignored.length === 0 ? "" : `Ignored arguments, which are not known: ${ignored.join(", ")}\n\n`;
    const { scope: { read } } = runtime.caller, isOne = read !== "all" && read.length === 1;
    const shown = isOne ? withoutSpaces(result) : result;
    return textWithKeys(runtime, (short) => note + tool.compact(shown, short));
  }
  const value = form === "connector" ? tool.connector!(result) : tool.json?.(result) ?? result;
  return Promise.resolve(JSON.stringify(noted(value as object, ignored)));
}

/** A result for who reads one space, and needn't be told which at the cost of a word for each memory. */
function withoutSpaces(result: Record<string, unknown>): Record<string, unknown> {
  const plain = (list: unknown) =>
    Array.isArray(list) ? list.map(({ space: _, ...memory }: Record<string, unknown>) => memory) : list;
  const lists = ["results", "memories"].filter((name) => name in result);
  return { ...result, ...Object.fromEntries(lists.map((name) => [name, plain(result[name])])) };
}

function noted<T extends object>(value: T, ignored: string[]): T & { ignored?: string[] } {
  return ignored.length === 0 ? value : { ...value, ignored };
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
