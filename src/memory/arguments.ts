/**
 * Reading a tool's arguments: lenient about how models and clients write them, exact about what they mean, and clear
 * about what is wrong.
 *
 * @module
 */

import type { z } from "zod";
import { MemoryError } from "../errors.ts";
import { InexactNumber } from "./exact_json.ts";
import { unknownNames } from "./field_names.ts";
import { booleanIn, isNullWord, listIn, numberIn, structureIn } from "./loose_values.ts";

/** A JSON Schema object, as far as it is read here. */
export interface ArgumentSchema {
  type?: string | string[];
  enum?: unknown;
  items?: ArgumentSchema;
}

/** A tool as far as its arguments go. */
export interface ArgumentSpec {
  name: string;
  input: z.ZodObject;
  /** JSON Schema of each argument as it is advertised. */
  properties: Readonly<Record<string, ArgumentSchema>>;
  /** Older and other names of arguments. */
  aliases?: Readonly<Record<string, string>>;
  /** Whether a name that isn't known is refused whatever it is; for tools that delete or merge. */
  strict?: boolean;
}

/** Arguments as a tool takes them, and names that were given and mean nothing to it. */
export interface ReadArguments {
  values: Record<string, unknown>;
  ignored: string[];
}

/** Ids. One in a hundred short ones has digits alone, which models send as a number. */
const KEYS = new Set(["id", "content_hash", "target_hash", "canonical_hash", "old_id", "new_id"]);
/** Texts in which the word `null` can only mean that there is none. */
const NEVER_NULL = new Set([
  ...["memory_type", "tag", "min_relevance", "created_after", "created_before", "valid_until"],
  ...KEYS,
]);

/**
 * The arguments, checked and with defaults filled in.
 *
 * @throws {MemoryError} `invalid_input` naming every argument that is wrong.
 */
export function parseArguments(spec: ArgumentSpec, args: Readonly<Record<string, unknown>>): ReadArguments {
  const { name: tool, input, properties, aliases = {} } = spec, names = Object.keys(properties);
  // Null means that nothing is given, also under a name that isn't known.
  const present = Object.keys(args).filter((name) => args[name] !== null);
  const { ignored, mistaken } = unknownNames(present, { names, aliases, strict: spec.strict ?? false });
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(args)) {
    const meant = Object.hasOwn(properties, name) ? name : Object.hasOwn(aliases, name) ? aliases[name] : undefined;
    if (meant === undefined) continue;
    // Where both names are given, the argument's own counts.
    if (meant !== name && args[meant] != null) ignored.push(name);
    else {
      const read = readExactly(tool, value, meant, properties[meant]);
      if (read !== undefined) given[meant] = read;
    }
  }
  const parsed = input.safeParse(given, { reportInput: true });
  if (parsed.success && mistaken.length === 0) return { values: parsed.data, ignored };
  const problems = [
    ...mistaken.map((mistake) => misnamed(mistake, names)),
    ...parsed.error?.issues.map((issue) => explain(issue)) ?? [],
  ];
  throw new MemoryError("invalid_input", `Cannot run ${tool}: ${problems.join("; ")}`, {
    field: mistaken[0]?.name ?? parsed.error!.issues[0]!.path.join("."),
  });
}

/** @throws {MemoryError} `invalid_input` for a number in a text that would change. */
function readExactly(tool: string, value: unknown, field: string, schema: ArgumentSchema | undefined): unknown {
  try {
    return readValue(value, field, schema);
  } catch (cause) {
    if (!(cause instanceof InexactNumber)) throw cause;
    throw new MemoryError("invalid_input", `Cannot run ${tool}: ${field}: ${cause.message}`, { field, cause });
  }
}

/** The value as it is meant; undefined where it means that nothing is given. */
function readValue(value: unknown, name: string, schema: ArgumentSchema | undefined): unknown {
  // Clients that fill in every argument send null for "not given".
  if (value === null) return undefined;
  const wordsOf = (items: unknown[]) => {
    const kept = items.filter((item) => item !== null);
    return schema?.items?.type === "string" ? kept.map(asWord) : kept;
  };
  if (Array.isArray(value)) return wordsOf(value);
  if (KEYS.has(name) && Number.isSafeInteger(value)) return String(value);
  if (typeof value !== "string") return value;
  const type = schema?.type, isWord = type === "string" && schema?.enum === undefined && !NEVER_NULL.has(name);
  if (!isWord && isNullWord(value)) return undefined;
  switch (type) {
    case "integer":
    case "number":
      return numberIn(value) ?? value;
    case "boolean":
      return booleanIn(value) ?? value;
    case "array":
      return wordsOf(listIn(value));
    case "object":
      return structureIn(value) ?? value;
    default:
      return Array.isArray(schema?.enum) ? wordAmong(schema.enum, value) : value;
  }
}

/** A number or a truth value in a list of texts as the text that it is written as. */
function asWord(item: unknown): unknown {
  return typeof item === "number" || typeof item === "boolean" ? String(item) : item;
}

/** The one of the words that a text is, case, `-` and blanks aside; the text itself where it is none of them. */
function wordAmong(words: readonly unknown[], text: string): unknown {
  const bare = (word: string) => word.trim().toLowerCase().replaceAll(/[\s-]/g, "_");
  return words.find((word) => typeof word === "string" && bare(word) === bare(text)) ?? text;
}

function misnamed({ name, meant }: { name: string; meant: string | null }, names: readonly string[]): string {
  const takes = names.length > 0 ? `the arguments are ${names.join(", ")}` : "there are no arguments";
  return `${shown(name)} is not an argument; ${meant === null ? takes : `use ${meant}`}`;
}

/** An issue as an agent can act on it: which argument, what it must be, what it was. */
function explain(issue: z.core.$ZodIssue): string {
  const path = issue.path.join(".") || "the arguments";
  if (issue.input === undefined && issue.code === "invalid_type") return `${path} is required`;
  return `${path} ${requirement(issue)}, got ${shown(issue.input)}`;
}

function requirement(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `must ${sized(issue.origin)} at least ${issue.minimum}${unit(issue.origin)}`;
    case "too_big":
      return `must ${sized(issue.origin)} at most ${issue.maximum}${unit(issue.origin)}`;
    case "invalid_value":
      return `must be one of ${issue.values.join(", ")}`;
    default:
      return issue.message;
  }
}

const KINDS: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};
const UNITS: Record<string, string> = { string: " characters", array: " items" };
const unit = (origin: string) => UNITS[origin] ?? "";
const sized = (origin: string) => origin in UNITS ? "have" : "be";

/** A value as JSON, cut where it gets long. */
function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 80 ? `${json.slice(0, 80).toWellFormed()}…` : json;
}
