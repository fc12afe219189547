/**
 * Thousands of generated requests, made from the app's own OpenAPI document. Whatever comes in, the answer must be one
 * that the document promises. `UNIMEM_TEST_SEED` and `UNIMEM_TEST_CASES` try other ones and more.
 */

import { Ajv2020 } from "ajv/dist/2020.js";
import { assert, assertEquals, fail } from "@std/assert";
import fc from "fast-check";
import { anyJson, nested, oddText, type Schema, SchemaArbitraries } from "../helpers/json_schema_arbitrary.ts";
import { makeGrant } from "../helpers/grants.ts";
import { openClient, type TestClient } from "./client.ts";

interface Content {
  content: Record<string, { schema: Schema }>;
}
interface Operation {
  operationId: string;
  parameters?: { name: string; in: "path" | "query"; schema: Schema }[];
  requestBody?: Content;
  responses: Record<string, Content>;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
}
interface Route {
  path: string;
  method: string;
  operation: Operation;
}
/** A request, printed when it fails; `body` is its bytes as Latin-1. */
interface Case {
  operationId: string;
  url: string;
  type: string | null;
  body: string | null;
}

/** A seed of one's own keeps the gate repeatable. */
const SEED = Number(Deno.env.get("UNIMEM_TEST_SEED") ?? 20_261_123);
const CASES = Number(Deno.env.get("UNIMEM_TEST_CASES") ?? 5000);
/** Most of a stream that is read, since it may never end. */
const STREAM_CHUNKS = 4;
/** Milliseconds to wait for a stream's first words. */
const STREAM_PATIENCE_MS = 5;
/** What the store holds at first, and what comes back after a deletion. */
const CONTENTS = ["Staging runs PostgreSQL 16", "Anna prefers tea", "Deploys happen on Tuesday", "tea for Anna"];

const pointer = (...steps: string[]) =>
  `unimem#/${steps.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
/** UTF-8 as Latin-1, which is what a case's body is kept in. */
const utf8 = (text: string) => Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");

/** What the store holds at first, by the ids that requests name it by. */
interface Known {
  hashes: string[];
  uploads: string[];
  keys: string[];
  grants: string[];
  candidates: string[];
  backups: string[];
}

/** Names of spaces; the first is there always. */
const SPACES = ["default", "project-a", "project-b", "project-c"];
/** Keys, grants and turns with a candidate: each can be ended or decided once. */
const OF_EACH = 20;

/** Makes what can only be named by an id that the service gives. */
async function prepare(client: TestClient): Promise<Omit<Known, "hashes">> {
  const known = { uploads: [] as string[], keys: [] as string[], grants: [] as string[] };
  const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nwords\r\n--b--\r\n';
  for (let i = 0; i < OF_EACH; i++) {
    const uploaded = await client.send("POST", "/api/documents/upload", form, { "content-type": FORM_TYPE });
    known.uploads.push(uploaded.json.upload_id);
    // No part of this app verifies keys, so that it stays open whatever keys there are.
    const made = await client.send("POST", "/api/keys", { name: `key ${i}`, rights: "write" });
    known.keys.push(made.json.key.id);
    known.grants.push(await makeGrant(client.runtime.storage));
    await client.store(`We've decided to use tool number ${i} for this.`, { memory_type: "turn" });
  }
  for (const name of SPACES.slice(1)) await client.send("POST", "/api/spaces", { name });
  const { candidates } = (await client.get("/api/candidates?limit=100")).json;
  assertEquals(candidates.length, OF_EACH);
  const { json: backup } = await client.send("POST", "/api/backups");
  return { ...known, backups: [backup.name], candidates: candidates.map(({ id }: { id: string }) => id) };
}

/**
 * Values that mean something to the service, by parameter name; by the collection too, as `keys.id`, where the name
 * alone doesn't tell what it is.
 */
function hintsFor(
  { hashes, uploads, keys, grants, candidates, backups }: Known,
): Record<string, fc.Arbitrary<unknown>> {
  const named = (arbitrary: fc.Arbitrary<unknown>, ...names: string[]) =>
    names.map((name) => [name, arbitrary] as const);
  const hash = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...hashes) },
    { weight: 1, arbitrary: fc.stringMatching(/^[0-9a-fA-F]{64}$/) },
  );
  const tag = fc.constantFrom("a", "b", "infra", "Straße");
  const time = fc.constantFrom("yesterday", "last week", "between March and May 2025", "2025-01-01", "since Tuesday");
  const text = fc.oneof(fc.constantFrom(...CONTENTS, "tea", "staging database"), fc.string({ minLength: 1 }));
  const period = fc.constantFrom("week", "month", "quarter", "year", "all", "7d", "30d", "999999d", "0d");
  const zone = fc.constantFrom("UTC", "Europe/Berlin", "+05:30", "America/New_York", "utc");
  const work = fc.constantFrom("optimize_db", "vacuum", "analyze", "rebuild_index", "cleanup");
  return Object.fromEntries([
    ...named(hash, "content_hash", "content_hashes", "canonical_hash", "duplicate_hashes", "target_hash", "new_hash"),
    ...named(tag, "tag", "tags", "add_tags", "remove_tags", "old_tag", "new_tag"),
    ...named(time, "time", "time_expr", "created_after", "created_before", "start_date", "end_date"),
    ...named(text, "q", "content", "prefix", "semantic_query"),
    // What a time search takes must be a time; to other searches it is as good as any text.
    ...named(fc.oneof(time, text), "query"),
    ...named(fc.constantFrom("tools/list", "tools/call", "initialize", "ping", "nope"), "method"),
    ...named(fc.constantFrom("relates_to", "precedes", "supersedes"), "relation_type"),
    ...named(work, "operation"),
    ...named(period, "period"),
    ...named(fc.constantFrom(...uploads), "upload_id"),
    ...named(zone, "timezone", "time_zone"),
    // The end of a validity must come after its beginning.
    ...named(fc.constantFrom("2024-06-01T12:00:00Z", "2025-01-01"), "valid_from"),
    ...named(fc.constantFrom("2030-01-01", "2098-01-01T00:00:00Z"), "valid_until", "expires"),
    ...named(fc.constantFrom("2025-06-01", "2029-01-01"), "as_of"),
    ...named(fc.constantFrom(...SPACES), "name", "to", "into", "write", "read", "spaces.name"),
    ...named(fc.constantFrom(...keys), "keys.id"),
    ...named(fc.constantFrom(...grants), "grants.id"),
    ...named(fc.constantFrom(...candidates), "candidates.id"),
    ...named(fc.constantFrom(...backups), "backup"),
  ]);
}

/** The requests of one route. */
function casesOf(route: Route, values: SchemaArbitraries, exported: string[]): fc.Arbitrary<Case> {
  const { parameters = [], requestBody } = route.operation;
  const collection = route.path.split("/")[2];
  const path = fc.tuple(
    ...parameters.filter((p) => p.in === "path").map(({ name, schema }) =>
      // Dots and nothing are resolved before a request is sent, and would ask for another route.
      values.of(schema, name === "id" || name === "name" ? `${collection}.${name}` : name).map((value) =>
        [name, String(value)] as const
      ).filter(([, text]) => !/^\.{0,2}$/.test(text))
    ),
  );
  const query = fc.record(
    Object.fromEntries(
      parameters.filter((p) => p.in === "query").map(({ name, schema }) => [
        name,
        values.of(schema, name),
      ]),
    ),
    { requiredKeys: [], noNullPrototype: true },
  );
  const extra = fc.option(fc.tuple(oddText, oddText), { freq: 8 });
  return fc.tuple(path, query, extra, bodyOf(requestBody, values, exported)).map(
    ([steps, query, extra, { type, body }]) => {
      const filled = steps.reduce(
        (path, [name, text]) => path.replace(`{${name}}`, () => encodeURIComponent(text.toWellFormed())),
        route.path,
      );
      const search = new URLSearchParams(extra === null ? [] : [extra]);
      for (const [name, value] of Object.entries(query)) {
        for (const one of Array.isArray(value) ? value : [value]) {
          if (one === null) continue;
          search.append(name, typeof one === "object" ? JSON.stringify(one) : String(one));
        }
      }
      return {
        operationId: route.operation.operationId,
        url: search.size === 0 ? filled : `${filled}?${search}`,
        type,
        body,
      };
    },
  );
}

/** Bodies: of the schema, then broken as text, as bytes or by their type. */
function bodyOf(
  described: Content | undefined,
  values: SchemaArbitraries,
  exported: string[],
): fc.Arbitrary<{ type: string | null; body: string | null }> {
  if (described === undefined) return fc.constant({ type: null, body: null });
  const [type, { schema }] = Object.entries(described.content)[0]!;
  if (type.startsWith("multipart/")) return formOf();
  const line = values.of(schema).map((value) => JSON.stringify(value));
  const lines = fc.array(fc.oneof(fc.constantFrom(...exported), line), { maxLength: 4 });
  const text = type === "application/json" ? line : lines.map((lines) => [exported[0], ...lines].join("\n"));
  const broken = fc.oneof(
    fc.tuple(text, fc.nat()).map(([text, cut]) => text.slice(0, cut % (text.length + 1))),
    fc.constantFrom("", "{", "[".repeat(100_000), JSON.stringify(nested(5000)), '{"content":1e999}', "\ufeff{}"),
    fc.constantFrom(
      '{"content":"x","content":5}',
      '{"__proto__":{"content":"x"}}',
      '{"content":"x","tags":{"length":9}}',
    ),
    anyJson.map((value) => JSON.stringify(value)),
  );
  return fc.oneof(
    { weight: 16, arbitrary: text.map((text) => ({ type, body: utf8(text) })) },
    { weight: 2, arbitrary: broken.map((text) => ({ type, body: utf8(text) })) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 9 }).map((text) => ({ type, body: latin1(text) })) },
    { weight: 1, arbitrary: text.map((text) => ({ type: "text/plain", body: utf8(text) })) },
  );
}

const FORM_TYPE = "multipart/form-data; boundary=b";
const latin1 = (text: string) => text.replace(/[^\0-\xff]/gu, "\xff");

/** Forms with files, some of them no form at all. */
function formOf(): fc.Arbitrary<{ type: string; body: string }> {
  const name = fc.oneof(
    fc.constantFrom("file", "files", "tags", "chunk_size", "chunk_overlap", "memory_type"),
    oddText,
  );
  const value = fc.oneof(fc.constantFrom("words", "a,b", "500", "-1", "1e9"), oddText);
  const filename = fc.constantFrom(null, "a.txt", "b.md", "c.json", "d.csv", "e.pdf", "f.exe", "../g.txt", "\0", "");
  const sound = fc.constantFrom(["files", "b.md", "words"] as const, ["file", "a.txt", "words"] as const);
  const part = fc.oneof({ weight: 3, arbitrary: fc.tuple(name, filename, value) }, sound).map(
    ([name, filename, value]) => {
      const file = filename === null ? "" : `; filename="${filename}"`;
      return `--b\r\nContent-Disposition: form-data; name="${name.replace(/["\r\n]/g, "")}"${file}\r\n\r\n${value}\r\n`;
    },
  );
  const form = fc.tuple(fc.array(part, { maxLength: 4 }), fc.constantFrom("--b--\r\n", "--b--\r\n", "--b", "")).map(
    ([parts, end]) => parts.join("") + end,
  );
  const type = fc.oneof(
    { weight: 8, arbitrary: fc.constant(FORM_TYPE) },
    fc.constantFrom(
      "multipart/form-data",
      "multipart/form-data; boundary=",
      "application/json",
      "multipart/mixed; boundary=b",
    ),
  );
  return fc.record({ type, body: form.map(utf8) }, { noNullPrototype: true });
}

/** An answer's text; of a stream only its beginning. */
async function textOf(response: Response, isStream: boolean): Promise<string> {
  if (!isStream) return await response.text();
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let i = 0; i < STREAM_CHUNKS; i++) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<null>((resolve) => timer = setTimeout(() => resolve(null), STREAM_PATIENCE_MS));
    const read = await Promise.race([reader.read(), late]);
    clearTimeout(timer);
    if (read === null || read.done) break;
    text += read.value;
  }
  await reader.cancel();
  return text;
}

/** Sends a case and compares the answer with what the document promises. */
async function check(client: TestClient, ajv: Ajv2020, route: Route, { url, type, body }: Case): Promise<number> {
  const { path, method, operation } = route;
  const headers = new Headers(type === null ? {} : { "content-type": type });
  const response = await client.app.request(url, {
    method: method.toUpperCase(),
    headers,
    ...(body === null ? {} : { body: bytesOf(body) }),
  });
  const sent = (response.headers.get("content-type") ?? "").split(";")[0]!;
  const text = await textOf(response, !sent.endsWith("json"));
  const { status } = response;
  const said = `${status} ${text.slice(0, 1000)} ${client.logged.splice(0).join("\n")}`;
  assert(status < 500, said);
  const content = operation.responses[status]?.content ?? fail(`Answers a status that is not documented: ${said}`);
  assert(sent in content, `Answers ${sent}, which is not documented: ${said}`);
  if (sent !== "application/json") return status;
  const schema = pointer("paths", path, method, "responses", String(status), "content", sent, "schema");
  const validate = ajv.getSchema(schema)!;
  assert(validate(JSON.parse(text)), `${ajv.errorsText(validate.errors)}: ${said}`);
  return status;
}

/** Routes that answer 200 only to what nobody can ask for here: there is nothing to synchronise with. */
const NEVER_SUCCEED = new Set(["forceSync"]);

Deno.test(`${CASES} generated requests get only answers that the document promises`, async () => {
  await using client = await openClient();
  const document = (await client.get("/openapi.json")).json as Document;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...document, $id: "unimem" });
  const resolve = (ref: string) => ajv.getSchema(`unimem${ref}`)!.schema as Schema;
  const storeAll = () =>
    Promise.all(CONTENTS.map((text, i) => client.store(text, { tags: ["a", i % 2 ? "b" : "infra"] })));
  const hashes = await storeAll();
  const prepared = await prepare(client);
  const exported = (await client.get("/api/export")).text.trimEnd().split("\n");
  const hints = hintsFor({ hashes, ...prepared });
  const [fit, broken] = [false, true].map((broken) => new SchemaArbitraries(resolve, hints, broken));
  const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation }))
  );
  const byId = new Map(routes.map((route) => [route.operation.operationId, { route, seen: new Set<number>() }]));
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(...routes.flatMap((route) => [casesOf(route, fit!, exported), casesOf(route, broken!, exported)])),
      async (one) => {
        const { route, seen } = byId.get(one.operationId)!;
        // Other requests delete the memories it needs, so that it would hardly ever find two of them.
        if (one.operationId === "supersedeMemory") await storeAll();
        seen.add(await check(client, ajv, route, one));
      },
    ),
    { seed: SEED, numRuns: CASES, includeErrorInReport: true },
  );
  // Requests that all fail early would prove little.
  const refused = [...byId].filter(([id, { seen }]) => !seen.has(200) && !NEVER_SUCCEED.has(id)).map(([id]) => id);
  assertEquals(refused, []);
});
