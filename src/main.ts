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
import { closeAll, openRuntime, startService, startWork } from "./unified.ts";

const USAGE = `Usage: unimem [COMMAND]

  unified   REST and MCP servers over one storage (default)
  http      the REST server alone
  mcp       the MCP server alone, over HTTP
  stdio     the MCP server on standard input and output
  version   the version

Settings come from the environment and from .env; see docs/settings.md.`;

/** Exit codes: 0 after a clean stop, 1 for a fault, 2 for wrong settings or arguments. */
const EXIT_FAULT = 1, EXIT_USAGE = 2;

async function main(args: string[]): Promise<void> {
  const [command = "unified", ...rest] = args;
  if (command === "help" || command === "--help" || command === "-h") return console.log(USAGE);
  if (command === "version" || command === "--version") {
    return console.log((await import("./version.ts")).VERSION);
  }
  if (!["unified", "http", "mcp", "stdio"].includes(command) || rest.length > 0) {
    throw new MemoryError("configuration", `Cannot run "${args.join(" ")}"\n\n${USAGE}`);
  }
  const config = parseConfig(readEnvironment(), { os: Deno.build.os, cores: availableParallelism() });
  // Standard output belongs to the protocol in stdio mode, so that every line of ours goes to standard error.
  const log = createLogger(config.logLevel, (line) => console.error(line));
  const useStdio = command === "stdio" || (command === "unified" && config.mcp.transport === "stdio");
  const http = command === "http" || (command === "unified" && config.http.enabled);
  const mcp = command === "mcp" || (command === "unified" && config.mcp.transport === "http");
  await (useStdio && !http ? serveStdio(config, log) : serve(config, { http, mcp }, useStdio, log));
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
  const service = await startService(config, servers, log);
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
    const expected = error instanceof MemoryError && error.code !== "internal";
    console.error(expected ? error.message : error);
    Deno.exit(expected ? EXIT_USAGE : EXIT_FAULT);
  }
}
