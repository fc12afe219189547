/**
 * The command `unimem`. Only this module and `process/` read the environment and the arguments.
 *
 * @module
 */

import { homedir } from "node:os";
import type { ClientContext, ServeOptions } from "./cli/context.ts";
import { CLIENT_COMMANDS } from "./cli/client_names.ts";
import { PARSE_COMMAND } from "./documents/process/name.ts";
import { type ErrorCode, errorText, MemoryError } from "./errors.ts";
import { createLogger } from "./operations/logger.ts";
import { quietConsole, writeError, writeText } from "./output.ts";
import {
  LAUNCHER,
  launcher,
  reachWithoutSettings,
  takeEnvFile,
  taskCallersFolder,
  workingFolder,
} from "./process/environment.ts";
import { mayRun, runProgram } from "./process/programs.ts";
import type { SettingSource } from "./process/settings.ts";
import { closeHoweverItEnds, onStopSignals, Stopped } from "./service/signals.ts";

/** Exit codes, as in `docs/cli.md`. 128 + 2 is what a shell gives a command that SIGINT ended. */
const EXIT_FAULT = 1,
  EXIT_USAGE = 2,
  EXIT_UNAVAILABLE = 3,
  EXIT_HUNG_UP = 129,
  EXIT_STOPPED = 130,
  EXIT_TERMINATED = 143;
const EXIT_CODES: Readonly<Partial<Record<ErrorCode, number>>> = {
  configuration: EXIT_USAGE,
  invalid_input: EXIT_USAGE,
  too_large: EXIT_USAGE,
  unsupported: EXIT_USAGE,
  unavailable: EXIT_UNAVAILABLE,
  overloaded: EXIT_UNAVAILABLE,
  full: EXIT_UNAVAILABLE,
};

/** Milliseconds that a command gets to stop in between; one that waits for input never looks. */
const COMMAND_GRACE_MS = 10_000;

/** Milliseconds between two looks whether a server still loads. */
const LOADING_MS = 1000;

/** Commands that start a server. They need no command line parser, so that they start at once. */
const SERVERS = ["unified", "http", "mcp", "stdio"];

async function main(given: string[]): Promise<void> {
  if (given.length === 1 && given[0] === PARSE_COMMAND) {
    return await (await import("./documents/process/child.ts")).parseDocuments();
  }
  quietConsole();
  closeHoweverItEnds();
  const { args, envFile } = takeEnvFile(given);
  const [command = "unified", ...rest] = args;
  const options = SERVERS.includes(command) ? serverOptions(command, rest) : null;
  if (options !== null) return await serve(command, (await shownOnTerminal(settings(envFile))).from, options);
  if (command === "hook") {
    const { hookCall, runHookCall } = await import("./process/hook.ts"), call = hookCall(args);
    if (call !== null) return await runHookCall(call, envFile);
  }
  await runCli(args, envFile);
}

/** The settings, whose table takes a while to load. */
async function settings(envFile: string | null) {
  const { reachOf, settingsFrom } = await import("./process/settings.ts");
  return { from: settingsFrom(envFile), reachOf };
}

async function serve(command: string, from: SettingSource, options?: ServeOptions): Promise<void> {
  // What is slow to load comes first.
  const loading = import("./unified.ts").then(() => import("./process/serve.ts"));
  await (await shownOnTerminal(loading)).runServer(command, from, options);
}

/** Says on a terminal that something is going on: the first start in a checkout fetches packages, which takes a while. */
async function shownOnTerminal<T>(loading: Promise<T>): Promise<T> {
  if (!Deno.stderr.isTerminal()) return await loading;
  const { progress } = await import("./cli/progress.ts"), began = performance.now();
  const bar = progress({ terminal: true, note: writeError });
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - began) / 1000);
    bar.show(`Loading for ${seconds} s; the first start fetches packages`);
  }, LOADING_MS);
  try {
    return await loading;
  } finally {
    clearInterval(timer);
    bar.end();
  }
}

/** Commands that serve, of which the last makes what it serves first. */
const SERVING = [...SERVERS, "demo"];

/** Options of a server; null for words that the command line parser has to explain. */
function serverOptions(command: string, [option, ...values]: readonly string[]): ServeOptions | null {
  if (option === undefined) return {};
  const [name, ...given] = option.startsWith("--") ? option.split("=", 2) : [option];
  const words = [...given, ...values];
  return command === "stdio" && name === "--tools" && words.length === 1 ? { tools: words[0]! } : null;
}

/** Every other command, and help for all of them. */
async function runCli(args: string[], envFile: string | null): Promise<void> {
  const name = clientCommandIn(args), choosesSpace = args.some((arg) => /^--space(=|$)/.test(arg));
  const simple = name === null || envFile !== null || choosesSpace ? null : reachWithoutSettings();
  let loaded: Awaited<ReturnType<typeof settings>> | undefined;
  const load = async () => void (loaded ??= await settings(envFile));
  if (simple === null) await load();
  const from = () => {
    if (loaded === undefined) throw new TypeError("Settings are read before they are loaded");
    return loaded.from;
  };
  const reach = () => simple ?? loaded!.reachOf(config());
  const config = () => {
    noteIgnored();
    return from().config(true);
  };
  const stopping = new AbortController(), log = createLogger("warning", (line) => writeError(`${line}\n`));
  const end = (signal: Deno.Signal) => Deno.exit(exitCodeOf(signal));
  const stop = (signal: Deno.Signal) => {
    stopping.abort(new Stopped(signal));
    Deno.unrefTimer(setTimeout(() => end(signal), COMMAND_GRACE_MS));
  };
  let noted = false;
  const noteIgnored = () => {
    const { ignored } = from().layers();
    if (ignored === null || noted) return;
    noted = true;
    writeError(
      `${ignored.path} is not read, though it holds ${ignored.names.join(", ")}; --env-file ./.env reads it\n`,
    );
  };
  const serves = SERVING.includes(args.find((arg) => !arg.startsWith("-")) ?? "unified");
  // A server handles its signals by itself.
  if (!serves) onStopSignals(stop, end);
  const context: ClientContext = {
    load,
    config,
    origins: () => from().origins(),
    reach,
    spacesIn: (text) => from().spacesIn(text),
    openHere: async (config, withModel) => (await import("./unified.ts")).openHere(config, withModel, log),
    environment: () => from().environment(),
    ask: (question) => Deno.stdin.isTerminal() && confirm(question),
    secret: async (question) =>
      Deno.stdin.isTerminal()
        ? await (await import("./cli/typed_secret.ts")).typedSecret(question)
        : await new Response(Deno.stdin.readable).text(),
    mayRun,
    run: runProgram,
    log,
    // Throws once its reader went away, such as `head`.
    print: (line) => writeText(Deno.stdout, `${line}\n`),
    note: writeError,
    input: Deno.stdin.readable,
    terminal: Deno.stderr.isTerminal(),
    colour: takesColour(),
    place: {
      os: Deno.build.os,
      home: Deno.env.get("HOME") ?? homedir(),
      appData: Deno.env.get("APPDATA"),
      cwd: taskCallersFolder() ?? workingFolder() ?? homedir(),
      launcher: launcher(),
      packaged: Deno.build.standalone || Deno.env.has(LAUNCHER),
    },
    signal: stopping.signal,
  };
  if (name !== null) return await (await import("./cli/client_commands.ts")).runClientCommand(name, args, context);
  const service = await (await import("./process/serve.ts")).loadService(),
    { runCommand } = await import("./cli/program.ts");
  await runCommand(args, {
    ...context,
    configIn: (folder) => from().configIn(folder),
    withoutEffect: () => from().withoutEffect(),
    examine: { store: service.examineStore, model: service.examineModel },
    serve: (command, options) => serve(command, from(), options),
    openRuntime: service.openForCommand,
    close: (runtime, stopWork = () => Promise.resolve()) => service.closeAll(runtime, [], stopWork),
    startWork: service.startWork,
    openStore: service.openStore,
    openOutbox: service.openOutbox,
    configuredModel: service.configuredModel,
    processName: service.processName(),
    storeFiles: service.storeFiles,
  });
}

/** The first word, where it is a command that loads little; a value of an option before it isn't recognised. */
function clientCommandIn(args: readonly string[]): string | null {
  const at = args.findIndex((arg) => !arg.startsWith("-"));
  const command = ["--server", "--space"].includes(args[at - 1] ?? "")
    ? args.slice(at + 1).find((arg) => !arg.startsWith("-"))
    : args[at];
  return Object.hasOwn(CLIENT_COMMANDS, command ?? "") ? command! : null;
}

function exitCodeOf(signal: Deno.Signal): number {
  if (signal === "SIGHUP") return EXIT_HUNG_UP;
  return signal === "SIGTERM" ? EXIT_TERMINATED : EXIT_STOPPED;
}

/** Whether standard output takes colours, by the conventions of no-color.org and force-color.org. */
function takesColour(): boolean {
  const force = Deno.env.get("FORCE_COLOR");
  if (force !== undefined && force !== "") return force !== "0";
  return (Deno.env.get("NO_COLOR") ?? "") === "" && Deno.stdout.isTerminal();
}

if (import.meta.main) {
  try {
    await main(Deno.args);
    Deno.exit(0);
  } catch (error) {
    Deno.exit(tell(error, Deno.args));
  }
}

/** Prints what went wrong, and gives the exit code. */
function tell(error: unknown, args: readonly string[]): number {
  const name = error instanceof Error ? error.name : "";
  if (name === "Failed") return EXIT_FAULT; // the command said it all
  if (error instanceof Deno.errors.BrokenPipe) return 0; // its reader has enough
  const known = error instanceof MemoryError && error.code !== "internal";
  const stopped = error instanceof Stopped ? exitCodeOf(error.signal) : null;
  const code = stopped ?? (known ? EXIT_CODES[error.code] ?? EXIT_FAULT : EXIT_FAULT);
  const message = known || stopped !== null ? errorText(error) : `Cannot go on: ${errorText(error)}`;
  if (args.includes("--json")) {
    const facts = known
      ? { code: error.code, field: error.field }
      : { code: stopped !== null ? "stopped" : "internal" };
    writeError(`${JSON.stringify({ error: { ...facts, message, exit_code: code } })}\n`);
  } else if (args.includes("--debug")) console.error(error);
  else writeError(known || stopped !== null ? `${message}\n` : `${message}\nRun it with --debug to see where\n`);
  return code;
}
