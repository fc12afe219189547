/**
 * Makes a call of the API with the reader's own key, and shows what came back.
 *
 * @module
 */

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { hasKey, request } from "../api.ts";
import { Code } from "../parts/code.tsx";
import { type Call, exampleOf, type Parameter, resolved, type Schema, type Schemas } from "../parts/schema.tsx";
import { changed } from "../store/changed.ts";
import { bytes, number, t } from "../text.ts";

/** Characters of an answer that are shown. */
const SHOWN = 100_000;
const STREAM = "text/event-stream", FORM = "multipart/form-data", JSON_TYPE = "application/json";

interface Answer {
  heading: string;
  text: string;
  isJson: boolean;
}

/** A form for the call. */
export function TryCall({ call, schemas }: { call: Call; schemas: Schemas }) {
  const [answerType] = Object.keys(call.responses["200"]?.content ?? {});
  const [bodyType, { schema = {} } = {}] = Object.entries(call.requestBody?.content ?? {})[0] ?? [];
  const answer = useSignal<Answer | null>(null), busy = useSignal(false), curl = useSignal("");
  const form = useRef<HTMLFormElement>(null);
  if (answerType === STREAM) return <p class="muted">{t("api.try.stream")}</p>;
  const look = () => curl.value = commandOf(readForm(form.current!, call, bodyType));
  const send = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    try {
      answer.value = await make(readForm(form.current!, call, bodyType));
      if (call.method !== "get") changed();
    } catch (error) {
      answer.value = { heading: "", text: (error as Error).message, isJson: false };
    } finally {
      busy.value = false;
    }
  };
  return (
    <details class="try">
      <summary>{t("api.try")}</summary>
      <form ref={form} onSubmit={send} onInput={() => curl.value !== "" && look()}>
        {(call.parameters ?? []).map((parameter) => <ParameterField key={parameter.name} parameter={parameter} />)}
        {bodyType === FORM && <FormFields schema={resolved(schemas, schema)} />}
        {bodyType !== undefined && bodyType !== FORM && (
          <label class="field">
            <span>{t("api.body")}</span>
            <textarea
              name="body:"
              rows={8}
              spellcheck={false}
              dir="ltr"
              class="mono"
              defaultValue={bodyType === JSON_TYPE ? JSON.stringify(exampleOf(schemas, schema), null, 2) : ""}
            />
          </label>
        )}
        <p class="buttons">
          <button type="submit" class="primary" aria-busy={busy.value}>{t("api.send")}</button>
          <button type="button" onClick={look}>{t("api.curl")}</button>
        </p>
      </form>
      {curl.value !== "" && <Code text={curl.value} language="sh" />}
      <div role="status">
        {answer.value && (
          <>
            {answer.value.heading !== "" && (
              <p>
                <strong>{answer.value.heading}</strong>
              </p>
            )}
            <Code text={answer.value.text} language={answer.value.isJson ? "json" : ""} />
          </>
        )}
      </div>
    </details>
  );
}

function ParameterField({ parameter: { name, required = false, schema } }: { parameter: Parameter }) {
  const choices = schema.type === "boolean" ? ["true", "false"] : schema.enum?.map(String);
  return (
    <label class="field">
      <span>{name}{required && ` (${t("api.required")})`}</span>
      {choices
        ? (
          <select name={name} required={required}>
            <option value="" />
            {choices.map((choice) => <option key={choice} value={choice}>{choice}</option>)}
          </select>
        )
        : <input name={name} required={required} dir="auto" autocomplete="off" />}
    </label>
  );
}

function FormFields({ schema }: { schema: Schema }) {
  return (
    <>
      {Object.entries(schema.properties ?? {}).map(([name, type]) => {
        const isList = type.type === "array", isFile = (isList ? type.items : type)?.format === "binary";
        return (
          <label key={name} class="field">
            <span>{name}</span>
            {isFile
              ? <input type="file" name={`body:${name}`} multiple={isList} required />
              : <input name={`body:${name}`} dir="auto" autocomplete="off" />}
          </label>
        );
      })}
    </>
  );
}

/** What is sent. */
interface Sent {
  method: string;
  url: string;
  type: string | undefined;
  body: string | FormData | null;
}

function readForm(form: HTMLFormElement, { path, method, parameters = [] }: Call, type: string | undefined): Sent {
  const fields = new FormData(form), query = new URLSearchParams();
  for (const parameter of parameters) {
    const value = String(fields.get(parameter.name) ?? "");
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value !== "") query.append(parameter.name, value);
  }
  const url = query.size > 0 ? `${path}?${query}` : path, upper = method.toUpperCase();
  if (type === undefined) return { method: upper, url, type, body: null };
  if (type !== FORM) return { method: upper, url, type, body: String(fields.get("body:") ?? "") };
  const sent = new FormData();
  for (const [name, value] of fields) {
    if (name.startsWith("body:") && value !== "") sent.append(name.slice(5), value);
  }
  return { method: upper, url, type, body: sent };
}

async function make({ method, url, type, body }: Sent): Promise<Answer> {
  const started = performance.now();
  // The browser itself gives a form's type, which holds its boundary.
  const headers: Record<string, string> = type === undefined || type === FORM ? {} : { "Content-Type": type };
  const response = await request(method, url, { body, headers });
  const answered = response.headers.get("content-type") ?? "", content = await response.blob();
  const heading = t("api.answered", { status: String(response.status), ms: number(performance.now() - started) });
  if (!/json|text/.test(answered)) return { heading, text: `${answered}, ${bytes(content.size)}`, isJson: false };
  let text = await content.text(), isJson = false;
  if (answered.startsWith(JSON_TYPE)) {
    text = JSON.stringify(JSON.parse(text), null, 2);
    isJson = true;
  }
  if (text.length <= SHOWN) return { heading, text, isJson };
  return {
    heading: `${heading}, ${t("api.cut", { size: bytes(content.size) })}`,
    text: text.slice(0, SHOWN),
    isJson: false,
  };
}

/** The call as a line for a shell. */
function commandOf({ method, url, type, body }: Sent): string {
  const parts = ["curl"];
  if (method !== "GET") parts.push("-X", method);
  if (hasKey.value) parts.push("-H", '"Authorization: Bearer $MCP_API_KEY"');
  if (body instanceof FormData) {
    for (const [name, value] of body) {
      parts.push("-F", quoted(`${name}=${value instanceof File ? `@${value.name}` : value}`));
    }
  } else if (type !== undefined) parts.push("-H", quoted(`Content-Type: ${type}`), "--data-binary", quoted(body ?? ""));
  return [...parts, quoted(location.origin + url)].join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
