/**
 * Event streams over a real listener: who goes, who is slow, who is many.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { storedEvents } from "../../src/operations/event_types.ts";
import type { HubOptions } from "../../src/operations/events.ts";
import { start, testEnvironment, until, within } from "../helpers/process.ts";
import { openClient, type TestClient } from "./client.ts";
import { EventReader } from "./event_reader.ts";

/** A listener over a fresh store. */
async function serve(events: HubOptions = {}) {
  const client = await openClient({ events });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request, { remoteAddr }) => client.app.fetch(request, { clientIp: remoteAddr.hostname }),
  );
  return {
    client,
    port: server.addr.port,
    url: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      client.events.close();
      await server.shutdown();
      await client[Symbol.asyncDispose]();
    },
  };
}

const listeners = (client: TestClient, count: number) =>
  until(
    () => Promise.resolve(client.events.stats()),
    (stats) => stats.total_connections === count,
    `${count} listeners`,
  );

/** Publishes events of about a kilobyte each. */
function flood(client: TestClient, count: number): void {
  const tags = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(100));
  for (let i = 0; i < count; i++) {
    const memory = { content: `Flood ${i}`, content_hash: "0".repeat(64), tags, memory_type: null };
    const rest = { metadata: {}, conversation_id: null, created_at: 0, updated_at: 0 };
    client.events.publish(...storedEvents([{ ...memory, ...rest }]));
  }
}

/** A client that asks for the stream and never reads. */
async function deafClient(port: number): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  return connection;
}

Deno.test("a client that leaves frees its place at once, without anything happening", async () => {
  await using service = await serve();
  for (let round = 0; round < 3; round++) {
    const events = new EventReader(await fetch(`${service.url}/api/events`));
    await events.next();
    const [connection] = service.client.events.stats().connections;
    assertEquals(connection!.client_ip, "127.0.0.1");
    await events[Symbol.asyncDispose]();
    await listeners(service.client, 0);
  }
});

Deno.test("200 clients get every event, in order", async () => {
  await using service = await serve();
  const readers = await Promise.all(
    Array.from({ length: 200 }, async () => new EventReader(await fetch(`${service.url}/api/events`))),
  );
  await Promise.all(readers.map((reader) => reader.next()));
  assertEquals(service.client.events.stats().total_connections, 200);
  const contents = Array.from({ length: 20 }, (_, i) => `Event ${i}`);
  for (const content of contents) await service.client.store(content);
  const received = await Promise.all(readers.map((reader) => reader.take(contents.length)));
  for (const events of received) assertEquals(events.map(({ data }) => data.content_preview), contents);
  await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()));
  await listeners(service.client, 0);
});

Deno.test("a client that doesn't read is dropped, others get everything, and memory stays bounded", async () => {
  await using service = await serve();
  using _deaf = await deafClient(service.port);
  await using events = new EventReader(await fetch(`${service.url}/api/events`));
  await events.next();
  await listeners(service.client, 2);
  let sent = 0;
  while (service.client.events.stats().total_connections === 2) {
    assert(sent < 100_000, "the deaf client was never dropped");
    flood(service.client, 100);
    sent += 100;
    for (const event of await events.take(100)) assertEquals(event.type, "memory_stored");
  }
  const { dropped_connections, connections } = service.client.events.stats();
  assertEquals([dropped_connections, connections.length], [1, 1]);
  assert(sent > 2000, `dropped after ${sent} events of a kilobyte, before its limit`);
  flood(service.client, 1);
  assertEquals((await events.next())!.data.content_preview, "Flood 0");
});

Deno.test("one address has a share of the streams, and leaves the rest to others", async () => {
  await using client = await openClient({ events: { maxConnections: 4 } });
  const open = (clientIp: string) => client.app.request("/api/events", {}, { clientIp });
  const opened = [await open("192.0.2.1"), await open("192.0.2.1")];
  const refused = await open("192.0.2.1");
  assertEquals([refused.status, refused.headers.get("retry-after")], [429, "5"]);
  assertStringIncludes((await refused.json()).detail, "192.0.2.1");
  opened.push(await open("2001:db8::1"), await open("2001:db8::2"));
  assertEquals(opened.map(({ status }) => status), [200, 200, 200, 200]);
  assertEquals((await open("192.0.2.3")).status, 429);
  await Promise.all(opened.map(({ body }) => body!.cancel()));
});

Deno.test("a stop ends streams, deaf ones too, and refuses new ones", async () => {
  const service = await serve();
  using _deaf = await deafClient(service.port);
  const events = new EventReader(await fetch(`${service.url}/api/events`));
  await events.next();
  await listeners(service.client, 2);
  await service[Symbol.asyncDispose]();
  assertEquals(await events.next(), undefined);
  assertEquals((await service.client.get("/api/events")).status, 503);
});

Deno.test("the command stops promptly while streams are open", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  try {
    await using service = await start("unified", testEnvironment(folder, { SSE_HEARTBEAT_INTERVAL: "5" }));
    await using events = new EventReader(await within(fetch(`${service.http}/api/events`), "the stream"));
    const greeting = await events.next();
    assertEquals(greeting!.data.heartbeat_interval, 5);
    await fetch(`${service.http}/api/memories`, {
      method: "POST",
      signal: AbortSignal.timeout(10_000),
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ content: "Told before the stop" }),
    }).then((response) => response.body?.cancel());
    assertEquals((await events.next())!.type, "memory_stored");
    const started = performance.now();
    service.kill("SIGTERM");
    assertEquals(await within(events.next(), "the end of the stream"), undefined);
    assertEquals(await service.exit(), 0);
    assert(performance.now() - started < 3000);
    assertEquals(/error/i.test(service.log()), false, service.log());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
