/**
 * The files of the audit log in their folder: `audit-N.jsonl`, named by the number of their first entry, and
 * `audit.head`, which says where the chain ends and carries the lock that writers take in turns.
 *
 * @module
 */

import { join } from "node:path";
import { type AuditEntry, type ChainEnd, hashOf, parseEntry } from "./entry.ts";

/** Name of the file that says where the chain ends. */
export const HEAD_FILE = "audit.head";
/** Bytes of the head; one write replaces it whole. */
const HEAD_BYTES = 256;
/** Bytes read at once, and the most that a line can have before it counts as damaged. */
const PIECE_BYTES = 65_536;

const NAME = /^audit-(\d{12})\.jsonl$/;
const NEWLINE = 10;

/** Where the chain ends, as the last writer left it. */
export interface Head extends ChainEnd {
  /** Name of the last file; empty before the first entry. */
  file: string;
  /** Bytes of that file. */
  bytes: number;
}

/** Name of the file that begins with entry `n`. */
export function fileName(n: number): string {
  return `audit-${String(n).padStart(12, "0")}.jsonl`;
}

/** Number of the first entry of a file, by its name. */
export function firstOf(file: string): number {
  return Number(NAME.exec(file)?.[1] ?? 0);
}

/** Names of the log's files, oldest first. None where the folder doesn't exist. */
export function listFiles(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name).filter((name) => NAME.test(name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** What the head says; null for an empty or unreadable one. */
export function readHead(file: Deno.FsFile): Head | null {
  const bytes = new Uint8Array(HEAD_BYTES);
  file.seekSync(0, Deno.SeekMode.Start);
  let read = 0;
  for (let more: number | null; read < HEAD_BYTES && (more = file.readSync(bytes.subarray(read))) !== null;) {
    read += more;
  }
  try {
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, read))) as Head;
    const whole = Number.isSafeInteger(head.n) && Number.isSafeInteger(head.bytes) &&
      /^[0-9a-f]{64}$/.test(head.hash) &&
      NAME.test(head.file);
    return whole ? head : null;
  } catch {
    return null;
  }
}

/** Replaces the head. */
export function writeHead(file: Deno.FsFile, head: Head): void {
  file.seekSync(0, Deno.SeekMode.Start);
  writeWhole(file, new TextEncoder().encode(`${JSON.stringify(head).padEnd(HEAD_BYTES - 1)}\n`));
}

/** Writes all bytes where the file stands. */
export function writeWhole(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

/** A line of a file, as its bytes are. */
export interface RawLine {
  /** Without the line break. */
  bytes: Uint8Array;
  /** Whether a line break follows. */
  ended: boolean;
}

/**
 * The lines of a file in order, up to `end` bytes. A line longer than an entry can be comes as its first part, so that a
 * damaged file can't fill the memory.
 */
export function* linesOf(path: string, end = Infinity, from = 0): Generator<RawLine> {
  const file = Deno.openSync(path, { read: true });
  try {
    file.seekSync(from, Deno.SeekMode.Start);
    let rest = new Uint8Array(), at = from;
    const piece = new Uint8Array(PIECE_BYTES);
    while (at < end) {
      const read = file.readSync(piece.subarray(0, Math.min(PIECE_BYTES, end - at)));
      if (read === null) break;
      at += read;
      const bytes = joined(rest, piece.subarray(0, read));
      let start = 0;
      for (let stop = bytes.indexOf(NEWLINE); stop !== -1; stop = bytes.indexOf(NEWLINE, start)) {
        yield { bytes: bytes.slice(start, stop), ended: true };
        start = stop + 1;
      }
      rest = bytes.slice(start);
      if (rest.length > PIECE_BYTES) {
        yield { bytes: rest, ended: false };
        rest = new Uint8Array();
      }
    }
    if (rest.length > 0) yield { bytes: rest, ended: false };
  } finally {
    file.close();
  }
}

/** The last line of a file, and the last one that is an entry. */
export interface Tail {
  /** SHA-256 of the last line; null in an empty file. */
  hash: string | null;
  entry: AuditEntry | null;
  /** Whether the file ends with a line break, or is empty. */
  ended: boolean;
  bytes: number;
}

/** Reads a file to its end. For a head that doesn't fit, which is rare. */
export function tailOf(path: string): Tail {
  const tail: Tail = { hash: null, entry: null, ended: true, bytes: Deno.statSync(path).size };
  const decoder = new TextDecoder();
  for (const { bytes, ended } of linesOf(path, tail.bytes)) {
    tail.hash = hashOf(bytes);
    tail.entry = parseEntry(decoder.decode(bytes)) ?? tail.entry;
    tail.ended = ended;
  }
  return tail;
}

/** Path of the head in a folder. */
export function headPath(folder: string): string {
  return join(folder, HEAD_FILE);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
