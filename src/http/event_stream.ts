/**
 * One client's event stream: events as `text/event-stream`, held back no further than a limit.
 *
 * @module
 */

import type { Events, PublishedEvent, SubscribeOptions } from "../operations/events.ts";

/**
 * What a client may leave unread, and what each event counts beside its bytes, so that the limit bounds their number
 * too. More than the hub ever replays at once, so that only slow readers reach it.
 */
const MAX_UNREAD_BYTES = 2 * 1024 * 1024, EVENT_OVERHEAD_BYTES = 512;
/** Bytes handed over at once when several events wait. */
const MAX_CHUNK_BYTES = 64 * 1024;
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
 * @throws {MemoryError} as `Events.subscribe`.
 */
export function streamEvents(hub: Events, options: SubscribeOptions): Response {
  const queue = new FrameQueue();
  let leave = () => {};
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      leave = hub.subscribe({
        send: (event) => queue.add(frameOf(event)),
        end: (reason) => {
          // What a slow client didn't take is dropped: it may never read, and what waits would stay in memory.
          const rest = queue.take(Infinity);
          if (reason === "stopping" && rest !== null) controller.enqueue(rest);
          controller.close();
          queue.wake();
        },
      }, options);
    },
    // Called when the client has taken what it was given.
    pull: async (controller) => {
      await queue.filled();
      const chunk = queue.take(MAX_CHUNK_BYTES);
      if (chunk !== null) controller.enqueue(chunk);
    },
    cancel: () => {
      leave();
      queue.wake();
    },
  }, { highWaterMark: 1 });
  return new Response(body, { headers: HEADERS });
}

/** Events that wait for a client to read. */
class FrameQueue {
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #waiting: (() => void) | undefined;

  /** Adds an event; false when too much waits. */
  add(frame: Uint8Array): boolean {
    this.#frames.push(frame);
    this.#bytes += frame.length + EVENT_OVERHEAD_BYTES;
    this.wake();
    return this.#bytes <= MAX_UNREAD_BYTES;
  }

  /** Resolves when something waits, or at `wake`. */
  async filled(): Promise<void> {
    if (this.#frames.length === 0) await new Promise<void>((resolve) => this.#waiting = resolve);
  }

  wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  /** The events that fit in `maxBytes`, at least one, in one piece; null when none waits. */
  take(maxBytes: number): Uint8Array | null {
    let count = 0, size = 0;
    while (count < this.#frames.length && (count === 0 || size + this.#frames[count]!.length <= maxBytes)) {
      size += this.#frames[count++]!.length;
    }
    if (count === 0) return null;
    const piece = new Uint8Array(size);
    let offset = 0;
    for (const frame of this.#frames.splice(0, count)) {
      piece.set(frame, offset);
      offset += frame.length;
    }
    this.#bytes -= size + count * EVENT_OVERHEAD_BYTES;
    return piece;
  }
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
