/**
 * Named keys as they are kept with the store: a note that processes and replicas share. A key's token is never kept, only
 * its SHA-256; a token of 256 random bits needs no slower hash.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import type { Caller, Spaces } from "../../access/caller.ts";
import { RIGHTS } from "../../access/caller.ts";
import { errorText, MemoryError } from "../../errors.ts";
import { DEFAULT_SPACE, SpaceName } from "../../memory/space.ts";
import type { StoreNotes } from "../../storage/contract/notes.ts";

/** Most keys of a store. */
export const MAX_KEYS = 1000;
/** Spaces that a key can list. */
const MAX_SPACES = 100;

const NOTE = "access_keys", USES_NOTE = "access_key_uses";

/** Names of callers that have no key of the store. */
const RESERVED = new Set(["local", "anonymous", "mcp_api_key"]);

/** Name of a key: it stands in logs and beside memories. */
export const KeyName = z.string().trim().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u, {
  error: "must be 1 to 64 letters, digits, blanks and . _ @ + -, and begin with a letter or digit",
}).refine((name) => !RESERVED.has(name.toLowerCase()), "must not be a name that stands for callers without a key")
  .refine((name) => !/^[0-9a-f]{12}$/.test(name), "must not look like a key's id");

/** Names of spaces, or `all`. */
export const KeySpaces = z.union([z.literal("all"), z.array(SpaceName).min(1).max(MAX_SPACES)]);

export const KeyLimits = z.object({
  requests_per_minute: z.int().min(1).max(1_000_000).optional()
    .describe("Requests a minute, of each process that serves; more are answered 429."),
  memories: z.int().min(1).optional().describe("Memories that the writing space may hold for the key to store more."),
  bytes: z.int().min(1).optional().describe("Bytes of their contents, likewise."),
});
export type KeyLimits = z.infer<typeof KeyLimits>;

const Hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A key. Times are Unix seconds. */
export const AccessKey = z.object({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  name: z.string(),
  hash: Hash,
  /** The token before the last rotation, and when it stops being valid. */
  previous: z.object({ hash: Hash, until: z.number() }).optional(),
  rights: z.enum(RIGHTS),
  /** Spaces it may write to, and spaces it may read; the first ones are those of requests that choose none. */
  write: z.union([z.literal("all"), z.array(z.string())]),
  read: z.union([z.literal("all"), z.array(z.string()).min(1)]),
  limits: KeyLimits.optional(),
  created_at: z.number(),
  expires_at: z.number().nullable(),
});
export type AccessKey = z.infer<typeof AccessKey>;

const Note = z.object({ keys: z.array(AccessKey) });
const Uses = z.record(z.string(), z.number());

/** A new token, and what is kept of it. */
export function newToken(id: string): { token: string; hash: string } {
  const random = crypto.getRandomValues(new Uint8Array(32));
  const secret = btoa(String.fromCharCode(...random)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const token = `um_${id}_${secret}`;
  return { token, hash: hashOf(token) };
}

/** A new id: 12 hexadecimal digits. */
export function newId(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 12);
}

/** Id of the key that a token belongs to; null for other texts. */
export function idOf(token: string): string | null {
  return /^um_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/.exec(token)?.[1] ?? null;
}

/** SHA-256 as 64 hexadecimal digits. */
export function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** The text of the note that holds the keys; null while there are none. */
export function readNote(notes: StoreNotes): Promise<string | null> {
  return notes.note(NOTE);
}

/**
 * The keys in a note.
 *
 * @throws {MemoryError} `configuration` for a note that this version can't read: a newer one may have written it, and keys
 * that can't be read must not be taken for none.
 */
export function keysIn(text: string | null): AccessKey[] {
  if (text === null) return [];
  try {
    return Note.parse(JSON.parse(text)).keys;
  } catch (error) {
    const reason = `the store's note ${NOTE} has another form: ${errorText(error).slice(0, 200)}`;
    throw new MemoryError("configuration", `Cannot read the access keys: ${reason}`, { cause: error });
  }
}

/**
 * Changes the keys. Others may do the same: `change` is called again with what they left then.
 *
 * @param change The keys afterwards, and what to give back.
 */
export async function changeKeys<T>(
  notes: StoreNotes,
  change: (keys: AccessKey[]) => { keys: AccessKey[]; result: T },
): Promise<T> {
  for (let tries = 0; tries < 20; tries++) {
    const before = await notes.note(NOTE), { keys, result } = change(keysIn(before));
    const after = keys.length === 0 ? null : JSON.stringify({ keys });
    if (after === before || await notes.changeNote(NOTE, before, after)) return result;
  }
  throw new MemoryError("conflict", "Cannot change the access keys: too many others change them now; try again");
}

/** When each key was used last, by its id: Unix seconds, to the hour. */
export async function readUses(notes: StoreNotes): Promise<Record<string, number>> {
  return usesIn(await notes.note(USES_NOTE));
}

/** Notes uses; where another process changes the note at the same time, the next use does it. */
export async function noteUses(notes: StoreNotes, uses: Readonly<Record<string, number>>): Promise<void> {
  const before = await notes.note(USES_NOTE), known = usesIn(before);
  const ids = new Set(keysIn(await readNote(notes)).map(({ id }) => id));
  for (const [id, at] of Object.entries(uses)) known[id] = Math.max(known[id] ?? 0, at);
  for (const id of Object.keys(known)) if (!ids.has(id)) delete known[id];
  const after = JSON.stringify(known);
  if (after !== before) await notes.changeNote(USES_NOTE, before, after);
}

function usesIn(text: string | null): Record<string, number> {
  try {
    return Uses.parse(JSON.parse(text ?? "{}"));
  } catch {
    return {}; // the next use makes it again
  }
}

/** Whom a key's token stands for, with the spaces of a request that chooses none. */
export function callerOf(key: AccessKey): Caller {
  const { id, name, rights, limits } = key;
  const writes: Spaces = rights === "read" ? [] : key.write;
  const first = writes === "all" || writes.length === 0 ? key.read : writes;
  const write = first === "all" ? DEFAULT_SPACE : first[0]!;
  const { memories, bytes } = limits ?? {};
  const stored = { ...memories === undefined ? {} : { memories }, ...bytes === undefined ? {} : { bytes } };
  return {
    id: `key:${id}`,
    name,
    kind: "key",
    rights,
    scope: { write, read: key.read === "all" ? [write] : key.read },
    spaces: key.read,
    writes,
    ...Object.keys(stored).length === 0 ? {} : { limits: stored },
    channel: "rest",
  };
}
