/**
 * How a process ends: by a signal that asks for it, or however else.
 *
 * @module
 */

import type { Logger } from "../operations/logger.ts";
import { closeSharedStorageNow } from "../storage/shared.ts";

/** Milliseconds after a signal in which another one counts as the same. */
const SAME_SIGNAL_MS = 1000;
/** A signal in the middle of a command that can go on later. */
export class Stopped extends Error {
  override readonly name = "Stopped";
  override readonly message = "Stopped; the same command goes on from here";
  readonly signal: Deno.Signal;

  constructor(signal: Deno.Signal) {
    super();
    this.signal = signal;
  }
}

/** Resolves at the first signal that asks for the end; one that comes later ends the process at once, with `exitCode`. */
export function untilStopped(log: Logger, exitCode: number): Promise<void> {
  return new Promise((resolve) =>
    onStopSignals(() => {
      log.info("Stopping");
      resolve();
    }, () => Deno.exit(exitCode))
  );
}

/**
 * Calls `first` with the first signal that asks for the end, and `later` with one that comes when that didn't help.
 *
 * A signal to a process group comes twice: the group's own, and the one that `deno task` hands on.
 */
export function onStopSignals(first: (signal: Deno.Signal) => void, later: (signal: Deno.Signal) => void): void {
  let asked: number | undefined;
  // SIGHUP is the end of the terminal. Deno ends at it even under nohup.
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      if (asked === undefined) {
        asked = performance.now();
        first(signal);
      } else if (performance.now() - asked > SAME_SIGNAL_MS) later(signal);
    });
  }
}

/** Closes what lies on this machine, however the process ends. Deno 2.9 sends no `unload` after an uncaught error. */
export function closeHoweverItEnds(): void {
  for (const event of ["unload", "error", "unhandledrejection"]) addEventListener(event, closeSharedStorageNow);
  // A limit on the size of files would otherwise end the process; now the write fails, and its client gets the error.
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}
