/**
 * Scopes are names of rights: `read`, `write` and `admin`, of which each includes the one before.
 *
 * @module
 */

import { type Right, RIGHTS } from "../access/caller.ts";

/** What a client gets that asks for nothing in particular. */
export const DEFAULT_SCOPE = "read write";

/** The scope of a right, with those it includes. */
export function scopeOf(right: Right): string {
  return RIGHTS.slice(0, RIGHTS.indexOf(right) + 1).join(" ");
}

/** The highest right among the scopes of a text; null when there is none. Scopes of other servers are passed over. */
export function rightOf(scope: string): Right | null {
  const asked = new Set(scope.split(" "));
  return RIGHTS.findLast((right) => asked.has(right)) ?? null;
}

/** The lower of two rights. */
export function lowerOf(a: Right, b: Right): Right {
  return RIGHTS[Math.min(RIGHTS.indexOf(a), RIGHTS.indexOf(b))]!;
}
