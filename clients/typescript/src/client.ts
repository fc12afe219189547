/**
 * The client: a method for what most programs do, and every other operation by its name.
 *
 * @module
 */

import { NotFoundError } from "./errors.ts";
import { type EventOptions, followEvents, type MemoryEvent } from "./events.ts";
import { MAX_QUERY, notes, type Recalled, type RecallOptions } from "./recall.ts";
import {
  type Answer,
  type CallOptions,
  type ClientOptions,
  type Input,
  type OperationId,
  Transport,
} from "./transport.ts";
import type { Memory, MemoryUpdate, NewMemory, SearchRequest } from "./types.ts";

/** The operation that each method of the client calls. Others go by {@link Unimem.call}. */
export const METHODS = {
  store: "storeMemory",
  storeMany: "storeMemories",
  search: "search",
  searchByTag: "searchByTag",
  searchByTime: "searchByTime",
  similar: "searchSimilar",
  recall: "search",
  get: "getMemory",
  list: "listMemories",
  all: "listMemories",
  update: "updateMemory",
  updateMany: "updateMemories",
  tagMany: "tagMemories",
  delete: "deleteMemory",
  deleteMany: "deleteMemories",
  relations: "listRelations",
  relate: "addRelation",
  supersede: "supersedeMemory",
  tags: "listTags",
  briefing: "briefing",
  upload: "uploadDocument",
  events: "streamEvents",
  spaces: "listSpaces",
  whoami: "whoami",
  health: "health",
} as const satisfies Record<string, OperationId>;

type Body<Id extends OperationId> = Input<Id> extends { body: infer B } ? B : never;
type Query<Id extends OperationId> = Input<Id> extends { query?: infer Q } ? NonNullable<Q> : never;

/** A Unimem service. Holds no connection; make as many as you like. */
export class Unimem {
  readonly #transport: Transport;

  /** @throws {TypeError} when `url` is no address. */
  constructor(options: ClientOptions = {}) {
    this.#transport = new Transport(options);
  }

  /** The same service with another space, for writing, and further ones for reading. */
  inSpace(...space: [string, ...string[]]): Unimem {
    return new Unimem({ ...this.#transport.options, space });
  }

  /**
   * Calls an operation by the name that the OpenAPI document gives it, such as `mergeDuplicates`.
   *
   * @throws {UnimemError}
   */
  call<Id extends OperationId>(
    id: Id,
    ...[input, options]: Record<never, never> extends Input<Id> ? [Input<Id>?, CallOptions?] : [Input<Id>, CallOptions?]
  ): Promise<Answer<Id>> {
    return this.#transport.call(id, input as object, options) as Promise<Answer<Id>>;
  }

  /** As {@link call}, with the body still to be read: for exports and other long answers. */
  stream<Id extends OperationId>(
    id: Id,
    ...[input, options]: Record<never, never> extends Input<Id> ? [Input<Id>?, CallOptions?] : [Input<Id>, CallOptions?]
  ): Promise<Response> {
    return this.#transport.send(id, input as object, options);
  }

  /** Stores a memory. One that is there already stays as it is; the answer then has `duplicate: true`. */
  store(memory: string | NewMemory, more: Omit<NewMemory, "content"> = {}, options?: CallOptions) {
    const body = typeof memory === "string" ? { ...more, content: memory } : { ...memory, ...more };
    return this.call("storeMemory", { body }, options);
  }

  /** Stores up to 1,000 memories in one transaction, with a result for each in order. */
  storeMany(memories: readonly (string | NewMemory)[], options?: CallOptions) {
    const all = memories.map((memory) => typeof memory === "string" ? { content: memory } : memory);
    return this.call("storeMemories", { body: { memories: all } }, options);
  }

  /** Searches by meaning and by words; best first. */
  search(query: string | SearchRequest, more: Omit<SearchRequest, "query"> = {}, options?: CallOptions) {
    const body = typeof query === "string" ? { ...more, query } : { ...query, ...more };
    return this.call("search", { body }, options);
  }

  /** Finds memories by their tags, newest first. */
  searchByTag(tags: string[], more: Omit<Body<"searchByTag">, "tags"> = {}, options?: CallOptions) {
    return this.call("searchByTag", { body: { ...more, tags } }, options);
  }

  /** Finds memories by when they were stored: `last week`, `March 2025`. */
  searchByTime(period: string, more: Omit<Body<"searchByTime">, "query"> = {}, options?: CallOptions) {
    return this.call("searchByTime", { body: { ...more, query: period } }, options);
  }

  /** Memories similar to one. */
  similar(contentHash: string, query: Query<"searchSimilar"> = {}, options?: CallOptions) {
    return this.call("searchSimilar", { path: { content_hash: contentHash }, query }, options);
  }

  /**
   * What fits a prompt, as text for the model's context. Only what is likely to help comes, so it is often empty.
   *
   * @throws {UnimemError}
   */
  async recall(prompt: string, options: RecallOptions = {}): Promise<Recalled> {
    const { limit = 8, maxCharacters = 2800, minRelevance = "auto", except = [], tags, signal } = options;
    const query = prompt.slice(0, MAX_QUERY).trim();
    if (query === "") return { text: "", results: [] };
    const more = {
      page_size: Math.min(100, limit + except.length),
      min_relevance: minRelevance,
      ...tags === undefined ? {} : { tags },
    };
    const { results } = await this.search(query, more, signal === undefined ? {} : { signal });
    const known = new Set(except);
    const fitting = results.filter(({ memory }) => !known.has(memory.content_hash)).slice(0, limit);
    return notes(fitting, maxCharacters, crypto.randomUUID().replaceAll("-", "").slice(0, 12));
  }

  /** A memory by its `content_hash` or the first ten digits of it; null where there is none. */
  async get(contentHash: string, options?: CallOptions): Promise<Memory | null> {
    try {
      return await this.call("getMemory", { path: { content_hash: contentHash } }, options);
    } catch (error) {
      if (error instanceof NotFoundError) return null;
      throw error;
    }
  }

  /** A page of memories, newest first. */
  list(query: Query<"listMemories"> = {}, options?: CallOptions) {
    return this.call("listMemories", { query }, options);
  }

  /** All memories that pass a filter, page by page, each once. What is stored meanwhile may be left out. */
  async *all(query: Omit<Query<"listMemories">, "page"> = {}, options?: CallOptions): AsyncGenerator<Memory> {
    const seen = new Set<string>();
    for (let page = 1;; page++) {
      const found = await this.list({ page_size: 100, ...query, page }, options);
      for (const memory of found.memories) {
        if (seen.has(memory.content_hash)) continue;
        seen.add(memory.content_hash);
        yield memory;
      }
      if (!found.has_more) return;
    }
  }

  /** Changes a memory's tags, type, metadata or times. The content never changes: see {@link supersede}. */
  update(contentHash: string, changes: MemoryUpdate, options?: CallOptions) {
    return this.call("updateMemory", { path: { content_hash: contentHash }, body: changes }, options);
  }

  /** Changes many memories. */
  updateMany(updates: Body<"updateMemories">["updates"], options?: CallOptions) {
    return this.call("updateMemories", { body: { updates } }, options);
  }

  /** Adds tags to many memories, or takes them off. */
  tagMany(contentHashes: string[], change: { add?: string[]; remove?: string[] }, options?: CallOptions) {
    const { add = [], remove = [] } = change;
    return this.call(
      "tagMemories",
      { body: { content_hashes: contentHashes, add_tags: add, remove_tags: remove } },
      options,
    );
  }

  /** Deletes a memory; it goes to the trash unless `permanent`. */
  delete(contentHash: string, { permanent = false }: { permanent?: boolean } = {}, options?: CallOptions) {
    return this.call("deleteMemory", { path: { content_hash: contentHash }, query: { permanent } }, options);
  }

  /** Deletes many memories. */
  deleteMany(contentHashes: string[], { permanent = false }: { permanent?: boolean } = {}, options?: CallOptions) {
    return this.call("deleteMemories", { body: { content_hashes: contentHashes, permanent } }, options);
  }

  /** What a memory is linked with. */
  relations(contentHash: string, options?: CallOptions) {
    return this.call("listRelations", { path: { content_hash: contentHash } }, options);
  }

  /** Links two memories. */
  relate(from: string, to: string, type = "relates_to", options?: CallOptions) {
    const body = { target_hash: to, relation_type: type };
    return this.call("addRelation", { path: { content_hash: from }, body }, options);
  }

  /** Says that a newer memory takes the place of an older one, which is then no longer found. */
  supersede(older: string, newer: string, reason = "", options?: CallOptions) {
    return this.call("supersedeMemory", { path: { content_hash: older }, body: { new_hash: newer, reason } }, options);
  }

  /** The tags in use, most used first. */
  tags(options?: CallOptions) {
    return this.call("listTags", {}, options);
  }

  /** What an agent should know when a session starts. */
  briefing(options?: CallOptions) {
    return this.call("briefing", {}, options);
  }

  /** Takes a document in; {@link call} `getUploadStatus` follows it. */
  upload(file: Blob, name: string, { tags = [] }: { tags?: string[] } = {}, options?: CallOptions) {
    const form = new FormData();
    form.set("file", file, name);
    if (tags.length > 0) form.set("tags", tags.join(","));
    return this.call("uploadDocument", { body: form }, options);
  }

  /** Events as they happen, also after breaks of the connection. */
  events(options?: EventOptions): AsyncGenerator<MemoryEvent> {
    return followEvents(this.#transport, options);
  }

  /** The spaces there are; needs an admin's key of all spaces. */
  spaces(options?: CallOptions) {
    return this.call("listSpaces", {}, options);
  }

  /** Who the key is, and what it may do. */
  whoami(options?: CallOptions) {
    return this.call("whoami", {}, options);
  }

  /** Whether the service lives. */
  health(options?: CallOptions) {
    return this.call("health", {}, options);
  }
}
