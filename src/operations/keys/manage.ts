/**
 * Making, listing, rotating and revoking named keys.
 *
 * @module
 */

import { z } from "zod";
import { RIGHTS } from "../../access/caller.ts";
import { MemoryError } from "../../errors.ts";
import { isoTime } from "../../memory/schemas.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import type { Runtime } from "../runtime.ts";
import {
  type AccessKey,
  changeKeys,
  KeyLimits,
  KeyName,
  keysIn,
  KeySpaces,
  MAX_KEYS,
  newId,
  newToken,
  readNote,
  readUses,
} from "./record.ts";

const DAY = 86_400;
/** Seconds for which the token before a rotation stays valid, by default and at most. */
const OVERLAP = DAY, MAX_OVERLAP = 30 * DAY;

export const CreateKeyInput = z.object({
  name: KeyName.describe("What the key is called in logs and beside memories; each name once."),
  rights: z.enum(RIGHTS).describe("What it allows; each right includes the ones before."),
  write: KeySpaces.optional().describe(
    "Spaces it may write to, the first one by default; `default` without it, all for admin. Not for read.",
  ),
  read: KeySpaces.optional().describe("Spaces it may read, besides those it may write to."),
  expires_in_days: z.number().positive().max(36_500).nullish().describe("Days until it expires; never without it."),
  limits: KeyLimits.optional(),
});
export type CreateKeyInput = z.infer<typeof CreateKeyInput>;

/** A key as it is shown: never its token or hash. */
export const KeyView = z.object({
  id: z.string(),
  name: z.string(),
  rights: z.enum(RIGHTS),
  write: z.union([z.literal("all"), z.array(z.string())]).describe("Spaces it may write to."),
  read: z.union([z.literal("all"), z.array(z.string())]).describe("Spaces it may read."),
  limits: KeyLimits.nullable(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  expired: z.boolean(),
  last_used: z.string().nullable().describe("When it was used last, to the hour."),
  rotating_until: z.string().nullable().describe("Until when the token before the last rotation is valid, too."),
});
export type KeyView = z.infer<typeof KeyView>;

export const NewKeyOutput = z.object({
  key: KeyView,
  token: z.string().describe("What clients send. It is shown this once and can't be found out again."),
  message: z.string(),
});
export type NewKeyOutput = z.infer<typeof NewKeyOutput>;

export const KeysOutput = z.object({ keys: z.array(KeyView) });
export type KeysOutput = z.infer<typeof KeysOutput>;

export const RotateKeyInput = z.object({
  overlap_seconds: z.int().min(0).max(MAX_OVERLAP).default(OVERLAP)
    .describe("Seconds for which the old token stays valid beside the new one; 0 ends it now."),
});
export const RevokeKeyOutput = z.object({ success: z.literal(true), message: z.string() });

/** Says what the first key of a store changes. */
const FIRST = "From now on every request needs a key, on this machine too, unless MCP_ALLOW_ANONYMOUS_ACCESS=true; " +
  "clients over stdio and commands on this machine don't";

/**
 * Makes a key.
 *
 * @throws {MemoryError} `conflict` for a name that is taken, `invalid_input` for spaces that don't fit the rights.
 */
export async function createKey(runtime: Runtime, input: CreateKeyInput): Promise<NewKeyOutput> {
  const { name, rights, expires_in_days, limits } = input, now = Math.floor(Date.now() / 1000);
  const id = newId(), { token, hash } = newToken(id);
  const key: AccessKey = {
    id,
    name,
    hash,
    rights,
    ...spacesOf(input),
    ...limits === undefined || Object.keys(limits).length === 0 ? {} : { limits },
    created_at: now,
    expires_at: expires_in_days == null ? null : now + Math.round(expires_in_days * DAY),
  };
  runtime.activity.describe(`Key ${id} "${name}", right ${rights}`);
  const isFirst = await changeKeys(runtime.storage, (keys) => {
    if (keys.some((other) => other.name === name)) {
      throw new MemoryError("conflict", `Cannot create key "${name}": there is one of that name`, {
        field: "name",
        value: name,
      });
    }
    if (keys.length >= MAX_KEYS) throw new MemoryError("refused", `Cannot create a key: there are ${MAX_KEYS} already`);
    return { keys: [...keys, key], result: keys.length === 0 };
  });
  const message = `Created key "${name}"; its token is shown this once`;
  return { key: viewOf(key, {}), token, message: isFirst ? `${message}. ${FIRST}` : message };
}

/** All keys, in the order they were made. */
export async function listKeys({ storage }: Runtime): Promise<KeysOutput> {
  const [text, uses] = await Promise.all([readNote(storage), readUses(storage)]);
  return { keys: keysIn(text).map((key) => viewOf(key, uses)) };
}

/**
 * Gives a key a new token. The old one stays valid for a while, so that clients can change one after the other.
 *
 * @param which Id or name.
 * @throws {MemoryError} `not_found`.
 */
export async function rotateKey(
  { storage, activity }: Runtime,
  which: string,
  { overlap_seconds }: z.infer<typeof RotateKeyInput>,
): Promise<NewKeyOutput> {
  const now = Date.now() / 1000, until = Math.floor(now) + overlap_seconds;
  const { key, token } = await changeKeys(storage, (keys) => {
    const { previous: _, ...found } = findIn(keys, which), { token, hash } = newToken(found.id);
    const key: AccessKey = {
      ...found,
      hash,
      ...overlap_seconds === 0 ? {} : { previous: { hash: found.hash, until } },
    };
    return { keys: keys.map((other) => other.id === key.id ? key : other), result: { key, token } };
  });
  activity.describe(`Key ${key.id} "${key.name}"`);
  const old = overlap_seconds === 0 ? "is no longer valid" : `stays valid until ${isoTime(until)}`;
  const message = `Key "${key.name}" has a new token, shown this once; the old one ${old}`;
  return { key: viewOf(key, await readUses(storage)), token, message };
}

/**
 * Ends a key. Its requests are refused and its streams end within two seconds.
 *
 * @param which Id or name.
 * @throws {MemoryError} `not_found`.
 */
export async function revokeKey(
  { storage, activity }: Runtime,
  which: string,
): Promise<z.infer<typeof RevokeKeyOutput>> {
  const { id, name, left } = await changeKeys(storage, (keys) => {
    const { id, name } = findIn(keys, which), others = keys.filter((key) => key.id !== id);
    return { keys: others, result: { id, name, left: others.length } };
  });
  activity.describe(`Key ${id} "${name}"`);
  const open = left > 0
    ? ""
    : ". It was the last one: without MCP_API_KEY or another way to sign in, requests of this " +
      "machine need no key from now on";
  return { success: true, message: `Revoked key "${name}"; its streams end within two seconds${open}` };
}

function findIn(keys: readonly AccessKey[], which: string): AccessKey {
  const found = keys.find(({ id }) => id === which) ?? keys.find(({ name }) => name === which);
  if (found !== undefined) return found;
  throw new MemoryError("not_found", `Cannot find key "${which.slice(0, 100)}"`, { field: "id", value: which });
}

/** What a key may write and read; it reads all that it writes. */
function spacesOf({ rights, write, read }: CreateKeyInput): Pick<AccessKey, "write" | "read"> {
  if (rights === "read") {
    if (write === undefined) return { write: [], read: read ?? [DEFAULT_SPACE] };
    throw new MemoryError("invalid_input", 'Cannot create a key with right "read" that writes to spaces: use read', {
      field: "write",
      value: write,
    });
  }
  const writes = write ?? (rights === "admin" && read === undefined ? "all" : [DEFAULT_SPACE]);
  if (writes === "all" || read === "all") return { write: writes, read: "all" };
  return { write: writes, read: [...new Set([...writes, ...read ?? []])] };
}

function viewOf(key: AccessKey, uses: Readonly<Record<string, number>>): KeyView {
  const { id, name, rights, write, read, limits, created_at, expires_at, previous } = key, now = Date.now() / 1000;
  const used = Object.hasOwn(uses, id) ? uses[id]! : null;
  return {
    ...{ id, name, rights, write, read },
    limits: limits ?? null,
    created_at: isoTime(created_at),
    expires_at: expires_at === null ? null : isoTime(expires_at),
    expired: expires_at !== null && expires_at <= now,
    last_used: used === null ? null : isoTime(used),
    rotating_until: previous === undefined || previous.until <= now ? null : isoTime(previous.until),
  };
}
