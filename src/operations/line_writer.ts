/**
 * Writes log lines in fewer pieces. A write for each request would wake whoever reads the log thousands of times a
 * second, which costs more than all the counting.
 *
 * @module
 */

/** Milliseconds that a line may wait for others. */
const WAIT_MS = 50;
/** Characters after which it doesn't. */
const ENOUGH = 16_384;

/** Takes lines. */
export interface LineWriter {
  /** @param canWait Whether it may be lost when the process is killed within the next moments. */
  write(line: string, canWait: boolean): void;
  /** Writes what waits. */
  flush(): void;
}

/** A writer that hands whole lines, in their order, to `write`, which may take a part of the bytes and says how many. */
export function createLineWriter(write: (bytes: Uint8Array) => number): LineWriter {
  const encoder = new TextEncoder();
  let waiting = "", timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    let bytes = encoder.encode(waiting);
    waiting = "";
    while (bytes.length > 0) bytes = bytes.subarray(write(bytes));
  };
  return {
    write: (line, canWait) => {
      waiting += `${line}\n`;
      if (!canWait || waiting.length > ENOUGH) flush();
      else timer ??= setTimeout(flush, WAIT_MS);
    },
    flush,
  };
}
