/**
 * The outbox as others see it: writes that wait while the store is away.
 *
 * @module
 */

import type { Memory, MemoryPatch } from "../../memory/memory.ts";
import type { NewMemory } from "../contract/memories.ts";
import type { Trashing } from "../contract/trash.ts";

/** A write as the outbox keeps it. */
export type QueuedWrite =
  & (
    | ({ kind: "store" } & NewMemory)
    | { kind: "update"; hash: string; patch: MemoryPatch; now: number }
    | { kind: "delete"; hash: string }
    | { kind: "trash"; hash: string; trashing: Trashing }
  )
  & InSpace;

/** Where a write acts. */
interface InSpace {
  /** Name of the space; absent in `default`. */
  space?: string;
}

/** A write that the outbox handed on. */
export interface MadeWrite {
  write: QueuedWrite;
  /** False where there was nothing to do: the memory was stored already, or deleted already. */
  changed: boolean;
  /** The memory after an update. */
  memory: Memory | null;
}

/** Hears what becomes of queued writes. Must not throw. */
export interface OutboxListener {
  /** The store is away and writes begin to wait. */
  waiting(reason: string): void;
  /** Writes were made, in the order they were queued. */
  made(writes: MadeWrite[]): void;
  /** The store refuses a write; it is kept aside, and those behind it go on. */
  setAside(write: QueuedWrite, reason: string): void;
  /** No write waits any more. */
  empty(): void;
}

/** How the outbox fares. */
export interface OutboxFigures {
  /** Writes that wait, the most there may be with those set aside, and how much of the file's bytes they use. */
  pending: number;
  limit: number;
  bytes: number;
  limit_bytes: number;
  /** Seconds the oldest of them has been waiting; null when none does. */
  oldest_seconds: number | null;
  /** Writes that the store refused, kept aside for the operator. */
  set_aside: number;
  /** Since the process started: writes taken, made, and turned away for want of room. */
  queued: number;
  made: number;
  refused: number;
  /** Why the writes wait, or could not be kept; null when all is well. */
  error: string | null;
}

/** A write that the store refused. */
export interface RefusedWrite {
  id: number;
  write: QueuedWrite;
  /** Unix seconds. */
  queued_at: number;
  refused_at: number;
  error: string;
}

/** An outbox's file as the operator sees it, whether or not a server has it. */
export interface OutboxContents {
  /** Writes that wait or were set aside, and their bytes. */
  readonly fill: { pending: number; refused: number; bytes: number };
  /** Writes that were set aside, first ones first. */
  refused(): RefusedWrite[];
  /** Sends writes that were set aside again, behind all others; the number sent. */
  retry(ids: readonly number[]): number;
  /** Forgets writes that were set aside; the number forgotten. */
  drop(ids: readonly number[]): number;
  close(): void;
}

/** Takes writes while the store is away, and hands them on in order. */
export interface Outbox {
  readonly figures: OutboxFigures;
  /** Whether writes that may wait do so now, since earlier ones wait. */
  readonly diverting: boolean;
  /** Begins to hand on what waits, now and later. Called once; until then writes only wait. */
  start(listener: OutboxListener): void;
}
