/**
 * Many sessions at once, whose hooks run while the service is killed (SIGKILL) and started in between, and then the same
 * service's memory while as many sessions go on: `hook_sessions.ts [SESSIONS] [EXCHANGES] [KILLS]`. Ends with 1 where a turn
 * is lost, doubled or out of order, a hook spoke or left a process, or memory doesn't return to its plateau.
 *
 * @module
 */

import { hookSessions } from "../lib/hook_sessions.ts";
import { inTemporaryFolder, settledBytes } from "../lib/process.ts";
import { seeded } from "../lib/random.ts";
import { startUnimem, type Unimem, untilMeaning } from "../lib/unimem.ts";

const SESSIONS = 200, EXCHANGES = 3, KILLS = 10, SEED = 19;
/** Rounds over a service that nobody kills, and how much more than after the first of them it may hold at the end. */
const STEADY_ROUNDS = 3, MAX_GROWTH = 1.1;

const [sessions = SESSIONS, exchanges = EXCHANGES, kills = KILLS] = Deno.args.map(Number), random = seeded(SEED);
const began = performance.now();

await inTemporaryFolder(async (folder) => {
  await Deno.mkdir(`${folder}/killed`);
  const start = async () => await startUnimem(`${folder}/killed`);
  const onKill = (count: number) => console.error(`Killed ${count} of ${kills} times`);
  const plan = { sessions, exchanges, kills, folder: `${folder}/killed`, start, random, onKill };
  const { figures, victim } = await hookSessions(plan);
  await victim.kill();

  await Deno.mkdir(`${folder}/steady`);
  const service: Unimem = await startUnimem(`${folder}/steady`), megabytes: number[] = [];
  await untilMeaning(service);
  const steady = { ...plan, kills: 0, exchanges: 1, folder: `${folder}/steady`, start: () => Promise.resolve(service) };
  for (let round = 0; round < STEADY_ROUNDS; round++) {
    await hookSessions({ ...steady, prefix: `round${round}-` });
    megabytes.push(Math.round(await settledBytes(service.pid) / 2 ** 20));
  }
  await service.stop();
  const wrong = [figures.lost, figures.twice, figures.outOfOrder, figures.loud, figures.left].flat();
  const holds = wrong.length === 0 && megabytes.at(-1)! <= megabytes[0]! * MAX_GROWTH;
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(JSON.stringify({ sessions, ...figures, resident_mb: megabytes, seconds, holds }, null, 2));
  if (!holds) Deno.exitCode = 1;
});
