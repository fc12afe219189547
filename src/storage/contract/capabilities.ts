/**
 * What only some stores can, by what makes it possible: a server, an outbox, a file, other programs that write.
 *
 * @module
 */

import type { Salvage, SnapshotFacts } from "../files.ts";
import type { Outbox } from "../outbox/outbox.ts";

/** How the calls to the store's server fare in this process. */
export interface ConnectionFigures {
  /** Calls, and so connections, there may be at once. */
  limit: number;
  in_use: number;
  /** Calls that wait for a free connection now. */
  waiting: number;
  /** Requests sent since the process started, repetitions among them. */
  calls: number;
  /** Requests sent again after one that went unanswered. */
  retries: number;
  /** Requests that went unanswered. */
  failures: number;
  /** Calls turned away without a request: by the open circuit, or because none of the connections came free in time. */
  refused: number;
  /** `open`: calls are turned away for a while; `half-open`: the next one is let through to try. */
  circuit: "closed" | "open" | "half-open";
}

/** The connections to the store's server. */
export interface Connections {
  /** As they are at the moment of reading. */
  readonly figures: ConnectionFigures;
}

/** Copies of a store that is a file of this machine. */
export interface Snapshots {
  /**
   * Copies the whole store, as it is at one moment, into the empty file `path`, and checks the copy; other calls go on
   * meanwhile.
   *
   * @throws {MemoryError} `unavailable` when the copy can't be written.
   */
  snapshot(path: string, signal?: AbortSignal): Promise<SnapshotFacts>;
  /**
   * What can still be read, where a call came upon damage; null where none did.
   *
   * @throws {MemoryError} `unavailable` when there is no room beside the store to look through it.
   */
  salvage(): Promise<Salvage | null>;
}

/** How far completing a store has come. */
export interface UpgradeProgress {
  done: number;
  /** Memories that needed it when the run began. */
  total: number;
}

/** How to complete a store, and whom to tell. */
export interface UpgradeOptions {
  /** Looks at every memory, in a store that is known to be complete too: another program may have written since. */
  thorough?: boolean;
  /** Ends the run after the step in hand. */
  signal?: AbortSignal;
  onProgress?: (progress: UpgradeProgress) => void;
}

/** Completing what another program wrote into the store. */
export interface Upgrades {
  /**
   * Completes memories that another program wrote with what searches need. Only adds; what is done stays done, so that
   * a stopped run goes on, and several may run at once.
   *
   * @returns how many memories were completed, of how many; fewer when stopped.
   */
  upgrade(options?: UpgradeOptions): Promise<UpgradeProgress>;
}

/**
 * What this store can beside the contract's other parts. A member that is there works; one that is absent is something
 * the store has no way to do, or no use for.
 */
export interface Capabilities {
  /** The store is a server. */
  readonly connections?: Connections;
  /** Writes can wait while the store is away. */
  readonly outbox?: Outbox;
  /** The store is a file of this machine. Without it, a store's memories can be exported. */
  readonly snapshots?: Snapshots;
  /** Other programs write into such a store. */
  readonly upgrades?: Upgrades;
}
