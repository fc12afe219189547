/**
 * Answers at the edge of HTTP, before a message reaches a server object, and the reading of bodies.
 *
 * @module
 */

import type { Caller } from "../access/caller.ts";
import { type ErrorCode, MemoryError } from "../errors.ts";
import { InexactNumber } from "../memory/exact_json.ts";
import { BODY, parseLongJson } from "../memory/json_shape.ts";
import { TimeSlice } from "../yielding.ts";
import { withoutNulls } from "./messages.ts";

/** JSON-RPC's own error codes, and the one implementations use for everything else. */
export const RPC = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  other: -32000,
  sessionNotFound: -32001,
} as const;

/** JSON with or without parameters. The MCP package has the same test, which would load all of it before any client. */
const JSON_TYPE = /^\s*application\/json\s*(;|$)/i;

/** A JSON-RPC error that belongs to no request. */
export function rpcError(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status, headers });
}

/** The answer to a session id that doesn't exist, or no longer; a client starts a new session then. */
export function sessionNotFound(): Response {
  return rpcError(404, RPC.sessionNotFound, "Session not found");
}

/** The answer to another method than the path takes. */
export function methodNotAllowed(allow: string): Response {
  return rpcError(405, RPC.other, "Method not allowed", { Allow: allow });
}

/** The answer while the service stops, or when it has as many sessions as it may have. */
export function unavailable(message: string): Response {
  return rpcError(503, RPC.other, message, { "Retry-After": "5" });
}

/** Bytes of a message that opens a session, which keeps what a client says of itself for as long as it lasts. */
const MAX_INITIALIZE_BYTES = 64 * 1024;

function opens(body: unknown): boolean {
  return (Array.isArray(body) ? body : [body]).some((message) => message?.method === "initialize");
}

/** The refusal of a message whose sender, in the spaces where it works, may not do what it asks for; null where it may. */
export type Authorise = (body: unknown, caller: Caller) => Response | null;

/** Reads a body; throws `MemoryError`. */
export type ReadBody = (request: Request) => Promise<Uint8Array>;

/** The status of each code that reading a body throws. */
const BODY_STATUS: Partial<Record<ErrorCode, number>> = { too_large: 413, timed_out: 408, unavailable: 503 };

/** The JSON a request carries, or the answer that refuses it. */
export async function readJson(request: Request, read: ReadBody): Promise<{ body: unknown } | Response> {
  if (!JSON_TYPE.test(request.headers.get("content-type") ?? "")) {
    return rpcError(415, RPC.other, "Unsupported Media Type: Content-Type must be application/json");
  }
  let bytes: Uint8Array;
  try {
    bytes = await read(request);
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
    const status = BODY_STATUS[error.code];
    if (status === undefined) return rpcError(400, RPC.parse, `Parse error: ${error.message}`);
    if (status === 503) return rpcError(503, RPC.other, error.message, { "Retry-After": "1" });
    // What is still to come of the body isn't read.
    return rpcError(status, RPC.other, error.message, status === 408 ? { Connection: "close" } : {});
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes), timeSlice = new TimeSlice();
    const body = withoutNulls(await parseLongJson(text, BODY, () => timeSlice.yieldIfDue()));
    if (bytes.length <= MAX_INITIALIZE_BYTES || !opens(body)) return { body };
    const most = `Invalid params: initialize takes at most ${MAX_INITIALIZE_BYTES} bytes`;
    return rpcError(400, RPC.invalidParams, most);
  } catch (error) {
    if (error instanceof MemoryError) return rpcError(400, RPC.invalidParams, `Invalid params: ${error.message}`);
    if (error instanceof InexactNumber) return rpcError(400, RPC.invalidParams, `Invalid params: ${error.message}`);
    return rpcError(400, RPC.parse, "Parse error: the body is not JSON in UTF-8");
  }
}
