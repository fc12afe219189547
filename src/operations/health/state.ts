/**
 * States of the service's parts, and what follows from all of them.
 *
 * @module
 */

/** `healthy`: everything works; `degraded`: answers, with a part missing; `unhealthy`: can't serve requests. */
export type HealthState = "healthy" | "degraded" | "unhealthy";

/** States of a part; `off`: not in use here; `starting`: not ready yet, and nothing is wrong. */
export const PART_STATES = ["healthy", "degraded", "unhealthy", "starting", "off"] as const;
export type PartState = (typeof PART_STATES)[number];

/** What a check says of its part of the service. Messages are written for the operator. */
export interface CheckResult {
  state: PartState;
  message: string;
  /** What to do about it; given whenever the state is `degraded` or `unhealthy`, else where something could be better. */
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
