/**
 * A service for tests of the clients: a listener over a fresh store, in this process.
 *
 * @module
 */

import { type ClientOptions, openClient, type TestClient } from "../http/client.ts";

/** A listening service. */
export interface ListeningService extends AsyncDisposable {
  url: string;
  client: TestClient;
  /** Requests that came, as `GET /api/tags`. */
  requests: string[];
}

/**
 * Serves REST on a free port.
 *
 * @param before Answers a request in place of the service, e.g. with a fault; undefined lets it through.
 */
export async function listen(
  options: ClientOptions = {},
  before: (request: Request) => Response | undefined | Promise<Response | undefined> = () => undefined,
): Promise<ListeningService> {
  const client = await openClient(options), requests: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request, { remoteAddr }) => {
      requests.push(`${request.method} ${new URL(request.url).pathname}`);
      return await before(request) ?? await client.app.fetch(request, { clientIp: remoteAddr.hostname });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    client,
    requests,
    async [Symbol.asyncDispose]() {
      client.events.close();
      await server.shutdown();
      await client[Symbol.asyncDispose]();
    },
  };
}
