/**
 * JSON Schemas in words and tables.
 *
 * @module
 */

/** A schema, as far as the pages read it. */
export interface Schema {
  [keyword: string]: unknown;
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  default?: unknown;
  description?: string;
}

/** Levels of objects inside objects that a table opens. */
const DEPTH = 3;
/** Limits that are only those of the number's format. */
const NO_LIMITS = new Set<unknown>([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);

/** A text in a table's cell. */
export function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** A table; nothing without rows. */
export function table(head: string[], rows: string[][]): string {
  if (rows.length === 0) return "";
  const line = (cells: string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

/** Fields of an object, those of objects inside it under their path, such as `results[].memory`. */
export function fields(schema: Schema, prefix = "", depth = 0): string[][] {
  const parts = schema.allOf ?? [schema];
  return parts.flatMap((part) =>
    Object.entries(part.properties ?? {}).flatMap(([name, field]) => {
      const path = `${prefix}${name}`, [inner, step] = insideOf(field);
      const must = (part.required ?? []).includes(name) ? "yes" : "";
      const row = [`\`${path}\``, takes(field), must, meaning(field)];
      return depth + 1 < DEPTH && inner.properties ? [row, ...fields(inner, `${path}${step}.`, depth + 1)] : [row];
    })
  );
}

/** The object in a field or in its list. */
function insideOf(field: Schema): [schema: Schema, step: string] {
  const open = field.anyOf?.find((option) => option.type !== "null") ?? field;
  return open.items === undefined ? [open, ""] : [open.items, "[]"];
}

/** What a field means, and what it is when it is left out. */
export function meaning({ description = "", default: fallback }: Schema): string {
  const isEmpty = fallback === undefined || fallback === null ||
    (typeof fallback === "object" && Object.keys(fallback).length === 0);
  return isEmpty ? description : `${description} Default: \`${JSON.stringify(fallback)}\`.`.trim();
}

/** The values a schema takes, in words. */
export function takes(schema: Schema): string {
  if (schema.$ref !== undefined) return shapeLink(schema.$ref);
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined) return [...new Set(options.map(takes))].join(" or ");
  if (schema.allOf !== undefined) return [...new Set(schema.allOf.map(takes))].join(" with ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => takes({ ...schema, type })).join(" or ");
  switch (schema.type) {
    case "string":
      return `text${limits(schema.minLength || undefined, schema.maxLength, " characters")}`;
    case "integer":
    case "number":
      return `${schema.type}${limits(schema.minimum, schema.maximum)}`;
    case "array":
      return `list of ${takes(schema.items ?? {})}${limits(undefined, schema.maxItems, " items")}`;
    case "object":
      return "object";
    default:
      return schema.type ?? "anything";
  }
}

/** A link to the section of a named shape. */
export function shapeLink(ref: string): string {
  const name = ref.slice(ref.lastIndexOf("/") + 1);
  return `[${name}](#${name.toLowerCase()})`;
}

const code = (value: unknown) => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

function limits(least: number | undefined, most: number | undefined, unit = ""): string {
  const [min, max] = [least, most].map((limit) => NO_LIMITS.has(limit) ? undefined : limit);
  if (min !== undefined && max !== undefined) return `, ${min} to ${max}${unit}`;
  if (min !== undefined) return `, at least ${min}${unit}`;
  return max === undefined ? "" : `, at most ${max}${unit}`;
}
