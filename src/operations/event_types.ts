/**
 * The events of the service, with the names and fields that existing clients know, and how operations make them.
 *
 * @module
 */

import type { Memory } from "../memory/memory.ts";

/** What each event says besides its time. */
export interface EventData {
  memory_stored: MemoryFacts;
  memory_updated: MemoryFacts & { fields: string[] };
  memory_deleted: { content_hash: string; success: true; message: string };
  /** One for many: a batch so large that an event for each would only make readers load everything again. */
  memories_changed: { change: "stored" | "updated" | "deleted"; count: number; message: string };
  search_completed: SearchFacts & { message: string };
  upload_progress: UploadFacts & { message: string };
  reembedding_progress: { model: string; done: number; total: number; finished: boolean; message: string };
}

/** What an event tells of a memory: never more of its content than the preview. */
export interface MemoryFacts {
  content_hash: string;
  content_preview: string;
  tags: string[];
  memory_type: string | null;
  message: string;
}

/** What an event tells of a search. */
export interface SearchFacts {
  query: string;
  search_type: string;
  results_count: number;
  processing_time_ms: number;
}

/** What an event tells of a document on its way in. */
export interface UploadFacts {
  upload_id: string;
  filename: string;
  status: string;
  /** 0 to 100. */
  progress: number;
  chunks_stored: number;
  total_chunks: number;
}

export type EventType = keyof EventData;

/** An event before it is published. */
export type Draft = {
  [T in EventType]: {
    type: T;
    /** Those of the memories it is about; null where they aren't known. */
    tags: readonly string[] | null;
    data: EventData[T];
    /** Where it happened, where that isn't the space its caller writes to. */
    space?: string;
    /** Who did it; see `Audience.owner`. */
    by?: string | null;
  };
}[EventType];

/** Every type that can be asked for; connections get `connection_established`, `events_missed` and `heartbeat` besides. */
export const EVENT_TYPES = [
  "memory_stored",
  "memory_updated",
  "memory_deleted",
  "memories_changed",
  "search_completed",
  "upload_progress",
  "reembedding_progress",
] as const satisfies readonly EventType[];

/** Types that aren't kept for readers who come back: they tell of a moment, and would push out those that matter. */
export const PASSING: ReadonlySet<EventType> = new Set(["search_completed", "reembedding_progress"]);

/** Types that only their author gets: they hold what was asked for. */
export const PRIVATE_EVENTS: ReadonlySet<string> = new Set<EventType>(["search_completed"]);

/** Types that concern no space of their own. */
export const WHOLE_STORE_EVENTS: ReadonlySet<string> = new Set<EventType>(["reembedding_progress"]);

/** Most memories of one call that get an event each. */
const MAX_EACH = 50;
/** Characters of a content or a query that an event shows. */
const PREVIEW = 100;

/** Events for memories that were stored. */
export function storedEvents(memories: readonly Memory[]): Draft[] {
  return each("stored", memories, (memory) => ({
    type: "memory_stored",
    tags: memory.tags,
    ...spaceOf(memory),
    data: factsOf(memory, "New memory stored successfully"),
  }));
}

/** Events for memories after a change; `fields` are those that changed. */
export function updatedEvents(memories: readonly Memory[], fields: string[]): Draft[] {
  return each("updated", memories, (memory) => ({
    type: "memory_updated",
    tags: memory.tags,
    ...spaceOf(memory),
    data: { ...factsOf(memory, `Memory updated: ${fields.join(", ")}`), fields },
  }));
}

/** Events for memories that were deleted. */
export function deletedEvents(hashes: readonly string[]): Draft[] {
  return each("deleted", hashes, (content_hash) => ({
    type: "memory_deleted",
    tags: null,
    data: { content_hash, success: true, message: "Memory deleted successfully" },
  }));
}

/** The event for a change whose memories aren't known one by one, such as a tag's renaming. */
export function changedEvent(
  change: "stored" | "updated" | "deleted",
  count: number,
  message = `${count} memories ${change}`,
): Draft {
  return { type: "memories_changed", tags: null, data: { change, count, message } };
}

/** The event for a search that ended. */
export function searchEvent(facts: SearchFacts): Draft {
  const message = `Search completed: ${facts.results_count} results found`;
  return { type: "search_completed", tags: null, data: { ...facts, query: preview(facts.query), message } };
}

/** The event for a step of a document's way in. */
export function uploadEvent(facts: UploadFacts, message = `${facts.filename}: ${facts.status}`): Draft {
  return { type: "upload_progress", tags: null, data: { ...facts, message } };
}

/** The event for a step of a re-embedding. */
export function reembeddingEvent(model: string, done: number, total: number, finished = false): Draft {
  const message = finished ? `Searches now use ${model}` : `Re-embedded ${done} of ${total} memories`;
  return { type: "reembedding_progress", tags: null, data: { model, done, total, finished, message } };
}

function each<T>(change: "stored" | "updated" | "deleted", items: readonly T[], draft: (item: T) => Draft): Draft[] {
  return items.length > MAX_EACH ? [changedEvent(change, items.length)] : items.map(draft);
}

function spaceOf({ space }: Memory): { space?: string } {
  return space === undefined ? {} : { space };
}

function factsOf({ content_hash, content, tags, memory_type }: Memory, message: string): MemoryFacts {
  return { content_hash, content_preview: preview(content), tags, memory_type, message };
}

/** The first characters, with three dots when there are more. Whole code points, as the recorded service counts. */
function preview(text: string): string {
  if (text.length <= PREVIEW) return text;
  const start = Array.from(text.slice(0, 2 * PREVIEW)).slice(0, PREVIEW).join("");
  return start.length < text.length ? `${start}...` : text;
}
