/**
 * Errors of the REST API as the errors that operations throw, so that a command ends alike wherever it ran.
 *
 * @module
 */

import { type ErrorCode, MemoryError } from "../errors.ts";

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: "refused",
  401: "configuration",
  403: "refused",
  404: "not_found",
  405: "unsupported",
  408: "timed_out",
  409: "conflict",
  413: "too_large",
  415: "invalid_input",
  422: "invalid_input",
  429: "overloaded",
  501: "unsupported",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
  507: "full",
};

/** Characters of an answer that isn't the API's, for a message. */
const SHOWN = 200;

interface Fault {
  type?: string;
  loc?: (string | number)[];
  msg?: string;
  input?: unknown;
}

/** Where an answer came from, for its message. */
export interface Asked {
  /** Address of the service; null for the store of this process. */
  url: string | null;
  /** The memory that was asked for, where it was one. */
  contentHash?: unknown;
  /** The option behind each field. */
  options: Readonly<Record<string, string>>;
}

/** The error in an answer that isn't a success. */
export async function errorOf(response: Response, asked: Asked): Promise<MemoryError> {
  const text = await response.text(), { status } = response, code = CODES[status] ?? "internal";
  const detail = detailIn(text);
  const retry = Number(response.headers.get("retry-after"));
  const more = retry > 0 ? { retryAfterSeconds: retry } : {};
  if (status === 401) return unauthorized(asked.url ?? "");
  if (Array.isArray(detail)) return faultError(code, detail, asked.options);
  const [missing, named] = /^Memory (?:with hash (\w+) )?not found$/i.exec(String(detail)) ?? [];
  if (status === 404 && missing !== undefined) {
    const value = named ?? asked.contentHash;
    return new MemoryError("not_found", `Cannot find memory ${value}: nothing is stored under this id`, {
      field: "content_hash",
      value,
    });
  }
  if (typeof detail === "object" && detail !== null && "error_description" in detail) {
    return new MemoryError(code, `Cannot do this: ${detail.error_description}`, more);
  }
  if (typeof detail === "string" && (status !== 404 && status !== 405 || /^Cannot /.test(detail))) {
    return new MemoryError(code, inOptions(detail, asked.options), more);
  }
  // A 404 without a reason of ours: a path that an older service doesn't have, or no Unimem at all.
  const said = typeof detail === "string" ? detail : text.replace(/\s+/g, " ").slice(0, SHOWN);
  return new MemoryError(
    code === "not_found" ? "unsupported" : code,
    `Cannot use ${asked.url ?? "the store"}: it answered ${status} ${said}; is it a Unimem of this version?`,
    more,
  );
}

/** A message with options in place of fields, which an underscore distinguishes from other words. */
function inOptions(message: string, options: Asked["options"]): string {
  return message.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => Object.hasOwn(options, name) ? options[name]! : name);
}

function unauthorized(url: string): MemoryError {
  return new MemoryError(
    "configuration",
    `Cannot use ${url}: it needs a key, and the one it got is missing or wrong; ` +
      `set UNIMEM_API_KEY, or run unimem login ${url}`,
  );
}

function detailIn(text: string): unknown {
  try {
    return JSON.parse(text)?.detail;
  } catch {
    return undefined;
  }
}

/** The first fault: a command has few options, and the next try reports the next one. */
function faultError(code: ErrorCode, [fault]: Fault[], options: Asked["options"]): MemoryError {
  const steps = (fault?.loc ?? []).slice(1), name = String(steps[0] ?? "");
  const field = options[steps.join(".")] ?? options[name] ?? (steps.join(".") || "input"),
    msg = fault?.msg ?? "it is refused";
  const message = /^Cannot /.test(msg)
    ? msg
    : `Cannot use ${field}: ${msg.replace(/^Value error, /, "").replace(/^[A-Z](?=[a-z])/, (c) => c.toLowerCase())}`;
  return new MemoryError(code, message, { field, value: fault?.input });
}
