/**
 * Reading a tool's arguments: lenient about how models write values, exact about what they mean, and clear about what
 * is wrong.
 *
 * @module
 */

import type { z } from "zod";
import { MemoryError } from "../../errors.ts";
import type { CallableTool } from "./table.ts";
import type { JsonSchema } from "./tool.ts";

/**
 * The arguments, checked and with defaults filled in.
 *
 * @throws {MemoryError} `invalid_input` naming every argument that is wrong.
 */
export function parseArguments(
  { tool, properties }: CallableTool,
  args: Record<string, unknown>,
): Record<string, unknown> {
  // Clients that fill in every parameter send null for "not given".
  const given = Object.fromEntries(
    Object.entries(args).filter(([, value]) => value !== null)
      .map(([name, value]) => [name, typeof value === "string" ? coerce(value, properties[name]) : value]),
  );
  const parsed = tool.input.safeParse(given, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => explain(issue, Object.keys(properties)));
  throw new MemoryError("invalid_input", `Cannot run ${tool.name}: ${problems.join("; ")}`, {
    field: parsed.error.issues[0]!.path.join("."),
  });
}

/** Reads `"5"`, `"true"` and `"{…}"` as what they stand for where the tool wants a number, a boolean or an object. */
function coerce(value: string, schema: JsonSchema | undefined): unknown {
  switch (schema?.type) {
    case "integer":
    case "number":
      return /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
    case "boolean":
      return value === "true" ? true : value === "false" ? false : value;
    case "object":
      try {
        return JSON.parse(value);
      } catch {
        return value;
      }
    default:
      return value;
  }
}

/** An issue as an agent can act on it: which argument, what it must be, what it was. */
function explain(issue: z.core.$ZodIssue, names: string[]): string {
  if (issue.code === "unrecognized_keys") {
    const takes = names.length > 0 ? `the arguments are ${names.join(", ")}` : "there are no arguments";
    return `${issue.keys.map((key) => shown(key)).join(" and ")} is not an argument; ${takes}`;
  }
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
