/**
 * Turns every error into an answer, in one place. Expected errors tell what to do; an unexpected one tells only an id
 * under which the log has the rest.
 *
 * @module
 */

import { STOP_SECONDS } from "../access/body.ts";
import { refuse } from "../access/refusal.ts";
import { type ErrorCode, MemoryError } from "../errors.ts";
import type { Logger } from "../operations/logger.ts";
import type { Requests } from "../telemetry/requests.ts";
import { WrongContentType } from "./request.ts";
import { InvalidRequest, shorten, type Source } from "./validation.ts";

/** The status each error code is answered with. */
const STATUS: Record<ErrorCode, number> = {
  invalid_input: 422,
  refused: 400,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  timed_out: 408,
  overloaded: 429,
  unavailable: 503,
  full: 507,
  unsupported: 501,
  configuration: 500,
  internal: 500,
};

/** Translates whatever a route threw. */
export function answerError(
  error: unknown,
  request: Request,
  { log, requests, stopping }: { log: Pick<Logger, "error">; requests: Requests; stopping: boolean },
): Response {
  if (error instanceof InvalidRequest) return refuse(422, error.faults);
  if (error instanceof WrongContentType) return refuse(415, error.message);
  const status = error instanceof MemoryError ? STATUS[error.code] : 500;
  if (!(error instanceof MemoryError) || status === 500) {
    if (!stopping) return answerFault(error, request, log, requests.id);
    // Parts that are closed already fail in ways of their own.
    log.error(`Request ${requests.id} was cut by the stop: ${describe(error)}`, { request: requests.id });
    return refuse(503, "Cannot finish the request: the service is stopping; send it again", {
      "Retry-After": String(STOP_SECONDS),
    });
  }
  if (error.code === "not_found" && error.field === "content_hash") return refuse(404, missingMemory(error, request));

  const headers: Record<string, string> = {};
  // What is still to come of the body isn't read.
  if (status === 408) headers.Connection = "close";
  if (status === 429 || status === 503) headers["Retry-After"] = String(Math.ceil(error.retryAfterSeconds ?? 1));
  // A 422 lists its faults even when they are about the request as a whole, as the document promises.
  const field = error.field === "body" ? undefined : error.field;
  if (status === 422 || (status === 413 && field !== undefined)) {
    const source: Source = request.method === "GET" ? "query" : "body";
    const path = field?.split(".").map((step) => /^\d+$/.test(step) ? Number(step) : step) ?? [];
    const type = status === 413 ? "string_too_long" : "value_error";
    return refuse(status, [{ type, loc: [source, ...path], msg: error.message, input: shorten(error.value) }], headers);
  }
  return refuse(status, error.message, headers);
}

/** The texts existing clients may match on. */
function missingMemory(error: MemoryError, request: Request): string {
  return request.method === "GET" ? "Memory not found" : `Memory with hash ${String(error.value)} not found`;
}

function answerFault(error: unknown, request: Request, log: Pick<Logger, "error">, id: string): Response {
  const path = new URL(request.url).pathname;
  log.error(`Request ${id} failed: ${request.method} ${path}: ${describe(error)}`, { request: id });
  return refuse(500, `Internal Server Error; the log has it as request ${id}`);
}

/** The error with its stack and what led to it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.stack ?? error.message;
  return error.cause === undefined ? text : `${text}\nCaused by: ${describe(error.cause)}`;
}
