/**
 * The part of Node's ServerResponse that the SDK's SSEServerTransport uses, over a web stream.
 *
 * @module
 */

import type { ServerResponse } from "node:http";

/**
 * Bytes a client may leave unread. Past that it is stuck or hostile, and what it doesn't read would pile up in memory.
 */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** A response that is written to over time. `close` fires once: when the client goes, or at `end`. */
export class SseStream {
  readonly #encoder = new TextEncoder();
  readonly #body: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #status = 200;
  #headers: Record<string, string> = {};
  #onClose: (() => void)[] = [];
  #closed = false;

  constructor() {
    this.#body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#close(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNREAD_BYTES }));
  }

  /** This stream as the SDK's transport wants it. */
  asServerResponse(): ServerResponse {
    return this as unknown as ServerResponse;
  }

  /** The response whose body this writes; after `writeHead`. */
  response(): Response {
    return new Response(this.#body, {
      status: this.#status,
      // Proxies such as nginx would hold events back otherwise.
      headers: { ...this.#headers, "X-Accel-Buffering": "no" },
    });
  }

  writeHead(status: number, headers: Record<string, string>): this {
    this.#status = status;
    this.#headers = headers;
    return this;
  }

  write(text: string): boolean {
    if (this.#closed) return false;
    this.#controller.enqueue(this.#encoder.encode(text));
    if ((this.#controller.desiredSize ?? 0) <= 0) this.end();
    return !this.#closed;
  }

  /** Writes a line that clients ignore. */
  comment(text: string): void {
    this.write(`: ${text}\n\n`);
  }

  end(): this {
    if (this.#closed) return this;
    try {
      this.#controller.close();
    } catch {
      // The client was faster: its end of the stream is closed already.
    }
    this.#close();
    return this;
  }

  on(event: string, listener: () => void): this {
    if (event === "close") this.#onClose.push(listener);
    return this;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose.splice(0).forEach((listener) => listener());
  }
}
