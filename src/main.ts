/**
 * The command `unimem`: the only module that reads the environment and the arguments.
 *
 * @module
 */

import { availableParallelism, homedir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { type Config, parseConfig, settingOrigins } from "./config.ts";
import { type ErrorCode, errorText, MemoryError } from "./errors.ts";
import { createLineWriter, type LineWriter } from "./operations/line_writer.ts";
import { createLogger, type LogFormat, type Logger } from "./operations/logger.ts";
import { closeSharedStorage } from "./storage/shared.ts";
import {
  closeAll,
  configuredModel,
  examine,
  openOutbox,
  openRuntime,
  openStore,
  processName,
  startService,
  startWork,
  storeFiles,
} from "./unified.ts";

/** Exit codes; `docs/cli.md` tells them. 128 + 2 is what a shell gives a command that SIGINT ended. */
const EXIT_FAULT = 1, EXIT_USAGE = 2, EXIT_UNAVAILABLE = 3, EXIT_STOPPED = 130;
const EXIT_CODES: Readonly<Partial<Record<ErrorCode, number>>> = {
  configuration: EXIT_USAGE,
  invalid_input: EXIT_USAGE,
  unsupported: EXIT_USAGE,
  unavailable: EXIT_UNAVAILABLE,
  overloaded: EXIT_UNAVAILABLE,
};

/** Commands that start a server. Without options they need no command line parser, so that they start at once. */
const SERVERS = ["unified", "http", "mcp", "stdio"];

async function main(args: string[]): Promise<void> {
  const [command = "unified", ...rest] = args;
  if (SERVERS.includes(command) && rest.length === 0) return await runServer(command, settings(command === "stdio"));
  await runCli(args);
}

/** @param forOneUser Whether the process serves the one user who started it. */
function settings(forOneUser: boolean): Config {
  return parseConfig({ ...readEnvFile(), ...Deno.env.toObject() }, {
    os: Deno.build.os,
    cores: availableParallelism(),
    timeZone: Temporal.Now.timeZoneId(),
    forOneUser,
  });
}

async function runServer(command: string, config: Config): Promise<void> {
  // Standard output belongs to the protocol in stdio mode, so that every line of ours goes to standard error.
  const log = createLogger(config.logLevel, standardError().write, undefined, formatOf(config));
  const useStdio = command === "stdio" || (command === "unified" && config.mcp.transport === "stdio");
  const http = command === "http" || (command === "unified" && config.http.enabled);
  const mcp = command === "mcp" || (command === "unified" && config.mcp.transport === "http");
  await (useStdio && !http ? serveStdio(config, log) : serve(config, { http, mcp }, useStdio, log));
}

/** Writes to standard error, and what waits at the end at the latest. */
function standardError(): LineWriter {
  const writer = createLineWriter((bytes) => Deno.stderr.writeSync(bytes));
  for (const event of ["unload", "error", "unhandledrejection"]) addEventListener(event, writer.flush);
  return writer;
}

function formatOf({ logFormat }: Config): LogFormat {
  if (logFormat !== "auto") return logFormat;
  return Deno.stderr.isTerminal() ? "text" : "json";
}

/** Every other command, and help for all of them. */
async function runCli(args: string[]): Promise<void> {
  const { runCommand } = await import("./cli/program.ts");
  const stopping = new AbortController(), log = createLogger("warning", (line) => console.error(line));
  const stop = () => stopping.signal.aborted ? Deno.exit(EXIT_STOPPED) : stopping.abort(new Stopped());
  const serves = SERVERS.includes(args.find((arg) => !arg.startsWith("-")) ?? "unified");
  // A server handles its signals by itself.
  if (!serves) Deno.addSignalListener("SIGINT", stop);
  await runCommand(args, {
    config: () => settings(true),
    origins: () => settingOrigins(Deno.env.toObject(), readEnvFile()),
    environment: () => ({ ...readEnvFile(), ...Deno.env.toObject() }),
    examine,
    ask: (question) => Deno.stdin.isTerminal() && confirm(question),
    serve: (command) => runServer(command, settings(command === "stdio")),
    openRuntime,
    close: (runtime, stopWork = () => Promise.resolve()) => closeAll(runtime, [], stopWork),
    startWork,
    openStore,
    openOutbox,
    configuredModel,
    processName: processName(),
    log,
    storeFiles,
    print: printer(),
    note: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
    input: Deno.stdin.readable,
    terminal: Deno.stderr.isTerminal(),
    colour: takesColour(),
    place: {
      os: Deno.build.os,
      home: Deno.env.get("HOME") ?? homedir(),
      appData: Deno.env.get("APPDATA"),
      cwd: Deno.cwd(),
      launcher: launcher(),
    },
    signal: stopping.signal,
  });
}

/** Ctrl-C in the middle of a command that can go on later. */
class Stopped extends Error {
  override readonly name = "Stopped";
  override readonly message = "Stopped; the same command goes on from here";
}

/** Runs the listeners, and MCP over stdio beside them when asked, until a signal or the end of standard input. */
async function serve(
  config: Config,
  servers: { http: boolean; mcp: boolean },
  withStdio: boolean,
  log: Logger,
): Promise<void> {
  if (!servers.http && !servers.mcp) {
    throw new MemoryError(
      "configuration",
      "Cannot start: MCP_HTTP_ENABLED=false and MCP_TRANSPORT_MODE=off leave nothing to serve",
    );
  }
  // First, so that a signal as soon as it listens, or before, stops it cleanly too.
  const stopped = untilStopped(log);
  const service = await startService(config, { ...servers, patient: withStdio }, log);
  if (withStdio) {
    const { runStdio } = await import("./mcp/stdio.ts");
    await Promise.race([stopped, runStdio(service.runtime, { serverName: config.serverName, log })]);
  } else await stopped;
  await service.stop();
}

async function serveStdio(config: Config, log: Logger): Promise<void> {
  const runtime = await openRuntime(config);
  const work = startWork(runtime, config, log);
  const { runStdio } = await import("./mcp/stdio.ts");
  await Promise.race([untilStopped(log), runStdio(runtime, { serverName: config.serverName, log })]);
  await closeAll(runtime, [], work.stop);
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function untilStopped(log: Logger): Promise<void> {
  // Covers exits that pass no signal; the store's own close is synchronous up to its last step.
  addEventListener("unload", () => void closeSharedStorage());
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = () => {
      if (asked) Deno.exit(EXIT_FAULT);
      asked = true;
      log.info("Stopping");
      resolve();
    };
    const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
    for (const signal of signals) Deno.addSignalListener(signal, onSignal);
    // A limit on the size of files would otherwise end the process; so the write fails and its client is told.
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
  });
}

/** The `.env` file in the working folder; the process's environment comes before it. */
function readEnvFile(): Record<string, string | undefined> {
  try {
    return parseEnv(Deno.readTextFileSync(".env"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw new MemoryError("configuration", `Cannot read .env: ${errorText(error)}`, { cause: error });
  }
}

/** Writes lines so that a reader who went away, such as `head`, is noticed. */
function printer(): (line: string) => void {
  const encoder = new TextEncoder();
  return (line) => {
    const bytes = encoder.encode(`${line}\n`);
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  };
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
  // The folder of deno.json, where the task and its permissions are.
  const project = dirname(dirname(fileURLToPath(import.meta.url)));
  return [Deno.execPath(), "task", "--quiet", "--cwd", project, "unimem"];
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
  if (error instanceof Deno.errors.BrokenPipe) return 0; // whoever read it has enough
  const known = error instanceof MemoryError && error.code !== "internal";
  const code = name === "Stopped" ? EXIT_STOPPED : known ? EXIT_CODES[error.code] ?? EXIT_FAULT : EXIT_FAULT;
  const message = known || name === "Stopped" ? errorText(error) : `Cannot go on: ${errorText(error)}`;
  if (args.includes("--json")) {
    const facts = known
      ? { code: error.code, field: error.field }
      : { code: name === "Stopped" ? "stopped" : "internal" };
    console.error(JSON.stringify({ error: { ...facts, message, exit_code: code } }));
  } else if (args.includes("--debug")) console.error(error);
  else console.error(known || name === "Stopped" ? message : `${message}\nRun it with --debug to see where`);
  return code;
}
