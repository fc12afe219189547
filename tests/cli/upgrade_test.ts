/** Upgrading collections of the Python service by the real command. */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { spawn, start, testEnvironment, until, within } from "../helpers/process.ts";
import { pythonCollection } from "../helpers/python_collection.ts";
import { type Qdrant, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";

const ignore = QDRANT_BIN === undefined;
const MODEL = "sentence-transformers/all-MiniLM-L6-v2";
const DIMENSIONS = 384;

const spawnUpgrade = (server: Qdrant, folder: string, args: string[]) =>
  spawn(
    ["upgrade", ...args],
    testEnvironment(folder, { MCP_QDRANT_URL: server.url, MCP_BACKGROUND_LEASE_SECONDS: "1" }),
    { stdout: "piped" },
  );

async function upgrade(server: Qdrant, folder: string, ...args: string[]) {
  const { code, stdout, stderr } = await within((await spawnUpgrade(server, folder, args)).output(), "unimem upgrade");
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

async function withServer(body: (server: Qdrant, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-upgrade-" });
  try {
    await using server = await startQdrant();
    await body(server, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const ask = async (server: Qdrant, path: string, body?: unknown) => {
  const headers = { "content-type": "application/json" };
  const init = body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) };
  return (await (await fetch(`${server.url}${path}`, init)).json()).result;
};

Deno.test({
  name: "a Python collection is upgraded in place, goes on where it was killed, and is otherwise the same",
  ignore,
  fn: () =>
    withServer(async (server, folder) => {
      await pythonCollection(server.url, "memories", 3000, MODEL, DIMENSIONS);
      const completed = async (): Promise<number> =>
        (await ask(server, "/collections/memories/points/count", {
          filter: { must_not: [{ is_empty: { key: "bytes" } }] },
          exact: true,
        })).count;
      const child = await spawnUpgrade(server, folder, []);
      await until(completed, (count) => count > 0, "the upgrade to begin");
      child.kill("SIGKILL");
      await child.output();
      const before = await completed();
      assert(before < 3000, String(before));
      const { code, out, err } = await upgrade(server, folder, "--json");
      assertEquals([code, err], [0, ""]);
      const report = JSON.parse(out);
      assertGreater(report.done, 0);
      assert(report.done === report.total && report.total <= 3000 - before + 128, out);
      assertEquals([report.success, report.left, report.damaged, report.changed], [true, 0, 0, 0]);
      assertEquals(report.before, report.after);
      assertEquals(report.after.memories, 3000);
      const again = JSON.parse((await upgrade(server, folder, "--json")).out);
      assertEquals([again.done, again.total, again.after], [0, 0, report.after]);
    }),
});

Deno.test({
  name: "a Python collection is upgraded into one beside it that a service uses without embedding anything anew",
  ignore,
  fn: () =>
    withServer(async (server, folder) => {
      await pythonCollection(server.url, "memories", 400, MODEL, DIMENSIONS);
      const old = async () => {
        const { config, payload_schema, points_count } = await ask(server, "/collections/memories");
        const point = await ask(server, "/collections/memories/points", { ids: [1], with_payload: true });
        return { config, payload_schema, points_count, point };
      };
      const before = await old();
      const { code, out, err } = await upgrade(server, folder, "--into", "memories_2");
      assertEquals([code, err], [0, ""], out);
      assertStringIncludes(out, "MCP_QDRANT_COLLECTION_NAME=memories_2");
      assertEquals(await old(), before);
      const { collections } = await ask(server, "/collections");
      assertEquals(collections.map(({ name }: { name: string }) => name).toSorted(), [
        "memories",
        "memories_2",
        "memories_2_relations",
        "memories_2_trash",
      ]);
      const again = JSON.parse((await upgrade(server, folder, "--into", "memories_2", "--json")).out);
      assertEquals([again.equal, again.written, again.vectors], [true, 0, 400]);
      await using service = await start(
        "http",
        testEnvironment(folder, { MCP_QDRANT_URL: server.url, MCP_QDRANT_COLLECTION_NAME: "memories_2" }),
      );
      const health = () => fetch(`${service.http}/api/health/detailed`).then((answer) => answer.json());
      const { storage, embedding } = await until(
        health,
        (answer) => answer.embedding.status.state === "ready",
        "model",
      );
      assertEquals([storage.details.upgraded, embedding.coverage.memories, embedding.coverage.embedded], [
        true,
        400,
        400,
      ]);
      const found = await (await fetch(`${service.http}/api/search`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query: "otter 17" }),
      })).json();
      assertEquals([found.results[0].memory.content, found.notice], ["The Otter number 17 swims", null]);
      assertEquals((await health()).embedding.counters.model_runs, 1);
    }),
});

Deno.test("an upgrade of a SQLite file finds nothing to do, and has no collection to go into", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-upgrade-" });
  try {
    const run = async (...args: string[]) =>
      await within((await spawn(["upgrade", ...args], testEnvironment(folder))).output(), "unimem upgrade");
    assertEquals((await run("--json")).code, 0);
    const { code, stderr } = await run("--into", "other");
    assertEquals(code, 2);
    assertStringIncludes(new TextDecoder().decode(stderr), "MCP_QDRANT_URL is not set");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
