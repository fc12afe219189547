/**
 * Runs the checks, when asked.
 *
 * @module
 */

import type { StoreCondition } from "../../storage/contract/maintenance.ts";
import type { Runtime } from "../runtime.ts";
import type { CheckContext, HealthCheck, Sources } from "./check.ts";
import { CHECKS } from "./checks.ts";
import type { HealthReport } from "./record.ts";
import { type CheckResult, overall, type PartHealth } from "./state.ts";

/** Milliseconds for which a look serves those who ask after it. */
const FRESH_MS = 1000;
/** Milliseconds that a part may take to be looked at before it counts as not answering. */
const PATIENCE_MS = 5000;

/** Runs every check. Those who ask at the same time, or within a second, share one run. Never rejects. */
export function checkHealth(runtime: Runtime, checks: readonly HealthCheck[] = CHECKS): Promise<HealthReport> {
  const { health } = runtime;
  if (health.looking !== undefined) return health.looking;
  if (health.now() - health.lookedAt < FRESH_MS && health.now() >= health.lookedAt) {
    return Promise.resolve(knownHealth(runtime, checks));
  }
  return health.looking = runChecks(runtime, checks).finally(() => health.looking = undefined);
}

/** What is known without looking: checks that observe nothing as they are now, the others as last seen. */
export function knownHealth(runtime: Runtime, checks: readonly HealthCheck[] = CHECKS): HealthReport {
  return evaluateAll(
    runtime,
    checks,
    (check) => check.observe === undefined ? check.evaluate(undefined, contextOf(runtime, check)) : null,
  );
}

async function runChecks(runtime: Runtime, checks: readonly HealthCheck[]): Promise<HealthReport> {
  const sources = sourcesOf(runtime), { health, storage, embeddings } = runtime;
  const [, ...found] = await Promise.all([
    health.languages.look(storage, embeddings.configured.identity?.name),
    ...checks.map(async (check) => [check.name, await inTime(check.observe?.(runtime, sources))] as const),
  ]);
  const observed = new Map(found);
  health.lookedAt = health.now();
  return evaluateAll(runtime, checks, (check) => {
    const seen = observed.get(check.name);
    return seen === LATE ? lateResult(check.name) : check.evaluate(seen, contextOf(runtime, check));
  });
}

/** Takes each check's result over, in the order of the table; null keeps what was found before. */
function evaluateAll(
  { health }: Runtime,
  checks: readonly HealthCheck[],
  resultOf: (check: HealthCheck) => CheckResult | null,
): HealthReport {
  const parts: PartHealth[] = [];
  for (const check of checks) {
    const result = resultOf(check);
    if (result !== null) health.keep(check.name, result);
    const kept = health.parts.get(check.name);
    if (kept !== undefined) parts.push(kept);
  }
  const essential = new Set(checks.filter(({ essential }) => essential).map(({ name }) => name));
  return { status: overall(parts, essential), parts };
}

function contextOf(runtime: Runtime, { name }: HealthCheck): CheckContext {
  const { health } = runtime;
  return { runtime, now: health.now(), before: health.parts.get(name), others: health.parts };
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
