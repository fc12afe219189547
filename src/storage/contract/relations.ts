/**
 * Typed links between memories.
 *
 * @module
 */

/** A typed link from one memory to another. */
export interface Relation {
  /** content_hash of the memory it starts at. */
  source: string;
  /** content_hash of the memory it leads to. */
  target: string;
  type: string;
  /** Unix seconds. */
  created_at: number;
  /** Name of the space of both memories; absent in `default`. Counts where the whole store is asked to relate. */
  space?: string;
}

/** `duplicate`: it was there already and stays as it was; `missing`: one of its memories isn't stored. */
export type RelateOutcome = "added" | "duplicate" | "missing";

/** Which relations are asked for: those that meet every condition. */
export interface RelationQuery {
  /** Relations that start or end at one of these memories; all memories' without it. */
  hashes?: string[];
  types?: string[];
  limit: number;
}

/** Links between memories. */
export interface MemoryRelations {
  /**
   * Links memories; for each relation what came of it. A relation lives as long as both its memories: it is hidden while
   * one of them is in the trash, and gone when one is deleted for good.
   */
  relate(relations: Relation[]): Promise<RelateOutcome[]>;

  /** Removes relations, whatever their `created_at`; for each, whether it was there. */
  unrelate(relations: Omit<Relation, "created_at">[]): Promise<boolean[]>;

  /** Relations in both directions, newest first. */
  relations(query: RelationQuery): Promise<Relation[]>;
}
