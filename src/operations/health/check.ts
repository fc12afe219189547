/**
 * The types of a health check and its result, and what follows from the results of all.
 *
 * @module
 */

import type { StoreCondition } from "../../storage/storage.ts";
import type { Runtime } from "../runtime.ts";

/** `healthy`: everything works; `degraded`: answers, with a part missing; `unhealthy`: can't serve requests. */
export type HealthState = "healthy" | "degraded" | "unhealthy";

/** States of a part; `off`: not in use here; `starting`: not ready yet, and nothing is wrong. */
export const PART_STATES = ["healthy", "degraded", "unhealthy", "starting", "off"] as const;
export type PartState = (typeof PART_STATES)[number];

/** What a check says of its part of the service. Messages are written for the operator. */
export interface CheckResult {
  state: PartState;
  message: string;
  /** What to do about it; given whenever the state is `degraded` or `unhealthy`. */
  action?: string;
  /** Unix milliseconds at which the state began, where the part knows; otherwise the moment it was first seen. */
  since?: number;
}

/** A result with the part's name and the beginning of its state. */
export interface PartHealth {
  name: string;
  state: PartState;
  /** Unix milliseconds. */
  since: number;
  message: string;
  action: string | null;
}

/** What several checks look at; each is read once a look. */
export interface Sources {
  /** The store's condition; rejects with what keeps it from answering. */
  condition: () => Promise<StoreCondition>;
  /** `created_at` of the newest memory, in Unix seconds; null when there is none or it can't be read. */
  newest: () => Promise<number | null>;
}

/** What a check may look at beside what it observed. */
export interface CheckContext {
  runtime: Runtime;
  /** Unix milliseconds. */
  now: number;
  /** What was found the last time; for states that must not flap. */
  before: PartHealth | undefined;
  /** Results of the checks before this one, in the order of the table, by name. */
  others: ReadonlyMap<string, PartHealth>;
}

/** A check of one part of the service. */
export interface HealthCheck<Observed = unknown> {
  name: string;
  /** Without it no request can be served, so that it makes the whole service unhealthy. */
  essential?: boolean;
  /** Looks at what takes time; a check without it reads only what this process knows. Never rejects. */
  observe?(runtime: Runtime, sources: Sources): Promise<Observed>;
  evaluate(observed: Observed, context: CheckContext): CheckResult;
}

/** An entry of the table, with the type of what it observes checked and then dropped. */
export function defineCheck<Observed = undefined>(check: HealthCheck<Observed>): HealthCheck {
  return check as unknown as HealthCheck;
}

/**
 * The state of the whole: `unhealthy` when an essential part is, `degraded` when any other part is not as it should be,
 * `healthy` otherwise.
 */
export function overall(parts: readonly PartHealth[], essential: ReadonlySet<string>): HealthState {
  if (parts.some(({ name, state }) => state === "unhealthy" && essential.has(name))) return "unhealthy";
  return parts.every(({ state }) => state === "healthy" || state === "off") ? "healthy" : "degraded";
}

/** The part that matters most now; undefined when all are as they should be. */
export function worst(parts: readonly PartHealth[]): PartHealth | undefined {
  for (const state of ["unhealthy", "degraded", "starting"]) {
    const found = parts.find((part) => part.state === state);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a part stands where work that needs it can be expected to succeed. */
export function works(part: PartHealth | undefined): boolean {
  return part === undefined || part.state === "healthy" || part.state === "off";
}
