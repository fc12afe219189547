/**
 * What a check of `doctor` says.
 *
 * @module
 */

import { errorText } from "../../errors.ts";
import type { Finding, PartState } from "../../operations/health/part.ts";

/** Result of one check; checks of parts that the service's health knows have the same names. */
export interface Check {
  name: string;
  state: "ok" | "warning" | "failed" | "skipped";
  message: string;
  /** What to do; null where nothing needs doing. */
  action: string | null;
}

const STATES: Record<PartState, Check["state"]> = {
  healthy: "ok",
  off: "ok",
  starting: "ok",
  degraded: "warning",
  unhealthy: "failed",
};

export const ok = (name: string, message: string): Check => ({ name, state: "ok", message, action: null });
export const warning = (name: string, message: string, action: string): Check => ({
  name,
  state: "warning",
  message,
  action,
});
export const failed = (name: string, message: string, action: string): Check => ({
  name,
  state: "failed",
  message,
  action,
});

/** A finding of the service's health as a check. */
export function checkOf(
  name: string,
  { state, message, action }: Omit<Finding, "action"> & { action?: string | null },
): Check {
  return { name, state: STATES[state], message, action: action ?? null };
}

/** Runs a check; what it throws is its failure. */
export async function attempt(name: string, action: string, run: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await run();
  } catch (error) {
    return [failed(name, errorText(error), action)];
  }
}
