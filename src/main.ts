/**
 * The command `unimem`: the only module that reads the environment and the arguments.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import { parseEnv } from "node:util";
import { type Config, parseConfig } from "./config.ts";
import { errorText, MemoryError } from "./errors.ts";
import { createLogger, type Logger } from "./operations/logger.ts";
import { closeSharedStorage } from "./storage/shared.ts";
import {
  closeAll,
  configuredModel,
  openOutbox,
  openRuntime,
  openStore,
  processName,
  startService,
  startWork,
} from "./unified.ts";

/** Exit codes: 0 after a clean stop, 1 for a fault, 2 for wrong settings or arguments. */
const EXIT_FAULT = 1, EXIT_USAGE = 2;
const USAGE_CODES: ReadonlySet<string> = new Set(["configuration", "invalid_input", "unsupported"]);

/** Commands that start a server. Without options they need no command line parser, so that they start at once. */
const SERVERS = ["unified", "http", "mcp", "stdio"];

async function main(args: string[]): Promise<void> {
  const [command = "unified", ...rest] = args;
  if (SERVERS.includes(command) && rest.length === 0) return await runServer(command, settings());
  await runCli(args);
}

function settings(): Config {
  return parseConfig(readEnvironment(), { os: Deno.build.os, cores: availableParallelism() });
}

async function runServer(command: string, config: Config): Promise<void> {
  // Standard output belongs to the protocol in stdio mode, so that every line of ours goes to standard error.
  const log = createLogger(config.logLevel, (line) => console.error(line));
  const useStdio = command === "stdio" || (command === "unified" && config.mcp.transport === "stdio");
  const http = command === "http" || (command === "unified" && config.http.enabled);
  const mcp = command === "mcp" || (command === "unified" && config.mcp.transport === "http");
  await (useStdio && !http ? serveStdio(config, log) : serve(config, { http, mcp }, useStdio, log));
}

/** Every other command, and help for all of them. */
async function runCli(args: string[]): Promise<void> {
  const { runCommand } = await import("./cli/program.ts");
  const stopping = new AbortController(), log = createLogger("warning", (line) => console.error(line));
  const stop = () => stopping.signal.aborted ? Deno.exit(EXIT_FAULT) : stopping.abort(new Stopped());
  const serves = SERVERS.includes(args.find((arg) => !arg.startsWith("-")) ?? "unified");
  // A server handles its signals by itself.
  if (!serves) Deno.addSignalListener("SIGINT", stop);
  await runCommand(args, {
    config: settings,
    serve: (command) => runServer(command, settings()),
    openRuntime,
    close: (runtime, stopWork = () => Promise.resolve()) => closeAll(runtime, [], stopWork),
    startWork,
    openStore,
    openOutbox,
    configuredModel,
    processName: processName(),
    log,
    print: (line) => console.log(line),
    note: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
    terminal: Deno.stderr.isTerminal(),
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
  const service = await startService(config, { ...servers, patient: withStdio }, log);
  const stopped = untilStopped(log);
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
  });
}

/** The process's environment over that of a `.env` file in the working folder. */
function readEnvironment(): Record<string, string | undefined> {
  try {
    return { ...parseEnv(Deno.readTextFileSync(".env")), ...Deno.env.toObject() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return Deno.env.toObject();
    throw new MemoryError("configuration", `Cannot read .env: ${errorText(error)}`, { cause: error });
  }
}

if (import.meta.main) {
  try {
    await main(Deno.args);
    Deno.exit(0);
  } catch (error) {
    Deno.exit(tell(error, Deno.args.includes("--debug")));
  }
}

/** Prints what went wrong, and gives the exit code. */
function tell(error: unknown, debug: boolean): number {
  const name = error instanceof Error ? error.name : "";
  if (name === "Failed") return EXIT_FAULT; // the command said it all
  if (debug) console.error(error);
  else if (name === "Stopped") console.error(errorText(error));
  else if (error instanceof MemoryError && error.code !== "internal") console.error(error.message);
  else console.error(`Cannot go on: ${errorText(error)}\nRun it with --debug to see where`);
  return error instanceof MemoryError && USAGE_CODES.has(error.code) ? EXIT_USAGE : EXIT_FAULT;
}
