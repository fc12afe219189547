/**
 * The unfinished file of an export, from which a later run goes on.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { errorText, MemoryError } from "../errors.ts";
import { makePrivateFile } from "../private_files.ts";
import { type ExportedPart, exportHeader, type ExportInput } from "../operations/moving/export.ts";
import { CheckpointLine, HeaderLine } from "../operations/moving/format.ts";
import { parseJson } from "../operations/moving/import.ts";
import { MAX_LINE_BYTES } from "../operations/moving/import_file.ts";
import { readLines } from "../operations/moving/lines.ts";
import type { Runtime } from "../operations/runtime.ts";

/** A file being written. */
export interface PartFile {
  /** What it already held; undefined for a new one. */
  resumed: ExportedPart | undefined;
  write(bytes: Uint8Array): Promise<void>;
  /** Gives the file its name; it is on disk then. */
  finish(): Promise<void>;
  close(): void;
}

/**
 * Opens `FILE.part`, keeping what an earlier run with the same options wrote there up to its last checkpoint.
 *
 * @param runtime Null for an export that can't go on from an earlier one.
 */
export async function beginPart(runtime: Runtime | null, file: string, input: ExportInput): Promise<PartFile> {
  const path = `${file}.part`;
  const found = runtime === null ? undefined : await lastCheckpoint(runtime, path, input);
  let handle: Deno.FsFile;
  try {
    makePrivateFile(path);
    handle = await Deno.open(path, { write: true });
    await handle.truncate(found?.bytes ?? 0);
    await handle.seek(0, Deno.SeekMode.End);
  } catch (error) {
    throw new MemoryError("invalid_input", `Cannot write "${path}": ${errorText(error)}`, { cause: error });
  }
  let open = true;
  return {
    resumed: found?.part,
    write: async (bytes) => {
      for (let at = 0; at < bytes.length;) at += await handle.write(bytes.subarray(at));
    },
    finish: async () => {
      await handle.sync();
      await Deno.rename(path, file);
    },
    close: () => {
      if (open) handle.close();
      open = false;
    },
  };
}

async function lastCheckpoint(
  runtime: Runtime,
  path: string,
  input: ExportInput,
): Promise<{ part: ExportedPart; bytes: number } | undefined> {
  let stream: ReadableStream<Uint8Array>;
  try {
    stream = (await Deno.open(path)).readable;
  } catch {
    return undefined; // nothing to go on from
  }
  const utf8 = new TextDecoder(), hash = createHash("sha256");
  let found: { part: ExportedPart; bytes: number } | undefined, checkpoint: CheckpointLine | undefined, bytes = 0;
  for await (const line of readLines(stream, MAX_LINE_BYTES, hash)) {
    // The hash of all up to a checkpoint is known once the line after it begins.
    if (checkpoint !== undefined) found = { part: { hash: hash.copy(), checkpoint }, bytes };
    checkpoint = undefined;
    const read = line.bytes !== null && line.ended ? parseJson(utf8.decode(line.bytes)) : { fault: "cut" };
    if ("fault" in read) break;
    if (line.number === 1 && !await continues(runtime, HeaderLine.safeParse(read.value).data, input)) return undefined;
    checkpoint = CheckpointLine.safeParse(read.value).data;
    bytes = line.end;
  }
  // After the last line the hash has taken that in too.
  return checkpoint === undefined ? found : { part: { hash, checkpoint }, bytes };
}

/** Whether a new export would begin with the same header, but for counts and times. */
async function continues(runtime: Runtime, header: HeaderLine | undefined, input: ExportInput): Promise<boolean> {
  // What counted at a time doesn't show in a part; it is written at once.
  if (header === undefined || input.as_of != null) return false;
  const now = await exportHeader(runtime, input).catch((error) => {
    // What a damaged store had before its damage is no beginning for what is left of it.
    if (error instanceof MemoryError && error.code === "unavailable") return null;
    throw error;
  });
  if (now === null) return false;
  if (header.spaces?.join() !== now.spaces?.join()) return false;
  return header.version === now.version && header.vectors === now.vectors && header.model?.id === now.model?.id;
}
