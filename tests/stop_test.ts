/** However the service ends, it leaves no log beside its file, no lease and no lock. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { fromFileUrl } from "./helpers/paths.ts";
import { fill, inFolder, unimem } from "./cli/command.ts";
import { type Running, running, start, taskFlags, testEnvironment, until, within } from "./helpers/process.ts";

const PROJECT = fromFileUrl(new URL("../", import.meta.url));
const onLinux = Deno.build.os === "linux";
/** What starts a command in a process group of its own, or on a terminal of its own. */
const hasSetsid = works("setsid", "--version"), hasScript = works("script", "--version");

function works(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

/** The holder of the lease on background work, as the store's file says; null without one. */
function lease(folder: string): string | null {
  const database = new DatabaseSync(`${folder}/unimem.db`, { readOnly: true });
  try {
    const row = database.prepare("SELECT value FROM notes WHERE name = 'background_lease'").get();
    return row === undefined ? null : String(row.value);
  } finally {
    database.close();
  }
}

/** Files of SQLite's log that lie beside the store's. */
async function logs(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => /-(wal|shm|journal)$/.test(name));
}

/** Waits until the service has the lease, so that there is something to give back. */
const leased = (folder: string) =>
  until(() => Promise.resolve(lease(folder)), (holder) => holder !== null, "the lease");

async function assertClosed(folder: string, what: string): Promise<void> {
  assertEquals(await logs(folder), [], what); // before the file is opened again
  assertEquals(lease(folder), null, what);
}

async function store(service: Running, content: string): Promise<Response> {
  return await fetch(`${service.http}/api/memories`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ content }),
  });
}

/** Starts `COMMAND ARGS` as the leader of a process group: setsid becomes the command. */
function inGroup(command: string[], env: Record<string, string>): Deno.ChildProcess {
  return new Deno.Command("setsid", {
    args: command,
    cwd: PROJECT,
    env,
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Ids of the processes that `pid` has started. */
async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "pid=", "--ppid", String(pid)] }).output();
  return new TextDecoder().decode(stdout).split(/\s+/).filter((word) => word !== "").map(Number);
}

async function signal(name: string, target: number): Promise<void> {
  const { success } = await new Deno.Command("kill", { args: ["-s", name.slice(3), "--", String(target)] }).output();
  assert(success, `kill ${target}`);
}

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  for (const underTask of [false, true]) {
    for (const target of ["group", "service", ...underTask ? ["task"] : []]) {
      Deno.test({
        name: `${name} to the ${target}, ${
          underTask ? "under deno task" : "without a task"
        }, stops the service cleanly`,
        ignore: !onLinux || !hasSetsid,
        fn: () =>
          inFolder(async (folder) => {
            const command = underTask
              ? [Deno.execPath(), "task", "--quiet", "unified"]
              : [Deno.execPath(), "run", ...await taskFlags(), "src/main.ts", "unified"];
            const child = inGroup(command, testEnvironment(folder));
            await using service = await running(child, "unified");
            // Disposed first: what a dead task leaves behind would hold its output open.
            await using _group = { [Symbol.asyncDispose]: () => signal("SIGKILL", -child.pid).catch(() => {}) };
            await leased(folder);
            const leader = service.pid, [own = leader] = underTask ? await childrenOf(leader) : [];
            assertEquals(own !== leader, underTask);
            await signal(name, target === "group" ? -leader : target === "task" ? leader : own);
            assertEquals(await service.exit(), 0, service.log());
            assertEquals(service.log().match(/Stopping/g)?.length, 1);
            await assertClosed(folder, service.log());
          }),
      });
    }
  }
}

for (const underTask of [false, true]) {
  Deno.test({
    name: `Ctrl-C on a terminal, ${underTask ? "under deno task" : "without a task"}, stops the service cleanly`,
    ignore: !onLinux || !hasScript,
    fn: () =>
      inFolder(async (folder) => {
        const words = underTask
          ? [Deno.execPath(), "task", "--quiet", "unified"]
          : [Deno.execPath(), "run", ...await taskFlags(), "src/main.ts", "unified"];
        const child = new Deno.Command("script", {
          args: ["--quiet", "--flush", "--return", "--command", `exec ${words.join(" ")}`, "/dev/null"],
          cwd: PROJECT,
          env: { ...testEnvironment(folder), SHELL: "/bin/sh" },
          clearEnv: true,
          stdin: "piped",
          stdout: "piped",
          stderr: "null",
        }).spawn();
        let said = "";
        const reading = (async () => {
          for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) said += part;
        })();
        await until(() => Promise.resolve(said), (text) => text.includes("MCP on"), "the service on a terminal");
        await leased(folder);
        const terminal = child.stdin.getWriter();
        await terminal.write(new Uint8Array([3]));
        const { code } = await within(child.status, `the end; it said ${said}`);
        await terminal.close().catch(() => {});
        await reading;
        assertEquals(code, 0, said);
        await assertClosed(folder, said);
      }),
  });
}

Deno.test({
  name: "a signal after a second, while a request hangs, ends the service at once and closes what it has",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      await using service = await start("unified", testEnvironment(folder));
      await leased(folder);
      using _hanging = await halfRequest(service);
      service.kill("SIGTERM");
      await new Promise((resolve) => setTimeout(resolve, 1200));
      service.kill("SIGTERM");
      assertEquals(await service.exit(), 1);
      await assertClosed(folder, service.log());
    }),
});

/** A request whose body stops in the middle. */
async function halfRequest(service: Running): Promise<Deno.Conn> {
  const { hostname, port } = new URL(service.http);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const head = "POST /api/memories HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  await connection.write(new TextEncoder().encode(`${head}Content-Length: 1000\r\n\r\n{"content": "half of`));
  // Answered after the half, so that the half has arrived.
  await (await fetch(`${service.http}/api/health`)).body?.cancel();
  return connection;
}

Deno.test("a stop with half a request, half a header and silent connections ends cleanly within its grace", () =>
  inFolder(async (folder) => {
    await using service = await start("unified", testEnvironment(folder));
    await leased(folder);
    using _body = await halfRequest(service);
    const { hostname } = new URL(service.http), open: Deno.Conn[] = [];
    for (const url of [service.http, service.mcp]) {
      for (const text of ["", "POST /mcp HTTP/1.1\r\nHost: loc"]) {
        const connection = await Deno.connect({ hostname, port: Number(new URL(url).port) });
        if (text !== "") await connection.write(new TextEncoder().encode(text));
        open.push(connection);
      }
    }
    service.kill(Deno.build.os === "windows" ? "SIGINT" : "SIGTERM");
    assertEquals(await service.exit(), 0, service.log());
    assertEquals(/uncaught|BadResource/i.test(service.log()), false, service.log());
    for (const connection of open) connection.close();
    await assertClosed(folder, service.log());
  }));

/** Bodies that are sent piece by piece and never end, by what takes them. */
const ENDLESS: Record<string, { path: string; type: string; first: string; next: () => string }> = {
  "an import": {
    path: "/api/import",
    type: "application/x-ndjson",
    first: "",
    next: () => `${JSON.stringify({ content: crypto.randomUUID() })}\n`,
  },
  "a store": { path: "/api/memories", type: "application/json", first: '{"content":"', next: () => "words and " },
  "an upload": {
    path: "/api/documents/upload",
    type: "multipart/form-data; boundary=b",
    first: '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n',
    next: () => "words and ",
  },
  "a message": { path: "/mcp", type: "application/json", first: '{"jsonrpc":"', next: () => "2.0" },
};

Deno.test("what a stop cuts is answered 503 with Retry-After, and an import sent again goes on", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder);
    await using service = await start("unified", env);
    const answers = Object.entries(ENDLESS).map(async ([what, { path, type, first, next }]) => {
      const encoder = new TextEncoder();
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(encoder.encode(first)),
        pull: async (controller) => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          controller.enqueue(encoder.encode(next()));
        },
      });
      const headers = { "content-type": type, accept: "application/json, text/event-stream" };
      const answer = await fetch(`${service.http}${path}`, { method: "POST", headers, body });
      return [what, answer.status, answer.headers.get("retry-after") !== null, await answer.text()] as const;
    });
    // The last of them has begun once the import, which was sent first, has stored something.
    const total = async () => (await (await fetch(`${service.http}/api/memories`)).json()).total as number;
    await until(total, (total) => total > 0, "the import to store something");
    service.kill(Deno.build.os === "windows" ? "SIGINT" : "SIGTERM");
    for (const [what, status, hasRetryAfter, text] of await Promise.all(answers)) {
      assertEquals([status, hasRetryAfter], [503, true], `${what}: ${text}`);
      assertStringIncludes(text, "stopping");
    }
    assertEquals(await service.exit(), 0, service.log());
    await assertClosed(folder, service.log());
  }));

for (
  const [end, expected, said] of [["exit", 7, ""], ["error", 1, "Thrown by the test"], [
    "rejection",
    1,
    "Rejected by the test",
  ]] as const
) {
  Deno.test({
    name: `an end by ${end} in the middle of writes closes the store's file and gives the lease back`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      inFolder(async (folder) => {
        const answered: string[] = [];
        const preload = fromFileUrl(new URL("./helpers/fault_on_signal.ts", import.meta.url));
        const args = ["run", ...await taskFlags(), "--preload", preload, "src/main.ts", "unified"];
        const child = new Deno.Command(Deno.execPath(), {
          args,
          cwd: PROJECT,
          env: testEnvironment(folder, { UNIMEM_TEST_END: end }),
          clearEnv: true,
          stdin: "null",
          stdout: "null",
          stderr: "piped",
        }).spawn();
        await using service = await running(child, "unified");
        await leased(folder);
        const writes = Array.from({ length: 40 }, async (_, i) => {
          const answer = await store(service, `Before the end by ${end}: ${i}`).catch(() => null);
          const body = answer?.ok ? await answer.json().catch(() => null) : (await answer?.body?.cancel(), null);
          if (body?.success) answered.push(body.content_hash);
          if (i === 10) service.kill("SIGUSR2");
        });
        await within(Promise.all(writes), "the writes");
        assertEquals(await service.exit(), expected, service.log());
        assertStringIncludes(service.log(), said);
        await assertClosed(folder, service.log());
        await using again = await start("http", testEnvironment(folder));
        for (const hash of answered) {
          const response = await fetch(`${again.http}/api/memories/${hash}`);
          await response.body?.cancel();
          assertEquals(response.status, 200);
        }
      }),
  });
}

Deno.test({
  name: "a signal to the group of a command in the middle of its work stops it cleanly, with the code of the signal",
  ignore: !onLinux || !hasSetsid,
  fn: () =>
    inFolder(async (folder) => {
      const file = `${folder}/all.jsonl`;
      await fill(`${folder}/from`, 20_000);
      assertEquals((await unimem(`${folder}/from`, "export", file)).code, 0);
      for (const [name, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
        const to = `${folder}/${name}`;
        const child = inGroup([Deno.execPath(), "task", "--quiet", "unimem", "import", file], testEnvironment(to));
        const said = new Response(child.stderr).text();
        await until(
          () => Deno.stat(`${to}/unimem.db-wal`).then(({ size }) => size, () => 0),
          (size) => size > 500_000,
          "the import",
        );
        await signal(name, -child.pid);
        const status = await within(child.status, `the end by ${name}`);
        assertEquals(status.code, code, await said);
        assertEquals(await logs(to), [], await said);
      }
    }),
});

Deno.test("stopping one service while another one has the store leaves the other at work", () =>
  inFolder(async (folder) => {
    await using first = await start("http", testEnvironment(folder));
    await leased(folder);
    await using second = await start("http", testEnvironment(folder, { MCP_BACKGROUND_LEASE_SECONDS: "1" }));
    first.kill(Deno.build.os === "windows" ? "SIGINT" : "SIGTERM");
    assertEquals(await first.exit(), 0);
    const answer = await store(second, "After the other one has gone");
    assertEquals((await answer.json()).success, true);
  }));
