/**
 * Answers at the edge of HTTP, before a message reaches a server object, and the reading of bodies.
 *
 * @module
 */

import { readBody } from "../access/body.ts";
import { MemoryError } from "../errors.ts";

/** JSON-RPC's own error codes, and the one implementations use for everything else. */
export const RPC = { parse: -32700, invalidRequest: -32600, other: -32000, sessionNotFound: -32001 } as const;

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

/** The answer to a session id nobody has, or has any more; a client starts a new session then. */
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

/** The JSON a request carries, or the answer that refuses it. */
export async function readJson(request: Request, maxBytes: number): Promise<{ body: unknown } | Response> {
  if (!JSON_TYPE.test(request.headers.get("content-type") ?? "")) {
    return rpcError(415, RPC.other, "Unsupported Media Type: Content-Type must be application/json");
  }
  let bytes: Uint8Array;
  try {
    bytes = await readBody(request, maxBytes);
  } catch (error) {
    if (error instanceof MemoryError) return rpcError(413, RPC.other, error.message);
    return rpcError(400, RPC.parse, "Parse error: the body could not be read");
  }
  try {
    return { body: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    return rpcError(400, RPC.parse, "Parse error: the body is not JSON in UTF-8");
  }
}
