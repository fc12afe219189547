/**
 * Storing memories, one or many.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { contentHash } from "../memory/hash.ts";
import type { Memory } from "../memory/memory.ts";
import {
  AgentId,
  ClientHostname,
  Content,
  Instant,
  isoTime,
  MemoryView,
  NewConversationId,
  NewMemoryType,
  NewMetadata,
  NewTagList,
  normaliseTags,
  validityFault,
  ValidityFields,
  validityMetadata,
  viewOf,
} from "../memory/schemas.ts";
import { TimeSlice } from "../yielding.ts";
import type { NewMemory, StoreOutcome } from "../storage/contract/memories.ts";
import { storedEvents } from "./event_types.ts";
import { isOutageWithOutbox, MAY_QUEUE, WHEN_BACK } from "./outbox.ts";
import { chunksOf, lengthFault } from "./split.ts";
import type { Runtime } from "./runtime.ts";
import { embedAllForStore } from "./vectors.ts";
import { writerOf } from "./writer.ts";

/** Most memories in one batch. */
export const MAX_BATCH = 1000;

export const StoreInput = z.object({
  content: Content,
  tags: NewTagList.default([]),
  memory_type: NewMemoryType.nullish(),
  metadata: NewMetadata.default({}),
  conversation_id: NewConversationId.nullish(),
  ...ValidityFields,
  client_hostname: ClientHostname.nullish(),
  agent_id: AgentId.nullish(),
  created_at: Instant.nullish()
    .describe("When it was said or learnt, if that wasn't now: Unix seconds or ISO 8601, not in the future."),
});
export type StoreInput = z.infer<typeof StoreInput>;

export const StoreOutput = z.object({
  success: z.boolean().describe("Whether something was stored or queued; false when it was there already."),
  message: z.string(),
  content_hash: z.string().nullable().describe("Key of the memory, stored now or found."),
  memory: MemoryView.nullable(),
  duplicate: z.boolean().optional().describe("True when the memory was there already; it stays as it was."),
  queued: z.boolean().optional().describe("True when the store is away: the memory waits in the outbox."),
  chunks_created: z.int().optional()
    .describe("Chunks of a content over the limit, when it was stored; they are found and shown as one memory."),
  chunk_hashes: z.array(z.string()).optional()
    .describe("A key for each chunk of a content over the limit; each stands for the whole memory."),
});
export type StoreOutput = z.infer<typeof StoreOutput>;

export const StoreBatchInput = z.object({ memories: z.array(StoreInput).min(1).max(MAX_BATCH) });
export type StoreBatchInput = z.infer<typeof StoreBatchInput>;

export const StoreBatchOutput = z.object({
  success: z.boolean().describe("True: the batch was taken as a whole."),
  message: z.string(),
  total: z.int(),
  stored: z.int(),
  duplicates: z.int(),
  queued: z.int().optional().describe("Memories that wait in the outbox, when there are any."),
  results: z.array(StoreOutput.extend({ index: z.int() })),
});
export type StoreBatchOutput = z.infer<typeof StoreBatchOutput>;

/**
 * Stores one memory. What is there already is reported and left as it is.
 *
 * @param receivedAt Unix seconds at which the request came in, from the runtime's clock: the memory's creation time.
 * @throws {MemoryError} `too_large`, `overloaded` or `unavailable`.
 */
export async function store(
  runtime: Runtime,
  input: StoreInput,
  receivedAt = runtime.now(),
): Promise<StoreOutput> {
  return (await storeAll(runtime, [input], receivedAt))[0]!;
}

/** Stores a batch in one transaction, with a result per item in order. */
export async function storeBatch(
  runtime: Runtime,
  input: StoreBatchInput,
  receivedAt = runtime.now(),
): Promise<StoreBatchOutput> {
  const results = await storeAll(runtime, input.memories, receivedAt);
  const queued = results.filter((result) => result.queued).length;
  const stored = results.filter((result) => result.success).length - queued;
  const duplicates = results.length - stored - queued;
  return {
    success: true,
    message: `Stored ${stored} of ${results.length} memories; ` +
      (queued > 0 ? `${queued} are queued: ${WHEN_BACK}` : `${duplicates} were stored already`),
    total: results.length,
    stored,
    duplicates,
    ...(queued > 0 ? { queued } : {}),
    results: results.map((result, index) => ({ index, ...result })),
  };
}

async function storeAll(runtime: Runtime, inputs: StoreInput[], receivedAt: number): Promise<StoreOutput[]> {
  // The request's own time is for its first memory only, so that no two get the same.
  let time: number | undefined = receivedAt;
  const nextTime = () => {
    const given = time ?? runtime.now();
    time = undefined;
    return given;
  };
  const all: Memory[] = [], timeSlice = new TimeSlice();
  for (const [index, input] of inputs.entries()) {
    all.push(toMemory(runtime, input, nextTime(), inputs.length > 1 ? index : undefined));
    await timeSlice.yieldIfDue();
  }
  const known = await knownOf(runtime, all);
  // What is there already needs no vectors; the store still has the last word on what is a duplicate.
  const vectors = await embedAllForStore(runtime, all.map(({ content }, i) => known[i] ? null : content));
  const items = all.map((memory, i): NewMemory => ({ memory, vectors: vectors[i] ?? null }));
  const outcomes = await runtime.storage.store(items, MAY_QUEUE);
  const added = items.filter((_, i) => outcomes[i] === "stored").map(({ memory }) => memory);
  if (items.some(({ vectors }) => vectors === null)) runtime.health.coverage.changed();
  runtime.events.publish(...storedEvents(added));
  runtime.activity.changed("store", added.map(({ content_hash }) => content_hash));

  const duplicates = items.filter((_, i) => outcomes[i] === "duplicate").map((item) => item.memory.content_hash);
  const existing = new Map(
    (duplicates.length > 0 ? await runtime.storage.getByHash(duplicates) : [])
      .filter((memory) => memory !== null).map((memory) => [memory.content_hash, memory]),
  );

  return all.map((memory, i) => {
    const answer = single(memory, outcomes[i]!, existing);
    return withChunks(answer, memory, chunksOf(runtime, memory.content));
  });
}

/** What is stored already; nothing while the store is away and its outbox takes writes. */
async function knownOf({ storage }: Runtime, memories: readonly Memory[]): Promise<(Memory | null)[]> {
  const none = memories.map(() => null);
  if (storage.capabilities.outbox?.diverting) return none;
  try {
    return await storage.getByHash(memories.map(({ content_hash }) => content_hash));
  } catch (error) {
    if (isOutageWithOutbox(storage, error)) return none;
    throw error;
  }
}

/** The memory an input becomes. */
function toMemory(runtime: Runtime, input: StoreInput, now: number, index?: number): Memory {
  const { includeHostname } = runtime.settings, { content } = input;
  const fault = lengthFault(runtime, content);
  if (fault !== null) {
    const field = index === undefined ? "content" : `memories.${index}.content`;
    throw new MemoryError("too_large", `Cannot store ${fault}`, { field, value: content });
  }
  const empty = validityFault(input);
  if (empty !== null) {
    const field = index === undefined ? "valid_until" : `memories.${index}.valid_until`;
    throw new MemoryError("invalid_input", `Cannot store a memory that never holds: ${empty}`, { field });
  }
  const hostname = includeHostname ? input.client_hostname?.trim() : undefined;
  const agent = input.agent_id?.trim();
  const tags = normaliseTags([
    ...input.tags,
    ...(hostname ? [`source:${hostname}`] : []),
    ...(agent ? [`agent:${agent}`] : []),
  ]);
  const chunks = chunksOf(runtime, content), metadata = { ...input.metadata, ...validityMetadata(input) };
  if (hostname) metadata.hostname = hostname;
  if (chunks > 1) metadata.total_chunks = chunks;
  return {
    content,
    content_hash: contentHash(content),
    tags,
    memory_type: input.memory_type ?? null,
    metadata,
    conversation_id: input.conversation_id ?? null,
    created_at: createdAt(input, runtime.now(), index) ?? now,
    updated_at: now,
    writer: writerOf(runtime),
  };
}

/** Seconds by which a client's clock may be ahead. */
const CLOCK_SKEW = 60;

/** The time that was given; null without one, and for one that is now by a clock that is a little ahead. */
function createdAt({ created_at }: StoreInput, now: number, index?: number): number | null {
  if (created_at == null) return null;
  if (created_at <= now) return created_at;
  if (created_at <= now + CLOCK_SKEW) return null;
  throw new MemoryError("invalid_input", `Cannot store a memory of the future: created_at is ${isoTime(created_at)}`, {
    field: index === undefined ? "created_at" : `memories.${index}.created_at`,
    value: created_at,
  });
}

function single(memory: Memory, outcome: StoreOutcome, existing: Map<string, Memory>): StoreOutput {
  const { content_hash } = memory;
  if (outcome === "stored") {
    return { success: true, message: "Memory stored successfully", content_hash, memory: viewOf(memory) };
  }
  if (outcome === "queued") {
    return {
      success: true,
      message: `Memory queued: ${WHEN_BACK}`,
      content_hash,
      memory: viewOf(memory),
      queued: true,
    };
  }
  const found = existing.get(content_hash), by = found?.superseded?.by;
  // Without a word of it, what was said again would be taken for known, and yet never be found.
  const hidden = by === undefined
    ? ""
    : `; it was superseded by ${by}, so that lists and searches leave it out until ` +
      `DELETE /api/memories/${content_hash}/supersede, or memory_supersede with reinstate, makes it current again`;
  return {
    success: false,
    message: `Duplicate content detected: this memory is stored already and was not changed${hidden}`,
    content_hash,
    // Deleted by someone else between the two calls: still a duplicate at the time of the store.
    memory: found ? viewOf(found) : null,
    duplicate: true,
  };
}

/** What the answer says of a long content: its chunks, by keys that all stand for the one memory. */
function withChunks(answer: StoreOutput, { content_hash }: Memory, chunks: number): StoreOutput {
  if (chunks < 2) return answer;
  const stored = answer.success && !answer.queued;
  return {
    ...answer,
    message: stored ? `Memory stored as ${chunks} chunks, which are found and shown as one` : answer.message,
    chunks_created: answer.success ? chunks : 0,
    chunk_hashes: Array.from({ length: chunks }, (_, chunk) => `${content_hash}-${chunk}`),
  };
}
