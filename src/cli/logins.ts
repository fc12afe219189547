/**
 * Keys of services on other machines: that of the environment, and those that `login` keeps, in a file for this user alone.
 *
 * @module
 */

import { join } from "node:path";
import { MemoryError } from "../errors.ts";
import { textIn } from "../files.ts";
import { writePrivateFile } from "../private_files.ts";
import type { ClientContext } from "./context.ts";

/**
 * An address as it is called: http or https, without what comes after the path.
 *
 * @throws {MemoryError} `invalid_input`.
 */
export function serverUrl(text: string, field = "<url>"): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new MemoryError("invalid_input", `Cannot use ${field} "${text}": it takes an http or https address`, {
      field,
      value: text,
    });
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new MemoryError(
      "invalid_input",
      `Cannot use ${field}: the address ${url.origin} has more than a path; a key belongs into UNIMEM_API_KEY`,
      { field },
    );
  }
  return url.href.replace(/\/+$/, "");
}

/** The key for a service: that of the environment, or the one kept by `login`; null for none. */
export function keyFor(context: ClientContext, url: string): string | null {
  return context.reach().key ?? readKeys(context)[url] ?? null;
}

/**
 * The keys by address.
 *
 * @throws {MemoryError} `configuration` for a damaged file.
 */
export function readKeys(context: ClientContext): Record<string, string> {
  const path = fileOf(context);
  const text = textIn(path);
  if (text === undefined) return {};
  try {
    const keys = JSON.parse(text);
    if (typeof keys === "object" && keys !== null && Object.values(keys).every((key) => typeof key === "string")) {
      return keys;
    }
  } catch { /* as below */ }
  throw new MemoryError(
    "configuration",
    `Cannot read the keys in "${path}": correct it, or remove it and log in again`,
  );
}

/** Replaces the file whole. */
export function writeKeys(context: ClientContext, keys: Record<string, string>): void {
  writePrivateFile(fileOf(context), `${JSON.stringify(keys, null, 2)}\n`);
}

function fileOf(context: ClientContext): string {
  return join(context.reach().baseDir, "logins.json");
}
