import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { MemoryError } from "../../src/errors.ts";
import { examineStorage, openStorage } from "../../src/storage/factory.ts";
import { embedded, foundByWords, hashOf, memory, MODEL, numberOf, plain, vector } from "./fixtures.ts";
import { inFolder } from "../helpers/folder.ts";

const WORKER = new URL("./sqlite_worker.ts", import.meta.url).pathname;
/** Makes a memory take a page. */
const PADDING = { padding: "x".repeat(3000) };

function open(path: string, pragmas?: Record<string, string>) {
  return openStorage({ backend: "sqlite", path, ...(pragmas ? { pragmas } : {}) });
}

async function refusal(path: string): Promise<string> {
  const error = await assertRejects(() => open(path), MemoryError);
  assertEquals(error.code, "configuration");
  return error.message;
}

function worker(...args: string[]): Deno.ChildProcess {
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-ffi", "--allow-sys"];
  return new Deno.Command("deno", {
    args: ["run", ...permissions, WORKER, ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
}

function linesOf(child: Deno.ChildProcess): ReadableStreamDefaultReader<string> {
  let rest = "";
  return child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TransformStream<string, string>({
      transform(text, controller) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
    }),
  ).getReader();
}

Deno.test("a reopened store has everything: memories, words, vectors, tags and the active model", () =>
  inFolder(async (folder) => {
    const path = join(folder, "made", "on demand", "memory.db");
    let storage = await open(path);
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, { tags: ["kept"] }), embedded(2), plain(3), embedded(4)]);
    await storage.update(hashOf(2), { tags: ["late"] }, 5);
    await storage.delete([hashOf(4)]);
    await storage.close();

    storage = await open(path);
    assertEquals(await storage.getByHash([hashOf(1)]), [memory(1, { tags: ["kept"] })]);
    assertEquals(await storage.vectorCoverage(), { active: MODEL, memories: 3, embedded: 2 });
    assertEquals((await storage.tags()).map(({ tag }) => tag), ["kept", "late"]);
    assertEquals((await foundByWords(storage, "numbers")).length, 3);
    const vectors = { model: MODEL.id, values: vector(2) };
    const { candidates } = await storage.candidates({ text: null, vector: vectors, filter: {}, limit: 1 });
    assertEquals((await storage.getById([candidates[0]!.id]))[0]?.content_hash, hashOf(2));
    await storage.close();
  }));

Deno.test("a file that is no database is refused and left as it is", () =>
  inFolder(async (_, path) => {
    const text = "This is a letter, not a database. ".repeat(100);
    await Deno.writeTextFile(path, text);
    assertStringIncludes(await refusal(path), "is not a SQLite database");
    assertEquals(await Deno.readTextFile(path), text);
  }));

Deno.test("a file written by a newer version is refused and left as it is", () =>
  inFolder(async (_, path) => {
    await (await open(path)).close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    assertStringIncludes(await refusal(path), "schema 99");
  }));

Deno.test("another program's database is refused, and the Python service's is pointed to import", () =>
  inFolder(async (folder, path) => {
    let database = new DatabaseSync(path);
    database.exec("CREATE TABLE memories (id INTEGER PRIMARY KEY, content TEXT)");
    // The virtual table's own module isn't loaded here; the name is what tells.
    database.exec("CREATE TABLE memory_embeddings (content_embedding BLOB); INSERT INTO memories VALUES (1, 'kept')");
    database.close();
    assertStringIncludes(await refusal(path), "mcp-memory-service");
    assertStringIncludes(await refusal(path), `unimem import --from python-sqlite "${path}"`);
    database = new DatabaseSync(path);
    assertEquals(database.prepare("SELECT name FROM sqlite_master ORDER BY name").all().map(({ name }) => name), [
      "memories",
      "memory_embeddings",
    ]);
    assertEquals(database.prepare("PRAGMA journal_mode").get()!.journal_mode, "delete");
    database.close();

    const other = join(folder, "other.db");
    database = new DatabaseSync(other);
    database.exec("CREATE TABLE accounts (id INTEGER)");
    database.close();
    assertStringIncludes(await refusal(other), "another program");
  }));

Deno.test("a path that can't be a database file is refused with its name", () =>
  inFolder(async (folder, path) => {
    assertStringIncludes(await refusal(folder), folder);
    assertStringIncludes(await refusal(":memory:"), ":memory:");
    await Deno.writeTextFile(path, "");
    assertStringIncludes(await refusal(join(path, "below a file.db")), path);
  }));

Deno.test({
  name: "a read-only folder is refused with its name",
  ignore: Deno.build.os === "windows" || Deno.uid() === 0, // root may write anywhere
  fn: () =>
    inFolder(async (folder, path) => {
      await Deno.chmod(folder, 0o555);
      assertStringIncludes(await refusal(path), path);
      await Deno.chmod(folder, 0o755);
    }),
});

Deno.test({
  name: "a folder that nobody can write is refused with its name",
  ignore: Deno.build.os !== "linux",
  fn: async () => assertStringIncludes(await refusal("/proc/unimem/memory.db"), "/proc/unimem"),
});

Deno.test("an existing file that is read-only is refused with its name", () =>
  inFolder(async (_, path) => {
    await (await open(path)).close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = DELETE");
    database.close();
    await Deno.chmod(path, 0o444);
    if (Deno.build.os !== "windows" && Deno.uid() !== 0) assertStringIncludes(await refusal(path), path);
  }));

Deno.test("pragmas replace the defaults, and others than the allowed are refused", () =>
  inFolder(async (_, path) => {
    const storage = await open(path, { Journal_Mode: "delete", cache_size: "-4000", busy_timeout: "5000" });
    await storage.store([plain(1)]);
    assertEquals((await storage.stats()).details.journal_mode, "delete");
    assertEquals((await storage.stats()).total_memories, 1);
    await storage.close();
    for (const [name, value] of [["writable_schema", "ON"], ["cache_size", "1; DROP TABLE memories"], ["", "1"]]) {
      const error = await assertRejects(() => open(path, { [name!]: value! }), MemoryError);
      assertEquals(error.code, "configuration");
    }
  }));

Deno.test("opens are counted over the process, and a store waits for a lock without blocking", () =>
  inFolder(async (_, path) => {
    const first = await open(path);
    const second = await open(path);
    assertEquals(second.opens, first.opens);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    let settled = false;
    const stored = first.store([plain(1)]).finally(() => settled = true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assertEquals(settled, false);
    assertEquals((await second.list({ filter: {}, offset: 0, limit: 1 })).total, 0);
    other.exec("COMMIT");
    assertEquals(await stored, ["stored"]);
    assertEquals((await second.list({ filter: {}, offset: 0, limit: 1 })).total, 1);
    other.close();
    await Promise.all([first.close(), second.close()]);
  }));

Deno.test("a lock that isn't let go in time is an outage, not an empty answer", () =>
  inFolder(async (_, path) => {
    const storage = await open(path, { busy_timeout: "50" });
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const error = await assertRejects(() => storage.store([plain(1)]), MemoryError);
    assertEquals(error.code, "unavailable");
    other.exec("ROLLBACK");
    other.close();
    assertEquals(await storage.store([plain(1)]), ["stored"]);
    await storage.close();
  }));

Deno.test("two stores on one file see each other's writes, updates, deletions and models in the next call", () =>
  inFolder(async (_, path) => {
    const a = await open(path), b = await open(path);
    assertEquals((await b.list({ filter: {}, offset: 0, limit: 1 })).total, 0);
    await a.registerModel(MODEL);
    assertEquals((await b.vectorCoverage()).active, MODEL);
    for (let i = 0; i < 10; i++) {
      await a.store([embedded(2 * i, { content: `apples ${i}`, tags: ["a"] })]);
      await b.store([embedded(2 * i + 1, { content: `bananas ${i}`, tags: ["b"] })]);
      assertEquals((await foundByWords(b, "apple")).length, i + 1);
      assertEquals((await foundByWords(a, "banana")).length, i + 1);
    }
    assertEquals((await a.vectorCoverage()).embedded, 20);
    await a.update(hashOf(1), { tags: ["c"] }, 1);
    assertEquals((await b.tags()).map(({ tag, count }) => `${tag}${count}`), ["a10", "b9", "c1"]);
    await b.delete([hashOf(0), hashOf(1)]);
    assertEquals((await a.tags()).map(({ tag, count }) => `${tag}${count}`), ["a9", "b9"]);
    assertEquals((await a.vectorCoverage()).embedded, 18);
    assertEquals(await a.store([plain(0)]), ["stored"]);
    await Promise.all([a.close(), b.close()]);
  }));

Deno.test("a search finds what was stored before it, even while the index follows what was stored before that", () =>
  inFolder(async (_, path) => {
    const writer = await open(path), reader = await open(path);
    assertEquals(await foundByWords(reader, "padding"), []);
    // Where the index has caught up before the store is answered there is nothing to see, so that the next round has more.
    for (let count = 2000, at = 0; count <= 32_000; at += count, count *= 2) {
      await writer.store(Array.from({ length: count }, (_, i) => plain(at + i, { content: `padding ${at + i}` })));
      const word = `zebra${count}`;
      let following = true;
      const first = foundByWords(reader, "padding", {}, 1).finally(() => following = false);
      await writer.store([plain(1_000_000 + count, { content: word })]);
      const during = following, found = await foundByWords(reader, word);
      await first;
      assertEquals(found, [word], `stored ${during ? "while" : "after"} ${count} memories were read`);
      if (!during) continue;
      await Promise.all([writer.close(), reader.close()]);
      return;
    }
    throw new Error("No store was answered while the index followed another");
  }));

Deno.test("what was removed takes no place among the nearest", () =>
  inFolder(async (_, path) => {
    const storage = await open(path);
    await storage.registerModel(MODEL);
    const query = vector(1),
      values = (seed: number, share: number) => {
        const other = vector(seed), mixed = query.map((value, i) => value + share * other[i]!);
        const length = Math.hypot(...mixed);
        return mixed.map((value) => value / length);
      };
    // More chunks near the query than are ever compared, and twelve memories farther away.
    const near = Array.from({ length: 40 }, (_, i) =>
      embedded(i, {}, Array.from({ length: 100 }, (_, chunk) => values(100 * i + chunk, 0.1))));
    const far = Array.from({ length: 12 }, (_, i) =>
      embedded(100 + i, {}, [values(9000 + i, 2)]));
    await storage.store([...near, ...far]);
    const found = async (filter = {}) => {
      const asked = { text: null, vector: { model: MODEL.id, values: query }, filter, limit: 10 };
      const { candidates } = await storage.candidates(asked);
      return (await storage.getById(candidates.map(({ id }) => id))).map((memory) => numberOf(memory!.content_hash));
    };
    assertEquals((await found()).every((number) => number < 40), true);
    await storage.delete(near.slice(0, 20).map(({ memory }) => memory.content_hash));
    await storage.trash(near.slice(20).map(({ memory }) => memory.content_hash), { at: 1, reason: "deleted" });
    for (const filter of [{}, { created_from: 0 }]) {
      const numbers = await found(filter);
      assertEquals(numbers.length, 10, JSON.stringify(filter));
      assertEquals(numbers.every((number) => number >= 100), true);
    }
    await storage.close();
  }));

Deno.test("processes that create one file at the same moment all succeed and lose nothing", () =>
  inFolder(async (_, path) => {
    const children = [0, 1, 2, 3].map((i) => worker(path, "store", String(i * 25), "25"));
    const own = open(path);
    for (const child of children) await child.stdin.close();
    const outputs = await Promise.all(children.map((child) => child.output()));
    assertEquals(outputs.map(({ code }) => code), [0, 0, 0, 0]);
    const storage = await own;
    assertEquals((await storage.list({ filter: {}, offset: 0, limit: 0 })).total, 100);
    assertEquals((await storage.vectorCoverage()).embedded, 100);
    await storage.close();
  }));

Deno.test("a word that no memory had is found once another connection has stored a memory with it", () =>
  inFolder(async (_, path) => {
    const here = await open(path), there = await open(path);
    for (let number = 1; number < 4; number++) {
      const content = `A quokka${number} on the beach`, find = () => foundByWords(here, `quokka${number}`);
      assertEquals([await find(), await find()], [[], []]);
      await there.store([plain(number, { content })]);
      assertEquals(await find(), [content]);
    }
    await here.close();
    await there.close();
  }));

Deno.test("another process finds what was stored and loses what was deleted, in its next search", () =>
  inFolder(async (_, path) => {
    const storage = await open(path);
    await storage.registerModel(MODEL);
    const child = worker(path, "follow"), lines = linesOf(child), stdin = child.stdin.getWriter();
    const ask = async (text: string) => {
      await stdin.write(new TextEncoder().encode(`${text}\n`));
      return JSON.parse((await lines.read()).value!);
    };
    assertEquals(await ask("memory"), { found: 0, total: 0, tags: [] });
    await storage.store([embedded(1, { tags: ["x"] }), embedded(2)]);
    assertEquals(await ask("memories"), { found: 2, total: 2, tags: ["x"] });
    await storage.update(hashOf(2), { tags: ["y"] }, 1);
    await storage.delete([hashOf(1)]);
    assertEquals(await ask("memories"), { found: 1, total: 1, tags: ["y"] });
    await stdin.close();
    assertEquals((await child.status).code, 0);
    await lines.cancel();
    await storage.close();
  }));

Deno.test("a process killed in the middle of writes loses nothing that was answered", () =>
  inFolder(async (_, path) => {
    const child = worker(path, "store", "0", "100000"), lines = linesOf(child);
    const answered: string[] = [];
    while (answered.length < 50) answered.push((await lines.read()).value!);
    child.kill("SIGKILL");
    for (;;) {
      const { value, done } = await lines.read();
      if (done) break;
      answered.push(value);
    }
    await child.status;
    await child.stdin.close().catch(() => {});
    const storage = await open(path);
    assert((await storage.getByHash(answered)).every((found) => found !== null));
    const { total } = await storage.list({ filter: {}, offset: 0, limit: 0 });
    assertEquals((await foundByWords(storage, "worker", {}, 1_000_000)).length, total);
    assertEquals((await storage.findText("WORKER memory", { filter: {}, offset: 0, limit: 0 })).total, total);
    assertEquals((await storage.vectorCoverage()).embedded, total);
    assertEquals(await storage.store([plain(200_000)]), ["stored"]);
    await storage.close();
  }));

Deno.test("the log goes into the file while a store is written to, and stays short", () =>
  inFolder(async (_folder, path) => {
    const storage = await open(path), megabyte = 2 ** 20;
    const size = (file: string) => Deno.stat(file).then(({ size }) => size);
    for (let batch = 0; batch < 40; batch++) {
      await storage.store(Array.from({ length: 50 }, (_, i) => plain(50 * batch + i, { metadata: PADDING })));
      assert(await size(`${path}-wal`) < 8 * megabyte);
    }
    assert(await size(path) > 4 * megabyte, "nothing was moved into the file");
    await storage.close();
    await assertRejects(() => Deno.stat(`${path}-wal`), Deno.errors.NotFound);
  }));

Deno.test("nothing is written while another file is in the store's place, or none, and writes go on when it is back", () =>
  inFolder(async (folder, path) => {
    const other = join(folder, "other.db");
    await (await open(other)).close();
    const before = await Deno.readFile(other);
    const storage = await open(path), kept = join(folder, "kept.db");
    const batch = (from: number) => Array.from({ length: 50 }, (_, i) => plain(from + i, { metadata: PADDING }));
    await storage.store(batch(0));
    for (const replaced of [true, false]) {
      await Deno.rename(path, kept);
      if (replaced) await Deno.copyFile(other, path);
      for (const write of [storage.store(batch(50)), storage.delete([hashOf(1)]), storage.maintain("optimize")]) {
        const error = await assertRejects(() => write, MemoryError);
        assertEquals(error.code, "unavailable");
        assertStringIncludes(error.message, replaced ? "another file has taken" : "is gone");
      }
      assertEquals((await storage.getByHash([hashOf(1)]))[0]?.content_hash, hashOf(1));
      if (replaced) {
        const after = await Deno.readFile(path);
        assert(
          after.length === before.length && after.every((byte, i) => byte === before[i]),
          "the file was written to",
        );
      }
      await Deno.rename(kept, path);
      assertEquals(await storage.update(hashOf(1), { tags: ["back"] }, 5) !== null, true);
    }
    await storage.close();
    const again = await open(path);
    assertEquals((await again.list({ filter: {}, offset: 0, limit: 0 })).total, 50);
    await again.close();
  }));

Deno.test("memories that another version's analyser has read are read again", () =>
  inFolder(async (_, path) => {
    let storage = await open(path);
    await storage.store([plain(1, { content: "running shoes" }), plain(2, { content: "run" })]);
    await storage.close();
    const database = new DatabaseSync(path);
    database.exec("UPDATE memory_terms SET analyser = 0, terms = x'' WHERE memory_id = 1");
    database.close();
    for (let round = 0; round < 2; round++) {
      storage = await open(path);
      assertEquals((await foundByWords(storage, "runs")).length, 2);
      await storage.close();
    }
    const again = new DatabaseSync(path);
    assertEquals(again.prepare("SELECT count(*) n FROM memory_terms WHERE analyser = 0").get()!.n, 0);
    again.close();
  }));

Deno.test("a process that lags behind forgotten deletions reads the store again", () =>
  inFolder(async (_, path) => {
    const a = await open(path), b = await open(path);
    await a.store([plain(1), plain(2), plain(3), plain(5)]);
    assertEquals((await b.stats()).total_memories, 4);
    await a.delete([hashOf(1)]);
    // As if 100,000 changes had gone by: the next deletion forgets the one before.
    const database = new DatabaseSync(path);
    database.exec("UPDATE counters SET value = value + 100_000 WHERE name = 'revision'");
    await a.delete([hashOf(5)]);
    assertEquals(database.prepare("SELECT count(*) AS count FROM tombstones").get()!.count, 1);
    database.close();
    assertEquals((await b.stats()).total_memories, 2);
    await b.store([plain(4)]);
    assertEquals((await a.stats()).total_memories, 3);
    await Promise.all([a.close(), b.close()]);
  }));

Deno.test("a database cut to nothing is refused and left as it is where a store was, and one that is new is not", () =>
  inFolder(async (_, path) => {
    await Deno.writeFile(path, new Uint8Array());
    let storage = await open(path);
    await storage.store([plain(1)]);
    await storage.close();
    const whole = await Deno.readFile(path);
    // What the lock's file tells after a clean end.
    await Deno.truncate(path);
    assertStringIncludes(await refusal(path), "the file is empty, but a store was in use there");
    assertEquals((await Deno.stat(path)).size, 0);
    const examined = await assertRejects(() => examineStorage({ backend: "sqlite", path }, false), MemoryError);
    assertStringIncludes(examined.message, "the file is empty");
    // What a log tells that a crash left, also where the lock's file is gone; SQLite would drop the log.
    await Deno.remove(`${path}.lock`);
    await Deno.writeFile(`${path}-wal`, whole);
    assertStringIncludes(await refusal(path), "its write-ahead log lies beside it");
    assertEquals((await Deno.stat(`${path}-wal`)).size, whole.length);
    // Nothing tells of a store: a new one.
    await Deno.remove(`${path}-wal`);
    await Deno.remove(`${path}.lock`);
    storage = await open(path);
    assertEquals((await storage.stats()).total_memories, 0);
    await storage.close();
    // Neither is a missing file one that was cut.
    await Deno.remove(path);
    await (await open(path)).close();
  }));

Deno.test("Several open a store at once whose file was removed", () =>
  inFolder(async (_, path) => {
    await (await open(path)).close();
    await Deno.remove(path);
    const opened = await Promise.all([open(path), open(path), open(path)]);
    await opened[0]!.store([plain(1)]);
    for (const storage of opened) assertEquals((await storage.stats()).total_memories, 1);
    for (const storage of opened) await storage.close();
    await Deno.truncate(path);
    assertStringIncludes(await refusal(path), "a store was in use there");
  }));

Deno.test("A memory that is changed while another process's changes are read is missing from no answer", () =>
  inFolder(async (_, path) => {
    const a = await open(path), b = await open(path);
    await a.list({ filter: {}, offset: 0, limit: 1 });
    const numbers = Array.from({ length: 3000 }, (_, i) => i + 1);
    await b.store(numbers.map((i) => plain(i)));
    const changes = numbers.slice(-20).map((i) => b.update(hashOf(i), { tags: ["changed"] }, 1_800_000_000));
    const { total } = await a.list({ filter: {}, offset: 0, limit: 1 });
    assertEquals(total, numbers.length);
    await Promise.all(changes);
    const changed = { tags: { values: ["changed"], match: "any" as const } };
    assertEquals((await a.list({ filter: changed, offset: 0, limit: 1 })).total, 20);
    await Promise.all([a.close(), b.close()]);
  }));

Deno.test("A rebuild reads everything again, also while changes of another process are being read", () =>
  inFolder(async (_, path) => {
    const a = await open(path), b = await open(path);
    await a.store([plain(1)]);
    await a.list({ filter: {}, offset: 0, limit: 1 });
    using raw = new DatabaseSync(path);
    raw.exec(`UPDATE memories SET tags = '["behind its back"]'`); // as what makes a rebuild necessary, it has no revision
    const numbers = Array.from({ length: 3000 }, (_, i) => i + 2);
    await b.store(numbers.map((i) => plain(i)));
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 5; i++) calls.push(a.list({ filter: {}, offset: 0, limit: 1 }), b.store([plain(5000 + i)]));
    await Promise.all([...calls, a.maintain("rebuild_index")]);
    const filter = { tags: { values: ["behind its back"], match: "any" as const } };
    assertEquals((await a.list({ filter, offset: 0, limit: 1 })).total, 1);
    await Promise.all([a.close(), b.close()]);
  }));

Deno.test("vectors of long memories, and pages of them, are read in slices", () =>
  inFolder(async (folder) => {
    const storage = await open(join(folder, "memory.db"));
    await storage.registerModel(MODEL);
    const items = Array.from({ length: 30 }, (_, i) => ({
      // Reading it takes longer than a slice on a fast machine too.
      memory: memory(i, { content: `${i} ${"x".repeat(900_000)}` }),
      vectors: { model: MODEL.id, chunks: Array.from({ length: 300 }, () => vector(i, MODEL.dimensions)) },
    }));
    await storage.store(items);
    let turns = 0;
    const ticking = setInterval(() => turns++, 0);
    try {
      for (
        const read of [
          () => storage.vectors(items.map((item) => item.memory.content_hash)),
          () => storage.scan(null, 30),
        ]
      ) {
        turns = 0;
        await read();
        assert(turns > 0, `${read}`);
      }
    } finally {
      clearInterval(ticking);
      await storage.close();
    }
  }));

Deno.test("a large trash is emptied in several transactions, between which others write", () =>
  inFolder(async (folder) => {
    const storage = await open(join(folder, "memory.db"));
    const items = Array.from({ length: 1000 }, (_, i) => plain(i)), done: string[] = [];
    await storage.store(items);
    await storage.trash(items.map(({ memory }) => memory.content_hash), { at: 1, reason: "deleted" });
    const emptied = storage.emptyTrash({}).then((count) => (done.push("emptied"), count));
    await storage.store([plain(2000)]);
    done.push("stored");
    assertEquals(await emptied, 1000);
    assertEquals(done, ["stored", "emptied"]);
    await storage.close();
  }));

Deno.test("a file that vanishes while it is opened is an error and nothing else", () =>
  inFolder(async (folder) => {
    const path = join(folder, "memory.db"), { stat, statSync } = Deno;
    const gone = () => new Deno.errors.NotFound("No such file or directory");
    await (await open(path)).close();
    Deno.stat = (other) => other === path ? Promise.reject(gone()) : stat(other);
    Deno.statSync = (other) => {
      if (other === path) throw gone();
      return statSync(other);
    };
    try {
      await assertRejects(() => open(path), MemoryError);
      await new Promise((resolve) => setTimeout(resolve, 0)); // a rejection without a handler would show here
    } finally {
      Object.assign(Deno, { stat, statSync });
    }
  }));
