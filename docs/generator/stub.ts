/**
 * A runtime for what only describes itself: nothing behind it is open, and nothing of it may be called.
 *
 * @module
 */

import { localCaller } from "../../src/access/caller.ts";
import { Activity } from "../../src/operations/activity.ts";
import { noAudit } from "../../src/operations/audit/log.ts";
import { noBackground } from "../../src/operations/background/state.ts";
import { initialBackupState } from "../../src/operations/backup/state.ts";
import { EventHub } from "../../src/operations/events.ts";
import { HealthRecord } from "../../src/operations/health/record.ts";
import type { ServiceRuntime } from "../../src/operations/runtime.ts";
import { createTelemetry } from "../../src/telemetry/telemetry.ts";
import { VERSION } from "../../src/version.ts";

/** A runtime without a store and a model. */
export function stubRuntime(): ServiceRuntime {
  const closed = (part: string, there = {}) =>
    new Proxy(there, {
      get: (_, name) => {
        if (name in there) return there[name as keyof typeof there];
        throw new Error(`Cannot use ${String(name)} of the ${part}: the pages are made without one`);
      },
    });
  return {
    caller: localCaller("rest"),
    storage: closed("store", { spaces: { within: () => closed("store") } }) as ServiceRuntime["storage"],
    embeddings: closed("model") as ServiceRuntime["embeddings"],
    settings: { maxContentLength: 100_000, split: null, includeHostname: false, timeZone: "UTC", trashDays: 30 },
    events: new EventHub(),
    activity: new Activity(),
    audit: noAudit(),
    telemetry: createTelemetry(),
    background: noBackground(),
    health: new HealthRecord({ dataFolder: "." }),
    backups: initialBackupState(
      { folder: "", intervalHours: 0, keep: 0 },
      closed("backups") as ServiceRuntime["backups"]["files"],
    ),
    now: () => 0,
    startedAt: 0,
    version: VERSION,
  };
}
