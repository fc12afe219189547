/**
 * Whether a backup is what was written, whole, and can be restored.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import type { StoreFiles } from "../../storage/files.ts";
import { checkFile } from "../moving/import_file.ts";

import { type BackupFormat, readManifest, sha256Of } from "./folder.ts";

export type { StoreFiles } from "../../storage/files.ts";

/** What a sound backup holds. */
export interface VerifiedBackup {
  file: string;
  format: BackupFormat;
  bytes: number;
  sha256: string;
  /** Whether the checksum was written beside it when it was made; without it only the content speaks for itself. */
  checksum: "matches" | "missing";
  memories: number;
  trashed: number;
  relations: number;
}

/** First bytes of a SQLite file. */
const SQLITE = "SQLite format 3\0";

/**
 * Reads all of a backup: its checksum, every page or line of it, and the counts.
 *
 * @throws {MemoryError} `invalid_input`, with what is wrong, for a file that isn't a sound backup.
 */
export async function verifyBackup(
  files: Pick<StoreFiles, "verify">,
  file: string,
  signal?: AbortSignal,
): Promise<VerifiedBackup> {
  const format = await formatOf(file), manifest = await readManifest(file);
  const sha256 = await sha256Of(file, signal);
  if (manifest !== null && manifest.sha256 !== sha256) {
    throw refusal(file, "it was changed: its SHA-256 is not the one beside it");
  }
  const { memories, trashed, relations } = format === "db"
    ? await files.verify(file, signal)
    : await checkFile((await Deno.open(file)).readable, file);
  return {
    file,
    format,
    bytes: (await Deno.stat(file)).size,
    sha256,
    checksum: manifest === null ? "missing" : "matches",
    memories,
    trashed,
    relations,
  };
}

/** By its content, since a file may have been renamed. */
async function formatOf(file: string): Promise<BackupFormat> {
  const head = new Uint8Array(SQLITE.length);
  let length: number | null;
  try {
    using handle = await Deno.open(file);
    length = await handle.read(head);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw refusal(file, "it is not there");
    throw error;
  }
  const text = new TextDecoder().decode(head.subarray(0, length ?? 0));
  if (text === SQLITE) return "db";
  if (text.startsWith("{")) return "jsonl";
  throw refusal(file, length === null ? "it is empty" : "it is no backup");
}

function refusal(file: string, reason: string): MemoryError {
  return new MemoryError("invalid_input", `Cannot use "${file}": ${reason}`, { value: file });
}
