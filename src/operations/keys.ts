/**
 * Full keys in the place of short ones. Whatever takes a content_hash takes its first digits too, where they mean one
 * memory.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { z } from "zod";
import { MemoryKey, type ShortKey, shortKey } from "../memory/schemas.ts";
import type { Runtime } from "./runtime.ts";

export type { ShortKey };

/** Memories that a message names. */
const SHOWN = 5;
/** Short keys looked up at the same time. */
const AT_ONCE = 16;
const SHORT = /^[0-9a-f]{10,63}$/;

/** Where keys are looked up, and the field that they were given in. */
export interface KeyPlace {
  /** Memories by default. */
  place?: "memories" | "trash";
  /** Name of the field, of each key by its place in the list; `content_hash` by default. */
  field?: (index: number) => string;
}

/**
 * The key that a short one stands for. A whole key, and what no memory's key begins with, comes back as it is.
 *
 * @throws {MemoryError} `conflict` naming the memories where there are several.
 */
export async function fullKey(runtime: Runtime, key: string, place: KeyPlace = {}): Promise<string> {
  return (await fullKeys(runtime, [key], place))[0]!;
}

/** `fullKey` of many, in order. Nothing is looked up for whole keys. */
export async function fullKeys(runtime: Runtime, keys: readonly string[], place: KeyPlace = {}): Promise<string[]> {
  const short = [...new Set(keys.filter((key) => SHORT.test(key)))], full = new Map<string, string>();
  for (let start = 0; start < short.length; start += AT_ONCE) {
    await Promise.all(
      short.slice(start, start + AT_ONCE).map(async (key) => {
        full.set(key, await lookUp(runtime, key, keys.indexOf(key), place));
      }),
    );
  }
  return keys.map((key) => full.get(key) ?? key);
}

/**
 * A text that names memories by short keys, of as many digits as it takes to mean one memory of the store.
 *
 * @param write Makes the text; again with longer keys where two memories begin with the same digits.
 */
export async function textWithKeys(runtime: Runtime, write: (short: ShortKey) => string): Promise<string> {
  const keys = new Set<string>();
  const text = write((key) => {
    keys.add(key);
    return shortKey(key);
  });
  const short = await shownKeys(runtime, [...keys]);
  return short === shortKey ? text : write(short);
}

/** What shows these keys by as many digits as it takes to mean one memory of the store. */
export async function shownKeys({ storage }: Runtime, keys: readonly string[]): Promise<ShortKey> {
  const longer = new Map<string, string>();
  try {
    for (let start = 0; start < keys.length; start += AT_ONCE) {
      await Promise.all(
        keys.slice(start, start + AT_ONCE).map(async (key) => {
          const { length } = shortKey(key), digits = await digitsOf(storage, key, length);
          if (digits > length) longer.set(key, key.slice(0, digits));
        }),
      );
    }
  } catch (error) {
    // What they name was read; a key that turns out to mean several is refused by name when it is used.
    if (!(error instanceof MemoryError)) throw error;
  }
  return longer.size === 0 ? shortKey : (key) => longer.get(key) ?? shortKey(key);
}

export const ShortenKeysInput = z.object({
  content_hashes: z.array(MemoryKey).max(1000).describe("Whole content_hashes."),
});

export const ShortenKeysOutput = z.object({
  keys: z.array(z.string()).describe("For each, in order, its first digits that no other memory's key begins with."),
});

/** Keys as they can be shown to people, who type them. */
export async function shortenKeys(
  runtime: Runtime,
  { content_hashes }: z.infer<typeof ShortenKeysInput>,
): Promise<z.infer<typeof ShortenKeysOutput>> {
  const short = await shownKeys(runtime, content_hashes);
  return { keys: content_hashes.map(short) };
}

/** How many digits of a key no other memory's key begins with; `least` or more. */
async function digitsOf(storage: Runtime["storage"], key: string, least: number): Promise<number> {
  for (let digits = least; digits < key.length;) {
    // Of three, two at least are others, and the more digits, the fewer others there are.
    const others = (await storage.keysFrom(key.slice(0, digits), 3, "memories")).filter((found) => found !== key);
    if (others.length === 0) return digits;
    while (others.some((other) => other.startsWith(key.slice(0, digits)))) digits++;
  }
  return key.length;
}

async function lookUp(
  { storage }: Runtime,
  key: string,
  index: number,
  { place = "memories", field = () => "content_hash" }: KeyPlace,
): Promise<string> {
  const found = await storage.keysFrom(key, SHOWN + 1, place);
  if (found.length <= 1) return found[0] ?? key;
  const named = found.slice(0, SHOWN).join(", "), more = found.length > SHOWN ? ", …" : "";
  const name = field(index), begin = `${named}${more} begin with it`;
  throw new MemoryError("conflict", `Cannot tell which memory ${key} means: ${begin}; give more digits in ${name}`, {
    field: name,
    value: key,
  });
}
