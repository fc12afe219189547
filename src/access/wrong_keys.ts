/**
 * Who sends wrong keys, and how long each has to wait. An address that keeps sending the same wrong key is a client with
 * old settings: its own requests wait, others from there go on. One that sends many different keys is guessing: nothing
 * from there is compared while it waits, or the right guess would get through. Where the right key came from lately,
 * others do live, most likely behind a proxy: they go on, for a guesser must not be able to shut them out.
 *
 * @module
 */

/** Wrong keys that cost nothing. */
const FREE = 10;
const SECOND = 1000, LONGEST_MS = 60 * SECOND;
/** Milliseconds after its last wrong key at which an address is forgotten. */
const FORGOTTEN_MS = 15 * 60 * SECOND;
/** Milliseconds for which an address is known to have clients with the right key. */
const TRUSTED_MS = 60 * 60 * SECOND;
/** Addresses remembered of each kind; the one silent longest goes first. */
const MAX_ADDRESSES = 10_000;

interface Entry {
  wrong: number;
  /** Digests of different keys among them, no more than it takes to distinguish guessing from repeating. */
  different: Set<string>;
  waitsUntil: number;
  at: number;
}

/** What an address has to wait for. */
export interface Wait {
  /** Whole seconds, 0 for none. */
  seconds: number;
  /** Whether not even the right key gets through. */
  guessing: boolean;
}

const NO_WAIT: Wait = { seconds: 0, guessing: false };

/** The addresses of one process's clients. */
export class WrongKeys {
  readonly #now: () => number;
  /** In the order of their last wrong key. */
  readonly #entries = new Map<string, Entry>();
  /** When the right key came last, to the minute; in that order. */
  readonly #trusted = new Map<string, number>();

  /** @param now Milliseconds that only grow. */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** The wait that an address has at the moment. */
  wait(address: string): Wait {
    const entry = this.#entries.get(address);
    if (entry === undefined) return NO_WAIT;
    const seconds = Math.ceil((entry.waitsUntil - this.#now()) / SECOND);
    if (seconds <= 0) return NO_WAIT;
    const trustedAt = this.#trusted.get(address) ?? -Infinity;
    return { seconds, guessing: entry.different.size >= FREE && this.#now() - trustedAt > TRUSTED_MS };
  }

  /** Takes note of the right key. */
  trust(address: string): void {
    const now = this.#now();
    if (now - (this.#trusted.get(address) ?? -Infinity) < 60 * SECOND) return;
    this.#trusted.delete(address);
    this.#trusted.set(address, now);
    if (this.#trusted.size > MAX_ADDRESSES) this.#trusted.delete(this.#trusted.keys().next().value!);
  }

  /** Takes note of a wrong key. From the tenth on each doubles the wait, up to a minute. */
  add(address: string, digest: string): void {
    const now = this.#now();
    this.#forget(now);
    const known = this.#entries.get(address) ?? { wrong: 0, different: new Set<string>(), waitsUntil: 0, at: now };
    const wrong = known.wrong + 1;
    if (known.different.size < FREE) known.different.add(digest);
    const waitsUntil = wrong < FREE ? 0 : now + Math.min(LONGEST_MS, SECOND * 2 ** Math.min(16, wrong - FREE));
    this.#entries.delete(address);
    this.#entries.set(address, { wrong, different: known.different, waitsUntil, at: now });
  }

  #forget(now: number): void {
    for (const [address, { at }] of this.#entries) {
      if (this.#entries.size < MAX_ADDRESSES && now - at < FORGOTTEN_MS) return;
      this.#entries.delete(address);
    }
  }
}
