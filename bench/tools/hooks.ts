/**
 * What hooks take: from process start to exit, with a warm service of many memories, right after its start, and without
 * one, run by Deno, as an executable, and as one file by Node; processor time of a day; and how long the briefing takes:
 * `hooks.ts [MEMORIES] [RUNS]`. `EXECUTABLE` names an executable of Unimem, `NODE` one of Node; without them those are left
 * out. Times are of this machine as it is; processor time doesn't depend on what else runs.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { hookWords } from "../../src/cli/connect/hooks.ts";
import { Budget, HookService } from "../../src/hooks/service.ts";
import { describe, machine } from "../lib/machine.ts";
import { inTemporaryFolder } from "../lib/process.ts";
import { mean, percentile } from "../lib/stats.ts";
import { table } from "../lib/table.ts";
import { questionAt, textAt } from "../lib/texts.ts";
import { startUnimem, untilEmbedded, untilMeaning } from "../lib/unimem.ts";

const [memories = 10_000, runs = 30] = Deno.args.map(Number);
/** Prompts of a day, each of which has an exchange that is captured; sessions that begin. */
const PROMPTS = 500, STARTS = 20;
const CLIENT = "claude-code", AT_ONCE = 200, PATIENCE_MS = 120_000;

/** How a hook can be run: words of a command, without the event. */
type Way = [name: string, command: string];

async function ways(folder: string, data: string): Promise<Way[]> {
  const found: Way[] = [["deno run", hookWords(CLIENT, data, null).join(" ")]];
  const executable = Deno.env.get("EXECUTABLE"), node = Deno.env.get("NODE");
  if (executable !== undefined) found.push(["executable", hookWords(CLIENT, data, [executable]).join(" ")]);
  const main = fileURLToPath(new URL("../../src/hooks/main.ts", import.meta.url)), bundle = `${folder}/hook.mjs`;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--config",
      fileURLToPath(new URL("../../deno.json", import.meta.url)),
      "-o",
      bundle,
      main,
    ],
  }).output();
  if (!success) return found;
  const own = `--client ${CLIENT} --data ${data}`;
  found.push(["one file, deno run", `${Deno.execPath()} run --quiet --no-prompt -A ${bundle} ${own}`]);
  // The few calls of Deno that a hook makes, as far as a prompt needs them.
  if (node !== undefined) found.push(["one file, Node", `${node} ${await forNode(folder, bundle)} ${own}`]);
  return found;
}

/** The same file for Node, with the calls of Deno that recall makes put before it. */
async function forNode(folder: string, bundle: string): Promise<string> {
  const shim = `
import fs from "node:fs"; import { Readable } from "node:stream";
class NotFound extends Error {} class AlreadyExists extends Error {}
const own = (call) => (...args) => {
  try { return call(...args); } catch (error) {
    throw error.code === "ENOENT" ? new NotFound(error.message) : error.code === "EEXIST" ? new AlreadyExists() : error;
  }
};
const stat = (s) => ({ isFile: s.isFile(), size: s.size, mode: s.mode, uid: s.uid });
globalThis.Deno ??= {
  errors: { NotFound, AlreadyExists }, args: process.argv.slice(2), pid: process.pid, build: { os: process.platform }, cwd: () => process.cwd(),
  exit: (code) => process.exit(code), uid: () => process.getuid(), unrefTimer: () => {},
  stdin: { readable: Readable.toWeb(process.stdin) },
  readTextFileSync: (path) => fs.readFileSync(path, "utf8"), statSync: own((path) => stat(fs.statSync(path))),
  lstat: async (path) => own(() => stat(fs.lstatSync(path)))(),
  open: async (path) => ({ readable: new Blob([fs.readFileSync(path)]).stream(), stat: async () => stat(fs.statSync(path)),
    [Symbol.dispose]() {} }),
  mkdirSync: (path, options) => fs.mkdirSync(path, options), chmodSync: fs.chmodSync,
  openSync: own((path, { mode }) => ({ close: fs.closeSync.bind(fs, fs.openSync(path, "wx", mode)) })),
  writeTextFileSync: (path, text) => fs.writeFileSync(path, text), renameSync: fs.renameSync,
};
`;
  const path = `${folder}/hook.node.mjs`, text = await Deno.readTextFile(bundle);
  await Deno.writeTextFile(path, shim + text.replaceAll("import.meta.main", "true"));
  return path;
}

interface Ran {
  ms: number;
  cpu: number;
  said: boolean;
}

/** Runs a hook as a client does. Processor time is that of the process and of those it waited for. */
async function run(command: string, input: unknown, folder: string): Promise<Ran> {
  const began = performance.now();
  // The shell tells what its children took, on standard error.
  const child = new Deno.Command("bash", {
    args: ["-c", `TIMEFORMAT='%U %S'; time ${command}`],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(input)));
  await writer.close();
  const { stdout, stderr } = await child.output(), ms = performance.now() - began;
  const text = new TextDecoder().decode(stderr).trim(), times = text.split("\n").at(-1)!.split(" ").map(Number);
  if (times.length !== 2 || times.some(Number.isNaN)) throw new Error(text);
  return { ms, cpu: 1000 * (times[0]! + times[1]!), said: stdout.length > 0 };
}

const event = (folder: string, name: string, session: string, more = {}) => ({
  ...{
    hook_event_name: name,
    session_id: session,
    transcript_path: `${folder}/${session}.jsonl`,
    cwd: folder,
    ...more,
  },
});

let sessions = 0;
const prompt = (folder: string, i: number) =>
  event(folder, "UserPromptSubmit", `p${++sessions}`, { prompt: questionAt(i) });

/** An exchange of a session, and its end. */
async function turn(folder: string, i: number) {
  const session = `t${i % 10}`,
    line = (role: string, text: string) => ({
      ...{
        type: role,
        uuid: crypto.randomUUID(),
        sessionId: session,
        cwd: folder,
        timestamp: new Date().toISOString(),
      },
      message: { role, content: text },
    });
  const text = [line("user", questionAt(i)), line("assistant", textAt(i))].map((one) => `${JSON.stringify(one)}\n`)
    .join("");
  await Deno.writeTextFile(`${folder}/${session}.jsonl`, text, { append: true });
  return event(folder, "Stop", session);
}

const rows: string[][] = [];
function add(what: string, all: Ran[]): void {
  const ms = all.map((one) => one.ms), cpu = mean(all.map((one) => one.cpu));
  const said = `${Math.round(100 * mean(all.map((one) => Number(one.said))))} %`;
  rows.push([what, percentile(ms, 0.5).toFixed(0), percentile(ms, 0.95).toFixed(0), cpu.toFixed(0), said]);
}

async function several(command: string, folder: string, make: (i: number) => unknown): Promise<Ran[]> {
  const all: Ran[] = [];
  for (let i = 0; i < runs; i++) all.push(await run(command, await make(i), folder));
  return all;
}

await inTemporaryFolder(async (folder) => {
  const data = `${folder}/data`, project = `${folder}/project`;
  await Deno.mkdir(data);
  await Deno.mkdir(project);
  const all = await ways(folder, data), cpu: Record<string, number> = {};
  {
    await using service = await startUnimem(data);
    await untilMeaning(service);
    const own = (await HookService.find(data, new Budget(performance.now() + PATIENCE_MS)))!;
    for (let at = 0; at < memories; at += AT_ONCE) {
      const lines = Array.from({ length: Math.min(AT_ONCE, memories - at) }, (_, i) => {
        const memory_type = (at + i) % 50 === 0 ? "decision" : (at + i) % 3 === 0 ? "note" : "turn";
        const conversation_id = memory_type === "turn" ? `claude-code:c${Math.floor((at + i) / 40)}` : null;
        const created_at = Date.now() / 1000 - 60 * (memories - at - i);
        return JSON.stringify({ content: `${textAt(at + i)} (${at + i})`, memory_type, conversation_id, created_at });
      });
      const budget = new Budget(performance.now() + PATIENCE_MS);
      const answer = await own.call("/api/import", { lines: lines.join("\n") }, { spaces: "default", budget });
      if (answer?.status !== 200) throw new Error(JSON.stringify(answer));
      await untilEmbedded(service);
    }
    const briefings: number[] = [];
    for (let i = 0; i < runs; i++) {
      const began = performance.now();
      await own.call("/api/briefing", null, { spaces: "default", budget: new Budget(began + PATIENCE_MS) });
      briefings.push(performance.now() - began);
    }
    rows.push(["GET /api/briefing", ...[0.5, 0.95].map((share) => percentile(briefings, share).toFixed(0)), "–", "–"]);
    for (const [name, command] of all) {
      await run(command, prompt(project, 0), project);
      const asked = await several(command, project, (i) => prompt(project, i));
      add(`prompt, warm service, ${name}`, asked);
      cpu[name] = PROMPTS * mean(asked.map((one) => one.cpu));
      if (name.endsWith("Node")) continue;
      const ended = await several(command, project, (i) => turn(project, i));
      add(`end of an exchange, warm service, ${name}`, ended);
      const begun = await several(command, project, (i) => event(project, "SessionStart", `b${i}`));
      add(`start of a session, warm service, ${name}`, begun);
      cpu[name] += PROMPTS * mean(ended.map((one) => one.cpu)) + STARTS * mean(begun.map((one) => one.cpu));
    }
  }
  const [name, command] = all[0]!;
  {
    await using _service = await startUnimem(data);
    add(`first prompt, service just started, ${name}`, [await run(command, prompt(project, 0), project)]);
  }
  for (const [name, command] of all) {
    add(`prompt, no service, ${name}`, await several(command, project, (i) => prompt(project, i)));
  }
  add(`end of an exchange, no service, ${name}`, await several(command, project, (i) => turn(project, i)));
  console.log(`${memories} memories, ${runs} runs each. Machine: ${describe(machine())}.\n`);
  console.log(table(["what", "p50, ms", "p95, ms", "processor, ms", "said something"], rows));
  for (const [name, ms] of Object.entries(cpu)) {
    const what = name.endsWith("Node")
      ? `${PROMPTS} prompts`
      : `${PROMPTS} prompts, ${PROMPTS} captures, ${STARTS} starts`;
    console.log(`\nProcessor time of hooks a day (${what}), ${name}: ${(ms / 1000).toFixed(0)} s`);
  }
});
