// Shows the OpenAPI document as a page and lets a reader try each call. Texts are set as text, never as HTML.

const METHODS = ["get", "post", "put", "delete"];
const keyField = document.getElementById("key");
keyField.value = sessionStorage.getItem("unimem-key") ?? "";
document.getElementById("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("unimem-key", keyField.value);
  load();
});
load();

/** Fetches the document and shows it. */
async function load() {
  const main = document.getElementById("calls");
  try {
    const response = await fetch("/openapi.json", { headers: keyHeaders() });
    if (response.status === 401) return main.replaceChildren(el("p", {}, "Enter the API key above to see the calls."));
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    show(await response.json(), main);
  } catch (error) {
    main.replaceChildren(el("p", {}, `Cannot load the document: ${error.message}`));
  }
}

function show(api, main) {
  const calls = Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, ...item[method] }))
  );
  document.getElementById("contents").replaceChildren(...api.tags.flatMap((tag) => [
    el("h2", {}, tag.name),
    ...calls.filter((call) => call.tags[0] === tag.name).map((call) =>
      el("a", { href: `#${call.operationId}` }, call.summary)
    ),
  ]));
  main.replaceChildren(
    el("p", {}, api.info.description, ` Version ${api.info.version}. `, el("a", { href: "/openapi.json" }, "Document")),
    ...calls.map((call) => section(api, call)),
  );
  // The browser looked for the anchor before it was there.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function section(api, call) {
  const [[bodyType, { schema: body }]] = Object.entries(call.requestBody?.content ?? { none: {} });
  const [[answerType, { schema: answer }]] = Object.entries(call.responses["200"].content);
  return el(
    "section",
    { id: call.operationId },
    el("h2", {}, el("span", { class: `method ${call.method}` }, call.method.toUpperCase()), call.path),
    el("p", {}, ...prose(call.summary + (call.description ? `. ${call.description}` : ""))),
    ...table("Parameters", (call.parameters ?? []).map((p) => row(api, p.name, p.schema, p.required, p.description))),
    ...(body ? table("Body", fields(api, body)) : []),
    ...table("Answer", fields(api, answer)),
    ...table("Statuses", Object.entries(call.responses).map(([status, { description }]) => [status, description])),
    // A stream never ends, so that there would be nothing to show; a form's files can't be typed.
    ...(answerType === "text/event-stream" || bodyType.startsWith("multipart/") ? [] : [tryForm(api, call, body)]),
  );
}

/** A heading and a table, or nothing without rows. */
function table(title, rows) {
  if (rows.length === 0) return [];
  const lines = rows.map(([name, ...cells]) =>
    el(
      "tr",
      {},
      el("th", {}, el("code", {}, name)),
      ...cells.filter((cell) => cell !== "").map((cell) => el("td", {}, ...(cell.at ? prose(cell) : [cell]))),
    )
  );
  return [el("h3", {}, title), el("table", {}, el("tbody", {}, ...lines))];
}

function fields(api, schema) {
  const { properties = {}, required = [] } = resolve(api, schema);
  return Object.entries(properties).map(([name, value]) => row(api, name, value, required.includes(name)));
}

function row(api, name, schema, required, description) {
  const text = description ?? schema.description ?? resolve(api, schema).description ?? "";
  return [required ? name : `${name}?`, el("code", { class: "muted" }, typeText(api, schema)), text];
}

function resolve(api, schema) {
  return schema.$ref ? api.components.schemas[schema.$ref.split("/").at(-1)] : schema;
}

/** A schema in a few characters, such as `string[]` or `integer 1–100 = 10`. */
function typeText(api, schema) {
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return [...new Set(options.map((option) => typeText(api, option)))].join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `${typeText(api, schema.items ?? {})}[]`;
  const { minimum, maximum } = schema;
  const range = minimum !== undefined && Math.abs(maximum ?? Infinity) < 2 ** 52 ? ` ${minimum}–${maximum}` : "";
  const fallback = schema.default === undefined ? "" : ` = ${JSON.stringify(schema.default)}`;
  return `${[schema.type ?? "any"].flat().join(" | ")}${range}${fallback}`;
}

/** A form that makes the call and shows what came back. */
function tryForm(api, call, body) {
  const inputs = (call.parameters ?? []).map((parameter) => {
    const id = `${call.operationId}-${parameter.name}`;
    const input = el("input", { id, name: parameter.name });
    return { parameter, input, field: el("div", { class: "field" }, el("label", { for: id }, parameter.name), input) };
  });
  const text = el("textarea", { "aria-label": "Body", spellcheck: "false" });
  text.value = body ? JSON.stringify(example(api, body), null, 2) : "";
  const output = el("pre", { hidden: "" });
  const form = el("form", {}, ...inputs.map(({ field }) => field), ...(body ? [text] : []), el("button", {}, "Send"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    output.hidden = false;
    try {
      output.textContent = await send(call, inputs, body ? text.value : undefined);
    } catch (error) {
      output.textContent = `Cannot make the call: ${error.message}`;
    }
  });
  return el("details", {}, el("summary", {}, "Try it"), form, output);
}

async function send(call, inputs, body) {
  let path = call.path;
  const query = new URLSearchParams();
  for (const { parameter, input } of inputs) {
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value !== "") query.append(parameter.name, input.value);
  }
  const url = query.size > 0 ? `${path}?${query}` : path;
  const headers = { ...keyHeaders(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  const started = performance.now();
  const response = await fetch(url, { method: call.method.toUpperCase(), headers, body: body ?? null });
  const answer = await response.text();
  const heading = `${response.status} in ${(performance.now() - started).toFixed(1)} ms`;
  try {
    return `${heading}\n${JSON.stringify(JSON.parse(answer), null, 2)}`;
  } catch {
    return `${heading}\n${answer}`;
  }
}

/** The schema's example, or one made of its properties'. */
function example(api, schema) {
  const resolved = resolve(api, schema);
  if (resolved.example !== undefined) return resolved.example;
  if (resolved.type === "array") return [example(api, resolved.items)];
  if (!resolved.properties) return resolved.default ?? "";
  return Object.fromEntries(
    (resolved.required ?? []).map((name) => [name, example(api, resolved.properties[name])]),
  );
}

/** Texts with the parts between backticks as code. */
function prose(text) {
  return text.split("`").map((part, index) => index % 2 === 1 ? el("code", {}, part) : part);
}

function keyHeaders() {
  return keyField.value === "" ? {} : { Authorization: `Bearer ${keyField.value}` };
}

function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
