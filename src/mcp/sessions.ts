/**
 * The sessions of one transport: found by id, bounded in number, and dropped once they are unused.
 *
 * @module
 */

/** Something with an id that lives until it is closed. */
export interface Session {
  readonly id: string;
  /** Whose it is; undefined where that isn't known. */
  readonly address: string | undefined;
  /** Streams and requests that are open on it; a session with one is in use. */
  streams: number;
  close(): Promise<void>;
}

/** How long and how many. */
export interface SessionLimits {
  /** Sessions at the same time. */
  max: number;
  /** Sessions of one address at the same time. */
  maxPerAddress: number;
  /** Milliseconds without a request or a stream after which a session is dropped. */
  idleMs: number;
  /**
   * The same once its client's stream has ended: the client has most likely gone. Where there is no room for a new
   * session, one that was unused for so long makes way.
   */
  abandonedMs: number;
}

interface Entry<S> {
  session: S;
  usedAt: number;
  expiresAt: number;
  /** Whether its client ever came back after opening it. */
  used: boolean;
}

/** Sessions by id, in the order of their last use. */
export class Sessions<S extends Session> {
  readonly #limits: SessionLimits;
  /** A map keeps the order of insertion: `use` moves a session to the end. */
  readonly #entries = new Map<string, Entry<S>>();
  readonly #byAddress = new Map<string, number>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
    const shortest = Math.min(limits.idleMs, limits.abandonedMs);
    this.#timer = setInterval(() => this.#sweep(), Math.max(10, Math.min(shortest / 2, 60_000)));
    this.#timer.unref();
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Adds a session. At a limit one that isn't in use makes room: at its address's share one of that address.
   *
   * @returns false when every session is in use; `session` is not added then.
   */
  add(session: S): boolean {
    const { address } = session, { max, maxPerAddress, idleMs } = this.#limits;
    const own = address === undefined ? 0 : this.#byAddress.get(address) ?? 0;
    if (own >= maxPerAddress && !this.#evict((other) => other.address === address)) return false;
    if (this.#entries.size >= max && !this.#evict(() => true)) return false;
    if (address !== undefined) this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    this.#touch(session, idleMs, false);
    return true;
  }

  /** The session of that id. */
  get(id: string): S | undefined {
    return this.#entries.get(id)?.session;
  }

  /** The session of that id, which counts as used now. */
  use(id: string): S | undefined {
    const session = this.#entries.get(id)?.session;
    if (session) this.#touch(session, this.#limits.idleMs, true);
    return session;
  }

  /** Forgets a session that has closed. */
  remove(id: string): void {
    const session = this.#entries.get(id)?.session;
    if (session === undefined) return;
    this.#entries.delete(id);
    const { address } = session;
    if (address === undefined) return;
    const left = (this.#byAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(address, left);
    else this.#byAddress.delete(address);
  }

  /** Runs a request on a session, which is in use meanwhile. */
  async during<T>(session: S, run: () => Promise<T>): Promise<T> {
    session.streams++;
    try {
      return await run();
    } finally {
      session.streams--;
      if (this.#entries.has(session.id)) this.#touch(session, this.#limits.idleMs, true);
    }
  }

  /** Counts a stream on a session until `ended` is called. */
  openStream(session: S): { ended: () => void } {
    session.streams++;
    let open = true;
    return {
      ended: () => {
        if (!open) return;
        open = false;
        session.streams--;
        if (this.#entries.has(session.id) && session.streams === 0) {
          this.#touch(session, this.#limits.abandonedMs, true);
        }
      },
    };
  }

  /** Closes all sessions. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled([...this.#entries.values()].map(({ session }) => session.close()));
    this.#entries.clear();
    this.#byAddress.clear();
  }

  #touch(session: S, milliseconds: number, used: boolean): void {
    const usedAt = performance.now();
    this.#entries.delete(session.id);
    this.#entries.set(session.id, { session, usedAt, expiresAt: usedAt + milliseconds, used });
  }

  #sweep(): void {
    const now = performance.now();
    for (const { session, expiresAt } of this.#entries.values()) {
      if (expiresAt <= now && session.streams === 0) this.#drop(session);
    }
  }

  /** Drops one that was opened and never used, or else the one unused longest where that is long enough. */
  #evict(among: (session: S) => boolean): boolean {
    const resting = performance.now() - this.#limits.abandonedMs;
    let found: S | undefined;
    for (const { session, used, usedAt } of this.#entries.values()) {
      if (session.streams > 0 || !among(session)) continue;
      if (!used) {
        found = session;
        break;
      }
      if (usedAt < resting) found ??= session;
    }
    if (found !== undefined) this.#drop(found);
    return found !== undefined;
  }

  #drop(session: S): void {
    this.remove(session.id);
    session.close().catch(() => {});
  }
}
