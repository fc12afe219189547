/**
 * The keys of a store, as a process knows them: read again every second, so that a change reaches each replica soon, and
 * believed for a while when the store is away.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import type { Caller } from "../../access/caller.ts";
import type { TokenVerifier } from "../../access/key.ts";
import { errorText, MemoryError } from "../../errors.ts";
import type { StoreNotes } from "../../storage/contract/notes.ts";
import type { Logger } from "../logger.ts";
import { RateLimit } from "./rate_limit.ts";
import { type AccessKey, callerOf, hashOf, idOf, keysIn, noteUses, readNote } from "./record.ts";
import type { RememberedKeys } from "./remembered.ts";

/** Milliseconds between two looks at the keys; what is revoked must be refused within two seconds. */
const POLL_MS = 1000;
/** Milliseconds for which keys are believed that can't be looked up. */
const BELIEVED_MS = 10 * 60_000;
/** Looks a minute for tokens that aren't known; as many at once after a minute without. */
const LOOKS = 60;
const HOUR = 3600;

/** A token of a key, with what depends on it. */
interface Held {
  hash: Buffer;
  caller: Caller;
  /** Unix seconds at which it stops being valid; null for never. */
  until: number | null;
  /** Ends streams and sessions once it isn't valid any more. */
  ended: AbortController;
}

/** What a process knows of a key. */
interface HeldKey {
  /** The key as it was read. */
  text: string;
  /** The present token, and during a rotation the one before. */
  tokens: Held[];
  limit: RateLimit | null;
}

/** What a ring needs beside the store's notes. */
export interface KeyRingOptions {
  log: Pick<Logger, "warning">;
  /** Unix milliseconds. */
  now?: () => number;
  pollMs?: number;
  /** What was known at the end of an earlier process; nothing without it. */
  remembered?: RememberedKeys;
  /** What counts while nothing is known: `none` where only this machine reaches the service. */
  unless?: "none" | "unknown";
}

/** Follows the keys of a store, and knows their tokens. */
export class KeyRing implements TokenVerifier {
  readonly #notes: StoreNotes;
  readonly #log: Pick<Logger, "warning">;
  readonly #now: () => number;
  readonly #pollMs: number;
  #keys = new Map<string, HeldKey>();
  /** The note as it was read last; undefined while it never was. */
  #text: string | null | undefined;
  /** When it was read last. */
  #readAt = -Infinity;
  /** Whether the last look failed. */
  #away = false;
  #reading: Promise<void> | null = null;
  /** How often they were read. */
  #reads = 0;
  readonly #looks = new RateLimit(LOOKS);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  /** Hours in which keys were used, noted and not. */
  readonly #used = new Map<string, number>();
  #unnoted: Record<string, number> = {};

  readonly #remembered: RememberedKeys | null;
  /** Before the first look. */
  readonly #before: "none" | "some" | "unknown";

  constructor(notes: StoreNotes, options: KeyRingOptions) {
    const { log, now = Date.now, pollMs = POLL_MS, remembered = null, unless = "unknown" } = options;
    this.#remembered = remembered;
    this.#before = remembered?.read() ?? unless;
    this.#notes = notes;
    this.#log = log;
    this.#now = now;
    this.#pollMs = pollMs;
  }

  /** Begins to follow the keys. */
  start(): void {
    const again = async () => {
      await this.refresh();
      await this.#noteUses();
      if (!this.#stopped) this.#timer = this.#later(again);
    };
    void again();
  }

  /** Ends. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#reading;
    await this.#noteUses();
  }

  get accepts(): "none" | "some" | "unknown" {
    // A look that is still under way says more than what was true once.
    if (this.#text === undefined) return this.#away ? this.#before : "unknown";
    return this.#text === null ? "none" : "some";
  }

  /** Resolves when it has looked. */
  async settle(): Promise<void> {
    if (this.#text === undefined) await this.refresh();
  }

  /** Reads the keys now, together with others who ask at the same time. Never rejects. */
  refresh(): Promise<void> {
    return this.#reading ??= this.#read().finally(() => this.#reading = null);
  }

  isUnguessable(token: string): boolean {
    return idOf(token) !== null;
  }

  async verify(token: string): Promise<Caller | null> {
    const id = idOf(token);
    if (id === null) return null;
    const given = Buffer.from(hashOf(token), "hex");
    let held = this.#find(id, given);
    if (held === null) {
      await this.#look();
      held = this.#find(id, given);
    }
    const unread = this.#now() - this.#readAt;
    if (this.#away && (held === null || unread > BELIEVED_MS)) {
      throw new MemoryError("unavailable", "Cannot look up the API key: the store is away", { retryAfterSeconds: 2 });
    }
    if (held === null) return null;
    this.#limit(id);
    this.#use(id);
    return held.caller;
  }

  /** Reads what was there when it was called, for a key that was made a moment ago. Those who try many tokens wait. */
  async #look(): Promise<void> {
    const before = this.#reads;
    // A read that is under way may have begun too early.
    if (this.#reading !== null) await this.#reading;
    if (this.#looks.take(this.#now()) > 0) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(this.#pollMs, POLL_MS)));
    }
    await (this.#reads === before ? this.refresh() : this.#reading);
  }

  #later(again: () => Promise<void>): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => void again(), this.#pollMs);
    Deno.unrefTimer(timer);
    return timer;
  }

  /** The token, if it is valid now. Each comparison takes the same time whatever was given. */
  #find(id: string, given: Buffer): Held | null {
    const now = this.#now() / 1000, tokens = this.#keys.get(id)?.tokens ?? [];
    let found: Held | null = null;
    for (const token of tokens) {
      if (timingSafeEqual(token.hash, given) && (token.until === null || token.until > now)) found = token;
    }
    return found;
  }

  #limit(id: string): void {
    const wait = this.#keys.get(id)?.limit?.take(this.#now()) ?? 0;
    if (wait === 0) return;
    throw new MemoryError("overloaded", `The key sends too many requests: try again in ${wait} seconds`, {
      retryAfterSeconds: wait,
    });
  }

  async #read(): Promise<void> {
    this.#reads++;
    try {
      const text = await readNote(this.#notes);
      if (text !== this.#text) this.#take(text);
      this.#text = text;
      this.#remembered?.write(text === null ? "none" : "some");
      this.#readAt = this.#now();
      this.#away = false;
    } catch (error) {
      if (!this.#away) this.#log.warning(`Cannot read the access keys: ${errorText(error)}`);
      this.#away = true;
    }
    this.#expire();
  }

  /** Takes over changed keys; streams go on where nothing about their key changed. */
  #take(text: string | null): void {
    const keys = new Map<string, HeldKey>();
    for (const key of keysIn(text)) {
      const known = this.#keys.get(key.id), own = JSON.stringify(key);
      keys.set(key.id, known?.text === own ? known : heldKey(key, own, known));
    }
    const kept = new Set([...keys.values()].flatMap(({ tokens }) => tokens.map(({ ended }) => ended)));
    for (const { tokens } of this.#keys.values()) {
      for (const { ended } of tokens) if (!kept.has(ended)) ended.abort();
    }
    this.#keys = keys;
  }

  #expire(): void {
    const now = this.#now() / 1000;
    for (const { tokens } of this.#keys.values()) {
      for (const { until, ended } of tokens) if (until !== null && until <= now) ended.abort();
    }
  }

  #use(id: string): void {
    const hour = Math.floor(this.#now() / 1000 / HOUR) * HOUR;
    if (this.#used.get(id) === hour) return;
    this.#used.set(id, hour);
    this.#unnoted[id] = hour;
  }

  async #noteUses(): Promise<void> {
    const uses = this.#unnoted;
    if (Object.keys(uses).length === 0) return;
    this.#unnoted = {};
    try {
      await noteUses(this.#notes, uses);
    } catch {
      this.#unnoted = { ...uses, ...this.#unnoted }; // the next look tries again
    }
  }
}

/** @param known The same key as it was read before; its streams go on where a token may do what it could. */
function heldKey(key: AccessKey, text: string, known: HeldKey | undefined): HeldKey {
  const { hash, previous, expires_at, limits } = key, caller = callerOf(key), same = JSON.stringify(caller);
  const held = (hash: string, until: number | null): Held => {
    const bytes = Buffer.from(hash, "hex");
    const before = known?.tokens.find((token) => token.hash.equals(bytes));
    const unchanged = before !== undefined && JSON.stringify({ ...before.caller, ended: undefined }) === same;
    const ended = unchanged && !before.ended.signal.aborted ? before.ended : new AbortController();
    return { hash: bytes, caller: { ...caller, ended: ended.signal }, until, ended };
  };
  const old = previous === undefined ? [] : [held(previous.hash, Math.min(previous.until, expires_at ?? Infinity))];
  const { requests_per_minute } = limits ?? {};
  return {
    text,
    tokens: [held(hash, expires_at), ...old],
    limit: requests_per_minute === undefined ? null : new RateLimit(requests_per_minute),
  };
}
