/**
 * The shapes that callers meet most, under short names.
 *
 * @module
 */

import type { components } from "./openapi.gen.ts";

type Schemas = components["schemas"];

/** A stored memory. */
export type Memory = Schemas["Memory"];
/** A memory to store. */
export type NewMemory = Schemas["NewMemory"];
/** Changes of a memory; what is absent stays. */
export type MemoryUpdate = Schemas["MemoryUpdate"];
/** What a search takes. */
export type SearchRequest = Schemas["SearchRequest"];
/** A page of results. */
export type SearchResults = Schemas["SearchResults"];
/** A result: a memory, its scores, and of a long one the passage that matched. */
export type SearchHit = SearchResults["results"][number];
/** What became of a memory that was to be stored. */
export type StoreResult = Schemas["StoreResult"];
/** What became of each memory of a batch. */
export type BatchResult = Schemas["BatchResult"];
