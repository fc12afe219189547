/**
 * The command `unimem`: the only module that reads the environment and the arguments.
 *
 * @module
 */

import { availableParallelism, homedir } from "node:os";
import { dirname, isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Config,
  dataFolder,
  type EnvLayers,
  expandHome,
  homeOf,
  isSetting,
  mergeLayers,
  parseConfig,
  type Platform,
  readEnvLayers,
  settingOrigins,
  settingsWithoutEffect,
  spacesIn,
  type WithoutEffect,
} from "./config.ts";
import type { ClientContext, ServeOptions } from "./cli/context.ts";
import { CLIENT_COMMANDS } from "./cli/client_names.ts";
import { PARSE_COMMAND } from "./documents/process/protocol.ts";
import { type ErrorCode, errorText, MemoryError } from "./errors.ts";
import { readProfile, type ToolProfile } from "./memory/tool_profile.ts";
import { createLineWriter, type LineWriter } from "./operations/line_writer.ts";
import { createLogger, type LogFormat, type Logger } from "./operations/logger.ts";
import { quietConsole, writeError, writeText } from "./output.ts";
import { ownBinary } from "./own_binary.ts";
import { closeHoweverItEnds, onStopSignals, Stopped, untilStopped } from "./service/signals.ts";

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

/** The folder of `deno.json`, where the task and its permissions are. */
const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Variables that the command of the npm package sets: the words that start it, in JSON, and whether it never ran before. */
const LAUNCHER = "UNIMEM_LAUNCHER", FIRST_START = "UNIMEM_FIRST_START";

/** Milliseconds that a command gets to stop in between; one that waits for input never looks. */
const COMMAND_GRACE_MS = 10_000;

/** Commands that start a server. They need no command line parser, so that they start at once. */
const SERVERS = ["unified", "http", "mcp", "stdio"];

async function main(given: string[]): Promise<void> {
  if (given.length === 1 && given[0] === PARSE_COMMAND) {
    return await (await import("./documents/process/child.ts")).parseDocuments();
  }
  quietConsole();
  closeHoweverItEnds();
  const { args, envFile } = takeEnvFile(given), from = settingsFrom(envFile);
  const [command = "unified", ...rest] = args;
  const options = SERVERS.includes(command) ? serverOptions(command, rest) : null;
  if (options !== null) return await runServer(command, from, options);
  await runCli(args, from);
}

/** Commands that serve, of which the last makes what it serves first. */
const SERVING = [...SERVERS, "demo"];

/** Settings that also count for a data folder of its own. */
const OWN_FOLDER_SETTINGS = /^(HOME|USERPROFILE|APPDATA|LOCALAPPDATA|MCP_(HTTP|SERVER)_(HOST|PORT)|(MCP_)?LOG_\w+)$/;

/** Options of a server; null for words that the command line parser has to explain. */
function serverOptions(command: string, [option, ...values]: readonly string[]): ServeOptions | null {
  if (option === undefined) return {};
  const [name, ...given] = option.startsWith("--") ? option.split("=", 2) : [option];
  const words = [...given, ...values];
  return command === "stdio" && name === "--tools" && words.length === 1 ? { tools: words[0]! } : null;
}

/** Takes `--env-file PATH` out of the arguments: settings are read before a command line parser is loaded. */
function takeEnvFile(given: readonly string[]): { args: string[]; envFile: string | null } {
  const args = [...given], end = args.indexOf("--");
  const at = args.findIndex((arg, i) => (end === -1 || i < end) && /^--env-file(=|$)/.test(arg));
  if (at === -1) return { args, envFile: null };
  const [option, value] = args.splice(at, args[at] === "--env-file" ? 2 : 1);
  const path = option === "--env-file" ? value : option!.slice("--env-file=".length);
  if (path === undefined || path === "") {
    throw new MemoryError("configuration", "Cannot read --env-file: name the file, as in --env-file ./.env");
  }
  if (args.some((arg, i) => i >= at && (end === -1 || i < end) && /^--env-file(=|$)/.test(arg))) {
    throw new MemoryError("configuration", "Cannot read --env-file: it is given twice");
  }
  return { args, envFile: expandHome(path, homeOf(Deno.env.toObject())) };
}

/** Settings and where they come from; read when first asked for, once. */
interface SettingSource {
  /** @param forOneUser Whether the process serves the one user who started it. */
  config: (forOneUser: boolean) => Config;
  /** Settings for a data folder of its own: the defaults, but for addresses and the log. */
  configIn: (folder: string) => Config;
  layers: () => EnvLayers;
  withoutEffect: () => WithoutEffect[];
}

function settingsFrom(envFile: string | null): SettingSource {
  const platform: Platform = {
    os: Deno.build.os,
    cores: availableParallelism(),
    timeZone: Temporal.Now.timeZoneId(),
  };
  let layers: EnvLayers | undefined;
  const read = () =>
    layers ??= readEnvLayers({
      environment: Deno.env.toObject(),
      named: envFile,
      program: Deno.build.standalone ? dirname(Deno.execPath()) : PROJECT,
      cwd: workingFolder(),
      dataFolder: (layers) => dataFolder(mergeLayers(layers), platform),
      isSetting,
      files: {
        read: (path) => Deno.readTextFileSync(path),
        stat: statOf,
        real: (path) => Deno.realPathSync(path),
      },
    });
  return {
    layers: read,
    config: (forOneUser) => parseConfig(mergeLayers(read().layers), { ...platform, forOneUser }),
    configIn: (folder) => {
      const kept = Object.entries(mergeLayers(read().layers)).filter(([name]) => OWN_FOLDER_SETTINGS.test(name));
      return parseConfig({ ...Object.fromEntries(kept), MCP_MEMORY_BASE_DIR: folder }, {
        ...platform,
        forOneUser: true,
      });
    },
    withoutEffect: () => {
      const { layers, malformed, ignored } = read();
      return [
        ...ignored === null ? [] : [{
          message: `${ignored.path} is not read, though it holds ${ignored.names.join(", ")}`,
          action: "Start with --env-file ./.env, if it is meant",
        }],
        ...settingsWithoutEffect(mergeLayers(layers), malformed),
      ];
    },
  };
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

/** The working folder; null where it was deleted. */
function workingFolder(): string | null {
  try {
    return Deno.cwd();
  } catch {
    return null;
  }
}

/** The folder that the command was called in, which `deno task` leaves for the project's. */
function callersFolder(): string | null {
  const folder = workingFolder(), before = Deno.env.get("INIT_CWD");
  return !Deno.build.standalone && folder === PROJECT && before !== undefined && isAbsolute(before) ? before : folder;
}

async function runServer(command: string, from: SettingSource, options: ServeOptions = {}): Promise<void> {
  const profile = readProfile(options.tools, "--tools ");
  const { ignored } = from.layers();
  // A deployment that relied on it must not come up with another store and without its key.
  if (ignored !== null && command !== "stdio") {
    throw new MemoryError(
      "configuration",
      `Cannot start: ${ignored.path} holds ${ignored.names.join(", ")}, and .env is read beside deno.json or the ` +
        `executable and in the data folder, not in the working folder; start with --env-file ./.env, or remove these`,
    );
  }
  const config = options.folder === undefined ? from.config(command === "stdio") : from.configIn(options.folder);
  const spaces = options.space === undefined ? config.spaces : spacesIn(options.space);
  // Standard output belongs to the protocol in stdio mode, so that every line of ours goes to standard error.
  const log = createLogger(config.logLevel, standardError().write, undefined, formatOf(config));
  const ineffective = (options.folder === undefined ? from.withoutEffect() : []).map(({ message, action }) =>
    `${message} (${lowerFirst(action)})`
  );
  if (ineffective.length > 0) log.warning(ineffective.join("; "));
  const useStdio = command === "stdio" || (command === "unified" && config.mcp.transport === "stdio");
  const http = command === "http" || (command === "unified" && config.http.enabled);
  const mcp = command === "mcp" || (command === "unified" && config.mcp.transport === "http");
  await (useStdio && !http
    ? serveStdio(config, log, profile, spaces)
    : serve(config, { http, mcp }, useStdio, log, spaces));
}

/** Writes to standard error, and what waits at the end at the latest. */
function standardError(): LineWriter {
  const writer = createLineWriter((bytes) => Deno.stderr.writeSync(bytes));
  for (const event of ["unload", "error", "unhandledrejection"]) addEventListener(event, writer.flush);
  return writer;
}

const lowerFirst = (text: string) => text[0]!.toLowerCase() + text.slice(1);

function formatOf({ logFormat }: Config): LogFormat {
  if (logFormat !== "auto") return logFormat;
  return Deno.stderr.isTerminal() ? "text" : "json";
}

/**
 * What opens the store and serves it; slow to load, and not needed beside a running service.
 *
 * `unified.ts` first, because its packages give zod's schemas the methods that describe them in OpenAPI, and only those
 * made later.
 */
async function loadService() {
  const unified = await import("./unified.ts");
  const [background, embedding, store] = await Promise.all([
    import("./service/background.ts"),
    import("./service/embedding.ts"),
    import("./service/store.ts"),
  ]);
  return { ...unified, ...background, ...embedding, ...store };
}

/** Every other command, and help for all of them. */
async function runCli(args: string[], from: SettingSource): Promise<void> {
  const stopping = new AbortController(), log = createLogger("warning", (line) => writeError(`${line}\n`));
  const end = (signal: Deno.Signal) => Deno.exit(exitCodeOf(signal));
  const stop = (signal: Deno.Signal) => {
    stopping.abort(new Stopped(signal));
    Deno.unrefTimer(setTimeout(() => end(signal), COMMAND_GRACE_MS));
  };
  let noted = false;
  const noteIgnored = () => {
    const { ignored } = from.layers();
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
    config: () => {
      noteIgnored();
      return from.config(true);
    },
    server: () => from.config(true).remote.server,
    key: () => from.config(true).remote.key,
    spaces: () => from.config(true).spaces,
    openHere: async (config, withModel) => (await import("./unified.ts")).openHere(config, withModel, log),
    environment: () => mergeLayers(from.layers().layers),
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
      cwd: callersFolder() ?? homedir(),
      launcher: launcher(),
      packaged: Deno.build.standalone || Deno.env.has(LAUNCHER),
    },
    signal: stopping.signal,
  };
  if (callsOperations(args)) return await (await import("./cli/client_program.ts")).runClientCommand(args, context);
  const service = await loadService(), { runCommand } = await import("./cli/program.ts");
  await runCommand(args, {
    ...context,
    configIn: from.configIn,
    origins: () => settingOrigins(from.layers().layers),
    withoutEffect: from.withoutEffect,
    examine: { store: service.examineStore, model: service.examineModel },
    serve: (command, options) => runServer(command, from, options),
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

/** Whether the first word is a command that calls operations; a value of an option before it isn't recognised. */
function callsOperations(args: readonly string[]): boolean {
  const at = args.findIndex((arg) => !arg.startsWith("-"));
  const command = ["--server", "--space"].includes(args[at - 1] ?? "")
    ? args.slice(at + 1).find((arg) => !arg.startsWith("-"))
    : args[at];
  return CLIENT_COMMANDS.includes(command ?? "");
}

function mayRun(command: string): boolean {
  return Deno.permissions.querySync({ name: "run", command }).state === "granted";
}

/**
 * Runs a program that has the terminal. This process may run its own binary alone, which then runs the program with the
 * right to run that one.
 */
async function runProgram([program, ...args]: readonly string[]): Promise<number> {
  const stdio = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
  if (mayRun(program!)) return (await new Deno.Command(program!, { args, ...stdio }).spawn().status).code;
  if (Deno.build.standalone) throw new Error("this build may not run other programs");
  const child = fileURLToPath(new URL("./cli/run_program.ts", import.meta.url));
  const flags = ["--quiet", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--no-prompt"];
  const words = ["run", ...flags, `--allow-run=${program}`, child, program!, ...args];
  return (await new Deno.Command(ownBinary(), { args: words, ...stdio }).spawn().status).code;
}

function exitCodeOf(signal: Deno.Signal): number {
  if (signal === "SIGHUP") return EXIT_HUNG_UP;
  return signal === "SIGTERM" ? EXIT_TERMINATED : EXIT_STOPPED;
}

/** Runs the listeners, and MCP over stdio beside them when asked, until a signal or the end of standard input. */
async function serve(
  config: Config,
  servers: { http: boolean; mcp: boolean },
  withStdio: boolean,
  log: Logger,
  spaces: Config["spaces"],
): Promise<void> {
  if (!servers.http && !servers.mcp) {
    throw new MemoryError(
      "configuration",
      "Cannot start: MCP_HTTP_ENABLED=false and MCP_TRANSPORT_MODE=off leave nothing to serve",
    );
  }
  // First, so that a signal as soon as it listens, or before, stops it cleanly too.
  const stopped = untilStopped(log, EXIT_FAULT), gone = withStdio ? [clientGone(log)] : [];
  const { startService } = await import("./unified.ts");
  const service = await startService(config, { ...servers, patient: withStdio }, log);
  if (service.http !== null && Deno.env.has(FIRST_START)) writeError(welcome(service.http, config));
  if (withStdio) {
    const { runStdio } = await import("./mcp/stdio.ts");
    await Promise.race([stopped, ...gone, runStdio(service.runtime, { serverName: config.serverName, log, spaces })]);
  } else await stopped;
  await service.stop();
}

/** What someone who starts the service for the first time wants to know next. */
function welcome(address: string, { storage, baseDir }: Config): string {
  const folder = storage.backend === "sqlite" ? dirname(storage.path) : baseDir;
  return `The dashboard is on ${address}\nMemories are kept in ${folder}\n` +
    `unimem connect CLIENT connects a client, such as claude-code or cursor; Ctrl-C stops the service\n`;
}

async function serveStdio(
  config: Config,
  log: Logger,
  profile: ToolProfile | undefined,
  spaces: Config["spaces"],
): Promise<void> {
  const stopped = untilStopped(log, EXIT_FAULT), gone = clientGone(log);
  const { closeAll, openRuntime, startWork } = await loadService(), runtime = await openRuntime(config);
  const work = startWork(runtime, config, log);
  const { runStdio } = await import("./mcp/stdio.ts");
  await Promise.race([stopped, gone, runStdio(runtime, { serverName: config.serverName, log, profile, spaces })]);
  await closeAll(runtime, [], work.stop);
}

/** Resolves when the process that started this one, or one between the two, has ended. */
async function clientGone(log: Logger): Promise<void> {
  const { watchClient } = await import("./ancestors.ts"), pid = await watchClient().gone;
  log.info(`Stopping: process ${pid}, which this one was started by, has ended`);
}

/** Whether standard output takes colours, by the conventions of no-color.org and force-color.org. */
function takesColour(): boolean {
  const force = Deno.env.get("FORCE_COLOR");
  if (force !== undefined && force !== "") return force !== "0";
  return (Deno.env.get("NO_COLOR") ?? "") === "" && Deno.stdout.isTerminal();
}

/** The words that start this program, before the command. */
function launcher(): string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const words = Deno.env.get(LAUNCHER);
  if (words !== undefined) return JSON.parse(words);
  return [Deno.execPath(), "task", "--quiet", "--cwd", PROJECT, "unimem"];
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
