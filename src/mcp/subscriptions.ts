/**
 * Telling clients that a resource they subscribed to has changed.
 *
 * @module
 */

import { SHORTEST_KEY } from "../memory/schemas.ts";
import type { PublishedEvent } from "../operations/events.ts";
import type { Runtime } from "../operations/runtime.ts";
import { TimeSlicedQueue } from "../yielding.ts";
import { memoryUri, parseUri, RECENT_URI, tagUri } from "../tools/uris.ts";

/** Most resources one client may subscribe to. */
const MAX_SUBSCRIPTIONS = 1000;
/** Notifications that one client gets before the others have their turn. */
const TOLD_AT_ONCE = 20;

/** One for all clients of a service: many of them with many subscriptions would hold up everything else for their sum. */
const queues = new WeakMap<object, TimeSlicedQueue>();

const TYPES = ["memory_stored", "memory_updated", "memory_deleted", "memories_changed"] as const;

/** The subscriptions of one client. It listens to the service's events only while there are any. */
export class Subscriptions {
  readonly #runtime: Runtime;
  readonly #notify: (uri: string) => Promise<void>;
  /** Addresses as the client wrote them, by their plain form. */
  readonly #uris = new Map<string, Set<string>>();
  #count = 0;
  /** Plain addresses with a short key. */
  #short = 0;
  #stop: (() => void) | undefined;
  /** Addresses that the client is to hear of. */
  readonly #pending = new Set<string>();
  #isTelling = false;

  /** @param notify Tells the client; its failure means that the client has gone. */
  constructor(runtime: Runtime, notify: (uri: string) => Promise<void>) {
    this.#runtime = runtime;
    this.#notify = notify;
  }

  /** Subscribes; false for an address that is no resource, or when there are too many. */
  add(uri: string): boolean {
    const plain = plainUri(uri), same = plain === null ? undefined : this.#uris.get(plain);
    if (plain === null || (this.#count >= MAX_SUBSCRIPTIONS && !same?.has(uri))) return false;
    this.#stop ??= this.#listen();
    if (same?.has(uri)) return true;
    this.#count++;
    if (same === undefined) {
      this.#uris.set(plain, new Set([uri]));
      if (isShort(plain)) this.#short++;
    } else same.add(uri);
    return true;
  }

  remove(uri: string): void {
    const plain = plainUri(uri) ?? "", same = this.#uris.get(plain);
    if (!same?.delete(uri)) return;
    this.#pending.delete(uri);
    this.#count--;
    if (same.size === 0) {
      this.#uris.delete(plain);
      if (isShort(plain)) this.#short--;
    }
    if (this.#count === 0) this.close();
  }

  /** Ends all of them. Idempotent. */
  close(): void {
    this.#uris.clear();
    this.#pending.clear();
    this.#count = this.#short = 0;
    this.#stop?.();
    this.#stop = undefined;
  }

  #listen(): () => void {
    const subscriber = {
      send: (event: PublishedEvent) => {
        for (const uri of touched(event, this.#uris, this.#short > 0)) this.#pending.add(uri);
        this.#tell();
        return true;
      },
      end: () => this.close(),
    };
    return this.#runtime.events.subscribe(subscriber, {
      types: TYPES,
      clientIp: "mcp",
      userAgent: "mcp subscription",
      // There is one for each client, and those are limited.
      unlimited: true,
    });
  }

  #tell(): void {
    if (this.#isTelling || this.#pending.size === 0) return;
    this.#isTelling = true;
    const queue = queues.getOrInsertComputed(this.#runtime.events, () => new TimeSlicedQueue());
    queue.run(() => {
      for (const uri of [...this.#pending.values().take(TOLD_AT_ONCE)]) {
        this.#pending.delete(uri);
        this.#notify(uri).catch(() => this.close());
      }
    }).finally(() => {
      this.#isTelling = false;
      this.#tell();
    });
  }
}

/** The one form of an address, by which it is looked up; null for what is no resource. */
function plainUri(uri: string): string | null {
  const address = parseUri(uri);
  if (address === null) return null;
  return address.kind === "memory"
    ? memoryUri(address.content_hash)
    : address.kind === "tag"
    ? tagUri(address.tag)
    : RECENT_URI;
}

/** The addresses that an event is about, of those subscribed to, which are given by their plain form. */
function touched(
  event: PublishedEvent,
  uris: ReadonlyMap<string, ReadonlySet<string>>,
  hasShort: boolean,
): string[] {
  if (!(TYPES as readonly string[]).includes(event.type)) return [];
  // The event doesn't name the memories of a large change, nor the tags of a deleted one.
  if (event.type === "memories_changed") return [...uris.values()].flatMap((each) => [...each]);
  const { content_hash } = JSON.parse(event.json) as { content_hash: string };
  // Looked up one by one: there may be a thousand subscriptions of each of a thousand clients.
  const tags = event.tags?.map(tagUri) ?? [...uris.keys()].filter((uri) => uri.startsWith("tag:"));
  const keys = [content_hash];
  for (let digits = SHORTEST_KEY; hasShort && digits < content_hash.length; digits++) {
    keys.push(content_hash.slice(0, digits));
  }
  return [...keys.map(memoryUri), ...new Set(tags), RECENT_URI].flatMap((uri) => [...uris.get(uri) ?? []]);
}

/** Whether a plain address names a memory by the first digits of its key. */
function isShort(plain: string): boolean {
  return plain.startsWith("memory://") && plain !== RECENT_URI && plain.length < memoryUri("").length + 64;
}
