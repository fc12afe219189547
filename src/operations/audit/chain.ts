/**
 * Appends entries to the audit log's files. All processes that share the folder write one chain: each takes the lock for
 * the moment of a write, goes on where the head says the chain ends, and moves the head.
 *
 * Everything here is synchronous. The lock is held for microseconds, no other code of the process runs between the steps
 * of a write, and a process that ends can write what is left.
 *
 * @module
 */

import { join } from "node:path";
import { makePrivateFile, makePrivateFolder } from "../../private_files.ts";
import { type AuditDraft, GENESIS, hashOf, lineAfter, parseEntry, prepare, type PreparedEntry } from "./entry.ts";
import {
  fileName,
  firstOf,
  type Head,
  headPath,
  linesOf,
  listFiles,
  readHead,
  tailOf,
  writeHead,
  writeWhole,
} from "./files.ts";

/** How much is kept, and where. */
export interface AuditSettings {
  folder: string;
  /** Bytes of all files together, about. */
  maxBytes: number;
  /** Days after which entries are dropped; whole files go, so that some stay longer. */
  days: number;
}

/** Files that the bytes are spread over; the oldest one is dropped whole. */
const FILES = 8;
/** Files that the days are spread over. */
const PERIODS = 12;
const DAY_MS = 86_400_000;
/** Milliseconds between two looks for files that are too old. */
const DROP_EVERY_MS = 3_600_000;
/** Milliseconds for which open files are taken for those of their names: asking costs as much as a write. */
const FOUND_MS = 1000;

const BY_ITSELF = { name: null, kind: null } as const;

interface OpenFile {
  name: string;
  file: Deno.FsFile;
  /** Unix milliseconds of its first entry; null while it is empty. */
  began: number | null;
}

/** The files of one folder, as one process writes them. */
export class AuditChain {
  readonly #settings: AuditSettings;
  readonly #now: () => Date;
  #lock: Deno.FsFile | null = null;
  #open: OpenFile | null = null;
  #lookedAt = -Infinity;
  /** When the names of the open files were last found to lead to them, by a clock that only grows. */
  #foundAt = -Infinity;
  /** The head as this process wrote it last. */
  #written: Head | null = null;

  constructor(settings: AuditSettings, now: () => Date = () => new Date()) {
    this.#settings = settings;
    this.#now = now;
  }

  /**
   * Writes entries behind the last one. Whole or not at all.
   *
   * @returns false while another process writes.
   * @throws what the files throw.
   */
  append(entries: readonly PreparedEntry[]): boolean {
    const lock = this.#lockFile();
    if (!lock.tryLockSync(true)) return false;
    try {
      this.#write(lock, entries);
      return true;
    } catch (error) {
      this.#forget();
      throw error;
    } finally {
      lock.unlockSync();
    }
  }

  /** Lets go of the files. */
  close(): void {
    this.#forget();
    this.#lock?.close();
    this.#lock = null;
  }

  #write(lock: Deno.FsFile, entries: readonly PreparedEntry[]): void {
    const { head, damage } = this.#end(lock), now = this.#now().getTime();
    if (head.file === "" || this.#isFull(head, now)) head.file = "";
    const due = head.file === "" || now - this.#lookedAt > DROP_EVERY_MS;
    const dropped = due ? this.#outdated(now) : [];
    const own = [...damage, ...dropped.length === 0 ? [] : [this.#droppedEntry(dropped, head.n)]];
    this.#appendLines(lock, head, [...own.map((draft) => prepare(draft, this.#now(), Deno.pid)), ...entries]);
    // Said before it is done: an entry for files that are still there does no harm, files gone without one do.
    for (const name of dropped) Deno.removeSync(join(this.#settings.folder, name));
    if (due) this.#lookedAt = now;
  }

  #appendLines(lock: Deno.FsFile, head: Head, entries: readonly PreparedEntry[]): void {
    if (entries.length === 0) return;
    let end = { n: head.n, hash: head.hash }, text = "";
    for (const entry of entries) {
      const next = lineAfter(end, entry);
      text += `${next.line}\n`;
      end = next.end;
    }
    const isNew = head.file === "", name = isNew ? fileName(head.n + 1) : head.file;
    const open = this.#openFile(name), before = isNew ? 0 : head.bytes, bytes = new TextEncoder().encode(text);
    try {
      writeWhole(open.file, bytes);
      writeHead(lock, this.#written = { ...end, file: name, bytes: before + bytes.length });
      open.began ??= Date.parse(entries[0]!.time);
    } catch (error) {
      // Half a line would look like damage, and lines without their head would be written again.
      open.file.truncateSync(before);
      throw error;
    }
  }

  /** Where the chain ends now, and entries about what isn't as the last writer left it. */
  #end(lock: Deno.FsFile): { head: Head; damage: AuditDraft[] } {
    const head = readHead(lock), { folder } = this.#settings;
    if (head !== null && head.hash === this.#written?.hash && this.#open?.name === head.file) {
      // Nobody wrote since; what somebody else did to the file shows in its size. Before another file is begun, all is
      // looked at: a writer that ended early may have begun it.
      const isSame = this.#open.file.statSync().size === head.bytes;
      if (isSame && !this.#isFull(head, this.#now().getTime())) return { head, damage: [] };
    }
    if (head !== null) {
      const size = sizeOf(join(folder, head.file));
      if (size === head.bytes) {
        const next = fileName(head.n + 1), begun = sizeOf(join(folder, next)) ?? 0;
        return begun === 0 ? { head, damage: [] } : this.#longer({ ...head, file: next, bytes: 0 }, begun);
      }
      if (size !== null && size > head.bytes) return this.#longer(head, size);
    }
    return this.#rebuilt(head);
  }

  /** A writer may have ended between its lines and its head. */
  #longer(head: Head, size: number): { head: Head; damage: AuditDraft[] } {
    const path = join(this.#settings.folder, head.file), decoder = new TextDecoder();
    let { n, hash } = head;
    for (const { bytes, ended } of linesOf(path, size, head.bytes)) {
      const entry = parseEntry(decoder.decode(bytes));
      if (!ended || entry === null || entry.n !== n + 1 || entry.previous !== hash) return this.#rebuilt(head);
      n = entry.n;
      hash = hashOf(bytes);
    }
    return { head: { n, hash, file: head.file, bytes: size }, damage: [] };
  }

  /** The end by what the files hold, where the head doesn't fit them. */
  #rebuilt(head: Head | null): { head: Head; damage: AuditDraft[] } {
    const { folder } = this.#settings, file = listFiles(folder).at(-1);
    if (file === undefined) {
      if (head === null) return { head: { n: 0, hash: GENESIS, file: "", bytes: 0 }, damage: [] };
      return { head: { ...head, file: "", bytes: 0 }, damage: [damaged("The files of the log are gone", 1, head.n)] };
    }
    const path = join(folder, file), tail = tailOf(path);
    if (!tail.ended) {
      const opened = Deno.openSync(path, { append: true });
      writeWhole(opened, new TextEncoder().encode("\n"));
      opened.close();
      tail.bytes++;
    }
    const last = tail.entry?.n ?? firstOf(file) - 1, n = Math.max(last, head?.n ?? 0);
    const what = head === null
      ? "The end of the log was not noted"
      : head.n > last
      ? "Entries are missing at the end"
      : "The end of the log is not as it was written";
    const gone = n > last ? [last + 1, n] as const : [];
    return {
      head: { n, hash: tail.hash ?? head?.hash ?? GENESIS, file, bytes: tail.bytes },
      damage: [damaged(what, ...gone)],
    };
  }

  #isFull({ file, bytes }: Head, now: number): boolean {
    const { maxBytes, days } = this.#settings;
    if (bytes >= maxBytes / FILES) return true;
    const { began } = this.#openFile(file);
    return began !== null && now - began > days * DAY_MS / PERIODS;
  }

  /** Files that are too old, or too many; never the last one. */
  #outdated(now: number): string[] {
    const { folder, maxBytes, days } = this.#settings, files = listFiles(folder);
    const facts = files.map((name) => Deno.statSync(join(folder, name)));
    let total = facts.reduce((sum, { size }) => sum + size, 0), count = 0;
    while (count < files.length - 1) {
      const { size, mtime } = facts[count]!;
      const old = mtime !== null && now - mtime.getTime() > days * DAY_MS;
      // A file that isn't there yet will have its share.
      if (!old && total + maxBytes / FILES <= maxBytes) break;
      total -= size;
      count++;
    }
    return files.slice(0, count);
  }

  #droppedEntry(names: readonly string[], last: number): AuditDraft {
    const files = listFiles(this.#settings.folder), next = files[files.indexOf(names.at(-1)!) + 1];
    const gone = { first: firstOf(names[0]!), last: next === undefined ? last : firstOf(next) - 1 };
    return {
      caller: BY_ITSELF,
      channel: "service",
      action: "audit_dropped",
      space: null,
      count: gone.last - gone.first + 1,
      outcome: "ok",
      detail: `Entries ${gone.first} to ${gone.last} were dropped for their size or age`,
      gone,
    };
  }

  #lockFile(): Deno.FsFile {
    // Removed while it was open: others lock another file by now.
    if (performance.now() - this.#foundAt > FOUND_MS) {
      this.#foundAt = performance.now();
      if (this.#lock !== null && this.#lock.statSync().nlink === 0) this.close();
      if (this.#open !== null && this.#open.file.statSync().nlink === 0) this.#forget();
    }
    if (this.#lock !== null) return this.#lock;
    const path = headPath(this.#settings.folder);
    makePrivateFolder(this.#settings.folder);
    makePrivateFile(path);
    return this.#lock = Deno.openSync(path, { read: true, write: true });
  }

  #openFile(name: string): OpenFile {
    if (this.#open?.name === name) return this.#open;
    this.#forget();
    const path = join(this.#settings.folder, name);
    makePrivateFile(path);
    const [first] = linesOf(path, 65_536), entry = first && parseEntry(new TextDecoder().decode(first.bytes));
    const began = entry ? Date.parse(entry.time) : null;
    return this.#open = { name, file: Deno.openSync(path, { append: true }), began };
  }

  #forget(): void {
    this.#open?.file.close();
    this.#open = null;
  }
}

function damaged(what: string, first?: number, last?: number): AuditDraft {
  const some = first !== undefined && last !== undefined && last >= first;
  return {
    caller: BY_ITSELF,
    channel: "service",
    action: "audit_damaged",
    space: null,
    count: some ? last - first + 1 : 0,
    outcome: "failed",
    detail: some ? `${what}: entries ${first} to ${last}` : what,
    gone: some ? { first, last } : undefined,
  };
}

function sizeOf(path: string): number | null {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
