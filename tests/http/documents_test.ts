import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { PublishedEvent } from "../../src/operations/events.ts";
import { fixture } from "../documents/helpers.ts";
import { until } from "../helpers/process.ts";
import { type Answer, openClient, type TestClient } from "./client.ts";

type Part = [name: string, content: string | Uint8Array<ArrayBuffer>];

/** Sends files and texts as a form. */
async function send(
  client: TestClient,
  path: string,
  field: string,
  files: Part[],
  fields: Record<string, string> = {},
) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  for (const [name, content] of files) body.append(field, new File([content], name));
  const response = await client.app.request(path, { method: "POST", body });
  return { status: response.status, json: await response.json() };
}

const upload = (client: TestClient, file: Part, fields?: Record<string, string>) =>
  send(client, "/api/documents/upload", "file", [file], fields);
const batch = (client: TestClient, files: Part[], fields?: Record<string, string>) =>
  send(client, "/api/documents/batch-upload", "files", files, fields);

/** The status of an upload once it is done. */
async function finished(client: TestClient, id: string): Promise<Answer["json"]> {
  const status = async () => (await client.get(`/api/documents/status/${id}`)).json;
  return await until(status, ({ completed_at }) => completed_at !== null, `the end of upload ${id}`);
}

const RUNBOOK = `# Runbook\n\nRestart the queue worker when lag exceeds five minutes.\n\n## Escalation\n\n` +
  `Page the on-call engineer and open an incident channel.\n\n` +
  "Each worker drains before restart, and the balancer removes it from rotation. ".repeat(30);

Deno.test("an uploaded document becomes memories that know where they come from", async () => {
  await using client = await openClient();
  const { status, json } = await upload(client, ["runbook.md", RUNBOOK], {
    tags: "runbook, ops,",
    chunk_size: "500",
    chunk_overlap: "50",
  });
  assertEquals(status, 200);
  assertEquals(json.status, "queued");
  assertEquals(json.message, "Document runbook.md queued for processing");
  const id = json.upload_id;

  const done = await finished(client, id);
  assertEquals([done.status, done.filename, done.progress, done.errors], ["completed", "runbook.md", 100, []]);
  assertEquals(done.file_size, RUNBOOK.length);
  assert(
    done.total_chunks > 5 && done.total_chunks === done.chunks_stored && done.chunks_stored === done.chunks_processed,
  );

  const content = (await client.get(`/api/documents/search-content/${id}`)).json;
  assertEquals([content.status, content.filename, content.total_found], ["success", "runbook.md", done.total_chunks]);
  assertEquals(content.memories.map((memory: { chunk_index: number }) => memory.chunk_index), [
    ...Array(done.total_chunks).keys(),
  ]);
  const [first, second] = content.memories;
  assertEquals(first.content, "Runbook\n\nRestart the queue worker when lag exceeds five minutes.");
  assertEquals(first.tags, ["runbook", "ops", "source_file:runbook.md", "file_type:md", `upload_id:${id}`]);
  for (const memory of content.memories) assert(memory.content.length <= 500);
  const { metadata } = second;
  assertEquals(
    [
      metadata.source_file,
      metadata.file_extension,
      metadata.content_type,
      metadata.chunking_strategy,
      metadata.upload_id,
    ],
    ["runbook.md", ".md", "markdown", "paragraph_aware", id],
  );
  assertEquals([metadata.section_index, metadata.chunk_index, metadata.total_chunks], [2, 1, done.total_chunks]);
  assertEquals(metadata.section_path, ["Runbook", "Escalation"]);
  assertEquals(metadata.markdown_headers, [{ level: 2, text: "Escalation" }]);
  assertEquals([metadata.header_count, metadata.code_block_count, metadata.link_count], [2, 0, 0]);

  const memory = (await client.get(`/api/memories/${first.content_hash}`)).json;
  assertEquals([memory.memory_type, memory.conversation_id], ["document", `document:${id}`]);
});

Deno.test("pages of a PDF can be searched and found by their words", async () => {
  await using client = await openClient();
  const { json } = await upload(client, ["manual.pdf", await fixture("three-pages.pdf")], { memory_type: "manual" });
  assertEquals((await finished(client, json.upload_id)).chunks_stored, 3);
  const path = `/api/documents/search-content/${json.upload_id}`;
  assertEquals((await client.get(path)).json.memories.map((memory: { page: number }) => memory.page), [1, 2, 3]);
  const found = (await client.get(`${path}?query=how+long+are+backups+kept&limit=1`)).json;
  assertEquals(found.memories.map((memory: { page: number }) => memory.page), [3]);
  const { results } = (await client.send("POST", "/api/search", { query: "who leads the edge team" })).json;
  assertEquals(results[0].memory.metadata.page, 2);
  assertEquals(results[0].memory.memory_type, "manual");
});

Deno.test("equal passages of two documents stay apart", async () => {
  await using client = await openClient();
  for (const name of ["a.txt", "b.txt"]) {
    assertEquals((await finished(client, (await upload(client, [name, "The same."])).json.upload_id)).chunks_stored, 1);
  }
  assertEquals((await client.get("/api/memories")).json.total, 2);
});

Deno.test("a batch stores what it can and names what it can't", async () => {
  await using client = await openClient();
  const { status, json } = await batch(client, [
    ["a.txt", "Alpha notes: the cache TTL is 300 seconds."],
    ["secret.pdf", await fixture("encrypted.pdf")],
    ["b.csv", "name,team\nAda,core\nLin,edge\n"],
    ["x.exe", "MZ"],
    ["e.txt", ""],
  ], { tags: "batch" });
  assertEquals([status, json.message], [200, "Batch of 5 documents queued for processing"]);
  const done = await finished(client, json.upload_id);
  assertEquals([done.status, done.filename, done.chunks_stored, done.progress], [
    "completed_with_errors",
    "Batch (5 files)",
    2,
    100,
  ]);
  assertEquals(done.errors.slice(0, 1), ['Cannot read "secret.pdf": it is encrypted; save it without a password']);
  assertMatch(done.errors[1], /^Cannot read "x.exe": unsupported file type .exe. Supported: .pdf, /);
  assertEquals(done.errors[2], 'Cannot read "e.txt": it is empty');
  assertEquals(done.documents.map((file: { status: string }) => file.status), [
    "completed",
    "failed",
    "completed",
    "failed",
    "failed",
  ]);
  const { memories } = (await client.get(`/api/documents/search-content/${json.upload_id}`)).json;
  assertEquals(memories.map((memory: { content: string }) => memory.content), [
    "Alpha notes: the cache TTL is 300 seconds.",
    "name: Ada, team: core\n\nname: Lin, team: edge",
  ]);
});

Deno.test("the history lists uploads, newest first", async () => {
  await using client = await openClient();
  assertEquals((await client.get("/api/documents/history")).json, { uploads: [] });
  const first = (await upload(client, ["a.txt", "one"])).json.upload_id;
  const second = (await upload(client, ["e.txt", ""])).json.upload_id;
  await finished(client, first);
  await finished(client, second);
  const { uploads } = (await client.get("/api/documents/history")).json;
  assertEquals(uploads.map((entry: Answer["json"]) => [entry.upload_id, entry.status]), [
    [second, "failed"],
    [first, "completed"],
  ]);
});

Deno.test("removing an upload removes its memories, or only its entry", async () => {
  await using client = await openClient();
  await client.store("Not from a document.");
  const { upload_id } = (await upload(client, ["runbook.md", RUNBOOK])).json;
  const { chunks_stored } = await finished(client, upload_id);

  const kept = (await client.send("DELETE", `/api/documents/remove/${upload_id}?remove_from_memory=false`)).json;
  assertEquals([kept.status, kept.filename, kept.memories_deleted], ["success", "runbook.md", 0]);
  assertEquals((await client.get("/api/documents/history")).json.uploads, []);
  assertEquals((await client.get("/api/memories")).json.total, chunks_stored + 1);

  const removed = (await client.send("DELETE", `/api/documents/remove/${upload_id}`)).json;
  assertEquals(removed, {
    status: "success",
    upload_id,
    filename: "runbook.md",
    memories_deleted: chunks_stored,
    message: "Document 'runbook.md' removed successfully",
  });
  assertEquals((await client.get("/api/memories")).json.total, 1);
  assertEquals((await client.get(`/api/documents/status/${upload_id}`)).status, 404);
  const again = await client.send("DELETE", `/api/documents/remove/${upload_id}`);
  assertEquals([again.status, again.json.detail], [404, "Upload session not found"]);
});

Deno.test("removing by tags spares memories that no document made", async () => {
  await using client = await openClient();
  await client.store("A memory with the tag.", { tags: ["batch"] });
  const { upload_id } = (await batch(client, [["a.txt", "one"], ["b.txt", "two"]], { tags: "batch" })).json;
  await finished(client, upload_id);
  const { json } = await client.send("DELETE", "/api/documents/remove-by-tags", ["batch"]);
  assertEquals(json, {
    status: "success",
    tags: ["batch"],
    memories_deleted: 2,
    affected_uploads: [upload_id],
    message: "Deleted 2 memories matching tags",
  });
  assertEquals((await client.get("/api/memories")).json.total, 1);
  assertEquals((await client.send("DELETE", "/api/documents/remove-by-tags", [])).status, 422);
});

Deno.test("unknown uploads are told apart from empty ones", async () => {
  await using client = await openClient();
  const status = await client.get("/api/documents/status/nope");
  assertEquals([status.status, status.json.detail], [404, "Upload session not found"]);
  const content = await client.get("/api/documents/search-content/nope");
  assertEquals(content.status, 200);
  assertEquals(content.json, {
    status: "partial",
    upload_id: "nope",
    filename: "Document (upload_id: nope...)",
    total_found: 0,
    memories: [],
    error: "No memories found for upload_id: nope",
  });
});

Deno.test("a type that can't be read is refused before it waits", async () => {
  await using client = await openClient();
  const { status, json } = await upload(client, ["x.exe", "MZ"]);
  assertEquals(status, 415);
  assertStringIncludes(json.detail, 'Cannot read "x.exe": unsupported file type .exe. Supported: .pdf, .docx');
});

Deno.test("a form without a file or with wrong values names them", async () => {
  await using client = await openClient();
  const none = await send(client, "/api/documents/upload", "file", [], { tags: "x" });
  assertEquals([none.status, none.json.detail], [422, [{
    type: "missing",
    loc: ["body", "file"],
    msg: "Field required",
    input: null,
  }]]);
  const urlencoded = await client.send("POST", "/api/documents/batch-upload", "tags=x", {
    "content-type": "application/x-www-form-urlencoded",
  });
  assertEquals([urlencoded.status, urlencoded.json.detail[0].loc], [422, ["body", "files"]]);
  const wrong = await upload(client, ["a.txt", "x"], { chunk_size: "50", chunk_overlap: "many" });
  assertEquals(wrong.status, 422);
  assertEquals(wrong.json.detail.map((fault: Answer["json"]) => [fault.loc, fault.msg, fault.input]), [
    [["body", "chunk_size"], "Input should be greater than or equal to 100", "50"],
    [["body", "chunk_overlap"], "Input should be a valid number", "many"],
  ]);
  assertEquals((await client.send("POST", "/api/documents/upload", { file: "x" })).status, 415);
  const broken = await client.send("POST", "/api/documents/upload", "--b\r\nnonsense", {
    "content-type": "multipart/form-data; boundary=b",
  });
  assertEquals(broken.status, 422);
});

Deno.test("only the last part of a file's path is kept", async () => {
  await using client = await openClient();
  for (const name of ["../../etc/passwd.txt", "/passwd.txt", "x/..%2f/passwd.txt"]) {
    const { json } = await upload(client, [name, "words"]);
    assertEquals(json.message, "Document passwd.txt queued for processing");
    assertEquals((await finished(client, json.upload_id)).filename, "passwd.txt");
  }
});

Deno.test("files over the limit are refused while they arrive", async () => {
  const limits = {
    maxBytes: 100_000,
    maxPages: 10,
    maxCharacters: 100_000,
    maxUnpackedBytes: 1 << 20,
    maxMemoryBytes: 1 << 30,
    timeoutMs: 30_000,
  };
  await using client = await openClient({ operations: { documents: { chunkSize: 1000, chunkOverlap: 0, limits } } });
  const { status, json } = await upload(client, ["a.txt", "x".repeat(100_001)]);
  assertEquals(status, 413);
  assertEquals(json.detail, "Cannot read the form: a file has more than 100000 bytes");
  assertEquals((await upload(client, ["a.txt", "x ".repeat(50_000)])).status, 200);
  const many = Array.from({ length: 130 }, (_, i): Part => [`${i}.txt`, "x"]);
  assertEquals((await batch(client, many)).status, 413);
});

Deno.test("listeners hear of an upload's progress and its end", async () => {
  await using client = await openClient();
  const told: Answer["json"][] = [];
  const send = ({ type, json }: PublishedEvent) => type !== "upload_progress" || told.push(JSON.parse(json)) > 0;
  client.events.subscribe({ send, end: () => {} }, { types: ["upload_progress"] });
  const { upload_id } = (await batch(client, [["runbook.md", RUNBOOK], ["e.txt", ""]])).json;
  await finished(client, upload_id);
  assertEquals(told.every((event) => event.upload_id === upload_id && event.filename === "Batch (2 files)"), true);
  assertEquals([told[0].status, told[0].progress], ["processing", 0]);
  const last = told.at(-1);
  assertEquals([last.status, last.progress], ["completed_with_errors", 100]);
  assert(last.chunks_stored > 0 && last.chunks_stored === last.total_chunks);
  assert(told.length < 15, `${told.length} events`);
});

Deno.test("every document route needs the key", async () => {
  await using client = await openClient({ http: { apiKey: "key" } });
  const routes = [
    ["POST", "upload"],
    ["POST", "batch-upload"],
    ["GET", "status/x"],
    ["GET", "history"],
    ["DELETE", "remove/x"],
    ["DELETE", "remove-by-tags"],
    ["GET", "search-content/x"],
  ] as const;
  for (const [method, path] of routes) {
    assertEquals((await client.send(method, `/api/documents/${path}`)).status, 401, path);
  }
  assertEquals((await client.get("/api/documents/history", { "X-API-Key": "key" })).status, 200);
});
