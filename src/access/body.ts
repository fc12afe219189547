/**
 * Request bodies: taken as they arrive, up to a limit each, within a time, and within a budget over all requests.
 * Nothing is reserved for what a client only announces, but for small bodies.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";

/** Bytes of bodies in memory over all requests, unless the settings say otherwise. */
export const DEFAULT_IN_FLIGHT_BYTES = 64 * 1024 * 1024;
/** Milliseconds that a body may take to arrive, and bytes for which a second is added. */
const PATIENCE_MS = 30_000, BYTES_A_SECOND = 64 * 1024;
/**
 * Bodies announced as no longer than this are read in one call, which reserves what is announced: it takes a tenth of the
 * time, and most bodies are that small.
 */
const ONE_CALL_BYTES = 16 * 1024;
/** Bodies up to this size may use all of the budget, larger ones leave an eighth of it, so that small ones still pass. */
const SMALL_BYTES = 64 * 1024, SHARE_OF_LARGE = 7 / 8;
const NEWLINE = 10;
/** Seconds after which it makes sense to try again what a stop has cut. */
export const STOP_SECONDS = 5;
/** Milliseconds between two looks at the bodies that are waited for. */
const LOOK_MS = 1000;

/** Time, as a test may steer it. */
export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Runs something later. */
  after(ms: number, run: () => void): void;
}

const REAL_TIME: Clock = {
  now: () => performance.now(),
  // A look at bodies must not keep a process alive that has nothing else to do.
  after: (ms, run) => Deno.unrefTimer(setTimeout(run, ms)),
};

/** Reads the bodies of all requests to a process. */
export class BodyReader {
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #held = new WeakMap<Request, number>();
  readonly #waits: Waits;
  #bytes = 0;
  #stopping = false;

  /** @param maxInFlightBytes Bytes of bodies in memory at once; some more than the largest body. */
  constructor(maxInFlightBytes = DEFAULT_IN_FLIGHT_BYTES, clock = REAL_TIME) {
    this.#maxBytes = maxInFlightBytes;
    this.#clock = clock;
    this.#waits = new Waits(clock);
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What ends early from now on was cut by the service's stop. */
  stopping(): void {
    this.#stopping = true;
  }

  /** Ends those that are still arriving, so that there is time left to answer them. */
  cut(): void {
    this.#stopping = true;
    this.#waits.end();
  }

  /** Answers a request; what its body holds counts until then. */
  async answering<T>(request: Request, answer: () => Promise<T>): Promise<T> {
    try {
      return await answer();
    } finally {
      this.#hold(request, 0);
    }
  }

  /**
   * The whole body.
   *
   * @throws {MemoryError} `too_large` as soon as more than `maxBytes` are announced or have arrived; `invalid_input` when
   * the client ends before the body does; `timed_out` when it arrives too slowly; `unavailable` over the budget.
   */
  async read(request: Request, maxBytes: number): Promise<Uint8Array> {
    const announced = announcedBytes(request);
    if (announced !== null && announced <= Math.min(ONE_CALL_BYTES, maxBytes)) {
      const bytes = await this.#readAtOnce(request, announced);
      if (bytes.length > maxBytes) throw bodyTooLarge(maxBytes);
      return bytes;
    }
    const chunks: Uint8Array[] = [], arrival = this.#open(request, maxBytes);
    let size = 0;
    try {
      for (let chunk = await arrival.next(); chunk !== null; chunk = await arrival.next()) {
        chunks.push(chunk);
        this.#hold(request, size += chunk.length);
      }
    } finally {
      arrival.end();
    }
    if (chunks.length === 1) return chunks[0]!;
    const bytes = new Uint8Array(size);
    let offset = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    return bytes;
  }

  /** The body piece by piece, for those who keep none of it in memory. @throws {MemoryError} as `read`. */
  async *stream(request: Request, maxBytes: number): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#pieces(request, maxBytes)) {
      this.#hold(request, chunk.length);
      yield chunk;
    }
  }

  /**
   * The body piece by piece, for those who take it line by line: a line that hasn't ended is held.
   *
   * @throws {MemoryError} as `read`.
   */
  async *lines(request: Request): AsyncGenerator<Uint8Array> {
    let open = 0;
    for await (const chunk of this.#pieces(request, Infinity)) {
      const end = chunk.lastIndexOf(NEWLINE);
      this.#hold(request, open + chunk.length);
      open = end < 0 ? open + chunk.length : chunk.length - end - 1;
      yield chunk;
    }
  }

  async *#pieces(request: Request, maxBytes: number): AsyncGenerator<Uint8Array> {
    const arrival = this.#open(request, maxBytes);
    try {
      for (let chunk = await arrival.next(); chunk !== null; chunk = await arrival.next()) yield chunk;
    } finally {
      arrival.end();
    }
  }

  async #readAtOnce(request: Request, announced: number): Promise<Uint8Array> {
    this.#hold(request, announced);
    const late = Promise.withResolvers<never>();
    const since = this.#clock.now();
    const done = this.#waits.add((now) => {
      if (this.#waits.ended) late.reject(cutByStop());
      else if (now - since >= PATIENCE_MS) late.reject(timedOut());
    });
    const bytes = request.bytes();
    // Where it comes too late, it ends with the connection.
    bytes.catch(() => {});
    try {
      return await Promise.race([bytes, late.promise]);
    } catch (cause) {
      throw cause instanceof MemoryError ? cause : this.#endedEarly(cause);
    } finally {
      done();
    }
  }

  #open(request: Request, maxBytes: number): Arrival {
    const announced = announcedBytes(request);
    if (announced !== null && announced > maxBytes) throw bodyTooLarge(maxBytes);
    const ended = (cause: unknown) => this.#endedEarly(cause);
    return new Arrival(request.body, { announced, maxBytes, ended }, this.#clock, this.#waits);
  }

  #endedEarly(cause: unknown): MemoryError {
    if (this.#stopping) return cutByStop(cause);
    return new MemoryError("invalid_input", "Cannot read the request body: it ended early", { field: "body", cause });
  }

  /** Counts what a request holds. @throws {MemoryError} `unavailable` when that is too much together. */
  #hold(request: Request, size: number): void {
    const before = this.#held.get(request) ?? 0, total = this.#bytes + size - before;
    const most = size <= SMALL_BYTES ? this.#maxBytes : this.#maxBytes * SHARE_OF_LARGE;
    if (size > before && total > most) {
      throw new MemoryError("unavailable", "Cannot read the request body: too many bodies are arriving at once", {
        field: "body",
        retryAfterSeconds: 1,
      });
    }
    this.#bytes = total;
    if (size === 0) this.#held.delete(request);
    else this.#held.set(request, size);
  }
}

/** Bodies that are waited for. One timer looks after all of them: one for each would cost more than reading it does. */
class Waits {
  readonly #clock: Clock;
  readonly #checks = new Set<(now: number) => void>();
  #armed = false;
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether nothing is to be waited for any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Has all checks called at once. */
  end(): void {
    this.#ended = true;
    this.#look();
  }

  /** Has `check` called every second, until the result is. */
  add(check: (now: number) => void): () => void {
    this.#checks.add(check);
    this.#arm();
    return () => void this.#checks.delete(check);
  }

  #arm(): void {
    if (this.#armed || this.#checks.size === 0) return;
    this.#armed = true;
    this.#clock.after(LOOK_MS, () => {
      this.#armed = false;
      this.#look();
      this.#arm();
    });
  }

  #look(): void {
    const now = this.#clock.now();
    for (const check of [...this.#checks]) check(now);
  }
}

/** One body, as it arrives. Only the time spent waiting for the client counts, not the time a piece is worked on. */
class Arrival {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #announced: number | null;
  readonly #maxBytes: number;
  readonly #clock: Clock;
  #size = 0;
  #waited = 0;
  /** When the wait for the next piece began; null while there is none. */
  #waitingSince: number | null = null;
  readonly #stopWaiting: () => void;
  readonly #waits: Waits;
  readonly #endedEarly: (cause: unknown) => MemoryError;
  /** Why it is waited for no longer. */
  #given: MemoryError | null = null;
  #ended = false;

  constructor(
    body: ReadableStream<Uint8Array> | null,
    { announced, maxBytes, ended }: {
      announced: number | null;
      maxBytes: number;
      ended: (cause: unknown) => MemoryError;
    },
    clock: Clock,
    waits: Waits,
  ) {
    this.#waits = waits;
    this.#endedEarly = ended;
    this.#reader = body?.getReader();
    this.#announced = announced;
    this.#maxBytes = maxBytes;
    this.#clock = clock;
    this.#stopWaiting = waits.add((now) => this.#check(now));
  }

  /** The next piece, null behind the last. */
  async next(): Promise<Uint8Array | null> {
    // What was announced is here: the server hands on no more than that.
    if (this.#reader === undefined || this.#size === this.#announced) return this.#done();
    if (this.#waits.ended) throw cutByStop();
    this.#waitingSince = this.#clock.now();
    let piece: ReadableStreamReadResult<Uint8Array>;
    try {
      piece = await this.#reader.read();
    } catch (cause) {
      throw this.#given ?? this.#endedEarly(cause);
    }
    if (this.#given !== null) throw this.#given;
    this.#waited += this.#clock.now() - this.#waitingSince;
    this.#waitingSince = null;
    if (piece.done) return this.#done();
    this.#size += piece.value.length;
    if (this.#size > this.#maxBytes) throw bodyTooLarge(this.#maxBytes);
    return piece.value;
  }

  /** Leaves the rest unread: a client may never send it. */
  end(): void {
    this.#stopWaiting();
    if (!this.#ended) this.#reader?.cancel().catch(() => {});
    this.#ended = true;
  }

  #done(): null {
    this.#ended = true;
    return null;
  }

  #check(now: number): void {
    if (this.#waitingSince === null || this.#ended) return;
    const patience = PATIENCE_MS + this.#size / BYTES_A_SECOND * 1000;
    if (this.#waits.ended) this.#given = cutByStop();
    else if (this.#waited + now - this.#waitingSince < patience) return;
    else this.#given = timedOut();
    // Ends the wait.
    this.#reader?.cancel().catch(() => {});
  }
}

/** The `Content-Length` of a request; null without one. */
function announcedBytes(request: Request): number | null {
  const header = request.headers.get("content-length");
  return header === null ? null : Number(header);
}

function timedOut(): MemoryError {
  const message = `Cannot read the request body: it did not arrive within ${PATIENCE_MS / 1000} seconds`;
  return new MemoryError("timed_out", message, { field: "body" });
}

function cutByStop(cause?: unknown): MemoryError {
  return new MemoryError("unavailable", "Cannot read the request body: the service is stopping; send it again", {
    field: "body",
    retryAfterSeconds: STOP_SECONDS,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The error for a body over its limit. */
export function bodyTooLarge(maxBytes: number): MemoryError {
  return new MemoryError("too_large", `Cannot read the request body: it exceeds ${maxBytes} bytes`, { field: "body" });
}
