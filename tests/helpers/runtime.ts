/**
 * A runtime for tests of the surfaces: the real SQLite store in a temporary folder and the real bundled model.
 *
 * @module
 */

import { localCaller } from "../../src/access/caller.ts";
import { createEmbeddingService } from "../../src/embedding/factory.ts";
import { BUNDLED_MODEL } from "../../src/embedding/settings.ts";
import { monotonicClock } from "../../src/memory/clock.ts";
import { Activity } from "../../src/operations/activity.ts";
import { openAuditLog } from "../../src/operations/audit/log.ts";
import { noBackground } from "../../src/operations/background/state.ts";
import { initialBackupState } from "../../src/operations/backup/state.ts";
import { stopUploads } from "../../src/operations/documents/upload.ts";
import { EventHub, type HubOptions } from "../../src/operations/events.ts";
import { HealthRecord } from "../../src/operations/health/record.ts";
import type { EmbeddingModels, OperationSettings, ServiceRuntime } from "../../src/operations/runtime.ts";
import { openStorage, type StorageSettings, storeFiles } from "../../src/storage/factory.ts";
import { createTelemetry } from "../../src/telemetry/telemetry.ts";

/** An open runtime; disposing closes its store and removes its folder. */
export interface TestRuntime extends AsyncDisposable {
  runtime: ServiceRuntime;
  /** Folder of the database file. */
  folder: string;
}

/** What differs from the defaults. */
export interface TestRuntimeOptions {
  settings?: Partial<OperationSettings>;
  /** Parts that replace the loaded model, e.g. `{ serving: null }` for one that is still loading. */
  embeddings?: Partial<EmbeddingModels>;
  events?: HubOptions;
  /** An empty store in place of a new SQLite file. */
  store?: StorageSettings;
}

// Loaded while the module is, outside any test, so that the leak checks of the tests don't count it as theirs.
const model = createEmbeddingService({
  provider: "local",
  model: BUNDLED_MODEL,
  cacheFolder: "unused-by-the-bundled-model",
  offline: true,
  threads: navigator.hardwareConcurrency,
  cacheBytes: 1 << 20,
  queueLimit: 10_000,
});
const identity = await model.ready();
addEventListener("unload", () => void model.close());

/** Opens a runtime over an empty store. All runtimes of a process share one loaded model. */
export async function testRuntime(options: TestRuntimeOptions = {}): Promise<TestRuntime> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  const storage = await openStorage(options.store ?? { backend: "sqlite", path: `${folder}/memories.db` });
  await storage.registerModel(identity);
  const runtime: ServiceRuntime = {
    caller: localCaller("cli"),
    storage,
    embeddings: { serving: model, configured: model, reembedding: null, ...options.embeddings },
    settings: {
      maxContentLength: 100_000,
      split: { overlap: 50, preserveBoundaries: true },
      includeHostname: false,
      timeZone: "UTC",
      trashDays: 30,
      ...options.settings,
    },
    events: new EventHub(options.events),
    activity: new Activity(),
    audit: openAuditLog({ folder: `${folder}/audit`, maxBytes: 1 << 24, days: 365 }),
    telemetry: createTelemetry(),
    background: noBackground(),
    health: new HealthRecord({ dataFolder: folder }),
    backups: initialBackupState({ folder: `${folder}/backups`, intervalHours: 0, keep: 7 }, storeFiles),
    now: monotonicClock(),
    startedAt: Date.now(),
    version: "0.0.0-test",
  };
  return {
    runtime,
    folder,
    [Symbol.asyncDispose]: async () => {
      runtime.events.close();
      await stopUploads(runtime);
      await storage.close();
      runtime.audit.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
