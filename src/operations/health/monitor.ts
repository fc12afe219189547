/**
 * Keeps what is known of the parts: who is open and connected, how background work fares, and since when each part has
 * been in its state. Looks only when asked; whatever happens by itself is reported to it.
 *
 * @module
 */

import type { StoreCondition } from "../../storage/storage.ts";
import type { Runtime } from "../runtime.ts";
import { CoverageWatch } from "../coverage.ts";
import { ClockWatch } from "./clock_watch.ts";
import type { CheckContext, CheckResult, HealthCheck, HealthState, PartHealth, Sources } from "./check.ts";
import { overall } from "./check.ts";
import { CHECKS } from "./checks.ts";
import { WorkLog } from "./work_log.ts";

/** Milliseconds for which a look serves those who ask after it. */
const FRESH_MS = 1000;
/** Milliseconds that a part may take to be looked at before it counts as not answering. */
const PATIENCE_MS = 5000;

/** What health is told by the settings. */
export interface HealthSettings {
  /** Folder of the data, whose disk is watched. */
  dataFolder: string;
}

/** What a monitor uses from outside; each has the real thing as default. */
export interface HealthClocks {
  /** Unix milliseconds. */
  now?: () => number;
  /** Milliseconds that only grow. */
  steady?: () => number;
}

/** A server's state. `lost`: it ended without being told to, or can't listen yet; `reason` says why. */
export interface ListenerState {
  address: string;
  state: "open" | "lost";
  /** Unix milliseconds. */
  since: number;
  reason?: string;
}

/** Clients connected by one transport, and how many there may be; null where there is no limit. */
export type TransportUse = () => { open: number; limit: number | null };

/** The state of all parts at one moment. */
export interface HealthReport {
  status: HealthState;
  parts: PartHealth[];
}

/** The health of one process. */
export class HealthMonitor {
  readonly settings: HealthSettings;
  readonly listeners = new Map<string, ListenerState>();
  readonly transports = new Map<string, TransportUse>();
  readonly work: WorkLog;
  readonly clock: ClockWatch;
  readonly coverage = new CoverageWatch();
  /** Set when the service begins to stop: from then on it is not ready. */
  stopping = false;
  readonly #checks: readonly HealthCheck[];
  readonly #essential: ReadonlySet<string>;
  readonly #now: () => number;
  readonly #kept = new Map<string, PartHealth>();
  #looking: Promise<HealthReport> | undefined;
  #lookedAt = -Infinity;

  constructor(
    settings: HealthSettings,
    { now = Date.now, steady = () => performance.now() }: HealthClocks = {},
    checks = CHECKS,
  ) {
    this.settings = settings;
    this.#now = now;
    this.#checks = checks;
    this.#essential = new Set(checks.filter(({ essential }) => essential).map(({ name }) => name));
    this.work = new WorkLog(now);
    this.clock = new ClockWatch(now, steady);
  }

  /** Addresses that this process listens on now, such as `http://127.0.0.1:8000`. */
  addresses(): string[] {
    return [...this.listeners.values()].filter(({ state }) => state === "open").map(({ address }) => address);
  }

  /** Runs every check. Those who ask at the same time, or within a second, share one look. Never rejects. */
  look(runtime: Runtime): Promise<HealthReport> {
    if (this.#looking !== undefined) return this.#looking;
    if (this.#now() - this.#lookedAt < FRESH_MS && this.#now() >= this.#lookedAt) {
      return Promise.resolve(this.glance(runtime));
    }
    return this.#looking = this.#look(runtime).finally(() => this.#looking = undefined);
  }

  /** What is known without looking: checks that observe nothing as they are now, the others as last seen. */
  glance(runtime: Runtime): HealthReport {
    return this.#evaluate((check) =>
      check.observe === undefined ? check.evaluate(undefined, this.#context(runtime, check)) : null
    );
  }

  /** A part as last seen; undefined before the first look. */
  part(name: string): PartHealth | undefined {
    return this.#kept.get(name);
  }

  async #look(runtime: Runtime): Promise<HealthReport> {
    const sources = sourcesOf(runtime);
    const observed = new Map(
      await Promise.all(
        this.#checks.map(async (check) => [check.name, await inTime(check.observe?.(runtime, sources))] as const),
      ),
    );
    this.#lookedAt = this.#now();
    return this.#evaluate((check) => {
      const seen = observed.get(check.name);
      return seen === LATE ? lateResult(check.name) : check.evaluate(seen, this.#context(runtime, check));
    });
  }

  /** Takes each check's result over, in the order of the table; null keeps what was found before. */
  #evaluate(resultOf: (check: HealthCheck) => CheckResult | null): HealthReport {
    const parts: PartHealth[] = [];
    for (const check of this.#checks) {
      const result = resultOf(check);
      if (result !== null) this.#keep(check.name, result);
      const kept = this.#kept.get(check.name);
      if (kept !== undefined) parts.push(kept);
    }
    return { status: overall(parts, this.#essential), parts };
  }

  #context(runtime: Runtime, { name }: HealthCheck): CheckContext {
    return { runtime, now: this.#now(), before: this.#kept.get(name), others: this.#kept };
  }

  #keep(name: string, { state, message, action, since }: CheckResult): void {
    const before = this.#kept.get(name);
    const began = since ?? (before?.state === state ? before.since : this.#now());
    this.#kept.set(name, { name, state, since: began, message, action: action ?? null });
  }
}

const LATE = Symbol("late");

/** What `observing` gives, or `LATE`. */
async function inTime(observing: Promise<unknown> | undefined): Promise<unknown> {
  if (observing === undefined) return undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((resolve) => timer = setTimeout(() => resolve(LATE), PATIENCE_MS));
  try {
    return await Promise.race([observing, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lateResult(name: string): CheckResult {
  return {
    state: "unhealthy",
    message: `Does not answer within ${PATIENCE_MS / 1000} seconds`,
    action: `Look at what the ${name} depends on: its disk or its server hangs`,
  };
}

/** Each source is read when the first check asks for it. */
function sourcesOf({ storage }: Runtime): Sources {
  let condition: Promise<StoreCondition> | undefined, newest: Promise<number | null> | undefined;
  return {
    condition: () => condition ??= storage.ping().then(() => storage.condition()),
    newest: () =>
      newest ??= storage.list({ filter: {}, offset: 0, limit: 1 })
        .then(({ memories }) => memories[0]?.created_at ?? null, () => null),
  };
}
