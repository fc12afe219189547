/**
 * Reading requests: a JSON body up to the size limit, and query parameters in their JSON types.
 *
 * @module
 */

import type { BodyReader } from "../access/body.ts";
import { isFromBrowser } from "../access/cors.ts";
import { MemoryError } from "../errors.ts";
import { InexactNumber } from "../memory/exact_json.ts";
import { BODY, parseLongJson } from "../memory/json_shape.ts";
import { TimeSlice } from "../yielding.ts";
import { InvalidRequest } from "./validation.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A body that isn't plain JSON by its own account. */
export class WrongContentType extends Error {
  override readonly name = "WrongContentType";
}

/**
 * Checks the type of a body. A missing one passes, but not from a web page: pages can send bodies without a type to any
 * origin, and the browser doesn't ask that one first.
 *
 * @param allowed Matches the types that are read.
 * @param send What to send, for the message.
 * @throws {WrongContentType}
 */
export function checkType(request: Request, allowed: RegExp, send: string): void {
  const type = request.headers.get("content-type");
  if (type === null && isFromBrowser(request)) {
    throw new WrongContentType(`Cannot read a body without a type from a web page: send ${send}`);
  }
  if (type !== null && !allowed.test(type)) {
    throw new WrongContentType(`Cannot read a body of type "${type.slice(0, 100)}": send ${send}`);
  }
}

/**
 * The request's body as JSON. A missing Content-Type counts as JSON, except from web pages.
 *
 * @throws {WrongContentType} when `Content-Type` names something else.
 * @throws {InvalidRequest} when it isn't JSON in UTF-8.
 * @throws {MemoryError} as `Bodies.read`.
 */
export async function readJson(
  request: Request,
  { bodies, maxBodyBytes }: { bodies: BodyReader; maxBodyBytes: number },
): Promise<unknown> {
  checkType(request, /^application\/([\w.+-]+\+)?json\s*(;|$)/i, "application/json");
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    throw new WrongContentType(`Cannot read a body in "${encoding.slice(0, 100)}": send it without Content-Encoding`);
  }
  const bytes = await bodies.read(request, maxBodyBytes);
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw notJson(0, "The body is not UTF-8");
  }
  try {
    const timeSlice = new TimeSlice();
    return await parseLongJson(text, BODY, () => timeSlice.yieldIfDue());
  } catch (error) {
    if (error instanceof MemoryError) throw oversized(error);
    if (error instanceof InexactNumber) throw inexact(error);
    const message = error instanceof Error ? error.message : "";
    const ended = text.trim() === "" || message.startsWith("Unexpected end");
    throw notJson(ended ? text.length : Number(/ at position (\d+)/.exec(message)?.[1] ?? 0), jsonFault(text, message));
  }
}

function inexact({ key, message }: InexactNumber): InvalidRequest {
  return new InvalidRequest([
    { type: "int_inexact", loc: ["body", key], msg: `Value error, ${message}`, input: {}, ctx: { error: message } },
  ]);
}

/** A body that is too much to parse. */
function oversized({ field, message }: MemoryError): InvalidRequest {
  const loc = field === undefined ? ["body"] : ["body", ...field.split(".")];
  return new InvalidRequest([
    { type: "value_error", loc, msg: `Value error, ${message}`, input: {}, ctx: { error: message } },
  ]);
}

function notJson(position: number, error: string): InvalidRequest {
  return new InvalidRequest([
    { type: "json_invalid", loc: ["body", position], msg: "JSON decode error", input: {}, ctx: { error } },
  ]);
}

/** What the parser says, without the part where it quotes the body. */
function jsonFault(text: string, message: string): string {
  if (text.trim() === "") return "The body is empty";
  if (message.startsWith("Unexpected token")) return "Unexpected character";
  return message.replace(/ at position[^]*$/, "").slice(0, 100);
}

/** How a query parameter's text becomes a value; `names` splits at commas, `list` only collects repeats. */
export type QueryKind = "text" | "number" | "boolean" | "names" | "list";

/**
 * The query parameters that `kinds` names. Texts that don't fit their kind stay texts, so that the schema reports them.
 *
 * @returns the converted values, and the texts as sent for error messages.
 */
export function readQuery(
  request: Request,
  kinds: Record<string, QueryKind>,
): { values: Record<string, unknown>; raw: Record<string, unknown> } {
  const values: Record<string, unknown> = {}, raw: Record<string, unknown> = {};
  const start = request.url.indexOf("?");
  if (start < 0) return { values, raw };
  const query = new URLSearchParams(request.url.slice(start + 1));
  for (const name of new Set(query.keys())) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) continue;
    const texts = query.getAll(name);
    const last = texts.at(-1)!;
    if (kind === "list") values[name] = raw[name] = texts;
    else if (kind === "names") values[name] = raw[name] = texts.flatMap((text) => text.split(","));
    else [values[name], raw[name]] = [convert(last, kind), last];
  }
  return { values, raw };
}

function convert(text: string, kind: "text" | "number" | "boolean"): unknown {
  if (kind === "number" && /^\s*[+-]?\d+(\.\d+)?\s*$/.test(text)) return Number(text);
  if (kind === "boolean" && /^(true|1|yes|on|false|0|no|off)$/i.test(text)) return /^(true|1|yes|on)$/i.test(text);
  return text;
}
