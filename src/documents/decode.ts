/**
 * From bytes to text: UTF-8, UTF-16 and, where neither fits, the encoding that the bytes look like most.
 *
 * @module
 */

import chardet from "chardet";
import { unreadable } from "./formats.ts";

/** Text and how it was encoded. */
export interface Decoded {
  text: string;
  encoding: string;
}

/** Bytes looked at to guess an encoding; telling apart those of Japanese, Chinese and Korean takes more. */
const SAMPLE = 4096, LARGE_SAMPLE = 64 * 1024;
/** Least confidence in a guess, of 100; below it old western files are the likelier ones. */
const LEAST_CONFIDENCE = 40;
/** Share of NULs in one half of the byte pairs that tells UTF-16; western text has nearly all of them there. */
const UTF16_NULS = 0.3;
/** Share of control characters above which bytes aren't text in any encoding. */
const BINARY_CONTROLS = 0.02;

/**
 * Decodes a text file. A byte order mark decides; without one UTF-16 is recognised by its NULs, and bytes that are not UTF-8
 * are read as what they look like, else as Windows-1252, the superset of Latin-1 that old files mean.
 *
 * @param declared An encoding the file names itself, as HTML does; used when no byte order mark speaks against it.
 * @throws {MemoryError} `invalid_input` for binary data and for text that breaks the encoding its mark announces.
 */
export function decodeText(bytes: Uint8Array, fileName: string, declared?: string): Decoded {
  const marked = markOf(bytes);
  if (marked !== null) return { text: decodeStrictly(bytes, marked, fileName), encoding: marked };
  const guessed = guessUtf16(bytes);
  if (guessed !== null) return { text: decodeStrictly(bytes, guessed, fileName), encoding: guessed };
  if (looksBinary(bytes)) throw unreadable(fileName, "it holds binary data, not text");
  if (declared !== undefined && !/^utf-?(8|16)/i.test(declared)) {
    try {
      const decoder = new TextDecoder(declared);
      return { text: cleanText(decoder.decode(bytes)), encoding: decoder.encoding };
    } catch {
      // No decoder of that name: go on as if none were named.
    }
  }
  try {
    return { text: cleanText(new TextDecoder("utf-8", { fatal: true }).decode(bytes)), encoding: "utf-8" };
  } catch {
    const { encoding, decoder } = likelyDecoder(bytes);
    return { text: cleanText(decoder.decode(bytes)), encoding };
  }
}

/** The first likely encoding in which all of the bytes are characters. */
function likelyDecoder(bytes: Uint8Array): { encoding: string; decoder: TextDecoder } {
  for (const { name, confidence } of chardet.analyse(bytes.subarray(0, LARGE_SAMPLE))) {
    if (confidence < LEAST_CONFIDENCE) break;
    try {
      const decoder = new TextDecoder(name, { fatal: true });
      decoder.decode(bytes);
      return { encoding: decoder.encoding, decoder };
    } catch {
      // Some bytes don't fit, or there is no decoder of that name.
    }
  }
  return { encoding: "windows-1252", decoder: new TextDecoder("windows-1252") };
}

/** Line ends as `\n`, form feeds as empty lines, no other control characters and no lone surrogates. */
export function cleanText(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, "\n").replace(/\f/g, "\n\n")
    // deno-lint-ignore no-control-regex -- control characters are what this is about
    .replace(/[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff]/g, "");
}

/** The encoding a byte order mark announces. */
function markOf(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return null;
}

function decodeStrictly(bytes: Uint8Array, encoding: string, fileName: string): string {
  try {
    return cleanText(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch (error) {
    throw unreadable(fileName, `it is not valid ${encoding.toUpperCase()}`, error);
  }
}

/** UTF-16 without a mark: text in the Latin script has a NUL in every second byte. */
function guessUtf16(bytes: Uint8Array): string | null {
  const sample = bytes.subarray(0, SAMPLE);
  if (sample.length < 4 || bytes.length % 2 !== 0) return null;
  const nuls = [0, 0];
  sample.forEach((byte, i) => byte === 0 && nuls[i % 2]!++);
  const least = (sample.length / 2) * UTF16_NULS;
  if (nuls[1]! >= least && nuls[0]! < nuls[1]! / 10) return "utf-16le";
  if (nuls[0]! >= least && nuls[1]! < nuls[0]! / 10) return "utf-16be";
  return null;
}

function looksBinary(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return true;
  const sample = bytes.subarray(0, SAMPLE);
  let controls = 0;
  // Tab, line feed, form feed, carriage return and escape (terminal colours in logs) are text.
  for (const byte of sample) if (byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte)) controls++;
  return controls > sample.length * BINARY_CONTROLS;
}
