/**
 * What was wrong with a request, in the shape existing clients know: one entry per fault, as FastAPI and pydantic
 * write them.
 *
 * @module
 */

import { z } from "zod";
import { MAX_UNKNOWN_NAMES, type UnknownNames, unknownNames } from "../memory/field_names.ts";

/** Where an input came from. */
export type Source = "body" | "query" | "path";

/** One fault of a request. */
export const InputFault = z.object({
  type: z.string().describe("Kind of fault, such as missing, string_type or greater_than_equal."),
  loc: z.array(z.union([z.string(), z.int()])).describe("Where it is: body, query or path, then the field's path."),
  msg: z.string().describe("The fault in words."),
  input: z.unknown().describe("The value sent, shortened; for a missing field what surrounds it."),
  ctx: z.record(z.string(), z.unknown()).optional().describe("The limit that was broken, where there is one."),
});
export type InputFault = z.infer<typeof InputFault>;

/** A request refused before any operation ran. */
export class InvalidRequest extends Error {
  override readonly name = "InvalidRequest";
  constructor(readonly faults: InputFault[]) {
    super("Cannot accept the request");
  }
}

/** Most faults one answer lists. */
const MAX_FAULTS = 20;
/** Longest text, list and object shown of a value. */
const SHOWN = { text: 200, items: 10, depth: 3 };

/**
 * Checks a value against a schema.
 *
 * @param raw The value as the client sent it, when `value` was converted from it.
 * @throws {InvalidRequest} naming every fault.
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown, source: Source, raw = value): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new InvalidRequest(
    result.error.issues.slice(0, MAX_FAULTS).map((issue) => faultOf(issue, source, value, raw)),
  );
}

/**
 * Names in a body that its schema lacks, as paths such as `tgas` or `memories.tgas`.
 *
 * @param strict Whether each of them is a fault, for requests that delete or merge.
 * @throws {InvalidRequest} for names that are near to known ones which weren't given.
 */
export function ignoredNames(schema: z.ZodType, value: unknown, strict: boolean): string[] {
  const ignored = new Set<string>(), faults: InputFault[] = [];
  collectNames(schema, value, strict, [], { ignored, faults, left: MAX_UNKNOWN_NAMES, known: new Map() });
  if (faults.length > 0) throw new InvalidRequest(faults.slice(0, MAX_FAULTS));
  return [...ignored];
}

const NONE_UNKNOWN: UnknownNames = { ignored: [], mistaken: [] };

/** What is found in a body. */
interface Names {
  ignored: Set<string>;
  faults: InputFault[];
  /** Unknown names that may still be compared with known ones; those of items with the same names count once. */
  left: number;
  /** What was found for the names of an item. */
  known: Map<string, UnknownNames>;
}

function collectNames(
  schema: z.ZodType,
  value: unknown,
  strict: boolean,
  path: (string | number)[],
  found: Names,
): void {
  if (!(schema instanceof z.ZodObject) || typeof value !== "object" || value === null || Array.isArray(value)) return;
  const { known: shape, lists } = fieldsOf(schema), fields = value as Record<string, unknown>;
  const { ignored, faults, known } = found, names = path.filter((step) => typeof step === "string");
  const given = Object.keys(fields), others = given.filter((name) => !shape.has(name));
  const key = others.length === 0 ? "" : JSON.stringify([names, given]);
  let unknown = others.length === 0 ? NONE_UNKNOWN : known.get(key);
  if (unknown === undefined) {
    found.left -= others.length;
    // Comparing ever more names takes time, and no client means them all.
    unknown = found.left < 0
      ? { ignored: [], mistaken: others.slice(0, MAX_FAULTS).map((name) => ({ name, meant: null })) }
      : unknownNames(given, { names: [...shape], strict });
    known.set(key, unknown);
  }
  for (const name of unknown.ignored) ignored.add([...names, name].join(".").slice(0, SHOWN.text).toWellFormed());
  for (const { name, meant } of unknown.mistaken) {
    const msg = meant === null ? "Field is not known" : `Field is not known; use ${meant}`;
    const loc = ["body", ...path, name.slice(0, SHOWN.text).toWellFormed()];
    faults.push({ type: "extra_forbidden", loc, msg, input: shorten(fields[name]) });
  }
  for (const [name, element] of lists) {
    const list = fields[name];
    if (!Array.isArray(list)) continue;
    list.forEach((item, index) => collectNames(element, item, strict, [...path, name, index], found));
  }
}

/** A schema's fields, and those of them that hold lists of objects. */
interface SchemaFields {
  known: ReadonlySet<string>;
  lists: [name: string, element: z.ZodType][];
}
/** Looked up once, for every request asks. */
const schemaFields = new WeakMap<z.ZodObject, SchemaFields>();

function fieldsOf(schema: z.ZodObject): SchemaFields {
  const found = schemaFields.get(schema);
  if (found !== undefined) return found;
  const entries = Object.entries(schema.shape as Record<string, z.ZodType>);
  const lists = entries.flatMap(([name, inner]): [string, z.ZodType][] =>
    inner instanceof z.ZodArray && inner.element instanceof z.ZodObject ? [[name, inner.element]] : []
  );
  const fields = { known: new Set(entries.map(([name]) => name)), lists };
  schemaFields.set(schema, fields);
  return fields;
}

/** Shortens a value to what an error message can show. */
export function shorten(value: unknown, depth = 0): unknown {
  if (typeof value === "string") {
    return (value.length > SHOWN.text ? `${value.slice(0, SHOWN.text)}…` : value).toWellFormed();
  }
  if (typeof value !== "object" || value === null) return value ?? null;
  if (depth >= SHOWN.depth) return "…";
  if (Array.isArray(value)) return value.slice(0, SHOWN.items).map((item) => shorten(item, depth + 1));
  const shown: [unknown, unknown][] = [];
  // Not by entries: an object of a whole body may have hundreds of thousands.
  for (const key in value) {
    if (shown.length === SHOWN.items) break;
    if (Object.hasOwn(value, key)) shown.push([shorten(key), shorten(value[key as keyof typeof value], depth + 1)]);
  }
  return Object.fromEntries(shown);
}

type Issue = z.core.$ZodIssue;
type Words = Pick<InputFault, "type" | "msg"> & { ctx?: Record<string, unknown> };

function faultOf(issue: Issue, source: Source, value: unknown, raw: unknown): InputFault {
  const path = issue.path.map((step) => typeof step === "symbol" ? String(step) : step);
  const found = at(value, path);
  const missing = found === undefined && path.length > 0;
  const { type, msg, ctx } = missing ? { type: "missing", msg: "Field required" } : wordsOf(issue, source);
  return {
    type,
    loc: [source, ...path.map((step) => typeof step === "string" ? step.slice(0, SHOWN.text).toWellFormed() : step)],
    msg,
    input: shorten(missing ? at(value, path.slice(0, -1)) : at(raw, path)),
    ...(ctx === undefined ? {} : { ctx }),
  };
}

/** The value under a path. */
function at(value: unknown, path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, step) => typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[step] : undefined,
    value,
  );
}

function wordsOf(issue: Issue, source: Source): Words {
  switch (issue.code) {
    case "invalid_type":
      return typeWords(issue.expected, source);
    case "too_small":
      return limitWords(issue.origin, Number(issue.minimum), "at least");
    case "too_big":
      return limitWords(issue.origin, Number(issue.maximum), "at most");
    case "invalid_value": {
      const expected = issue.values.map((value) => `'${String(value)}'`).join(", ").replace(/, ([^,]*)$/, " or $1");
      return { type: "literal_error", msg: `Input should be ${expected}`, ctx: { expected } };
    }
    case "invalid_union":
      return { type: "value_error", msg: `Input should be a valid ${unionText(issue.errors)}` };
    default:
      return { type: "value_error", msg: `Value error, ${issue.message}`, ctx: { error: issue.message } };
  }
}

/** The types a union takes, such as "number or string". */
function unionText(errors: Issue[][]): string {
  const expected = errors.map(([first]) => first?.code === "invalid_type" ? first.expected : "value");
  return [...new Set(expected.map((name) => TYPES[name]?.[1] ?? name))].join(" or ");
}

/** Type faults by what was expected: pydantic's word for the type, and the text. */
const TYPES: Record<string, [type: string, text: string]> = {
  string: ["string", "string"],
  number: ["float", "number"],
  int: ["int", "integer"],
  boolean: ["bool", "boolean"],
  array: ["list", "list"],
  object: ["dict", "dictionary"],
  record: ["dict", "dictionary"],
};

function typeWords(expected: string, source: Source): Words {
  const [type, text] = TYPES[expected] ?? [expected, expected];
  // In a query everything is text that has to be parsed.
  if (source === "query" && ["int", "float", "bool"].includes(type)) {
    return { type: `${type}_parsing`, msg: `Input should be a valid ${text}, unable to parse string as ${text}` };
  }
  return { type: `${type}_type`, msg: `Input should be a valid ${text}` };
}

function limitWords(origin: string, limit: number, bound: "at least" | "at most"): Words {
  const least = bound === "at least";
  if (origin === "string") {
    const msg = `String should have ${bound} ${count(limit, "character")}`;
    return least
      ? { type: "string_too_short", msg, ctx: { min_length: limit } }
      : { type: "string_too_long", msg, ctx: { max_length: limit } };
  }
  if (origin === "array") {
    const msg = `List should have ${bound} ${count(limit, "item")}`;
    return least
      ? { type: "too_short", msg, ctx: { min_length: limit } }
      : { type: "too_long", msg, ctx: { max_length: limit } };
  }
  return least
    ? { type: "greater_than_equal", msg: `Input should be greater than or equal to ${limit}`, ctx: { ge: limit } }
    : { type: "less_than_equal", msg: `Input should be less than or equal to ${limit}`, ctx: { le: limit } };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
