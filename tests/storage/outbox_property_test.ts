/** Whatever waits in the outbox, and however often the store goes and comes, the end is that of a store which was there. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { join } from "node:path";
import { MemoryError } from "../../src/errors.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { withOutbox } from "../../src/storage/outbox/outbox_storage.ts";
import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import { until } from "../helpers/process.ts";
import { hashOf, memory, plain } from "./fixtures.ts";
import { Network } from "./outage.ts";

const MAY_QUEUE = { mayQueue: true } as const;
const LISTENER = { waiting: () => {}, made: () => {}, setAside: () => {}, empty: () => {} };

/** A call to both stores; `at` is a number that no other call has. */
type Call = (storage: MemoryStore, at: number) => Promise<unknown>;

/** One step of a history. */
type Step =
  | { kind: "network"; away: boolean }
  | { kind: "drain" }
  | { kind: "call"; name: string; call: Call; losesAnswer: boolean };

const key = fc.nat({ max: 2 });

/** Calls by name; those of the first group may wait. */
const QUEUED: Record<string, fc.Arbitrary<Call>> = {
  store: fc.tuple(key, fc.constantFrom("a", "b")).map(([n, tag]) => (storage, at) =>
    storage.store([plain(n, { tags: [tag], created_at: at, updated_at: at })], MAY_QUEUE)
  ),
  "store several": fc.array(key, { minLength: 2, maxLength: 4 }).map((keys) => (storage, at) =>
    storage.store(keys.map((n) => plain(n, { created_at: at, updated_at: at })), MAY_QUEUE)
  ),
  update: fc.tuple(key, fc.constantFrom("x", "y")).map(([n, tag]) => (storage, at) =>
    storage.update(hashOf(n), { add_tags: [tag], metadata: { [tag]: at } }, at, MAY_QUEUE)
  ),
  "take tags off": key.map((n) => (storage, at) => storage.update(hashOf(n), { remove_tags: ["x"] }, at, MAY_QUEUE)),
  delete: fc.uniqueArray(key, { minLength: 1 }).map((keys) => (storage) => storage.delete(keys.map(hashOf), MAY_QUEUE)),
  trash: fc.uniqueArray(key, { minLength: 1 }).map((keys) => (storage, at) =>
    storage.trash(keys.map(hashOf), { at, reason: "deleted" }, MAY_QUEUE)
  ),
};
const DIRECT: Record<string, fc.Arbitrary<Call>> = {
  "store at once": key.map((n) => (storage, at) => storage.store([plain(n, { created_at: at, updated_at: at })])),
  "update at once": key.map((n) => (storage, at) => storage.update(hashOf(n), { memory_type: `type ${at}` }, at)),
  "delete at once": key.map((n) => (storage) => storage.delete([hashOf(n)])),
  "trash at once": key.map((n) => (storage, at) => storage.trash([hashOf(n)], { at, reason: "deleted" })),
  replace: fc.tuple(key, key).map(([older, newer]) => async (storage, at) => {
    const [before] = await storage.getByHash([hashOf(older)]);
    const superseded = { by: hashOf(newer), at, reason: "" };
    return before && await storage.updateUnchanged(before, { superseded }, at, { current: hashOf(newer) });
  }),
  "trash as read": key.map((n) => async (storage, at) => {
    const [before] = await storage.getByHash([hashOf(n)]);
    return before && await storage.trashUnchanged([before], { at, reason: "merged" });
  }),
  restore: key.map((n) => (storage) => storage.restore([hashOf(n)])),
  bring: key.map((n) => (storage, at) =>
    storage.importTrashed([{ memory: memory(n, { tags: ["brought"] }), deleted_at: at, reason: "elsewhere" }])
  ),
  "empty the trash": fc.option(key).map((n) => (storage) =>
    storage.emptyTrash(n === null ? {} : { hashes: [hashOf(n)] })
  ),
  relate: fc.tuple(key, key).map(([a, b]) => (storage, at) =>
    storage.relate([{ source: hashOf(a), target: hashOf(b), type: "related", created_at: at }])
  ),
  unrelate: fc.tuple(key, key).map(([a, b]) => (storage) =>
    storage.unrelate([{ source: hashOf(a), target: hashOf(b), type: "related" }])
  ),
};

function calls(of: Record<string, fc.Arbitrary<Call>>, mayLose: boolean): fc.Arbitrary<Step>[] {
  return Object.entries(of).map(([name, call]) =>
    fc.record({
      kind: fc.constant("call" as const),
      name: fc.constant(name),
      call,
      losesAnswer: mayLose ? fc.integer({ min: 0, max: 7 }).map((n) => n === 0) : fc.constant(false),
    })
  );
}

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.oneof(...calls(QUEUED, true)) },
  { weight: 4, arbitrary: fc.oneof(...calls(DIRECT, false)) },
  { weight: 2, arbitrary: fc.boolean().map((away) => ({ kind: "network" as const, away })) },
  { weight: 1, arbitrary: fc.constant({ kind: "drain" as const }) },
);

/** All that a store holds, in an order that doesn't depend on its history. */
async function contentsOf(storage: MemoryStore) {
  const { memories } = await storage.scan(null, 1000), { items } = await storage.listTrash({ offset: 0, limit: 1000 });
  const relations = await storage.relations({ limit: 1000 });
  const byKey = (a: { content_hash: string }, b: { content_hash: string }) => a.content_hash < b.content_hash ? -1 : 1;
  return { memories: memories.sort(byKey), trash: items.sort((a, b) => byKey(a.memory, b.memory)), relations };
}

async function clear(storage: MemoryStore): Promise<void> {
  await storage.delete([0, 1, 2].map(hashOf));
  await storage.emptyTrash({});
}

Deno.test("With an outbox a store ends up as one that was there all the time and got what was accepted", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-outbox-" });
  const [inner, reference] = await Promise.all(
    ["memory.db", "reference.db"].map((name) => openStorage({ backend: "sqlite", path: join(folder, name) })),
  ) as [MemoryStore, MemoryStore];
  let runs = 0;
  const history = async (steps: Step[]) => {
    const network = new Network(), seen = network.over(inner);
    const path = join(folder, `outbox-${runs++}.db`);
    const open = () =>
      withOutbox({ path, maxWrites: 1000, maxBytes: 1 << 24 }, () =>
        Promise.resolve(
          new Proxy(seen, { get: (target, name) => name === "close" ? async () => {} : Reflect.get(target, name) }),
        ));
    const drain = async () => {
      network.away = false;
      storage.capabilities.outbox!.start(LISTENER);
      const pending = () => Promise.resolve(storage.capabilities.outbox!.figures.pending);
      await until(pending, (count) => count === 0, "the outbox to be empty");
      await storage.close();
    };
    let storage = await open(), at = 1_700_000_000;
    for (const step of steps) {
      if (step.kind === "network") network.away = step.away;
      else if (step.kind === "drain") {
        await drain();
        storage = await open();
      } else {
        at++;
        network.losesAnswers = step.losesAnswer;
        const answer = await step.call(storage, at).catch((error) => {
          if (error instanceof MemoryError && error.code === "unavailable") return error;
          throw error;
        });
        network.losesAnswers = false;
        if (answer instanceof MemoryError) continue;
        const expected = await step.call(reference, at);
        if (!JSON.stringify(answer).includes('"queued"')) assertEquals(answer, expected, step.name);
      }
    }
    await drain();
    assertEquals(await contentsOf(inner), await contentsOf(reference));
    await Promise.all([inner, reference].map(clear));
  };
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 2, maxLength: 14 }), history),
      { numRuns: 150, endOnFailure: true },
    );
  } finally {
    await Promise.all([inner.close(), reference.close()]);
    await Deno.remove(folder, { recursive: true });
  }
});
