/**
 * What happens in the service, as it happens. Changes are counted, not shown at once: what is open stays open.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { lost, problemText, request } from "./api.ts";
import { space } from "./router.ts";
import { t } from "./text.ts";

/** An event as it is listed. */
export interface LiveEvent {
  id: number;
  type: string;
  /** Unix seconds. */
  at: number;
  data: Record<string, unknown>;
}

const KEPT = 50;
const RETRY_MS = 3000;
/** Milliseconds in which events are gathered before the page hears of them. */
const GATHER_MS = 250;
/** Milliseconds for which the events of a change made here are expected. */
const OWN_MS = 15_000;
const CHANGES = new Set(["memory_stored", "memory_updated", "memory_deleted", "memories_changed"]);

export const liveState = signal<"connecting" | "live" | "broken">("connecting");
/** The latest events, newest first. */
export const events = signal<LiveEvent[]>([]);
/** Memories that others changed since the page began, counted. */
export const changes = signal(0);
/** The latest state of each upload, by its id. */
export const uploads = signal<ReadonlyMap<string, Record<string, unknown>>>(new Map());

/** When changes made here are no longer expected, by content_hash. */
const own = new Map<string, number>();
let ownMany = 0;
/** Ids of the uploads that were sent from here; the tags of their memories name them. */
const ownUploads = new Set<string>(), UPLOAD_TAG = "upload_id:";
let waiting: LiveEvent[] = [];
let lastNumber = 0;

/** Says that this page changes memories, so that their events aren't announced as news; `null` for an unknown number. */
export function expectOwn(hashes: readonly string[] | null): void {
  const until = performance.now() + OWN_MS;
  if (hashes === null || hashes.length > 50) ownMany = until;
  for (const hash of hashes ?? []) own.set(hash, until);
}

/** Says that this page sent a document, whose memories are stored by and by. */
export function expectUpload(id: string): void {
  ownUploads.add(id);
}

/**
 * Follows the events from now on, coming back after each break. Never returns. A page that was left gives its stream up:
 * browsers keep such pages for going back, and open few connections to one server.
 */
export async function followLive(): Promise<never> {
  let lastId = "", aborting = new AbortController();
  addEventListener("pagehide", () => aborting.abort());
  // Another space has other events.
  let isOther = false;
  space.subscribe(() => {
    isOther = true;
    aborting.abort();
  });
  while (true) {
    aborting = new AbortController();
    isOther = false;
    try {
      const headers = lastId === "" ? {} : { "Last-Event-ID": lastId };
      const response = await request("GET", "/api/events", { headers, signal: aborting.signal });
      if (!response.ok) throw new Error(problemText(await response.json().catch(() => null), response.status));
      liveState.value = "live";
      for await (const { id, event, data } of eventsOf(response.body!)) {
        if (id) lastId = id;
        if (event !== undefined && data !== undefined) take(event, JSON.parse(data));
      }
      // A stream of a living service doesn't end.
      lost();
    } catch {
      // The state says so; the next turn tries again.
    }
    liveState.value = "broken";
    await new Promise((resolve) => setTimeout(resolve, isOther ? 0 : RETRY_MS));
  }
}

function take(type: string, data: Record<string, unknown>): void {
  if (type === "heartbeat" || type === "connection_established") return;
  if (waiting.length === 0) setTimeout(show, GATHER_MS);
  waiting.push({ id: ++lastNumber, type, at: Date.now() / 1000, data });
}

function show(): void {
  const arrived = waiting, now = performance.now();
  waiting = [];
  events.value = [...arrived.toReversed(), ...events.value].slice(0, KEPT);
  for (const [hash, until] of own) if (until < now) own.delete(hash);
  let count = 0;
  for (const { type, data } of arrived) {
    if (type === "events_missed") count++;
    if (type === "upload_progress" && ownUploads.has(String(data.upload_id))) ownMany = now + OWN_MS;
    if (!CHANGES.has(type)) continue;
    const many = type === "memories_changed";
    if (many ? ownMany > now : own.has(String(data.content_hash)) || isOfOwnUpload(data)) continue;
    count += many ? Number(data.count) || 1 : 1;
  }
  if (count > 0) changes.value += count;
  const moved = arrived.filter(({ type }) => type === "upload_progress");
  if (moved.length > 0) {
    uploads.value = new Map([...uploads.value, ...moved.map(({ data }) => [String(data.upload_id), data] as const)]);
  }
}

function isOfOwnUpload({ tags }: Record<string, unknown>): boolean {
  return Array.isArray(tags) &&
    tags.some((tag) => String(tag).startsWith(UPLOAD_TAG) && ownUploads.has(String(tag).slice(UPLOAD_TAG.length)));
}

/** What an event is about, in a line. */
export function aboutOf({ type, data }: LiveEvent): string {
  const about = data.content_preview ?? data.query ?? data.filename ?? data.message ?? data.content_hash ?? type;
  return type === "memory_deleted" ? t("live.key", { key: String(data.content_hash).slice(0, 10) }) : String(about);
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, string>> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (text + value).split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      yield Object.fromEntries(
        block.split("\n").map((line) => {
          const colon = line.indexOf(": ");
          return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 2)];
        }),
      );
    }
  }
}
