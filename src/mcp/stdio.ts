/**
 * MCP over standard input and output, for clients that start the server themselves. Both eras of the protocol; nothing
 * but protocol goes to standard output; it ends when the client closes standard input.
 *
 * @module
 */

import process from "node:process";
import { PassThrough } from "node:stream";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { ToolProfile } from "../memory/tool_profile.ts";
import { createLogger, type Logger } from "../operations/logger.ts";
import { localCaller, scopeOf } from "../access/caller.ts";
import { callerRuntime } from "../operations/caller_runtime.ts";
import type { ServiceRuntime } from "../operations/runtime.ts";
import { InFlight } from "./in_flight.ts";
import { MessageLines } from "./message_lines.ts";
import { createMcpServer } from "./server.ts";

/** How stdio is served. */
export interface StdioSettings {
  /** Name that the client gets. */
  serverName: string;
  log?: Logger;
  /** Spaces that the client works in, the first one to write to; `default` without any. */
  spaces?: readonly string[] | null;
  /** The tools that are served; those of the settings without it. */
  profile?: ToolProfile | undefined;
}

/** Milliseconds that running calls get after the client closed its end. */
const GRACE_MS = 5000;

/** Serves one client on standard input and output; resolves when it has gone and its running calls are done. */
export async function runStdio(runtime: ServiceRuntime, settings: StdioSettings): Promise<void> {
  const { serverName, profile, log = createLogger("info", (line) => console.error(line)) } = settings;
  // A stray line on standard output would break the protocol, and dependencies may log.
  console.log = console.info = console.debug = console.error;

  const inFlight = new InFlight();
  const input = new PassThrough();
  const lines = new MessageLines((text) => input.write(text), (text) => process.stdout.write(text));
  process.stdin.on("data", (chunk: Uint8Array) => lines.push(chunk));
  const gone = new Promise<void>((resolve) => {
    for (const event of ["end", "close", "error"]) process.stdin.on(event, () => resolve());
    // A client that reads no more has gone too. Each write to a broken pipe is an error of its own, so not only once.
    process.stdout.on("error", () => resolve());
  });
  const bound = callerRuntime(runtime, localCaller("mcp", scopeOf(settings.spaces ?? null)));
  const connection = serveStdio(
    () => createMcpServer(bound, { serverName, log, surface: "stdio", inFlight, profile }),
    {
      transport: new StdioServerTransport(input, process.stdout),
      onerror: (error) => log.debug(`MCP: ${error.message}`),
    },
  );
  runtime.health.transports.set("stdio", () => ({ open: 1, limit: null }));
  await gone;
  // The SDK drops running calls at the end of its input. A client that pipes requests in and waits gets its answers.
  await new Promise((resolve) => setTimeout(resolve, 0));
  await inFlight.idle(GRACE_MS);
  await connection.close();
  input.destroy();
}
