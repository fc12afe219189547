import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openStorage } from "../../src/storage/factory.ts";
import { spawn, testEnvironment, until } from "../helpers/process.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { overwrite, type Page, pagesOf, rowsIn } from "../storage/damage.ts";
import { plain } from "../storage/fixtures.ts";
import { fill, inFolder, unimem } from "./command.ts";

Deno.test("wrong arguments end with 2 and no stack trace, a fault with 1, and --debug shows where", () =>
  inFolder(async (folder) => {
    const wrong = [["bogus"], ["export"], ["import", "--from", "nowhere", "x"], ["list", "--limit", "many"], [
      "import",
      "missing.jsonl",
    ]];
    for (const args of wrong) {
      const { code, out, err } = await unimem(folder, ...args);
      assertEquals([code, out], [2, ""], err);
      assert(!/\n\s+at /.test(err), err);
      assertStringIncludes(err, "Cannot ");
    }
    await Deno.writeTextFile(`${folder}/cut.jsonl`, '{"kind":"header"}\n');
    assert(/\n\s+at /.test((await unimem(folder, "--debug", "import", `${folder}/cut.jsonl`)).err));
  }));

Deno.test("what one command stores the others show, as text and as JSON", () =>
  inFolder(async (folder) => {
    const stored = JSON.parse(
      (await unimem(folder, "store", "Staging runs PostgreSQL 16", "--tag", "infra", "--json")).out,
    );
    assertEquals(stored.memory.tags, ["infra"]);
    assertStringIncludes((await unimem(folder, "search", "postgresql")).out, "Staging runs");
    assertEquals(JSON.parse((await unimem(folder, "list", "--json")).out).total, 1);
    assertEquals(JSON.parse((await unimem(folder, "stats", "--json")).out).total_memories, 1);
    const done = JSON.parse((await unimem(folder, "reembed", "--json")).out);
    assertEquals([done.memories, done.embedded], [1, 1]);
    const { code, out } = await unimem(folder, "doctor", "--json");
    assertEquals([code, JSON.parse(out).ok], [0, true]);
    JSON.parse((await unimem(folder, "config", "--json")).out);
  }));

Deno.test("a killed export and a killed import go on where they stopped, and lose nothing", () =>
  inFolder(async (folder) => {
    const from = `${folder}/from`, to = `${folder}/to`, file = `${folder}/all.jsonl`;
    await fill(from, 20_000);
    const exporting = await spawn(["export", file], testEnvironment(from));
    const size = (path: string) => Deno.stat(path).then(({ size }) => size, () => 0);
    await until(() => size(`${file}.part`), (bytes) => bytes > 200_000, "the export to begin");
    exporting.kill("SIGKILL");
    await exporting.output();
    assertEquals(await size(file), 0);
    const { code, out, err } = await unimem(from, "export", file, "--json");
    assertEquals([code, err], [0, ""]);
    assertEquals(JSON.parse(out), { file, memories: 20_000, resumed: true });

    const importing = await spawn(["import", file], testEnvironment(to));
    await until(() => size(`${to}/unimem.db-wal`), (bytes) => bytes > 500_000, "the import to begin");
    importing.kill("SIGKILL");
    await importing.output();
    const report = JSON.parse((await unimem(to, "import", file, "--json")).out);
    assert(report.present > 0 && report.stored > 0, JSON.stringify(report));
    assertEquals([report.success, report.present + report.stored], [true, 20_000]);
    const storage = await openStorage({ backend: "sqlite", path: `${to}/unimem.db` });
    const { memories: [last], total } = await storage.list({ filter: {}, offset: 0, limit: 1 });
    await storage.close();
    assertEquals([total, last!.content.slice(0, 10)], [20_000, "Fact 19999"]);
  }));

Deno.test("import finds out what a file is, and starts where that was confirmed", () =>
  inFolder(async (folder) => {
    const file = `${folder}/conversations.json`;
    const chat_messages = [{ uuid: "m", sender: "human", text: "Staging runs PostgreSQL", created_at: "2025-01-01" }];
    await Deno.writeTextFile(file, JSON.stringify([{ uuid: "c", name: "Databases", chat_messages }]));
    const asked = await unimem(folder, "import", file);
    assertEquals([asked.code, asked.out], [2, ""]);
    assertStringIncludes(asked.err, "use --from claude");
    const report = JSON.parse((await unimem(folder, "import", file, "--yes", "--json")).out);
    assertEquals([report.success, report.stored], [true, 1]);
    assertEquals((await unimem(folder, "import", file, "--from", "claude")).code, 0);
    await Deno.writeTextFile(`${folder}/data.bin`, "neither this nor that");
    const unknown = await unimem(folder, "import", `${folder}/data.bin`);
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.err, "name its kind with --from");
  }));

Deno.test("export doesn't overwrite a file unasked", () =>
  inFolder(async (folder) => {
    const file = `${folder}/all.jsonl`;
    await Deno.writeTextFile(file, "precious");
    const refused = await unimem(folder, "export", file);
    assertEquals([refused.code, await Deno.readTextFile(file)], [2, "precious"]);
    assertStringIncludes(refused.err, "it is there already");
    assertEquals((await unimem(folder, "export", file, "--yes")).code, 0);
  }));

Deno.test("export of a damaged store brings out all that can be read, names the rest and ends with 1", () =>
  inFolder(async (folder) => {
    const store = `${folder}/unimem.db`, file = `${folder}/left.jsonl`;
    const storage = await openStorage({ backend: "sqlite", path: store });
    const contents = Array.from({ length: 300 }, (_, i) => `Entry ${i} ${"of the ledger ".repeat(i % 30)}`);
    await storage.store(contents.map((content, i) => plain(i, { content, content_hash: contentHash(content) })));
    await storage.close();
    const pages = pagesOf(store), whole = await Deno.readFile(store);
    const page = (name: string, kind: string) =>
      pages.filter((page) => page.name === name && page.kind === kind).at(-1)!.number;

    // A leaf: its rows are lost and named.
    const lost = rowsIn(store, page("memories", "leaf"), "SELECT id, content_hash AS value FROM memories WHERE id = ?");
    assert(lost.length > 0);
    overwrite(store, [page("memories", "leaf")]);
    const { code, out, err } = await unimem(folder, "export", file, "--yes", "--json");
    assertEquals([code, err], [1, ""]);
    const { memories, damaged } = JSON.parse(out);
    assertEquals(memories, 300 - lost.length);
    assertEquals(damaged.unreadable.map((m: { content_hash: string }) => m.content_hash).sort(), lost.sort());
    const told = await unimem(folder, "export", file, "--yes");
    assertEquals(told.code, 1);
    assertStringIncludes(told.out, `${lost.length} memories that are known to have been there can't be read`);
    const piped = await unimem(folder, "export", "-");
    assertEquals(piped.code, 1);
    assertStringIncludes(piped.err, lost[0]!);
    assertEquals(piped.out.trim().split("\n").length, 300 - lost.length + lost.length + 2);
    const to = `${folder}/to`;
    const report = JSON.parse((await unimem(to, "import", file, "--json")).out);
    assertEquals([report.success, report.stored], [true, 300 - lost.length]);

    // The page above all rows, the list of tables, the file's header: nothing is lost.
    for (const number of [page("memories", "internal"), 1, ...pages.filter(isSchemaLeaf).map(({ number }) => number)]) {
      await Deno.writeFile(store, whole);
      overwrite(store, [number]);
      const ended = await unimem(folder, "export", file, "--yes", "--json");
      assertEquals([ended.code, ended.err], [1, ""], `page ${number}`);
      assertEquals([JSON.parse(ended.out).memories, JSON.parse(ended.out).damaged.unreadable], [300, []]);
    }

    // What is no database has nothing to bring out.
    await Deno.writeTextFile(store, "a letter ".repeat(2000));
    const refused = await unimem(folder, "export", file, "--yes");
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.err, "is not a SQLite database");
  }));

const isSchemaLeaf = ({ name, kind, number }: Page) => name === "sqlite_schema" && kind === "leaf" && number !== 1;

Deno.test("store - reads text in the encoding it is in, and says so", () =>
  inFolder(async (folder) => {
    const child = await spawn(["store", "-", "--json"], testEnvironment(folder), { stdin: "piped", stdout: "piped" });
    const writer = child.stdin.getWriter();
    // The same text in Shift_JIS
    await writer.write(
      Uint8Array.fromHex("93fa967b8cea82cc8381838282c582b78142938c8b9e82cd91e582ab82a293738e7382c582b781420a"),
    );
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    assertEquals([code, JSON.parse(new TextDecoder().decode(stdout)).memory.content], [
      0,
      "日本語のメモです。東京は大きい都市です。",
    ]);
    assertStringIncludes(new TextDecoder().decode(stderr), "Read as shift_jis");
  }));
