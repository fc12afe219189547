/**
 * One client's event stream: events as `text/event-stream`, held back no further than a limit.
 *
 * @module
 */

import type { EventHub, PublishedEvent, SubscribeOptions } from "../operations/events.ts";

/**
 * What a client may leave unread, and what each event counts beside its bytes, so that the limit bounds their number
 * too. More than the hub ever replays at once, so that only slow readers reach it.
 */
const MAX_UNREAD_BYTES = 2 * 1024 * 1024, EVENT_OVERHEAD_BYTES = 512;
/** Milliseconds after which a client whose stream broke comes back. */
const RETRY_MS = 3000;

const HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-store",
  // Proxies such as nginx would hold events back otherwise.
  "X-Accel-Buffering": "no",
};

const encoder = new TextEncoder();
/** The same bytes serve every client that gets an event. */
const frames = new WeakMap<PublishedEvent, Uint8Array>();

/**
 * Opens a stream. A client that goes frees its place at once; one that doesn't read loses its connection, and can come
 * back with the last id it got.
 *
 * @param maxUnread Bytes a client may leave unread.
 * @throws {MemoryError} as `EventHub.subscribe`.
 */
export function streamEvents(hub: EventHub, options: SubscribeOptions, maxUnread = MAX_UNREAD_BYTES): Response {
  let leave = () => {};
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      leave = hub.subscribe({
        send: (event) => {
          controller.enqueue(frameOf(event));
          return controller.desiredSize! > 0;
        },
        end: (reason) => {
          // An error frees what is queued; closing would keep it for a client that may never read it.
          if (reason === "slow") controller.error(new Error("The reader is too slow"));
          else controller.close();
        },
      }, options);
    },
    cancel: () => leave(),
  }, { highWaterMark: maxUnread, size: (chunk) => chunk.length + EVENT_OVERHEAD_BYTES });
  return new Response(body, { headers: HEADERS });
}

/** The headers alone, for HEAD. */
export function eventStreamHeaders(): Response {
  return new Response(null, { headers: HEADERS });
}

function frameOf(event: PublishedEvent): Uint8Array {
  let frame = frames.get(event);
  if (frame === undefined) {
    const retry = event.type === "connection_established" ? `retry: ${RETRY_MS}\n` : "";
    frame = encoder.encode(`id: ${event.id}\nevent: ${event.type}\ndata: ${event.json}\n${retry}\n`);
    frames.set(event, frame);
  }
  return frame;
}
