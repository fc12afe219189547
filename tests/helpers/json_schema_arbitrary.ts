/**
 * Values for the schemas of an OpenAPI document: mostly such as the schema takes, sometimes broken.
 *
 * @module
 */

import fc from "fast-check";

/** A schema of the document, as far as it is read here. */
export interface Schema {
  [keyword: string]: unknown;
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  pattern?: string;
}

/** Texts that tend to break what reads them: NUL, lone surrogates, direction marks, joined emoji, path and SQL syntax. */
const ODD_TEXTS = [
  "",
  " ",
  "\0",
  "a\0b",
  "\ud800",
  "x\udfff",
  "\ufeff",
  "\u202eabc",
  "e\u0301",
  "ﬀ İı ß",
  "👩‍👩‍👧‍👦",
  "日本語",
  "\u{10ffff}",
  "\r\n\t\x1b\x7f",
  "'\" OR 1=1 --",
  '"*" NEAR(a b) -c:d^',
  "%00",
  "a,b,,c",
  "%",
  "_",
  "../../etc/passwd",
  "__proto__",
  "constructor",
  "NaN",
  "1e999",
  "null",
  "true",
  "x".repeat(300),
];

/** Numbers at the edges of what numbers can be. */
const ODD_NUMBERS = [-1, 0, 0.5, -0.5, 2 ** 31, 2 ** 53, -(2 ** 53), 2 ** 63, 1e21, 1e308, -1e308, 5e-324];

/** Any text. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.string({ unit: "binary", maxLength: 20 }),
);

/** JSON of any shape, now and then nested more deeply than anybody means. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: oddText },
  { weight: 4, arbitrary: fc.oneof(fc.constantFrom(...ODD_NUMBERS), fc.integer(), fc.double({ noNaN: true })) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}, [null], [[]], { a: {} }) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: 50, max: 2000 }).map(nested) },
);

/** Makes values for schemas of one document. */
export class SchemaArbitraries {
  readonly #resolve: (ref: string) => Schema;
  readonly #hints: Record<string, fc.Arbitrary<unknown>>;
  readonly #refs = new Map<string, fc.Arbitrary<unknown>>();

  readonly #broken: boolean;

  /**
   * @param resolve Finds the schema a `$ref` names.
   * @param broken Whether some values are none that the schema takes.
   * @param hints Values that mean something, by the name of the property they are for.
   */
  constructor(resolve: (ref: string) => Schema, hints: Record<string, fc.Arbitrary<unknown>>, broken: boolean) {
    this.#broken = broken;
    this.#resolve = resolve;
    this.#hints = hints;
  }

  /** Values for a schema; of the broken ones, one in nine is anything instead. */
  of(schema: Schema, name = ""): fc.Arbitrary<unknown> {
    if (!this.#broken) return this.#valid(schema, name);
    return fc.oneof({ weight: 16, arbitrary: this.#valid(schema, name) }, { weight: 2, arbitrary: anyJson });
  }

  #valid(schema: Schema, name: string): fc.Arbitrary<unknown> {
    if (schema.$ref !== undefined) return this.#ref(schema.$ref, name);
    const options = schema.anyOf ?? schema.oneOf;
    if (options !== undefined) return fc.oneof(...options.map((option) => this.#valid(option, name)));
    if (schema.allOf !== undefined) {
      return fc.tuple(...schema.allOf.map((part) => this.#valid(part, name))).map((parts) =>
        Object.assign({}, ...parts)
      );
    }
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    if (Array.isArray(schema.type)) {
      return fc.oneof(...schema.type.map((type) => this.#valid({ ...schema, type }, name)));
    }
    return this.#typed(schema, name);
  }

  #ref(ref: string, name: string): fc.Arbitrary<unknown> {
    let known = this.#refs.get(ref);
    if (known === undefined) this.#refs.set(ref, known = this.#valid(this.#resolve(ref), name));
    return known;
  }

  #typed(schema: Schema, name: string): fc.Arbitrary<unknown> {
    switch (schema.type) {
      case "string":
        return this.#text(schema, name);
      case "integer":
        return fc.integer(limits(schema));
      case "number":
        // In hundredths, since a query has no exponents.
        return fc.double({ ...limits(schema), noNaN: true }).map((value) => Math.trunc(value * 100) / 100);
      case "boolean":
        return fc.boolean();
      case "null":
        return fc.constant(null);
      case "array":
        return fc.array(this.of(schema.items ?? {}, name), {
          minLength: schema.minItems ?? 0,
          maxLength: Math.min(schema.maxItems ?? 4, Math.max(4, schema.minItems ?? 0)),
        });
      case "object":
        return this.#object(schema);
      default:
        return anyJson;
    }
  }

  #text({ minLength = 0, maxLength = 40 }: Schema, name: string): fc.Arbitrary<unknown> {
    const words = fc.string({
      unit: "grapheme-ascii",
      minLength,
      maxLength: Math.max(minLength, Math.min(maxLength, 40)),
    });
    const hint = this.#hints[name];
    return hint === undefined ? words : fc.oneof({ weight: 6, arbitrary: hint }, { weight: 1, arbitrary: words });
  }

  #object({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
    const fields = Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, this.of(inner, key)]));
    const whole = fc.record(fields, { requiredKeys: required, noNullPrototype: true });
    const open = typeof additionalProperties === "object" || Object.keys(properties).length === 0;
    const extra = fc.dictionary(this.#broken ? oddText : fc.string(), anyJson, { maxKeys: 3, noNullPrototype: true });
    const opened = fc.tuple(whole, extra).map(([a, b]) => ({ ...b, ...a }));
    if (!this.#broken) return open ? opened : whole;
    const cut = fc.record(fields, { requiredKeys: [], noNullPrototype: true });
    return fc.oneof({ weight: 12, arbitrary: open ? opened : whole }, { weight: 1, arbitrary: cut }, opened);
  }
}

/** A list in a list, `levels` deep. */
export function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

function limits({ minimum, maximum }: Schema): { min: number; max: number } {
  const min = Math.max(minimum ?? -1000, -(2 ** 31)), max = Math.min(maximum ?? Math.max(min, 1000), 2 ** 31 - 1);
  return { min, max };
}
