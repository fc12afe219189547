/**
 * How commands and hooks find the service that runs over a data folder: a file there, for this user alone, with its
 * address and a token that stands for the machine's user.
 *
 * @module
 */

import { join } from "node:path";
import { isOpenToOthers } from "../private_files.ts";

/** A running service. */
export interface ServiceFile {
  /** Process id of the service, on the machine that holds the folder. */
  pid: number;
  /** Address of its REST server as this machine reaches it, such as `http://127.0.0.1:8000`. */
  url: string;
  /** Sent as `Authorization: Bearer`, it may do what the machine's user may. */
  token: string;
  /** ISO time. */
  started_at: string;
  version: string;
  /** Tells the stores apart that may have one data folder: a path, or a collection's address. */
  store?: string | undefined;
}

/** Milliseconds that a look whether the service answers may take. */
const LOOK_MS = 1000;

/** The file's path in a data folder. */
export function serviceFileOf(dataFolder: string): string {
  return join(dataFolder, "service.json");
}

/**
 * What the file says; null where there is none, it is damaged, or not for this user alone. The service may have ended without removing it: the
 * first request tells.
 */
export async function readServiceFile(dataFolder: string): Promise<ServiceFile | null> {
  try {
    const path = serviceFileOf(dataFolder);
    // Opening a pipe would wait for somebody to write.
    if (!(await Deno.lstat(path)).isFile) return null;
    using file = await Deno.open(path);
    // One that others can read or write may be theirs: memories would go to the address that they put there.
    if (isOpenToOthers(await file.stat())) return null;
    const found: unknown = JSON.parse(await new Response(file.readable).text());
    return isServiceFile(found) ? found : null;
  } catch {
    return null;
  }
}

// By hand: hooks read it, and loading a library for it would take longer than all that they do.
function isServiceFile(found: unknown): found is ServiceFile {
  if (typeof found !== "object" || found === null) return false;
  const { pid, url, token, started_at, version } = found as Record<string, unknown>;
  return Number.isInteger(pid) && [url, token, started_at, version].every((text) => typeof text === "string") &&
    URL.canParse(String(url));
}

/** The service that runs over a data folder and answers; null without one. */
export async function findService(dataFolder: string): Promise<ServiceFile | null> {
  const found = await readServiceFile(dataFolder);
  if (found === null) return null;
  try {
    const answer = await fetch(`${found.url}/api/health`, { signal: AbortSignal.timeout(LOOK_MS) });
    await answer.body?.cancel();
    return answer.ok ? found : null;
  } catch {
    return null;
  }
}

/** What `store` holds for a store with these settings. */
export function storeName(
  storage: { backend: "sqlite"; path: string } | { backend: "qdrant"; url: string; collection: string },
): string {
  return storage.backend === "sqlite" ? storage.path : `${storage.url}/${storage.collection}`;
}
