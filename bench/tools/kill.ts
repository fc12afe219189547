/**
 * Kills a service many times while eight clients write, and checks after each restart that no answered write is lost and
 * none is there twice: `kill.ts sqlite|qdrant [ROUNDS]`. Over Qdrant every third round kills the server too, and starts it
 * again while the clients go on. Ends with 1 where something is wrong.
 *
 * @module
 */

import { killRounds, type Victim } from "../lib/kill_rounds.ts";
import { freePorts } from "../lib/process.ts";
import { type Qdrant, startQdrant } from "../lib/qdrant.ts";
import { seeded } from "../lib/random.ts";
import { startUnimem } from "../lib/unimem.ts";

const WRITERS = 8, ROUNDS = 200, SEED = 13;
/** Rounds between two in which the server is killed too. */
const SERVER_EVERY = 3;
const REPORT_EVERY = 10;

const [backend = "sqlite", rounds = String(ROUNDS)] = Deno.args;
if (backend !== "sqlite" && backend !== "qdrant") throw new Error(`No such backend: ${backend}`);
const folder = await Deno.makeTempDir({ prefix: "unimem-kill-" }), random = seeded(SEED);
const [port, grpcPort] = freePorts(2) as [number, number], began = performance.now();
let server: Qdrant | null = null, serversKilled = 0;

async function startServer(): Promise<Qdrant> {
  return await startQdrant(`${folder}/qdrant`, { port, grpcPort });
}

async function start(): Promise<Victim> {
  const env = server === null ? {} : { MCP_MEMORY_STORAGE_BACKEND: "qdrant", MCP_QDRANT_URL: server.url };
  const { rest, kill } = await startUnimem(folder, env);
  return { url: rest.base, kill };
}

async function killServer(round: number): Promise<void> {
  if (server === null || round % SERVER_EVERY !== 0) return;
  await server.kill();
  serversKilled++;
  server = await startServer();
}

try {
  if (backend === "qdrant") server = await startServer();
  const figures = await killRounds({
    rounds: Number(rounds),
    writers: WRITERS,
    writing: [200, 1200],
    start,
    during: killServer,
    random,
    onRound: (round, { answered, lost, twice }) => {
      if (round % REPORT_EVERY !== 0 && lost.length + twice.length === 0) return;
      console.error(`${round} rounds, ${answered} answered writes, ${lost.length} lost, ${twice.length} twice`);
    },
  });
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(JSON.stringify({ backend, ...figures, serversKilled, seconds }, null, 2));
  if (figures.lost.length + figures.twice.length > 0) Deno.exitCode = 1;
} finally {
  await server?.kill();
  await Deno.remove(folder, { recursive: true });
}
