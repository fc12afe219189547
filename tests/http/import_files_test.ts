/** Other programs' data over REST, as files of a form. */

import { openClient, type TestClient } from "./client.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { keyedService } from "../access/service.ts";

type Named = [name: string, content: string];

async function send({ app }: Pick<TestClient, "app">, files: readonly Named[], fields: Record<string, string> = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const [name, content] of files) form.append("files", new File([content], name));
  const response = await app.request("/api/import/files", { method: "POST", body: form });
  return { status: response.status, json: await response.json() };
}

async function contentsOf(client: TestClient): Promise<string[]> {
  const { json } = await client.get("/api/memories?page_size=100");
  return json.memories.map(({ content }: { content: string }) => content).sort();
}

const NOTE = (title: string, text: string) =>
  `---\ntitle: ${title}\ntype: note\npermalink: notes/${title}\n---\n\n${text}\n`;
const CLAUDE_CODE = [
  {
    type: "user",
    sessionId: "s",
    uuid: "1",
    timestamp: "2026-01-02T03:04:05Z",
    message: { role: "user", content: "When?" },
  },
  {
    type: "assistant",
    sessionId: "s",
    uuid: "2",
    timestamp: "2026-01-02T03:04:06Z",
    message: { role: "assistant", content: [{ type: "text", text: "On Friday." }] },
  },
].map((line) => JSON.stringify(line)).join("\n");

Deno.test("the kind of one file is found out, and an import that is sent again changes nothing", async () => {
  await using client = await openClient();
  const mem0 = JSON.stringify([{ memory: "Likes tea", user_id: "ann" }, { memory: "Lives in Kiel", user_id: "ann" }]);
  const { status, json: report } = await send(client, [["mem0.json", mem0]]);
  assertEquals([status, report.success, report.stored], [200, true, 2], JSON.stringify(report));
  assertEquals(await contentsOf(client), ["Likes tea", "Lives in Kiel"]);
  const { json: { memories: [{ writer }] } } = await client.get("/api/memories");
  assertEquals([writer.name, writer.channel], ["mem0.json", "import"]);
  const { json: again } = await send(client, [["mem0.json", mem0]]);
  assertEquals([again.stored, again.present], [0, 2]);
  const { json: lines } = await send(client, [["m.jsonl", '{"content":"One"}\n{"content":"Two"}\n']]);
  assertEquals([lines.success, lines.stored], [true, 2], lines.message);
});

Deno.test("files with folders in their names are read as the folder that they are from", async () => {
  await using client = await openClient();
  const notes: Named[] = [
    ["vault/people/Ann.md", NOTE("ann", "Ann leads the harbour team.")],
    ["vault/Plan.md", NOTE("plan", "Ships on Friday.")],
  ];
  const { json: report } = await send(client, notes, { kind: "markdown", folder_tags: "true" });
  assertEquals([report.success, report.stored], [true, 2], JSON.stringify(report));
  const { json: { memories } } = await client.get("/api/memories?tag=people");
  assertEquals(memories.length, 1);
  const { json: found } = await send(client, [["projects/p/s.jsonl", CLAUDE_CODE], [
    "projects/p/t.jsonl",
    CLAUDE_CODE,
  ]]);
  assertEquals([found.success, found.faults], [true, 0], JSON.stringify(found));
  assert((await contentsOf(client)).includes("On Friday."));
});

Deno.test("notes without a time of their own keep that of their file", async () => {
  await using client = await openClient();
  await send(client, [["a.md", "First"], ["b.md", "Second"]], { kind: "markdown", modified: "1700000000,1600000000" });
  const { json: { memories } } = await client.get("/api/memories");
  assertEquals(
    memories.map(({ content, created_at }: { content: string; created_at: number }) => [content, created_at]),
    [
      ["First", 1_700_000_000],
      ["Second", 1_600_000_000],
    ],
  );
});

Deno.test("names of files lead nowhere else, and messages tell nothing of where they lay", async () => {
  await using client = await openClient();
  const outside = `${client.folder}/../outside-${crypto.randomUUID()}.md`;
  const names = [
    outside,
    "../../../up.md",
    "a/../../b.md",
    "C:\\windows\\c.md",
    "..",
    "x".repeat(500) + ".md",
    "same.md",
    "Same.md",
  ];
  const files = names.map((name, i): Named => [name, `Note ${i}`]);
  const { status, json: report } = await send(client, files, { kind: "markdown" });
  assertEquals(status, 200, JSON.stringify(report));
  assertEquals(report.faults, 0, JSON.stringify(report));
  const leftovers = Array.from(Deno.readDirSync(client.folder), ({ name }) => name).filter((name) =>
    name.endsWith(".md")
  );
  assertEquals(leftovers, []);
  const { status: refused, json: broken } = await send(client, [["broken.db", "SQLite format 3\0 and no more"]]);
  assertEquals(refused, 422, JSON.stringify(broken));
  for (const text of [JSON.stringify(broken), JSON.stringify(report)]) assert(!text.includes(client.folder), text);
  for await (const { name, isDirectory } of Deno.readDir(`${client.folder}/uploads`)) {
    if (isDirectory) assertEquals([...Deno.readDirSync(`${client.folder}/uploads/${name}`)], [], "files are left");
  }
});

Deno.test("what can't be imported is refused with what is wrong, and nothing of it is stored", async () => {
  await using client = await openClient();
  const { status, json: unknown } = await send(client, [["x.bin", "\u0001\u0002"]]);
  assertEquals(status, 422);
  assertStringIncludes(JSON.stringify(unknown), "name its kind");
  assertEquals((await send(client, [["a.md", "x"]], { kind: "python-qdrant" })).status, 422);
  assertEquals((await send(client, [["a.md", "x"]], { kind: "documents" })).status, 422);
  assertEquals((await send(client, [], { kind: "mem0" })).status, 422);
  assertEquals((await send(client, [["a", "{}"], ["b", "{}"]], { kind: "unimem" })).status, 422);
  assertEquals(await contentsOf(client), []);
});

Deno.test("an import goes into the space that its caller writes to, and needs the right of an admin", async () => {
  await using service = await keyedService();
  const { token: writer } = await service.key({ rights: "write", write: ["team"] });
  const { token: admin } = await service.key({ rights: "admin", write: ["team"] });
  const status = async (token: string) => {
    const form = new FormData();
    form.append("files", new File(['[{"memory":"Likes tea","user_id":"ann"}]'], "mem0.json"));
    const headers = { authorization: `Bearer ${token}` };
    const response = await service.app.request("/api/import/files", { method: "POST", body: form, headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await status(writer), await status(admin)], [403, 200]);
  assertEquals((await service.rest(admin, "GET", "/api/memories")).json.total, 1);
  assertEquals((await service.runtime.storage.spaces.list()).map(({ name, memories }) => [name, memories]), [
    ["default", 0],
    ["team", 1],
  ]);
});

Deno.test("a file of a form names no folders of the server that are read as well", async () => {
  await using client = await openClient();
  const secret = `${client.folder}/secrets`;
  await Deno.mkdir(secret);
  await Deno.writeTextFile(`${secret}/private.md`, NOTE("private", "Not for those who send forms."));
  const config = JSON.stringify({ projects: { stolen: secret, other: { path: secret } } });
  for (
    const files of [[["config.json", config]], [["b/config.json", config], ["b/n.md", NOTE("n", "Mine.")]]] as Named[][]
  ) {
    await send(client, files, { kind: "basic-memory" });
  }
  assert(!(await contentsOf(client)).some((content) => content.includes("Not for those")));
});

Deno.test("owners get spaces of their own over a form too", async () => {
  await using client = await openClient();
  const mem0 = JSON.stringify([{ memory: "Likes tea", user_id: "ann" }, { memory: "Likes tea", user_id: "bob" }]);
  const { json: report } = await send(client, [["mem0.json", mem0]], { spaces_by: "user_id" });
  assertEquals(report.spaces.map(({ name, stored }: { name: string; stored: number }) => [name, stored]), [["ann", 1], [
    "bob",
    1,
  ]]);
  assertEquals(await contentsOf(client), []);
  assertEquals((await client.get("/s/bob/api/memories")).json.total, 1);
  const wrong = await send(client, [["mem0.json", mem0]], { spaces_by: "colour" });
  assertEquals(wrong.status, 422);
  assertStringIncludes(JSON.stringify(wrong.json), "name one of user_id");
});
