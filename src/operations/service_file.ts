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
const LOOK_MS = 3000;

/** The file's path in a data folder. */
export function serviceFileOf(dataFolder: string): string {
  return join(dataFolder, "service.json");
}

/**
 * What the file says; null where there is none, it is damaged, or not for this user alone. The service may have ended
 * without removing it.
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

/** Headers of a question for liveness that the process answers which made the token, and of its answer. */
export const CHALLENGE_HEADER = "x-unimem-challenge", PROOF_HEADER = "x-unimem-proof";

/**
 * What only who has the token can say to a challenge: HMAC-SHA256 over it, in hexadecimal digits.
 *
 * @param challenge A text of which no two are the same.
 */
export async function proofOf(token: string, challenge: string): Promise<string> {
  const encoder = new TextEncoder(), algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(token), algorithm, false, ["sign"]);
  const proof = await crypto.subtle.sign("HMAC", key, encoder.encode(`unimem service ${challenge}`));
  return Array.from(new Uint8Array(proof), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The service that runs over a data folder, answers, and made the token; null without one. A service that was killed
 * leaves its file, and another program may have its port by now: the token is sent to none that didn't prove to know it.
 *
 * @param store Its `storeName`, where other stores may have the same folder.
 * @param patienceMs Milliseconds that it has to answer; three seconds at most.
 */
export async function findService(
  dataFolder: string,
  { store, patienceMs = LOOK_MS }: { store?: string; patienceMs?: number } = {},
): Promise<ServiceFile | null> {
  const found = await readServiceFile(dataFolder);
  if (found === null || (store !== undefined && found.store !== undefined && found.store !== store)) return null;
  const challenge = crypto.randomUUID();
  try {
    const answer = await fetch(`${found.url}/api/health`, {
      headers: { [CHALLENGE_HEADER]: challenge },
      redirect: "manual",
      signal: AbortSignal.timeout(Math.min(LOOK_MS, patienceMs)),
    });
    await answer.body?.cancel();
    return answer.headers.get(PROOF_HEADER) === await proofOf(found.token, challenge) ? found : null;
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
