/** Vectors and their models: a part of what every storage driver does. */

import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../../src/errors.ts";
import {
  cosine,
  DIMENSIONS,
  embedded,
  hashOf,
  memory,
  MODEL,
  numberOf,
  OTHER,
  plain,
  TOLERANCE,
  vector,
} from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

export function vectors(test: StorageTest): void {
  test("gives back the active model's vectors, chunk by chunk", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store([embedded(1, {}, [vector(1), vector(2)]), plain(2)]);
    const [found, ...none] = await storage.vectors([hashOf(1), hashOf(2), "no such hash"]);
    assertEquals([found!.model, found!.chunks.length, ...none], [MODEL.id, 2, null, null]);
    for (const [i, chunk] of found!.chunks.entries()) assertAlmostEquals(cosine(chunk, vector(i + 1)), 1, 0.001);
  });

  test("makes the first model active and keeps it until another is activated", async (storage) => {
    assertEquals(await storage.vectorCoverage(), { active: null, memories: 0, embedded: 0 });
    assertEquals(await storage.registerModel(MODEL), MODEL);
    assertEquals(await storage.registerModel(OTHER), MODEL);
    assertEquals(await storage.registerModel(MODEL), MODEL);
    const other = { model: OTHER.id, chunks: [vector(2, OTHER.dimensions)] };
    await storage.store([embedded(1), { memory: memory(2), vectors: other }, plain(3)]);
    assertEquals(await storage.vectorCoverage(), { active: MODEL, memories: 3, embedded: 1 });
    const query = {
      text: null,
      vector: { model: OTHER.id, values: vector(2, OTHER.dimensions) },
      filter: {},
      limit: 9,
    };
    assertEquals((await storage.candidates(query)).candidates, []);
  });

  test("moves to another model step by step, and can stop and resume in the middle", async (storage) => {
    await storage.registerModel(MODEL);
    await storage.store(Array.from({ length: 7 }, (_, i) => embedded(i)));
    await storage.registerModel(OTHER);
    const embed = (number: number) => ({ model: OTHER.id, chunks: [vector(number, OTHER.dimensions)] });
    const query = { text: null, vector: { model: MODEL.id, values: vector(3) }, filter: {}, limit: 1 };
    for (let round = 0, left = 7; left > 0; round++, left -= 3) {
      const missing = await storage.withoutVectors(OTHER.id, 3);
      assertEquals(
        missing.map(({ content_hash }) => content_hash),
        [0, 1, 2].map((i) => hashOf(3 * round + i)).slice(0, left),
      );
      assertEquals(missing[0]!.content, `Memory number ${3 * round}`);
      await storage.addVectors(
        missing.map(({ content_hash }) => ({ content_hash, vectors: embed(numberOf(content_hash)) })),
      );
      assertAlmostEquals((await storage.candidates(query)).candidates[0]!.semantic!, 1, TOLERANCE);
    }
    assertEquals(await storage.withoutVectors(OTHER.id, 3), []);
    await storage.store([embedded(8)]);
    assertEquals((await storage.withoutVectors(OTHER.id, 3)).length, 1);
    await storage.addVectors([{ content_hash: hashOf(8), vectors: embed(8) }, {
      content_hash: "gone",
      vectors: embed(9),
    }]);
    await storage.activateVectors(OTHER.id);
    assertEquals(await storage.vectorCoverage(), { active: OTHER, memories: 8, embedded: 8 });
    assertEquals((await storage.candidates(query)).candidates, []);
    const values = vector(5, OTHER.dimensions);
    const { candidates } = await storage.candidates({ ...query, vector: { model: OTHER.id, values } });
    assertAlmostEquals(candidates[0]!.semantic!, 1, TOLERANCE);
    await storage.registerModel(MODEL);
    assertEquals((await storage.withoutVectors(MODEL.id, 100)).length, 8);
  });

  test("adds vectors to memories stored while no model was ready", async (storage) => {
    await storage.store([plain(1), plain(2)]);
    await storage.registerModel(MODEL);
    assertEquals((await storage.withoutVectors(MODEL.id, 10)).map(({ content_hash }) => content_hash), [
      hashOf(1),
      hashOf(2),
    ]);
    const chunks = [vector(1), vector(2)];
    await storage.addVectors([{ content_hash: hashOf(1), vectors: { model: MODEL.id, chunks } }]);
    assertEquals(await storage.vectorCoverage(), { active: MODEL, memories: 2, embedded: 1 });
    await storage.addVectors([{ content_hash: hashOf(1), vectors: { model: MODEL.id, chunks: [vector(3)] } }]);
    const { candidates } = await storage.candidates({
      text: null,
      vector: { model: MODEL.id, values: vector(3) },
      filter: {},
      limit: 5,
    });
    assertAlmostEquals(candidates[0]!.semantic!, 1, TOLERANCE);
    assertEquals((await storage.vectorCoverage()).embedded, 1);
  });

  test("refuses vectors of an unknown model or of the wrong length", async (storage) => {
    const store = (model: string, length: number) =>
      storage.store([{ memory: memory(1), vectors: { model, chunks: [vector(1, length)] } }]);
    await assertRejects(() => store("unknown", DIMENSIONS), MemoryError);
    await storage.registerModel(MODEL);
    await assertRejects(() => store(MODEL.id, DIMENSIONS + 1), MemoryError);
    assertEquals(await storage.getByHash([hashOf(1)]), [null]);
  });

  test("knows the active model without counting", async (storage) => {
    assertEquals(await storage.activeModel(), null);
    await storage.registerModel(MODEL);
    await storage.registerModel(OTHER);
    assertEquals(await storage.activeModel(), MODEL);
    await storage.activateVectors(OTHER.id);
    assertEquals(await storage.activeModel(), OTHER);
  });

  test("takes many long memories with many vectors at once, to the trash and back too", async (storage) => {
    await storage.registerModel({ ...MODEL, dimensions: 384 });
    const content = "long ".repeat(20_000), count = 60;
    const items = Array.from({ length: count }, (_, i) => {
      const chunks = Array.from({ length: 100 }, (_, part) => vector(i * 100 + part, 384));
      return { memory: memory(i, { content: `${i} ${content}` }), vectors: { model: MODEL.id, chunks } };
    });
    assertEquals(new Set(await storage.store(items)), new Set(["stored"]));
    const hashes = items.map(({ memory }) => memory.content_hash);
    assertEquals(new Set(await storage.trash(hashes, { at: 1, reason: "deleted" })), new Set([true]));
    assertEquals(new Set(await storage.restore(hashes)), new Set([true]));
    await storage.addVectors(items.map(({ memory, vectors }) => ({ content_hash: memory.content_hash, vectors })));
    assertEquals((await storage.vectors([hashes[1]!]))[0]?.chunks.length, 100);
    assertEquals((await storage.vectorCoverage()).embedded, count);
  });
}
