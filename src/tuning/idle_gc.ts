/**
 * Gives memory that is free but still held back to the system.
 *
 * @module
 */

import process from "node:process";
import v8 from "node:v8";
import vm from "node:vm";
import { openLibc } from "./libc.ts";

/** Milliseconds between two looks at whether the process is idle. */
const LOOK_MS = 1000;
/** Share of one core below which a process counts as idle: timers and a few searches a second take less. */
const IDLE_SHARE = 0.1;
/**
 * Bytes that V8's heap must have grown by for a collection to be worth its pause: a hundred searches leave the first. The
 * longer nothing was asked, the less likely is a request in that pause, and the less is worth it, down to the second.
 */
const WORTH_BYTES = 6e6, LEAST_BYTES = 2e6;

/** glibc's heap; undefined where the C library is another. */
const heap = openLibrary();
let collect: (() => void) | undefined;

/**
 * Collects garbage, then returns the C heap's free pages. Takes 20 to 50 ms of the calling thread, so it is for a
 * worker with nothing to do.
 *
 * Loading a model leaves 12 MB of garbage from its tokenizer, and holes in the C heap where the file was read: 20 to
 * 45 MB of resident memory that neither V8 nor glibc returns by itself.
 */
export function collectGarbage(): void {
  collect ??= exposedCollector();
  collect();
  heap?.trim();
}

/**
 * Returns the C heap's free pages without collecting garbage, which takes a millisecond. The rows of an index of 100,000
 * memories leave 7 MB of them.
 */
export function trimMalloc(): void {
  heap?.trim();
}

/**
 * Gives back this isolate's memory whenever the process has nothing to do and its heap has grown, until stopped. V8
 * collects when a heap is full, not when there is time for it: start and imports leave 10 to 20 MB of garbage for as
 * long as nothing is asked.
 */
export function startIdleGc(): { stop: () => void } {
  let used = processorMs(), kept = 0, idleLooks = 0, collected = false;
  const timer = setInterval(() => {
    const before = used;
    used = processorMs();
    if (used - before > IDLE_SHARE * LOOK_MS) {
      idleLooks = 0;
      return;
    }
    idleLooks++;
    if (v8.getHeapStatistics().total_heap_size >= kept + Math.max(WORTH_BYTES / idleLooks, LEAST_BYTES)) {
      collectGarbage();
      kept = v8.getHeapStatistics().total_heap_size;
      used = processorMs();
      collected = true;
    } else if (collected) {
      // V8 frees the buffers of what it collected a little later, on another thread.
      collected = false;
      trimMalloc();
    }
  }, LOOK_MS);
  Deno.unrefTimer(timer);
  return { stop: () => clearInterval(timer) };
}

/** What all threads have computed. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** V8's collector can't be asked for unless it was exposed, which a new context notices without a restart. */
function exposedCollector(): () => void {
  try {
    v8.setFlagsFromString("--expose-gc");
    const gc: unknown = vm.runInNewContext("gc");
    return typeof gc === "function" ? () => gc() : () => {};
  } catch {
    return () => {};
  }
}

function openLibrary(): { trim: () => void } | undefined {
  const libc = openLibc({ malloc_trim: { parameters: ["usize"], result: "i32" } });
  return libc === null ? undefined : { trim: () => void libc.malloc_trim(0n) };
}
