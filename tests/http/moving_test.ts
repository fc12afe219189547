import { assertEquals, assertStringIncludes } from "@std/assert";
import { openClient } from "./client.ts";

const NDJSON = { "Content-Type": "application/x-ndjson" };

Deno.test("what /api/export gives, /api/import takes", async () => {
  await using from = await openClient();
  await using to = await openClient();
  for (let i = 0; i < 30; i++) await from.store(`fact ${i}`, { tags: ["a"], metadata: { i } });
  const { text, headers } = await from.get("/api/export?vectors=true");
  assertEquals(headers.get("content-type"), "application/x-ndjson");
  const { status, json } = await to.send("POST", "/api/import", text, NDJSON);
  assertEquals([status, json.success, json.stored, json.vectors], [200, true, 30, 30]);
  const listed = (client: typeof to) => client.get("/api/memories?page_size=100").then(({ json }) => json);
  assertEquals(await listed(to), await listed(from));
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
