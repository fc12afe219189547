/** Readers of standard error and standard output that go away, and disks that are full. */

import { assert, assertEquals } from "@std/assert";
import { ended, inFolder } from "./cli/command.ts";
import { fromFileUrl } from "./helpers/paths.ts";
import { spawn, taskFlags, testEnvironment, until, within } from "./helpers/process.ts";

const PROJECT = fromFileUrl(new URL("../", import.meta.url));
const STOP = Deno.build.os === "windows" ? "SIGINT" : "SIGTERM";

async function leavesNoLog(folder: string): Promise<void> {
  const left = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assertEquals([left.includes("unimem.db"), left.some((name) => name.endsWith("-wal"))], [true, false]);
}

async function store(base: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const answer = await fetch(`${base}/api/memories`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ content: `Stored while nobody reads the log: ${i}` }),
    });
    assertEquals((await answer.json()).success, true);
  }
}

Deno.test("a service whose log has no reader any more goes on, and stops cleanly", () =>
  inFolder(async (folder) => {
    const child = await spawn(["unified"], testEnvironment(folder, { LOG_LEVEL: "debug" }));
    try {
      const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
      let said = "";
      while (!said.includes("INFO MCP on")) said += (await within(reader.read(), "the servers")).value ?? "";
      await reader.cancel();
      const base = /REST on (\S+?),/.exec(said)![1]!;
      await store(base, 30);
    } finally {
      child.kill(STOP);
    }
    assertEquals((await within(child.status, "the end")).code, 0);
    await leavesNoLog(folder);
  }));

/** Runs `unimem COMMAND` by a shell that does something with its output. */
async function inShell(script: string, command: string, env: Record<string, string>): Promise<Deno.ChildProcess> {
  const words = [Deno.execPath(), "run", ...await taskFlags(), "src/main.ts"].map((word) => `'${word}'`).join(" ");
  return new Deno.Command("sh", {
    args: ["-c", script.replace("UNIMEM", `${words} ${command}`)],
    cwd: PROJECT,
    env,
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

Deno.test({
  name: "a service that logs to a full disk goes on, and stops cleanly",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (folder) => {
      const free = Deno.listen({ hostname: "127.0.0.1", port: 0 }), { port } = free.addr as Deno.NetAddr;
      free.close();
      const env = testEnvironment(folder, { MCP_HTTP_PORT: String(port), LOG_LEVEL: "debug" });
      const child = await inShell("exec UNIMEM 2>/dev/full", "unified", env), base = `http://127.0.0.1:${port}`;
      const output = ended(child, "the end");
      try {
        await until(
          () => fetch(`${base}/api/health`).then(async ({ body, ok }) => (await body?.cancel(), ok), () => false),
          (ok) => ok,
          "the service",
        );
        await store(base, 30);
        // Loading a model writes to the console of its worker where something is wrong, which must not end it.
        await until(
          () => fetch(`${base}/api/health`).then((answer) => answer.json()),
          ({ embedding }) => embedding.state === "ready",
          "the model",
        );
      } finally {
        child.kill("SIGTERM");
      }
      assertEquals((await output).code, 0);
      await leavesNoLog(folder);
    }),
});

for (
  const [what, redirect] of [["whose reader went away", "2>&1 >&3 | sleep 0"], ["of a full disk", "2>/dev/full"]]
) {
  Deno.test({
    name: `commands do their work and keep their exit code with a standard error ${what}`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      inFolder(async (folder) => {
        await Deno.mkdir(`${folder}/cwd`);
        await Deno.writeTextFile(`${folder}/cwd/.env`, "NAME=makes a note on standard error\n");
        const env = testEnvironment(`${folder}/data`), code = `${folder}/code`;
        const run = async (command: string) => {
          const main = `${PROJECT}src/main.ts`;
          const flags = (await taskFlags()).map((word) => `'${word}'`).join(" ");
          const script =
            `cd '${folder}/cwd'; exec 3>&1; { sleep 0.3; '${Deno.execPath()}' run --config '${PROJECT}deno.json' ` +
            `${flags} '${main}' ${command}; echo $? > '${code}'; } ${redirect}`;
          const { out } = await ended(
            new Deno.Command("sh", {
              args: ["-c", script],
              env,
              clearEnv: true,
              stdin: "null",
              stdout: "piped",
              stderr: "piped",
            })
              .spawn(),
            command,
          );
          await until(() => Deno.readTextFile(code).catch(() => ""), (text) => text !== "", "the exit code");
          const ended_ = Number(await Deno.readTextFile(code));
          await Deno.remove(code);
          return { code: ended_, out };
        };
        assertEquals((await run("store 'Kept in silence'")).code, 0);
        const listed = await run("list --json");
        assertEquals([listed.code, JSON.parse(listed.out).total], [0, 1]);
        assertEquals((await run("search --limit none x")).code, 2);
        assertEquals((await run("nonsense --json")).code, 2);
      }),
  });
}

const INITIALIZE = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
});

Deno.test("stdio goes on without a reader of its log, and stops cleanly once nobody reads its answers", () =>
  inFolder(async (folder) => {
    const child = await spawn(["stdio"], testEnvironment(folder, { LOG_LEVEL: "debug" }), {
      stdin: "piped",
      stdout: "piped",
    });
    await child.stderr.cancel();
    const input = child.stdin.getWriter(), output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const send = (line: string) => input.write(new TextEncoder().encode(`${line}\n`));
    let said = "";
    const answer = async (id: number) => {
      while (!said.includes(`"id":${id}`)) {
        const { value, done } = await within(output.read(), `answer ${id}`);
        assert(!done, said);
        said += value;
      }
    };
    await send(INITIALIZE);
    await answer(1);
    for (let id = 2; id < 12; id++) {
      const args = { name: "store_memory", arguments: { content: `Over stdio ${id}` } };
      await send(JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: args }));
      await answer(id);
    }
    await output.cancel();
    // Several, so that more than one write fails.
    for (let id = 20; id < 30; id++) {
      await send(JSON.stringify({ jsonrpc: "2.0", id, method: "ping" })).catch(() => {});
    }
    assertEquals((await within(child.status, "the end, with standard input open")).code, 0);
    await input.abort().catch(() => {});
    await leavesNoLog(folder);
  }));
