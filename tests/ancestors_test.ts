/** `stdio` ends with its client, also where another process holds its standard input open. */

import { assert, assertEquals } from "@std/assert";
import { clientProcesses, type ProcessFacts } from "../src/ancestors.ts";
import { inFolder } from "./cli/command.ts";
import { fromFileUrl } from "./helpers/paths.ts";
import { taskFlags, testEnvironment, until } from "./helpers/process.ts";

const PROJECT = fromFileUrl(new URL("../", import.meta.url));

/** A table of processes, each started by the one before it; the last one is the server, and the first one process 1's. */
function chain(...commands: string[]): string[] {
  const processes = commands.map((command, i): ProcessFacts => {
    const args = command.split(" ");
    return { pid: i + 10, parent: i === 0 ? 1 : i + 9, started: "1", program: args[0]!, args };
  });
  const init = { pid: 1, parent: 0, started: "1", program: "init", args: ["init"] };
  const found = clientProcesses(
    commands.length + 9,
    (pid) => [init, ...processes].find((process) => process.pid === pid) ?? null,
  );
  return found.map(({ args }) => args.join(" "));
}

Deno.test("the client is the parent, every Node and Deno above it, and what started a launcher", () => {
  const server = "deno run src/main.ts stdio", task = "deno task --quiet stdio";
  const npm = { npx: "node /usr/bin/npx deno task stdio", shim: "node /x/_npx/1/node_modules/deno/bin.cjs task stdio" };
  assertEquals(chain("claude-desktop", server), ["claude-desktop"]);
  assertEquals(chain("systemd", "claude-desktop", task, server), [task, "claude-desktop"]);
  assertEquals(
    chain("systemd", "claude-desktop", npm.npx, "sh -c deno task stdio", npm.shim, task, server),
    [task, npm.shim, "sh -c deno task stdio", npm.npx, "claude-desktop"],
  );
  assertEquals(chain("python", "bash -c npx deno task stdio", npm.npx, task, server).length, 4);
  for (const command of ["/usr/bin/unimem", "/x/node_modules/unimem/bin/unimem.mjs"]) {
    const installed = `node ${command} stdio`;
    assertEquals(chain("systemd", "claude-desktop", installed, server), [installed, "claude-desktop"]);
  }
  // A client that runs in Node outlives the terminal and the scripts that it was started from.
  assertEquals(chain("sshd", "bash", "node agent.js", task, server), [task, "node agent.js"]);
  assertEquals(chain("sshd", "sh start.sh", "node agent.js", task, server), [task, "node agent.js"]);
  assertEquals(chain("node pm.js", "sh -c node agent.js", "node agent.js", server), ["node agent.js", "node pm.js"]);
  assertEquals(chain("sshd", "bash", server), ["bash"]);
  // What only starts another program is no client.
  const waiter = "timeout 100 deno task stdio";
  assertEquals(chain("systemd", "client", "sudo -u me timeout", waiter, task, server), [
    task,
    waiter,
    "sudo -u me timeout",
    "client",
  ]);
  // In a container, and after a client that has gone already, process 1 is the parent.
  assertEquals(chain(server), []);
  assertEquals(chain(task, server), [task]);
  assertEquals(clientProcesses(7, () => null), []);
});

/** Links of a chain; each starts the next one with its own standard input, and waits for it. */
const SHELL = ["sh", "-c", 'exec 3<&0; "$@" <&3 & wait', "sh"];
const STARTS_NEXT =
  `require("node:child_process").spawn(process.argv[2], process.argv.slice(3), { stdio: "inherit" });`;
/** As npm does, which leaves nothing of its arguments. */
const TITLE = `process.title = "npm exec deno@2.9.6 task stdio";`;
const hasNode = works("node", "--version");

function works(command: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(command, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

const direct = async () => [Deno.execPath(), "run", ...await taskFlags(), `${PROJECT}src/main.ts`, "stdio"];
const task = () => Promise.resolve([Deno.execPath(), "task", "--quiet", "--cwd", PROJECT, "stdio"]);
const node = (folder: string) => ["node", `${folder}/wrapper.cjs`];
const npx = (
  folder: string,
) => [...SHELL, "node", `${folder}/npx`, ...SHELL, "node", `${folder}/node_modules/deno/bin.cjs`];

const CHAINS: Record<string, { links: (folder: string) => Promise<string[]>; kill: number[]; node: boolean }> = {
  // Positions from the top.
  "a client": { links: async () => [...SHELL, ...await direct()], kill: [0], node: false },
  "deno task": { links: async () => [...SHELL, ...await task()], kill: [0, 1], node: false },
  "Node and deno task": {
    links: async (folder) => [...node(folder), ...node(folder), ...await task()],
    kill: [0, 1, 2],
    node: true,
  },
  "npx": { links: async (folder) => [...npx(folder), ...await task()], kill: [0, 1, 2, 3, 4], node: true },
};

/** Process ids from the top down. */
async function below(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "pid=", "--ppid", String(pid)] }).output();
  const [next] = new TextDecoder().decode(stdout).split(/\s+/).filter((word) => word !== "").map(Number);
  return next === undefined ? [pid] : [pid, ...await below(next)];
}

async function isRunning(pid: number): Promise<boolean> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
  const stat = new TextDecoder().decode(stdout).trim();
  return stat !== "" && !stat.startsWith("Z");
}

for (const [name, { links, kill, node }] of Object.entries(CHAINS)) {
  Deno.test({
    name: `stdio under ${name} ends after any link was killed, with its standard input held open by another process`,
    ignore: Deno.build.os !== "linux" || (node && !hasNode),
    // Beside each other, since each mostly waits.
    fn: () => Promise.all(kill.map((victim) => endsWithout(victim, links))).then(() => {}),
  });
}

function endsWithout(victim: number, links: (folder: string) => Promise<string[]>): Promise<void> {
  return inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/node_modules/deno`, { recursive: true });
    for (const path of ["wrapper.cjs", "npx", "node_modules/deno/bin.cjs"]) {
      await Deno.writeTextFile(`${folder}/${path}`, path === "npx" ? TITLE + STARTS_NEXT : STARTS_NEXT);
    }
    assert((await new Deno.Command("mkfifo", { args: [`${folder}/input`] }).output()).success);
    // Opened for both, so that it waits for nobody; it stays open until the test is done.
    const holder = await Deno.open(`${folder}/input`, { read: true, write: true });
    const child = new Deno.Command("sh", {
      args: ["-c", `exec "$@" < '${folder}/input'`, "sh", ...await links(folder)],
      env: testEnvironment(`${folder}/data`),
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let said = "", pids: number[] = [];
    const reading = (async () => {
      for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) said += part;
    })();
    try {
      await until(
        () => Deno.stat(`${folder}/data/unimem.db`).then(() => true, () => false),
        (is) => is,
        "a start",
      );
      pids = await below(child.pid);
      const server = pids.at(-1)!;
      // Longer than it looks twice: nothing ends while all are there.
      await new Promise((resolve) => setTimeout(resolve, 5000));
      assertEquals([await isRunning(server), pids.length > victim + 1], [true, true], `link ${victim}: ${said}`);
      Deno.kill(pids[victim]!, "SIGKILL");
      await until(() => isRunning(server), (is) => !is, `the server to end without link ${victim}`);
      const left = await Array.fromAsync(Deno.readDir(`${folder}/data`), ({ name }) => name);
      assertEquals(left.filter((file) => file.endsWith("-wal")), [], said);
    } finally {
      for (const pid of pids.slice(1)) {
        try {
          Deno.kill(pid, "SIGKILL");
        } catch {
          // It has ended.
        }
      }
      try {
        child.kill("SIGKILL");
      } catch {
        // It was the victim.
      }
      await child.status;
      await reading;
      holder.close();
    }
  });
}
