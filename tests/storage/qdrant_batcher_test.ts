import { assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { Batcher } from "../../src/storage/qdrant/batcher.ts";

/** Requests that wait until they are let go. */
function held(limits: { size: number; atOnce: number }) {
  const requests: { items: number[]; gate: PromiseWithResolvers<void> }[] = [];
  const batcher = new Batcher<number, string>(async (items) => {
    const gate = Promise.withResolvers<void>();
    requests.push({ items, gate });
    await gate.promise;
    return items.map((item) => `done ${item}`);
  }, limits);
  return { batcher, requests };
}

Deno.test("items go at once while few requests are under way, and share one when many are", async () => {
  const { batcher, requests } = held({ size: 3, atOnce: 2 });
  const outcomes = Promise.all([1, 2, 3, 4, 5, 6].map((item) => batcher.all([item])));
  assertEquals(requests.map(({ items }) => items), [[1], [2]]);
  requests[1]!.gate.resolve();
  while (requests.length < 3) await new Promise((resolve) => setTimeout(resolve));
  assertEquals(requests[2]!.items, [3, 4, 5]);
  requests[0]!.gate.resolve();
  while (requests.length < 4) await new Promise((resolve) => setTimeout(resolve));
  assertEquals(requests[3]!.items, [6]);
  requests.forEach(({ gate }) => gate.resolve());
  assertEquals((await outcomes).flat(), [1, 2, 3, 4, 5, 6].map((item) => `done ${item}`));
});

Deno.test("who waits behind a server that doesn't answer is told with the one in front, and nobody after that", async () => {
  const { batcher, requests } = held({ size: 3, atOnce: 1 });
  const first = batcher.all([1]), second = batcher.all([2]);
  requests[0]!.gate.reject(new MemoryError("unavailable", "Cannot reach it"));
  for (const waiting of [first, second]) {
    assertEquals((await assertRejects(() => waiting, MemoryError)).code, "unavailable");
  }
  const third = batcher.all([3]);
  requests[1]!.gate.resolve();
  assertEquals([requests[1]!.items, await third], [[3], ["done 3"]]);
});

Deno.test("a refused request fails its own items only", async () => {
  const { batcher, requests } = held({ size: 1, atOnce: 1 });
  const first = batcher.all([1]), second = batcher.all([2]);
  requests[0]!.gate.reject(new Error("refused"));
  await assertRejects(() => first, Error, "refused");
  requests[1]!.gate.resolve();
  assertEquals(await second, ["done 2"]);
});
