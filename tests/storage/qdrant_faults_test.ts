/** What happens when the Qdrant server is away, hangs, is killed or refuses: on real processes. */

import { assert, assertEquals, assertGreater, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { Circuit } from "../../src/storage/qdrant/circuit.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { start, testEnvironment, until } from "../helpers/process.ts";
import { freePort, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { DIMENSIONS, hashOf, plain } from "./fixtures.ts";

const ignore = QDRANT_BIN === undefined;

function settings(url: string, more = {}) {
  return {
    ...qdrantDefaults(url),
    backend: "qdrant" as const,
    dimensions: DIMENSIONS,
    circuit: { failures: 5, seconds: 1 },
    ...more,
  };
}

Deno.test("The circuit opens after failures in a row, lets one trial through, and closes after a success", () => {
  let now = 0;
  const circuit = new Circuit({ failures: 2, seconds: 10 }, () => now);
  circuit.failed();
  circuit.succeeded();
  circuit.failed();
  assertEquals([circuit.state, circuit.enter()], ["closed", 0]);
  circuit.failed();
  assertEquals([circuit.state, circuit.enter()], ["open", 10]);
  now = 10_000;
  assertEquals([circuit.state, circuit.enter(), circuit.enter()], ["half-open", 0, 1]);
  circuit.failed();
  assertEquals([circuit.state, circuit.enter()], ["open", 10]);
  now = 20_000;
  assertEquals(circuit.enter(), 0);
  circuit.succeeded();
  assertEquals([circuit.state, circuit.enter()], ["closed", 0]);
});

Deno.test("An answered probe closes the circuit; a failure after that opens it, for longer each time", () => {
  let now = 0;
  const circuit = new Circuit({ failures: 3, seconds: 60 }, () => now);
  for (let i = 0; i < 3; i++) circuit.failed();
  assertEquals([circuit.state, circuit.wait], ["open", 60]);
  circuit.probed();
  assertEquals([circuit.state, circuit.enter(), circuit.enter()], ["closed", 0, 0]);
  circuit.failed();
  circuit.failed();
  for (const seconds of [2, 4, 8, 16, 32, 60, 60]) {
    circuit.probed();
    assertEquals([circuit.state, circuit.wait], ["open", seconds]);
    now += seconds * 1000;
    assertEquals([circuit.enter(), circuit.enter()], [0, 1], "one trial at a time");
    circuit.failed();
  }
  circuit.succeeded();
  circuit.probed();
  circuit.failed();
  assertEquals([circuit.state, circuit.enter()], ["closed", 0]);
});

Deno.test({
  name: "A service starts without Qdrant, says so, and recovers by itself",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "unimem-test-" }), port = freePort();
    try {
      const env = testEnvironment(folder, {
        MCP_QDRANT_URL: `http://127.0.0.1:${port}`,
        MCP_QDRANT_CIRCUIT_SECONDS: "1",
        MCP_QDRANT_TIMEOUT: "2",
      });
      await using service = await start("unified", env);
      const status = async (path: string) => {
        const answer = await fetch(`${service.http}${path}`);
        await answer.body?.cancel();
        return answer;
      };
      assertEquals((await status("/api/health")).status, 200);
      assertEquals((await status("/api/health/ready")).status, 503);
      const listing = await status("/api/memories");
      assertEquals(listing.status, 503);
      assertGreater(Number(listing.headers.get("retry-after")), 0);
      assertEquals((await status(`/api/memories/${hashOf(1)}`)).status, 503, "an outage is never not-found");
      await using _server = await startQdrant({ port });
      await until(() => status("/api/health/ready"), (answer) => answer.status === 200, "the service to recover");
      assertEquals((await status("/api/memories")).status, 200);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "Every answered write survives a killed Qdrant, and none is there twice",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "unimem-qdrant-" }), port = freePort();
    try {
      let server = await startQdrant({ folder, port });
      const storage = await openStorage(settings(server.url));
      const answered = new Set<number>();
      let next = 0, stop = false;
      const writers = Array.from({ length: 16 }, async () => {
        while (!stop) {
          const number = next++;
          try {
            assertEquals(await storage.store([plain(number)]), ["stored"]);
            answered.add(number);
          } catch (error) {
            assert(error instanceof MemoryError && error.code === "unavailable", String(error));
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
      });
      await until(() => Promise.resolve(answered.size), (size) => size > 200, "writes");
      await server.stop("SIGKILL");
      server = await startQdrant({ folder, port });
      const before = answered.size;
      await until(() => Promise.resolve(answered.size), (size) => size > before + 200, "writes after the restart");
      stop = true;
      await Promise.all(writers);
      const found = await storage.getByHash([...answered].map(hashOf));
      assertEquals(found.filter((memory) => memory === null).length, 0);
      const { total } = await storage.list({ filter: {}, offset: 0, limit: 0 });
      assert(total >= answered.size && total <= next, `${answered.size} answered, ${total} there, ${next} tried`);
      await storage.close();
      await server.stop();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "A Qdrant that hangs costs no caller more than the deadline, and soon nothing",
  ignore,
  fn: async () => {
    await using server = await startQdrant();
    // The pause is longer than any test: what ends it is the server's return.
    const circuit = { failures: 5, seconds: 3600 };
    const storage = await openStorage(settings(server.url, { timeoutMs: 500, circuit }));
    await storage.store([plain(1)]);
    server.kill("SIGSTOP");
    // On a busy machine it may answer once more before it stops.
    await until(() => processState(server.pid), (state) => state.startsWith("T"), "the server to stop");
    const took: number[] = [];
    for (let i = 0; i < 7; i++) {
      const begun = performance.now();
      const error = await assertRejects(() => storage.getByHash([hashOf(1)]), MemoryError);
      assertEquals(error.code, "unavailable");
      assertGreater(error.retryAfterSeconds!, 0);
      took.push(performance.now() - begun);
    }
    assert(took.every((ms) => ms < 900), took.join());
    assertLess(took.at(-1)!, 50, "the circuit is open");
    server.kill("SIGCONT");
    await until(
      () => storage.getByHash([hashOf(1)]).catch(() => []),
      ([memory]) => memory != null,
      "the store to recover",
    );
    await storage.close();
  },
});

Deno.test({
  name: "A wrong API key is refused with the setting to change",
  ignore,
  fn: async () => {
    await using server = await startQdrant({ env: { QDRANT__SERVICE__API_KEY: "right" } });
    const error = await assertRejects(() => openStorage(settings(server.url, { apiKey: "wrong" })), MemoryError);
    assertEquals(error.code, "configuration");
    assertStringIncludes(error.message, "MCP_QDRANT_API_KEY");
    const storage = await openStorage(settings(server.url, { apiKey: "right" }));
    assertEquals(await storage.store([plain(1)]), ["stored"]);
    const { limit, waiting, failures, circuit } = (await storage.stats()).details;
    assertEquals([limit, waiting, failures, circuit], [64, 0, 0, "closed"]);
    await storage.close();
  },
});

Deno.test({
  name: "Two stores over one Qdrant agree on what is stored, changed and deleted",
  ignore,
  fn: async () => {
    await using server = await startQdrant();
    const [first, second] = await Promise.all([openStorage(settings(server.url)), openStorage(settings(server.url))]);
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, i) => (i % 2 ? first : second).store([plain(i >> 1)])),
    );
    assertEquals(outcomes.flat().filter((outcome) => outcome === "stored").length, 30);
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => (i % 2 ? first : second).update(hashOf(1), { add_tags: [`t${i}`] }, i)),
    );
    for (const storage of [first, second]) assertEquals((await storage.getByHash([hashOf(1)]))[0]?.tags.length, 12);
    await first.delete([hashOf(2)]);
    assertEquals(await second.getByHash([hashOf(2)]), [null]);
    assertEquals((await second.list({ filter: {}, offset: 0, limit: 0 })).total, 29);
    await Promise.all([first.close(), second.close()]);
  },
});

/** What the system says a process is doing, such as `T` for a stopped one. */
async function processState(pid: number): Promise<string> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).output();
  return new TextDecoder().decode(stdout).trim();
}
