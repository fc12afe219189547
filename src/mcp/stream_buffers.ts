/**
 * What clients leave unread on their streams: bounded for each, and over all streams together.
 *
 * @module
 */

/**
 * Bytes one client may leave unread. Past that it is stuck or hostile, and what it doesn't read would pile up in memory.
 */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
/** Bytes of all clients together. */
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;

/** What is reported of a stream that was ended. */
export interface EndedStream {
  /** Who reads it, for the log. */
  name: string;
  transport: string;
  /** Bytes that its client had left unread, and all clients together. */
  unread: number;
  total: number;
}

/** A stream's client, for the log. */
export interface StreamClient {
  transport: "sse" | "streamable";
  /** What the client calls itself and where it is, as far as both are known by then. */
  name: () => string;
}

/** The streams of one process. */
export class StreamBuffers {
  readonly #streams = new Set<BufferedStream>();
  readonly #onEnded: (stream: EndedStream) => void;
  readonly #maxTotal: number;
  /** At least what is unread: clients that read aren't seen until it is summed up. */
  #written = 0;

  /** @param onEnded Called for a stream that was ended because its client is too slow. */
  constructor(onEnded: (stream: EndedStream) => void, maxTotal = MAX_TOTAL_BYTES) {
    this.#onEnded = onEnded;
    this.#maxTotal = maxTotal;
  }

  /** Opens a stream. `onClose` is called once: when the client goes, or at its end. */
  open(client: StreamClient, onClose: () => void): BufferedStream {
    const stream: BufferedStream = new BufferedStream(client, (bytes) => this.#wrote(stream, bytes), () => {
      this.#streams.delete(stream);
      onClose();
    });
    this.#streams.add(stream);
    return stream;
  }

  /** Ends the slowest streams, and no others, while all together hold too much. */
  #wrote(stream: BufferedStream, bytes: number): void {
    if (stream.unread > MAX_UNREAD_BYTES) this.#end(stream, this.#sum());
    this.#written += bytes;
    if (this.#written <= this.#maxTotal) return;
    for (this.#written = this.#sum(); this.#written > this.#maxTotal; this.#written = this.#sum()) {
      const slowest = [...this.#streams].reduce((most, other) => other.unread > most.unread ? other : most);
      this.#end(slowest, this.#written);
    }
  }

  #sum(): number {
    let total = 0;
    for (const { unread } of this.#streams) total += unread;
    return total;
  }

  #end(stream: BufferedStream, total: number): void {
    const { unread, client: { name, transport } } = stream;
    stream.abort();
    this.#onEnded({ name: name(), transport, unread, total });
  }
}

/** A response's body that is written to over time. */
export class BufferedStream {
  readonly client: StreamClient;
  readonly body: ReadableStream<Uint8Array>;
  readonly #wrote: (bytes: number) => void;
  readonly #onClose: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** Not the stream's own queue, which can't be emptied when a client doesn't read. */
  #queue: Uint8Array[] = [];
  #unread = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  /** Use `StreamBuffers.open`. */
  constructor(client: StreamClient, wrote: (bytes: number) => void, onClose: () => void) {
    this.client = client;
    this.#wrote = wrote;
    this.#onClose = onClose;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      // Called when the client can take more.
      pull: async () => {
        if (this.#queue.length === 0 && !this.#closed) await new Promise<void>((resolve) => this.#wake = resolve);
        this.#give();
      },
      cancel: () => {
        this.#queue = [];
        this.#close();
      },
    }, { highWaterMark: 0 });
  }

  /** Bytes written and not read. */
  get unread(): number {
    return this.#closed ? 0 : this.#unread;
  }

  /** Adds to what the client gets; false once the stream has ended. */
  write(bytes: Uint8Array): boolean {
    if (this.#closed) return false;
    this.#queue.push(bytes);
    this.#unread += bytes.length;
    this.#wake?.();
    this.#wrote(bytes.length);
    return !this.#closed;
  }

  /** Ends it after what was written. Idempotent. */
  end(): void {
    this.#close();
    if (this.#queue.length === 0) this.#finish();
  }

  /** Ends it without what wasn't read, which would stay in memory as long as the client doesn't read it. */
  abort(): void {
    this.#queue = [];
    this.end();
  }

  /** Hands on the next piece, or the end behind the last. */
  #give(): void {
    const next = this.#queue.shift();
    if (next !== undefined) {
      this.#unread -= next.length;
      this.#controller.enqueue(next);
    }
    if (this.#closed && this.#queue.length === 0) this.#finish();
  }

  #finish(): void {
    try {
      this.#controller.close();
    } catch {
      // It is closed already, from here or by the client.
    }
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake?.();
    this.#onClose();
  }
}

/**
 * Passes a stream on through one with bounds, since what its source writes would pile up before it.
 *
 * @returns what ends the source, for when the client has gone.
 */
export function pipeInto(stream: BufferedStream, source: ReadableStream<Uint8Array>): { cancel: () => void } {
  const reader = source.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  const pass = async () => {
    try {
      while (true) {
        const { done, value } = await reader.read();
        if (done || !stream.write(value)) break;
      }
    } finally {
      stream.end();
      cancel();
    }
  };
  pass().catch(() => {}); // a source that fails ends the stream
  return { cancel };
}
