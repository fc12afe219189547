import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { overwrite, pagesOf, rowsIn } from "../storage/damage.ts";
import { openClient } from "./client.ts";

const NDJSON = { "Content-Type": "application/x-ndjson" };

Deno.test("what /api/export gives, /api/import takes", async () => {
  await using from = await openClient();
  await using to = await openClient();
  for (let i = 0; i < 30; i++) await from.store(`fact ${i}`, { tags: ["a"], metadata: { i } });
  const { text, headers } = await from.get("/api/export?vectors=true");
  assertEquals(headers.get("content-type"), "application/x-ndjson");
  const { status, json } = await to.send("POST", "/api/import", text, NDJSON);
  assertEquals([status, json.success, json.stored, json.vectors], [200, true, 30, 0]);
  const listed = (client: typeof to) => client.get("/api/memories?page_size=100").then(({ json }) => json);
  // Without a key, the writers that a file names are claims.
  const writer = { name: "anonymous", channel: "import" };
  const { memories, ...rest } = await listed(from);
  assertEquals(memories.length, 30);
  assertEquals(await listed(to), { ...rest, memories: memories.map((memory: object) => ({ ...memory, writer })) });
  assertEquals((await to.send("POST", "/api/import", text, NDJSON)).json.present, 30);
});

Deno.test("faults of an import name their lines; what can't be read at all is refused", async () => {
  await using client = await openClient();
  const { text } = await client.get("/api/export");
  const [header, ...rest] = text.split("\n");
  const { json } = await client.send("POST", "/api/import", [header, '{"kind":"memory"}', ...rest].join("\n"), NDJSON);
  assertEquals([json.success, json.errors[0].place], [false, "Line 2"]);
  const refused = await client.send("POST", "/api/import", "hello", NDJSON);
  assertEquals(refused.status, 422);
  assertStringIncludes(refused.text, "Cannot import the file");
  assertEquals((await client.send("POST", "/api/import", text, { "Content-Type": "text/plain" })).status, 415);
});

Deno.test("over a damaged store writes are refused with what to do, and the export has what can be read and names the rest", async () => {
  await using client = await openClient();
  const path = `${client.folder}/memories.db`, hashes: string[] = [];
  for (let i = 0; i < 24; i++) hashes.push(await client.store(`Entry ${i} ${"of the long ledger ".repeat(40)}`));
  // Writes the log into the file.
  assertEquals((await client.send("POST", "/api/manage/system/optimize_db")).status, 200);
  const page = pagesOf(path).find(({ name, kind }) => name === "memories" && kind === "leaf")!.number;
  const lost = rowsIn(path, page, "SELECT id, content_hash AS value FROM memories WHERE id = ?");
  assert(lost.length > 0 && lost.length < hashes.length);
  overwrite(path, [page]);
  await client.get("/api/health/detailed"); // what the connection remembers of the page is gone now
  assertEquals((await client.get(`/api/memories/${lost[0]}`)).status, 503);
  for (
    const [method, route, body] of [
      ["POST", "/api/memories", { content: "Lost if it were taken" }],
      ["PUT", `/api/memories/${hashes.at(-1)}`, { tags: ["x"] }],
      ["DELETE", `/api/memories/${hashes.at(-1)}`, undefined],
      ["POST", "/api/manage/system/optimize_db", undefined],
    ] as const
  ) {
    const { status, json } = await client.send(method, route, body);
    assertEquals(status, 503, `${method} ${route}`);
    assertStringIncludes(json.detail, "unimem export");
    assertStringIncludes(json.detail, "restore a backup");
  }
  const { status, text } = await client.get("/api/export");
  assertEquals(status, 200);
  const lines = text.trim().split("\n").map((line) => JSON.parse(line));
  const of = (kind: string) =>
    lines.filter((line) => line.kind === kind).map(({ content_hash }) => content_hash).sort();
  assertEquals(lines[0].damaged, true);
  assertEquals(of("unreadable"), lost.sort());
  assertEquals(of("memory"), hashes.filter((hash) => !lost.includes(hash)).sort());
  assertEquals([lines.at(-1).memories, lines.at(-1).unreadable], [hashes.length - lost.length, lost.length]);
  await using empty = await openClient();
  const { json } = await empty.send("POST", "/api/import", text, { "content-type": "application/x-ndjson" });
  assertEquals([json.success, json.stored], [true, hashes.length - lost.length]);
});
