/** Copying between stores, by the real command, of stores that real services work with. */

import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import type { Memory } from "../../src/memory/memory.ts";
import { openStorage, type StorageSettings } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import type { NewMemory } from "../../src/storage/contract/memories.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { inFolder } from "../helpers/folder.ts";
import { type Running, spawn, start, testEnvironment, until } from "../helpers/process.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { type Ended, ended } from "./command.ts";
import { embedded, hashOf, memory, MODEL, vector } from "../storage/fixtures.ts";

const spawnCopy = (folder: string, args: string[], env = {}) =>
  spawn(["copy", ...args], testEnvironment(folder, { MCP_BACKGROUND_LEASE_SECONDS: "1", ...env }), { stdout: "piped" });

async function copy(folder: string, ...args: string[]): Promise<Ended> {
  return await ended(await spawnCopy(folder, args), `unimem copy ${args.join(" ")}`);
}

/** The report of a copy that must have succeeded. */
async function copied(folder: string, ...args: string[]): Promise<Report> {
  const { code, out, err } = await copy(folder, ...args, "--json");
  assertEquals(code, 0, out + err);
  return JSON.parse(out);
}

interface Report {
  equal: boolean;
  passes: number;
  written: number;
  removed: number;
  memories: { source: { count: number; digest: string }; target: { count: number; digest: string } };
  vectors: number;
  mismatches: number;
  listed: { kind: string; key: string; found: string }[];
}

async function withStore<T>(settings: StorageSettings, body: (storage: MemoryStorage) => Promise<T>): Promise<T> {
  const storage = await openStorage(settings);
  try {
    return await body(storage);
  } finally {
    await storage.close();
  }
}

const sqlite = (path: string): StorageSettings => ({ backend: "sqlite", path });

/** Stores memories of every kind: with and without vectors, with several, replaced, awkward, linked, trashed. */
async function fill(settings: StorageSettings, count: number): Promise<void> {
  await withStore(settings, async (storage) => {
    await storage.registerModel(MODEL);
    for (let start = 0; start < count; start += 1000) {
      await storage.store(Array.from({ length: Math.min(1000, count - start) }, (_, i) => item(start + i)));
    }
    const link = (i: number) => ({
      source: hashOf(i),
      target: hashOf(i + 1),
      type: "it's “next”",
      created_at: i + 0.5,
    });
    await storage.relate(Array.from({ length: 20 }, (_, i) => link(i + 100)));
    await storage.trash([0, 1, 2].map(hashOf), { at: 1_750_000_000.25, reason: "deleted" });
  });
}

function item(number: number): NewMemory {
  const fields: Partial<Memory> = {
    content: `Fact ${number}: “quoted” a\0b \ud800 日本 ${"and more words ".repeat(number % 9)}`,
    tags: number % 2 ? ["odd", "x, y"] : [],
    memory_type: number % 3 ? "note" : null,
    metadata: { z: number, a: { list: [1, 2.5, null, { b: "é", a: -0.1 }] } },
    conversation_id: number % 5 ? null : "talk",
    created_at: 1_700_000_000.123456 + number,
    ...number % 50 === 7 ? { superseded: { by: hashOf(number + 1), at: 1_700_000_000.5, reason: "newer" } } : {},
  };
  if (number % 10 === 9) return { memory: memory(number, fields), vectors: null };
  return embedded(number, fields, number % 10 === 8 ? [vector(number), vector(number + 1)] : [vector(number)]);
}

/** Everything that matters of a store, in one order, vectors left out. */
function contents(settings: StorageSettings) {
  return withStore(settings, async (storage) => {
    const { memories } = await storage.list({ filter: {}, offset: 0, limit: 100_000 });
    const { items } = await storage.listTrash({ offset: 0, limit: 100_000 });
    return {
      memories: new Map(memories.map((found) => [found.content_hash, found])),
      trash: new Map(items.map((found) => [found.memory.content_hash, found])),
      relations: await storage.relations({ limit: 100_000 }),
    };
  });
}

/** Stores, changes, trashes, restores and deletes over REST, from several clients at once, until told to stop. */
async function write(service: Running, stopped: () => boolean): Promise<number> {
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${service.http}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const said = await answer.json();
    assertEquals(answer.status, 200, JSON.stringify(said));
    return said;
  };
  let writes = 0;
  await Promise.all(Array.from({ length: 6 }, async (_, client) => {
    for (let i = 0; !stopped(); i++) {
      const content = `Client ${client} wrote this as number ${i}`;
      const { content_hash } = await call("POST", "/api/memories", { content, tags: ["live"] });
      if (i % 3 === 0) await call("PUT", `/api/memories/${content_hash}`, { tags: ["live", `t${i}`] });
      if (i % 4 === 0) await call("DELETE", `/api/memories/${content_hash}`);
      if (i % 8 === 0) await call("POST", "/api/manage/trash/restore", { content_hashes: [content_hash] });
      if (i % 12 === 4) await call("DELETE", `/api/manage/trash?content_hashes=${content_hash}`);
      writes++;
    }
  }));
  return writes;
}

/** Copies a store that a service is writing to, and has the service stop once the target has come a part of the way. */
async function copyLive(
  folder: string,
  from: { settings: StorageSettings; url: string; env?: Record<string, string> },
  to: { settings: StorageSettings; url: string },
): Promise<Report> {
  const copying = await (async () => {
    await using service = await start("http", testEnvironment(folder, from.env));
    const child = await spawnCopy(folder, ["--from", from.url, "--to", to.url, "--json"]);
    let stop = false;
    const writing = write(service, () => stop);
    const reached = async () =>
      (await contents({ ...to.settings, readOnly: true }).catch(() => null))?.memories.values();
    // What the writers store comes last or scattered; some of it in the target means that the copy is at it.
    await until(reached, (found) => found?.some(({ tags }) => tags.includes("live")) ?? false, "the copy to follow");
    stop = true;
    assertGreater(await writing, 20);
    service.kill("SIGTERM");
    assertEquals(await service.exit(), 0);
    return child;
  })();
  const { code, out, err } = await ended(copying, "the copy to end");
  assertEquals([code, err], [0, ""], out);
  return JSON.parse(out);
}

Deno.test("a copy of a store that is being written to ends equal once the writing stops", () =>
  inFolder(async (folder) => {
    const from = sqlite(`${folder}/unimem.db`), to = sqlite(`${folder}/copy.db`);
    await fill(from, 3000);
    const report = await copyLive(
      folder,
      { settings: from, url: `sqlite:${folder}/unimem.db`, env: modelOff },
      { settings: to, url: `sqlite:${folder}/copy.db` },
    );
    assertEquals([report.equal, report.mismatches], [true, 0]);
    assertGreater(report.passes, 1);
    assertEquals(await contents(to), await contents(from));
  }));

/** Without the model that made the vectors, a service leaves them alone. */
const modelOff = { MCP_MEMORY_EMBEDDING_MODEL: "/no/such/model" };

Deno.test({
  name: "a live copy from SQLite to Qdrant and back again gives back everything, vectors too",
  ignore: QDRANT_BIN === undefined,
  fn: () =>
    inFolder(async (folder) => {
      await using server = await startQdrant();
      const settings = { ...qdrantDefaults(server.url), backend: "qdrant" as const, collection: "copied" };
      const there = { settings, url: `qdrant:${server.url}/copied` };
      const from = { settings: sqlite(`${folder}/unimem.db`), url: `sqlite:${folder}/unimem.db`, env: modelOff };
      await fill(from.settings, 2000);
      const out = await copyLive(folder, from, there);
      assertEquals(await contents(settings), await contents(from.settings));
      assertEquals(out.vectors, 1797);

      const env = { ...modelOff, MCP_QDRANT_URL: server.url, MCP_QDRANT_COLLECTION_NAME: "copied" };
      const back = { settings: sqlite(`${folder}/back.db`), url: `sqlite:${folder}/back.db` };
      const report = await copyLive(folder, { ...there, env }, back);
      assertEquals([report.equal, report.vectors], [true, 1797]);
      assertEquals(await contents(back.settings), await contents(settings));
      const [one] = await withStore(back.settings, (storage) => storage.vectors([hashOf(18)]));
      assertEquals([one!.model, one!.chunks.length], [MODEL.id, 2]);
    }),
});

Deno.test("a copy that was killed goes on with what is missing and writes nothing twice", () =>
  inFolder(async (folder) => {
    const to = `${folder}/copy.db`, args = ["--from", `sqlite:${folder}/from.db`, "--to", `sqlite:${to}`];
    await fill(sqlite(`${folder}/from.db`), 15_000);
    const child = await spawnCopy(folder, args);
    const size = () => Deno.stat(`${to}-wal`).then(({ size }) => size, () => 0);
    await until(size, (bytes) => bytes > 1_000_000, "the copy to begin");
    child.kill("SIGKILL");
    await child.output();
    const done = await withStore(sqlite(to), async (storage) => (await storage.stats()).total_memories);
    assert(done > 0 && done < 15_000, String(done));
    const report = await copied(folder, ...args);
    const memories = 15_000 - 3;
    assertEquals([report.memories.target.count, report.equal], [memories, true]);
    assertEquals(report.written, memories - done + 3 + 20);
    assertEquals((await copied(folder, ...args)).written, 0);
  }));

Deno.test("a comparison names every record that differs, and another copy puts it right", () =>
  inFolder(async (folder) => {
    const to = sqlite(`${folder}/copy.db`);
    const args = ["--from", `sqlite:${folder}/from.db`, "--to", `sqlite:${folder}/copy.db`];
    await fill(sqlite(`${folder}/from.db`), 500);
    await copied(folder, ...args);
    await withStore(to, async (storage) => {
      await storage.update(hashOf(10), { tags: ["tampered"] }, 1);
      await storage.delete([hashOf(11)]);
      await storage.store([embedded(9999)]);
      await storage.addVectors([{ content_hash: hashOf(13), vectors: { model: MODEL.id, chunks: [vector(77)] } }]);
      await storage.emptyTrash({ hashes: [hashOf(0)] });
      await storage.unrelate([{ source: hashOf(100), target: hashOf(101), type: "it's “next”" }]);
    });
    const { code, out } = await copy(folder, ...args, "--verify-only", "--json");
    const report: Report = JSON.parse(out);
    const relation = JSON.stringify([hashOf(100), "it's “next”", hashOf(101)]);
    assertEquals([code, report.equal, report.mismatches], [1, false, 6]);
    assert(report.memories.source.digest !== report.memories.target.digest);
    const byName = (a: { kind: string; key: string }, b: typeof a) => a.kind + a.key < b.kind + b.key ? -1 : 1;
    assertEquals(report.listed.toSorted(byName), [
      { kind: "memory", key: hashOf(10), found: "different" },
      { kind: "memory", key: hashOf(11), found: "missing" },
      { kind: "memory", key: hashOf(9999), found: "only in the target" },
      { kind: "relation", key: relation, found: "missing" },
      { kind: "trashed", key: hashOf(0), found: "missing" },
      { kind: "vectors", key: hashOf(13), found: "different" },
    ]);
    const said = await copy(folder, ...args, "--verify-only");
    assertStringIncludes(said.out, `memory ${hashOf(10)}: different`);
    assertEquals((await copied(folder, ...args)).equal, true);
    assertEquals((await copied(folder, ...args, "--verify-only")).equal, true);
  }));

Deno.test("a copy leaves alone what is no copy, what a service works with, and a source that isn't there", () =>
  inFolder(async (folder) => {
    const from = `sqlite:${folder}/from.db`, other = sqlite(`${folder}/unimem.db`);
    await fill(sqlite(`${folder}/from.db`), 50);
    await withStore(other, (storage) => storage.store([{ memory: memory(1, { content: "mine" }), vectors: null }]));
    const refused = await copy(folder, "--from", from);
    assertEquals(refused.code, 1, refused.err);
    assertStringIncludes(refused.err, "holds 1 memories that aren't a copy");
    assertEquals([...(await contents(other)).memories.values()].map(({ content }) => content), ["mine"]);
    {
      await using service = await start("http", testEnvironment(folder, { MCP_BACKGROUND_LEASE_SECONDS: "1" }));
      const busy = await copy(folder, "--from", from, "--replace");
      assertEquals(busy.code, 1, busy.err);
      assertStringIncludes(busy.err, `:${service.pid}:`);
      service.kill("SIGTERM");
      await service.exit();
    }
    assertEquals((await copied(folder, "--from", from, "--replace")).memories.target.count, 47);
    {
      // From now on it has a life of its own.
      await using service = await start("http", testEnvironment(folder, { LOG_LEVEL: "debug", ...modelOff }));
      await until(() => Promise.resolve(service.log()), (log) => log.includes("Background work runs here"), "its work");
      service.kill("SIGTERM");
      await service.exit();
    }
    assertEquals((await copy(folder, "--from", from)).code, 1);
    for (
      const [args, reason] of [
        [["--from", `sqlite:${folder}/none.db`], "there is no such file"],
        [["--to", `sqlite:${folder}/unimem.db`], "into itself"],
        [["--from", "memories"], "write sqlite:PATH or qdrant:http://HOST:PORT/COLLECTION"],
        [["--to", "qdrant:http://:s3cret@127.0.0.1:1/memories"], "MCP_COPY_TO_API_KEY"],
      ] as const
    ) {
      const { code, out, err } = await copy(folder, ...args);
      assertEquals([code, out], [2, ""], err);
      assertStringIncludes(err, reason);
      assertEquals(err.includes("s3cret"), false, err);
    }
    assertEquals(await Deno.stat(`${folder}/none.db`).catch(() => null), null);
  }));
