/**
 * The storage contract. Every driver passes `tests/storage/storage_contract.ts`; `docs/drivers.md` tells how to write one.
 * A driver knows nothing of models, ranking or surfaces: it keeps memories and vectors and finds candidates.
 *
 * Every method throws `MemoryError` `unavailable` when the store can't be reached, and never answers an outage with an
 * empty result.
 *
 * @module
 */

import type { Capabilities } from "./capabilities.ts";
import type { StoreMaintenance } from "./maintenance.ts";
import type { MemoryRecords } from "./memories.ts";
import type { StoreNotes } from "./notes.ts";
import type { MemoryRelations } from "./relations.ts";
import type { SpaceScope } from "./scope.ts";
import type { MemorySearch } from "./search.ts";
import type { MemoryStatistics } from "./statistics.ts";
import type { MemoryTrash } from "./trash.ts";
import type { MemoryVectors } from "./vectors.ts";

/**
 * A place where memories are kept, as one caller sees it.
 *
 * Reads look into all spaces that the scope reads, as if there were no others. Changes act in the space it writes to, and
 * so do relations and supersession: both link memories of one space. A conversation lies within one space too. Notes,
 * models, upkeep and state are the whole store's for every view.
 */
export interface MemoryStorage
  extends
    MemoryRecords,
    MemorySearch,
    MemoryTrash,
    MemoryRelations,
    MemoryVectors,
    MemoryStatistics,
    StoreNotes,
    StoreMaintenance {
  /** Name of the driver: `sqlite`, `qdrant`, … */
  readonly backend: string;
  /** Times a database or a connection pool was opened by this process; 1 in a healthy process. */
  readonly opens: number;
  readonly capabilities: Capabilities;
  /** The spaces that this view sees. */
  readonly scope: SpaceScope;
}
