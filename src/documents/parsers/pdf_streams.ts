/**
 * Refuses a PDF whose compressed parts unpack to more than allowed. The PDF library unpacks a part in one go and can't
 * be stopped meanwhile, so this looks before it does.
 *
 * @module
 */

import type { Unzlib } from "fflate";
import { MemoryError } from "../../errors.ts";
import { checkTime, type ParseContext } from "../builder.ts";
import { overLimit } from "../formats.ts";

/** Parts smaller than this can't unpack to much: deflate makes at most 1032 bytes of one. */
const HARMLESS_BYTES = 4096;
/** Bytes given to the unpacker at once; they make a few MB at most before the next look at the limit. */
const PIECE_BYTES = 8192;
/** Images are never unpacked for their text, so honest ones may be larger; the word "image" alone may not open the door. */
const IMAGE_ROOM = 5;
/** How far before a part's data its description is looked for. */
const DESCRIPTION_WITHIN = 2048;

/** @throws {MemoryError} `too_large`. */
export async function checkStreams(bytes: Uint8Array, context: ParseContext): Promise<void> {
  const { Unzlib } = await import("fflate");
  const left = { text: context.limits.maxUnpackedBytes, image: context.limits.maxUnpackedBytes * IMAGE_ROOM };
  for (const { description, data } of streamsOf(bytes)) {
    checkTime(context);
    const filters = description.match(/\/(FlateDecode|Fl)\b/g)?.length ?? 0;
    if (filters > 1) throw overLimit(context.fileName, "a part of it is compressed more than once");
    if (filters === 0 || data.length < HARMLESS_BYTES) continue;
    const kind = /\/Subtype\s*\/Image\b/.test(description) ? "image" : "text";
    left[kind] -= unpackedSize(data, left[kind], Unzlib, context);
    if (left[kind] < 0) {
      const limit = Math.round(context.limits.maxUnpackedBytes / 1024 / 1024);
      throw overLimit(context.fileName, `it unpacks to more than ${limit} MB`);
    }
  }
}

/** The compressed parts: each one's description and data, found by their keywords since broken files lack an index. */
function* streamsOf(bytes: Uint8Array): Generator<{ description: string; data: Uint8Array }> {
  const latin1 = new TextDecoder("latin1");
  for (let at = indexOf(bytes, "stream", 0); at !== -1;) {
    let start = at + "stream".length;
    if (bytes[start] === 0x0d) start++;
    if (bytes[start] === 0x0a) start++;
    const end = indexOf(bytes, "endstream", start);
    const before = latin1.decode(bytes.subarray(Math.max(0, at - DESCRIPTION_WITHIN), at));
    yield {
      description: before.slice(before.lastIndexOf(" obj") + 1),
      data: bytes.subarray(start, end === -1 ? bytes.length : end),
    };
    if (end === -1) return;
    at = indexOf(bytes, "stream", end + "endstream".length);
  }
}

/** Bytes that deflated data unpacks to, counted up to a little more than `limit`; 0 for data in another form. */
function unpackedSize(data: Uint8Array, limit: number, inflate: typeof Unzlib, context: ParseContext): number {
  let size = 0;
  const stream = new inflate((chunk) => size += chunk.length);
  try {
    for (let at = 0; at < data.length && size <= limit; at += PIECE_BYTES) {
      checkTime(context);
      stream.push(data.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= data.length);
    }
  } catch (error) {
    if (error instanceof MemoryError) throw error;
    // Broken or encrypted data: what came out until then counts.
  }
  return size;
}

function indexOf(bytes: Uint8Array, word: string, from: number): number {
  const first = word.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at !== -1; at = bytes.indexOf(first, at + 1)) {
    let i = 1;
    while (i < word.length && bytes[at + i] === word.charCodeAt(i)) i++;
    if (i === word.length) return at;
  }
  return -1;
}
