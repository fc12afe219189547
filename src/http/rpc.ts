/**
 * `/mcp` on the REST port: JSON-RPC as clients of that route speak it, one request and one answer, without a session.
 * The MCP port speaks the whole protocol.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { type ErrorCode, errorText, MemoryError } from "../errors.ts";
import type { Caller } from "../access/caller.ts";
import { leastNeedOfTool, may, needOfMessages, needOfTool } from "../access/rights.ts";
import { parseArguments } from "../memory/arguments.ts";
import { profileOf, type ToolProfile } from "../memory/tool_profile.ts";
import { textWithKeys } from "../operations/keys.ts";
import type { Runtime } from "../operations/runtime.ts";
import { placed, withSpaces } from "../tools/space.ts";
import { outcomeOf } from "../telemetry/outcome.ts";
import { addEndpoint, documented, json, type RestApp, type RouteSettings } from "./endpoint.ts";
import { readJson } from "./request.ts";
import type { RpcTool } from "./rpc_tools.ts";
import { InvalidRequest, validate } from "./validation.ts";

/** The protocol version this route's clients expect. */
const PROTOCOL_VERSION = "2024-11-05";

/** JSON-RPC's error codes. */
const CODE = { methodNotFound: -32601, invalidParams: -32602, internal: -32603 };

/** Codes of failures that are the caller's: an ambiguous short key is a conflict. */
const CALLERS: ReadonlySet<ErrorCode> = new Set(["invalid_input", "refused", "too_large", "conflict"]);

/** Methods beside `tools/call`. */
const METHODS: ReadonlySet<string> = new Set(["initialize", "ping", "tools/list"]);

const RpcRequest = z.object({
  jsonrpc: z.string().default("2.0"),
  id: z.union([z.string(), z.int()]).nullish(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).nullish(),
}).openapi("RpcRequest", { example: { jsonrpc: "2.0", id: 1, method: "tools/list" } });
type RpcRequest = z.infer<typeof RpcRequest>;

const RpcAnswer = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string(), z.int(), z.null()]),
  result: z.record(z.string(), z.unknown()).optional().describe("What the method gives; absent when it failed."),
  error: z.object({ code: z.int(), message: z.string() }).optional().describe("Why it failed; absent otherwise."),
}).openapi("RpcAnswer");

const ToolCall = z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).nullish() });

const Tools = z.array(z.object({
  name: z.string(),
  description: z.string(),
  inputSchema: z.record(z.string(), z.unknown()),
}));

/** The tools with what they are made of, which a service that no client of this route calls does without. */
const rpcTools = async (): Promise<readonly RpcTool[]> => (await import("./rpc_tools.ts")).RPC_TOOLS;

class RpcError extends Error {
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

/** Adds the routes. */
export function addRpc(app: RestApp, settings: RouteSettings): void {
  app.openAPIRegistry.registerPath(documented({
    method: "post",
    path: "/mcp",
    operationId: "rpc",
    tag: "mcp",
    summary: "Call a tool by plain JSON-RPC",
    description: "Methods: initialize, ping, tools/list, tools/call. Errors are in the answer, under status 200; a " +
      "notification is answered 202 without a body. `?tools=core` serves the tools that store, find and delete. " +
      "The MCP port speaks the whole protocol.",
    body: RpcRequest,
    answer: RpcAnswer,
    answers: "The result, or the error.",
    infallible: true,
  }));
  // Strictness about the last slash is off, so that this serves `/mcp/` too.
  app.post("/mcp", async (context) => {
    const request = validate(RpcRequest, await readJson(context.req.raw, settings), "body");
    const denied = settings.authorise(context.req.raw, context.get("runtime").caller, needOfMessages(request));
    if (denied !== null) return denied;
    // A notification gets no answer.
    if (request.id == null && request.method.startsWith("notifications/")) return new Response(null, { status: 202 });
    const id = request.id ?? null,
      runtime = context.get("runtime"),
      { requests } = runtime.telemetry,
      scope = requests.current,
      tools = await rpcTools();
    if (scope) scope.operation = operationOf(request, tools);
    try {
      const profile = profileOf(context.req.raw) ?? runtime.settings.tools?.profile ?? "full";
      const agentId = context.req.header("x-agent-id")?.trim() || null;
      return json({ jsonrpc: "2.0", id, result: await answer(runtime, request, { tools, profile, agentId }) });
    } catch (error) {
      if (scope) {
        scope.outcome = error instanceof RpcError || error instanceof InvalidRequest
          ? "client_error"
          : outcomeOf(error);
      }
      const { code, message } = toRpcError(error, request.method, settings, requests.id);
      return json({ jsonrpc: "2.0", id, error: { code, message } });
    }
  });

  addEndpoint(app, settings, {
    method: "get",
    path: "/mcp/tools",
    operationId: "rpcTools",
    tag: "mcp",
    summary: "List the tools of POST /mcp",
    answer: z.object({ tools: Tools, protocol: z.literal("mcp"), version: z.string() }).openapi("RpcTools"),
    answers: "The tools with the schemas of their arguments.",
    infallible: true,
  }, async (_input, { caller }) => {
    const tools = servedTools(await rpcTools(), "full", caller);
    return { tools, protocol: "mcp" as const, version: "1.0" };
  });

  addEndpoint(app, settings, {
    method: "get",
    path: "/mcp/health",
    operationId: "rpcHealth",
    tag: "mcp",
    summary: "State of POST /mcp and its store",
    answer: z.object({
      status: z.string(),
      protocol: z.literal("mcp"),
      tools_available: z.int(),
      storage_backend: z.string(),
      statistics: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
    }).openapi("RpcHealth"),
    answers: "The state; `status` is unhealthy while the store can't be reached.",
  }, async (_input, runtime) => {
    const { RPC_TOOLS, statistics } = await import("./rpc_tools.ts");
    const { status, statistics: figures } = await statistics(runtime);
    return {
      status,
      protocol: "mcp" as const,
      tools_available: RPC_TOOLS.length,
      storage_backend: runtime.storage.backend,
      statistics: figures,
    };
  });
}

/** A method or a tool by name; what isn't known has no name of its own, so that clients can't fill the counters. */
function operationOf({ method, params }: RpcRequest, tools: readonly RpcTool[]): string {
  if (method !== "tools/call") return METHODS.has(method) ? method : "unknown";
  return tools.find(({ name }) => name === params?.name)?.name ?? "unknown";
}

async function answer(
  runtime: Runtime,
  { method, params }: RpcRequest,
  { tools, profile, agentId }: { tools: readonly RpcTool[]; profile: ToolProfile; agentId: string | null },
): Promise<unknown> {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: PROTOCOL_VERSION,
        capabilities: { tools: {} },
        serverInfo: { name: "unimem", version: runtime.version },
      };
    case "ping":
      return {};
    case "tools/list":
      return { tools: servedTools(tools, profile, runtime.caller) };
    case "tools/call": {
      const call = ToolCall.safeParse(params ?? {});
      if (!call.success) throw new RpcError(CODE.invalidParams, "Invalid params: name is required");
      const tool = tools.find(({ name }) => name === call.data.name);
      if (tool === undefined) {
        throw new RpcError(CODE.internal, `Internal error: Unknown tool: ${shown(call.data.name)}`);
      }
      if (!isServed(tool, profile)) {
        const names = listTools(tools, profile).map(({ name }) => name).join(", ");
        const message = `Cannot run ${tool.name}: it is not in the profile ${profile}, which has ${names}`;
        throw new MemoryError("refused", `${message}; POST /mcp?tools=full has all tools`);
      }
      const { runtime: own, args } = placed(runtime, tool.name, call.data.arguments ?? {}),
        need = needOfTool(tool.name, args);
      if (!may(own.caller, need)) {
        throw new MemoryError(
          "refused",
          `Cannot run ${tool.name}: it needs the right "${need}" in space "${own.caller.scope.write}"`,
        );
      }
      const { output, ...others } = args;
      const isForm = typeof output === "string" && ["compact", "text", "json"].includes(output.trim().toLowerCase());
      const form = isForm ? output.trim().toLowerCase() : runtime.settings.tools?.output;
      const { values, ignored } = parseArguments(tool, isForm ? others : args);
      if (form === "compact" || form === "text") {
        const note = ignored.length > 0 ? `Ignored arguments: ${ignored.join(", ")}\n\n` : "";
        const compact = await tool.compact(own, values, agentId);
        return { content: [{ type: "text", text: await textWithKeys(own, (short) => note + compact(short)) }] };
      }
      const result = await tool.json(own, values, agentId);
      return {
        content: [{ type: "text", text: JSON.stringify(ignored.length > 0 ? { ...result, ignored } : result) }],
      };
    }
    default:
      throw new RpcError(CODE.methodNotFound, `Method not found: ${shown(method)}`);
  }
}

function isServed({ core }: RpcTool, profile: ToolProfile): boolean {
  return profile === "full" || core;
}

function listTools(tools: readonly RpcTool[], profile: ToolProfile): z.infer<typeof Tools> {
  return tools.filter((tool) => isServed(tool, profile))
    .map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
}

/** What a caller may call, with the argument `space` where it has a choice. */
function servedTools(tools: readonly RpcTool[], profile: ToolProfile, caller: Caller): z.infer<typeof Tools> {
  return [...withSpaces(listTools(tools, profile).filter(({ name }) => may(caller, leastNeedOfTool(name))), caller)];
}

/** An error as the client may see it; what only the operator can act on goes to the log. */
function toRpcError(
  error: unknown,
  method: string,
  settings: RouteSettings,
  id: string,
): { code: number; message: string } {
  if (error instanceof RpcError) return error;
  if (error instanceof InvalidRequest) {
    const faults = error.faults.map(({ loc, msg }) => `${loc.slice(1).join(".")}: ${msg}`);
    return { code: CODE.invalidParams, message: `Invalid params: ${faults.join("; ")}` };
  }
  if (error instanceof MemoryError && error.code !== "internal" && error.code !== "configuration") {
    return { code: CALLERS.has(error.code) ? CODE.invalidParams : CODE.internal, message: error.message };
  }
  settings.log?.error(`Request ${id} failed: ${method}: ${error instanceof Error ? error.stack : errorText(error)}`, {
    request: id,
  });
  return { code: CODE.internal, message: `Internal error; the log has it as request ${id}` };
}

function shown(text: string): string {
  return text.slice(0, 100).toWellFormed();
}
