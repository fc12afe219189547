/**
 * Uploaded files on disk, from their arrival until they are read: only this user can read them, they go away when they
 * were used, and what a killed process left is removed at the next start.
 *
 * @module
 */

import { join } from "node:path";
import { MemoryError } from "../errors.ts";

/** Bytes that arriving and waiting files may take together, unless one form alone may have more. */
const MAX_BYTES = 1024 * 1024 * 1024;
const OWNER_FOLDER = 0o700, OWNER_FILE = 0o600;

/** A file in the folder. */
export interface SpooledFile {
  /** Bytes. */
  readonly size: number;
  read(): Promise<Uint8Array<ArrayBuffer>>;
  /** Moves it to a path on the same disk; `remove` then only gives its bytes back. */
  moveTo(path: string): Promise<void>;
  /** Removes it. Idempotent. */
  remove(): Promise<void>;
}

/** A file that is being written. */
export interface SpoolWriter {
  /** @throws {MemoryError} `full` without room on the disk, `unavailable` when all files together take too much. */
  write(bytes: Uint8Array): Promise<void>;
  finish(): SpooledFile;
  /** Removes what was written. Idempotent. */
  discard(): Promise<void>;
}

/** The folder, of which each process has a part of its own. */
export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #name = `${Deno.pid}-${crypto.randomUUID()}`;
  #opened: Promise<{ folder: string; lock: Deno.FsFile }> | undefined;
  #bytes = 0;

  /** @param maxFormBytes The largest form, of which at least one must fit. */
  constructor(folder: string, maxFormBytes: number) {
    this.#folder = folder;
    this.#maxBytes = Math.max(MAX_BYTES, maxFormBytes);
  }

  /** Bytes of all files now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins a file. */
  async create(): Promise<SpoolWriter> {
    const { folder } = await (this.#opened ??= this.#open());
    const path = join(folder, crypto.randomUUID());
    const file = await Deno.open(path, { write: true, createNew: true, mode: OWNER_FILE });
    let size = 0, open = true, there = true;
    const close = () => {
      if (open) file.close();
      open = false;
    };
    const remove = async () => {
      if (!there) return;
      there = false;
      close();
      this.#bytes -= size;
      await Deno.remove(path).catch(() => {});
    };
    return {
      write: async (bytes) => {
        if (this.#bytes + bytes.length > this.#maxBytes) {
          throw new MemoryError("unavailable", "Cannot take an upload: too many files are waiting already", {
            field: "body",
            retryAfterSeconds: 10,
          });
        }
        size += bytes.length;
        this.#bytes += bytes.length;
        try {
          for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
        } catch (cause) {
          throw new MemoryError("full", "Cannot take an upload: the disk has no room for it", { cause });
        }
      },
      finish: () => {
        close();
        return { size, read: () => Deno.readFile(path), moveTo: (to) => Deno.rename(path, to), remove };
      },
      discard: remove,
    };
  }

  /** A folder of its own beside the files, which goes when it is disposed. */
  async folder(): Promise<{ path: string } & AsyncDisposable> {
    const { folder } = await (this.#opened ??= this.#open());
    const path = await Deno.makeTempDir({ dir: folder });
    return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }).catch(() => {}) };
  }

  /** Removes what ended processes left. Never throws: leftovers cost room, nothing else. */
  async removeLeftovers(): Promise<void> {
    try {
      for await (const { name, isDirectory } of Deno.readDir(this.#folder)) {
        if (isDirectory && name !== this.#name) await this.#removeUnowned(name);
      }
    } catch {
      // There is no folder yet.
    }
  }

  /** Removes all of this process's files. */
  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    if (opened === undefined) return;
    await Deno.remove(opened.folder, { recursive: true }).catch(() => {});
    opened.lock.close();
    await Deno.remove(`${opened.folder}.lock`).catch(() => {});
    await Deno.remove(this.#folder).catch(() => {}); // other processes may use it
  }

  /** The lock is there before the folder, so that no other process takes the folder for a leftover. */
  async #open(): Promise<{ folder: string; lock: Deno.FsFile }> {
    const folder = join(this.#folder, this.#name);
    try {
      await Deno.mkdir(this.#folder, { recursive: true, mode: OWNER_FOLDER });
      const lock = await Deno.open(`${folder}.lock`, { write: true, createNew: true, mode: OWNER_FILE });
      lock.lockSync(true);
      await Deno.mkdir(folder, { mode: OWNER_FOLDER });
      return { folder, lock };
    } catch (cause) {
      this.#opened = undefined;
      throw new MemoryError("unavailable", "Cannot take an upload: its folder can't be written", { cause });
    }
  }

  async #removeUnowned(name: string): Promise<void> {
    const path = join(this.#folder, name);
    const lock = await Deno.open(`${path}.lock`, { write: true }).catch(() => null);
    if (lock !== null && !lock.tryLockSync(true)) return lock.close();
    await Deno.remove(path, { recursive: true }).catch(() => {});
    lock?.close();
    await Deno.remove(`${path}.lock`).catch(() => {});
  }
}
