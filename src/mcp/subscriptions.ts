/**
 * Telling clients that a resource they subscribed to has changed.
 *
 * @module
 */

import type { PublishedEvent } from "../operations/events.ts";
import type { Runtime } from "../operations/runtime.ts";
import { memoryUri, parseUri, RECENT_URI, tagUri } from "./uris.ts";

/** Most resources one client may subscribe to. */
const MAX_SUBSCRIPTIONS = 1000;

const TYPES = ["memory_stored", "memory_updated", "memory_deleted", "memories_changed"] as const;

/** The subscriptions of one client. It listens to the service's events only while there are any. */
export class Subscriptions {
  readonly #runtime: Runtime;
  readonly #notify: (uri: string) => Promise<void>;
  readonly #uris = new Set<string>();
  #stop: (() => void) | undefined;

  /** @param notify Tells the client; its failure means that the client has gone. */
  constructor(runtime: Runtime, notify: (uri: string) => Promise<void>) {
    this.#runtime = runtime;
    this.#notify = notify;
  }

  /** Subscribes; false for an address that is no resource, or when there are too many. */
  add(uri: string): boolean {
    if (parseUri(uri) === null || this.#uris.size >= MAX_SUBSCRIPTIONS) return false;
    this.#stop ??= this.#listen();
    this.#uris.add(uri);
    return true;
  }

  remove(uri: string): void {
    this.#uris.delete(uri);
    if (this.#uris.size === 0) this.close();
  }

  /** Ends all of them. Idempotent. */
  close(): void {
    this.#uris.clear();
    this.#stop?.();
    this.#stop = undefined;
  }

  #listen(): () => void {
    const subscriber = {
      send: (event: PublishedEvent) => {
        for (const uri of touched(event, this.#uris)) this.#notify(uri).catch(() => this.close());
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
}

/** The subscribed addresses that an event is about. */
export function touched(event: PublishedEvent, uris: Iterable<string>): string[] {
  if (!(TYPES as readonly string[]).includes(event.type)) return [];
  // Which memories a large change touched isn't told, nor the tags of a deleted one.
  if (event.type === "memories_changed") return [...uris];
  const { content_hash } = JSON.parse(event.json) as { content_hash: string };
  const tags = event.tags?.map(tagUri);
  return [...uris].filter((uri) => {
    const address = parseUri(uri);
    if (address?.kind === "memory") return memoryUri(address.content_hash) === memoryUri(content_hash);
    if (address?.kind === "tag") return tags === undefined || tags.includes(tagUri(address.tag));
    return uri === RECENT_URI;
  });
}
