/**
 * The type of a health check and what it gets.
 *
 * @module
 */

import type { StoreCondition } from "../../storage/contract/maintenance.ts";
import type { Runtime } from "../runtime.ts";
import type { CheckResult, PartHealth } from "./state.ts";

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
