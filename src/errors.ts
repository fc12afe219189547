/**
 * The one error type that crosses module boundaries. It carries a code and the facts an answer needs; each surface
 * (REST, MCP, command line) translates codes to its own words once.
 *
 * @module
 */

/** What went wrong, in terms of memories and their stores. */
export type ErrorCode =
  /** The caller's input can't be accepted; `field` and `value` say which. */
  | "invalid_input"
  /**
   * The input can be read, but what it asks for must not run as it is: no scope to delete within, a confirmation that
   * doesn't match.
   */
  | "refused"
  /** Nothing exists under the given key. Never used for an outage. */
  | "not_found"
  /** The request contradicts what is stored, e.g. a model's dimensions. */
  | "conflict"
  /** The input is larger than a limit. */
  | "too_large"
  /** The caller didn't send what it announced within the time there is. */
  | "timed_out"
  /** The caller sends more than can be queued; try again later. */
  | "overloaded"
  /** A part the operation needs (store, model, remote server) can't be reached now. */
  | "unavailable"
  /** The store has no room left; nothing of the change was stored. Somebody must free space. */
  | "full"
  /** The store or the build can't do this at all. */
  | "unsupported"
  /** The settings or the environment are wrong; the process can't start or go on. */
  | "configuration"
  /** A fault in Unimem itself. Its text is for the log, never for a client. */
  | "internal";

/** Facts that go with an error. */
export interface ErrorDetails {
  /** Name of the offending input field, as the caller spells it, e.g. `content` or `tags.0`. */
  field?: string;
  /** The offending value, shortened where it is shown. */
  value?: unknown;
  /** Seconds after which trying again makes sense (`overloaded`, `unavailable`). */
  retryAfterSeconds?: number;
  /** The error that led to this one. */
  cause?: unknown;
}

/** An expected failure of an operation. Messages are capitalised, name the action and the value, and have no final period. */
export class MemoryError extends Error {
  override readonly name = "MemoryError";
  readonly code: ErrorCode;
  readonly field?: string;
  readonly value?: unknown;
  readonly retryAfterSeconds?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.field !== undefined) this.field = details.field;
    if ("value" in details) this.value = details.value;
    if (details.retryAfterSeconds !== undefined) this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** The text of any thrown value, for logs and causes. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // Deno's advice to give all rights: which ones there are is the program's to choose.
  const advice = text.indexOf(", run again with the --allow-");
  return advice === -1 ? text : text.slice(0, advice);
}
