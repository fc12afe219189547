/**
 * An entry of the audit log, as a line of JSON. Each line holds the SHA-256 of the line before, so that none can be
 * changed, removed or put in between without all later ones showing it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Channel } from "../../memory/memory.ts";

/** Hashes of memories that an entry names; `count` says how many there were. */
export const HASHES_NAMED = 20;
/** `previous` of the first entry there ever was. */
export const GENESIS = "0".repeat(64);
/** Characters of a text that comes from outside: a name, an address, a client. */
const MAX_TEXT = 200;

/** How it came in; `service` is what the process does by itself. */
export type AuditChannel = Channel | "service";

/** Who did something, as far as it is known. */
export interface AuditCaller {
  /** Name of a key or a grant, `local`, `anonymous`; null before a caller is known. */
  name: string | null;
  /** What the name is one of, such as `key`. */
  kind: string | null;
  /** Address the request came from; absent where it came over no socket. */
  address?: string | undefined;
  client?: { name: string; version?: string } | undefined;
}

/** What an entry tells of. Never contents, queries, tags or secrets. */
export interface AuditDraft {
  caller: AuditCaller;
  channel: AuditChannel;
  /** operationId of the route, name of the tool, command, or what the service did by itself. */
  action: string;
  /** The space it acted in; null where it concerns none. */
  space: string | null;
  /** content_hash of memories that changed; the first ones are named. */
  hashes?: readonly string[];
  /** How many memories changed, or how often it happened; the number of `hashes` by default. */
  count?: number;
  /** `ok`, or the code of the error. */
  outcome: string;
  /** Id of the request, as in the log and in X-Request-Id. */
  request?: string | undefined;
  /** Facts beside: which file was dropped, which key was made. */
  detail?: string | undefined;
  /** Which entries are gone, of an entry that says so. */
  gone?: Gone | undefined;
}

/** Entries that aren't there any more. */
export interface Gone {
  /** Numbers of the first and the last one. */
  first: number;
  last: number;
}

/** An entry as it is read back. */
export interface AuditEntry {
  /** 1 for the first there ever was, then one more each. */
  n: number;
  /** ISO 8601, in UTC. */
  time: string;
  /** Process id of the writer. */
  process: number;
  caller: string | null;
  kind: string | null;
  address?: string;
  client?: { name: string; version?: string };
  channel: AuditChannel;
  action: string;
  space: string | null;
  hashes: string[];
  count: number;
  outcome: string;
  request?: string;
  detail?: string;
  gone?: Gone;
  /** SHA-256 of the line before, without its line break, in hexadecimal digits. */
  previous: string;
}

/** Where a chain ends: number and hash of its last line. */
export interface ChainEnd {
  n: number;
  hash: string;
}

/** A draft as it is kept until it is written: everything but its place in the chain. */
export type PreparedEntry = Omit<AuditEntry, "n" | "previous">;

/** Fixes what the draft says at this moment. */
export function prepare(draft: AuditDraft, at: Date, process: number): PreparedEntry {
  const { caller, channel, action, space, hashes = [], count = hashes.length, outcome, request, detail, gone } = draft;
  const { address, client } = caller;
  return {
    time: at.toISOString(),
    process,
    caller: caller.name === null ? null : short(caller.name),
    kind: caller.kind,
    ...address === undefined ? {} : { address: short(address) },
    ...client === undefined ? {} : {
      client: {
        name: short(client.name),
        ...client.version === undefined ? {} : { version: short(client.version) },
      },
    },
    channel,
    action: short(action),
    space,
    hashes: hashes.slice(0, HASHES_NAMED).map(short),
    count,
    outcome,
    ...request === undefined ? {} : { request: short(request) },
    ...detail === undefined ? {} : { detail: short(detail) },
    ...gone === undefined ? {} : { gone },
  };
}

/** The entry's line behind `end`, without a line break, and where the chain ends then. */
export function lineAfter(end: ChainEnd, entry: PreparedEntry): { line: string; end: ChainEnd } {
  const n = end.n + 1, line = JSON.stringify({ n, ...entry, previous: end.hash });
  return { line, end: { n, hash: hashOf(line) } };
}

/** SHA-256 of a line, in hexadecimal digits. */
export function hashOf(line: string | Uint8Array): string {
  return createHash("sha256").update(line).digest("hex");
}

/** The entry of a line; null for what is none. */
export function parseEntry(line: string): AuditEntry | null {
  try {
    const entry = JSON.parse(line) as AuditEntry;
    const whole = typeof entry === "object" && entry !== null && Number.isSafeInteger(entry.n) &&
      typeof entry.previous === "string" && typeof entry.time === "string" && typeof entry.action === "string" &&
      Array.isArray(entry.hashes);
    return whole ? entry : null;
  } catch {
    return null;
  }
}

function short(text: string): string {
  return text.length <= MAX_TEXT ? text : text.slice(0, MAX_TEXT).toWellFormed();
}
