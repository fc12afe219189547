/** Sessions at once with real hooks, while the service is killed and started. `bench/tools/hook_sessions.ts` runs more. */

import { assertEquals } from "@std/assert";
import { hookSessions } from "../../bench/lib/hook_sessions.ts";
import { seeded } from "../../bench/lib/random.ts";
import { inFolder } from "../helpers/folder.ts";
import { start, testEnvironment } from "../helpers/process.ts";

Deno.test("sessions at once store each turn once in order though the service is killed, and no process stays", {
  ignore: Deno.build.os === "windows",
}, () =>
  inFolder(async (folder) => {
    const { figures, victim } = await hookSessions({
      ...{ sessions: 6, exchanges: 3, kills: 2, folder, random: seeded(7) },
      start: async () => {
        const service = await start("unified", testEnvironment(folder));
        return { pid: service.pid, kill: () => service[Symbol.asyncDispose]() };
      },
    });
    await victim.kill();
    assertEquals(figures, {
      ...{ turns: 36, hooks: 24, kills: figures.kills },
      ...{ lost: [], twice: [], outOfOrder: [], loud: [], left: [] },
    });
  }));
