/**
 * Documents of every kind that uploads take, one or all below a folder.
 *
 * @module
 */

import { join, relative } from "node:path";
import { CHUNK_OVERLAP, CHUNK_SIZE } from "../documents/chunks.ts";
import { DEFAULT_LIMITS } from "../documents/document.ts";
import { formatOf } from "../documents/formats.ts";
import { DocumentParser } from "../documents/parser.ts";
import { errorText } from "../errors.ts";
import { memoriesOf } from "../operations/documents/memories.ts";
import type { Entry } from "../operations/moving/import.ts";
import { entry } from "./importer.ts";

/** Every document below a folder, in the order of the paths, or the one at `path`. Links are not followed. */
export async function* readDocuments(path: string): AsyncGenerator<Entry> {
  const { isDirectory } = await Deno.stat(path);
  await using parser = new DocumentParser();
  for await (const file of isDirectory ? documentsIn(path) : [path]) {
    const place = isDirectory ? relative(path, file) : file;
    try {
      yield* await entriesOf(parser, file, place);
    } catch (error) {
      yield { place, fault: errorText(error) };
    }
  }
}

/** Files of types that can be read; others in the folder are no fault. */
async function* documentsIn(folder: string): AsyncGenerator<string> {
  const entries = (await Array.fromAsync(Deno.readDir(folder))).sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isFile } of entries) {
    if (name.startsWith(".")) continue;
    if (isDirectory) yield* documentsIn(join(folder, name));
    else if (isFile && isReadable(name)) yield join(folder, name);
  }
}

function isReadable(name: string): boolean {
  try {
    return formatOf(name) !== undefined;
  } catch {
    return false;
  }
}

/** All of a file's chunks, or none: it is parsed to its end first. */
async function entriesOf(parser: DocumentParser, file: string, place: string): Promise<Entry[]> {
  const { mtime, size } = await Deno.stat(file);
  if (size > DEFAULT_LIMITS.maxBytes) {
    return [{ place, fault: `Cannot read it: it has ${size} bytes; the limit is ${DEFAULT_LIMITS.maxBytes}` }];
  }
  const bytes = await Deno.readFile(file);
  const fileHash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const document = await parser.read({
    bytes,
    fileName: file,
    limits: DEFAULT_LIMITS,
    chunking: { size: CHUNK_SIZE.default, overlap: CHUNK_OVERLAP.default },
  });
  const changed = (mtime?.getTime() ?? 0) / 1000;
  let chunks = 0;
  const memories = await memoriesOf(document, {
    // The same file gives the same memories, so that a folder can be imported again.
    uploadId: fileHash.slice(0, 32),
    tags: [],
    memoryType: "document",
    uploadedAt: changed,
    fileSize: size,
    fileHash,
    batch: null,
  }, () => changed + chunks++ / 1000);
  return memories.map((memory) => entry(place, { kind: "memory", ...memory }));
}
