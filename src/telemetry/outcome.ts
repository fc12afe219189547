/**
 * How a request or a call ended, in the few words that every surface and part uses.
 *
 * @module
 */

import { type ErrorCode, MemoryError } from "../errors.ts";

/**
 * `client_error`: the caller can put it right; `refused`: without the right key, host or origin; `overloaded` and
 * `unavailable`: later it may work; `fault`: of the service.
 */
export type Outcome = "ok" | "client_error" | "refused" | "overloaded" | "unavailable" | "fault";

const BY_CODE: Record<ErrorCode, Outcome> = {
  invalid_input: "client_error",
  refused: "client_error",
  not_found: "client_error",
  conflict: "client_error",
  too_large: "client_error",
  unsupported: "client_error",
  timed_out: "client_error",
  full: "unavailable",
  overloaded: "overloaded",
  unavailable: "unavailable",
  configuration: "fault",
  internal: "fault",
};

/** The outcome of what threw this. */
export function outcomeOf(error: unknown): Outcome {
  return error instanceof MemoryError ? BY_CODE[error.code] : "fault";
}

/** The outcome behind an HTTP status. */
export function outcomeOfStatus(status: number): Outcome {
  if (status < 400) return "ok";
  if (status === 401 || status === 403) return "refused";
  if (status === 429) return "overloaded";
  if (status === 503 || status === 507) return "unavailable";
  return status < 500 || status === 501 ? "client_error" : "fault";
}
