/**
 * The folder of backups: their names, and what lies beside each of them.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { z } from "zod";
import { errorText, MemoryError } from "../../errors.ts";
import { makePrivateFile, makePrivateFolder } from "../../private_files.ts";

/** `db`: a copy of the embedded store's file; `jsonl`: an export with vectors. */
export type BackupFormat = "db" | "jsonl";

/** What is written beside a backup, as `FILE.json`. */
export const Manifest = z.object({
  format: z.enum(["db", "jsonl"]),
  /** Unix seconds. */
  created_at: z.number(),
  /** Version that made it. */
  unimem: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  memories: z.int(),
  trashed: z.int(),
  relations: z.int(),
});
export type Manifest = z.infer<typeof Manifest>;

/** A backup in the folder. */
export interface Backup {
  file: string;
  format: BackupFormat;
  /** Unix seconds, from its name. */
  created_at: number;
  bytes: number;
  /** Null where the file beside it is missing or can't be read. */
  manifest: Manifest | null;
}

/** Only these are listed, rotated and counted; set-aside stores and foreign files are not. */
const NAME = /^unimem-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})\.(\d{3})Z(?:-\d+)?\.(db|jsonl)$/;
/** Ending of a file that isn't whole yet. */
const PART = ".part";

/** A name for a backup made now that is still free. */
export function freeName(folder: string, format: BackupFormat, now: Date, label = ""): string {
  const stamp = now.toISOString().replace(/[-:]/g, "");
  for (let n = 1;; n++) {
    const file = join(folder, `unimem-${stamp}${n > 1 ? `-${n}` : ""}${label}.${format}`);
    if (!existsSync(file)) return file;
  }
}

/** The backups in a folder, newest first; none where there is no folder. */
export async function listBackups(folder: string): Promise<Backup[]> {
  const backups: Backup[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      const match = isFile ? NAME.exec(name) : null;
      if (match === null) continue;
      const [year, month, day, hour, minute, second, ms] = match.slice(1, 8).map(Number) as [number, ...number[]];
      const file = join(folder, name);
      const bytes = await Deno.stat(file).then(({ size }) => size, () => null);
      if (bytes === null) continue; // rotated away meanwhile
      backups.push({
        file,
        format: match[8] as BackupFormat,
        created_at: Date.UTC(year, month! - 1, day, hour, minute, second, ms) / 1000,
        bytes,
        manifest: await readManifest(file),
      });
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new MemoryError("unavailable", `Cannot list the backups in "${folder}": ${errorText(error)}`, {
      cause: error,
    });
  }
  return backups.sort((a, b) => b.created_at - a.created_at || (a.file < b.file ? 1 : -1));
}

/** What lies beside a backup; null when nothing that can be read does. */
export async function readManifest(file: string): Promise<Manifest | null> {
  try {
    return Manifest.parse(JSON.parse(await Deno.readTextFile(`${file}.json`)));
  } catch {
    return null;
  }
}

/** Gives a whole `.part` file its name, with the manifest in place before it. */
export async function publish(part: string, file: string, manifest: Manifest): Promise<void> {
  const beside = `${file}.json`;
  makePrivateFile(beside + PART);
  await Deno.writeTextFile(beside + PART, `${JSON.stringify(manifest, null, 2)}\n`);
  for (const path of [part, beside + PART]) {
    using handle = await Deno.open(path, { read: true, write: true });
    await handle.sync();
  }
  await Deno.rename(beside + PART, beside);
  await Deno.rename(part, file);
}

/** SHA-256 of a file in hexadecimal digits. */
export async function sha256Of(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of (await Deno.open(file)).readable) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest("hex");
}

/** Deletes the oldest backups beyond `keep`; their names. */
export async function rotate(folder: string, keep: number): Promise<string[]> {
  const old = (await listBackups(folder)).slice(keep);
  for (const { file } of old) await remove(file, `${file}.json`);
  return old.map(({ file }) => file);
}

/**
 * Makes the folder, and has it for oneself while `body` runs: no other process makes a backup there meanwhile. What
 * killed processes left half done is removed.
 *
 * @throws {MemoryError} `conflict` when another process is at it.
 */
export async function withFolder<T>(folder: string, body: () => Promise<T>): Promise<T> {
  let lock: Deno.FsFile;
  try {
    makePrivateFolder(folder);
    makePrivateFile(join(folder, ".lock"));
    lock = await Deno.open(join(folder, ".lock"), { write: true });
  } catch (error) {
    throw new MemoryError("unavailable", `Cannot write to the backup folder "${folder}": ${errorText(error)}`, {
      cause: error,
    });
  }
  try {
    if (!await lock.tryLock(true)) {
      throw new MemoryError("conflict", `Cannot make a backup in "${folder}": another process is making one`);
    }
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith("unimem-") && /\.part(-\w+)?$/.test(name)) await remove(join(folder, name));
    }
    return await body();
  } finally {
    lock.close();
  }
}

/** Removes files; those that aren't there are no fault. */
export async function remove(...paths: string[]): Promise<void> {
  for (const path of paths) {
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** The path of a backup that is named by its path, by its name in the folder, or as `latest`. */
export async function findBackup(folder: string, name: string): Promise<string> {
  if (name === "latest") {
    const [newest] = await listBackups(folder);
    if (newest === undefined) throw new MemoryError("not_found", `Cannot find a backup in "${folder}"`);
    return newest.file;
  }
  for (const path of [name, join(folder, basename(name))]) if (existsSync(path)) return path;
  throw new MemoryError("invalid_input", `Cannot read "${name}": it is not there`, { value: name });
}

/**
 * The path of a backup that is named by its name in the folder alone.
 *
 * @throws {MemoryError} `not_found` where the folder has no backup of that name, `unavailable` when it can't be looked at.
 */
export async function backupNamed(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  try {
    if (NAME.test(name) && (await Deno.lstat(path)).isFile) return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new MemoryError("unavailable", `Cannot read backup "${name}": ${errorText(error)}`, { cause: error });
    }
  }
  throw new MemoryError("not_found", `Cannot find backup "${name}"`, { field: "backup", value: name });
}

function existsSync(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
