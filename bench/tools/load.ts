/**
 * A load generator for `POST /api/search`: connections that each send their next query when they have the answer.
 * Speaks HTTP/1.1 over plain sockets, because a full client would take the core that the service needs.
 *
 * Usage: load.ts PORT CONNECTIONS SECONDS FIRST_QUESTION [DISTINCT]
 *
 * With DISTINCT, as many questions are asked again and again; without it, every question is asked once.
 *
 * @module
 */

import { percentile } from "../lib/stats.ts";
import { questionAt } from "../lib/texts.ts";

const [port, connections, seconds, first, distinct] = Deno.args.map(Number) as [
  number,
  number,
  number,
  number,
  number?,
];
const LIMIT_MS = 30_000;
const END_OF_HEAD = new TextEncoder().encode("\r\n\r\n");
const encoder = new TextEncoder(), decoder = new TextDecoder();

let next = 0, failures = 0;
const latencies: number[] = [];

/** Asks until the time is over. */
async function connection(end: number): Promise<void> {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port });
  const reader = new AnswerReader(socket);
  while (performance.now() < end) {
    const number = next++;
    const body = JSON.stringify({ query: questionAt(first + (distinct ? number % distinct : number)), n_results: 10 });
    const length = encoder.encode(body).length;
    const began = performance.now();
    await write(
      socket,
      encoder.encode(
        `POST /api/search HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
          `content-length: ${length}\r\n\r\n${body}`,
      ),
    );
    if (await reader.status() !== 200) failures++;
    latencies.push(performance.now() - began);
  }
}

/** Reads answers off a connection. */
class AnswerReader {
  readonly #socket: Deno.TcpConn;
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** Takes the next answer and gives its status. */
  async status(): Promise<number> {
    this.#length = 0;
    let head = -1;
    while (head < 0) {
      await this.#more();
      head = this.#find(END_OF_HEAD, 0);
    }
    const text = decoder.decode(this.#bytes.subarray(0, head)).toLowerCase();
    const bodyAt = head + END_OF_HEAD.length;
    const length = /\r\ncontent-length: *(\d+)/.exec(text)?.[1];
    if (length !== undefined) { while (this.#length < bodyAt + Number(length)) await this.#more(); }
    else if (text.includes("transfer-encoding: chunked")) {
      while (!this.#endsWith("\r\n0\r\n\r\n")) {
        await this.#more();
      }
    }
    return Number(text.slice(9, 12));
  }

  async #more(): Promise<void> {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const read = await this.#socket.read(this.#bytes.subarray(this.#length));
    if (read === null) throw new Error("The service closed the connection");
    this.#length += read;
  }

  #find(what: Uint8Array, from: number): number {
    for (let at = from; at + what.length <= this.#length; at++) {
      if (what.every((byte, i) => this.#bytes[at + i] === byte)) return at;
    }
    return -1;
  }

  #endsWith(text: string): boolean {
    return decoder.decode(this.#bytes.subarray(Math.max(0, this.#length - text.length), this.#length)) === text;
  }
}

async function write(socket: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
}

// A service that hangs must not hold the benchmark.
const guard = setTimeout(() => Deno.exit(1), seconds * 1000 + LIMIT_MS);
const began = performance.now();
await Promise.all(Array.from({ length: connections }, () => connection(began + seconds * 1000)));
const took = (performance.now() - began) / 1000;
clearTimeout(guard);
console.log(JSON.stringify({
  rate: latencies.length / took,
  asked: next,
  failures,
  p50: percentile(latencies, 0.5),
  p99: percentile(latencies, 0.99),
}));
