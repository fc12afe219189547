/**
 * Which embedding endpoint a store's memories may be sent to. A setting alone must not send an existing store to another
 * host: it may come from another person's file.
 *
 * @module
 */

import { z } from "zod";
import { endpointOf, type ModelIdentity } from "../embedding/embedder.ts";
import { MemoryError } from "../errors.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";

/** Name of the note in the store. */
const NOTE = "embedding_endpoint";

/**
 * `asked`: the operator said so. `begun`: the store was empty when a process with this endpoint opened it, which counts
 * as long as no other model has become its own; `over` is the id of the one it had.
 */
const Note = z.discriminatedUnion("given", [
  z.object({ given: z.literal("asked"), host: z.string() }),
  z.object({ given: z.literal("begun"), host: z.string(), over: z.string().nullable() }),
]);
type Note = z.infer<typeof Note>;

/** An endpoint by its host, with the port where it isn't the usual one, and the one that a setting allows by name. */
export interface Endpoint {
  host: string;
  allowedHost: string | null;
}

/**
 * Resolves when the store's memories, and queries, may be sent to the endpoint: the store's vectors came from there, a
 * setting names it, the operator ran `unimem reembed` with it, or there is nothing to send yet.
 *
 * @throws {MemoryError} `refused`, with what to do; `unavailable` when the store can't be reached.
 */
export async function permitEndpoint(storage: MemoryStorage, { host, allowedHost }: Endpoint): Promise<void> {
  const active = await storage.activeModel();
  if (active !== null && isFrom(active, host) || allowedHost === host) return;
  const note = noteOf(await storage.note(NOTE));
  if (note?.host === host && (note.given === "asked" || note.over === (active?.id ?? null))) return;
  if (await isEmpty(storage)) return await put(storage, { given: "begun", host, over: active?.id ?? null });
  throw new MemoryError(
    "refused",
    `Nothing is sent to the embedding endpoint ${host}, for ${originOf(active)}: run \`unimem reembed\` to send all ` +
      `memories there, or set MCP_EMBEDDING_ALLOWED_HOST=${host}`,
  );
}

/** Whether a stored model's vectors came from the endpoint. */
export function isFrom(model: Pick<ModelIdentity, "id" | "name" | "dimensions">, host: string): boolean {
  return endpointOf(model) === host;
}

/** Remembers that the operator asked for the store's memories to be sent to the endpoint. */
export async function allowEndpoint(storage: MemoryStorage, host: string): Promise<void> {
  await put(storage, { given: "asked", host });
}

/** Forgets an endpoint that was allowed, once the store's own model is one from elsewhere. */
export async function forgetEndpoints(storage: MemoryStorage, model: ModelIdentity): Promise<void> {
  const text = await storage.note(NOTE), note = noteOf(text);
  if (text !== null && note?.host !== endpointOf(model)) await storage.changeNote(NOTE, text, null);
}

async function put(storage: MemoryStorage, note: Note): Promise<void> {
  await storage.changeNote(NOTE, await storage.note(NOTE), JSON.stringify(note));
}

async function isEmpty(storage: MemoryStorage): Promise<boolean> {
  const [{ memories }, { total }] = await Promise.all([
    storage.vectorCoverage(),
    storage.listTrash({ offset: 0, limit: 0 }),
  ]);
  return memories + total === 0;
}

function originOf(active: ModelIdentity | null): string {
  if (active === null) return "this store holds memories already";
  const host = endpointOf(active);
  return `this store's vectors are of ${active.name}${host === null ? ", made on this machine" : ` from ${host}`}`;
}

function noteOf(text: string | null): Note | null {
  if (text === null) return null;
  try {
    return Note.parse(JSON.parse(text));
  } catch {
    return null; // not one of ours: nothing is allowed by it
  }
}
