/**
 * Breaks one part of a real service at a time: health over REST and MCP, readiness and the doctor name that part and
 * nothing else, and all is well again when it is mended.
 */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { inFolder } from "../helpers/folder.ts";
import { type Running, spawn, start, taskArguments, testEnvironment, until, within } from "../helpers/process.ts";
import { freePort, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { beside, broken, doctor, namesOnly, readiness, type Said, store, total } from "./service.ts";

const MODEL = new URL("../../models/all-MiniLM-L6-v2/", import.meta.url);
const run = (command: string, ...args: string[]) =>
  new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync().success;
const can = (probe: () => boolean) => {
  try {
    return probe();
  } catch {
    return false; // no such program
  }
};

/** Whether folders can be made immutable, which binds root too. */
const CHATTR = can(() => {
  const folder = Deno.makeTempDirSync({ prefix: "unimem-chattr-" });
  const done = run("chattr", "+i", folder) && run("chattr", "-i", folder);
  Deno.removeSync(folder);
  return done;
});
/** Whether small disks can be mounted. */
const MOUNT = can(() => {
  const folder = Deno.makeTempDirSync({ prefix: "unimem-mount-" });
  const done = run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder) && run("umount", folder);
  Deno.removeSync(folder);
  return done;
});
/** Whether a running process's limits can be changed. */
const PRLIMIT = can(() => run("prlimit", "--version"));

/** Copies the bundled model to where a test may break it. */
async function copyModel(to: string): Promise<void> {
  await Deno.mkdir(`${to}/onnx`, { recursive: true });
  for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model_quantized.onnx"]) {
    await Deno.copyFile(new URL(name, MODEL), `${to}/${name}`);
  }
}

const wellAgain = (service: Running, env: Record<string, string>) => namesOnly(service, env);

Deno.test("model folder gone: words still find, and the model is used as soon as it is there", () =>
  inFolder(async (folder) => {
    const model = `${folder}/model`, env = testEnvironment(folder, { MCP_MEMORY_EMBEDDING_MODEL: model });
    await using service = await start("unified", env);
    await namesOnly(service, env, "model");
    assertEquals(await readiness(service), 200);
    assertEquals((await store(service, "Stored without a model")).status, 200);
    await copyModel(model);
    await wellAgain(service, env);
  }));

Deno.test("model file cut short: the model is named, and used once it is whole", () =>
  inFolder(async (folder) => {
    const model = `${folder}/model`, env = testEnvironment(folder, { MCP_MEMORY_EMBEDDING_MODEL: model });
    await copyModel(model);
    await Deno.truncate(`${model}/onnx/model_quantized.onnx`, 1_000_000);
    await using service = await start("unified", env);
    await namesOnly(service, env, "model");
    await copyModel(model);
    await wellAgain(service, env);
  }));

Deno.test("database locked by another process: writes get 503 with what to do, and nothing is stored twice or lost", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder, { MCP_MEMORY_SQLITE_PRAGMAS: "busy_timeout=300" });
    await using service = await start("unified", env);
    await wellAgain(service, env);
    assertEquals((await store(service, "Before the lock")).status, 200);
    {
      await using _ = await lock(`${folder}/unimem.db`);
      const refused = await store(service, "During the lock");
      assertEquals(refused.status, 503);
      assertStringIncludes(refused.detail, "another process keeps the database locked");
      assert(Number(refused.headers.get("retry-after")) >= 1);
      await namesOnly(service, env, "store");
      assertEquals([await readiness(service), await total(service)], [200, 1]);
      // Without a service to ask, the doctor finds the lock by itself.
      service.kill("SIGTERM");
      await service.exit();
      const { code, checks } = await doctor(env);
      assertEquals([code, broken(checks)], [1, ["store"]]);
    }
    await using again = await start("unified", env);
    await wellAgain(again, env);
    assertEquals((await store(again, "During the lock")).status, 200);
    assertEquals(await total(again), 2);
  }));

Deno.test("a lock that goes away is noticed without a restart", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder, { MCP_MEMORY_SQLITE_PRAGMAS: "busy_timeout=300" });
    await using service = await start("unified", env);
    await store(service, "One");
    {
      await using _ = await lock(`${folder}/unimem.db`);
      await namesOnly(service, env, "store");
    }
    await wellAgain(service, env);
    assertEquals((await store(service, "Two")).status, 200);
  }));

Deno.test("database file replaced by garbage: not ready until it is back", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder), path = `${folder}/unimem.db`;
    await using service = await start("unified", env);
    await store(service, "Before");
    await Deno.rename(path, `${path}.aside`);
    await Deno.writeFile(path, crypto.getRandomValues(new Uint8Array(8192)), { mode: 0o600 });
    await namesOnly(service, env, "store");
    assertEquals(await readiness(service), 503);
    await Deno.rename(`${path}.aside`, path);
    await wellAgain(service, env);
    assertEquals([await readiness(service), await total(service)], [200, 1]);
  }));

Deno.test("garbage instead of a database stops the start, and the doctor names it without a service too", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder);
    await Deno.writeFile(`${folder}/unimem.db`, crypto.getRandomValues(new Uint8Array(8192)), { mode: 0o600 });
    const { code, checks } = await doctor(env);
    assertEquals([code, broken(checks)], [1, ["store"]], JSON.stringify(checks));
    const child = await spawn(["http"], env);
    const ended = await within(child.output(), "a start");
    assertEquals(ended.code, 2);
    assertStringIncludes(new TextDecoder().decode(ended.stderr), "is not a SQLite database");
  }));

Deno.test({
  name: "a folder that can't be written is named by the doctor, and the start says so",
  ignore: !CHATTR,
  fn: () =>
    inFolder(async (folder) => {
      const env = testEnvironment(folder);
      {
        await using service = await start("unified", env);
        await store(service, "Before");
        service.kill("SIGTERM");
        await service.exit();
      }
      assert(run("chattr", "+i", folder));
      try {
        const { code, checks } = await doctor(env);
        assertEquals([code, broken(checks)], [1, ["folders"]], JSON.stringify(checks));
        const child = await spawn(["http"], env);
        assertEquals((await within(child.output(), "a start")).code, 2);
      } finally {
        assert(run("chattr", "-i", folder));
      }
      const { code, checks } = await doctor(env);
      assertEquals([code, broken(checks)], [0, []], JSON.stringify(checks));
    }),
});

Deno.test({
  name: "disk full: writes get 507, nothing is stored half, reads go on, and room heals it",
  ignore: !MOUNT,
  fn: () =>
    inFolder(async (parent) => {
      // The audit log elsewhere: it fails on a full disk too, and says so by itself.
      const folder = `${parent}/disk`, env = testEnvironment(folder, { MCP_AUDIT_PATH: `${parent}/audit` });
      const filler = `${folder}/filler`;
      await Deno.mkdir(folder);
      assert(run("mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", folder));
      try {
        const answered = await (async () => {
          await using service = await start("unified", env);
          await wellAgain(service, env);
          await store(service, "Before");
          await fill(filler);
          let stored = 1, last = { status: 200, detail: "" };
          for (let i = 0; i < 50 && last.status === 200; i++) {
            last = await store(service, `Number ${i} ${"of a long text ".repeat(2000)}`);
            if (last.status === 200) stored++;
          }
          assertEquals(last.status, 507, last.detail);
          assertStringIncludes(last.detail, "free space on it, then try again");
          await namesOnly(service, env, "disk");
          assertEquals([await readiness(service), await total(service)], [200, stored]);
          const command = await spawn(["store", `By command ${"of a long text ".repeat(2000)}`, "--json"], env);
          const ended = await within(command.output(), "a command");
          assertEquals([ended.code, JSON.parse(new TextDecoder().decode(ended.stderr)).error.code], [3, "full"]);
          await Deno.remove(filler);
          await wellAgain(service, env);
          assertEquals((await store(service, "After")).status, 200);
          service.kill("SIGTERM");
          assertEquals(await service.exit(), 0);
          return stored + 1;
        })();
        await using service = await start("unified", env);
        assertEquals(await total(service), answered);
      } finally {
        assert(run("umount", folder));
      }
    }),
});

Deno.test({
  name: "files that may not grow any more: writes get 503, nothing is stored half, and a higher limit heals it",
  ignore: !PRLIMIT,
  fn: () =>
    inFolder(async (folder) => {
      const env = testEnvironment(folder);
      await using service = await start("unified", env);
      await store(service, "Before");
      assert(run("prlimit", "--pid", String(service.pid), "--fsize=300000:unlimited"));
      let stored = 1, last = { status: 200, detail: "" };
      for (let i = 0; i < 50 && last.status === 200; i++) {
        last = await store(service, `Number ${i} ${"of a long text ".repeat(2000)}`);
        if (last.status === 200) stored++;
      }
      assertEquals(last.status, 503, last.detail);
      await namesOnly(service, env, "store");
      assertEquals(await total(service), stored);
      assert(run("prlimit", "--pid", String(service.pid), "--fsize=unlimited:unlimited"));
      await wellAgain(service, env);
      assertEquals((await store(service, "After")).status, 200);
    }),
});

Deno.test("Qdrant away: alive, not ready, and the store is named", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder, qdrant(freePort()));
    await using service = await start("unified", env);
    await modelReady(service);
    await namesOnly(service, env, "store");
    assertEquals(await readiness(service), 503);
    const alive = await fetch(`${service.http}/api/health`);
    assertEquals([alive.status, (await alive.json()).status], [200, "unhealthy"]);
    assertEquals((await store(service, "Nowhere to go")).status, 503);
  }));

Deno.test({
  name: "Qdrant that comes back is used without a restart",
  ignore: QDRANT_BIN === undefined,
  fn: () =>
    inFolder(async (folder) => {
      const port = freePort(), env = testEnvironment(folder, qdrant(port));
      await using service = await start("unified", env);
      await namesOnly(service, env, "store");
      {
        await using _ = await startQdrant({ port });
        await wellAgain(service, env);
        assertEquals([await readiness(service), (await store(service, "There it is")).status], [200, 200]);
      }
      await namesOnly(service, env, "store");
    }),
});

Deno.test("REST's port taken in stdio mode: MCP goes on, names the listener, and REST follows when the port is free", () =>
  inFolder(async (folder) => {
    const port = freePort(), env = testEnvironment(folder, { MCP_TRANSPORT_MODE: "stdio", MCP_HTTP_ENABLED: "true" });
    env.MCP_HTTP_PORT = String(port);
    const args = await taskArguments("unified");
    const cwd = new URL("../..", import.meta.url).pathname;
    const transport = new StdioClientTransport({ command: Deno.execPath(), args, env, cwd, stderr: "ignore" });
    const client = new Client({ name: "test", version: "1" });
    const parts = async () => {
      const { structuredContent } = await client.callTool({ name: "check_database_health", arguments: {} });
      return (structuredContent as { parts: Said[] }).parts;
    };
    try {
      {
        using _ = Deno.listen({ hostname: "127.0.0.1", port });
        await within(client.connect(transport), "stdio");
        await until(parts, (said) => broken(said).join() === "listeners", "the listener to be named");
        const { code, checks } = await doctor(env);
        assertEquals([code, broken(checks)], [1, ["listeners"]], JSON.stringify(checks));
      }
      await until(parts, (said) => broken(said).length === 0, "REST to listen");
      assertEquals((await (await fetch(`http://127.0.0.1:${port}/api/health/ready`)).json()).status, "ready");
    } finally {
      await client.close();
    }
  }));

Deno.test("the doctor lists every wrong setting, and those that look misspelt", () =>
  inFolder(async (folder) => {
    const { code, checks } = await doctor(
      testEnvironment(folder, { MCP_HTTP_PORT: "eighty", MCP_TRASH_DAYS: "x", MCP_QDRANT_URI: "http://127.0.0.1:1" }),
    );
    assertEquals(code, 1);
    const said = checks.filter(({ name }) => name === "settings").map(({ state, message }) => `${state} ${message}`);
    assertEquals(said.length, 3);
    for (const [i, name] of ["failed MCP_HTTP_PORT", "failed MCP_TRASH_DAYS", "warning MCP_QDRANT_URI"].entries()) {
      assertStringIncludes(said[i]!, name);
    }
  }));

Deno.test("the doctor changes nothing, beside a service and without one", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder), files = () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals([(await doctor(env)).code, files()], [0, []]);
    {
      await using service = await start("unified", env);
      await modelReady(service);
      await store(service, "Something");
      // The audit log is written a moment after what it tells of.
      await until(() => Promise.resolve(files()), (names) => names.includes("audit"), "the audit log");
      const before = files();
      assertEquals([(await doctor(beside(service, env))).code, files()], [0, before]);
      service.kill("SIGTERM");
      await service.exit();
    }
    const before = await Deno.readFile(`${folder}/unimem.db`), names = files();
    assertEquals([(await doctor(env)).code, files()], [0, names]);
    assertEquals(await Deno.readFile(`${folder}/unimem.db`), before);
  }));

const qdrant = (port: number) => ({
  MCP_QDRANT_URL: `http://127.0.0.1:${port}`,
  MCP_QDRANT_CIRCUIT_SECONDS: "1",
  MCP_QDRANT_TIMEOUT: "2",
});

async function modelReady(service: Running): Promise<void> {
  const ask = async () => (await (await fetch(`${service.http}/api/health`)).json()).embedding.state;
  await until(ask, (state) => state === "ready", "the model");
}

/** A second process that keeps the database locked until disposed. */
async function lock(path: string): Promise<AsyncDisposable> {
  const script = `
    import { DatabaseSync } from "node:sqlite";
    const database = new DatabaseSync(${JSON.stringify(path)}, { timeout: 5000 });
    database.exec("BEGIN EXCLUSIVE");
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", script],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  await within(reader.read(), "the lock");
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

/** Writes until there is no room. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  for (const size of [65536, 4096, 512]) {
    try {
      while (true) await file.write(new Uint8Array(size));
    } catch {
      // full
    }
  }
}
