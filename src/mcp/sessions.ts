/**
 * The sessions of one transport: found by id, bounded in number, and dropped once nobody uses them.
 *
 * @module
 */

/** Something with an id that lives until it is closed. */
export interface Session {
  readonly id: string;
  /** Streams a client holds open on it; a session with one is in use. */
  streams: number;
  close(): Promise<void>;
}

/** How long and how many. */
export interface SessionLimits {
  /** Sessions at the same time. */
  max: number;
  /** Milliseconds without a request or a stream after which a session is dropped. */
  idleMs: number;
  /** The same once its client's stream has ended: the client has most likely gone. */
  abandonedMs: number;
}

/** Sessions by id, in the order of their last use. */
export class Sessions<S extends Session> {
  readonly #limits: SessionLimits;
  /** A map keeps the order of insertion: `use` moves a session to the end. */
  readonly #entries = new Map<string, { session: S; expiresAt: number }>();
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
   * Adds a session. At the limit the one unused longest makes room.
   *
   * @returns false when every session is in use; `session` is not added then.
   */
  add(session: S): boolean {
    if (this.#entries.size >= this.#limits.max && !this.#evict()) return false;
    this.#touch(session, this.#limits.idleMs);
    return true;
  }

  /** The session of that id, which counts as used now. */
  use(id: string): S | undefined {
    const session = this.#entries.get(id)?.session;
    if (session) this.#touch(session, this.#limits.idleMs);
    return session;
  }

  /** Forgets a session that has closed. */
  remove(id: string): void {
    this.#entries.delete(id);
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
        if (this.#entries.has(session.id) && session.streams === 0) this.#touch(session, this.#limits.abandonedMs);
      },
    };
  }

  /** Closes all sessions. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.allSettled([...this.#entries.values()].map(({ session }) => session.close()));
    this.#entries.clear();
  }

  #touch(session: S, milliseconds: number): void {
    this.#entries.delete(session.id);
    this.#entries.set(session.id, { session, expiresAt: performance.now() + milliseconds });
  }

  #sweep(): void {
    const now = performance.now();
    for (const { session, expiresAt } of this.#entries.values()) {
      if (expiresAt <= now && session.streams === 0) this.#drop(session);
    }
  }

  #evict(): boolean {
    for (const { session } of this.#entries.values()) {
      if (session.streams > 0) continue;
      this.#drop(session);
      return true;
    }
    return false;
  }

  #drop(session: S): void {
    this.#entries.delete(session.id);
    session.close().catch(() => {});
  }
}
