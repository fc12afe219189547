/** A service that is killed while clients write has all it answered when it is back, and has it once. */

import { assertEquals, assertGreater } from "@std/assert";
import { killRounds, type Victim } from "../../bench/lib/kill_rounds.ts";
import { seeded } from "../../bench/lib/random.ts";
import { start, testEnvironment } from "../helpers/process.ts";
import { freePort, type Qdrant, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";

/** Few, for the suite; `bench/tools/kill.ts` runs hundreds. */
const ROUNDS = 4;

async function startVictim(folder: string, env: Record<string, string> = {}): Promise<Victim> {
  const service = await start("http", testEnvironment(folder, env));
  return { url: service.http, kill: () => service[Symbol.asyncDispose]() };
}

Deno.test("A service over SQLite that is killed under eight writers loses no answered write, and makes none twice", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-kill-" });
  try {
    const figures = await killRounds({
      rounds: ROUNDS,
      writers: 8,
      writing: [300, 900],
      start: () => startVictim(folder),
      random: seeded(1),
    });
    assertEquals([figures.lost, figures.twice], [[], []]);
    assertGreater(figures.answered, 8 * ROUNDS);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "A service over Qdrant, killed under eight writers with and without its server, loses and doubles nothing",
  ignore: QDRANT_BIN === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "unimem-kill-" }), port = freePort();
    let server: Qdrant = await startQdrant({ folder, port });
    try {
      const figures = await killRounds({
        rounds: ROUNDS,
        writers: 8,
        writing: [400, 1200],
        start: () => startVictim(folder, { MCP_QDRANT_URL: server.url }),
        during: async (round) => {
          if (round % 2 !== 0) return;
          await server.stop("SIGKILL");
          server = await startQdrant({ folder, port });
        },
        random: seeded(2),
      });
      assertEquals([figures.lost, figures.twice], [[], []]);
      assertGreater(figures.answered, 8 * ROUNDS);
    } finally {
      await server.stop();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
