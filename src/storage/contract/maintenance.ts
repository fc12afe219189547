/**
 * A store's own state: whether it answers, what hinders it, its upkeep and its end.
 *
 * @module
 */

/** What a store can do to itself. */
export type MaintenanceTask = "optimize" | "rebuild_index";

/** What hinders a store that answers. */
export interface StoreIssue {
  /** `full` is a kind of its own because other files may be the cause. */
  kind: "locked" | "full" | "read-only" | "failing" | "damaged" | "replaced" | "unanswered" | "replicas";
  /** `unhealthy` when what it answers can't be relied on. */
  severity: "degraded" | "unhealthy";
  /** Unix milliseconds at which it began, where that is known. */
  since?: number;
  /** In words for the operator, without names of files and servers. */
  message: string;
  /** What the operator can do. */
  action: string;
}

/** How a store that answers fares. */
export interface StoreCondition {
  issues: StoreIssue[];
  /** Driver-specific facts: sizes, state of the circuit, replicas, … */
  facts: Record<string, string | number | boolean | null>;
  /** Seconds by which the server's clock is ahead of this machine's; absent where there is no server or it doesn't tell. */
  clock_ahead?: number;
}

/** State, upkeep and end of a store. */
export interface StoreMaintenance {
  /**
   * `optimize` tidies what the store keeps, `rebuild_index` rebuilds what it derives from its memories. Other calls may
   * wait meanwhile; none fails.
   *
   * @returns what was done, in words for the operator.
   */
  maintain(task: MaintenanceTask): Promise<string>;

  /** Throws `unavailable` when the store doesn't answer. */
  ping(): Promise<void>;

  /**
   * Looks for what hinders the store, such as another process's lock or a full disk. For health answers, a few a minute.
   *
   * @throws {MemoryError} `unavailable` when the store doesn't answer.
   */
  condition(): Promise<StoreCondition>;

  /** Finishes running calls and releases the store. Idempotent. */
  close(): Promise<void>;

  /**
   * Releases what lies on this machine before it returns, for the end of a process that waits for nothing: files and
   * their locks, notes kept until the store is closed. Writes that weren't answered may be lost; what needs the network
   * is left to time-outs. Never throws; idempotent, also beside `close`.
   */
  closeNow(): void;
}
