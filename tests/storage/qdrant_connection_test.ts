/** The calls to a Qdrant server, against servers on loopback that hang, reset, fail, refuse and count. */

import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { Connection, QdrantRefusal } from "../../src/storage/qdrant/connection.ts";
import { qdrantDefaults, type QdrantSettings } from "../../src/storage/qdrant/settings.ts";
import { start, testEnvironment, until } from "../helpers/process.ts";
import { hashOf } from "./fixtures.ts";

/** What a server does with a request; null hangs until the client gives up. */
type Behaviour = (request: Request) => Response | Promise<Response> | null;

/** A server that behaves as told and counts. */
interface FakeServer extends AsyncDisposable {
  url: string;
  behave: Behaviour;
  requests: number;
  /** Requests that only ask whether it answers. */
  probes: number;
  running: number;
  /** Most requests that were under way at once. */
  peak: number;
}

const fine: Behaviour = () => Response.json({ result: { count: 1 }, status: "ok", time: 0 });
const failing: Behaviour = () => Response.json({ status: { error: "out of memory" } }, { status: 500 });

function fakeServer(behave: Behaviour): FakeServer {
  const ends = new AbortController();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    if (new URL(request.url).pathname.endsWith("/exists")) {
      fake.probes++;
      return await (fake.behave(request) ?? hanging(request.signal, ends.signal));
    }
    fake.requests++;
    fake.peak = Math.max(fake.peak, ++fake.running);
    try {
      return await (fake.behave(request) ?? hanging(request.signal, ends.signal));
    } finally {
      fake.running--;
    }
  });
  const fake: FakeServer = {
    url: `http://127.0.0.1:${server.addr.port}`,
    behave,
    requests: 0,
    probes: 0,
    running: 0,
    peak: 0,
    async [Symbol.asyncDispose]() {
      ends.abort();
      await server.shutdown();
    },
  };
  return fake;
}

function hanging(...signals: AbortSignal[]): Promise<Response> {
  return new Promise((resolve) => AbortSignal.any(signals).addEventListener("abort", () => resolve(new Response())));
}

function connect(url: string, more: Partial<QdrantSettings> = {}) {
  const connection = new Connection({
    ...qdrantDefaults(url),
    timeoutMs: 400,
    circuit: { failures: 5, seconds: 1 },
    ...more,
  });
  return {
    connection,
    count: () =>
      connection.call<{ count: number }>("count", (api, init) => api.countPoints({ collection_name: "c" }, init)),
    [Symbol.dispose]: () => connection.close(),
  };
}

async function refused(call: Promise<unknown>): Promise<MemoryError & { ms: number }> {
  const begun = performance.now();
  const error = await assertRejects(() => call, MemoryError);
  return Object.assign(error, { ms: performance.now() - begun });
}

Deno.test("No more calls run at once than there are connections, and those that wait go first come, first served", async () => {
  const order: string[] = [];
  await using server = fakeServer(async (request) => {
    order.push(new URL(request.url).pathname);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return fine(request)!;
  });
  using client = connect(server.url, { pool: { connections: 3, idleSeconds: 1 }, timeoutMs: 10_000 });
  const calls = Array.from(
    { length: 40 },
    (_, i) => client.connection.call("count", (api, init) => api.countPoints({ collection_name: String(i) }, init)),
  );
  await until(() => Promise.resolve(client.connection.figures), ({ in_use }) => in_use === 3, "calls to run");
  assertGreater(client.connection.figures.waiting, 30);
  await Promise.all(calls);
  assertEquals(server.peak, 3);
  // Three run at once, so that a call may overtake the two beside it but no other.
  order.forEach((path, at) => assert(Math.abs(at - Number(path.split("/")[2])) <= 2, order.join(" ")));
  const { calls: sent, in_use, waiting, retries, failures, refused } = client.connection.figures;
  assertEquals([sent, in_use, waiting, retries, failures, refused], [40, 0, 0, 0, 0, 0]);
});

Deno.test("A call whose turn doesn't come in time is told that there are too many, and waits no longer than its time", async () => {
  await using server = fakeServer(async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    return fine(request)!;
  });
  using client = connect(server.url, { pool: { connections: 1, idleSeconds: 1 } });
  const results = await Promise.allSettled(Array.from({ length: 8 }, client.count));
  const late = results.filter((result) => result.status === "rejected").map(({ reason }) => reason as MemoryError);
  assertGreater(late.length, 4);
  // One may have had its turn too late to be answered.
  assertGreater(
    late.filter(({ code, retryAfterSeconds }) => code === "overloaded" && retryAfterSeconds === 1).length,
    3,
  );
  assertGreater(client.connection.figures.refused, 3);
});

Deno.test("While nothing answers, those who wait in line are told of an outage and not of too many calls", async () => {
  await using server = fakeServer(() => null);
  using client = connect(server.url, { pool: { connections: 2, idleSeconds: 1 }, retries: 0 });
  const errors = await Promise.all(Array.from({ length: 8 }, () => refused(client.count())));
  for (const { code, retryAfterSeconds, ms } of errors) {
    assertEquals(code, "unavailable");
    assertGreater(retryAfterSeconds!, 0);
    assertLess(ms, 3000);
  }
});

Deno.test("Connections are used again, and closed when nobody needs them", async () => {
  let opened = 0, closed = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const body = JSON.stringify({ result: { count: 1 } });
  const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const serving = (async () => {
    const open = [];
    for await (const connection of listener) {
      opened++;
      open.push((async () => {
        const bytes = new Uint8Array(65_536);
        while (await connection.read(bytes).catch(() => null) !== null) {
          await connection.write(new TextEncoder().encode(answer));
        }
        connection.close();
        closed++;
      })());
    }
    await Promise.all(open);
  })();
  const client = connect(`http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`, {
    pool: { connections: 2, idleSeconds: 1 },
  });
  for (let i = 0; i < 5; i++) await client.count();
  assertEquals([opened, closed], [1, 0]);
  await until(() => Promise.resolve(closed), (closed) => closed === 1, "the unused connection to be closed");
  client.connection.close();
  listener.close();
  await serving;
});

Deno.test("A server that hangs, resets or answers 500 is an outage, found within the call's time", async (t) => {
  const resetting = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const resets = (async () => {
    for await (const connection of resetting) connection.close();
  })();
  await using hangs = fakeServer(() => null);
  await using fails = fakeServer(failing);
  const resets_at = `http://127.0.0.1:${(resetting.addr as Deno.NetAddr).port}`;
  for (const [name, url] of [["hangs", hangs.url], ["answers 500", fails.url], ["resets", resets_at]] as const) {
    await t.step(name, async () => {
      using client = connect(url, { circuit: { failures: 100, seconds: 1 } });
      const error = await refused(client.count());
      assertEquals([error.code, error.retryAfterSeconds], ["unavailable", 1]);
      assert(error.message.includes(url), error.message);
      assertLess(error.ms, 3000);
      const { calls, failures, retries } = client.connection.figures;
      assertEquals([failures, retries], [calls, calls - 1]);
    });
  }
  resetting.close();
  await resets;
});

Deno.test("A call is repeated with growing pauses, as often as is set, and a repetition's answer counts", async () => {
  const at: number[] = [];
  await using server = fakeServer((request) => {
    at.push(performance.now());
    return at.length < 3 ? failing(request) : fine(request);
  });
  using client = connect(server.url, { timeoutMs: 5000, retries: 3 });
  assertEquals(await client.count(), { count: 1 });
  assertEquals(client.connection.figures.retries, 2);
  assertEquals(client.connection.circuit.state, "closed");
  server.behave = failing;
  const before = server.requests;
  await refused(client.count());
  assertEquals(server.requests - before, 4, "one call and three repetitions");
});

Deno.test("What the server refuses isn't repeated and is no outage, and 429 passes its time on", async () => {
  await using server = fakeServer(() => Response.json({ status: { error: "no such thing" } }, { status: 404 }));
  using client = connect(server.url);
  const refusal = await assertRejects(client.count, QdrantRefusal);
  assertEquals([refusal.status, refusal.message, server.requests], [404, "no such thing", 1]);
  server.behave = () => Response.json({}, { status: 429, headers: { "retry-after": "7" } });
  const busy = await refused(client.count());
  assertEquals([busy.code, busy.retryAfterSeconds, server.requests], ["overloaded", 7, 2]);
  assertEquals(client.connection.figures.failures, 0);
});

Deno.test("The open circuit sends nothing, lets one call through when its time is over, and closes after an answer", async () => {
  await using server = fakeServer(failing);
  using client = connect(server.url, { retries: 0, circuit: { failures: 3, seconds: 1 } });
  for (let i = 0; i < 3; i++) await refused(client.count());
  assertEquals([client.connection.figures.circuit, server.requests], ["open", 3]);
  const turned = await Promise.all(Array.from({ length: 10 }, () => refused(client.count())));
  assert(
    turned.every(({ code, retryAfterSeconds }) => code === "unavailable" && retryAfterSeconds === 1),
  );
  assertEquals([server.requests, client.connection.figures.refused], [3, 10]);
  await until(() => Promise.resolve(client.connection.circuit.state), (state) => state === "half-open", "the trial");
  server.behave = () => null;
  const tried = await Promise.all(Array.from({ length: 5 }, () => refused(client.count())));
  assertEquals([tried.length, server.requests], [5, 4], "one trial at a time");
  await until(() => Promise.resolve(client.connection.circuit.state), (state) => state === "half-open", "the next");
  server.behave = fine;
  assertEquals(await client.count(), { count: 1 });
  assertEquals(client.connection.circuit.state, "closed");
});

Deno.test("While the circuit is open the server is asked whether it answers, and calls go through soon after it does", async () => {
  await using server = fakeServer(failing);
  using client = connect(server.url, { retries: 0, circuit: { failures: 3, seconds: 3600, probeMs: 100 } });
  const probes = (count: number) => until(() => Promise.resolve(server.probes), (n) => n >= count, "probes");
  for (const behave of [failing, () => null]) { // one that fails, one that hangs
    server.behave = behave;
    for (let i = 0; i < 3; i++) await refused(client.count());
    assertEquals(client.connection.circuit.state, "open");
    await probes(server.probes + 3);
    const { code, retryAfterSeconds } = await refused(client.count());
    assertEquals([code, retryAfterSeconds], ["unavailable", 2]);
    server.behave = fine;
    await until(() => client.count().catch(() => null), (answer) => answer !== null, "the server to be used again");
    assertEquals(client.connection.circuit.state, "closed");
  }
  const before = server.probes;
  await new Promise((resolve) => setTimeout(resolve, 350)); // longer than two probes are apart
  assertEquals(server.probes, before, "none while the circuit is closed");
});

Deno.test("Closing ends the probes", async () => {
  await using server = fakeServer(failing);
  const client = connect(server.url, { retries: 0, circuit: { failures: 1, seconds: 3600, probeMs: 50 } });
  await refused(client.count());
  await until(() => Promise.resolve(server.probes), (count) => count > 0, "a probe");
  client.connection.close();
  const before = server.probes;
  await new Promise((resolve) => setTimeout(resolve, 250));
  assertEquals(server.probes, before);
});

Deno.test("Over REST a Qdrant that fails is 503 with Retry-After for every operation, never not-found, and alive", async () => {
  await using server = fakeServer(failing);
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  try {
    const env = testEnvironment(folder, { MCP_QDRANT_URL: server.url, MCP_QDRANT_TIMEOUT: "1" });
    await using service = await start("http", env);
    const ask = async (path: string, method = "GET", body?: unknown) => {
      const answer = await fetch(`${service.http}/api${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
      await answer.body?.cancel();
      return answer;
    };
    const answers = await Promise.all([
      ask(`/memories/${hashOf(1)}`),
      ask("/memories"),
      ask("/memories", "POST", { content: "one" }),
      ask(`/memories/${hashOf(1)}`, "DELETE"),
      ask(`/memories/${hashOf(1)}`, "PUT", { tags: ["a"] }),
      ask("/search", "POST", { query: "one" }),
      ask("/tags"),
      ask("/health/ready"),
    ]);
    for (const { status, headers, url } of answers) {
      assertEquals(status, 503, url);
      assertGreater(Number(headers.get("retry-after")), 0, url);
    }
    assertEquals((await ask("/health")).status, 200);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
