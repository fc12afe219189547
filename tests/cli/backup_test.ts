/** Backups by the real command, of stores that real services write to, and what is left when they are killed. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createLogger } from "../../src/operations/logger.ts";
import { backupJob } from "../../src/operations/backup/schedule.ts";
import { initialBackupState } from "../../src/operations/backup/state.ts";
import { listBackups } from "../../src/operations/backup/folder.ts";
import { openStorage, storeFiles } from "../../src/storage/factory.ts";
import { spawn, start, testEnvironment, until } from "../helpers/process.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { hashOf } from "../storage/fixtures.ts";
import { ended, fill, inFolder, json, unimem, unimemIn } from "./command.ts";

const namesIn = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
const countOf = async (folder: string) => (await json(folder, "stats")).total_memories as number;

/** A store with memories, vectors, trash and relations. */
async function fillAll(folder: string, count: number): Promise<void> {
  await fill(folder, count);
  const storage = await openStorage({ backend: "sqlite", path: `${folder}/unimem.db` });
  await storage.trash([hashOf(0), hashOf(1)], { at: 1_700_000_000, reason: "deleted" });
  await storage.relate([{ source: hashOf(2), target: hashOf(3), type: "follows", created_at: 1_700_000_000 }]);
  await storage.close();
}

/** Whether two stores hold the same memories, trash, relations and vectors. */
async function assertEqualStores(folder: string, from: string, to: string): Promise<void> {
  const report = await json(folder, "copy", "--verify-only", "--from", from, "--to", to);
  assertEquals([report.equal, report.mismatches], [true, 0], JSON.stringify(report));
}

Deno.test("a backup taken while a service is written to holds all that was answered before, and restores", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder), answered: string[] = [];
    await using service = await start("http", env);
    let writing = true;
    const writers = Array.from({ length: 3 }, async (_, writer) => {
      for (let i = 0; writing; i++) {
        const body = JSON.stringify({ content: `Writer ${writer} says ${i}`, tags: ["load"] });
        const headers = { "content-type": "application/json" };
        const response = await fetch(`${service.http}/api/memories`, { method: "POST", headers, body });
        answered.push((await response.json()).content_hash);
      }
    });
    await until(() => Promise.resolve(answered.length), (count) => count > 50, "the first writes");
    const before = [...answered];
    const made = await json(folder, "backup");
    const after = answered.length;
    await until(() => Promise.resolve(answered.length), (count) => count > after, "writes to go on");
    writing = false;
    await Promise.all(writers);
    assert(made.manifest.memories >= before.length && made.manifest.memories <= answered.length, JSON.stringify(made));
    assertEquals((await json(folder, "backup", "verify")).checksum, "matches");

    const refused = await unimem(folder, "restore", "latest", "--replace");
    assertEquals(refused.code, 1, refused.err);
    assertStringIncludes(refused.err, "a process has it open");

    const restored = await json(`${folder}/other`, "restore", made.file);
    assertEquals([restored.memories, restored.aside], [made.manifest.memories, null]);
    const storage = await openStorage({ backend: "sqlite", path: `${folder}/other/unimem.db` });
    const found = await storage.getByHash(before);
    await storage.close();
    assertEquals(found.filter((memory) => memory === null).length, 0);
  }));

Deno.test("a restore brings everything back, from a copy and from an export, and keeps what it replaces", () =>
  inFolder(async (folder) => {
    const from = `${folder}/from`, original = `sqlite:${from}/unimem.db`;
    await fillAll(from, 300);
    const { file } = await json(from, "backup");
    await json(`${folder}/copy`, "restore", file);
    await assertEqualStores(folder, original, `sqlite:${folder}/copy/unimem.db`);

    await json(from, "export", "--vectors", `${folder}/all.jsonl`);
    await json(`${folder}/jsonl`, "restore", `${folder}/all.jsonl`);
    await assertEqualStores(folder, original, `sqlite:${folder}/jsonl/unimem.db`);

    await json(`${folder}/used`, "store", "Not to be lost");
    const refused = await unimem(`${folder}/used`, "restore", file);
    assertEquals([refused.code, refused.out], [1, ""]);
    assertStringIncludes(refused.err, "it holds 1 memories");
    const { aside } = await json(`${folder}/used`, "restore", file, "--replace");
    await assertEqualStores(folder, original, `sqlite:${folder}/used/unimem.db`);
    await json(`${folder}/back`, "restore", aside);
    assertEquals((await json(`${folder}/back`, "list")).memories[0].content, "Not to be lost");
  }));

Deno.test("--keep deletes the oldest backups, and only backups", () =>
  inFolder(async (folder) => {
    await json(folder, "store", "One fact");
    await Deno.mkdir(`${folder}/backups`);
    await Deno.writeTextFile(`${folder}/backups/mine.db`, "mine");
    const made: string[] = [];
    for (let i = 0; i < 3; i++) made.push((await json(folder, "backup", "--keep", "2")).file);
    const { backups } = await json(folder, "backup", "list");
    assertEquals(backups.map(({ file }: { file: string }) => file), made.slice(1).reverse());
    assert(namesIn(`${folder}/backups`).includes("mine.db"));
    assertEquals((await unimem(folder, "backup", "--keep", "none")).code, 2);
  }));

Deno.test("a backup that was damaged, cut or exchanged is refused before the store is touched", () =>
  inFolder(async (folder) => {
    await fillAll(folder, 500);
    const { file } = await json(folder, "backup"), bytes = await Deno.readFile(file);
    const damaged = bytes.slice();
    damaged.fill(0x5a, 4096 * 3, 4096 * 9);
    const cases: [string, Uint8Array, string | null][] = [
      ["damaged.db", damaged, null],
      ["cut.db", bytes.slice(0, bytes.length / 2), null],
      ["empty.db", new Uint8Array(), null],
      ["other.db", new TextEncoder().encode("Something else"), null],
      ["cut.jsonl", new TextEncoder().encode('{"kind":"header"}\n'), null],
      ["changed.db", damaged, await Deno.readTextFile(`${file}.json`)],
    ];
    for (const [name, content, manifest] of cases) {
      await Deno.writeFile(`${folder}/${name}`, content);
      if (manifest !== null) await Deno.writeTextFile(`${folder}/${name}.json`, manifest);
    }
    const before = await Deno.readFile(`${folder}/unimem.db`);
    await Promise.all(
      cases.flatMap(([name]) =>
        [["backup", "verify"], ["restore", "--replace"]].map(async (command) => {
          const { code, out, err } = await unimem(folder, ...command, `${folder}/${name}`);
          assertEquals([code, out], [2, ""], `${command} ${name}: ${err}`);
          assertStringIncludes(err, name);
        })
      ),
    );
    assertEquals(await Deno.readFile(`${folder}/unimem.db`), before);
  }));

Deno.test("a backup killed at any moment leaves no backup, and the next run cleans up", () =>
  inFolder(async (folder) => {
    await fill(folder, 20_000);
    const parts = () => namesIn(`${folder}/backups`).filter((name) => name.includes(".part"));
    await Deno.mkdir(`${folder}/backups`);
    const child = await spawn(["backup"], testEnvironment(folder));
    await until(() => Promise.resolve(parts()), (found) => found.length > 0, "the backup to begin");
    child.kill("SIGKILL");
    await child.output();
    assertEquals((await json(folder, "backup", "list")).backups, []);
    const { file } = await json(folder, "backup");
    assertEquals([parts(), (await json(folder, "backup", "verify", file)).memories], [[], 20_000]);
  }));

Deno.test("a restore killed at any moment leaves the old store or the new one, and the next run finishes", () =>
  inFolder(async (folder) => {
    await fill(`${folder}/from`, 10_000);
    const { file } = await json(`${folder}/from`, "backup");
    await fill(folder, 10);
    for (const afterMs of [100, 200, 300, 400, 500]) {
      const child = await spawn(["restore", file, "--replace"], testEnvironment(folder));
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      try {
        child.kill("SIGKILL");
      } catch {
        // it was done by then
      }
      await child.output();
      assert([10, 10_000].includes(await countOf(folder)), `killed after ${afterMs} ms`);
    }
    await json(folder, "restore", file, "--replace");
    assertEquals(await countOf(folder), 10_000);
    assertEquals(namesIn(folder).filter((name) => name.includes(".restoring")), []);
  }));

Deno.test({
  name: "a full disk ends a backup with a reason, and leaves the earlier ones and no remains",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await fill(folder, 5000);
      const { file } = await json(folder, "backup");
      const main = new URL("../../src/main.ts", import.meta.url).pathname;
      // The limit counts blocks of 1 KB; without its signal a write beyond it fails as on a full disk.
      const shell = `trap '' XFSZ; ulimit -f 400; exec "$0" run --quiet -A "${main}" backup --json`;
      const child = new Deno.Command("bash", {
        args: ["-c", shell, Deno.execPath()],
        env: testEnvironment(folder),
        clearEnv: true,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const { code, out, err } = await ended(child, "the backup to fail");
      assertEquals([code, out], [3, ""], err);
      assertEquals(JSON.parse(err).error.code, "unavailable");
      assertEquals((await json(folder, "backup", "list")).backups.map((backup: { file: string }) => backup.file), [
        file,
      ]);
      assertEquals(namesIn(`${folder}/backups`).filter((name) => name.includes(".part")), []);
      assertEquals((await json(folder, "backup")).manifest.memories, 5000);
    }),
});

Deno.test("the schedule makes a backup when one is due, keeps as many as asked, and says why it failed", async () => {
  await using test = await testRuntime();
  const folder = `${test.folder}/backups`, settings = { folder, intervalHours: 6, keep: 2 };
  const runtime = { ...test.runtime, backups: initialBackupState(settings, storeFiles) };
  let now = Date.now();
  const [job] = backupJob(runtime, settings, createLogger("error", () => {}), { now: () => now });
  const { signal } = new AbortController(), files = async () => (await listBackups(folder)).map(({ file }) => file);
  await job!.run(signal);
  assertEquals([(await files()).length, runtime.backups.last_failure], [1, null]);
  assert(runtime.backups.last_success !== null);
  await job!.run(signal);
  assertEquals((await files()).length, 1);
  for (let i = 0; i < 3; i++) {
    now += 6.1 * 3_600_000; // the names still have this moment's time
    await job!.run(signal);
  }
  assertEquals((await files()).length, 2);

  await Deno.remove(folder, { recursive: true });
  await Deno.writeTextFile(folder, "in the way");
  let failure: unknown;
  await job!.run(signal).catch((error) => failure = error);
  assertStringIncludes(String(failure), "backups");
  assertEquals(runtime.backups.last_failure?.message, (failure as Error).message);
  await Deno.remove(folder);
  now += 3_600_000;
  await job!.run(signal);
  assertEquals([(await files()).length, runtime.backups.last_failure], [1, null]);
  assertEquals(backupJob(runtime, { ...settings, intervalHours: 0 }, createLogger("error", () => {})), []);
});

Deno.test("a service with a schedule makes backups by itself, and says so in its health", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder, { MCP_BACKUP_INTERVAL_HOURS: "24" });
    await using service = await start("http", env);
    const backups = () => listBackups(`${folder}/backups`);
    await until(backups, (found) => found.length === 1, "the first backup");
    const part = async () => {
      const health = await (await fetch(`${service.http}/api/health/detailed`)).json();
      return health.parts?.find(({ name }: { name: string }) => name === "backups");
    };
    await until(part, (found) => found?.state === "healthy", "the health to tell");
  }));

Deno.test({
  name: "a backup of a Qdrant store restores into Qdrant and into a file, and a killed restore goes on",
  ignore: QDRANT_BIN === undefined,
  fn: () =>
    inFolder(async (folder) => {
      await using qdrant = await startQdrant();
      const from = `${folder}/from`, collection = (name: string) => `qdrant:${qdrant.url}/${name}`;
      const env = (name: string) =>
        testEnvironment(folder, {
          MCP_QDRANT_URL: qdrant.url,
          MCP_QDRANT_COLLECTION_NAME: name,
          MCP_BACKGROUND_LEASE_SECONDS: "1",
          MCP_QDRANT_TIMEOUT: "30",
        });
      const run = async (name: string, ...args: string[]) => {
        const { code, out, err } = await unimemIn(env(name), ...args, "--json");
        assertEquals(code, 0, err);
        return JSON.parse(out);
      };
      await fillAll(from, 6000);
      await json(from, "copy", "--from", `sqlite:${from}/unimem.db`, "--to", collection("first"));
      const { file, format } = await run("first", "backup");
      assertEquals(format, "jsonl");

      await json(`${folder}/sqlite`, "restore", file);
      await assertEqualStores(folder, `sqlite:${from}/unimem.db`, `sqlite:${folder}/sqlite/unimem.db`);

      await run("second", "store", "Here before");
      const refused = await unimemIn(env("second"), "restore", file);
      assertEquals(refused.code, 1, refused.err);
      const child = await spawn(["restore", file, "--replace"], env("second"));
      const count = async () => {
        const answer = await fetch(`${qdrant.url}/collections/second/points/count`, { method: "POST", body: "{}" });
        return (await answer.json()).result?.count ?? 0;
      };
      await until(count, (points) => points > 300, "the restore to begin");
      child.kill("SIGKILL");
      await child.output();
      const done = await run("second", "restore", file, "--replace");
      assertEquals([done.memories, done.resumed], [5998, true]);
      assert(done.aside !== null);
      await assertEqualStores(folder, collection("first"), collection("second"));
      assertStringIncludes(await Deno.readTextFile(done.aside), "Here before");

      await using _service = await start("http", env("second"));
      const busy = await unimemIn(env("second"), "restore", file, "--replace");
      assertEquals(busy.code, 1);
      assertStringIncludes(busy.err, "a service uses the store");
    }),
});
