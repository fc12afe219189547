/**
 * Files and folders for this user alone: 0600 and 0700, whatever the process's umask. Windows has no such modes; there
 * the rights of the folder above count.
 *
 * @module
 */

import { dirname } from "node:path";

const FILE = 0o600, FOLDER = 0o700;

/** Makes a folder, and those above it, as far as they are missing. Those that exist stay as they are. */
export function makePrivateFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = path; !isThere(folder) && folder !== dirname(folder); folder = dirname(folder)) {
    missing.unshift(folder);
  }
  for (const folder of missing) {
    try {
      Deno.mkdirSync(folder, { mode: FOLDER });
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) continue; // another process was first
      throw error;
    }
    close(folder, FOLDER);
  }
}

/**
 * Makes an empty file, unless it exists, so that its mode is set before it is opened by name. An existing file isn't
 * opened: the locks that SQLite has on it would be lost with the first descriptor of this process that is closed.
 */
export function makePrivateFile(path: string): void {
  try {
    Deno.openSync(path, { write: true, createNew: true, mode: FILE }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    throw error;
  }
  close(path, FILE);
}

/** Writes a file in one step, and its folder where that is missing: readers see the old text or the new one. */
export function writePrivateFile(path: string, text: string): void {
  const part = `${path}.${Deno.pid}-${crypto.randomUUID().slice(0, 8)}.part`;
  makePrivateFolder(dirname(path));
  makePrivateFile(part);
  Deno.writeTextFileSync(part, text);
  Deno.renameSync(part, path);
}

/** Takes every right of other users from a file or folder, and gives the owner those that it needs. */
export function makePrivate(path: string): void {
  close(path, Deno.statSync(path).isDirectory ? FOLDER : FILE);
}

/** Whether others than its owner have any right to a file or folder; false on Windows. */
export function isOpenToOthers({ mode }: Deno.FileInfo): boolean {
  return Deno.build.os !== "windows" && ((mode ?? 0) & 0o077) !== 0;
}

/** The umask takes rights from what a process makes, the owner's too. */
function close(path: string, mode: number): void {
  if (Deno.build.os !== "windows") Deno.chmodSync(path, mode);
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    return true; // what is wrong with it shows when it is used
  }
}
