/**
 * The service's events as an async iterator that comes back after a break, where it was.
 *
 * @module
 */

import { ConnectionError, RateLimitError, UnavailableError, UnimemError } from "./errors.ts";
import { pause, type Transport } from "./transport.ts";

/** Types of events that a reader gets. */
export type EventType =
  | "memory_stored"
  | "memory_updated"
  | "memory_deleted"
  | "memories_changed"
  | "search_completed"
  | "upload_progress"
  | "reembedding_progress"
  | "events_missed";

/** An event. */
export interface MemoryEvent {
  /** Increases from event to event, over restarts too; goes on as `lastEventId`. */
  id: string;
  /** Other types come with newer services. */
  type: EventType | (string & Record<never, never>);
  data: Record<string, unknown>;
}

/** Which events, and from where on. */
export interface EventOptions {
  /** Only these types; `events_missed` comes all the same. */
  types?: readonly Exclude<EventType, "events_missed">[];
  /** Only events of memories with one of these tags, and those that tell no tags. */
  tags?: readonly string[];
  /** The id after which to go on; without it from now on. */
  lastEventId?: string;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

/** Types that only keep the connection. */
const QUIET = new Set(["connection_established", "heartbeat"]);
/** Heartbeats that may be missing before the connection counts as broken. */
const MISSED_HEARTBEATS = 3;

/**
 * Events as they happen. After a break it comes back with the last id, so that nothing is lost that the service still
 * keeps; `events_missed` says so where something is not.
 *
 * @throws {UnimemError} when the service refuses, or can't be reached at the first try.
 */
export async function* followEvents(transport: Transport, options: EventOptions = {}): AsyncGenerator<MemoryEvent> {
  const { types = [], tags = [], signal } = options;
  let last = options.lastEventId, retryMs = 3000, opened = false;
  // A client of its own each time: the iterator decides about tries.
  while (!signal?.aborted) {
    const stop = new AbortController();
    const end = () => stop.abort(signal!.reason);
    signal?.addEventListener("abort", end, { once: true });
    let waitMs = retryMs;
    try {
      // Not the header of this name: earlier services refuse it from pages of other origins.
      const query = { types: types.length > 0 ? types.join(",") : undefined, tag: tags, last_event_id: last };
      const response = await transport.send("streamEvents", { query }, { signal: stop.signal });
      opened = true;
      let silence = 0;
      for await (const event of parse(response.body!, () => silence, () => stop.abort())) {
        if (event.id !== "") last = event.id;
        retryMs = waitMs = event.retryMs ?? retryMs;
        const data = JSON.parse(event.data || "{}") as Record<string, unknown>;
        if (typeof data.heartbeat_interval === "number") silence = data.heartbeat_interval * 1000 * MISSED_HEARTBEATS;
        if (!QUIET.has(event.type)) yield { id: event.id, type: event.type, data };
      }
    } catch (error) {
      if (signal?.aborted) return;
      const passing = error instanceof ConnectionError || error instanceof UnavailableError ||
        error instanceof RateLimitError || !(error instanceof UnimemError);
      if (!passing || !opened) throw error;
      if (error instanceof UnimemError) waitMs = Math.max(waitMs, (error.retryAfterSeconds ?? 0) * 1000);
    } finally {
      signal?.removeEventListener("abort", end);
      stop.abort();
    }
    await pause(waitMs, signal).catch(() => {});
  }
}

interface Frame {
  id: string;
  type: string;
  data: string;
  retryMs: number | undefined;
}

/**
 * Frames of a `text/event-stream`, as the HTML standard parses them.
 *
 * @param silence Milliseconds without a byte after which `broken` is called; 0 for no limit.
 */
async function* parse(
  body: ReadableStream<Uint8Array>,
  silence: () => number,
  broken: () => void,
): AsyncGenerator<Frame> {
  const reader = body.getReader(), decoder = new TextDecoder();
  let rest = "", frame: Frame = { id: "", type: "message", data: "", retryMs: undefined }, hasData = false;
  try {
    while (true) {
      const limit = silence();
      const timeout = limit > 0 ? setTimeout(broken, limit) : undefined;
      const { done, value } = await reader.read().finally(() => clearTimeout(timeout));
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop()!;
      for (const line of lines) {
        if (line === "") {
          if (hasData) yield frame;
          frame = { id: "", type: "message", data: "", retryMs: undefined };
          hasData = false;
          continue;
        }
        const colon = line.indexOf(":");
        const name = colon < 0 ? line : line.slice(0, colon);
        const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (name === "data") {
          frame.data = hasData ? `${frame.data}\n${text}` : text;
          hasData = true;
        } else if (name === "event") frame.type = text;
        else if (name === "id") frame.id = text;
        else if (name === "retry" && /^\d+$/.test(text)) frame.retryMs = Number(text);
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
