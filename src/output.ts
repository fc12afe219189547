/**
 * Standard output and standard error, whose readers may go away at any time.
 *
 * @module
 */

import process from "node:process";

/** Milliseconds between two tries to write to a pipe that is full, and until what isn't taken is given up. */
const RETRY_MS = 5, PATIENCE_MS = 2000;

/** A standard stream of the process. */
type Output = Pick<typeof Deno.stderr, "writeSync">;

/**
 * Writes text, waiting for a pipe that is full as long as it moves.
 *
 * @throws the system's error, such as `BrokenPipe` once the reader has gone.
 */
export function writeText(output: Output, text: string): void {
  const bytes = new TextEncoder().encode(text);
  let moved = performance.now();
  for (let at = 0; at < bytes.length;) {
    const taken = writeSome(output, bytes.subarray(at));
    if (taken > 0) moved = performance.now();
    else if (performance.now() - moved > PATIENCE_MS) throw new Deno.errors.TimedOut("Nothing reads the output");
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    at += taken;
  }
}

function writeSome(output: Output, bytes: Uint8Array): number {
  try {
    return output.writeSync(bytes);
  } catch (error) {
    if (error instanceof Deno.errors.WouldBlock) return 0;
    throw error;
  }
}

/** Writes text to standard error; what can't be written is lost, for there is nowhere left to report it. */
export function writeError(text: string): void {
  try {
    writeText(Deno.stderr, text);
  } catch {
    // It has no reader, or the disk is full.
  }
}

/**
 * Keeps writes to the console and to Node's standard error from ending this isolate, which they do on a full disk and
 * after the reader has gone. Packages, and Node's own warnings, write there unasked.
 */
export function quietConsole(): void {
  process.stderr.on("error", () => {});
  for (const method of ["debug", "error", "info", "log", "warn"] as const) {
    const write = console[method].bind(console);
    console[method] = (...values: unknown[]) => {
      try {
        write(...values);
      } catch {
        // As above.
      }
    };
  }
}
