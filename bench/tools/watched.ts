/**
 * Unimem with its event loop watched: the real service, and one more port that tells the delays seen.
 *
 * `POST /` on port BENCH_WATCH_PORT resets, `GET /` answers `LoopDelays` and the isolate's memory.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import process from "node:process";
import { parseConfig } from "../../src/config.ts";
import { createLogger } from "../../src/operations/logger.ts";
import { startService } from "../../src/unified.ts";
import { LoopWatch } from "../lib/loop_delay.ts";

const config = parseConfig(Deno.env.toObject(), { os: Deno.build.os, cores: availableParallelism() });
const service = await startService(
  config,
  { http: true, mcp: true },
  createLogger(config.logLevel, (line) => console.error(line)),
);
const watch = new LoopWatch();
Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("BENCH_WATCH_PORT")), onListen: () => {} }, (request) => {
  if (request.method === "GET") return Response.json({ ...watch.delays, memory: process.memoryUsage() });
  watch.reset();
  return new Response(null, { status: 204 });
});
Deno.addSignalListener("SIGTERM", async () => {
  watch.stop();
  await service.stop();
  Deno.exit(0);
});
