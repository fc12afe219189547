/**
 * Which points of a collection a part of the driver works with. `default` has a collection of its own, in which every
 * memory is one of its memories; all other spaces share a second one, where each point names its space.
 *
 * @module
 */

import type { Condition } from "./filter.ts";
import { pointId } from "./layout.ts";

/** The points of some spaces in one collection. */
export interface Reading {
  /** What their points meet; none where all of the collection is read. */
  readonly conditions: readonly Condition[];
  /** Ids of the spaces; null where points aren't kept apart by space. */
  readonly spaces: readonly string[] | null;
}

/** The points of one space: those that are read, and where others go. */
export interface Tenancy extends Reading {
  /** Id of the space; null for `default`. */
  readonly space: string | null;
  /** Id of the point of a memory; null for what is no content_hash. */
  idOf(hash: string): string | null;
}

/** The space `default`. */
export const DEFAULT_TENANCY: Tenancy = { conditions: [], spaces: null, space: null, idOf: (hash) => pointId(hash) };

/** Everything in the collection. */
export const EVERYTHING: Reading = { conditions: [], spaces: null };

/** Another space, by its id. */
export function tenancyOf(space: string): Tenancy {
  return { ...readingOf([space]), space, idOf: (hash) => pointId(hash, space) };
}

/** Some of the other spaces, by id. */
export function readingOf(spaces: readonly string[]): Reading {
  const match = spaces.length === 1 ? { value: spaces[0]! } : { any: [...spaces] };
  return { spaces, conditions: [{ key: "space", match }] };
}
