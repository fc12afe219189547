import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import type { ModelIdentity } from "../../src/embedding/embedder.ts";
import type { EmbeddingProvider, ProviderEvents, TextKind } from "../../src/embedding/provider.ts";
import { CachedEmbeddingService } from "../../src/embedding/service.ts";

const IDENTITY: ModelIdentity = { id: "local:fake:2:0", name: "fake", provider: "local", dimensions: 2 };

/** A provider whose loads and runs end when the test says so. */
class FakeProvider implements EmbeddingProvider {
  loads = 0;
  closes = 0;
  runs: string[] = [];
  events: ProviderEvents | undefined;
  loadResult: () => Promise<ModelIdentity> = () => Promise.resolve(IDENTITY);
  embedResult: (text: string) => Promise<Float32Array[]> = (text) => Promise.resolve([Float32Array.of(text.length, 0)]);

  load(events: ProviderEvents): Promise<ModelIdentity> {
    this.loads++;
    this.events = events;
    return this.loadResult();
  }
  embed(text: string, kind: TextKind): Promise<Float32Array[]> {
    this.runs.push(`${kind} ${text}`);
    return this.embedResult(text);
  }
  close(): Promise<void> {
    this.closes++;
    return Promise.resolve();
  }
}

function serviceWith(provider = new FakeProvider(), options = {}) {
  const progress: number[] = [];
  const service = new CachedEmbeddingService(provider, {
    cacheBytes: 100_000,
    queueLimit: 3,
    onProgress: (share) => progress.push(share),
    now: () => 1234,
    ...options,
  });
  return { provider, service, progress };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, MemoryError)).code;
}

Deno.test("100 concurrent callers share one load, and later ones its result", async () => {
  const { provider, service } = serviceWith();
  assertEquals([service.status, service.identity], [{ state: "loading", since: 1234 }, undefined] as never);
  const identities = await Promise.all(Array.from({ length: 100 }, () => service.ready()));
  assert(identities.every((identity) => identity === IDENTITY));
  assertStrictEquals(await service.ready(), IDENTITY);
  assertEquals([provider.loads, service.counters.model_loads, service.status.state], [1, 1, "ready"]);
});

Deno.test("before the model is ready a text is refused as unavailable and told when to come back", async () => {
  const { provider, service } = serviceWith();
  const error = await assertRejects(() => service.embedQuery("a"), MemoryError, "still loading");
  assertEquals([error.code, error.retryAfterSeconds], ["unavailable", 1]);
  assertEquals(await codeOf(service.embedPassage("a")), "unavailable");
  assertEquals(provider.loads, 0);
});

Deno.test("a failed load says why, and the next call of ready tries again", async () => {
  const { provider, service } = serviceWith();
  const wrong = new MemoryError("configuration", "Cannot find the folder");
  provider.loadResult = () => Promise.reject(wrong);
  assertStrictEquals(await assertRejects(() => service.ready()), wrong);
  assertEquals([service.status.state, service.status.error], ["failed", "Cannot find the folder"]);
  const refused = await assertRejects(() => service.embedQuery("a"), MemoryError, "Cannot find the folder");
  assertEquals(refused.code, "unavailable");
  provider.loadResult = () => Promise.resolve(IDENTITY);
  await service.ready();
  assertEquals([provider.loads, service.counters.model_loads, service.status.state], [2, 1, "ready"]);
});

Deno.test("an unknown failure of a load becomes unavailable, with its cause", async () => {
  const { provider, service } = serviceWith();
  provider.loadResult = () => Promise.reject(new TypeError("boom"));
  const error = await assertRejects(() => service.ready(), MemoryError, "boom");
  assertEquals([error.code, error.cause instanceof TypeError], ["unavailable", true]);
});

Deno.test("progress shows in the status while loading, and is passed on", async () => {
  const { provider, service, progress } = serviceWith();
  const { promise, resolve } = Promise.withResolvers<ModelIdentity>();
  provider.loadResult = () => promise;
  const ready = service.ready();
  provider.events!.progress(0.25);
  assertEquals(service.status.progress, 0.25);
  provider.events!.progress(7);
  assertEquals(progress, [0.25, 1]);
  resolve(IDENTITY);
  await ready;
  assertEquals(service.status.progress, undefined);
});

Deno.test("a lost model is a failure that a new load repairs", async () => {
  const { provider, service } = serviceWith();
  await service.ready();
  provider.events!.lost(new Error("worker stopped"));
  assertEquals(service.status.state, "failed");
  assertEquals(await codeOf(service.embedQuery("a")), "unavailable");
  await service.ready();
  assertEquals((await service.embedQuery("a")).length, 2);
});

Deno.test("a query seen before comes from the cache, a passage is run each time", async () => {
  const { provider, service } = serviceWith();
  await service.ready();
  const first = await service.embedQuery("a");
  assertStrictEquals(await service.embedQuery("a"), first);
  await service.embedPassage("a");
  await service.embedPassage("a");
  assertEquals(provider.runs, ["query a", "passage a", "passage a"]);
  const { cache_hits, cache_misses, cache_bytes, model_runs } = service.counters;
  assertEquals([cache_hits, cache_misses, model_runs], [1, 3, 3]);
  assert(cache_bytes > 8 && cache_bytes <= 100_000);
});

Deno.test("concurrent callers with the same text share one run, but not across kinds", async () => {
  const { provider, service } = serviceWith();
  await service.ready();
  await Promise.all([...Array(50)].map(() => service.embedQuery("a")));
  await Promise.all([service.embedPassage("b"), service.embedPassage("b"), service.embedQuery("b")]);
  assertEquals(provider.runs, ["query a", "passage b", "query b"]);
});

Deno.test("a failed run fails all who share it, isn't remembered, and keeps its code", async () => {
  const { provider, service } = serviceWith();
  await service.ready();
  provider.embedResult = () => Promise.reject(new Error("boom"));
  const failed = await Promise.allSettled([service.embedQuery("a"), service.embedQuery("a")]);
  assertEquals(failed.map((result) => result.status === "rejected" && result.reason.code), [
    "unavailable",
    "unavailable",
  ]);
  provider.embedResult = () => Promise.reject(new MemoryError("too_large", "Cannot"));
  assertEquals(await codeOf(service.embedPassage("a")), "too_large");
  provider.embedResult = () => Promise.resolve([Float32Array.of(1, 0)]);
  await service.embedQuery("a");
  assertEquals(service.counters.queue_depth, 0);
});

Deno.test("more texts than the queue takes are refused as overloaded, and told when to come back", async () => {
  const { provider, service } = serviceWith();
  await service.ready();
  const { promise, resolve } = Promise.withResolvers<Float32Array[]>();
  provider.embedResult = () => promise;
  const waiting = ["a", "b", "c"].map((text) => service.embedPassage(text));
  assertEquals(service.counters.queue_depth, 3);
  const error = await assertRejects(() => service.embedPassage("d"), MemoryError);
  assertEquals([error.code, error.retryAfterSeconds], ["overloaded", 1]);
  assertEquals(await codeOf(service.embedQuery("e")), "overloaded");
  resolve([Float32Array.of(1, 0)]);
  await Promise.all(waiting);
  assertEquals((await service.embedPassage("d")).length, 1);
});

Deno.test("a closed service refuses everything, closes its provider once, and forgets its cache", async () => {
  const { provider, service } = serviceWith();
  await service.ready();
  await service.embedQuery("a");
  await Promise.all([service.close(), service.close()]);
  await service.close();
  assertEquals([provider.closes, service.status.state, service.counters.cache_bytes], [1, "closed", 0]);
  for (const call of [service.ready(), service.embedQuery("a"), service.embedPassage("a")]) {
    assertEquals(await codeOf(call), "unavailable");
  }
});

Deno.test("closing while the model loads waits for it and leaves nothing open", async () => {
  const { provider, service } = serviceWith();
  const { promise, resolve } = Promise.withResolvers<ModelIdentity>();
  provider.loadResult = () => promise;
  const ready = assertRejects(() => service.ready(), MemoryError, "closed");
  const closed = service.close();
  assertEquals(provider.closes, 0);
  resolve(IDENTITY);
  await Promise.all([ready, closed]);
  assertEquals([provider.closes, service.status.state], [1, "closed"]);
});

Deno.test("a service that was never used closes without loading anything", async () => {
  const { provider, service } = serviceWith();
  await service.close();
  assertEquals([provider.loads, provider.closes], [0, 1]);
});
