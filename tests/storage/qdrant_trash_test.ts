/**
 * What two processes do to one memory at once, request by request: whatever order their requests take, the memory is
 * where it would be had one process been done before the other began.
 */

import { assert } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { FakeQdrant } from "../helpers/fake_qdrant.ts";
import { GatedQdrant } from "../helpers/gated_qdrant.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { orders, Scheduler } from "../helpers/scheduler.ts";
import { DIMENSIONS, hashOf, memory, plain } from "./fixtures.ts";

/** Orders tried of each two calls, and over a real server, where each takes longer. */
const ORDERS = 30, ORDERS_IN_REAL = 6;

/** Where a memory is, each time with the tags that tell its version; null where it isn't. */
interface Place {
  stored: string | null;
  trashed: string | null;
}

/** A call, and what it does by itself. */
interface Call {
  run(storage: MemoryStorage): Promise<unknown>;
  /** The place after it. */
  then(place: Place): Place;
}

const HASH = hashOf(7);

const CALLS: Record<string, Call> = {
  store: {
    run: (storage) => storage.store([plain(7, { tags: ["s"] })]),
    then: (place) => place.stored === null ? { stored: "s", trashed: null } : place,
  },
  update: {
    run: (storage) => storage.update(HASH, { add_tags: ["u"] }, 5),
    then: ({ stored, trashed }) => ({ stored: stored && `${stored.replace("u", "")}u`, trashed }),
  },
  trash: {
    run: (storage) => storage.trash([HASH], { at: 6, reason: "deleted" }),
    then: (place) => place.stored === null ? place : { stored: null, trashed: place.stored },
  },
  restore: {
    run: (storage) => storage.restore([HASH]),
    then: (place) => place.trashed === null ? place : { stored: place.stored ?? place.trashed, trashed: null },
  },
  delete: {
    run: (storage) => storage.delete([HASH]),
    then: (place) => ({ ...place, stored: null }),
  },
  empty: {
    run: (storage) => storage.emptyTrash({}),
    then: (place) => ({ ...place, trashed: null }),
  },
  bring: {
    run: (storage) =>
      storage.importTrashed([{ memory: memory(7, { tags: ["b"] }), deleted_at: 4, reason: "from elsewhere" }]),
    then: (place) => place.stored ?? place.trashed ? place : { stored: null, trashed: "b" },
  },
};

/** Places to begin with. */
const PLACES: Place[] = [
  { stored: "m", trashed: null },
  { stored: null, trashed: "t" },
  { stored: null, trashed: null },
];

/** A server with a gate, real or not. */
type Server = FakeQdrant | GatedQdrant;

async function open(server: Server, client: string, collection: string): Promise<MemoryStorage> {
  const settings = { ...qdrantDefaults(server.url(client)), collection, dimensions: DIMENSIONS };
  const storage = await openStorage({ ...settings, backend: "qdrant" });
  await storage.emptyTrash({}); // makes the collection of trash, too
  await storage.delete([HASH]); // and that of relations
  return storage;
}

/** Puts the memory where the calls begin. */
async function arrange(storage: MemoryStorage, { stored, trashed }: Place): Promise<void> {
  await storage.delete([HASH]);
  await storage.emptyTrash({});
  if (trashed !== null) await storage.store([plain(7, { tags: [trashed] })]);
  if (trashed !== null) await storage.trash([HASH], { at: 3, reason: "before" });
  if (stored !== null) await storage.store([plain(7, { tags: [stored] })]);
}

async function placeIn(storage: MemoryStorage): Promise<Place> {
  const [memory] = await storage.getByHash([HASH]), { items } = await storage.listTrash({ offset: 0, limit: 9 });
  assert(items.length <= 1);
  return { stored: memory?.tags.join("") ?? null, trashed: items[0]?.memory.tags.join("") ?? null };
}

/** Runs two calls at once from each place, in so many orders of their requests. */
async function runBeside(server: Server, collection: string, first: string, second: string, most: number) {
  const clients = { a: await open(server, "a", collection), b: await open(server, "b", collection) };
  const calls = { a: CALLS[first]!, b: CALLS[second]! };
  for (const before of PLACES) {
    const allowed = [calls.b.then(calls.a.then(before)), calls.a.then(calls.b.then(before))];
    // A store whose memory is deleted at once can't know that it was there: it answers `duplicate`.
    if (first === "store" && second === "delete") allowed.push(before);
    for (const choose of orders(most)) {
      await arrange(clients.a, before);
      const scheduler = new Scheduler(choose);
      server.gate = ({ client, name }) => scheduler.gate(client, name);
      const answers = Promise.all((["a", "b"] as const).map(async (client) => {
        try {
          return await calls[client].run(clients[client]);
        } catch (error) {
          if (!(error instanceof MemoryError && error.code === "overloaded")) throw error;
          return error.code;
        } finally {
          scheduler.ended(client);
        }
      }));
      await Promise.all([scheduler.run(["a", "b"]), answers]);
      server.gate = () => {};
      const place = await placeIn(clients.a);
      assert(
        allowed.some(({ stored, trashed }) => stored === place.stored && trashed === place.trashed),
        `${JSON.stringify(place)} after ${JSON.stringify(before)}, answered ${JSON.stringify(await answers)}:\n` +
          scheduler.order.join("\n"),
      );
    }
  }
  await Promise.all([clients.a.close(), clients.b.close()]);
}

const names = Object.keys(CALLS), pairs = names.flatMap((first, i) => names.slice(i).map((second) => [first, second]));

for (const [first, second] of pairs as [string, string][]) {
  Deno.test(`${first} beside ${second} leaves a memory in Qdrant where one after the other would`, async () => {
    await using fake = new FakeQdrant();
    await runBeside(fake, "memories", first, second, ORDERS);
  });
}

Deno.test({
  name: "Two calls at once leave a memory in a real Qdrant where one after the other would",
  ignore: QDRANT_BIN === undefined,
  fn: async () => {
    await using server = await startQdrant();
    await using proxy = new GatedQdrant(server.url);
    for (const [first, second] of pairs as [string, string][]) {
      await runBeside(proxy, "memories", first, second, ORDERS_IN_REAL);
    }
  },
});
