/**
 * Bodies that are announced and not sent, sent slowly, too many at once, or broken off; on every route that reads one.
 */

import { assert, assertEquals } from "@std/assert";
import { BodyReader, type Clock } from "../../src/access/body.ts";
import { createMcpListener } from "../../src/mcp/listener.ts";
import { openClient, type TestClient } from "../http/client.ts";
import { OPEN } from "../mcp/clients.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { start, testEnvironment, until } from "../helpers/process.ts";

/** A clock that a test moves on. */
class TestClock implements Clock {
  /** How often it was looked at: when the wait for a piece begins, and when one has come. */
  #looks = 0;
  #now = 0;
  #timers = new Map<object, { at: number; run: () => void }>();

  now = () => {
    this.#looks++;
    return this.#now;
  };

  after = (ms: number, run: () => void) => {
    const key = {};
    this.#timers.set(key, { at: this.#now + ms, run });
  };

  /** Moves on once so many pieces were waited for. */
  async pass(seconds: number, waits: number): Promise<void> {
    await until(() => Promise.resolve(this.#looks), (seen) => seen >= 2 * waits - 1, `${waits} waits`);
    this.#now += seconds * 1000;
    for (const [key, { at, run }] of [...this.#timers]) {
      if (at > this.#now) continue;
      this.#timers.delete(key);
      run();
    }
  }
}

/** A body that a test sends piece by piece. */
function slowBody() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: () => void (cancelled = true),
  });
  const encoder = new TextEncoder();
  return {
    stream,
    send: (text: string) => controller.enqueue(encoder.encode(text)),
    end: () => controller.close(),
    get cancelled() {
      return cancelled;
    },
  };
}

const JSON_TYPE = "application/json", FORM_TYPE = "multipart/form-data; boundary=b";
/** Routes of every kind that reads a body, with its type and how one begins. */
const READERS = [
  ["POST", "/api/memories", JSON_TYPE, '{"content": "'],
  ["PUT", "/api/memories/0", JSON_TYPE, '{"tags": ['],
  ["POST", "/api/search", JSON_TYPE, "{"],
  ["POST", "/mcp", JSON_TYPE, '{"jsonrpc": "2.0"'],
  ["POST", "/api/import", "application/x-ndjson", '{"kind": '],
  [
    "POST",
    "/api/documents/upload",
    FORM_TYPE,
    '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nx',
  ],
  ["POST", "/api/documents/batch-upload", FORM_TYPE, "--b\r\ncontent-dis"],
  ["POST", "/api/documents/upload", "application/x-www-form-urlencoded", "tags="],
] as const;

const ask = async (client: TestClient, method: string, path: string, type: string, body: BodyInit) =>
  await client.app.request(path, { method, headers: { "Content-Type": type }, body });

Deno.test("a body that doesn't arrive is given up after 30 seconds on every route that reads one", async () => {
  for (const [method, path, type, beginning] of READERS) {
    const clock = new TestClock(), body = slowBody(), bodies = new BodyReader(undefined, clock);
    await using client = await openClient({ http: { bodies } });
    const answer = ask(client, method, path, type, body.stream);
    body.send(beginning);
    await clock.pass(15, 2);
    body.send(" ");
    await clock.pass(14, 3);
    assertEquals(await Promise.race([answer, Promise.resolve("waiting")]), "waiting", path);
    await clock.pass(2, 3);
    const response = await answer, { status, headers } = response;
    assertEquals([status, headers.get("connection")], [408, "close"], `${method} ${path}`);
    assertEquals([body.cancelled, bodies.bytes], [true, 0]);
    await response.body?.cancel();
    assertEquals((await client.get("/api/memories")).json.total, 0);
  }
});

Deno.test("a large body that keeps arriving gets a second more for every 64 KiB", async () => {
  const clock = new TestClock(), body = slowBody();
  await using client = await openClient({ http: { bodies: new BodyReader(undefined, clock) } });
  const answer = ask(client, "POST", "/api/memories", JSON_TYPE, body.stream);
  body.send(`{"metadata": {}, "content": "`);
  for (let i = 0; i < 8; i++) {
    body.send(" ".repeat(64 * 1024));
    await clock.pass(4, i + 3);
  }
  body.send(`x"}`);
  body.end();
  assertEquals((await answer).status, 200);
});

Deno.test("a message to the MCP port is given up like every other body", async () => {
  const clock = new TestClock(), bodies = new BodyReader(1 << 20, clock);
  await using test = await testRuntime({ embeddings: { serving: null } });
  const listener = createMcpListener(test.runtime, { access: { ...OPEN, bodies }, serverName: "unimem" });
  try {
    const send = (path: string, body: ReadableStream<Uint8Array>) =>
      listener.fetch(
        new Request(`http://localhost${path}`, { method: "POST", headers: { "content-type": JSON_TYPE }, body }),
      );
    const stream = (await listener.fetch(new Request("http://localhost/sse"))).body!.getReader();
    const messages = /data: (\S+)/.exec(new TextDecoder().decode((await stream.read()).value))![1]!;
    for (const [i, path] of ["/mcp", messages].entries()) {
      const body = slowBody(), answer = send(path, body.stream);
      body.send("{");
      await clock.pass(31, 3 * i + 2);
      const response = await answer;
      assertEquals([response.status, (await response.json()).error.code], [408, -32000], path);
      assertEquals([body.cancelled, bodies.bytes], [true, 0]);
      const large = slowBody(), refused = send(path, large.stream);
      large.send(" ".repeat(1_000_000));
      const { status, headers } = await refused;
      assertEquals([status, headers.get("retry-after")], [503, "1"], path);
    }
    await stream.cancel();
  } finally {
    await listener.close();
  }
});

Deno.test("bodies over the budget of all together get 503, small ones pass, and what was answered counts no more", async () => {
  const bodies = new BodyReader(1_000_000);
  await using client = await openClient({ http: { bodies } });
  const held = [slowBody(), slowBody()];
  const answers = held.map((body) => ask(client, "POST", "/api/memories", JSON_TYPE, body.stream));
  for (const body of held) body.send(`{"content": "x", "metadata": {"y": "${"y".repeat(400_000)}"`);
  await until(() => Promise.resolve(bodies.bytes), (bytes) => bytes > 800_000, "the bodies to arrive");
  for (const [method, path, type] of READERS.slice(0, 4)) {
    const refused = await ask(client, method, path, type, `{"content": "${"z".repeat(200_000)}"}`);
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"], path);
    await refused.body?.cancel();
  }
  const line = await ask(client, "POST", "/api/import", "application/x-ndjson", "z".repeat(200_000));
  assertEquals(line.status, 503);
  assertEquals((await ask(client, "POST", "/api/memories", JSON_TYPE, `{"content": "small"}`)).status, 200);
  for (const body of held) {
    body.send("}}");
    body.end();
  }
  for (const answer of answers) assert([200, 422].includes((await answer).status));
  assertEquals(bodies.bytes, 0);
});

Deno.test("an import's finished lines don't count, however long it is", async () => {
  const bodies = new BodyReader(300_000);
  await using client = await openClient({ http: { bodies } });
  const line = `${JSON.stringify({ kind: "memory", content: "x".repeat(1000) })}\n`;
  const body = `${JSON.stringify({ kind: "header", format: "unimem-export" })}\n${line.repeat(2000)}`;
  const pieces = body.match(/[^]{1,50000}/g)!.map((piece) => new TextEncoder().encode(piece));
  const stream = ReadableStream.from(pieces);
  const { status } = await ask(client, "POST", "/api/import", "application/x-ndjson", stream);
  assert(status !== 503, `${status}`);
  assertEquals(bodies.bytes, 0);
});

/** Every file below a folder, with its permissions. */
async function filesBelow(folder: string): Promise<{ path: string; mode: number }[]> {
  const found: { path: string; mode: number }[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await filesBelow(path));
    found.push({ path, mode: (await Deno.stat(path)).mode! & 0o777 });
  }
  return found;
}

Deno.test({
  name: "the service takes announced bodies, half ones and large forms without reserving memory for them",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
    /** Megabytes. */
    const resident = async (base: string) => {
      const metrics = await (await fetch(`${base}/metrics`)).text();
      return Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)![1]) / 2 ** 20;
    };
    const connections: Deno.TcpConn[] = [];
    try {
      await using service = await start("unified", testEnvironment(folder));
      const before = await resident(service.http);
      const send = async (base: string, head: string, rest: string) => {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(base).port) });
        connections.push(connection);
        await connection.write(new TextEncoder().encode(`${head}\r\nHost: localhost\r\n${rest}`));
        return connection;
      };
      for (let i = 0; i < 50; i++) {
        for (const [base, path] of [[service.http, "/api/memories"], [service.mcp, "/mcp"]] as const) {
          await send(
            base,
            `POST ${path} HTTP/1.1`,
            "Content-Type: application/json\r\nContent-Length: 10000000\r\n\r\n{",
          );
        }
      }
      const form = await send(
        service.http,
        "POST /api/documents/upload HTTP/1.1",
        `Content-Type: ${FORM_TYPE}\r\nContent-Length: 50000000\r\n\r\n${READERS[5][3]}`,
      );
      const piece = new TextEncoder().encode("text ".repeat(20_000));
      for (let sent = 0; sent < 20_000_000;) sent += await form.write(piece);
      const kept = await until(
        () => filesBelow(`${folder}/uploads`).catch(() => []),
        (files) => files.length >= 3,
        "the form's file",
      );
      assertEquals(kept.filter(({ mode }) => (mode & 0o077) !== 0), []);
      assert(await resident(service.http) - before < 150, `${before} MB grew to ${await resident(service.http)} MB`);
      const answer = await fetch(`${service.http}/api/health`);
      assertEquals(answer.status, 200);
      await answer.body?.cancel();
      // The client breaks off: its file goes.
      form.close();
      connections.splice(connections.indexOf(form), 1);
      await until(
        () => filesBelow(`${folder}/uploads`),
        (files) => files.every(({ path }) => !/\/[0-9a-f-]{36}$/.test(path)),
        "the half file to be removed",
      );
    } finally {
      connections.forEach((connection) => connection.close());
      await Deno.remove(folder, { recursive: true });
    }
  },
});
