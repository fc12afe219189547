/**
 * Checks the audit log: whether each line follows the one before, whether none is missing, and whether it ends where its
 * last writer left it.
 *
 * A chain of hashes without a secret shows changes by those who don't compute all later hashes again. Those who may write
 * the folder can; an end that was noted elsewhere shows that too.
 *
 * @module
 */

import { join } from "node:path";
import { TimeSlice } from "../../yielding.ts";
import { type ChainEnd, GENESIS, hashOf, parseEntry } from "./entry.ts";
import { firstOf, type Head, headPath, linesOf, listFiles, readHead } from "./files.ts";

/** Faults that are listed; more are counted. */
const TOLD = 100;

/** Something that isn't as it was written. */
export interface AuditFault {
  file: string;
  /** From 1; null where it concerns the whole file. */
  line: number | null;
  message: string;
}

/** What a check found. */
export interface Verification {
  folder: string;
  /** Lines read. */
  entries: number;
  /** Numbers of the first and last entry that are there; null where there are none. */
  first: number | null;
  last: number | null;
  /** Where the chain ends; note it elsewhere to compare with later. */
  end: ChainEnd | null;
  /** Entries before the first one, which were dropped for their size or age. */
  dropped: number;
  faults: AuditFault[];
  fault_count: number;
  /** Whether an entry with the hash that was asked for is in the chain; null where none was. */
  contains: boolean | null;
}

/** What to check. */
export interface VerifyOptions {
  /** An end that was noted earlier. */
  contains?: string | undefined;
}

/** Checks the log in a folder, as it is now; entries may be added meanwhile. */
export async function verifyAudit(folder: string, { contains }: VerifyOptions = {}): Promise<Verification> {
  const { head, sizes } = await snapshot(folder), files = [...sizes.keys()], slice = new TimeSlice();
  const found: Verification = {
    folder,
    entries: 0,
    first: null,
    last: null,
    end: null,
    dropped: 0,
    faults: [],
    fault_count: 0,
    contains: contains === undefined ? null : false,
  };
  const fault = (file: string, line: number | null, message: string) => {
    found.fault_count++;
    if (found.faults.length < TOLD) found.faults.push({ file, line, message });
  };
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let n: number | null = null, hash: string | null = null;
  for (const file of files) {
    let line = 0;
    if (n !== null && firstOf(file) !== n + 1 && sizes.get(file)! > 0) {
      fault(file, null, `The entries ${n + 1} to ${firstOf(file) - 1} before this file are missing`);
    }
    for (const { bytes, ended } of linesOf(join(folder, file), sizes.get(file))) {
      await slice.yieldIfDue();
      line++;
      found.entries++;
      const entry = parseEntry(textOf(bytes, decoder));
      if (!ended) fault(file, line, "The line has no end: the file was cut, or a write broke off");
      if (entry === null) fault(file, line, "The line is no entry");
      else {
        if (line === 1 && entry.n !== firstOf(file)) {
          fault(file, line, `The file begins with entry ${entry.n} instead of ${firstOf(file)}`);
        }
        if (n !== null && entry.n !== n + 1 && !(line === 1 && entry.n === firstOf(file))) {
          fault(file, line, entry.n > n + 1 ? missing(n + 1, entry.n - 1) : `Entry ${entry.n} comes after entry ${n}`);
        }
        if (hash !== null && entry.previous !== hash) {
          fault(
            file,
            line,
            `Entry ${entry.n} does not follow the line before it: that one was changed, or another is gone`,
          );
        }
        if (entry.action === "audit_damaged" || entry.action === "audit_lost") {
          fault(file, line, `Entry ${entry.n} of ${entry.time} says: ${entry.detail ?? entry.action}`);
        }
        if (entry.action === "audit_dropped") found.dropped = Math.max(found.dropped, entry.gone?.last ?? 0);
        if (found.first === null) {
          found.first = entry.n;
          if (entry.n === 1 && entry.previous !== GENESIS) fault(file, line, "The first entry follows another one");
        }
        n = found.last = entry.n;
      }
      hash = hashOf(bytes);
      if (hash === contains) found.contains = true;
    }
  }
  if (n !== null && hash !== null) found.end = { n, hash };
  checkEnds(found, head, files, fault);
  return found;
}

/** What the chain itself can't show: missing entries at its beginning and at its end. */
function checkEnds(
  found: Verification,
  head: Head | null | "missing",
  files: readonly string[],
  fault: (file: string, line: number | null, message: string) => void,
): void {
  const { first, dropped, end } = found, last = files.at(-1) ?? "";
  if (first !== null && first > dropped + 1) {
    fault(files[0]!, null, `${missing(dropped + 1, first - 1)}, and no entry says that they were dropped`);
  }
  if (head === "missing" || head === null) {
    if (files.length > 0) fault(last, null, `audit.head is ${head === null ? "damaged" : "missing"}`);
  } else if (end === null) fault(head.file, null, missing(dropped + 1, head.n));
  else if (end.n < head.n) fault(last, null, `${missing(end.n + 1, head.n)} at the end: the file was cut`);
  else if (end.n === head.n && end.hash !== head.hash) fault(last, null, `The last line, entry ${end.n}, was changed`);
}

/** Milliseconds between two tries to look while no process writes, and how many there are. */
const BUSY_MS = 5, TRIES = 400;

/** What there is at one moment, at which no process writes, unless one doesn't end its write. */
async function snapshot(folder: string): Promise<{ head: Head | null | "missing"; sizes: Map<string, number> }> {
  const lock = openHead(folder);
  try {
    for (let tries = 0; lock !== null && tries < TRIES && !lock.tryLockSync(false); tries++) {
      await new Promise((resolve) => setTimeout(resolve, BUSY_MS));
    }
    const sizes = listFiles(folder).map((name) => [name, Deno.statSync(join(folder, name)).size] as const);
    return { head: lock === null ? "missing" : readHead(lock), sizes: new Map(sizes) };
  } finally {
    lock?.close();
  }
}

function openHead(folder: string): Deno.FsFile | null {
  try {
    return Deno.openSync(headPath(folder), { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function missing(first: number, last: number): string {
  return first === last ? `Entry ${first} is missing` : `Entries ${first} to ${last} are missing`;
}

function textOf(bytes: Uint8Array, decoder: TextDecoder): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return "";
  }
}
