/** Files and folders that Unimem makes are for its user alone, whatever the umask; older ones are found and mended. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { openStorage, storeFiles } from "../src/storage/factory.ts";
import { unimemIn } from "./cli/command.ts";
import { doctor } from "./health/service.ts";
import { inFolder } from "./helpers/folder.ts";
import { start, testEnvironment, until } from "./helpers/process.ts";
import { freePort } from "./helpers/qdrant.ts";
import { plain } from "./storage/fixtures.ts";

/** Windows has no modes: there the rights of the folder above count. */
const NO_MODES = Deno.build.os === "windows";

/** Runs under a umask, which child processes inherit. */
async function under(umask: number, run: () => Promise<void>): Promise<void> {
  const before = Deno.umask(umask);
  try {
    await run();
  } finally {
    Deno.umask(before);
  }
}

const modeOf = (path: string) => (Deno.statSync(path).mode! & 0o777).toString(8);

/** Modes of everything below a folder, by path. */
function modes(folder: string, below = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(join(folder, below))) {
    found[join(below, name)] = modeOf(join(folder, below, name));
    if (isDirectory) Object.assign(found, modes(folder, join(below, name)));
  }
  return found;
}

/** Asserts that only the owner has rights, and has all that are needed. */
function assertPrivate(folder: string, ...expected: string[]): void {
  const found = modes(folder);
  for (const [path, mode] of Object.entries(found)) {
    assertEquals(mode, Deno.statSync(join(folder, path)).isDirectory ? "700" : "600", path);
  }
  for (const name of expected) assert(name in found, `${name} is missing among ${Object.keys(found)}`);
}

for (const umask of [0o000, 0o077, 0o022]) {
  Deno.test({
    name: `a service and its commands under umask ${umask.toString(8).padStart(3, "0")} leave nothing to other users`,
    ignore: NO_MODES,
    fn: () =>
      inFolder((folder) =>
        under(umask, async () => {
          const base = join(folder, "made", "data");
          const env = testEnvironment(base, {
            HOME: join(folder, "home"),
            DENO_DIR: Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME")!, ".cache", "deno"),
            MCP_EMBEDDING_CACHE_PATH: join(folder, "made", "cache", "vectors.db"),
          });
          {
            await using service = await start("unified", env);
            const stored = await fetch(`${service.http}/api/memories`, {
              method: "POST",
              headers: { "content-type": "application/json" },
              body: JSON.stringify({ content: "For my eyes only" }),
            });
            assertEquals((await stored.json()).success, true);
            const upload = new FormData();
            upload.append("file", new File(["A note for my eyes only"], "note.txt"));
            const uploaded = await fetch(`${service.http}/api/documents/upload`, { method: "POST", body: upload });
            assert(uploaded.ok, await uploaded.text());
            const names = ["data/unimem.db", "data/unimem.db-wal", "data/unimem.db-shm", "data/unimem.db.lock"];
            const cache = () => Promise.resolve(Object.keys(modes(join(folder, "made"))));
            await until(cache, (names) => names.includes("cache/vectors.db"), "the embedding cache");
            for (const args of [["backup"], ["export", join(folder, "made", "all.jsonl")], ["optimize"]]) {
              const { code, err } = await unimemIn(env, ...args);
              assertEquals(code, 0, err);
            }
            assertPrivate(join(folder, "made"), ...names, "data/backups", "data/backups/.lock", "all.jsonl");
            assertEquals(Object.keys(modes(join(base, "backups"))).length, 3);
            service.kill("SIGTERM");
            assertEquals(await service.exit(), 0);
          }
          const restored = await unimemIn(env, "restore", "latest", "--replace");
          assertEquals(restored.code, 0, restored.err);
          const connected = await unimemIn({ ...env, MCP_SERVER_PORT: "8765" }, "connect", "cursor", "--write");
          assertEquals(connected.code, 0, connected.err);
          assertPrivate(join(folder, "made"));
          assertPrivate(join(folder, "home"));
        })
      ),
  });
}

Deno.test({
  name: "an outbox under umask 000 leaves nothing to other users",
  ignore: NO_MODES,
  fn: () =>
    inFolder((folder) =>
      under(0o000, async () => {
        const base = join(folder, "data");
        const env = testEnvironment(base, {
          MCP_QDRANT_URL: `http://127.0.0.1:${freePort()}`,
          MCP_OUTBOX_ENABLED: "true",
        });
        await using service = await start("unified", env);
        await until(
          () => Promise.resolve(Object.keys(modes(folder))),
          (names) => names.some((name) => name.endsWith("-wal")),
          "the outbox's log",
        );
        assertPrivate(folder, "data");
        assert(Object.keys(modes(base)).some((name) => name.includes("outbox")));
        service.kill("SIGTERM");
        await service.exit();
      })
    ),
});

Deno.test({
  name: "a umask that takes the owner's rights doesn't break a store",
  ignore: NO_MODES,
  fn: () =>
    inFolder((folder) =>
      under(0o777, async () => {
        const path = join(folder, "deep", "down", "memory.db");
        const storage = await openStorage({ backend: "sqlite", path });
        assertEquals(await storage.store([plain(1)]), ["stored"]);
        assertPrivate(folder, "deep/down/memory.db", "deep/down/memory.db-wal", "deep/down/memory.db.lock");
        await storage.close();
        const again = await openStorage({ backend: "sqlite", path });
        assertEquals((await again.list({ filter: {}, offset: 0, limit: 1 })).total, 1);
        await again.close();
      })
    ),
});

Deno.test({
  name: "another user can neither read a store nor keep it from being opened by a lock",
  // Only root can become somebody else.
  ignore: NO_MODES || Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn: () =>
    inFolder((folder) =>
      under(0o000, async () => {
        // As in a shared folder, where everybody may enter.
        await Deno.chmod(folder, 0o777);
        const path = join(folder, "memory.db");
        await (await openStorage({ backend: "sqlite", path })).close();
        for (const command of [["cat", path], ["flock", "--nonblock", "--exclusive", `${path}.lock`, "true"]]) {
          const { success } = await new Deno.Command("setpriv", {
            args: ["--reuid=65534", "--regid=65534", "--clear-groups", ...command],
            stdout: "null",
            stderr: "null",
          }).output();
          assertEquals(success, false, command.join(" "));
        }
        (await storeFiles.take(path)).release();
      })
    ),
});

Deno.test({
  name: "a folder that existed stays as it is and is reported; doctor --fix mends files, and folders of Unimem's alone",
  ignore: NO_MODES,
  fn: () =>
    inFolder(async (folder) => {
      const shared = join(folder, "shared"), database = join(shared, "unimem.db"), env = testEnvironment(shared);
      await Deno.mkdir(shared);
      await Deno.chmod(shared, 0o755);
      const about = (checks: { name: string; state: string; message: string }[]) =>
        checks.filter(({ name }) => name === "files");
      {
        await using service = await start("unified", env);
        await until(() => Promise.resolve(service.log()), (log) => log.includes(`rights to ${shared}`), "a warning");
        assertEquals([modeOf(shared), modeOf(database)], ["755", "600"]);
        service.kill("SIGTERM");
        await service.exit();
      }
      await unimemIn(env, "backup");
      const [backup] = [...Deno.readDirSync(join(shared, "backups"))].filter(({ name }) => name.endsWith(".db"));
      const files = [database, `${database}.lock`, join(shared, "backups", backup!.name)];
      for (const file of files) await Deno.chmod(file, 0o644);
      await Deno.writeTextFile(join(shared, "thesis.tex"), "somebody's");
      await Deno.chmod(join(shared, "thesis.tex"), 0o644);

      const { code, checks } = await doctor(env);
      assertEquals(code, 0);
      const [file, place] = about(checks);
      assertEquals([file!.state, place!.state], ["warning", "warning"]);
      for (const path of files) assertStringIncludes(file!.message, path);
      assertStringIncludes(place!.message, shared);
      assertEquals(files.map(modeOf), ["644", "644", "644"]);

      const fixed = JSON.parse((await unimemIn(env, "doctor", "--fix", "--json")).out).checks;
      assertEquals(files.map(modeOf), ["600", "600", "600"]);
      assertEquals([modeOf(shared), modeOf(join(shared, "thesis.tex"))], ["755", "644"]);
      assertEquals(about(fixed).map(({ state }) => state), ["ok", "ok", "ok", "warning"]);

      await Deno.remove(join(shared, "thesis.tex"));
      assertStringIncludes((await unimemIn(env, "doctor", "--fix")).out, `Closed to other users: ${shared}`);
      assertEquals(modeOf(shared), "700");
      assertEquals(about((await doctor(env)).checks).map(({ state }) => state), ["ok"]);
    }),
});

Deno.test({
  name: "opening a store twice in a process loses none of SQLite's locks",
  ignore: NO_MODES,
  fn: () =>
    inFolder(async (folder) => {
      const path = join(folder, "memory.db");
      const first = await openStorage({ backend: "sqlite", path });
      await first.store([plain(1)]);
      await (await openStorage({ backend: "sqlite", path })).close();
      // A connection that finds no other one moves the log into the file and removes it.
      const { success } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", `new (await import("node:sqlite")).DatabaseSync(${JSON.stringify(path)}).close()`],
      }).output();
      assert(success);
      assert((await Deno.stat(`${path}-wal`)).isFile);
      await first.store([plain(2)]);
      await first.close();
      await assertRejects(() => Deno.stat(`${path}-wal`), Deno.errors.NotFound);
    }),
});
