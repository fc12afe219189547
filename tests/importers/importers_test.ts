import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { IMPORTERS } from "../../src/importers/table.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { importEntries } from "../../src/operations/moving/import.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { fromFileUrl } from "../helpers/paths.ts";
import { testRuntime } from "../helpers/runtime.ts";

const fixture = (name: string) => fromFileUrl(new URL(`fixtures/${name}`, import.meta.url));

async function imported(runtime: Runtime, kind: string, path: string) {
  return await importEntries(runtime, (await IMPORTERS[kind]!.load())(path));
}

const all = async (runtime: Runtime) =>
  (await runtime.storage.list({ filter: {}, offset: 0, limit: 100, order: "oldest" })).memories;

/** A database that mcp-memory-service 12.2.0 made: five memories, one of them deleted, and one link. */
async function pythonDatabase(folder: string): Promise<string> {
  const path = `${folder}/sqlite_vec.db`;
  const unzipped = (await Deno.open(fixture("python-service.db.gz"))).readable.pipeThrough(
    new DecompressionStream("gzip"),
  );
  await Deno.writeFile(path, unzipped);
  return path;
}

Deno.test("the Python service's database comes over with hashes, times, trash and links, and again changes nothing", async () => {
  await using test = await testRuntime();
  const { runtime } = test, path = await pythonDatabase(test.folder);
  const before = await Deno.readFile(path);
  const report = await imported(runtime, "python-sqlite", path);
  assertEquals([report.stored, report.trashed, report.relations, report.errors], [4, 1, 1, []]);
  const memories = await all(runtime);
  assertEquals(memories.map(({ content }) => content), [
    "The staging database is PostgreSQL 16.",
    "Überraschung: naïve café, 東京 and emoji 🚀.",
    "A memory without tags or type.",
    "Deploys happen on Thursday.",
  ]);
  assertEquals(memories[0], {
    content: "The staging database is PostgreSQL 16.",
    content_hash: "c761be7fbcb2f6ae8da7ba9f56ffc692dc156d388e1d6fabe9b42b2435cc2f7e",
    tags: ["infra", "postgres"],
    memory_type: "decision",
    metadata: { project: "atlas", n: 3 },
    conversation_id: null,
    created_at: 1700000000.25,
    updated_at: 1700000100.5,
    writer: { name: "local", channel: "import" },
  });
  assertEquals(memories.map(({ content }) => contentHash(content)), memories.map(({ content_hash }) => content_hash));
  const again = await imported(runtime, "python-sqlite", path);
  assertEquals([again.stored, again.trashed, again.relations, again.present], [0, 0, 0, 6]);
  assertEquals(await Deno.readFile(path), before);
});

Deno.test("a store that is pointed at the Python service's database names the command that takes it over", async () => {
  await using test = await testRuntime();
  const path = await pythonDatabase(test.folder);
  const error = await assertRejects(() => openStorage({ backend: "sqlite", path }), MemoryError);
  assertStringIncludes(error.message, `unimem import --from python-sqlite "${path}"`);
});

Deno.test("the Python service's collection is read page by page, without the reserved point", async () => {
  await using test = await testRuntime();
  const payload = (number: number) => ({
    content: `Point ${number}`,
    content_hash: contentHash(`Point ${number}`),
    tags: ["a", "b"],
    memory_type: null,
    metadata: {},
    created_at: 1_700_000_000 + number,
    updated_at: 1_700_000_000 + number,
  });
  const asked: unknown[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { offset } = await request.json();
    asked.push([new URL(request.url).pathname, request.headers.get("api-key"), offset]);
    const first = [{ id: 1, payload: { embedding_model: "x" } }, { id: "p1", payload: payload(1) }];
    const points = offset === null ? first : [{ id: "p2", payload: payload(2) }];
    return Response.json({ result: { points, next_page_offset: offset === null ? "p2" : null } });
  });
  const report = await imported(test.runtime, "python-qdrant", `http://:key@127.0.0.1:${server.addr.port}/old`);
  await server.shutdown();
  assertEquals([report.stored, report.errors], [2, []]);
  const path = "/collections/old/points/scroll";
  assertEquals(asked, [[path, "key", null], [path, "key", "p2"]]);
  assertEquals((await all(test.runtime)).map(({ created_at }) => created_at), [1_700_000_001, 1_700_000_002]);
});

Deno.test("a graph of the reference server becomes memories and links; faults name their lines", async () => {
  await using test = await testRuntime();
  const report = await imported(test.runtime, "mcp-reference", fixture("reference.jsonl"));
  assertEquals((await all(test.runtime)).map(({ content }) => content), [
    "John_Smith: Speaks fluent Spanish",
    "John_Smith graduated in 2019",
    "Anthropic is a organization",
  ]);
  const [relation] = await test.runtime.storage.relations({ limit: 9 });
  assertEquals([relation!.type, relation!.source], ["works_at", contentHash("John_Smith: Speaks fluent Spanish")]);
  assertEquals(report.errors.map(({ place }) => place), ["Line 3", "Line 5"]);
});

Deno.test("a mem0 export keeps categories, owner, run and time", async () => {
  await using test = await testRuntime();
  const report = await imported(test.runtime, "mem0", fixture("mem0.json"));
  assertEquals(report.errors.map(({ place }) => place), ["Item 2"]);
  const [memory] = await all(test.runtime);
  assertEquals([memory!.tags, memory!.conversation_id, memory!.metadata.mem0_user_id, memory!.metadata.source], [
    ["travel"],
    "trip-1",
    "alice",
    "chat",
  ]);
  assertEquals(memory!.created_at, Date.parse("2024-07-26T15:44:41Z") / 1000 + 0.039788);
});

Deno.test("notes below a folder keep their front matter", async () => {
  await using test = await testRuntime();
  const report = await imported(test.runtime, "markdown", fixture("notes"));
  assertEquals(report.errors.map(({ place }) => place), ["empty.md"]);
  const memories = await all(test.runtime);
  const plan = memories.find(({ metadata }) => metadata.source_file === "plan.md")!;
  assertEquals(plan.tags, ["launch", "q3"]);
  assertEquals([plan.metadata.title, plan.metadata.priority], ["Launch plan", 2]);
  assertEquals(plan.created_at, Date.parse("2025-03-01") / 1000);
  assertEquals(memories.length, 2);
  assertEquals((await imported(test.runtime, "markdown", fixture("notes"))).present, 2);
});

Deno.test("documents below a folder come over whole, and a broken one doesn't hold up the others", async () => {
  await using test = await testRuntime();
  const folder = `${test.folder}/documents`;
  await Deno.mkdir(`${folder}/deep`, { recursive: true });
  await Deno.writeTextFile(`${folder}/deep/page.html`, "<h1>Title</h1><p>Some words.</p>");
  await Deno.writeTextFile(`${folder}/broken.pdf`, "%PDF-1.7 nothing");
  await Deno.writeTextFile(`${folder}/table.csv`, "name,age\nAda,36\n");
  await Deno.writeTextFile(`${folder}/program.exe`, "not a document");
  const report = await imported(test.runtime, "documents", folder);
  assertEquals(report.errors.map(({ place }) => place), ["broken.pdf"]);
  assertEquals((await all(test.runtime)).map(({ metadata }) => metadata.source_file).toSorted(), [
    "page.html",
    "table.csv",
  ]);
  assertEquals((await imported(test.runtime, "documents", folder)).stored, 0);
});
