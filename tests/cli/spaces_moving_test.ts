/** Spaces on their way: exports, imports, restores and copies keep them apart, by the real command. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { contentHash } from "../../src/memory/hash.ts";
import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import { openStorage, type StorageSettings } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { testEnvironment } from "../helpers/process.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { memory, MODEL, vector } from "../storage/fixtures.ts";
import { inFolder, json, unimem, unimemIn } from "./command.ts";

async function withStore<T>(settings: StorageSettings, body: (storage: MemoryStore) => Promise<T>): Promise<T> {
  const storage = await openStorage(settings);
  try {
    return await body(storage);
  } finally {
    await storage.close();
  }
}

const sqlite = (folder: string): StorageSettings => ({ backend: "sqlite", path: `${folder}/unimem.db` });
const within = ({ spaces }: MemoryStore, name: string) => spaces.within({ write: name, read: [name] });

/** A memory with the key of its words, as the service gives it. */
const fact = (number: number, content: string, tags: string[]) => ({
  memory: memory(number, { content, content_hash: contentHash(content), tags }),
  vectors: { model: MODEL.id, chunks: [vector(number)] },
});
const key = contentHash;

/** The same words in three spaces, with other tags, relations, replacements and trash in each. */
async function fillSpaces(storage: MemoryStore): Promise<void> {
  await storage.registerModel(MODEL);
  for (const [i, name] of ["default", "alpha", "beta"].entries()) {
    const view = within(storage, name);
    await view.store([
      fact(1, "Shared text.", [name]),
      fact(2, "Its neighbour.", [name]),
      fact(3, "Thrown away.", [name]),
      fact(10 + i, `Of ${name} alone.`, []),
    ]);
    await view.relate([{
      source: key("Shared text."),
      target: key("Its neighbour."),
      type: "near",
      created_at: 5 + i,
    }]);
    await view.trash([key("Thrown away.")], { at: 1_700_000_900 + i, reason: `from ${name}` });
  }
  await storage.spaces.create("empty", 1_700_000_000);
}

/** All that each space holds. */
async function contents(storage: MemoryStore) {
  const spaces: Record<string, unknown> = {};
  for (const { name } of await storage.spaces.list()) {
    const view = within(storage, name);
    const { memories } = await view.list({ filter: {}, offset: 0, limit: 99, order: "oldest" });
    const { items } = await view.listTrash({ offset: 0, limit: 99 });
    spaces[name] = {
      memories: memories.map(({ content, tags, created_at }) => [content, tags, created_at]),
      trash: items.map(({ memory, deleted_at, reason }) => [memory.content, memory.tags, deleted_at, reason]),
      relations: (await view.relations({ limit: 99 })).map(({ source, target, type, created_at }) => [
        ...[source, target, type, created_at],
      ]),
    };
  }
  return spaces;
}

/** Contents of the lists of each space, with the first tag. */
const shown = async (folder: string, space: string) =>
  (await json(folder, "--space", space, "list")).memories
    .map(({ content, tags }: { content: string; tags: string[] }) => `${content} ${tags[0] ?? ""}`.trim()).sort();

Deno.test("an export of everything goes back to its spaces, and one of a space wherever it is sent", () =>
  inFolder(async (folder) => {
    const from = `${folder}/from`, to = `${folder}/to`, all = `${folder}/all.jsonl`, one = `${folder}/alpha.jsonl`;
    for (const name of [from, to]) await Deno.mkdir(name);
    await withStore(sqlite(from), fillSpaces);
    await json(from, "export", all);
    const report = await json(to, "import", all);
    assertEquals([report.stored, report.trashed, report.relations, report.errors], [9, 3, 3, []]);
    assertEquals(report.spaces, [
      { name: "default", stored: 3, present: 0, trashed: 1 },
      { name: "alpha", stored: 3, present: 0, trashed: 1 },
      { name: "beta", stored: 3, present: 0, trashed: 1 },
    ]);
    const { empty: _, ...held } = await withStore(sqlite(from), contents);
    assertEquals(await withStore(sqlite(to), contents), held);
    const again = await json(to, "import", all);
    assertEquals([again.stored, again.trashed, again.relations, again.present], [0, 0, 0, 15]);

    const exported = await json(from, "spaces", "export", "alpha", one);
    assertEquals([exported.memories, exported.file], [3, one]);
    const text = await Deno.readTextFile(one);
    assert(text.includes("Of alpha alone.") && !/Of default|Of beta/.test(text));
    assertEquals(JSON.parse(text.split("\n")[0]!).spaces, ["alpha"]);
    await json(to, "--space", "gamma", "import", one);
    assertEquals(await shown(to, "gamma"), ["Its neighbour. alpha", "Of alpha alone.", "Shared text. alpha"]);
    assertEquals((await json(to, "import", one)).present, 5);
    const missing = await unimem(from, "spaces", "export", "nowhere", `${folder}/none.jsonl`);
    assertEquals([missing.code, missing.err.includes('Cannot export space "nowhere"')], [1, true]);
    assertEquals(await Deno.stat(`${folder}/none.jsonl.part`).catch(() => null), null);
  }));

Deno.test("what another space holds doesn't keep an import from storing it", () =>
  inFolder(async (folder) => {
    const file = `${folder}/lines.jsonl`;
    await withStore(sqlite(folder), (storage) =>
      within(storage, "alpha").store([{ ...fact(1, "Shared text.", ["alpha"]), vectors: null }]));
    await Deno.writeTextFile(file, `{"content":"Shared text.","tags":["mine"]}\n{"content":"Another."}\n`);
    assertEquals((await json(folder, "import", file)).stored, 2);
    assertEquals((await json(folder, "--space", "beta,alpha", "import", file)).stored, 2);
    assertEquals(await shown(folder, "default"), ["Another.", "Shared text. mine"]);
    assertEquals(await shown(folder, "alpha"), ["Shared text. alpha"]);
  }));

Deno.test("owners of other programs' data get spaces of their own, with names that a space can have", () =>
  inFolder(async (folder) => {
    const file = `${folder}/mem0.json`;
    const results = [
      { memory: "Prefers tea", user_id: "ada", agent_id: "Planner" },
      { memory: "Prefers tea", user_id: "bob", agent_id: "planner" },
      { memory: "Lives in Porto", user_id: "Zoë Müller@example.com" },
      { memory: "Belongs to nobody" },
    ];
    await Deno.writeTextFile(file, JSON.stringify({ results }));
    const args = ["import", "--from", "mem0", file, "--spaces-by"];
    const report = await json(folder, ...args, "user_id");
    const named = report.spaces.find(({ name }: { name: string }) => name.startsWith("zoe-"))?.name;
    assertMatch(named, /^zoe-muller-example\.com-[0-9a-f]{8}$/);
    assertEquals(report.spaces.map(({ name, stored }: { name: string; stored: number }) => [name, stored]), [
      ["ada", 1],
      ["bob", 1],
      [named, 1],
      ["default", 1],
    ]);
    assertEquals(report.notes.map(({ place }: { place: string }) => place), ["Item 3"]);
    assertEquals(await shown(folder, "ada"), ["Prefers tea"]);
    assertEquals(await shown(folder, "bob"), ["Prefers tea"]);
    const tea = (await json(folder, "--space", "bob", "list")).memories[0];
    assertEquals(tea.content_hash, contentHash("Prefers tea"));
    assertEquals((await json(folder, ...args, "user_id")).stored, 0);
    // Names that differ in their case are others.
    const agents = (await json(folder, ...args, "agent_id")).spaces.map(({ name }: { name: string }) => name);
    assertEquals([agents.length, agents.includes("planner"), new Set(agents).size], [3, true, 3]);
    const wrong = await unimem(folder, ...args, "colour");
    assertEquals(wrong.code, 2);
    assertStringIncludes(wrong.err, "name one of user_id, agent_id, app_id");
    const none = await unimem(folder, "import", "--from", "chatgpt", file, "--spaces-by", "user_id");
    assertStringIncludes(none.err, "it tells no owners apart");

    // Any field of lines, or of their metadata.
    const lines = [{ content: "One", team: "red" }, { content: "Two", metadata: { team: "Blue" } }, {
      content: "Three",
    }];
    await Deno.writeTextFile(`${folder}/lines.jsonl`, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const teams = await json(folder, "import", `${folder}/lines.jsonl`, "--spaces-by", "team");
    assertEquals(teams.spaces.map(({ name }: { name: string }) => name.replace(/-[0-9a-f]{8}$/, "")), [
      "red",
      "blue",
      "default",
    ]);
  }));

Deno.test("stores of the Python service and projects of basic-memory become spaces, with their links", () =>
  inFolder(async (folder) => {
    const path = `${folder}/sqlite_vec.db`;
    {
      using database = new DatabaseSync(path);
      database.exec(`
        CREATE TABLE memories (id INTEGER PRIMARY KEY, content_hash TEXT, content TEXT, tags TEXT, memory_type TEXT,
          metadata TEXT, created_at REAL, updated_at REAL, deleted_at REAL, store TEXT);
        CREATE TABLE memory_graph (source_hash TEXT, target_hash TEXT, relationship_type TEXT, created_at REAL);
      `);
      const add = database.prepare(
        "INSERT INTO memories (content_hash, content, metadata, created_at, updated_at, store) VALUES (?, ?, '{}', 1, 1, ?)",
      );
      for (
        const [content, store] of [["At home", "default"], ["At work", "work"], ["Also at work", "work"]] as const
      ) add.run(contentHash(content), content, store);
      const link = database.prepare("INSERT INTO memory_graph VALUES (?, ?, 'related', 1)");
      link.run(contentHash("At work"), contentHash("Also at work"));
      link.run(contentHash("At work"), contentHash("At home"));
    }
    const report = await json(folder, "import", "--from", "python-sqlite", path, "--spaces-by", "store");
    assertEquals([report.stored, report.relations, report.errors], [3, 1, []]);
    assertEquals(report.left_out, { "relations between memories of different spaces": 1 });
    assertEquals(await shown(folder, "work"), ["Also at work", "At work"]);
    assertEquals(await shown(folder, "default"), ["At home"]);

    for (const [name, text] of [["a/one", "Leads to [[two]]."], ["a/two", "The other."], ["b/two", "Of b."]] as const) {
      await Deno.mkdir(`${folder}/notes/${name.slice(0, 1)}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/notes/${name}.md`, `---\npermalink: ${name}\n---\n${text}\n`);
    }
    const config = { projects: { main: `${folder}/notes/a`, "Second One": { path: `${folder}/notes/b` } } };
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
    const args = ["import", "--from", "basic-memory"];
    const notes = await json(folder, ...args, `${folder}/config.json`, "--spaces-by", "project");
    assertEquals([notes.stored, notes.relations, notes.errors], [3, 1, []]);
    assertEquals(await shown(folder, "main"), ["Leads to [[two]].", "The other."]);
    const folders = await json(folder, ...args, `${folder}/notes`, "--spaces-by", "project");
    assertEquals(folders.spaces.map(({ name, stored }: { name: string; stored: number }) => [name, stored]), [
      ["a", 2],
      ["b", 1],
    ]);
  }));

Deno.test("a copy keeps spaces apart, and follows what changes in each", () =>
  inFolder(async (folder) => {
    const from = `${folder}/from`, to = `${folder}/to`;
    for (const name of [from, to]) await Deno.mkdir(name);
    const copy = () => json(folder, "copy", "--from", `sqlite:${from}/unimem.db`, "--to", `sqlite:${to}/unimem.db`);
    const alike = async () =>
      assertEquals(await withStore(sqlite(to), contents), await withStore(sqlite(from), contents));
    await withStore(sqlite(from), fillSpaces);
    assertEquals((await copy()).memories.target.count, 9);
    await alike();
    await withStore(sqlite(from), async (storage) => {
      const alpha = within(storage, "alpha"), beta = within(storage, "beta");
      await alpha.update(key("Shared text."), { tags: ["changed"] }, 1_700_009_000);
      await alpha.delete([key("Of alpha alone.")]);
      await beta.trash([key("Shared text.")], { at: 1_700_009_001, reason: "deleted" });
      await beta.emptyTrash({ hashes: [key("Thrown away.")] });
      await storage.spaces.create("later", 1_700_000_001);
      await storage.spaces.remove("empty");
    });
    const args = ["copy", "--from", `sqlite:${from}/unimem.db`, "--to", `sqlite:${to}/unimem.db`, "--verify-only"];
    const differs = await unimem(folder, ...args);
    assertEquals(differs.code, 1);
    assertStringIncludes(differs.out, `memory ${key("Shared text.")} in space alpha: different`);
    await copy();
    await alike();
  }));

Deno.test("a restore of an export brings back each space", () =>
  inFolder(async (folder) => {
    const from = `${folder}/from`, to = `${folder}/to`;
    await Deno.mkdir(from);
    await withStore(sqlite(from), fillSpaces);
    await json(from, "export", "--vectors", `${folder}/all.jsonl`);
    await json(to, "restore", `${folder}/all.jsonl`);
    const { empty: _, ...held } = await withStore(sqlite(from), contents);
    assertEquals(await withStore(sqlite(to), contents), held);
  }));

Deno.test({
  name: "a Qdrant store is copied, backed up and restored with its spaces, over others that it had",
  ignore: QDRANT_BIN === undefined,
  fn: () =>
    inFolder(async (folder) => {
      await using qdrant = await startQdrant();
      const from = `${folder}/from`;
      await Deno.mkdir(from);
      await withStore(sqlite(from), fillSpaces);
      const settings: StorageSettings = {
        ...qdrantDefaults(qdrant.url),
        backend: "qdrant",
        collection: "first",
      };
      const env = testEnvironment(folder, {
        MCP_QDRANT_URL: qdrant.url,
        MCP_QDRANT_COLLECTION_NAME: "first",
        MCP_BACKGROUND_LEASE_SECONDS: "1",
      });
      const run = async (...args: string[]) => {
        const { code, out, err } = await unimemIn(env, ...args, "--json");
        assertEquals(code, 0, `${args.join(" ")}: ${out}${err}`);
        return JSON.parse(out);
      };
      await run("copy", "--from", `sqlite:${from}/unimem.db`, "--to", `qdrant:${qdrant.url}/first`);
      const { empty: _, ...held } = await withStore(sqlite(from), contents);
      const there = async () => {
        const { empty: _, ...found } = await withStore(settings, contents);
        return found;
      };
      assertEquals(await there(), held);
      await run("backup");
      await withStore(settings, async (storage) => {
        await within(storage, "beta").delete([key("Of beta alone.")]);
        await within(storage, "other").store([fact(77, "Of another space.", [])]);
      });
      await run("restore", "latest", "--replace");
      assertEquals(await there(), held);
    }),
});
