/**
 * The machine that figures were taken on, without anything that names it.
 *
 * @module
 */

import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** Facts that figures depend on. */
export interface Machine {
  os: string;
  processor: string;
  cores: number;
  memory_gb: number;
  deno: string;
  /** Mean number of running processes in the minute before: other work on the machine shows here. */
  load: number;
}

/** What this machine is. */
export function machine(): Machine {
  return {
    os: `${Deno.build.os} ${Deno.build.arch}`,
    processor: cpus()[0]?.model.trim() || "unknown processor",
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 2 ** 30),
    deno: Deno.version.deno,
    load: Math.round(loadavg()[0]! * 100) / 100,
  };
}

/** The facts as a line. */
export function describe({ os, processor, cores, memory_gb, deno, load }: Machine): string {
  return `${os}, ${processor}, ${cores} cores, ${memory_gb} GB, Deno ${deno}, load ${load} at the start`;
}
