/**
 * Facts about the machine, for the detailed health answer.
 *
 * @module
 */

import { uploadsOf } from "./documents/queue.ts";
import type { Runtime } from "./runtime.ts";
import { statfs } from "node:fs/promises";
import { availableParallelism, freemem, release, totalmem } from "node:os";

/** What the machine has and how much of it is in use; null where it is unknown. */
export interface MachineFacts {
  platform: string;
  platform_version: string | null;
  runtime: string;
  process_id: number;
  cpu_count: number | null;
  memory_total_gb: number | null;
  memory_available_gb: number | null;
  memory_percent: number | null;
  /** Memory this process holds. */
  process_memory_mb: number | null;
  disk_total_gb: number | null;
  disk_free_gb: number | null;
  disk_percent: number | null;
}

const GB = 2 ** 30, MB = 2 ** 20;

/** Reads the facts; the disk is the one that holds `path`. */
export async function machineFacts(runtime: Runtime, path: string): Promise<MachineFacts> {
  const total = attempt(totalmem), free = attempt(freemem);
  const disk = await statfs(path).catch(() => null);
  const diskTotal = disk && disk.blocks * disk.bsize, diskFree = disk && disk.bavail * disk.bsize;
  return {
    platform: { linux: "Linux", darwin: "Darwin", windows: "Windows" }[Deno.build.os as string] ?? Deno.build.os,
    platform_version: attempt(release),
    runtime: `Deno ${Deno.version.deno}`,
    process_id: Deno.pid,
    cpu_count: attempt(availableParallelism),
    memory_total_gb: scaled(total, GB),
    memory_available_gb: scaled(free, GB),
    memory_percent: used(total, free),
    process_memory_mb: scaled(attempt(() => residentBytes(runtime)), MB),
    disk_total_gb: scaled(diskTotal, GB),
    disk_free_gb: scaled(diskFree, GB),
    disk_percent: used(diskTotal, diskFree),
  };
}

/** Resident memory of this process and of the one that parses documents, while there is one. */
export function residentBytes(runtime: Runtime): number {
  return Deno.memoryUsage().rss + uploadsOf(runtime).parserMemory;
}

/** The process may lack the permission to ask. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function scaled(bytes: number | null, unit: number): number | null {
  return bytes === null ? null : Math.round(bytes / unit * 100) / 100;
}

function used(total: number | null, free: number | null): number | null {
  return total === null || free === null || total === 0 ? null : Math.round((1 - free / total) * 10000) / 100;
}
