/**
 * What runs beside the requests of a process.
 *
 * @module
 */

import { hostname } from "node:os";
import { type Config, placesOf } from "../config.ts";
import { HOOK_CLIENTS } from "../hooks/event.ts";
import { archiveTurnsJob } from "../operations/archive_turns.ts";
import { startIdleGc } from "../tuning/idle_gc.ts";
import { type Background, startBackground } from "../operations/background/background.ts";
import { upgradeStoreJob } from "../operations/background/complete_store.ts";
import { backupJob } from "../operations/backup/schedule.ts";
import { checkVectorsJob } from "../operations/check_vectors.ts";
import { removeAbandonedJob } from "../operations/documents/unfinished.ts";
import { stopUploads } from "../operations/documents/upload.ts";
import { expireMemoriesJob } from "../operations/expire_memories.ts";
import { emptyTrashJob } from "../operations/expire_trash.ts";
import { findExposed } from "../operations/exposure.ts";
import { startHealthWatch } from "../operations/health/watch.ts";
import type { Logger } from "../operations/logger.ts";
import { residentBytes } from "../operations/machine.ts";
import { removeCopyMark } from "../operations/moving/copy/mark.ts";
import { observeParts } from "../operations/observe.ts";
import { startOutbox } from "../operations/outbox.ts";
import { embedMemoriesJob } from "../operations/reembed.ts";
import type { ServiceRuntime } from "../operations/runtime.ts";
import { ServingModel } from "../operations/serving.ts";
import { observeProcess } from "../telemetry/process.ts";
import { openFormerModel } from "./embedding.ts";
import { takeCapturesJob } from "./hook_spool.ts";

/**
 * Starts loading the model and following which one the store serves, and the background work, which one of the processes
 * that share the store does for all.
 */
export function startWork(runtime: ServiceRuntime, config: Config, log: Logger): Background {
  void tellExposed(config, log);
  startOutbox(runtime, log);
  const watch = startHealthWatch(runtime, log);
  const process = observeProcess(runtime.telemetry.metrics, {
    ...runtime,
    residentBytes: () => residentBytes(runtime),
  });
  const memory = startIdleGc();
  observeParts(runtime);
  const serving = new ServingModel(runtime, {
    openModel: (identity) => openFormerModel(identity, config, runtime),
    log,
  });
  const background = startBackground(runtime, [
    removeCopyMark(runtime),
    embedMemoriesJob(runtime, serving, log),
    checkVectorsJob(runtime, log),
    ...upgradeStoreJob(runtime, log),
    emptyTrashJob(runtime, log),
    expireMemoriesJob(runtime, log),
    archiveTurnsJob(runtime, log, HOOK_CLIENTS),
    takeCapturesJob(runtime, log),
    removeAbandonedJob(runtime, log),
    ...backupJob(runtime, config.backups, log),
  ], { holder: processName(), leaseMs: config.leaseMs, log });
  const uploads = async () => (await stopUploads(runtime)).forEach((line) => log.warning(line));
  return {
    stop: async () =>
      void await Promise.all([
        background.stop(),
        serving.stop(),
        watch.stop(),
        process.stop(),
        memory.stop(),
        uploads(),
      ]),
  };
}

/** Names files that other users have rights to. They stay as they are: that may be on purpose. */
async function tellExposed(config: Config, log: Logger): Promise<void> {
  const { files, folders } = await findExposed(placesOf(config)), exposed = [...files, ...folders];
  if (exposed.length === 0) return;
  log.warning(`Other users have rights to ${exposed.join(", ")}; \`unimem doctor --fix\` takes them away where it can`);
}

/** Names this process among all that share a store. */
export function processName(): string {
  return `${hostname()}:${Deno.pid}:${crypto.randomUUID().slice(0, 8)}`;
}
