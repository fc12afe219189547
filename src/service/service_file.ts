/**
 * Tells commands and hooks of this user where the service is, for as long as it listens.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { type Caller, localCaller } from "../access/caller.ts";
import type { TokenVerifier } from "../access/key.ts";
import { errorText } from "../errors.ts";
import type { Logger } from "../operations/logger.ts";
import { proofOf, serviceFileOf } from "../operations/service_file.ts";
import { writePrivateFile } from "../private_files.ts";
import { VERSION } from "../version.ts";

/** Bytes of a token's randomness. */
const TOKEN_BYTES = 32;
const PREFIX = "um_local_";

/** A token of this process that stands for the machine's user. It makes no request need one. */
export class LocalToken implements TokenVerifier {
  readonly accepts = "none";
  readonly value: string;
  readonly #digest: Buffer;

  constructor() {
    const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
    this.value = PREFIX + Buffer.from(bytes).toString("base64url");
    this.#digest = digest(this.value);
  }

  verify(token: string): Promise<Caller | null> {
    return Promise.resolve(timingSafeEqual(digest(token), this.#digest) ? localCaller("cli") : null);
  }

  /** Proves to a program that has the token from the file that this process made it. */
  prove(challenge: string): Promise<string> {
    return proofOf(this.value, challenge);
  }

  isUnguessable(token: string): boolean {
    return token.startsWith(PREFIX);
  }
}

/**
 * Writes the file. A folder that can't be written to is named in the log and does no harm: commands then open the store themselves.
 *
 * @param address Of the REST server, such as `http://0.0.0.0:8000`.
 * @param store Its `storeName`.
 * @returns what removes the file, unless another service has written its own meanwhile. Never throws.
 */
export function writeServiceFile(
  dataFolder: string,
  address: string,
  { token, store, log }: { token: string; store: string; log: Logger },
): () => void {
  const path = serviceFileOf(dataFolder);
  const text = JSON.stringify({
    pid: Deno.pid,
    url: reachable(address),
    token,
    started_at: new Date().toISOString(),
    version: VERSION,
    store,
  });
  try {
    writePrivateFile(path, `${text}\n`);
  } catch (error) {
    log.warning(`Cannot write "${path}", so that commands open the store themselves: ${errorText(error)}`);
    return () => {};
  }
  return () => {
    try {
      if (Deno.readTextFileSync(path).trim() === text) Deno.removeSync(path);
    } catch { /* it is gone, or can't be read any more */ }
  };
}

/** The address as this machine reaches it. */
function reachable(address: string): string {
  return address.replace(
    /\/\/(0\.0\.0\.0|\[::\])(?=:)/,
    (_, host: string) => host === "[::]" ? "//[::1]" : "//127.0.0.1",
  );
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
