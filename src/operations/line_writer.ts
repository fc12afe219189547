/**
 * Writes log lines in fewer pieces. A write for each request would wake the reader of the log thousands of times a
 * second, which costs more than all the counting.
 *
 * Nothing here throws: a service must not end because the reader of its log went away or the disk is full.
 *
 * @module
 */

/** Milliseconds that a line may wait for others, and until a pipe that is full is tried again. */
const WAIT_MS = 50;
/** Characters after which it doesn't. */
const ENOUGH = 16_384;
/** Bytes that wait for a pipe that is full, at most; lines beyond are lost. */
const MOST_HELD = 1 << 20;

/** Takes lines. */
export interface LineWriter {
  /** @param canWait Whether it may be lost when the process is killed within the next moments. */
  write(line: string, canWait: boolean): void;
  /** Writes what waits, as far as it is taken. */
  flush(): void;
}

/**
 * A writer that hands whole lines, in their order, to `write`, which may take a part of the bytes and returns how many,
 * or throws. `WouldBlock` means later; after any other error the lines at hand are lost, and the next ones are tried.
 */
export function createLineWriter(write: (bytes: Uint8Array) => number): LineWriter {
  const encoder = new TextEncoder();
  let waiting = "", timer: ReturnType<typeof setTimeout> | undefined;
  /** Bytes that a full pipe didn't take yet. */
  let held: Uint8Array<ArrayBufferLike> = new Uint8Array();
  /** Whether the last line written is one of which the end was lost. */
  let cut = false;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const text = encoder.encode(cut ? `\n${waiting}` : waiting);
    const all = held.length === 0 ? text : held.length + text.length > MOST_HELD ? held : joined(held, text);
    waiting = "";
    const { taken, blocked } = writeAll(write, all);
    if (blocked || taken === all.length) cut = false;
    else if (taken > 0) cut = all[taken - 1] !== NEWLINE;
    held = blocked ? all.subarray(taken) : new Uint8Array();
    if (blocked) timer = setTimeout(flush, WAIT_MS);
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

const NEWLINE = 10;

/** Writes as much as is taken. When `blocked` is set the rest can go later; otherwise it is lost. */
function writeAll(write: (bytes: Uint8Array) => number, bytes: Uint8Array): { taken: number; blocked: boolean } {
  let taken = 0;
  try {
    while (taken < bytes.length) {
      const more = write(bytes.subarray(taken));
      if (more <= 0) return { taken, blocked: true };
      taken += more;
    }
  } catch (error) {
    return { taken, blocked: error instanceof Deno.errors.WouldBlock };
  }
  return { taken, blocked: false };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
