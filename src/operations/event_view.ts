/**
 * The events of a process as one caller makes and sees them: those of its spaces, and of searches its own alone.
 *
 * @module
 */

import type { SpaceScope } from "../storage/contract/scope.ts";
import type { PublishedEvent } from "./event_buffer.ts";
import { type Draft, type EventType, PRIVATE_EVENTS } from "./event_types.ts";

/** Takes events; must not throw. */
export interface Subscriber {
  /** Takes an event; false when the subscriber can't keep up, which ends its subscription. */
  send(event: PublishedEvent): boolean;
  /** The hub ended the subscription: the subscriber was too slow, its caller may call no more, or the service stops. */
  end(reason: "slow" | "refused" | "stopping"): void;
}

/** The events of a process, as one caller makes and sees them. */
export interface Events {
  /** Publishes events in order. Never throws: what they tell of has happened already. */
  publish(...drafts: Draft[]): void;
  /** Subscribes; see `EventHub.subscribe`. */
  subscribe(subscriber: Subscriber, options?: SubscribeOptions): () => void;
  stats(): EventStats;
  /** Clients that listen now. */
  readonly listeners: number;
  /** Whether anyone would get an event now. */
  readonly listening: boolean;
  readonly heartbeatSeconds: number;
  /** The same events for a caller, of the whole hub. */
  within(audience: Audience): Events;
  close(): void;
}

/** A caller, as far as it decides which events concern it. */
export interface Audience {
  scope: SpaceScope;
  /** Tells callers apart, for events that only their author gets. */
  owner: string;
  /** Whether the caller may have events of a type. */
  may: (type: EventType) => boolean;
  /** Whether the caller may know who else listens. */
  seesConnections: boolean;
  /** Aborted when the caller may call no more, which ends its subscriptions. */
  ended?: AbortSignal | undefined;
}

/** Who listens, and how the hub fares. */
export interface EventStats {
  total_connections: number;
  heartbeat_interval: number;
  connections: {
    connection_id: string;
    client_ip: string;
    user_agent: string;
    connected_duration_seconds: number;
    last_heartbeat_seconds_ago: number;
  }[];
  max_connections: number;
  dropped_connections: number;
  kept_events: number;
  last_event_id: string;
}

/** What a subscriber asks for and who it is. */
export interface SubscribeOptions {
  /** Only these types; all by default. */
  types?: readonly EventType[] | undefined;
  /** Only events of memories with one of these tags, and those that tell no tags. */
  tags?: readonly string[] | undefined;
  /** The last id the subscriber got before; what was published since comes first. */
  lastEventId?: string | undefined;
  clientIp?: string | undefined;
  /** Bounded elsewhere: takes no place, and has no share. False by default. */
  unlimited?: boolean;
  userAgent?: string | undefined;
  /** Whose events these are; all without it. */
  audience?: Audience | undefined;
}

/** What a view is of. */
export interface Hub extends Events {
  /** Callers who may not know the others are told of their own connections. */
  stats(audience?: Audience): EventStats;
}

/** The hub for one caller; it holds nothing, so that each request can have its own. */
export class EventView implements Events {
  readonly #hub: Hub;
  readonly #audience: Audience;

  constructor(hub: Hub, audience: Audience) {
    this.#hub = hub;
    this.#audience = audience;
  }

  get listeners(): number {
    return this.#hub.listeners;
  }

  get listening(): boolean {
    return this.#hub.listening;
  }

  get heartbeatSeconds(): number {
    return this.#hub.heartbeatSeconds;
  }

  publish(...drafts: Draft[]): void {
    this.#hub.publish(...drafts.map((draft) => ({ ...originOf(draft, this.#audience), ...draft })));
  }

  subscribe(subscriber: Subscriber, options: SubscribeOptions = {}): () => void {
    return this.#hub.subscribe(subscriber, { ...options, audience: this.#audience });
  }

  stats(): EventStats {
    return this.#hub.stats(this.#audience);
  }

  within(audience: Audience): Events {
    return new EventView(this.#hub, audience);
  }

  close(): void {
    this.#hub.close();
  }
}

/** Whether an event concerns a caller. */
export function concerns(audience: Audience, { type, space, by }: PublishedEvent): boolean {
  if (type === "connection_established" || type === "events_missed" || type === "heartbeat") return true;
  if (!audience.may(type) || (PRIVATE_EVENTS.has(type) && by !== audience.owner)) return false;
  const { read } = audience.scope;
  return space === null || read === "all" || read.includes(space);
}

/** Where an event of this caller happens, and whose it is. */
function originOf({ type }: Draft, { scope, owner }: Audience): { space: string; by: string | null } {
  return { space: scope.write, by: PRIVATE_EVENTS.has(type) ? owner : null };
}
