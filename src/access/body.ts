/**
 * Request bodies: taken as they arrive, up to a limit each, within a time, and within a budget over all requests.
 * Nothing is reserved for what a client only announces.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";

/** Bytes of bodies in memory over all requests, unless the settings say otherwise. */
export const DEFAULT_IN_FLIGHT_BYTES = 64 * 1024 * 1024;
/** Milliseconds that a client may let us wait for its body, and bytes that buy it a further second. */
const PATIENCE_MS = 30_000, BYTES_A_SECOND = 64 * 1024;
/** Bodies up to this size may use all of the budget, larger ones leave an eighth of it, so that small ones still pass. */
const SMALL_BYTES = 64 * 1024, SHARE_OF_LARGE = 7 / 8;
const NEWLINE = 10;

/** Time, as a test may steer it. */
export interface Clock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Runs something later; the result takes it back. */
  after(ms: number, run: () => void): () => void;
}

const REAL_TIME: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Reads the bodies of all requests to a process. */
export class Bodies {
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #held = new WeakMap<Request, number>();
  #bytes = 0;

  /** @param maxInFlightBytes Bytes of bodies in memory at once; some more than the largest body. */
  constructor(maxInFlightBytes = DEFAULT_IN_FLIGHT_BYTES, clock = REAL_TIME) {
    this.#maxBytes = maxInFlightBytes;
    this.#clock = clock;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
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
   * the client ends before the body does; `timed_out` when it keeps us waiting; `unavailable` over the budget.
   */
  async read(request: Request, maxBytes: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this.#pieces(request, maxBytes)) {
      chunks.push(chunk);
      this.#hold(request, size += chunk.length);
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

  /** Pieces in order. Only the time that the client makes us wait counts, not what is done with a piece. */
  async *#pieces(request: Request, maxBytes: number): AsyncGenerator<Uint8Array> {
    const announced = request.headers.get("content-length");
    if (announced !== null && Number(announced) > maxBytes) throw bodyTooLarge(maxBytes);
    if (request.body === null) return;
    const reader = request.body.getReader();
    let size = 0, waited = 0, ended = false;
    try {
      while (true) {
        const began = this.#clock.now();
        const { done, value } = await this.#next(reader, PATIENCE_MS + size / BYTES_A_SECOND * 1000 - waited);
        waited += this.#clock.now() - began;
        if (done) break;
        size += value.length;
        if (size > maxBytes) throw bodyTooLarge(maxBytes);
        yield value;
      }
      ended = true;
    } catch (cause) {
      if (cause instanceof MemoryError) throw cause;
      throw new MemoryError("invalid_input", "Cannot read the request body: it ended early", { field: "body", cause });
    } finally {
      // The rest isn't read; a client that never sends it would keep us waiting here.
      if (!ended) reader.cancel().catch(() => {});
    }
  }

  async #next(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    ms: number,
  ): Promise<ReadableStreamReadResult<Uint8Array>> {
    const late = Promise.withResolvers<never>();
    const message = `Cannot read the request body: it did not arrive within ${PATIENCE_MS / 1000} seconds`;
    const cancel = this.#clock.after(
      Math.max(0, ms),
      () => late.reject(new MemoryError("timed_out", message, { field: "body" })),
    );
    try {
      return await Promise.race([reader.read(), late.promise]);
    } finally {
      cancel();
    }
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

/** The error for a body over its limit. */
export function bodyTooLarge(maxBytes: number): MemoryError {
  return new MemoryError("too_large", `Cannot read the request body: it exceeds ${maxBytes} bytes`, { field: "body" });
}
