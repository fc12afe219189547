/**
 * The memories that are selected in the list; kept while the reader pages and filters.
 *
 * @module
 */

import { signal } from "@preact/signals";
import type { Memory } from "../shapes.ts";

/** By content_hash. */
export const selected = signal<ReadonlyMap<string, Memory>>(new Map());
