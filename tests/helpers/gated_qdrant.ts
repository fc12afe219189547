/**
 * A proxy before a real Qdrant server, with a gate before each request that reads or writes memories: for tests that try
 * the orders in which requests of several processes can meet.
 *
 * @module
 */

import type { Gate } from "./fake_qdrant.ts";

/** A proxy on loopback. */
export class GatedQdrant implements AsyncDisposable {
  /** Called before each request that is about memories; the request goes on when it resolves, and fails when it throws. */
  gate: Gate = () => {};
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param url Base URL of the server. */
  constructor(url: string) {
    const options = {
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      onError: () => new Response("the gate is closed", { status: 503 }),
    };
    this.#server = Deno.serve(options, async (request) => {
      const { pathname, search } = new URL(request.url), [client = "", ...path] = pathname.split("/").slice(1);
      const body = request.body === null ? null : await request.text();
      const isAboutMemories = path[2] === "points" && !/"ids":\[1\]/.test(body ?? "");
      if (isAboutMemories) await this.gate({ client, name: `${request.method} ${path.slice(1).join("/")}` });
      const answer = await fetch(`${url}/${path.join("/")}${search}`, {
        method: request.method,
        headers: { "content-type": "application/json" },
        ...(body === null ? {} : { body }),
      });
      return new Response(await answer.text(), {
        status: answer.status,
        headers: { "content-type": "application/json" },
      });
    });
  }

  /** Base URL for one process. */
  url(client: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}/${client}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
