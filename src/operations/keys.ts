/**
 * Full keys in the place of short ones. Whatever takes a content_hash takes its first digits too, where they mean one
 * memory.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { Runtime } from "./runtime.ts";

/** Memories that a message names. */
const SHOWN = 5;
/** Short keys looked up at the same time. */
const AT_ONCE = 16;
const SHORT = /^[0-9a-f]{10,63}$/;

/** Where keys are looked up, and the field that they were given in. */
export interface KeyPlace {
  /** Memories by default. */
  place?: "memories" | "trash";
  field?: string;
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
        full.set(key, await lookUp(runtime, key, place));
      }),
    );
  }
  return keys.map((key) => full.get(key) ?? key);
}

async function lookUp(
  { storage }: Runtime,
  key: string,
  { place = "memories", field = "content_hash" }: KeyPlace,
): Promise<string> {
  const found = await storage.keysFrom(key, SHOWN + 1, place);
  if (found.length <= 1) return found[0] ?? key;
  const named = found.slice(0, SHOWN).join(", "), more = found.length > SHOWN ? ", …" : "";
  throw new MemoryError("conflict", `Cannot tell which memory ${key} means: ${named}${more} begin with it`, {
    field,
    value: key,
  });
}
