/**
 * The servers of a process, from its settings to its end.
 *
 * @module
 */

import { dirname } from "node:path";
import { type Config, spacesIn } from "../config.ts";
import type { ServeOptions } from "../cli/context.ts";
import { MemoryError } from "../errors.ts";
import { statOf } from "../files.ts";
import { readProfile, type ToolProfile } from "../memory/tool_profile.ts";
import { createLineWriter, type LineWriter } from "../operations/line_writer.ts";
import { createLogger, type LogFormat, type Logger } from "../operations/logger.ts";
import { writeError } from "../output.ts";
import { untilStopped } from "../service/signals.ts";
import { commandWords } from "./environment.ts";
import type { SettingSource } from "./settings.ts";

/** Set by the command of the npm package where it never ran before. */
const FIRST_START = "UNIMEM_FIRST_START";
/** The exit code after a second signal. */
const EXIT_FAULT = 1;

/** Runs a server until it is stopped. @param command Its name, such as `unified`. */
export async function runServer(command: string, from: SettingSource, options: ServeOptions = {}): Promise<void> {
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
export async function loadService() {
  const unified = await import("../unified.ts");
  const [background, embedding, store] = await Promise.all([
    import("../service/background.ts"),
    import("../service/embedding.ts"),
    import("../service/store.ts"),
  ]);
  return { ...unified, ...background, ...embedding, ...store };
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
  const { startService } = await import("../unified.ts"), isFirst = isFirstStart(config);
  const service = await startService(config, { ...servers, patient: withStdio }, log);
  if (service.http !== null && isFirst) writeError(welcome(service.http, config));
  if (withStdio) {
    const { runStdio } = await import("../mcp/stdio.ts");
    await Promise.race([stopped, ...gone, runStdio(service.runtime, { serverName: config.serverName, log, spaces })]);
  } else await stopped;
  await service.stop();
}

/** Whether nothing was stored yet, as far as a file tells. Programs that read the log expect nothing but its lines. */
function isFirstStart(config: Config): boolean {
  if (Deno.env.has(FIRST_START)) return true;
  return formatOf(config) === "text" && config.storage.backend === "sqlite" &&
    statOf(config.storage.path) === undefined;
}

/** What someone who starts the service for the first time wants to know next. */
function welcome(address: string, { storage, baseDir }: Config): string {
  const folder = storage.backend === "sqlite" ? dirname(storage.path) : baseDir;
  return `The dashboard is on ${address}\nMemories are kept in ${folder}\n` +
    `${commandWords()} connect CLIENT connects a client, such as claude-code or cursor; Ctrl-C stops the service\n`;
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
  const { runStdio } = await import("../mcp/stdio.ts");
  await Promise.race([stopped, gone, runStdio(runtime, { serverName: config.serverName, log, profile, spaces })]);
  await closeAll(runtime, [], work.stop);
}

/** Resolves when the process that started this one, or one between the two, has ended. */
async function clientGone(log: Logger): Promise<void> {
  const { watchClient } = await import("../ancestors.ts"), pid = await watchClient().gone;
  log.info(`Stopping: process ${pid}, which this one was started by, has ended`);
}
