/**
 * Gives memory that is free but still held back to the system.
 *
 * @module
 */

import v8 from "node:v8";
import vm from "node:vm";

/** glibc's `malloc_trim`; undefined where the C library is another. */
const trim = openTrim();
let collect: (() => void) | undefined;

/**
 * Collects garbage, then returns the C heap's free pages. Takes 20 to 50 ms of the calling thread, so it is for a
 * worker with nothing to do.
 *
 * Loading a model leaves 12 MB of garbage from its tokenizer, and holes in the C heap where the file was read: 20 to
 * 45 MB of resident memory that neither V8 nor glibc returns by itself.
 */
export function giveBackMemory(): void {
  collect ??= exposedCollector();
  collect();
  trim?.();
}

/**
 * Returns the C heap's free pages without collecting garbage, which takes a millisecond. The rows of an index of 100,000
 * memories leave 7 MB of them.
 */
export function trimHeap(): void {
  trim?.();
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

function openTrim(): (() => void) | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const library = Deno.dlopen("libc.so.6", { malloc_trim: { parameters: ["usize"], result: "i32" } });
    return () => void library.symbols.malloc_trim(0n);
  } catch {
    return undefined;
  }
}
