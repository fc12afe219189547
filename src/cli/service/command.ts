/**
 * `service`: Unimem under the service manager of the user who calls it.
 *
 * @module
 */

import { delimiter, isAbsolute, join } from "node:path";
import type { Command } from "commander";
import { errorText, MemoryError } from "../../errors.ts";
import { statOf, textIn } from "../../files.ts";
import { readServiceFile } from "../../operations/service_file.ts";
import { writePrivateFile } from "../../private_files.ts";
import { type ClientContext, dataFolderOf, examples, Failed, show } from "../context.ts";
import { remove } from "../../hooks/folder.ts";
import { running } from "../remote.ts";
import { type Manager, managerOf, type Program, type Words } from "./manager.ts";
import { settingsFile } from "./settings_file.ts";

interface Options {
  write?: boolean;
  lines: string;
  follow?: boolean;
  json?: boolean;
}

/** Variables that say where Deno and npm keep programs and packages. */
const PLACES_OF_PROGRAMS = ["DENO_DIR", "XDG_CACHE_HOME"];
/** Milliseconds between two looks whether a service has ended, and looks before it is given up. */
const LOOK_MS = 250, LOOKS = 120;

/** Adds the command. */
export function addService(program: Command, context: ClientContext): void {
  const loaded = (run: (context: ClientContext, options: Options) => Promise<void>) => async (options: Options) => {
    await context.load();
    await run(context, options);
  };
  const service = program.command("service").description("run Unimem whenever you are logged in, by systemd or launchd")
    .addHelpText("after", examples(["service install", "service install --write", "service status", "service logs"]));
  service.command("install").description("show the files of the service; with --write write them and start it")
    .option("--write", "write them and start the service").option("--json", "print the result as JSON")
    .addHelpText("after", examples(["service install", "MCP_HTTP_PORT=9000 unimem service install --write".slice(7)]))
    .action(loaded(runInstall));
  service.command("status").description("whether it is installed, runs and answers")
    .option("--json", "print it as JSON").addHelpText("after", examples(["service status", "service status --json"]))
    .action(loaded(runStatus));
  service.command("logs").description("what the service said last").option("-n, --lines <number>", "how much", "100")
    .option("-f, --follow", "go on with what comes, until Ctrl-C")
    .addHelpText("after", examples(["service logs", "service logs --follow"]))
    .action(loaded(runLogs));
  service.command("remove").description("stop the service and remove its files; memories stay")
    .option("--json", "print the result as JSON").addHelpText("after", examples(["service remove"]))
    .action(loaded(runRemove));
}

async function runInstall(context: ClientContext, { write: writes, json }: Options): Promise<void> {
  const { mcp: { transport } } = context.config(), manager = managerOf(context.place, context.environment());
  if (transport === "stdio") {
    throw new MemoryError(
      "configuration",
      "Cannot install a service: MCP_TRANSPORT_MODE=stdio serves a terminal alone",
    );
  }
  const settings = settingsFile(context), text = manager.text(programOf(context, settings.path));
  const before = readText(manager.file), isSame = before === text && settings.isKept;
  const words = manager.start.map((words) => words.join(" "));
  if (!writes) {
    const files = { [manager.file]: text, [settings.path]: settings.shown };
    return show(context, json, { manager: manager.name, files, commands: words, installed: isSame }, () => [
      ...Object.entries(files).flatMap(([path, text]) => [`${path}:`, "", text]),
      ...words,
      "",
      manager.note,
      isSame ? "It is installed so" : "--write does it",
    ]);
  }
  await mustReach(context, manager);
  const isActive = await succeeds(context, manager.active);
  if (!isActive) await refuseSecond(context);
  else if (!isSame) await stop(context, manager);
  if (!settings.isKept) write(settings.path, settings.text);
  if (before !== text) write(manager.file, text);
  if (!isActive || !isSame) { for (const words of manager.start) await run(context, words); }
  const facts = { manager: manager.name, file: manager.file, settings: settings.path, changed: !isSame };
  show(context, json, facts, () => [
    isSame ? `${manager.file} says so already` : `Wrote ${manager.file} and ${settings.path}`,
    `${isActive && isSame ? "It runs" : "It starts"}; unimem service status says whether it answers`,
    manager.note,
  ]);
}

async function runStatus(context: ClientContext, { json }: Options): Promise<void> {
  const manager = managerOf(context.place, context.environment()), text = readText(manager.file);
  const active = text !== null && await succeeds(context, manager.active);
  const service = await running(context), found = service && await readServiceFile(dataFolderOf(context));
  const answers = found && { url: found.url, pid: found.pid, version: found.version, started_at: found.started_at };
  const isCurrent = text === manager.text(programOf(context, settingsFile(context).path));
  const facts = { manager: manager.name, file: manager.file, installed: text !== null, current: isCurrent, active };
  show(context, json, { ...facts, service: answers ?? null }, () => [
    text === null ? "Not installed; unimem service install shows what it takes" : `Installed as ${manager.file}`,
    ...text !== null && !isCurrent
      ? ["It starts another program, or in another way, than this one; unimem service install --write renews it"]
      : [],
    ...text === null ? [] : [`${manager.name} says that it ${active ? "runs" : "doesn't run"}`],
    answers === null
      ? `No service answers for this data folder${active ? "; unimem service logs says why" : ""}`
      : `Unimem ${answers.version}, process ${answers.pid}, answers on ${answers.url} since ${answers.started_at}`,
  ]);
  if (!active || answers === null) throw new Failed();
}

async function runLogs(context: ClientContext, { lines, follow = false }: Options): Promise<void> {
  if (!/^[1-9]\d{0,6}$/.test(lines)) {
    throw new MemoryError("invalid_input", `Cannot use --lines "${lines}": it takes a whole number from 1`, {
      field: "--lines",
      value: lines,
    });
  }
  await run(context, managerOf(context.place, context.environment()).logs(Number(lines), follow), "all");
}

async function runRemove(context: ClientContext, { json }: Options): Promise<void> {
  const manager = managerOf(context.place, context.environment()), { path } = settingsFile(context);
  const files = [manager.file, path].filter((file) => readText(file) !== null);
  if (files.includes(manager.file)) {
    await mustReach(context, manager);
    if (await succeeds(context, manager.active)) await stop(context, manager);
    else for (const words of manager.stop) await succeeds(context, words);
    files.forEach(remove);
    for (const words of manager.removed) await run(context, words);
  } else files.forEach(remove);
  show(context, json, { manager: manager.name, removed: files }, () => [
    files.length === 0 ? "No service is installed" : `Removed ${files.join(" and ")}; the memories are where they were`,
  ]);
}

/** Waits for its end, since a second one would find the ports taken. */
async function stop(context: ClientContext, manager: Manager): Promise<void> {
  for (const words of manager.stop) await run(context, words);
  for (let look = 0; look < LOOKS; look++) {
    if (!await succeeds(context, manager.active)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new MemoryError("unavailable", `Cannot stop the service: ${manager.name} says that it still runs`);
}

/** One that was started by hand has the ports. */
async function refuseSecond(context: ClientContext): Promise<void> {
  const service = await running(context);
  if (service === null) return;
  const found = await readServiceFile(dataFolderOf(context));
  throw new MemoryError(
    "conflict",
    `Cannot start the service: process ${found?.pid ?? "unknown"} serves this data folder on ${service.url} already; ` +
      "stop it and install again",
  );
}

async function mustReach(context: ClientContext, { name, reachable }: Manager): Promise<void> {
  if (await succeeds(context, reachable)) return;
  throw new MemoryError(
    "unavailable",
    `Cannot reach your ${name}: "${reachable.join(" ")}" failed; nothing was written or stopped. ` +
      "In a container, or without a session of your own, there is none",
  );
}

/** Whether a program can be run and ends without a fault; what it says is not shown. */
async function succeeds({ run }: ClientContext, words: Words): Promise<boolean> {
  try {
    return await run(words, "none") === 0;
  } catch {
    return false;
  }
}

/** Standard output is the command's own, unless it is that of the program. */
async function run(context: ClientContext, words: Words, shown: "errors" | "all" = "errors"): Promise<void> {
  let code: number;
  try {
    code = await context.run(words, shown);
  } catch (cause) {
    throw new MemoryError("unavailable", `Cannot run "${words.join(" ")}": ${errorText(cause)}`, { cause });
  }
  context.signal.throwIfAborted();
  if (code !== 0) throw new MemoryError("unavailable", `Cannot go on: "${words.join(" ")}" ended with ${code}`);
}

/** How the service manager starts this program. It looks for no program on a PATH. */
function programOf(context: ClientContext, settings: string): Program {
  const [program, ...rest] = context.place.launcher, given = context.environment();
  const path = given.PATH ?? "/usr/bin:/bin";
  const environment = Object.fromEntries(
    ["PATH", ...PLACES_OF_PROGRAMS].flatMap((name) => given[name] === undefined ? [] : [[name, given[name]]]),
  );
  const full = isAbsolute(program!)
    ? program!
    : path.split(delimiter).map((folder) => join(folder, program!)).find((file) =>
      isAbsolute(file) && statOf(file)?.isFile
    );
  if (full === undefined) {
    throw new MemoryError("configuration", `Cannot install a service: ${program} is on no folder of the PATH`);
  }
  return { words: [full, ...rest, "--env-file", settings, "unified"], environment };
}

function readText(file: string): string | null {
  try {
    return textIn(file) ?? null;
  } catch (error) {
    throw new MemoryError("configuration", `Cannot read "${file}": ${errorText(error)}`, { cause: error });
  }
}

function write(path: string, text: string): void {
  try {
    writePrivateFile(path, text);
  } catch (cause) {
    throw new MemoryError("configuration", `Cannot write "${path}": ${errorText(cause)}`, { cause });
  }
}
