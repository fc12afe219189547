import assert from "node:assert/strict";
import { test } from "node:test";
import { InMemoryStore, type Item } from "@langchain/langgraph-checkpoint";
import { UnimemStore } from "../src/adapters/langgraph.ts";
import { freshClient } from "./service.ts";

/** What an item says, without its times. */
const plain = (items: (Item | null)[]) =>
  items.map((item) => item && [item.namespace, item.key, item.value]).sort((a, b) =>
    JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
  );

test("an item is put, read, replaced and deleted", async () => {
  const store = new UnimemStore(freshClient());
  await store.put(["users", "123"], "food", { text: "likes pizza", stars: 5 });
  const first = (await store.get(["users", "123"], "food"))!;
  assert.deepEqual(first.value, { text: "likes pizza", stars: 5 });
  assert.ok(first.createdAt instanceof Date);
  await store.put(["users", "123"], "food", { text: "likes pasta" });
  const second = (await store.get(["users", "123"], "food"))!;
  assert.deepEqual(second.value, { text: "likes pasta" });
  assert.deepEqual(second.createdAt, first.createdAt);
  assert.ok(second.updatedAt >= first.updatedAt);
  assert.equal((await store.search(["users"])).length, 1);
  await store.delete(["users", "123"], "food");
  assert.equal(await store.get(["users", "123"], "food"), null);
  await store.delete(["users", "123"], "food");
});

test("keys, namespaces and values that differ only in case or in fields not searched are kept apart", async () => {
  const store = new UnimemStore(freshClient(), { index: ["text"] });
  const puts: [string[], string, Record<string, unknown>][] = [
    [["Users"], "a", { text: "same" }],
    [["users"], "a", { text: "same" }],
    [["users"], "A", { text: "same" }],
    [["users"], "b, c", { text: "same", hidden: 1 }],
    [["Käse", "日本"], "a", { text: "same" }],
  ];
  for (const [namespace, key, value] of puts) await store.put(namespace, key, value);
  for (const [namespace, key, value] of puts) assert.deepEqual((await store.get(namespace, key))?.value, value);
  await store.put(["users"], "b, c", { text: "SAME", other: 2 });
  assert.deepEqual((await store.get(["users"], "b, c"))?.value, { text: "SAME", other: 2 });
  assert.deepEqual(await store.search(["users"], { filter: { hidden: 1 } }), []);
  assert.deepEqual(await store.listNamespaces({}), [["Käse", "日本"], ["Users"], ["users"]].sort());
});

test("a query finds by meaning, in the index alone", async () => {
  const store = new UnimemStore(freshClient());
  await store.put(["docs"], "db", { text: "Staging runs PostgreSQL 16." });
  await store.put(["docs"], "bread", { text: "Bread is baked on Mondays." });
  await store.put(["docs"], "hidden", { text: "Staging runs PostgreSQL 17." }, false);
  await store.put(["docs"], "title", { title: "Which database?", text: "Nothing about it." }, ["text"]);
  const found = await store.search(["docs"], { query: "which database does staging use?" });
  assert.equal(found[0]?.key, "db");
  assert.ok(typeof found[0]?.score === "number" && found[0].score > found.at(-1)!.score!);
  assert.equal(found.some(({ key }) => key === "hidden"), false);
  assert.equal((await store.search(["docs"], { query: "database", limit: 1, offset: 1 })).length, 1);
  const filtered = await store.search(["docs"], { query: "database", filter: { text: "Bread is baked on Mondays." } });
  assert.deepEqual(filtered.map(({ key }) => key), ["bread"]);
});

test("more items than a page holds are listed and filtered", async () => {
  const store = new UnimemStore(freshClient());
  await store.batch(
    Array.from({ length: 120 }, (_, i) => ({ namespace: ["many"], key: `${i}`, value: { i, even: i % 2 === 0 } })),
  );
  assert.equal((await store.search(["many"], { limit: 200 })).length, 120);
  assert.equal((await store.search(["many"], { limit: 200, filter: { even: true } })).length, 60);
  assert.equal((await store.search(["many"], { limit: 200, filter: { i: { $gte: 100 } } })).length, 20);
  assert.equal((await store.search(["many"], { limit: 50, offset: 100 })).length, 20);
});

test("it answers as LangGraph's own store in memory does", async () => {
  const mine = new UnimemStore(freshClient()), theirs = new InMemoryStore();
  // A generator of numbers that gives the same ones each time.
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const labels = ["a", "b", "users", "x-1"], keys = ["k1", "k2", "k3"];
  const namespace = () => Array.from({ length: 1 + random(3) }, () => labels[random(labels.length)]!);
  for (let i = 0; i < 60; i++) {
    const path = namespace(), key = keys[random(keys.length)]!;
    if (random(4) === 0) await Promise.all([mine.delete(path, key), theirs.delete(path, key)]);
    else {
      const value = { n: random(5), kind: labels[random(4)]!, nested: { deep: [random(3)] } };
      await Promise.all([mine.put(path, key, value), theirs.put(path, key, value)]);
    }
    assert.deepEqual(plain([await mine.get(path, key)]), plain([await theirs.get(path, key)]));
  }
  const filters = [{}, { n: 2 }, { kind: "a" }, { n: { $gt: 2 } }, { n: { $ne: 2 } }, { n: { $gte: 1, $lte: 3 } }];
  for (const prefix of [["a"], ["users"], ["a", "b"], ["x-1", "a"], ["none"]]) {
    for (const filter of filters) {
      const options = { filter, limit: 100 };
      assert.deepEqual(
        plain(await mine.search(prefix, options)),
        plain(await theirs.search(prefix, options)),
        JSON.stringify({ prefix, filter }),
      );
    }
  }
  // The store in memory goes on listing namespaces that nothing is left in.
  for (const path of await theirs.listNamespaces({ limit: 1000 })) {
    await Promise.all([mine.put(path, "kept", { n: 0 }), theirs.put(path, "kept", { n: 0 })]);
  }
  const listings = [{}, { prefix: ["a"] }, { suffix: ["b"] }, { prefix: ["*", "a"] }, { maxDepth: 1 }, {
    maxDepth: 2,
    prefix: ["users"],
  }];
  const sorted = (names: string[][]) => names.map((name) => name.join(".")).sort();
  for (const options of listings) {
    const all = { limit: 1000, ...options };
    assert.deepEqual(
      sorted(await mine.listNamespaces(all)),
      sorted(await theirs.listNamespaces(all)),
      JSON.stringify(options),
    );
  }
});

test("a batch answers each operation in its place, and the last write of a key counts", async () => {
  const store = new UnimemStore(freshClient());
  await store.put(["a"], "old", { n: 1 });
  const results = await store.batch([
    { namespace: ["a"], key: "old" },
    { namespace: ["a"], key: "new", value: { n: 2 } },
    { namespacePrefix: ["a"], limit: 10, offset: 0 },
    { namespace: ["a"], key: "new", value: { n: 3 } },
    { limit: 10, offset: 0 },
  ]);
  assert.deepEqual((results[0] as unknown as Item).value, { n: 1 });
  assert.equal((results[2] as unknown as Item[]).length, 1);
  assert.deepEqual(results[4] as unknown, [["a"]]);
  assert.deepEqual((await store.get(["a"], "new"))?.value, { n: 3 });
});
