/**
 * When a memory holds. The times are kept in its metadata under reserved names, so that every store, export and import
 * carries them.
 *
 * @module
 */

import type { Memory, Metadata } from "./memory.ts";

/** The reserved names, by field; each value is a number of Unix seconds. */
export const VALIDITY_KEYS = {
  valid_from: "unimem_valid_from",
  valid_until: "unimem_valid_until",
  expires: "unimem_expires",
} as const;

/** Times that a memory was given, in Unix seconds. */
export type Validity = { -readonly [field in keyof typeof VALIDITY_KEYS]?: number };

/** The times in metadata; what is no number counts as none. */
export function validityOf(metadata: Readonly<Metadata>): Validity {
  const found: Validity = {};
  for (const field of ["valid_from", "valid_until", "expires"] as const) {
    const value = metadata[VALIDITY_KEYS[field]];
    if (typeof value === "number" && Number.isFinite(value)) found[field] = value;
  }
  return found;
}

/**
 * Whether a memory counts at a time: it holds from `valid_from`, or else from its creation, until `valid_until`, and no
 * newer one had taken its place by then.
 *
 * @param time Unix seconds.
 */
export function countsAt({ metadata, created_at, superseded }: Memory, time: number): boolean {
  const { valid_from = created_at, valid_until = Infinity } = validityOf(metadata);
  return valid_from <= time && time < valid_until && (superseded === undefined || time < superseded.at);
}

/** Whether a memory's time to be found is over. */
export function isExpired({ metadata }: Pick<Memory, "metadata">, now: number): boolean {
  const { expires } = validityOf(metadata);
  return expires !== undefined && expires <= now;
}
