/**
 * The part of Node's ServerResponse that the SDK's SSEServerTransport uses, over a web stream.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import type { BufferedStream, StreamBuffers, StreamClient } from "./stream_buffers.ts";

/** A response that is written to over time. `close` fires once: when the client goes, or at `end`. */
export class SseStream {
  readonly #encoder = new TextEncoder();
  readonly #stream: BufferedStream;
  #status = 200;
  #headers: Record<string, string> = {};
  #onClose: (() => void)[] = [];

  constructor(buffers: StreamBuffers, client: StreamClient) {
    this.#stream = buffers.open(client, () => this.#onClose.splice(0).forEach((listener) => listener()));
  }

  /** This stream as the SDK's transport wants it. */
  asServerResponse(): ServerResponse {
    return this as unknown as ServerResponse;
  }

  /** The response whose body this writes; after `writeHead`. */
  response(): Response {
    return new Response(this.#stream.body, {
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
    return this.#stream.write(this.#encoder.encode(text));
  }

  /** Writes a line that clients ignore. */
  comment(text: string): void {
    this.write(`: ${text}\n\n`);
  }

  end(): this {
    this.#stream.end();
    return this;
  }

  on(event: string, listener: () => void): this {
    if (event === "close") this.#onClose.push(listener);
    return this;
  }
}
