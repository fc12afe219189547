/**
 * What a view of a store is bound to.
 *
 * @module
 */

import { DEFAULT_SPACE } from "../../memory/space.ts";

/** Which spaces a view of a store sees. */
export interface SpaceScope {
  /** Where it stores and changes. */
  readonly write: string;
  /**
   * Where it finds, in order of preference: by hash the writing space first, then these in order. Contains `write`.
   * `all`: every space of the store, those that are made later too.
   */
  readonly read: readonly string[] | "all";
}

/** The scope of a whole store. */
export const WHOLE_STORE: SpaceScope = { write: DEFAULT_SPACE, read: "all" };
