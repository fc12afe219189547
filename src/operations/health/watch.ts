/**
 * Looks at the service's health once a minute, so that states begin when they begin and not at the next request, and so
 * that the log tells of them.
 *
 * @module
 */

import type { Logger } from "../logger.ts";
import type { Runtime } from "../runtime.ts";
import { CHECKS } from "./checks.ts";
import { checkHealth } from "./monitor.ts";
import { type PartHealth, works } from "./state.ts";

/** Milliseconds between two looks. */
const INTERVAL_MS = 60_000;

/** A running watch. */
export interface HealthWatch {
  /** Ends the watch and waits for a look in progress. Idempotent. */
  stop(): Promise<void>;
}

/** Watches until stopped. */
export function startHealthWatch(
  runtime: Runtime,
  log: Logger,
  intervalMs = INTERVAL_MS,
  checks = CHECKS,
): HealthWatch {
  let before = new Map<string, PartHealth>();
  const look = async () => {
    const { parts } = await checkHealth(runtime, checks);
    for (const part of parts) {
      const line = change(before.get(part.name), part);
      if (line !== null && !runtime.health.stopping) log[works(part) ? "info" : "warning"](line);
    }
    before = new Map(parts.map((part) => [part.name, part]));
  };
  let running = look();
  const timer = setInterval(() => running = running.then(look), intervalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

/** A line for the log when a part failed, went on failing in another way, recovered, or could be better; null otherwise. */
function change(before: PartHealth | undefined, { name, state, message, action }: PartHealth): string | null {
  if (state === "healthy" && action !== null && before?.action !== action) {
    return `Health: ${name}: ${message}. ${action}`;
  }
  if (state === "starting" || before?.state === state) return null;
  if (state === "degraded" || state === "unhealthy") return `Health: ${name} is ${state}: ${message}. ${action}`;
  return before?.state === "degraded" || before?.state === "unhealthy" ? `Health: ${name} has recovered` : null;
}
