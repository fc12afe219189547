/**
 * Types of the API's description, with what they hold expanded.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { number, t } from "../text.ts";

/** A JSON schema, as far as the description uses it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: Schema | boolean;
  enum?: unknown[];
  const?: unknown;
  description?: string;
  default?: unknown;
  example?: unknown;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

/** Schemas by name. */
export type Schemas = Record<string, Schema>;

/** A parameter of a call. */
export interface Parameter {
  name: string;
  in: "query" | "path" | "header";
  required?: boolean;
  description?: string;
  schema: Schema;
}

/** A call, as the OpenAPI document has it. */
export interface Call {
  path: string;
  method: string;
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content: Record<string, { schema: Schema }> }>;
}

/** Levels of types that are open at once. */
const OPEN = 2;
/** Larger limits are those of the number's form, not of the field. */
const LARGE = 2 ** 52;

const nameOf = (schema: Schema): string | undefined => schema.$ref?.split("/").at(-1);

/** The schema that a reference names. */
export function resolved(schemas: Schemas, schema: Schema): Schema {
  const name = nameOf(schema);
  return name === undefined ? schema : schemas[name] ?? {};
}

/** A schema in a few characters, such as `string[]` or `integer 1–100 = 10`. */
export function typeText(schema: Schema): string {
  const name = nameOf(schema);
  if (name !== undefined) return name;
  const options = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (options) return [...new Set(options.map(typeText))].join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") {
    const item = typeText(schema.items ?? {});
    return item.includes(" ") ? `(${item})[]` : `${item}[]`;
  }
  const { minimum, maximum, maxLength } = schema;
  const range = minimum !== undefined && Math.abs(maximum ?? Infinity) < LARGE ? ` ${minimum}–${maximum}` : "";
  const length = maxLength !== undefined && maxLength < LARGE ? ` ≤ ${number(maxLength)}` : "";
  const fallback = schema.default === undefined ? "" : ` = ${JSON.stringify(schema.default)}`;
  return `${[schema.type ?? "any"].flat().join(" | ")}${range}${length}${fallback}`;
}

/** The types with fields of their own in a type: its own, those of its items, of its options and of its values. */
function holders(schemas: Schemas, schema: Schema): { schema: Schema; name: string | undefined }[] {
  const whole = resolved(schemas, schema);
  const within = [whole.items, ...whole.anyOf ?? [], ...whole.oneOf ?? [], ...whole.allOf ?? []]
    .filter((part) => part !== undefined);
  if (typeof whole.additionalProperties === "object") within.push(whole.additionalProperties);
  const own = whole.properties ? [{ schema: whole, name: nameOf(schema) }] : [];
  return [...own, ...within.flatMap((part) => holders(schemas, part))];
}

/** Where a type stands: the names of the types around it, outermost first, and how many levels there are. */
interface Within {
  path?: readonly string[];
  depth?: number;
  /** Whether it is answered: then nothing has to be given. */
  isAnswer?: boolean;
}

/** The fields of a type. */
export function Fields(
  { schemas, schema, path = [], depth = 0, isAnswer = false }: { schemas: Schemas; schema: Schema } & Within,
) {
  const found = holders(schemas, schema);
  if (found.length === 0) {
    const { description } = resolved(schemas, schema);
    return (
      <p>
        <code class="muted">{typeText(schema)}</code> {description && <Prose text={description} />}
      </p>
    );
  }
  return (
    <>
      {found.map(({ schema: { properties = {}, required = [] }, name }, index) =>
        name !== undefined && path.includes(name)
          ? <p key={index} class="muted">{name}: {t("api.again")}</p>
          : (
            <ul key={index} class="type-fields">
              {Object.entries(properties).map(([field, type]) => (
                <Field
                  key={field}
                  name={field}
                  type={type}
                  isRequired={!isAnswer && required.includes(field)}
                  schemas={schemas}
                  path={name === undefined ? path : [...path, name]}
                  depth={depth}
                  isAnswer={isAnswer}
                />
              ))}
            </ul>
          )
      )}
    </>
  );
}

interface FieldProps extends Within {
  name: string;
  type: Schema;
  isRequired: boolean;
  description?: string | undefined;
  schemas: Schemas;
}

/** One field, with the fields of its own type to unfold. */
export function Field(
  { name, type, isRequired, description, schemas, path = [], depth = 0, isAnswer = false }: FieldProps,
) {
  const open = useSignal(depth < OPEN), text = description ?? type.description ?? resolved(schemas, type).description;
  const more = holders(schemas, type);
  const count = more.reduce((sum, { schema }) => sum + Object.keys(schema.properties ?? {}).length, 0);
  return (
    <li>
      <code class="name">{name}</code> <code class="muted">{typeText(type)}</code>{" "}
      {isRequired && <small class="required">{t("api.required")}</small>}
      {text && (
        <>
          {" "}
          <Prose text={text} />
        </>
      )}
      {count > 0 && (
        <details open={open.value} onToggle={(event) => open.value = event.currentTarget.open}>
          <summary>{t("api.fields", { n: count })}</summary>
          {open.value && <Fields schemas={schemas} schema={type} path={path} depth={depth + 1} isAnswer={isAnswer} />}
        </details>
      )}
    </li>
  );
}

/** A text of the description: what stands between backticks is code. */
export function Prose({ text }: { text: string }) {
  return <>{text.split("`").map((part, index) => index % 2 === 1 ? <code key={index}>{part}</code> : part)}</>;
}

/** The schema's example, or one made of those of what must be given. */
export function exampleOf(schemas: Schemas, schema: Schema): unknown {
  const whole = resolved(schemas, schema);
  if (whole.example !== undefined) return whole.example;
  if (whole.type === "array") return whole.items ? [exampleOf(schemas, whole.items)] : [];
  if (!whole.properties) return whole.default ?? whole.enum?.[0] ?? (whole.type === "integer" ? 1 : "");
  return Object.fromEntries(
    (whole.required ?? []).map((name) => [name, exampleOf(schemas, whole.properties![name] ?? {})]),
  );
}
