/** The outbox on real processes: a service whose Qdrant is away, killed or stopped, and that is killed itself. */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { PATIENCE_MS, type Running, spawn, start, testEnvironment, until } from "../helpers/process.ts";
import { freePort, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";

const ignore = QDRANT_BIN === undefined;

interface Stored {
  success: boolean;
  queued?: boolean;
  content_hash: string;
}

/** A folder, and the environment of a service with an outbox in it. */
async function workplace(port: number, extra: Record<string, string> = {}) {
  const folder = await Deno.makeTempDir({ prefix: "unimem-outbox-" });
  const env = testEnvironment(folder, {
    MCP_QDRANT_URL: `http://127.0.0.1:${port}`,
    MCP_QDRANT_TIMEOUT: "1",
    MCP_QDRANT_CIRCUIT_SECONDS: "1",
    MCP_OUTBOX_ENABLED: "true",
    ...extra,
  });
  return { folder, env, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

async function call(service: Running, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${service.http}${path}`, {
    method,
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: answer.status, headers: answer.headers, json: await answer.json().catch(() => null) };
}

const store = async (service: Running, content: string) => {
  const { status, json } = await call(service, "POST", "/api/memories", { content, tags: ["outbox"] });
  return { status, stored: json as Stored };
};

/** All memories, once the store holds `count` and no write goes on. */
async function everything(service: Running, count: number): Promise<{ content: string; created_at: number }[]> {
  const pageOf = (page: number) => call(service, "GET", `/api/memories?page=${page}&page_size=100`);
  // While writes come in, pages overlap: only the number says that all of them are there.
  await until(() => pageOf(1), ({ status, json }) => status === 200 && json.total >= count, `${count} memories`);
  const all = [];
  for (let page = 1;; page++) {
    const { json } = await pageOf(page);
    all.push(...json.memories);
    if (!json.has_more) return all;
  }
}

async function unimem(env: Record<string, string>, ...args: string[]): Promise<{ code: number; output: string }> {
  const child = await spawn(args, env, { stdout: "piped" });
  const { code, stdout, stderr } = await child.output();
  return { code, output: new TextDecoder().decode(code === 0 ? stdout : stderr) };
}

Deno.test("Without Qdrant a service with an outbox takes writes over REST and MCP, and nothing else", async () => {
  await using place = await workplace(freePort());
  await using service = await start("unified", place.env);
  const first = await store(service, "one");
  assertEquals([first.status, first.stored.success, first.stored.queued], [200, true, true]);
  const path = `/api/memories/${first.stored.content_hash}`;
  const batch = await call(service, "POST", "/api/memories/batch", {
    memories: [{ content: "two" }, { content: "three" }],
  });
  assertEquals([batch.status, batch.json.stored, batch.json.queued], [200, 0, 2]);
  const update = await call(service, "PUT", path, { tags: ["a"] });
  assertEquals([update.status, update.json.queued, update.json.memory], [200, true, null]);
  const removal = await call(service, "DELETE", path);
  assertEquals([removal.status, removal.json.success, removal.json.queued], [200, true, true]);
  for (const path of [`/api/memories/${first.stored.content_hash}`, "/api/memories", "/api/health/ready"]) {
    assertEquals((await call(service, "GET", path)).status, 503, path);
  }
  const rpc = await call(service, "POST", "/mcp", {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "store_memory", arguments: { content: "over MCP" } },
  });
  assertStringIncludes(JSON.stringify(rpc.json), "queued");
  const { json: health } = await call(service, "GET", "/api/health/detailed");
  const part = health.parts.find((part: { name: string }) => part.name === "outbox");
  assertEquals([part.state, part.message], ["healthy", "6 of 10000 writes wait, 0 set aside"]);
  const listed = await unimem(place.env, "outbox", "list", "--json");
  assertEquals([listed.code, JSON.parse(listed.output).pending], [0, 6]);
  const second = await unimem(place.env, "http");
  assertEquals(second.code, 2);
  assertStringIncludes(second.output, "another process has it");
});

Deno.test({
  name: "Writes that waited while Qdrant was away, and the service killed meanwhile, are there once both are back",
  ignore,
  fn: async () => {
    const port = freePort();
    await using place = await workplace(port);
    const memories = Array.from({ length: 3000 }, (_, i) => ({ content: `memory ${i}` }));
    const queue = async (service: Running, from: number, to: number) => {
      const { json } = await call(service, "POST", "/api/memories/batch", { memories: memories.slice(from, to) });
      assertEquals(json.queued, to - from);
    };
    {
      await using service = await start("http", place.env);
      for (let from = 0; from < 2900; from += 725) await queue(service, from, from + 725);
      service.kill("SIGKILL");
    }
    await using service = await start("http", place.env);
    await queue(service, 2900, 3000);
    await using _server = await startQdrant({ port });
    await everything(service, 1);
    service.kill("SIGKILL"); // it has begun to hand them on
    const left = JSON.parse((await unimem(place.env, "outbox", "list", "--json")).output).pending;
    assertGreater(left, 0, "killed in the middle, perhaps between a write and its removal");
    await using last = await start("http", place.env);
    const all = await everything(last, 3000);
    const inOrder = all.toSorted((a, b) => a.created_at - b.created_at).map(({ content }) => content);
    assertEquals(inOrder, memories.map(({ content }) => content), "each once, as they came");
    assertEquals((await store(last, "directly")).stored.queued, undefined);
  },
});

Deno.test({
  name: "Qdrant killed under sixteen writing clients: every answered write is there afterwards, and none twice",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "unimem-qdrant-" }), port = freePort();
    try {
      await using place = await workplace(port);
      let server = await startQdrant({ folder, port });
      await using service = await start("http", place.env);
      const answered: string[] = [], queued: string[] = [];
      let next = 0, stop = false;
      const writers = Array.from({ length: 16 }, async () => {
        while (!stop) {
          const content = `write ${next++}`, { status, stored } = await store(service, content);
          assert(status === 200 || status === 503, `${status}`);
          if (status === 200) (stored.queued ? queued : answered).push(content);
        }
      });
      const counts = () => Promise.resolve([answered.length, queued.length] as const);
      await until(counts, ([stored]) => stored > 100, "writes");
      await server.stop("SIGKILL");
      await until(counts, ([, waiting]) => waiting > 100, "queued writes");
      server = await startQdrant({ folder, port });
      const before = answered.length;
      await until(counts, ([stored]) => stored > before, "a write made at once after the outage");
      stop = true;
      await Promise.all(writers);
      const expected = [...answered, ...queued];
      const isEmpty = async () =>
        (await call(service, "GET", "/api/health/detailed")).json.parts
          .some(({ message }: { message: string }) => message.startsWith("0 of 10000 writes wait"));
      await until(isEmpty, (empty) => empty, "the outbox to be empty");
      const all = await everything(service, expected.length);
      const found = new Set(all.map(({ content }) => content));
      assertEquals(expected.filter((content) => !found.has(content)), []);
      assertEquals(found.size, all.length);
      await server.stop();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "A stopped Qdrant costs one write its time, later ones wait at once, and a full outbox answers 503",
  ignore,
  fn: async () => {
    await using server = await startQdrant();
    await using place = await workplace(server.port, { MCP_OUTBOX_MAX_ITEMS: "5" });
    await using service = await start("http", place.env);
    await until(() => store(service, "before"), ({ status }) => status === 200, "the service");
    server.kill("SIGSTOP");
    for (let i = 0; i < 5; i++) assertEquals((await store(service, `waits ${i}`)).stored.queued, true);
    const full = await call(service, "POST", "/api/memories", { content: "too many" });
    assertEquals(full.status, 503);
    assertGreater(Number(full.headers.get("retry-after")), 0);
    assertEquals((await call(service, "GET", "/api/health")).status, 200);
    server.kill("SIGCONT");
    assertEquals((await everything(service, 6)).length, 6);
    assertEquals((await store(service, "too many")).stored.queued, undefined);
  },
});

/** Whether this user may mount a small file system to fill. */
async function mayMount(): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  const folder = await Deno.makeTempDir({ prefix: "unimem-mount-" });
  const mounted = await mount(folder);
  if (mounted) await unmount(folder);
  await Deno.remove(folder);
  return mounted;
}

async function mount(folder: string): Promise<boolean> {
  const args = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder];
  return (await new Deno.Command("mount", { args, stderr: "null" }).output()).success;
}

async function unmount(folder: string): Promise<void> {
  await new Deno.Command("umount", { args: ["-l", folder] }).output();
}

Deno.test({
  name: "An outbox on a full disk refuses writes as unavailable and keeps what was answered",
  ignore: !await mayMount(),
  fn: async () => {
    await using place = await workplace(freePort());
    const disk = join(place.folder, "disk");
    await Deno.mkdir(disk);
    assert(await mount(disk));
    try {
      const env = { ...place.env, MCP_OUTBOX_PATH: join(disk, "outbox.db") };
      await using service = await start("http", env);
      let kept = 0;
      while ((await store(service, `${kept} ${"x".repeat(20_000)}`)).status === 200) kept++;
      assertGreater(kept, 0);
      assertEquals((await call(service, "GET", "/api/health")).status, 200);
      const { output } = await unimem(env, "outbox", "list", "--json");
      assertEquals(JSON.parse(output).pending, kept);
    } finally {
      await unmount(disk);
    }
  },
});
