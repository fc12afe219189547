/**
 * A part of the service and what is said of it. A part's judgement is a pure function of what was observed, so that
 * tests steer it with plain values.
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

/** What is said of a part. Messages are written for the operator. */
export interface Finding {
  state: PartState;
  message: string;
  /** What to do about it; given whenever the state is `degraded` or `unhealthy`. */
  action?: string;
  /** Unix milliseconds at which the state began, where the part knows; otherwise the moment it was first seen. */
  since?: number;
}

/** A finding with the part's name and the beginning of its state. */
export interface PartHealth {
  name: string;
  state: PartState;
  /** Unix milliseconds. */
  since: number;
  message: string;
  action: string | null;
}

/** What several parts look at; each is read once a look. */
export interface Sources {
  /** The store's condition; rejects with what keeps it from answering. */
  condition: () => Promise<StoreCondition>;
  /** `created_at` of the newest memory, in Unix seconds; null when there is none or it can't be read. */
  newest: () => Promise<number | null>;
}

/** What a judgement may look at beside what its part observed. */
export interface Scene {
  runtime: Runtime;
  /** Unix milliseconds. */
  now: number;
  /** What was found the last time; for states that must not flap. */
  before: PartHealth | undefined;
  /** The parts judged before this one, in the order of the table. */
  others: ReadonlyMap<string, PartHealth>;
}

/** A part of the service. */
export interface Part<Observed = unknown> {
  name: string;
  /** Without it no request can be served, so that it makes the whole service unhealthy. */
  essential?: boolean;
  /** Looks at what takes time; parts without it know all by themselves. Never rejects. */
  observe?(runtime: Runtime, sources: Sources): Promise<Observed>;
  judge(observed: Observed, scene: Scene): Finding;
}

/** An entry of the table of parts, with the type of what it observes checked and then dropped. */
export function definePart<Observed = undefined>(part: Part<Observed>): Part {
  return part as unknown as Part;
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
