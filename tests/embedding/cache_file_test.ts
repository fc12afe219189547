/** The part of the embedding cache that outlives the process. */

import { assert, assertEquals, assertGreater, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { CacheFile, cacheKey } from "../../src/embedding/cache_file.ts";
import type { ModelIdentity } from "../../src/embedding/embedder.ts";
import { EmbeddingCache } from "../../src/embedding/embedding_cache.ts";
import type { EmbeddingProvider, TextKind } from "../../src/embedding/provider.ts";
import { CachedEmbeddingService } from "../../src/embedding/service.ts";
import { until } from "../helpers/process.ts";
import { vector } from "../storage/fixtures.ts";

const MEGABYTE = 1 << 20;

async function inFolder(run: (path: string, folder: string) => Promise<void> | void) {
  const folder = await Deno.makeTempDir({ prefix: "unimem-cache-" });
  try {
    await run(join(folder, "cache", "vectors.db"), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function open(path: string, more: { maxBytes?: number; passages?: boolean; now?: () => number } = {}) {
  const { now, ...settings } = more;
  return new CacheFile({ path, maxBytes: 16 * MEGABYTE, passages: false, ...settings }, now);
}

const keyOf = (number: number) => cacheKey("local:model@1", "query", `text ${number}`);

/** A provider that counts. */
class CountingProvider implements EmbeddingProvider {
  runs: string[] = [];
  constructor(readonly identity: ModelIdentity) {}
  load = () => Promise.resolve(this.identity);
  embed(text: string, kind: TextKind): Promise<Float32Array[]> {
    this.runs.push(`${kind} ${text}`);
    return Promise.resolve(kind === "query" ? [vector(text.length)] : [vector(1), vector(2)]);
  }
  close = () => Promise.resolve();
}

const identity = (id: string): ModelIdentity => ({ id, name: "m", provider: "local", dimensions: 16 });

Deno.test("Vectors kept by one process are there for the next, number by number", () =>
  inFolder((path) => {
    const first = open(path), several = [vector(1), vector(2), vector(3)];
    first.set(keyOf(1), [vector(7)]);
    first.set(keyOf(2), several);
    first.close();
    const second = open(path);
    assertEquals([second.get(keyOf(1)), second.get(keyOf(2)), second.get(keyOf(3))], [[vector(7)], several, null]);
    assertGreater(second.bytes, 0);
    second.close();
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  }));

Deno.test("Model, kind and text tell keys apart, and the file holds no text", () =>
  inFolder(async (path) => {
    const keys = [
      cacheKey("a", "query", "t"),
      cacheKey("b", "query", "t"),
      cacheKey("a", "passage", "t"),
      cacheKey("a", "query", "\ud800"),
      cacheKey("a", "query", "\ud801"),
    ].map((key) => key.toHex());
    assertEquals(new Set(keys).size, 5);
    const file = open(path);
    file.set(cacheKey("local:m", "query", "where is the treasure"), [vector(1)]);
    file.close();
    const bytes = new TextDecoder("latin1").decode(await Deno.readFile(path));
    assert(!bytes.includes("treasure") && !bytes.includes("t\0r\0e\0a"));
  }));

Deno.test("A service started anew finds queries without its model, and passages where those are kept", () =>
  inFolder(async (path) => {
    for (const passages of [false, true]) {
      const cacheFile = { path: `${path}.${passages}`, maxBytes: MEGABYTE, passages };
      const runs = [];
      for (let start = 0; start < 2; start++) {
        const provider = new CountingProvider(identity("local:one"));
        const service = new CachedEmbeddingService(provider, { cacheBytes: MEGABYTE, queueLimit: 9, cacheFile });
        await service.ready();
        assertEquals(await service.embedQuery("question"), vector(8));
        assertEquals((await service.embedPassage("content")).length, 2);
        assertEquals(await service.embedQuery("question"), vector(8));
        runs.push(provider.runs.length);
        const { cache_disk_hits, cache_hits, cache_error } = service.counters;
        assertEquals([cache_disk_hits, cache_hits, cache_error], [
          start === 0 ? 0 : passages ? 2 : 1,
          start === 0 ? 1 : passages ? 3 : 2,
          null,
        ]);
        await service.close();
      }
      assertEquals(runs, [2, passages ? 0 : 1]);
      const other = new CountingProvider(identity("local:two"));
      const service = new CachedEmbeddingService(other, { cacheBytes: MEGABYTE, queueLimit: 9, cacheFile });
      await service.ready();
      await service.embedQuery("question");
      assertEquals(other.runs, ["query question"], "another model's vectors are no use");
      await service.close();
    }
  }));

Deno.test("Services of two models share one cache, which the last of its users closes", async () => {
  const cache = new EmbeddingCache(MEGABYTE).hold(), before = cache.opens;
  const services = ["one", "two"].map((id) =>
    new CachedEmbeddingService(new CountingProvider(identity(id)), { cacheBytes: 0, queueLimit: 9, cache })
  );
  for (const service of services) {
    await service.ready();
    await service.embedQuery("question");
    await service.embedQuery("question");
  }
  assertEquals(services.map(({ counters }) => [counters.model_runs, counters.cache_hits, counters.caches]), [
    [1, 1, before],
    [1, 1, before],
  ]);
  await Promise.all(services.map((service) => service.close()));
  assertGreater(cache.figures.bytes, 0, "it has a user left");
  cache.close();
  assertEquals(cache.figures.bytes, 0);
});

Deno.test("The file stays within its bytes, drops what was used longest ago, and shrinks to a smaller limit", () =>
  inFolder((path) => {
    let hours = 0;
    const now = () => hours * 3_600_000, large = (seed: number) => [vector(seed, 1024)];
    const file = open(path, { maxBytes: MEGABYTE, now });
    for (let i = 0; i < 600; i++) {
      if (i % 20 === 0) hours++;
      file.set(keyOf(i), large(i));
      if (i > 0 && i % 50 === 0) file.get(keyOf(0)); // used again and again
    }
    file.close();
    const again = open(path, { maxBytes: MEGABYTE, now });
    assertLess(again.bytes, MEGABYTE * 1.1);
    assert(again.get(keyOf(599)) !== null, "the newest is there");
    assertEquals(again.get(keyOf(20)), null, "the oldest is gone");
    again.close();
    assertLess(Deno.statSync(path).size, 4 * MEGABYTE);
    const smaller = open(path, { maxBytes: MEGABYTE / 2, now });
    smaller.set(keyOf(1000), large(1000));
    smaller.close();
    assertLess(Deno.statSync(path).size, MEGABYTE);
  }));

Deno.test("Several processes share the file, and one that keeps it locked costs nobody a wait or an error", () =>
  inFolder(async (path) => {
    const [first, second] = [open(path), open(path)];
    first.set(keyOf(1), [vector(1)]);
    await until(() => Promise.resolve(second.get(keyOf(1))), (found) => found !== null, "the other's vector");
    const locker = new DatabaseSync(path);
    locker.exec("BEGIN IMMEDIATE");
    second.set(keyOf(2), [vector(2)]);
    await new Promise((resolve) => setTimeout(resolve, 600)); // two tries
    assertEquals([second.get(keyOf(2)), second.error], [null, null]);
    locker.exec("COMMIT");
    locker.close();
    await until(() => Promise.resolve(first.get(keyOf(2))), (found) => found !== null, "what waited for the lock");
    first.close();
    second.close();
  }));

Deno.test("A damaged file is put beside and made anew, whatever is damaged", async (t) => {
  const damages: Record<string, (bytes: Uint8Array) => void> = {
    "its head": (bytes) => bytes.fill(0x55, 0, 100),
    "its pages": (bytes) => bytes.fill(0xaa, 4096),
    "a vector": (bytes) => {
      // The bytes of the vector, wherever SQLite put them.
      const part = new Uint8Array(vector(5).buffer).slice(0, 16);
      const at = bytes.findIndex((_, i) => part.every((byte, j) => bytes[i + j] === byte));
      bytes.fill(0x41, at, at + 32);
    },
  };
  for (const [name, damage] of Object.entries(damages)) {
    await t.step(name, () =>
      inFolder(async (path) => {
        const file = open(path);
        for (let i = 0; i < 5; i++) file.set(keyOf(i), [vector(i + 5)]);
        file.close();
        const bytes = await Deno.readFile(path);
        damage(bytes);
        await Deno.writeFile(path, bytes);
        const again = open(path);
        assertEquals(again.get(keyOf(0)), null);
        again.set(keyOf(0), [vector(9)]);
        again.close();
        assert((await Deno.stat(`${path}.damaged`)).isFile);
        const third = open(path);
        assertEquals([third.get(keyOf(0)), third.error], [[vector(9)], null]);
        third.close();
      }));
  }
});

Deno.test("Another program's database is left alone, and a path that can't be written costs nothing but the cache", () =>
  inFolder(async (_, folder) => {
    const path = join(folder, "other.db"), other = new DatabaseSync(path);
    other.exec("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
    other.close();
    const before = await Deno.readFile(path);
    const file = open(path);
    assertMatch(file.error!, /another program/);
    file.set(keyOf(1), [vector(1)]);
    assertEquals([file.get(keyOf(1)), file.bytes], [null, 0]);
    file.close();
    assertEquals(await Deno.readFile(path), before);
    const impossible = open(join(path, "below-a-file", "cache.db"));
    assertStringIncludes(impossible.error!, "Cannot use the embedding cache");
    impossible.close();
  }));
