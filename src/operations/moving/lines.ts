/**
 * Lines out of a stream of bytes, in bounded memory.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { TimeSlice } from "../../yielding.ts";

const NEWLINE = 10;
/** Bytes hashed between two pauses: some tenths of a millisecond. */
const HASHED_AT_ONCE = 256 * 1024;

/** A line of a stream. */
export interface Line {
  /** From 1. */
  number: number;
  /** Without the newline; null for a line beyond the limit, whose bytes are dropped. */
  bytes: Uint8Array | null;
  /** SHA-256 of all bytes before the line, in hexadecimal digits. */
  hashBefore(): string;
  /** Bytes from the stream's start to the line's end. */
  end: number;
  /** Whether a newline ends it; a line without is the last, and may be cut. */
  ended: boolean;
}

/** Yields the lines; empty ones too, so that their numbers are those an editor shows. */
export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
  hash: Hash = createHash("sha256"),
): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [], size = 0, tooLong = false, number = 0, end = 0;
  const keep = (part: Uint8Array) => {
    size += part.length;
    if (!tooLong) parts.push(part);
    if (size <= maxBytes) return;
    // A line this long is hashed as it comes and not kept.
    for (const kept of tooLong ? [part] : parts) hash.update(kept);
    [parts, tooLong] = [[], true];
  };
  const take = (ended: boolean): Line => {
    end += size + (ended ? 1 : 0);
    const bytes = tooLong ? null : parts.length === 1 ? parts[0]! : joined(parts, size);
    return { number: ++number, bytes, ended, end, hashBefore: () => hash.copy().digest("hex") };
  };
  const timeSlice = new TimeSlice();
  for await (const chunk of stream) {
    let from = 0;
    for (let at; (at = chunk.indexOf(NEWLINE, from)) >= 0; from = at + 1) {
      keep(chunk.subarray(from, at));
      const line = take(true);
      yield line;
      for (let at = 0; at < (line.bytes?.length ?? 0); at += HASHED_AT_ONCE) {
        hash.update(line.bytes!.subarray(at, at + HASHED_AT_ONCE));
        await timeSlice.yieldIfDue();
      }
      hash.update("\n");
      [parts, size, tooLong] = [[], 0, false];
      // A stream may hold nothing but ends of lines.
      await timeSlice.yieldIfDue();
    }
    if (from < chunk.length) keep(chunk.slice(from)); // a copy, for the reader may use its buffer again
  }
  if (size > 0) yield take(false);
}

function joined(parts: Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
