/**
 * The table of checks: what is looked at, and what is said of it. Health, readiness, metrics and `doctor` read it. A check
 * comes after those whose faults may cause its own, so that it can leave a fault to its cause. What a check says is a pure
 * function of what it saw, so that tests steer it with plain values.
 *
 * @module
 */

import { statfs } from "node:fs/promises";
import { MemoryError } from "../../errors.ts";
import type { StoreCondition, StoreIssue } from "../../storage/contract/maintenance.ts";
import { BACKUP_JOB } from "../backup/schedule.ts";
import { foreignTexts } from "../languages.ts";
import { defineCheck, type HealthCheck } from "./check.ts";
import { type CheckResult, works } from "./state.ts";
import type { ClockReading } from "./clock_watch.ts";

export const listeners = defineCheck({
  name: "listeners",
  evaluate(_, { runtime: { health } }) {
    const all = [...health.listeners];
    if (all.length === 0) return { state: "off", message: "No server listens in this process" };
    const lost = all.filter(([, { state }]) => state === "lost");
    if (lost.length === 0) {
      return {
        state: "healthy",
        message: all.map(([name, { address }]) => `${name} on ${address}`).join(", "),
        since: Math.max(...all.map(([, { since }]) => since)),
      };
    }
    return {
      state: lost.length === all.length ? "unhealthy" : "degraded",
      message: lost.map(([name, { address, reason }]) => `${name} does not listen on ${address}: ${reason}`).join("; "),
      action: "Free the port or set another one; the service goes on trying",
      since: Math.min(...lost.map(([, { since }]) => since)),
    };
  },
});

/** Shares of the limit at which a transport counts as nearly full, and at which it no longer does. */
const CLIENTS_CROWDED = 0.9, CLIENTS_ROOMY = 0.7;

export const transports = defineCheck({
  name: "transports",
  evaluate(_, { runtime: { health }, before }) {
    const all = [...health.transports].map(([name, use]) => ({ name, ...use() }));
    if (all.length === 0) return { state: "off", message: "No transport that keeps clients connected" };
    const bound = before?.state === "degraded" ? CLIENTS_ROOMY : CLIENTS_CROWDED;
    const crowded = all.filter(({ open, limit }) => limit !== null && open >= limit * bound);
    const shown = (some: typeof all) =>
      some.map(({ name, open, limit }) => `${name}: ${open}${limit === null ? "" : ` of ${limit}`}`).join(", ");
    if (crowded.length === 0) return { state: "healthy", message: shown(all) };
    return {
      state: "degraded",
      message: `Nearly all places for clients are taken (${shown(crowded)})`,
      action: "Look for clients that open sessions and never close them; others are refused or lose theirs",
    };
  },
});

/** What was seen: its condition, or why there is none. */
type StoreObservation = { condition: StoreCondition } | { error: string };

export const store = defineCheck<StoreObservation>({
  name: "store",
  essential: true,
  observe: (_, { condition }) =>
    condition().then(
      (condition) => ({ condition }),
      // Only texts written for clients are shown.
      (error) => ({ error: error instanceof MemoryError ? error.message : "Cannot reach the store" }),
    ),
  evaluate(observed, { runtime: { storage } }) {
    if ("error" in observed) {
      return {
        state: "unhealthy",
        message: observed.error,
        action: storage.backend === "qdrant"
          ? "Start Qdrant, and check MCP_QDRANT_URL and the network to it; the service recovers by itself"
          : "Check the database file and its disk",
      };
    }
    const { issues, facts } = observed.condition;
    // A full disk is reported by the check of the disk.
    const own = issues.filter(({ kind }) => kind !== "full");
    const issue = own.find(({ severity }) => severity === "unhealthy") ?? own[0];
    if (issue !== undefined) {
      const { severity, message, action, since } = issue;
      return { state: severity, message, action, ...(since === undefined ? {} : { since }) };
    }
    const shown = Object.entries(facts).filter(([, value]) => value !== null)
      .map(([name, value]) => factText(name, value));
    return { state: "healthy", message: [storage.backend, `opened ${times(storage.opens)}`, ...shown].join(", ") };
  },
});

function factText(name: string, value: unknown): string {
  const words = name.replace(/_bytes$/, "").replaceAll("_", " ");
  return name.endsWith("_bytes") ? `${words} ${(Number(value) / 1e6).toFixed(1)} MB` : `${words} ${value}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

/** Seconds a write may wait for a store that works before something must be wrong. */
const WAITING_SECONDS = 60;

export const outbox = defineCheck({
  name: "outbox",
  evaluate(_, { runtime: { storage: { capabilities: { outbox } } }, others }) {
    if (outbox === undefined) return { state: "off", message: "No outbox; writes are refused while the store is away" };
    const { pending, limit, bytes, limit_bytes, set_aside, oldest_seconds, error, refused } = outbox.figures;
    const shown = `${pending} of ${limit} writes wait, ${set_aside} set aside`;
    if (set_aside > 0) {
      return {
        state: "degraded",
        message: shown,
        action: "See why with `unimem outbox list`, then send them again with `unimem outbox retry` or drop them",
      };
    }
    if (pending >= limit || bytes >= 0.95 * limit_bytes) {
      return {
        state: "degraded",
        message: `${shown}: it is full, and writes are refused`,
        action: "Bring the store back, or raise MCP_OUTBOX_MAX_ITEMS and MCP_OUTBOX_MAX_BYTES",
      };
    }
    // While the store is away waiting is what the outbox is for.
    const isStuck = (oldest_seconds ?? 0) > WAITING_SECONDS && works(others.get("store"));
    if (isStuck || (error !== null && (pending === 0 && refused > 0))) {
      return {
        state: "degraded",
        message: `${shown}${error === null ? "" : `: ${error}`}`,
        action: "Check the outbox's disk and what the store says of the first write",
      };
    }
    return { state: "healthy", message: shown };
  },
});

/** What to do about a model whose vectors differ from those it gives on other machines. */
export const DIFFERENT_VECTORS =
  "Run Unimem on another processor, or set MCP_MEMORY_EMBEDDING_MODEL to a model with float weights";

const BY_WORDS = "until then searches go by words alone";

export const model = defineCheck({
  name: "model",
  evaluate(_, { runtime: { embeddings: { configured, serving, reranker, fixed = false }, health: { languages } } }) {
    const { status } = configured;
    if (status.held) {
      const [message = "", action = ""] = (status.error ?? "").split(/: (?=run )/);
      return {
        state: "degraded",
        message: `${message}; searches go by words alone`,
        action: `${action.charAt(0).toUpperCase()}${action.slice(1)}, or unset MCP_EMBEDDING_URL`,
        since: status.failed_since ?? status.since,
      };
    }
    if (status.state === "failed" || status.failed_since !== undefined) {
      const former = serving !== null && serving !== configured && serving.status.state === "ready";
      return {
        state: former ? "degraded" : "unhealthy",
        message: `Cannot use the embedding model: ${status.error ?? "it failed"}`,
        action: `Put the model's files or its server in order; the service tries again by itself, ${
          former ? "and searches with the former model until then" : BY_WORDS
        }`,
        since: status.failed_since ?? status.since,
      };
    }
    if (status.state === "loading") {
      const share = status.progress === undefined ? "" : `: ${Math.round(status.progress * 100)} %`;
      return { state: "starting", message: `The embedding model is loading${share}; ${BY_WORDS}`, since: status.since };
    }
    if (status.state === "closed") {
      return { state: "off", message: "The embedding model was closed", since: status.since };
    }
    if (status.warning !== undefined) {
      return { state: "degraded", message: status.warning, action: DIFFERENT_VECTORS, since: status.since };
    }
    if (reranker?.status.state === "failed") {
      return {
        state: "degraded",
        message: `Cannot use the reranker: ${reranker.status.error ?? "it failed"}`,
        action: "Check MCP_RERANK_MODEL; it is tried again by itself, and until then results keep their first order",
        since: reranker.status.since,
      };
    }
    const { cache_error } = configured.counters;
    if (cache_error !== null) {
      return {
        state: "degraded",
        message: cache_error,
        action: "Check MCP_EMBEDDING_CACHE_PATH and its disk; without it embeddings are computed again",
      };
    }
    const { name = "", dimensions = 0 } = configured.identity ?? {};
    const second = reranker === undefined ? "" : `; reranker ${reranker.model} ${reranker.status.state}`;
    const message = `${name}, ${dimensions} dimensions${second}`, { since } = status;
    // Texts in other languages are no fault: they are found by their words.
    const foreign = foreignTexts(name, languages.last, fixed);
    if (foreign === null) return { state: "healthy", message, since };
    return { state: "healthy", message: `${message}; ${foreign.message}`, action: foreign.action, since };
  },
});

/** Shares of the limit at which the queue counts as nearly full, and at which it no longer does. */
const QUEUE_CROWDED = 0.8, QUEUE_ROOMY = 0.5;

export const queue = defineCheck({
  name: "queue",
  evaluate(_, { runtime: { embeddings: { configured, serving } }, before }) {
    const { queue_depth: depth, queue_limit: limit, queue_wait_ms: wait } = (serving ?? configured).counters;
    const waiting = depth === 0 ? "" : `, about ${(wait / 1000).toFixed(1)} s`;
    const shown = `${depth} of ${limit} texts wait for the model${waiting}`;
    const crowded = before?.state === "degraded" || before?.state === "unhealthy";
    if (depth < limit * (crowded ? QUEUE_ROOMY : QUEUE_CROWDED)) return { state: "healthy", message: shown };
    return {
      state: depth >= limit ? "unhealthy" : "degraded",
      message: depth >= limit ? `${shown}; more are refused with 429` : shown,
      action: "Send less at once, or give the model more cores (MCP_EMBEDDING_THREADS); it drains by itself",
    };
  },
});

const MB = 2 ** 20;
/** Free space below which it is time to act: a tenth of the disk, but no more than room for a checkpoint and a copy. */
const LOW_SPACE_SHARE = 0.1, LOW_SPACE_BYTES = 1024 * MB;
/** Below a tenth of that a write may fail any moment: the write-ahead log alone may grow to 64 MB. */
const CRITICAL_SPACE = 0.1;
/** Space must exceed a bound by so much before the state improves. */
const SPACE_MARGIN = 1.2;

/** Room on a disk, in bytes. */
export interface DiskSpace {
  total: number;
  free: number;
}

interface DiskObservation {
  space: DiskSpace | null;
  /** A write that failed for want of room. */
  full: StoreIssue | undefined;
}

/** Room on the disk of a folder; null where it is unknown. */
export async function diskSpace(folder: string): Promise<DiskSpace | null> {
  const found = await statfs(folder).catch(() => null);
  return found && { total: found.blocks * found.bsize, free: found.bavail * found.bsize };
}

/** What is said of a disk. `before` is the state it was found in the last time. */
export function evaluateSpace({ total, free }: DiskSpace, before?: string): CheckResult {
  const low = Math.min(LOW_SPACE_BYTES, total * LOW_SPACE_SHARE), critical = low * CRITICAL_SPACE;
  const message = `${megabytes(free)} of ${megabytes(total)} free`;
  const below = (bound: number, ...worse: string[]) => free < bound * (worse.includes(before ?? "") ? SPACE_MARGIN : 1);
  const action = "Free space on the disk that holds the data, or move the data to a larger one";
  if (below(critical, "unhealthy")) return { state: "unhealthy", message: `Only ${message}`, action };
  if (below(low, "unhealthy", "degraded")) return { state: "degraded", message: `Only ${message}`, action };
  return { state: "healthy", message };
}

export const disk = defineCheck<DiskObservation>({
  name: "disk",
  async observe({ health }, { condition }) {
    const [space, issues] = await Promise.all([
      diskSpace(health.settings.dataFolder),
      condition().then(({ issues }) => issues, () => []),
    ]);
    return { space, full: issues.find(({ kind }) => kind === "full") };
  },
  evaluate({ space, full }, { before }) {
    if (full !== undefined) {
      const { message, action, since } = full;
      return { state: "unhealthy", message, action, ...(since === undefined ? {} : { since }) };
    }
    return space === null
      ? { state: "off", message: "No data on a disk of this machine" }
      : evaluateSpace(space, before?.state);
  },
});

function megabytes(bytes: number): string {
  return bytes < 10_000 * MB ? `${Math.floor(bytes / MB)} MB` : `${Math.floor(bytes / 2 ** 30)} GB`;
}

/** Milliseconds without progress after which a run counts as stuck. */
const STUCK_MS = 600_000;
/** Parts whose faults stop the work too; it is not blamed for them. */
const CAUSES = ["store", "model", "disk", "queue"];

export const work = defineCheck({
  name: "work",
  evaluate(_, { runtime: { health, background }, now, others }) {
    // Backups have a part of their own.
    const states = health.work.states.filter(({ name }) => name !== BACKUP_JOB);
    const causes = CAUSES.map((name) => others.get(name)).filter((part) => part !== undefined);
    const waitsFor = causes.find((cause) => !works(cause));
    if (waitsFor !== undefined) {
      return { state: "healthy", message: `Waits for the ${waitsFor.name}` };
    }
    const healthySince = Math.max(0, ...causes.map(({ since }) => since));
    // A failure from before the cause was mended counts when it comes again.
    const failing = states.find(({ failing }) => failing !== null && failing.last > healthySince && failing.times > 1);
    if (failing?.failing) {
      const { error, since } = failing.failing;
      return {
        state: "degraded",
        message: `Cannot ${failing.name}: ${error}`,
        action: "Read the log; the work is tried again by itself",
        since,
      };
    }
    const stuck = states.find(({ running }) => running !== null && now - running.movedAt > STUCK_MS);
    if (stuck?.running) {
      const { done, total, movedAt } = stuck.running;
      return {
        state: "degraded",
        message: `The work to ${stuck.name} is stuck at ${done} of ${total}`,
        action: "Start the service again; the work goes on from where it is",
        since: movedAt,
      };
    }
    if (!background.here && background.holder !== null) {
      return { state: "healthy", message: `Done by ${background.holder}` };
    }
    const running = states.filter(({ running }) => running !== null)
      .map(({ name, running }) => `${name}: ${running!.done} of ${running!.total}`);
    const archived = health.archived === null ? "" : `; ${health.archived}`;
    return { state: "healthy", message: `${running.length === 0 ? "Nothing to do" : running.join(", ")}${archived}` };
  },
});

/** Seconds by which a memory may seem to come from the future: clocks of replicas differ a little. */
const FUTURE_SECONDS = 60;
/** Seconds by which the store's server may differ; its answers tell whole seconds. */
const SERVER_SECONDS = 5;

/** Times that the clock is compared with. */
export interface TimeWitnesses {
  reading: ClockReading;
  /** `created_at` of the newest memory, in Unix seconds. */
  newest: number | null;
  /** Seconds by which the store's server is ahead. */
  serverAhead: number | null;
}

/** What is said of the clock. @param now Unix milliseconds. */
export function evaluateClock({ reading, newest, serverAhead }: TimeWitnesses, now: number): CheckResult {
  const action = "Have the machine's clock synchronised (NTP)";
  if (reading.behind > 0) {
    return {
      state: "degraded",
      message: `The clock was set back; for ${
        spanText(reading.behind / 1000)
      } more, new memories may be dated before older ones`,
      action,
    };
  }
  if (serverAhead !== null && Math.abs(serverAhead) > SERVER_SECONDS) {
    const way = serverAhead > 0 ? "behind" : "ahead of";
    return { state: "degraded", message: `The clock is ${spanText(Math.abs(serverAhead))} ${way} the store's`, action };
  }
  const future = newest === null ? 0 : newest - now / 1000;
  if (future > FUTURE_SECONDS) {
    return {
      state: "degraded",
      message: `The newest memory is dated ${spanText(future)} in the future`,
      action: `${action}; if it is right, the memory came with a wrong date, which deleting and storing it again mends`,
    };
  }
  const ahead = reading.ahead < 5000 ? "" : `; moved ahead by ${spanText(reading.ahead / 1000)} since the start`;
  return { state: "healthy", message: `Steady${ahead}` };
}

export const clock = defineCheck<Omit<TimeWitnesses, "reading">>({
  name: "clock",
  async observe(_, { condition, newest }) {
    const [serverAhead, last] = await Promise.all([
      condition().then(({ clock_ahead }) => clock_ahead ?? null, () => null),
      newest(),
    ]);
    return { newest: last, serverAhead };
  },
  evaluate: (witnesses, { runtime: { health }, now }) =>
    evaluateClock({ ...witnesses, reading: health.clock.read() }, now),
});

function spanText(count: number): string {
  if (count < 120) return `${Math.ceil(count)} s`;
  return count < 172_800 ? `${Math.round(count / 60)} min` : `${Math.round(count / 86_400)} days`;
}

/** Intervals after which a backup counts as overdue: one may be late, or be made while the service is off. */
const OVERDUE_INTERVALS = 2;
const HOUR_MS = 3_600_000;

/** What is known of the backups. */
export interface BackupFacts {
  /** Hours between two; 0 where none are made. */
  intervalHours: number;
  /** Unix milliseconds of the newest; null when there is none. */
  newest: number | null;
  /** Why the last try failed; null when it didn't. */
  error: string | null;
  /** Unix milliseconds since which backups have been expected. */
  expectedSince: number;
}

/** What is said of the backups. @param now Unix milliseconds. */
export function evaluateBackups(
  { intervalHours, newest, error, expectedSince }: BackupFacts,
  now: number,
): CheckResult {
  if (intervalHours === 0) return { state: "off", message: "None are made by the service" };
  const age = newest === null ? "there is none yet" : `the newest is ${ageText(now - newest)} old`;
  const action = "Check the rights and the room of the backup folder, and the log; the next try comes by itself";
  if (error !== null) return { state: "degraded", message: `The last backup failed: ${error}; ${age}`, action };
  if (now - Math.max(newest ?? 0, expectedSince) > OVERDUE_INTERVALS * intervalHours * HOUR_MS) {
    return { state: "degraded", message: `No backup was made in time; ${age}`, action };
  }
  return { state: "healthy", message: `Every ${intervalHours} hours; ${age}` };
}

export const backups = defineCheck({
  name: "backups",
  evaluate(_, { runtime: { backups: { interval_hours, last_success, last_failure }, startedAt }, now }) {
    const newest = last_success === null ? null : last_success * 1000;
    const error = last_failure?.message ?? null;
    return evaluateBackups({ intervalHours: interval_hours ?? 0, newest, error, expectedSince: startedAt }, now);
  },
});

function ageText(milliseconds: number): string {
  const count = milliseconds / HOUR_MS;
  return count < 48 ? `${count.toFixed(1)} hours` : `${Math.round(count / 24)} days`;
}

export const audit = defineCheck({
  name: "audit",
  evaluate(_, { runtime: { audit: { state: { folder, error, waiting, lost, failingSince } } } }) {
    if (folder === null) return { state: "off", message: "No audit log is kept" };
    const note = lost === 0 ? "" : `; ${lost} entries were lost since the process began`;
    if (error === null) return { state: "healthy", message: `Entries are written${note}` };
    return {
      state: "degraded",
      message: `Cannot write the audit log: ${error}; ${waiting} entries wait${note}`,
      action: "Check the rights and the room of MCP_AUDIT_PATH; requests are answered meanwhile, and it is tried again",
      ...failingSince === null ? {} : { since: failingSince },
    };
  },
});

/** Every check, in the order in which they run and are shown. */
export const CHECKS: readonly HealthCheck[] = [
  listeners,
  transports,
  store,
  outbox,
  model,
  queue,
  disk,
  work,
  clock,
  backups,
  audit,
];
