/**
 * Leaves nothing behind when a measurement is interrupted: started processes are ended and temporary folders removed.
 *
 * @module
 */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
const INTERRUPTED = 130;

const cleanUps = new Set<() => void>();

/** Registers what an interruption has to undo; the answer takes it back. */
export function onInterrupt(undo: () => void): () => void {
  if (cleanUps.size === 0) { for (const signal of SIGNALS) Deno.addSignalListener(signal, interrupted); }
  cleanUps.add(undo);
  return () => {
    cleanUps.delete(undo);
    if (cleanUps.size === 0) { for (const signal of SIGNALS) Deno.removeSignalListener(signal, interrupted); }
  };
}

function interrupted(): void {
  // The newest first: processes before the folders they write to.
  for (const undo of [...cleanUps].reverse()) {
    try {
      undo();
    } catch (error) {
      console.error(error);
    }
  }
  Deno.exit(INTERRUPTED);
}
