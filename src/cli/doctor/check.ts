/**
 * The results of `doctor`'s checks: those of the service's health, under the same names, and those of what surrounds it.
 *
 * @module
 */

import { errorText } from "../../errors.ts";
import type { CheckResult } from "../../operations/health/state.ts";

/** What a check found; its name is that of the part of health where there is one. `off` where it could not be made. */
export interface NamedResult extends CheckResult {
  name: string;
}

export const ok = (name: string, message: string): NamedResult => ({ name, state: "healthy", message });
export const skipped = (name: string, message: string): NamedResult => ({ name, state: "off", message });
export const warning = (name: string, message: string, action: string): NamedResult => ({
  name,
  state: "degraded",
  message,
  action,
});
export const failed = (name: string, message: string, action: string): NamedResult => ({
  name,
  state: "unhealthy",
  message,
  action,
});

/** Runs a check; what it throws is its failure. */
export async function attempt(
  name: string,
  action: string,
  run: () => Promise<NamedResult[]>,
): Promise<NamedResult[]> {
  try {
    return await run();
  } catch (error) {
    return [failed(name, errorText(error), action)];
  }
}
