/** What clients of the service see when its Qdrant is killed, hangs or can't be used: real processes on both sides. */

import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { PATIENCE_MS, type Running, spawn, start, testEnvironment, until, within } from "../helpers/process.ts";
import { freePort, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";

const ignore = QDRANT_BIN === undefined;
const CLIENTS = 16;
/** The longest a call to Qdrant may take. */
const TIMEOUT_S = 2;
/** More than the rest of a request takes on a busy machine. */
const SPARE_MS = 1500;

/** An answer with the time it took. */
interface Answer {
  status: number;
  retryAfter: string | null;
  // deno-lint-ignore no-explicit-any -- answers of many routes
  body: any;
  ms: number;
}

async function call(service: Running, method: string, path: string, body?: unknown): Promise<Answer> {
  const began = performance.now();
  const answer = await fetch(`${service.http}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const parsed = await answer.json();
  const retryAfter = answer.headers.get("retry-after");
  return { status: answer.status, retryAfter, body: parsed, ms: performance.now() - began };
}

/** Runs a test with a data folder and a service over the Qdrant at a port. */
async function withService(port: number, use: (service: Running) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-faults-" });
  try {
    await using service = await start("http", environment(folder, port));
    await use(service);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function environment(folder: string, port: number, more: Record<string, string> = {}): Record<string, string> {
  return testEnvironment(folder, {
    MCP_QDRANT_URL: `http://127.0.0.1:${port}`,
    MCP_QDRANT_TIMEOUT: String(TIMEOUT_S),
    MCP_QDRANT_CIRCUIT_SECONDS: "1",
    ...more,
  });
}

/** Contents of all memories, page by page. */
async function allContents(service: Running): Promise<string[]> {
  const contents: string[] = [];
  for (let page = 1;; page++) {
    const { status, body } = await call(service, "GET", `/api/memories?page=${page}&page_size=100`);
    assertEquals(status, 200);
    contents.push(...body.memories.map((memory: { content: string }) => memory.content));
    if (!body.has_more) return contents;
  }
}

Deno.test({
  name: "Qdrant killed under 16 writing clients: every answered write is there after its restart, none twice",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "unimem-qdrant-" }), port = freePort();
    let server = await startQdrant({ folder, port });
    try {
      await withService(port, async (service) => {
        const answered: string[] = [], tried: string[] = [];
        let stop = false, refused = 0;
        const clients = Array.from({ length: CLIENTS }, async (_, client) => {
          for (let i = 0; !stop; i++) {
            const content = `Client ${client} wrote line ${i}`;
            tried.push(content);
            const { status, retryAfter, body } = await call(service, "POST", "/api/memories", { content });
            if (status === 200) {
              // A write that went unanswered may have been made; repeating it then says so.
              assert(body.success || body.duplicate, JSON.stringify(body));
              answered.push(content);
              continue;
            }
            assertEquals([status, retryAfter !== null], [503, true], JSON.stringify(body));
            refused++;
            i--; // the same again, as a client would
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        });
        const writes = (count: number) => until(() => Promise.resolve(answered.length), (n) => n > count, "writes");
        try {
          await writes(300);
          await server.stop("SIGKILL");
          await until(() => Promise.resolve(refused), (n) => n >= CLIENTS, "refusals");
          server = await startQdrant({ folder, port });
          await writes(answered.length + 300);
        } finally {
          stop = true;
          await Promise.all(clients);
        }
        const there = await allContents(service), set = new Set(there);
        assertEquals(there.length, set.size, "none is there twice");
        assertEquals(answered.filter((content) => !set.has(content)), [], "every answered write is there");
        assertEquals(there.filter((content) => !tried.includes(content)), []);
      });
    } finally {
      await server.stop();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "Qdrant that comes back is searched again soon, however long the open circuit's pause is",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "unimem-qdrant-" }), port = freePort();
    let server = await startQdrant({ folder, port });
    const data = await Deno.makeTempDir({ prefix: "unimem-faults-" });
    try {
      await using service = await start("http", environment(data, port, { MCP_QDRANT_CIRCUIT_SECONDS: "3600" }));
      const search = () => call(service, "POST", "/api/search", { query: "what is remembered" });
      assertEquals((await call(service, "POST", "/api/memories", { content: "remembered" })).status, 200);
      await until(search, ({ status }) => status === 200, "a search");
      await server.stop("SIGKILL");
      // More failures than open the circuit.
      for (let i = 0; i < 20; i++) assertEquals((await search()).status, 503);
      server = await startQdrant({ folder, port });
      await until(search, ({ status }) => status === 200, "the searches to be answered again");
    } finally {
      await server.stop();
      for (const left of [folder, data]) await Deno.remove(left, { recursive: true });
    }
  },
});

Deno.test({
  name: "Qdrant that hangs: every caller gets 503 within the deadline, and the service goes on answering",
  ignore,
  fn: async () => {
    await using server = await startQdrant();
    await withService(server.port, async (service) => {
      assertEquals((await call(service, "POST", "/api/memories", { content: "The otter swims" })).status, 200);
      server.kill("SIGSTOP");
      const calls = Array.from({ length: CLIENTS }, (_, i) => {
        if (i % 4 === 0) return call(service, "POST", "/api/memories", { content: `Line ${i}` });
        if (i % 4 === 1) return call(service, "POST", "/api/search", { query: "otter" });
        return call(service, "GET", i % 4 === 2 ? "/api/memories" : `/api/memories/${"0".repeat(64)}`);
      });
      const alive = await call(service, "GET", "/api/health");
      assertEquals(alive.status, 200);
      assertLess(alive.ms, SPARE_MS, "liveness doesn't wait for Qdrant");
      for (const { status, retryAfter, ms } of await Promise.all(calls)) {
        assertEquals([status, retryAfter !== null], [503, true]);
        assertLess(ms, TIMEOUT_S * 1000 + SPARE_MS);
      }
      server.kill("SIGCONT");
      await until(() => call(service, "GET", "/api/memories"), ({ status }) => status === 200, "the store to recover");
      const again = await call(service, "POST", "/api/memories", { content: "The otter dives" });
      assertEquals([again.status, again.body.success], [200, true]);
    });
  },
});

/** Starts the command and waits for it to refuse; gives what it said. */
async function refusal(port: number, more: Record<string, string>): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-faults-" });
  try {
    const child = await spawn(["http"], environment(folder, port, more));
    const said = new Response(child.stderr).text();
    try {
      const { code } = await within(child.status, "the command to refuse");
      assert(code !== 0, "the command fails");
      return await said;
    } catch (error) {
      child.kill("SIGKILL");
      await child.status;
      await said;
      throw error;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "the service refuses to start with a wrong API key, and says which setting to change",
  ignore,
  fn: async () => {
    await using server = await startQdrant({ env: { QDRANT__SERVICE__API_KEY: "right" } });
    assertStringIncludes(await refusal(server.port, { MCP_QDRANT_API_KEY: "wrong" }), "MCP_QDRANT_API_KEY");
  },
});

Deno.test({
  name: "the service refuses a collection of other dimensions, and says what to do",
  ignore,
  fn: async () => {
    await using server = await startQdrant();
    const made = await fetch(`${server.url}/collections/memories`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ vectors: { size: 24, distance: "Cosine" } }),
    });
    assertEquals(made.status, 200, await made.text());
    const put = await fetch(`${server.url}/collections/memories/points?wait=true`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        points: [{ id: "00000000-0000-0000-0000-000000000001", vector: new Array(24).fill(0.2), payload: {} }],
      }),
    });
    assertEquals(put.status, 200, await put.text());
    const said = await refusal(server.port, {});
    for (const part of ["24", "384", "MCP_QDRANT_COLLECTION_NAME"]) assertStringIncludes(said, part);
  },
});
