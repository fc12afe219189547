/** Conversations, transcripts, notes and exports of other programs, in the shapes their files really have. */

import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MemoryError } from "../../src/errors.ts";
import { detectKind } from "../../src/importers/detect.ts";
import type { ImporterOptions } from "../../src/importers/importer.ts";
import { IMPORTERS } from "../../src/importers/table.ts";
import { contentHash } from "../../src/memory/hash.ts";
import type { Memory } from "../../src/memory/memory.ts";
import { importEntries } from "../../src/operations/moving/import.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { copilotEvents, cursorLine } from "../hooks/transcripts.ts";
import { inFolder } from "../helpers/folder.ts";
import { fromFileUrl } from "../helpers/paths.ts";
import { testRuntime } from "../helpers/runtime.ts";

const fixture = (name: string) => fromFileUrl(new URL(`fixtures/${name}`, import.meta.url));

async function imported(runtime: Runtime, kind: string, path: string, options: ImporterOptions = {}) {
  return await importEntries(runtime, (await IMPORTERS[kind]!.load())(path, options));
}

const all = async (runtime: Runtime): Promise<Memory[]> =>
  (await runtime.storage.list({ filter: {}, offset: 0, limit: 100, order: "oldest" })).memories;

const turns = (memories: Memory[]) =>
  memories.map(({ content, metadata, conversation_id }) => [conversation_id, metadata.role, content]);

/** Imports twice; the second time must change nothing. */
async function twice(runtime: Runtime, kind: string, path: string, options: ImporterOptions = {}) {
  const report = await imported(runtime, kind, path, options), memories = await all(runtime);
  const again = await imported(runtime, kind, path, options);
  assertEquals([again.stored, again.relations, await all(runtime)], [0, 0, memories]);
  return { report, memories };
}

Deno.test("a ChatGPT export gives the current branch of each conversation, in order, with what was left out", async () => {
  await using test = await testRuntime();
  const { report, memories } = await twice(test.runtime, "chatgpt", fixture("chatgpt/conversations.json"));
  assertEquals(turns(memories), [
    ["chatgpt:c-1", "user", "Which version should staging run?"],
    ["chatgpt:c-1", "assistant", "Version 16, for logical replication."],
    ["chatgpt:c-1", "user", "As in this picture. Thanks!"],
    ["chatgpt:c-2", "user", "Thanks!"],
  ]);
  const [first, second, third] = memories;
  assertEquals([first!.created_at, second!.metadata.model, first!.metadata.title, first!.memory_type], [
    1700000100.5,
    "gpt-4o",
    "Postgres upgrade",
    "turn",
  ]);
  assertGreater(third!.created_at, second!.created_at);
  assertEquals(report.errors.map(({ place }) => place), ["Conversation 3"]);
  assertEquals(report.left_out, {
    "messages of the role system": 1,
    "calls of tools": 1,
    "messages of the role tool": 1,
    "messages of other branches": 1,
    "messages without text": 1,
  });
});

Deno.test("a ChatGPT tree that leads back to itself or to nothing ends", async () => {
  await using test = await testRuntime();
  const node = (id: string, parent: string) => ({
    id,
    parent,
    children: ["a"],
    message: { id, author: { role: "user" }, content: { content_type: "text", parts: [`Words of ${id}`] } },
  });
  const path = `${test.folder}/conversations.json`;
  const mapping = { a: node("a", "b"), b: node("b", "a") };
  await Deno.writeTextFile(
    path,
    JSON.stringify([{ id: "loop", current_node: "a", mapping }, { id: "e", mapping: {} }]),
  );
  const report = await imported(test.runtime, "chatgpt", path);
  assertEquals([report.stored, report.errors], [2, []]);
});

Deno.test("a Claude export gives each message with its time, and counts thoughts and files", async () => {
  await using test = await testRuntime();
  const { report, memories } = await twice(test.runtime, "claude", fixture("claude/conversations.json"));
  assertEquals(turns(memories), [
    ["claude:k-1", "user", "I prefer window seats."],
    ["claude:k-1", "assistant", "Noted.\n\nI'll remember."],
    ["claude:k-2", "user", "An older export has text alone."],
  ]);
  assertEquals(memories[0]!.created_at, Date.parse("2025-03-01T10:00:01Z") / 1000 + 0.123456);
  assertEquals([report.left_out, report.errors], [{ "attached files": 1, "messages without text": 1 }, []]);
});

Deno.test("transcripts of Claude Code give what was said and a line for each call, not what tools answered and the client did", async () => {
  await using test = await testRuntime();
  const { report, memories } = await twice(test.runtime, "claude-code", fixture("claude-code"));
  assertEquals(turns(memories), [
    ["claude-code:5e551011", "user", "Raise the retry budget to five."],
    ["claude-code:5e551011", "assistant", "I'll look at the client first."],
    ["claude-code:5e551011", "tool", "[tool] Read client.ts: done"],
    ["claude-code:5e551011", "assistant", "Done: the budget is five."],
  ]);
  assertEquals([memories[0]!.metadata.project, memories[1]!.metadata.model], ["/home/ada/atlas", "claude-opus"]);
  assertEquals(report.errors, []);
  assertEquals(report.left_out, {
    "records of the client": 4,
    "thoughts": 1,
    "turns of subagents": 1,
    "summaries of what came before": 1,
  });
});

Deno.test("a transcript that grew gives what is new alone, and a resumed session its turns once", async () => {
  await using test = await testRuntime();
  const folder = `${test.folder}/projects`;
  await Deno.mkdir(folder);
  const line = (uuid: string, content: string, sessionId: string) =>
    JSON.stringify({ type: "user", uuid, sessionId, timestamp: "2026-01-20T11:57:17Z", message: { content } }) + "\n";
  await Deno.writeTextFile(`${folder}/a.jsonl`, line("1", "First", "a"));
  assertEquals((await imported(test.runtime, "claude-code", folder)).stored, 1);
  await Deno.writeTextFile(`${folder}/a.jsonl`, line("2", "Second", "a"), { append: true });
  await Deno.writeTextFile(`${folder}/b.jsonl`, line("1", "First", "b") + line("3", "Third", "b"));
  const report = await imported(test.runtime, "claude-code", folder);
  assertEquals([report.stored, report.present], [2, 2]);
  assertEquals((await all(test.runtime)).map(({ content }) => content), ["First", "Second", "Third"]);
});

Deno.test("transcripts of Codex are read in both of their forms", async () => {
  await using test = await testRuntime();
  const { report, memories } = await twice(test.runtime, "codex", fixture("codex"));
  assertEquals(
    new Set(turns(memories).map((turn) => turn.join(" | "))),
    new Set([
      "codex:0199aa | user | Why does the deploy job fail?",
      "codex:0199aa | tool | [tool] shell: done",
      "codex:0199aa | assistant | The token expired on Sunday.",
      "codex:old-1 | user | Rename the module.",
      "codex:old-1 | assistant | Renamed.",
    ]),
  );
  assertEquals(memories.find(({ content }) => content.startsWith("The token"))!.metadata.model, "gpt-5-codex");
  assertEquals(report.errors, []);
});

Deno.test("transcripts of Cursor and Copilot CLI give the turns that their hooks capture", () =>
  inFolder(async (folder) => {
    await using test = await testRuntime();
    const cursor = join(folder, "p", "agent-transcripts", "c1"), copilot = join(folder, "state", "s-1");
    await Deno.mkdir(cursor, { recursive: true });
    await Deno.mkdir(copilot, { recursive: true });
    const lines = [
      cursorLine("user", "Which port?"),
      cursorLine("assistant", "8000.", [["Read", { path: "/a/.env" }]]),
    ];
    await Deno.writeTextFile(join(cursor, "c1.jsonl"), `${lines.join("\n")}\n`);
    await Deno.utime(join(cursor, "c1.jsonl"), 1_790_000_000, 1_790_000_000);
    await Deno.writeTextFile(join(copilot, "events.jsonl"), `${copilotEvents("s-1", "/p").join("\n")}\n`);
    const first = await twice(test.runtime, "cursor", join(folder, "p"));
    assertEquals(turns(first.memories).map((turn) => turn.join(" | ")).sort(), [
      "cursor:c1 | assistant | 8000.",
      "cursor:c1 | tool | [tool] Read /a/.env",
      "cursor:c1 | user | Which port?",
    ]);
    assertEquals(new Set(first.memories.map(({ created_at }) => Math.floor(created_at))), new Set([1_790_000_000]));
    const report = await imported(test.runtime, "copilot-cli", join(folder, "state"));
    assertEquals([report.stored, report.errors], [4, []]);
    assertEquals(
      (await all(test.runtime)).filter(({ conversation_id }) => conversation_id === "copilot-cli:s-1").length,
      4,
    );
  }));

Deno.test("notes of basic-memory become observations, text and relations of their own types", async () => {
  await using test = await testRuntime();
  const { report, memories } = await twice(test.runtime, "basic-memory", fixture("basic-memory"));
  const light = memories.find(({ content }) => content.includes("Ethiopian"))!;
  assertEquals([light.content, light.memory_type, light.tags, light.metadata.context], [
    "Coffee Brewing: Ethiopian beans work well #light",
    "preference",
    ["coffee", "slow, careful", "light"],
    "personal experience",
  ]);
  assertEquals(report.left_out, { "links to notes that are not there": 1 });
  const relations = await test.runtime.storage.relations({ limit: 9 });
  assertEquals(relations.map(({ type }) => type).sort(), ["links_to", "requires"]);
  // A task and a link to a page are no observations.
  assertEquals(memories.filter(({ memory_type }) => memory_type === "note").length, 2);
});

Deno.test("notes keep all of their YAML, their tags, links and folders, in whatever encoding they are", async () => {
  await using test = await testRuntime();
  const { report, memories } = await twice(test.runtime, "markdown", fixture("vault"), { folderTags: true });
  const at = (name: string) => memories.find(({ metadata }) => metadata.source_file === name)!;
  const launch = at("Work/Plans/launch.md");
  assertEquals(launch.tags, ["2024", "plan", "project/alpha", "Work", "Plans"]);
  assertEquals(
    [launch.metadata["größe"], launch.metadata.aliases, launch.metadata["quoted: key"], launch.metadata.empty],
    [3, ["The Launch", "Go, live"], "it's fine", null],
  );
  assertEquals(launch.created_at, Date.parse("2024-01-05") / 1000);
  assertEquals(at("Work/Budget 2024.md").tags, ["money", "plan", "Work"]);
  assertEquals(at("zettel.md").created_at, Date.parse("2024-01-05T10:30Z") / 1000);
  assertEquals(at("latin1.md").content, "Ein Gruß aus Köln: schöne Grüße, Straße.");
  assertEquals(at("utf16.md").content, "Eine Notiz in UTF-16.");
  assertEquals(at("empty-block.md").content, "A note whose front matter is empty.");
  assertEquals(at("broken.md").content.includes("no YAML"), true);
  const noted = Object.fromEntries(report.notes.map(({ place, message }) => [place, message]));
  assertEquals(noted["Work/Budget 2024.md"], 'Cannot read date "Week 12" as a date; the file\'s own time is taken');
  assertEquals(noted["broken.md"]!.includes("Cannot read its front matter"), true);
  assertEquals([noted["latin1.md"], noted["utf16.md"]], ["Read as windows-1252", "Read as utf-16le"]);
  const relations = await test.runtime.storage.relations({ limit: 9 });
  assertEquals(relations.length, 2);
  assertEquals(report.left_out, { "links to notes that are not there": 1 });
  assertEquals(report.errors, []);
});

Deno.test("aliases of YAML that would grow without bounds are refused by name", async () => {
  await using test = await testRuntime();
  const path = `${test.folder}/bomb.md`;
  const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]`);
  await Deno.writeTextFile(path, `---\nl0: &l0 [x, x]\n${levels.join("\n")}\n---\nText\n`);
  const report = await imported(test.runtime, "markdown", path);
  assertEquals([report.stored, report.notes.length], [1, 1]);
});

Deno.test("an OpenMemory export keeps owners apart, leaves out what was deleted, and notes dates that are none", async () => {
  await using test = await testRuntime();
  const { report, memories } = await twice(test.runtime, "mem0", fixture("openmemory.json"));
  assertEquals(memories.map(({ content }) => content).sort(), [
    "Lives in Porto",
    "Prefers tea",
    "Prefers tea",
    "alice works with bob",
  ]);
  assertEquals(
    memories.find(({ content }) => content.includes("Porto"))!.created_at,
    Date.parse("2024-01-05T10:30Z") / 1000,
  );
  assertEquals(memories.find(({ content }) => content.includes("Porto"))!.metadata.mem0_state, "paused");
  assertEquals(report.left_out, { "memories that were deleted there": 1 });
  assertEquals(report.notes.map(({ place }) => place), ["Item 2"]);
  assertEquals(report.errors.map(({ place }) => place), ["Relation 2"]);
});

Deno.test("graphs of forks are understood: objects, times, no types, a byte order mark", async () => {
  await using test = await testRuntime();
  const { report, memories } = await twice(test.runtime, "mcp-reference", fixture("forks.jsonl"));
  assertEquals(
    memories.map(({ content }) => content).sort(),
    [
      'AI: {"odd":1}',
      "AI: Maintains its pace",
      "AI is everywhere",
      "Bee is a animal",
    ].sort(),
  );
  assertEquals(memories[0]!.created_at, Date.parse("2025-01-02T03:04:05Z") / 1000);
  assertEquals(report.errors, []);
  const [relation] = await test.runtime.storage.relations({ limit: 9 });
  assertEquals(relation!.type, "contradicts");
});

Deno.test("a JSON export of the Python service comes over, NaN and all", async () => {
  await using test = await testRuntime();
  const { report, memories } = await twice(test.runtime, "python-json", fixture("python-export.txt"));
  assertEquals([memories.length, memories[0]!.metadata.n, memories[0]!.created_at], [1, null, 1700000000.5]);
  assertEquals(memories[0]!.updated_at, Date.parse("2023-11-15") / 1000);
  assertEquals(report.errors.map(({ place }) => place), ["Item 2"]);
});

Deno.test("no row of a Python database holds up the others, and none is changed without a word", async () => {
  await using test = await testRuntime();
  const path = `${test.folder}/sqlite_vec.db`;
  {
    using database = new DatabaseSync(path);
    database.exec(`
      CREATE TABLE memories (id INTEGER PRIMARY KEY, content_hash TEXT, content TEXT, tags TEXT, memory_type TEXT,
        metadata TEXT, created_at REAL, updated_at REAL, deleted_at REAL, superseded_by TEXT, store TEXT);
      CREATE TABLE beliefs (id INTEGER PRIMARY KEY, belief_hash TEXT, content TEXT, confidence REAL, status TEXT,
        created_at TEXT, updated_at TEXT, derived_from TEXT, contradicted_by TEXT, metadata TEXT);
    `);
    const insert = database.prepare(
      "INSERT INTO memories (content_hash, content, metadata, created_at, updated_at, superseded_by, store) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    const row = (
      content: string | Uint8Array,
      metadata: string | null,
      more: { by?: string; store?: string; at?: number } = {},
    ) => {
      const text = typeof content === "string" ? content : new TextDecoder().decode(content);
      const at = more.at ?? 1700000000;
      insert.run(contentHash(text), content, metadata, at, at + 9e6, more.by ?? null, more.store ?? "default");
    };
    row("Metadata is null", "null");
    row("Metadata is absent", null);
    row("Metadata has NaN", '{"a": NaN, "b": [-Infinity, "NaN"]}');
    row(new TextEncoder().encode("A blob of text"), "{}");
    row(new TextEncoder().encode("Before\0after"), "{}");
    row("Old fact", "{}", { by: contentHash("New fact"), at: 1700000000 });
    row("New fact", "{}", { at: 1700001000 });
    row("In another store", "{}", { store: "work" });
    row("Metadata is broken", "{");
    database.prepare(
      "INSERT INTO beliefs VALUES (1, 'x', 'Deploys fail on Fridays', 0.8, 'active', '2025-01-01T00:00:00Z', '2025-01-01T00:00:00Z', ?, '[]', '{}')",
    ).run(JSON.stringify([contentHash("New fact")]));
  }
  const { report, memories } = await twice(test.runtime, "python-sqlite", path);
  const at = (content: string) => memories.find((memory) => memory.content === content)!;
  assertEquals(memories.length, 9);
  assertEquals([at("Metadata is null").metadata, at("Metadata is absent").metadata], [{}, {}]);
  assertEquals(at("Metadata has NaN").metadata, { a: null, b: [null, "NaN"] });
  assertEquals(at("A blob of text").content_hash, contentHash("A blob of text"));
  assertEquals(at("Beforeafter").content_hash, contentHash("Beforeafter"));
  assertEquals(at("Old fact").superseded?.at, 1700001000);
  assertEquals(at("In another store").metadata, { store: "work" });
  assertEquals([at("Deploys fail on Fridays").memory_type, at("Deploys fail on Fridays").metadata.confidence], [
    "belief",
    0.8,
  ]);
  assertEquals(report.errors.map(({ place }) => place), ["Row 9"]);
  assertEquals(report.notes.map(({ place }) => place), ["Row 3", "Row 5"]);
  const [link] = await test.runtime.storage.relations({ limit: 9 });
  assertEquals([link!.type, link!.target], ["derived_from", contentHash("New fact")]);
});

Deno.test("the kind of a file or folder is found out", async () => {
  for (
    const [name, kind] of [
      ["chatgpt/conversations.json", "chatgpt"],
      ["claude/conversations.json", "claude"],
      ["claude-code", "claude-code"],
      ["codex", "codex"],
      ["codex/rollout-2025-05-01-old.jsonl", null],
      ["basic-memory", "basic-memory"],
      ["vault", "markdown"],
      ["mem0.json", "mem0"],
      ["openmemory.json", "mem0"],
      ["reference.jsonl", "mcp-reference"],
      ["forks.jsonl", "mcp-reference"],
      ["python-export.txt", "python-json"],
    ] as const
  ) assertEquals(await detectKind(fixture(name)), kind, name);
});

Deno.test("a file of another kind is refused by name", async () => {
  await using test = await testRuntime();
  for (const kind of ["chatgpt", "claude", "mem0", "python-json", "python-sqlite"]) {
    await assertRejects(() => imported(test.runtime, kind, fixture("notes/plan.md")), MemoryError, "Cannot");
  }
});

Deno.test("notes in older encodings are read, and the report says as what", async () => {
  await using test = await testRuntime();
  const report = await imported(test.runtime, "markdown", fixture("encodings"));
  const contents = Object.fromEntries(
    (await all(test.runtime)).map(({ content, metadata }) => [metadata.source_file, content]),
  );
  assertEquals(contents, {
    "big5.md": "這是一個測試筆記，內容是中文。",
    "euc-kr.md": "이것은 한국어로 쓴 메모입니다. 서울은 큰 도시입니다. 배포는 목요일에 합니다.",
    "gb18030.md": "这是一个测试笔记，内容是中文。",
    "koi8-r.md": "Привет, мир. Это заметка о сборке.",
    "shift-jis.md": "日本語のメモです。東京は大きい都市です。",
    "windows-1251.md": "Развёртывание проходит по четвергам.",
  });
  assertEquals(Object.fromEntries(report.notes.map(({ place, message }) => [place, message])), {
    "big5.md": "Read as big5",
    "euc-kr.md": "Read as euc-kr",
    "gb18030.md": "Read as gb18030",
    "koi8-r.md": "Read as koi8-r",
    "shift-jis.md": "Read as shift_jis",
    "windows-1251.md": "Read as windows-1251",
  });
});

Deno.test("an export that a shell wrote in UTF-16 is read", async () => {
  await using test = await testRuntime();
  const path = `${test.folder}/mem0.json`, text = JSON.stringify([{ id: "1", memory: "Prefers tea" }]);
  const units = Uint16Array.from(`\ufeff${text}`, (char) => char.charCodeAt(0));
  await Deno.writeFile(path, new Uint8Array(units.buffer));
  const report = await imported(test.runtime, "mem0", path);
  assertEquals([report.stored, report.read, report.notes.map(({ message }) => message)], [1, 1, ["Read as utf-16le"]]);
});
