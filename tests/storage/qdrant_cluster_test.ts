/** A cluster of three real nodes that loses one under load. */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { until } from "../helpers/process.ts";
import { freePort, type Qdrant, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { DIMENSIONS, hashOf, plain } from "./fixtures.ts";

const TIMEOUT_MS = 3000;

/** Starts a node that joins the cluster of `first`, or begins one. */
async function startNode(first: string | null): Promise<{ node: Qdrant; peer: string }> {
  const port = freePort(), peer = `http://127.0.0.1:${port}`;
  const node = await startQdrant({
    args: first === null ? ["--uri", peer] : ["--bootstrap", first, "--uri", peer],
    env: { QDRANT__CLUSTER__ENABLED: "true", QDRANT__CLUSTER__P2P__PORT: String(port) },
  });
  return { node, peer };
}

Deno.test({
  name: "A cluster with two replicas of each shard loses a node without losing a write or failing a read for long",
  ignore: QDRANT_BIN === undefined,
  fn: async () => {
    const { node: first, peer } = await startNode(null);
    await using _first = first;
    await using second = (await startNode(peer)).node;
    await using _third = (await startNode(peer)).node;
    const storage = await openStorage({
      ...qdrantDefaults(first.url),
      backend: "qdrant",
      dimensions: DIMENSIONS,
      shards: 3,
      replicas: 2,
      timeoutMs: TIMEOUT_MS,
      circuit: { failures: 5, seconds: 1 },
    });
    try {
      const answered: number[] = [], failedReads: number[] = [];
      let next = 0, killedAt = Infinity, stop = false;
      const writers = Array.from({ length: 8 }, async () => {
        while (!stop) {
          const number = next++;
          try {
            await storage.store([plain(number)]);
            answered.push(number);
          } catch (error) {
            assert(error instanceof MemoryError && ["unavailable", "overloaded"].includes(error.code), String(error));
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        }
      });
      const reads = [
        async (known: number) =>
          assert((await storage.getByHash([hashOf(known)]))[0] !== null, `the answered write ${known} is there`),
        async (known: number) =>
          assert((await storage.list({ filter: {}, offset: 0, limit: 5 })).total > 0, `${known} and others are listed`),
        async (known: number) => {
          const query = { text: `number ${known}`, vector: null, filter: {}, limit: 5 };
          assert((await storage.candidates(query)).candidates.length > 0, `${known} is found`);
        },
      ];
      const readers = reads.map(async (read) => {
        while (!stop) {
          const known = answered.at(-1);
          try {
            if (known !== undefined) await read(known);
          } catch (error) {
            if (!(error instanceof MemoryError)) throw error;
            failedReads.push(performance.now() - killedAt);
          }
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      });
      await until(() => Promise.resolve(answered.length), (length) => length > 100, "writes");
      await second.stop("SIGKILL");
      killedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 2 * TIMEOUT_MS));
      const before = answered.length;
      await until(() => Promise.resolve(answered.length), (length) => length > before + 50, "writes without the node");
      stop = true;
      await Promise.all([...writers, ...readers]);
      assertEquals(failedReads.filter((ms) => ms > TIMEOUT_MS), []);
      assertGreater(answered.length, 150);
      const found = await storage.getByHash(answered.map(hashOf));
      assertEquals(answered.filter((_, i) => found[i] === null), []);
      const { total } = await storage.list({ filter: {}, offset: 0, limit: 0 });
      assert(total >= answered.length && total <= next, `${answered.length} answered, ${total} there, ${next} tried`);
    } finally {
      await storage.close();
    }
  },
});
