/**
 * The latest events, kept for readers who come back.
 *
 * @module
 */

import { isoTime } from "../memory/schemas.ts";
import type { EventType } from "./event_types.ts";

/** An event as subscribers get it. */
export interface PublishedEvent {
  /** Microseconds since 1970, made unique: ids go on increasing over restarts, and tell when something happened. */
  readonly id: number;
  readonly type: EventType | "connection_established" | "events_missed" | "heartbeat";
  readonly tags: readonly string[] | null;
  /** The space it happened in; null for what concerns the whole store, or every reader. */
  readonly space: string | null;
  /** Who did it: the `owner` of an audience; null for what the service did by itself. */
  readonly by: string | null;
  /** The fields as JSON, `timestamp` first. */
  readonly json: string;
}

/** How much is kept. */
export interface BufferLimits {
  events: number;
  characters: number;
}

/** Where a reader who comes back goes on. */
export interface Resumption {
  /** The id after which events are replayed. */
  start: number;
  events: PublishedEvent[];
  /** What can't be replayed; null when nothing is missing. */
  missed: Record<string, string | null> | null;
}

/** A bounded buffer of events in order of their ids. */
export class EventBuffer {
  readonly #limits: BufferLimits;
  readonly #kept: PublishedEvent[] = [];
  #characters = 0;
  #last = Date.now() * 1000;
  /** Everything kept that was published comes after this id. */
  #floor = this.#last;

  constructor(limits: BufferLimits) {
    this.#limits = limits;
  }

  /** The latest id given. */
  get last(): number {
    return this.#last;
  }

  get size(): number {
    return this.#kept.length;
  }

  /** A new id, greater than all before. */
  nextId(): number {
    return this.#last = Math.max(this.#last + 1, Date.now() * 1000);
  }

  keep(event: PublishedEvent): void {
    this.#kept.push(event);
    this.#characters += event.json.length;
    while (this.#kept.length > this.#limits.events || this.#characters > this.#limits.characters) {
      const oldest = this.#kept.shift()!;
      this.#characters -= oldest.json.length;
      this.#floor = oldest.id;
    }
  }

  /** What came after an id; undefined asks for nothing from before now. */
  since(lastEventId: string | undefined): Resumption {
    if (lastEventId === undefined) return { start: this.#last, events: [], missed: null };
    const last = parseId(lastEventId);
    // Ids of other servers, and of this one before its clock was set back, say nothing about what was seen.
    const isOurs = last >= 0 && last <= this.#last;
    const known = isOurs && last >= this.#floor;
    const start = known ? last : this.#floor;
    const events = this.#kept.filter((event) => event.id > start);
    return { start, events, missed: known ? null : this.#missed(lastEventId, isOurs ? last : null) };
  }

  #missed(last_event_id: string, last: number | null): Record<string, string | null> {
    const missed_until = isoTime(this.#floor / 1e6);
    const missed_from = last === null ? null : isoTime(last / 1e6);
    const message = missed_from === null
      ? `Cannot tell what was missed after this id, which is unknown; what happened since ${missed_until} follows`
      : `What happened from ${missed_from} to ${missed_until} is no longer kept; load the memories again`;
    return { last_event_id: last_event_id.slice(0, 64), missed_from, missed_until, message };
  }
}

/** The id as a number; −1 for what can't be one of ours. */
function parseId(text: string): number {
  return /^\d{1,16}$/.test(text) ? Number(text) : -1;
}
