/**
 * What the process takes: memory, processor time, and how late its timers are.
 *
 * @module
 */

import process from "node:process";
import type { Registry } from "./registry.ts";

/**
 * Milliseconds between two looks at the clock. A delay is found for certain when it is longer than this, which costs ten
 * timers a second. (`monitorEventLoopDelay` of node:perf_hooks gives no usable figures in Deno 2.9.)
 */
const SAMPLE_MS = 100;

/** Facts about the process. */
export interface ProcessFacts {
  version: string;
  /** Unix milliseconds. */
  startedAt: number;
  /** Resident memory of the process and of those it started, in bytes. */
  residentBytes: () => number;
}

/** Measures the process until stopped. */
export function observeProcess(
  metrics: Registry,
  { version, startedAt, residentBytes }: ProcessFacts,
): { stop: () => void } {
  if (!metrics.enabled) return { stop: () => {} };
  metrics.gauge("unimem_build_info").with(version, Deno.version.deno).set(1);
  metrics.gauge("process_start_time_seconds").with().set(startedAt / 1000);
  metrics.observe("process_cpu_seconds_total", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.observe("process_resident_memory_bytes", residentBytes);
  metrics.observe("unimem_heap_used_bytes", () => Deno.memoryUsage().heapUsed);
  metrics.observe("unimem_external_memory_bytes", () => Deno.memoryUsage().external);

  const delay = metrics.histogram("unimem_event_loop_delay_seconds").with();
  let due = performance.now() + SAMPLE_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    delay.observe(Math.max(0, now - due) / 1000);
    due = now + SAMPLE_MS;
  }, SAMPLE_MS);
  Deno.unrefTimer(timer);
  return { stop: () => clearInterval(timer) };
}
