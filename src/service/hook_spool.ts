/**
 * Takes over what hooks captured while no service ran.
 *
 * @module
 */

import { localCaller } from "../access/caller.ts";
import { HookFolder, remove } from "../hooks/folder.ts";
import { isSpaceName } from "../memory/space.ts";
import type { Job } from "../operations/background/background.ts";
import { callerRuntime } from "../operations/caller_runtime.ts";
import type { Logger } from "../operations/logger.ts";
import { importFile } from "../operations/moving/import_file.ts";
import type { ServiceRuntime } from "../operations/runtime.ts";

/** Milliseconds between two looks. */
const INTERVAL_MS = 60_000;

/** The background job. A file is removed once all of it is stored; taking it twice stores nothing twice. */
export function takeCapturesJob(runtime: ServiceRuntime, log: Logger): Job {
  const folder = new HookFolder(runtime.health.settings.dataFolder);
  return {
    name: "take over what hooks captured",
    everyMs: INTERVAL_MS,
    run: async (signal) => {
      for (const { path, space } of folder.waiting()) {
        if (signal.aborted) return;
        if (!isSpaceName(space)) {
          log.warning(`"${path}" names no space and is left where it is`);
          continue;
        }
        const own = callerRuntime(runtime, localCaller("cli", { write: space, read: [space] }));
        const { errors } = await importFile(own, linesOf(await Deno.readFile(path)), { signal });
        for (const { place, message } of errors) log.warning(`"${path}", ${place}: ${message}`);
        remove(path);
      }
    },
  };
}

async function* linesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
