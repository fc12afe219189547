/** Spaces over Qdrant, beyond what every driver does: what they cost `default`, several processes, moves that are cut off. */

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import type { SpaceScope } from "../../src/storage/contract/scope.ts";
import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { tokenId } from "../../src/storage/qdrant/murmur.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { GatedQdrant } from "../helpers/gated_qdrant.ts";
import { pythonCollection } from "../helpers/python_collection.ts";
import { type Qdrant, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { DIMENSIONS, hashOf, memory, MODEL, numberOf, OTHER, vector } from "./fixtures.ts";

const ignore = QDRANT_BIN === undefined;

let server: Promise<Qdrant> | undefined;
let collections = 0;
addEventListener("unload", () => void server?.then((running) => running.kill("SIGKILL")));

const WORDS = ["harbour", "boat", "sail", "rope", "tide", "anchor", "light", "storm", "crew", "map"];

/** A memory with some of the words, and its vector. */
function item(number: number, fields: Partial<ReturnType<typeof memory>> = {}) {
  const words = WORDS.filter((_, i) => number % (i + 2) === 0 || number % (i + 3) === 1);
  return {
    memory: memory(number, { content: `Number ${number}: the ${words.join(" and ")}`, ...fields }),
    vectors: { model: MODEL.id, chunks: [vector(number)] },
  };
}

const items = (from: number, count: number) => Array.from({ length: count }, (_, i) => item(from + i));

async function url(): Promise<string> {
  return (await (server ??= startQdrant())).url;
}

const newName = () => `spaces_${++collections}`;

async function open(collection: string, at?: string): Promise<MemoryStore & AsyncDisposable> {
  const storage = await openStorage({
    ...qdrantDefaults(at ?? await url()),
    backend: "qdrant",
    collection,
    dimensions: DIMENSIONS,
  });
  return Object.assign(storage, { [Symbol.asyncDispose]: () => storage.close() });
}

/** A view of one space, or that reads others too. */
function within({ spaces }: MemoryStore, write: string, ...others: string[]): MemoryStorage {
  const scope: SpaceScope = { write, read: [write, ...others] };
  return spaces.within(scope);
}

/** What a search finds, by key, with the scores. */
async function found(storage: MemoryStorage, text: string, near: number, limit: number) {
  const set = await storage.candidates({ text, vector: { model: MODEL.id, values: vector(near) }, filter: {}, limit });
  const memories = await storage.getById(set.candidates.map(({ id }) => id));
  const candidates = set.candidates.map(({ semantic, words }, i) => ({
    hash: memories[i]!.content_hash,
    scores: [semantic ?? 0, ...Array.from(words)],
  })).sort((a, b) => a.hash < b.hash ? -1 : 1);
  return { candidates, terms: set.terms, weights: set.weights, memories: set.memories };
}

function assertSame(a: Awaited<ReturnType<typeof found>>, b: Awaited<ReturnType<typeof found>>): void {
  assertEquals(a.candidates.map(({ hash }) => hash), b.candidates.map(({ hash }) => hash));
  assertEquals([a.terms, a.memories], [b.terms, b.memories]);
  a.weights.forEach((weight, i) => assertAlmostEquals(weight, b.weights[i]!, 1e-4));
  a.candidates.forEach(({ scores }, i) =>
    scores.forEach((score, j) => assertAlmostEquals(score, b.candidates[i]!.scores[j]!, 1e-4))
  );
}

Deno.test("A term has the number that MurmurHash3 gives it", () => {
  assertEquals(["hello", "abcd", "", "a"].map(tokenId), [0x248bfa47, 0x43ed676a, 0, 0x3c2569b2]);
});

Deno.test({
  name: "A search in one of many spaces finds and scores as in a collection of its own, whatever the others hold",
  ignore,
  fn: async () => {
    await using alone = await open(newName());
    await using together = await open(newName());
    for (const store of [alone, together]) await store.registerModel(MODEL);
    await alone.store(items(1, 200));
    const mine = within(together, "mine");
    await mine.store(items(1, 200));
    const searches = [["harbour and boat in the storm", 7, 5], ["crew map", 90, 20], ["number", 3, 50]] as const;
    const check = async () => {
      for (const [text, near, limit] of searches) {
        const expected = await found(alone, text, near, limit), actual = await found(mine, text, near, limit);
        // Those that are as good as the last one may be others.
        assertEquals(actual.candidates.length >= expected.candidates.length - 1, true);
        assertSame(await found(mine, text, near, 400), await found(alone, text, near, 400));
      }
    };
    await check();
    const others = ["a", "b", "c"].map((name) => within(together, name));
    for (const [i, other] of others.entries()) {
      await other.store(
        items(1, 150).map(({ memory, vectors }) => ({
          memory: { ...memory, content: `${memory.content} harbour storm ${i}` },
          vectors,
        })),
      );
    }
    await within(together, "default").store(items(500, 100));
    await check();
    await mine.delete([hashOf(6), hashOf(12)]);
    await alone.delete([hashOf(6), hashOf(12)]);
    await check();
  },
});

Deno.test({
  name: "What few words find in a large space doesn't depend on the other spaces, where more match than are asked for",
  ignore,
  fn: async () => {
    await using alone = await open(newName());
    await using together = await open(newName());
    // Many have the two frequent words; the rare one alone outweighs both where it is weighed by the space itself.
    const contents = Array.from({ length: 60 }, (_, i) => i < 6 ? `lantern ${i}` : `walk walk home home ${i}`);
    const all = contents.map((content, i) => ({ memory: memory(i + 1, { content }), vectors: null }));
    await alone.store(all);
    const mine = within(together, "mine");
    await mine.store(all);
    for (const name of ["x", "y"]) {
      const texts = Array.from({ length: 300 }, (_, i) => `other lines ${name} ${i}`);
      await within(together, name).store(
        texts.map((content, i) => ({ memory: memory(1000 + i, { content }), vectors: null })),
      );
    }
    const hashes = async (storage: MemoryStorage) => {
      const query = { text: "walk home lantern", vector: null, filter: {}, limit: 6 };
      const { candidates } = await storage.candidates(query);
      const memories = await storage.getById(candidates.map(({ id }) => id));
      return memories.map((memory) => memory!.content).sort();
    };
    assertEquals(await hashes(alone), contents.slice(0, 6));
    assertEquals(await hashes(mine), contents.slice(0, 6)); // when nothing is known yet
    assertEquals(await hashes(mine), contents.slice(0, 6)); // and with what was learnt
  },
});

Deno.test({
  name: "Other spaces cost a search in default no request, and leave its collection as it is",
  ignore,
  fn: async () => {
    await using proxy = new GatedQdrant(await url());
    const name = newName();
    await using store = await open(name, proxy.url("one"));
    await store.registerModel(MODEL);
    const main = within(store, "default");
    await main.store(items(1, 50));
    let requests: string[] = [];
    proxy.gate = ({ name }) => void requests.push(name);
    const requestsOf = async (view: MemoryStorage) => {
      for (let i = 0; i < 2; i++) await found(view, "harbour boat", 7, 10); // what is kept is kept by now
      requests = [];
      await found(view, "harbour boat", 7, 10);
      return requests.filter((request) => !request.endsWith("/count"));
    };
    const before = await requestsOf(main), points = await pointsOf(name);
    await within(store, "other").store(items(1, 50));
    assertEquals(await requestsOf(main), before);
    assertEquals(await pointsOf(name), points);
    const inOther = await requestsOf(within(store, "other"));
    assertEquals(inOther, before.map((request) => request.replace(name, `${name}_spaces`)));
  },
});

/** Number of points in a collection. */
async function pointsOf(collection: string): Promise<number> {
  const answer = await fetch(`${await url()}/collections/${collection}`);
  return (await answer.json()).result.points_count;
}

Deno.test({
  name: "Processes see each other's spaces at once, and their names soon",
  ignore,
  fn: async () => {
    const name = newName();
    await using one = await open(name);
    await using two = await open(name);
    assertEquals(await within(two, "team").getByHash([hashOf(1)]), [null]);
    await within(one, "team").store([{ ...item(1), vectors: null }]);
    assertEquals((await within(two, "team").getByHash([hashOf(1)]))[0]?.space, "team");
    assertEquals(await two.spaces.rename("team", "crew"), true);
    assertEquals((await within(one, "crew").getByHash([hashOf(1)]))[0]?.content_hash, hashOf(1));
    assertEquals((await within(one, "crew").list({ filter: {}, offset: 0, limit: 5 })).total, 1);
    assertEquals((await one.spaces.list()).map(({ name, memories }) => [name, memories]), [["default", 0], [
      "crew",
      1,
    ]]);
  },
});

Deno.test({
  name: "A memory that a process stores in a space while another one drops it isn't lost",
  ignore,
  fn: async () => {
    const name = newName();
    await using one = await open(name);
    await using two = await open(name);
    await one.spaces.create("short", 5);
    assertEquals(await within(two, "short").getByHash([hashOf(1)]), [null]); // it knows the space now
    assertEquals(await one.spaces.remove("short"), true);
    assertEquals((await one.spaces.list()).map(({ name }) => name), ["default"]);
    await within(two, "short").store([{ ...item(1), vectors: null }]);
    assertEquals((await one.spaces.list()).map(({ name, memories }) => [name, memories]), [["default", 0], [
      "short",
      1,
    ]]);
    const error = await assertRejects(() => one.spaces.remove("short"), MemoryError);
    assertEquals(error.code, "conflict");
  },
});

Deno.test({
  name: "Another model, rebuilt words and a completed collection reach all spaces",
  ignore,
  fn: async () => {
    await using store = await open(newName());
    await store.registerModel(MODEL);
    const team = within(store, "team");
    await within(store, "default").store(items(1, 10));
    await team.store(items(5, 10));
    await store.registerModel(OTHER);
    const missing = await store.withoutVectors(OTHER.id, 99);
    assertEquals(missing.length, 14); // five are in both
    await store.addVectors(missing.map(({ content_hash }) => ({
      content_hash,
      vectors: { model: OTHER.id, chunks: [vector(numberOf(content_hash), OTHER.dimensions)] },
    })));
    assertEquals(await store.withoutVectors(OTHER.id, 99), []);
    await store.activateVectors(OTHER.id);
    assertEquals((await team.vectorCoverage()).embedded, 10);
    const query = { text: "anchor", vector: { model: OTHER.id, values: vector(7, OTHER.dimensions) }, filter: {} };
    const search = async () => {
      const { candidates, vector_ignored } = await team.candidates({ ...query, limit: 1 });
      const memories = await team.getById(candidates.map(({ id }) => id));
      return [vector_ignored, memories.map((memory) => memory!.content_hash).includes(hashOf(7)), candidates.length];
    };
    const before = await search();
    assertEquals(before.slice(0, 2), [false, true]);
    await store.maintain("rebuild_index");
    assertEquals(await search(), before);
    assertEquals(await store.capabilities.upgrades!.upgrade({ thorough: true }), { done: 0, total: 0 });
    assertEquals((await store.stats()).details.upgraded, true);
  },
});

Deno.test({
  name: "A move that is cut off anywhere loses nothing, and is completed by the next one",
  ignore,
  fn: async () => {
    await using proxy = new GatedQdrant(await url());
    const name = newName();
    await using direct = await open(name);
    await direct.registerModel(MODEL);
    for (let cut = 0, finished = false; !finished; cut++) {
      const names = [`from${cut}`, `to${cut}`] as const, from = within(direct, names[0]), to = within(direct, names[1]);
      await from.store([item(1), item(2, { tags: ["kept"] }), item(3)]);
      await to.store([item(3)]);
      await from.relate([{ source: hashOf(1), target: hashOf(2), type: "cites", created_at: 5 }]);
      await from.update(hashOf(1), { superseded: { by: hashOf(2), at: 5, reason: "newer" } }, 6);
      await using cutOff = await open(name, proxy.url("one"));
      let writes = 0;
      proxy.gate = ({ name }) => {
        if (/(PUT|payload|delete|batch)/.test(name) && !name.includes("query") && writes++ >= cut) {
          throw new Error("cut off");
        }
      };
      const moved = [hashOf(1), hashOf(2), hashOf(3)];
      try {
        assertEquals(await cutOff.spaces.move(moved, ...names), ["moved", "moved", "duplicate"]);
        finished = true;
      } catch {
        const everywhere = await Promise.all([from.getByHash(moved), to.getByHash(moved)]);
        moved.forEach((hash, i) => assert(everywhere.some((memories) => memories[i] !== null), `${hash} after ${cut}`));
      }
      proxy.gate = () => {};
      await direct.spaces.move(moved, ...names);
      assertEquals(await from.getByHash(moved), [null, null, null], `after ${cut}`);
      const there = await to.getByHash(moved);
      assertEquals(there.map((memory) => memory?.tags), [[], ["kept"], []], `after ${cut}`);
      assertEquals(there[0]?.superseded, { by: hashOf(2), at: 5, reason: "newer" }, `after ${cut}`);
      assertEquals((await to.relations({ limit: 5 })).map(({ type }) => type), ["cites"], `after ${cut}`);
      assertEquals((await to.vectors(moved)).map((set) => set?.chunks.length), [1, 1, 1]);
      assertEquals((await from.listTrash({ offset: 0, limit: 5 })).total, 1, `after ${cut}`);
    }
  },
});

Deno.test({
  name: "A collection of the Python service opens with everything in default, and stays as it is beside other spaces",
  ignore,
  fn: async () => {
    const name = newName();
    await pythonCollection(await url(), name, 20, MODEL.name);
    await using store = await open(name);
    await store.registerModel(MODEL);
    await within(store, "other").store([item(3)]);
    const main = within(store, "default"), both = within(store, "other", "default");
    assertEquals((await main.list({ filter: {}, offset: 0, limit: 0 })).total, 20);
    assertEquals((await main.getByHash([hashOf(3)]))[0]?.content, "The Otter number 3 swims");
    assertEquals((await both.getByHash([hashOf(3), hashOf(4)])).map((memory) => memory?.space), ["other", undefined]);
    assertEquals(await pointsOf(name), 21); // the reserved one among them
    assertEquals((await store.spaces.list()).map(({ name, memories }) => [name, memories]), [["default", 20], [
      "other",
      1,
    ]]);
    await store.spaces.move([hashOf(5)], "default", "other");
    assertEquals((await within(store, "other").getByHash([hashOf(5)]))[0]?.content, "The Otter number 5 swims");
    assertEquals((await main.list({ filter: {}, offset: 0, limit: 0 })).total, 19);
  },
});

Deno.test({
  name: "A collection that holds a store of its own isn't taken for another one's spaces, nor the other way round",
  ignore,
  fn: async () => {
    const name = newName();
    await using other = await open(`${name}_spaces`);
    await other.store([{ ...item(1), vectors: null }]);
    await using store = await open(name);
    const error = await assertRejects(() => within(store, "team").store([{ ...item(2), vectors: null }]), MemoryError);
    assertEquals([error.code, /holds a store of its own/.test(error.message)], ["configuration", true]);
    assertEquals((await other.list({ filter: {}, offset: 0, limit: 0 })).total, 1);

    const second = newName();
    await using shared = await open(second);
    await within(shared, "team").store([{ ...item(1), vectors: null }]);
    const refused = await assertRejects(() => open(`${second}_spaces`), MemoryError);
    assertEquals([refused.code, /holds the spaces of another/.test(refused.message)], ["configuration", true]);
  },
});
