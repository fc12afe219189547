/**
 * Names of spaces. Each memory belongs to one space, and is known within it by its content_hash.
 *
 * @module
 */

import { z } from "zod";

/** The space that exists always. Holds everything that is stored without naming one. */
export const DEFAULT_SPACE = "default";

/**
 * Name of a space: 1 to 64 lower-case letters, digits, `.`, `_` and `-`; not `.` or `..`, which paths can't carry,
 * nor `all`, which means every space where a key is made.
 */
export const SpaceName = z.string()
  .regex(/^[a-z0-9._-]{1,64}$/, "must be 1 to 64 lower-case letters, digits, dots, underscores and hyphens")
  .refine((name) => name !== "." && name !== "..", 'must not be "." or ".."')
  .refine((name) => name !== "all", 'must not be "all", which stands for every space');

/** Whether a text can be a space's name. */
export function isSpaceName(text: string): boolean {
  return SpaceName.safeParse(text).success;
}
