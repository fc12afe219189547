/**
 * Finds files and folders of a store that other users of the machine have rights to: made by an earlier version, copied
 * there, or by an operator. What Unimem makes itself is for its user alone.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { isOpenToOthers, makePrivate } from "../private_files.ts";

/** Where a configuration keeps what holds memories or vectors; null for what it has not. */
export interface Places {
  baseDir: string;
  database: string | null;
  outbox: string | null;
  embeddingCache: string | null;
  backups: string;
  /** Folder of the audit log. */
  audit: string | null;
}

/** Files and folders that are there, and others than their owner have rights to. */
export interface Exposure {
  files: string[];
  folders: string[];
}

/** What lies beside a database and an outbox. */
const DATABASE = ["", "-wal", "-shm", "-journal", ".lock"], OUTBOX = ["", "-wal", "-shm", ".outbox-lock"];
/** Other files of Unimem's in its folders: backups, the audit log, what a restore put aside, what it left, settings. */
const KNOWN =
  /^(unimem-.*|\.env|\.lock|uploads|backups|models|model-cache|audit|audit[.-].*|hooks|logins\.json|service\.(json|env))$/;
/** Files in the data folder that hold keys or settings. */
const WITH_SECRETS = [".env", "logins.json", "service.json", "service.env"];

/** Looks at everything that is there. Nothing on Windows, whose files have no such modes. */
export async function findExposed(places: Places): Promise<Exposure> {
  const exposure: Exposure = { files: [], folders: [] };
  if (Deno.build.os === "windows") return exposure;
  const listed = [places.backups, ...places.audit === null ? [] : [places.audit]];
  const inFolders = await Promise.all(listed.map(knownIn));
  for (const file of [...filesOf(places), ...inFolders.flat()]) {
    const info = await Deno.lstat(file).catch(() => null);
    if (info?.isFile && isOpenToOthers(info)) exposure.files.push(file);
  }
  for (const folder of foldersOf(places)) {
    const info = await Deno.stat(folder).catch(() => null);
    if (info?.isDirectory && isOpenToOthers(info)) exposure.folders.push(folder);
  }
  return exposure;
}

/**
 * Takes other users' rights from files, and from folders that hold nothing but what is Unimem's: a home or a shared
 * volume stays as it is. What is left open in the end.
 *
 * @throws when a file belongs to another user.
 */
export async function closeExposed(places: Places, { files, folders }: Exposure): Promise<Exposure> {
  for (const file of files) makePrivate(file);
  for (const folder of folders) if (await isOwn(folder, places)) makePrivate(folder);
  return await findExposed(places);
}

function filesOf({ database, outbox, embeddingCache, baseDir }: Places): string[] {
  return [
    ...beside(database, DATABASE),
    ...beside(outbox, OUTBOX),
    ...beside(embeddingCache, [...DATABASE, ".damaged"]),
    ...WITH_SECRETS.map((name) => join(baseDir, name)),
  ];
}

function foldersOf({ baseDir, database, outbox, embeddingCache, backups, audit }: Places): string[] {
  const folders = [baseDir, backups, ...audit === null ? [] : [audit]];
  for (const file of [database, outbox, embeddingCache]) if (file !== null) folders.push(dirname(file));
  return [...new Set(folders)];
}

function beside(file: string | null, endings: readonly string[]): string[] {
  return file === null ? [] : endings.map((ending) => file + ending);
}

async function knownIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) if (KNOWN.test(name)) files.push(join(folder, name));
  } catch {
    // There are none, or they can't be listed.
  }
  return files;
}

async function isOwn(folder: string, places: Places): Promise<boolean> {
  const own = new Set([...filesOf(places), ...foldersOf(places)]);
  for await (const { name } of Deno.readDir(folder)) {
    if (!own.has(join(folder, name)) && !KNOWN.test(name)) return false;
  }
  return true;
}
