/**
 * Tells subscribers what happens. Operations publish after their commit; the hub numbers the events, hands them to
 * every subscriber that wants them, and keeps the latest for those who come back after a broken connection.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { clientOf, MAX_CLIENTS, sharePerAddress } from "./address.ts";
import { fold } from "../memory/fold.ts";
import { isoTime } from "../memory/schemas.ts";
import { EventBuffer, type PublishedEvent } from "./event_buffer.ts";
import { DEFAULT_SPACE } from "../memory/space.ts";
import { type Draft, PASSING, WHOLE_STORE_EVENTS } from "./event_types.ts";
import {
  type Audience,
  concerns,
  type Events,
  type EventStats,
  EventView,
  type Hub,
  type SubscribeOptions,
  type Subscriber,
} from "./event_view.ts";

export type { PublishedEvent } from "./event_buffer.ts";
export type { Audience, Events, EventStats, SubscribeOptions, Subscriber } from "./event_view.ts";

/** Limits of a hub; the defaults serve some hundred clients. */
export interface HubOptions {
  heartbeatSeconds?: number;
  maxConnections?: number;
  /** Connections of one client's address; half of all by default. */
  maxPerAddress?: number;
  /** How many events are kept for readers who come back, and how many characters of them. */
  kept?: { events: number; characters: number };
}

interface Connection {
  id: string;
  subscriber: Subscriber;
  wants: (event: PublishedEvent) => boolean;
  clientIp: string;
  /** The client that the address stands for; undefined where it has no share. */
  client: string | undefined;
  limited: boolean;
  userAgent: string;
  owner: string | null;
  /** Stops waiting for the end of its caller's rights. */
  release: () => void;
  since: number;
  heartbeatAt: number;
}

/** Delivers events within one process. */
export class EventHub implements Hub {
  readonly heartbeatSeconds: number;
  readonly #maxConnections: number;
  readonly #maxPerAddress: number;
  readonly #buffer: EventBuffer;
  readonly #connections = new Map<string, Connection>();
  #dropped = 0;
  #heartbeats: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor({ heartbeatSeconds = 30, maxConnections = MAX_CLIENTS, maxPerAddress, kept }: HubOptions = {}) {
    this.heartbeatSeconds = heartbeatSeconds;
    this.#maxConnections = maxConnections;
    this.#maxPerAddress = maxPerAddress ?? sharePerAddress(maxConnections);
    this.#buffer = new EventBuffer(kept ?? { events: 1000, characters: 256 * 1024 });
  }

  /** Clients that listen now. */
  get listeners(): number {
    return this.#connections.size;
  }

  /** Whether anyone would get an event now. */
  get listening(): boolean {
    return this.#connections.size > 0;
  }

  within(audience: Audience): Events {
    return new EventView(this, audience);
  }

  /** Publishes events in order. Never throws: what they tell of has happened already. */
  publish(...drafts: Draft[]): void {
    if (this.#closed) return;
    for (const { type, tags, data, space = DEFAULT_SPACE, by = null } of drafts) {
      const passing = PASSING.has(type);
      if (passing && !this.listening) continue;
      const place = WHOLE_STORE_EVENTS.has(type) ? null : space;
      const event = eventOf(this.#buffer.nextId(), type, data, { tags, space: place, by });
      if (!passing) this.#buffer.keep(event);
      for (const connection of [...this.#connections.values()]) {
        if (connection.wants(event)) this.#send(connection, event);
      }
    }
  }

  /**
   * Subscribes: a greeting comes first, then what was missed, then every event as it happens.
   *
   * @returns what ends the subscription. Idempotent.
   * @throws {MemoryError} `overloaded` beyond the limit of connections or an address's share of them; `unavailable` when
   * the service stops.
   */
  subscribe(subscriber: Subscriber, options: SubscribeOptions = {}): () => void {
    if (this.#closed) throw new MemoryError("unavailable", "Cannot open an event stream: the service stops");
    const client = options.unlimited ? undefined : clientOf(options.clientIp);
    if (!options.unlimited) this.#checkRoom(client);
    const now = Date.now(), ended = options.audience?.ended;
    const refuse = () => {
      this.#remove(connection);
      subscriber.end("refused");
    };
    const connection: Connection = {
      id: crypto.randomUUID(),
      subscriber,
      wants: filterOf(options),
      clientIp: options.clientIp ?? "unknown",
      client,
      limited: !options.unlimited,
      userAgent: (options.userAgent ?? "unknown").slice(0, 256),
      owner: options.audience?.owner ?? null,
      release: () => ended?.removeEventListener("abort", refuse),
      since: now,
      heartbeatAt: now,
    };
    this.#connections.set(connection.id, connection);
    ended?.addEventListener("abort", refuse);
    this.#heartbeats ??= setInterval(() => this.#beat(), this.heartbeatSeconds * 1000);
    this.#greet(connection, options.lastEventId);
    return () => this.#remove(connection);
  }

  /** Who listens, and how the hub fares. Callers who may not know the others are told of their own connections. */
  stats(audience?: Audience): EventStats {
    const now = Date.now();
    const shown = [...this.#connections.values()].filter(({ owner }) =>
      audience === undefined || audience.seesConnections || owner === audience.owner
    );
    return {
      total_connections: this.#connections.size,
      heartbeat_interval: this.heartbeatSeconds,
      connections: shown.map((connection) => ({
        connection_id: connection.id,
        client_ip: connection.clientIp,
        user_agent: connection.userAgent,
        connected_duration_seconds: (now - connection.since) / 1000,
        last_heartbeat_seconds_ago: (now - connection.heartbeatAt) / 1000,
      })),
      max_connections: this.#maxConnections,
      dropped_connections: this.#dropped,
      kept_events: this.#buffer.size,
      last_event_id: String(this.#buffer.last),
    };
  }

  /** Ends every subscription and takes no more. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const connection of [...this.#connections.values()]) {
      this.#remove(connection);
      connection.subscriber.end("stopping");
    }
  }

  #checkRoom(client: string | undefined): void {
    const others = [...this.#connections.values()].filter(({ limited }) => limited);
    const own = client === undefined ? 0 : others.filter((other) => other.client === client).length;
    const fault = others.length >= this.#maxConnections
      ? `${this.#maxConnections} are open, the most there can be`
      : own >= this.#maxPerAddress
      ? `${own} of ${client} are open, the most that one address can have`
      : null;
    if (fault === null) return;
    throw new MemoryError("overloaded", `Cannot open an event stream: ${fault}`, { retryAfterSeconds: 5 });
  }

  /** The greeting carries the id that the replay starts after, so that a break in the middle of it loses nothing. */
  #greet(connection: Connection, lastEventId: string | undefined): void {
    const { start, events, missed } = this.#buffer.since(lastEventId);
    const facts = {
      connection_id: connection.id,
      message: "Connected to Unimem's event stream",
      heartbeat_interval: this.heartbeatSeconds,
    };
    this.#send(connection, eventOf(start, "connection_established", facts));
    if (missed !== null) this.#send(connection, eventOf(start, "events_missed", missed));
    for (const event of events) {
      if (connection.wants(event)) this.#send(connection, event);
    }
  }

  #send(connection: Connection, event: PublishedEvent): void {
    if (!this.#connections.has(connection.id) || connection.subscriber.send(event)) return;
    this.#remove(connection);
    this.#dropped++;
    connection.subscriber.end("slow");
  }

  #remove(connection: Connection): void {
    connection.release();
    this.#connections.delete(connection.id);
    if (this.#connections.size > 0) return;
    clearInterval(this.#heartbeats);
    this.#heartbeats = undefined;
  }

  /** Its id is the latest, so that readers with a filter come back to where they really were. */
  #beat(): void {
    const facts = { active_connections: this.#connections.size, server_status: "healthy" };
    const event = eventOf(this.#buffer.last, "heartbeat", facts);
    for (const connection of [...this.#connections.values()]) {
      connection.heartbeatAt = Date.now();
      this.#send(connection, event);
    }
  }
}

function eventOf(
  id: number,
  type: PublishedEvent["type"],
  data: object,
  origin: Pick<PublishedEvent, "tags" | "space" | "by"> = { tags: null, space: null, by: null },
): PublishedEvent {
  const timestamp = isoTime(Date.now() / 1000).replace("Z", "+00:00");
  return { id, type, ...origin, json: JSON.stringify({ timestamp, ...data }) };
}

function filterOf({ types, tags, audience }: SubscribeOptions): (event: PublishedEvent) => boolean {
  const wanted = types && types.length > 0 ? new Set<string>(types) : null;
  const tagged = tags && tags.length > 0 ? new Set(tags.map(fold)) : null;
  return (event) =>
    (audience === undefined || concerns(audience, event)) &&
    (wanted === null || wanted.has(event.type)) &&
    (tagged === null || event.tags === null || event.tags.some((tag) => tagged.has(fold(tag))));
}
