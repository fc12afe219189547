/**
 * JSON Schemas of tools, as plain as clients and model APIs need them.
 *
 * @module
 */

import { z } from "zod";

/** A JSON Schema object, as far as it is read here. */
export interface JsonSchema {
  [keyword: string]: unknown;
  type?: string | string[];
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
}

/** The schema of a tool's arguments or answer. */
export function toolSchema(schema: z.ZodObject, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  simplify(rest as JsonSchema, io);
  return rest as JsonSchema;
}

/** A schema as far as its own fields go, without what is inside of them and without words. */
export function shallowSchema({ properties = {}, ...schema }: JsonSchema): JsonSchema {
  const shallow = ({ type, anyOf, items }: JsonSchema): JsonSchema => ({
    ...type === undefined ? {} : { type },
    ...anyOf === undefined ? {} : { anyOf },
    ...items === undefined ? {} : { items: { type: items.type! } },
  });
  return { ...schema, properties: Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, shallow(v)])) };
}

/** Leaves out what is of no use to a client, and what common clients and model APIs can't read. */
function simplify(schema: JsonSchema, io: "input" | "output"): void {
  // Null and absent mean the same in arguments; advertising both only costs tokens.
  if (io === "input" && schema.anyOf !== undefined) {
    const options = schema.anyOf.filter((option) => option.type !== "null");
    delete schema.anyOf;
    // Some clients and model APIs refuse a choice of types: one is advertised, the others are accepted.
    const plain = ["array", "string"].map((type) => options.find((option) => option.type === type));
    // A single word beside another type, as in "a number or auto": `const` would leave out the other one.
    const { const: _, ...one } = plain.find((option) => option !== undefined) ?? options[0] ?? {};
    Object.assign(schema, { ...one, ...schema });
  }
  if (io === "input" && Array.isArray(schema.type)) {
    schema.type = schema.type.includes("string") ? "string" : schema.type[0]!;
  }
  if (typeof schema.default === "object") delete schema.default;
  // Limits and defaults that no call comes near to say nothing to a model.
  if (Number(schema.maximum) >= 1_000_000) delete schema.maximum;
  if (schema.default === "") delete schema.default;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  delete schema.maxLength;
  delete schema.propertyNames;
  // An answer may grow fields; a client that validates must not reject them.
  if (io === "output" || schema.additionalProperties !== false) delete schema.additionalProperties;
  for (const property of Object.values(schema.properties ?? {})) simplify(property, io);
  for (const option of schema.anyOf ?? []) simplify(option, io);
  if (schema.items !== undefined) simplify(schema.items, io);
}
