/**
 * A lease on background work: of the processes that share a store, one at a time holds it. It is a note in the store,
 * changed by compare-and-set, and no clock of one machine is ever compared with that of another: a process that waits watches
 * the note, and takes the lease over when its holder hasn't renewed it for as long as the holder said it would at most.
 *
 * A holder that was held up, by a stopped machine or a hung network, may go on for a moment beside its successor. The
 * work must therefore be safe to do twice, as all of it is; the lease only keeps it from being done twice all the time.
 *
 * @module
 */

import { z } from "zod";
import type { MemoryStorage } from "../../storage/contract/storage.ts";

/** Name of the note that the lease on all background work is in. */
export const BACKGROUND_LEASE = "background_lease";

/** Who holds a lease and how to take it. */
export interface LeaseOptions {
  /** Name of the note. */
  name: string;
  /** Names this process for people, and no other one: host, process id and something random. */
  holder: string;
  /** Milliseconds without a renewal after which others may take it. */
  ttlMs: number;
  /** Milliseconds that only grow, of this process alone. */
  now?: () => number;
}

/** What the note says. Each renewal makes it another text. */
const Kept = z.object({ holder: z.string(), renewal: z.number(), ttl_ms: z.number().positive() });
type Kept = z.infer<typeof Kept>;

/** The share of its time after which a holder that couldn't renew no longer counts on its lease. */
const SAFE_SHARE = 2 / 3;

/** One process's side of a lease. */
export class Lease {
  readonly #storage: Pick<MemoryStorage, "note" | "changeNote">;
  readonly #options: LeaseOptions;
  readonly #now: () => number;
  /** What was seen last, and since when it hasn't changed. */
  #seen: { text: string | null; kept: Kept | null; since: number } | undefined;
  /** When the last renewal that succeeded began; undefined while the lease isn't held. */
  #renewedAt: number | undefined;
  #renewal = 0;

  constructor(storage: Pick<MemoryStorage, "note" | "changeNote">, options: LeaseOptions) {
    this.#storage = storage;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Who holds it, as far as was seen; null while no process does. */
  get holder(): string | null {
    return this.#seen?.kept?.holder ?? null;
  }

  /** What its holder left there last: another text after each renewal. */
  get sign(): string | null {
    return this.#seen?.text ?? null;
  }

  /** Whether this process can count on it now. */
  get mine(): boolean {
    return this.#renewedAt !== undefined && this.#now() - this.#renewedAt < this.#options.ttlMs * SAFE_SHARE;
  }

  /**
   * Looks at the lease once: renews it, takes it when it is free or its holder is silent, or goes on watching.
   *
   * @returns whether this process holds it now.
   * @throws {MemoryError} `unavailable` when the store can't be reached.
   */
  async look(): Promise<boolean> {
    const began = this.#now(), { name, holder } = this.#options;
    const text = await this.#storage.note(name);
    if (this.#seen === undefined || this.#seen.text !== text) this.#seen = { text, kept: keptOf(text), since: began };
    const { kept, since } = this.#seen;
    // A note that isn't one of ours is given the time this process gives itself.
    const silentMs = kept?.ttl_ms ?? this.#options.ttlMs;
    const free = text === null || kept?.holder === holder || began - since > silentMs;
    if (!free || !await this.#put(text)) {
      this.#renewedAt = undefined;
      return false;
    }
    this.#renewedAt = began;
    return true;
  }

  /** Gives it back, so that the next one needn't wait. */
  async release(): Promise<void> {
    const held = this.#renewedAt !== undefined, { name, holder } = this.#options;
    this.#renewedAt = undefined;
    if (!held) return;
    const text = await this.#storage.note(name);
    if (text !== null && keptOf(text)?.holder === holder) await this.#storage.changeNote(name, text, null);
    this.#seen = undefined;
  }

  async #put(before: string | null): Promise<boolean> {
    const { name, holder, ttlMs } = this.#options;
    const kept: Kept = { holder, renewal: ++this.#renewal, ttl_ms: ttlMs }, text = JSON.stringify(kept);
    if (!await this.#storage.changeNote(name, before, text, { untilClosed: true })) return false;
    this.#seen = { text, kept, since: this.#now() };
    return true;
  }
}

function keptOf(text: string | null): Kept | null {
  if (text === null) return null;
  try {
    return Kept.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
