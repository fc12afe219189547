/**
 * Text files of other programs, in whatever encoding they were written.
 *
 * @module
 */

import { decodeText } from "../documents/decode.ts";
import type { Entry } from "../operations/moving/import.ts";

/**
 * Reads a file as text. What it was taken for is noted where it isn't UTF-8.
 *
 * @throws {MemoryError} `invalid_input` for binary data.
 */
export async function readText(path: string): Promise<{ text: string; notes: Entry[] }> {
  const { text, encoding } = decodeText(await Deno.readFile(path), path);
  return { text, notes: encoding === "utf-8" ? [] : [{ place: path, note: `Read as ${encoding}` }] };
}

/** Text from bytes, and the name of their encoding. UTF-8 comes through as it is, control characters and all. */
export function textOfBytes(bytes: Uint8Array): { text: string; encoding: string } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // UTF-16 of western text is valid UTF-8 with a NUL in every second place.
    if (!text.includes("\0")) return { text, encoding: "utf-8" };
  } catch {
    // another encoding
  }
  return decodeText(bytes, "standard input");
}
