/**
 * Client of Unimem's REST API, for Node 20 and later, Deno and browsers. Without dependencies.
 *
 * ```ts
 * import { Unimem } from "@unimem/client";
 *
 * const memory = new Unimem({ url: "http://127.0.0.1:8000" });
 * await memory.store("Staging runs PostgreSQL 16.", { tags: ["infra"] });
 * const { results } = await memory.search("which database does staging use?");
 * ```
 *
 * @module
 */

export { METHODS, Unimem } from "./client.ts";
export * from "./errors.ts";
export type { EventOptions, EventType, MemoryEvent } from "./events.ts";
export { OPERATIONS } from "./operations.gen.ts";
export type { components, operations, paths } from "./openapi.gen.ts";
export type { Recalled, RecallOptions } from "./recall.ts";
export type { Answer, CallOptions, ClientOptions, Input, OperationId } from "./transport.ts";
export type * from "./types.ts";
