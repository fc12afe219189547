/** Changes that are made from what was read, beside others that change the same: none is lost, and no memory with them. */

import { assert, assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
// First, because it extends zod before the schemas are made.
import { openClient } from "../http/client.ts";
import { MemoryError } from "../../src/errors.ts";
import { mergeDuplicates } from "../../src/operations/merge_duplicates.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { reinstate, supersede } from "../../src/operations/supersede.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { FakeQdrant } from "../helpers/fake_qdrant.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { orders, Scheduler } from "../helpers/scheduler.ts";
import { hashOf, plain } from "../storage/fixtures.ts";

/** Several processes over one store: what each runs is run at once with the others, in many orders. */
interface Processes extends AsyncDisposable {
  storage: MemoryStorage;
  /** Runs calls, each in a process of its own, and gives what they answered. */
  atOnce(calls: ((runtime: Runtime) => Promise<unknown>)[]): Promise<unknown[]>;
  rounds: number;
  /** Where relations `supersedes` to a memory start. */
  superseding(hash: string): Promise<string[]>;
}

async function overSqlite(): Promise<Processes> {
  const opened = await testRuntime(), { runtime, folder } = opened;
  const settings = { backend: "sqlite", path: `${folder}/memories.db` } as const;
  const others = await Promise.all([1, 2].map(() => openStorage(settings)));
  const storages = [runtime.storage, ...others];
  return {
    storage: runtime.storage,
    rounds: 25,
    atOnce: (calls) => settled(calls.map((call, i) => call({ ...runtime, storage: storages[i]! }))),
    superseding: async (hash) =>
      (await runtime.storage.relations({ hashes: [hash], types: ["supersedes"], limit: 9 }))
        .filter(({ target }) => target === hash).map(({ source }) => source),
    async [Symbol.asyncDispose]() {
      await Promise.all(others.map((storage) => storage.close()));
      await opened[Symbol.asyncDispose]();
    },
  };
}

async function overQdrant(): Promise<Processes> {
  const opened = await testRuntime(), fake = new FakeQdrant(), names = ["a", "b", "c"];
  const storages = await Promise.all(
    names.map((name) => openStorage({ ...qdrantDefaults(fake.url(name)), backend: "qdrant" })),
  );
  await storages[0]!.emptyTrash({});
  await storages[0]!.relations({ limit: 1 });
  const chosen = orders(1000);
  return {
    storage: storages[0]!,
    rounds: 40,
    superseding: (hash) => {
      const links = fake.payloads("memories_relations").filter(({ target }) => target === hash);
      return Promise.resolve(links.map(({ source }) => String(source)));
    },
    async atOnce(calls) {
      const scheduler = new Scheduler(chosen.next().value!), clients = names.slice(0, calls.length);
      fake.gate = ({ client, name }) => scheduler.gate(client, name);
      const answers = settled(
        calls.map((call, i) =>
          call({ ...opened.runtime, storage: storages[i]! }).finally(() => scheduler.ended(names[i]!))
        ),
      );
      await scheduler.run(clients);
      fake.gate = () => {};
      return await answers;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(storages.map((storage) => storage.close()));
      await fake[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** Answers, and errors that a caller is told. */
async function settled(answers: Promise<unknown>[]): Promise<unknown[]> {
  return await Promise.all(answers.map((answer) =>
    answer.catch((error) => {
      if (error instanceof MemoryError) return error;
      throw error;
    })
  ));
}

const isConflict = (answer: unknown) => answer instanceof MemoryError && answer.code === "conflict";

async function stored(storage: MemoryStorage, numbers: number[]) {
  return (await storage.getByHash(numbers.map(hashOf))).filter((memory) => memory !== null);
}

for (const [name, open] of Object.entries({ "SQLite": overSqlite, "Qdrant": overQdrant })) {
  Deno.test(`Memories that are superseded in a circle at once keep a current one, and a loser is told both (${name})`, async () => {
    await using processes = await open();
    const { storage } = processes;
    let next = 0, conflicts = 0;
    for (let round = 0; round < processes.rounds; round++) {
      const size = round % 2 === 0 ? 2 : 3, circle = Array.from({ length: size }, () => next++);
      await storage.store(circle.map((number) => plain(number)));
      const answers = await processes.atOnce(circle.map((older, i) => (runtime) =>
        supersede(runtime, {
          content_hash: hashOf(older),
          new_hash: hashOf(circle[(i + 1) % size]!),
          reason: "",
        })
      ));
      const left = (await stored(storage, circle)).filter(({ superseded }) => superseded === undefined);
      assertGreaterOrEqual(left.length, 1, `of a circle of ${size}`);
      const lost = answers.filter(isConflict) as MemoryError[];
      assertEquals(left.length, lost.length);
      conflicts += lost.length;
      for (const { message } of lost) {
        const i = answers.findIndex((answer) => answer instanceof MemoryError && answer.message === message);
        for (const number of [circle[i]!, circle[(i + 1) % size]!]) assertStringIncludes(message, hashOf(number));
      }
    }
    assertGreaterOrEqual(conflicts, processes.rounds);
  });

  Deno.test(`Of two that merge two memories into each other at once, one does, and nothing is lost (${name})`, async () => {
    await using processes = await open();
    const { storage } = processes;
    for (let round = 0; round < processes.rounds; round++) {
      const [a, b] = [2 * round, 2 * round + 1];
      await storage.store([plain(a, { tags: ["a"], metadata: { a } }), plain(b, { tags: ["b"], metadata: { b } })]);
      const merge = (into: number, from: number) => (runtime: Runtime) =>
        mergeDuplicates(runtime, {
          canonical_hash: hashOf(into),
          duplicate_hashes: [hashOf(from)],
          reason: "same",
          dry_run: false,
        });
      const change = (runtime: Runtime) => runtime.storage.update(hashOf(b), { metadata: { late: true } }, 5);
      const answers = await processes.atOnce([merge(a, b), merge(b, a), change]);
      const left = await stored(storage, [a, b]);
      assertEquals(left.length, 1, JSON.stringify(answers));
      assertEquals(left[0]!.tags.toSorted(), ["a", "b"]);
      const { late, ...others } = left[0]!.metadata;
      assertEquals(others, { a, b });
      // A change that came after b had gone to the trash found nothing to change.
      if (answers[2] !== null) assertEquals(late, true, JSON.stringify(answers));
    }
  });

  Deno.test(`A memory that takes the place of the one it is merged into leaves one of both current (${name})`, async () => {
    await using processes = await open();
    const { storage } = processes;
    const calls = (kept: number, merged: number) => [
      (runtime: Runtime) =>
        mergeDuplicates(runtime, {
          canonical_hash: hashOf(kept),
          duplicate_hashes: [hashOf(merged)],
          reason: "same",
          dry_run: false,
        }),
      (runtime: Runtime) => supersede(runtime, { content_hash: hashOf(kept), new_hash: hashOf(merged), reason: "" }),
    ];
    for (let round = 0; round < processes.rounds; round++) {
      const [kept, merged] = [2 * round, 2 * round + 1];
      await storage.store([plain(kept), plain(merged)]);
      const answers = await processes.atOnce(calls(kept, merged));
      const left = (await stored(storage, [kept, merged])).filter(({ superseded }) => superseded === undefined);
      assertGreaterOrEqual(left.length, 1, JSON.stringify(answers));
    }
    // One after the other, with a third between the two.
    const [kept, between, merged] = [9000, 9001, 9002];
    await storage.store([plain(kept), plain(between), plain(merged)]);
    const [merge, supersedeBetween] = [calls(kept, merged)[0]!, calls(between, merged)[1]!];
    await processes.atOnce([calls(kept, between)[1]!]);
    await processes.atOnce([supersedeBetween]);
    await processes.atOnce([merge]);
    const [again] = await stored(storage, [kept]);
    assertEquals(again?.superseded, undefined);
    assertEquals(await processes.superseding(hashOf(kept)), []);
  });

  Deno.test(`A memory superseded by two others at once has one successor and one relation to it (${name})`, async () => {
    await using processes = await open();
    const { storage } = processes;
    for (let round = 0; round < processes.rounds; round++) {
      const [old, one, two] = [3 * round, 3 * round + 1, 3 * round + 2];
      await storage.store([old, one, two].map((number) => plain(number)));
      const by = (newer: number) => (runtime: Runtime) =>
        supersede(runtime, { content_hash: hashOf(old), new_hash: hashOf(newer), reason: "" });
      const back = (runtime: Runtime) => reinstate(runtime, { content_hash: hashOf(old) });
      await processes.atOnce(round % 2 === 0 ? [by(one), by(two)] : [by(one), by(two), back]);
      const [memory] = await stored(storage, [old]), by_hash = memory!.superseded?.by;
      if (round % 2 === 0) assert(by_hash !== undefined);
      assertEquals(await processes.superseding(hashOf(old)), by_hash === undefined ? [] : [by_hash]);
    }
  });
}

Deno.test("Over REST the loser of two that supersede each other gets 409 with both keys", async () => {
  await using client = await openClient();
  const [a, b] = [await client.store("The door is red."), await client.store("The door is blue.")];
  const answers = await Promise.all(
    [[a, b], [b, a]].map(([older, new_hash]) => client.send("POST", `/api/memories/${older}/supersede`, { new_hash })),
  );
  assertEquals(answers.map(({ status }) => status).toSorted(), [200, 409]);
  const { text } = answers.find(({ status }) => status === 409)!;
  for (const key of [a, b]) assertStringIncludes(text, key);
  assertEquals((await client.get("/api/memories")).json.memories.length, 1);
  const again = await client.send("POST", `/api/memories/${a}/supersede`, { new_hash: a });
  assertEquals(again.status, 400);
});
