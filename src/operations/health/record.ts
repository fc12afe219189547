/**
 * What is known of the parts' health: who is open and connected, how background work fares, and since when each part has
 * been in its state. Whatever happens by itself is reported here; `monitor.ts` looks at the rest.
 *
 * @module
 */

import { CoverageWatch } from "../coverage.ts";
import { LanguageWatch } from "../languages.ts";
import { ClockWatch } from "./clock_watch.ts";
import type { CheckResult, HealthState, PartHealth } from "./state.ts";
import { WorkLog } from "./work_log.ts";

/** What health gets from the settings. */
export interface HealthSettings {
  /** Folder of the data, whose disk is watched. */
  dataFolder: string;
}

/** What a record uses from outside; each has the real thing as default. */
export interface HealthClocks {
  /** Unix milliseconds. */
  now?: () => number;
  /** Milliseconds that only grow. */
  steady?: () => number;
}

/** A server's state. `lost`: it ended though it should not, or can't listen yet; `reason` says why. */
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

/** The health of one process, as last seen. */
export class HealthRecord {
  readonly settings: HealthSettings;
  readonly listeners = new Map<string, ListenerState>();
  readonly transports = new Map<string, TransportUse>();
  readonly work: WorkLog;
  readonly clock: ClockWatch;
  readonly coverage = new CoverageWatch();
  readonly languages: LanguageWatch;
  /** What was archived lately, in words; null where nothing was. */
  archived: string | null = null;
  /** Set when the service begins to stop: from then on it is not ready. */
  stopping = false;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** A run of all checks that isn't over. */
  looking: Promise<HealthReport> | undefined;
  /** Unix milliseconds of the last such run. */
  lookedAt = -Infinity;
  readonly #parts = new Map<string, PartHealth>();

  constructor(settings: HealthSettings, { now = Date.now, steady = () => performance.now() }: HealthClocks = {}) {
    this.settings = settings;
    this.now = now;
    this.work = new WorkLog(now);
    this.clock = new ClockWatch(now, steady);
    this.languages = new LanguageWatch(steady);
  }

  /** Addresses that this process listens on now, such as `http://127.0.0.1:8000`. */
  addresses(): string[] {
    return [...this.listeners.values()].filter(({ state }) => state === "open").map(({ address }) => address);
  }

  /** The parts as last seen, by name; without those that were never looked at. */
  get parts(): ReadonlyMap<string, PartHealth> {
    return this.#parts;
  }

  /** Keeps a check's result; a state goes on from the moment it began. */
  keep(name: string, { state, message, action, since }: CheckResult): void {
    const before = this.#parts.get(name);
    const began = since ?? (before?.state === state ? before.since : this.now());
    this.#parts.set(name, { name, state, since: began, message, action: action ?? null });
  }
}
