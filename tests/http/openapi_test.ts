import { Ajv2020 } from "ajv/dist/2020.js";
import { assert, assertEquals, fail } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { PUBLIC_PAGES } from "../../src/http/pages.ts";
import type { StoreSpaces } from "../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import type { EventHub } from "../../src/operations/events.ts";
import { makeGrant } from "../helpers/grants.ts";
import { type Answer, type ClientOptions, openClient, type TestClient } from "./client.ts";

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string }[];
  requestBody?: unknown;
  responses: Record<string, { content: Record<string, unknown> }>;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
}

const UNKNOWN = "0".repeat(64);
/** Key of a second memory in the store. */
const OTHER = contentHash("other");
/** The space that routes of spaces are about, with one memory, and the one that they make of it. */
const SPACE = "project-a", OTHER_SPACE = "project-b";
/** A form with a file, in a boundary that `FORM_TYPE` names. */
const form = (field: string) =>
  `--b\r\nContent-Disposition: form-data; name="${field}"; filename="a.txt"\r\n\r\nwords\r\n--b--\r\n`;
const FORM_TYPE = { "Content-Type": "multipart/form-data; boundary=b" };
const FORMS: Record<string, string> = {
  uploadDocument: form("file"),
  uploadDocuments: form("files"),
  importFiles: form("files").replace("a.txt", "mem0.json").replace("words", '[{"memory":"new","user_id":"ann"}]'),
};
/** A name that no backup has. */
const NO_BACKUP = "unimem-20260101T000000.000Z.db";

/** A request that succeeds, by operationId; `HASH` stands for the one memory in the store. */
const BODIES: Record<string, unknown> = {
  removeDocumentsByTags: ["a"],
  storeMemory: { content: "new", tags: ["a"], metadata: { a: { b: [1] } } },
  storeMemories: { memories: [{ content: "new" }, { content: "there" }] },
  updateMemory: { tags: ["b"] },
  search: { query: "there" },
  searchByTag: { tags: ["x"] },
  searchByTime: { query: "today" },
  updateMemories: { updates: [{ content_hash: "HASH", tags: ["b"] }] },
  deleteMemories: { content_hashes: ["HASH"] },
  tagMemories: { content_hashes: ["HASH"], add_tags: ["b"] },
  shortenKeys: { content_hashes: ["HASH"] },
  bulkDelete: { tag: "x", dry_run: true },
  mergeDuplicates: { canonical_hash: "HASH", duplicate_hashes: ["f".repeat(64)] },
  rpc: { id: 1, method: "tools/list" },
  restoreMemories: { content_hashes: ["HASH"] },
  importMemories: '{"kind":"header","format":"unimem-export","version":1,"created_at":1,"unimem":"0","memories":1,' +
    '"trashed":0,"vectors":false,"model":null}\n{"kind":"memory","content":"new"}\n',
  addRelation: { target_hash: OTHER, relation_type: "supports" },
  supersedeMemory: { new_hash: OTHER },
  resolveCandidate: { action: "confirm" },
  createKey: { name: "laptop", rights: "write" },
  rotateKey: {},
  createSpace: { name: OTHER_SPACE },
  renameSpace: { name: OTHER_SPACE },
  moveMemories: { to: OTHER_SPACE, content_hashes: ["HASH"] },
  mergeSpace: { into: OTHER_SPACE, confirm_count: 1 },
};

/** A request that is refused, by operationId: its body, its query, what stands in its path. */
const REFUSED: Record<string, { body?: unknown; query?: string; path?: string }> = {
  searchByTag: { body: { tags: [] } },
  bulkDelete: { body: {} },
  mergeDuplicates: { body: { canonical_hash: UNKNOWN, duplicate_hashes: [UNKNOWN] } },
  renameTag: { query: "?new_tag=y&confirm_count=9" },
  importMemories: { query: "?trust_vectors=true" },
  maintain: { path: "bogus" },
  addRelation: { body: { target_hash: UNKNOWN } },
  supersedeMemory: { body: { new_hash: UNKNOWN } },
  moveMemories: { body: { to: OTHER_SPACE } },
  mergeSpace: { body: { into: OTHER_SPACE } },
  deleteSpace: { query: "" },
  memoryGrowth: { query: "?period=bogus" },
  tagUsage: { query: "?period=bogus" },
  topTags: { query: "?period=bogus" },
};

/** Queries without which a request is refused, by operationId. */
const QUERIES: Record<string, string> = {
  renameTag: "?new_tag=y",
  listConversationFacts: "?conversation_id=a",
  removeRelation: `?target_hash=${OTHER}`,
  deleteSpace: "?confirm_count=1",
};
/** What no parameter takes. */
const BAD_QUERY = "?page=0&limit=0&remove_from_memory=maybe&types=0&permanent=maybe&n_results=0&timezone=&days=0" +
  "&granularity=bogus&content_hashes=bogus&new_tag=&keep=bogus&vectors=maybe&depth=9&confirm_count=0.5&dry_run=maybe";
/** Answers that are documented for their shape alone. */
const NEVER = new Set(["forceSync 200"]);

async function documentOf(client: TestClient): Promise<Document> {
  return (await client.get("/openapi.json")).json as Document;
}

/** A store of which every call fails. */
function failing(error: unknown): Partial<MemoryStorage> {
  const no = () => Promise.reject(error);
  return {
    store: no,
    getByHash: no,
    update: no,
    updateUnchanged: no,
    delete: no,
    list: no,
    tags: no,
    candidates: no,
    ping: no,
    trash: no,
    trashUnchanged: no,
    listTrash: no,
    restore: no,
    emptyTrash: no,
    histogram: no,
    countByValue: no,
    contentSizes: no,
    vectors: no,
    maintain: no,
    relate: no,
    unrelate: no,
    relations: no,
    note: no,
    changeNote: no,
  };
}

/** Spaces of which every call fails. */
function failingSpaces(error: unknown): Partial<StoreSpaces> {
  const no = () => Promise.reject(error);
  return { list: no, create: no, rename: no, move: no, remove: no };
}

/** A store that fails even to tell its name, which is the only way to break the health answers. */
const broken: Partial<MemoryStorage> = {
  ...failing(new TypeError("broken")),
  get backend(): never {
    throw new TypeError("broken");
  },
};

/** An event hub of which every call fails. */
function failingHub(error: unknown): Partial<EventHub> {
  const no = () => {
    throw error;
  };
  return { subscribe: no, stats: no };
}

function provoking(error: MemoryError): ClientOptions {
  return { storage: failing(error), spaces: failingSpaces(error), hub: failingHub(error) };
}

/** What provokes each status besides 200. */
const CLIENTS: Record<string, ClientOptions> = {
  401: { http: { apiKey: "key" } },
  409: provoking(new MemoryError("conflict", "Cannot supersede the memory")),
  429: provoking(new MemoryError("overloaded", "Too much waits")),
  500: {
    storage: broken,
    spaces: failingSpaces(new TypeError("broken")),
    hub: failingHub(new TypeError("broken")),
  },
  503: provoking(new MemoryError("unavailable", "Cannot reach the store")),
  507: provoking(new MemoryError("full", "Cannot store memories: the store's disk is full")),
};

/** What provokes a status of one operation that needs settings of its own. */
const OWN_CLIENTS: Record<string, ClientOptions> = { "createKey 400": { http: { anonymous: true } } };

const typeOf = (operation: Operation, status: string) => Object.keys(operation.responses[status]!.content)[0]!;
const isStream = (operation: Operation) => typeOf(operation, "200") === "text/event-stream";

async function provoke(status: string, path: string, method: string, operation: Operation): Promise<Answer> {
  await using client = await openClient(OWN_CLIENTS[`${operation.operationId} ${status}`] ?? CLIENTS[status] ?? {});
  if (operation.operationId === "readAudit" && status === "503") Deno.writeTextFileSync(`${client.folder}/audit`, "");
  const isBackup = path.startsWith("/api/backups");
  if (isBackup && status === "503") Deno.writeTextFileSync(`${client.folder}/backups`, "");
  using _held = isBackup && status === "409" ? await backupsHeld(client) : null;
  const hash = status === "200" ? await client.store("there", { tags: ["x"], metadata: { k: 1 } }) : UNKNOWN;
  if (status === "200") await client.store("other");
  const inSpace = path.includes("{name}") && (status === "200" || status === "400");
  if (inSpace) await client.send("POST", "/api/memories", { content: "there" }, { "X-Unimem-Space": SPACE });
  const isForm = operation.operationId in FORMS;
  const headers: Record<string, string> = isForm ? { ...FORM_TYPE } : {};
  if (operation.operationId === "importMemories") headers["Content-Type"] = "application/x-ndjson";
  const refused = status === "400" ? REFUSED[operation.operationId] ?? {} : {};
  let body = isForm ? FORMS[operation.operationId] : refused.body ?? bodyOf(operation, hash);
  let query = refused.query ?? QUERIES[operation.operationId] ?? "";
  if (status === "403") headers.Host = "evil.example";
  if (status === "413" && isForm) headers["Content-Length"] = String(2 ** 40);
  else if (status === "413") body = { content: "x".repeat(2 << 20) };
  if (status === "415") headers["Content-Type"] = "text/plain";
  if (status === "422") {
    if (isForm) body = form("other");
    else if (operation.requestBody) body = [];
    else query = BAD_QUERY;
  }
  const filled = path.replace("{content_hash}", hash).replace("{old_tag}", "x")
    .replace("{id}", status === "200" ? await IDS[operation.operationId]?.(client) ?? "" : "a".repeat(16))
    .replace("{name}", inSpace ? SPACE : "nowhere")
    .replace(
      "{backup}",
      isBackup && status === "200" ? (await client.send("POST", "/api/backups")).json.name : NO_BACKUP,
    )
    .replace("{operation}", refused.path ?? "optimize_db")
    .replace("{upload_id}", status === "200" && path.includes("{upload_id}") ? await uploaded(client) : UNKNOWN);
  // A stream ends when the service does.
  if (status === "200" && isStream(operation)) setTimeout(() => client.events.close());
  return await client.send(method.toUpperCase(), filled + query, body, headers);
}

/** The body that succeeds, about the one memory in the store. */
function bodyOf({ operationId }: Operation, hash: string): unknown {
  const body = BODIES[operationId];
  return body === undefined ? undefined : JSON.parse(JSON.stringify(body).replaceAll("HASH", hash));
}

/** The id of an upload. */
async function uploaded(client: TestClient): Promise<string> {
  return (await client.send("POST", "/api/documents/upload", FORMS.uploadDocument, FORM_TYPE)).json.upload_id;
}

/** The folder of backups, as another process has it that makes one. */
async function backupsHeld({ folder }: TestClient): Promise<Deno.FsFile> {
  await Deno.mkdir(`${folder}/backups`);
  const lock = await Deno.open(`${folder}/backups/.lock`, { write: true, create: true });
  await lock.lock(true);
  return lock;
}

/** What stands for `{id}` in the path of an operation that succeeds. */
const IDS: Record<string, (client: TestClient) => Promise<string>> = {
  revokeGrant: ({ runtime }) => makeGrant(runtime.storage),
  rotateKey: keyMade,
  revokeKey: keyMade,
  resolveCandidate: async (client) => {
    await client.store("We've decided to use Hono for the API. See you.", { memory_type: "turn" });
    return (await client.get("/api/candidates")).json.candidates[0].id;
  },
};

/** The id of a key; without what verifies keys, the app under test stays open. */
async function keyMade(client: TestClient): Promise<string> {
  return (await client.send("POST", "/api/keys", { name: "laptop", rights: "read" })).json.key.id;
}

Deno.test("every documented answer of every route validates against the document", async (t) => {
  await using described = await openClient();
  const document = await documentOf(described);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...document, $id: "unimem" });
  const pointer = (...steps: string[]) =>
    `unimem#/${steps.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      for (const status of Object.keys(operation.responses)) {
        if (NEVER.has(`${operation.operationId} ${status}`)) continue;
        await t.step(`${method} ${path} ${status}`, async () => {
          const answer = await provoke(status, path, method, operation);
          assertEquals(String(answer.status), status, answer.text);
          const type = typeOf(operation, status);
          const schema = pointer("paths", path, method, "responses", status, "content", type, "schema");
          const validate = ajv.getSchema(schema) ?? fail(`No schema at ${schema}`);
          assert(validate(answer.json ?? answer.text), `${answer.text}: ${ajv.errorsText(validate.errors)}`);
        });
      }
    }
  }
});

Deno.test("every route under /api is in the document, with its own operationId", async () => {
  await using client = await openClient();
  const document = await documentOf(client);
  assertEquals(document.openapi, "3.1.0");
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`)
  );
  const served = client.app.routes.filter(({ method, path }) => method !== "ALL" && /^\/(api|mcp|metrics)\b/.test(path))
    .map(({ method, path }) => `${method} ${path}`).filter((route) => route !== "GET /api/docs");
  assertEquals(documented.sort(), served.sort());
  const ids = Object.values(document.paths).flatMap((operations) =>
    Object.values(operations).map((o) => o.operationId)
  );
  assertEquals(new Set(ids).size, ids.length);
});

Deno.test("the document says whether a key is needed", async () => {
  await using open = await openClient();
  assertEquals((await open.get("/openapi.json")).json.security, []);
  await using closed = await openClient({ http: { apiKey: "key" } });
  const { json } = await closed.get("/openapi.json", { "X-API-Key": "key" });
  assertEquals(json.security, [{ bearer: [] }, { apiKey: [] }]);
  assertEquals(json.paths["/api/health"].get.security, []);
});

Deno.test("the pages load nothing from outside and allow nothing from outside", async () => {
  await using client = await openClient({ http: { apiKey: "key" } });
  for (const path of PUBLIC_PAGES.filter((path) => !path.endsWith(".svg"))) {
    const { status, headers, text } = await client.get(path);
    assertEquals(status, 200, path);
    // The bundle names XML namespaces and what texts say; tests/web/pages_test.ts sees what is asked for.
    const outside = path === "/web/app.js" ? /(?:import|fetch|open|src|href)\W{0,4}https?:/ : /https?:\/\//;
    assertEquals(outside.test(text), false, path);
    const policy = headers.get("content-security-policy")!;
    assert(policy.includes("default-src 'none'") && policy.includes("frame-ancestors 'none'"), policy);
    assertEquals(/unsafe|https?:|\*/.test(policy), false, policy);
    for (const [, address] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const linked = await client.get(address!, { "X-API-Key": "key" });
      assertEquals(linked.status, 200, `${path} links to ${address}`);
    }
  }
});
