/**
 * What two processes do to one memory at once, request by request: whatever order their requests take, the memory is
 * where it would be had one process been done before the other began.
 */

import { assert } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import type { MemoryStorage } from "../../src/storage/storage.ts";
import { FakeQdrant } from "../helpers/fake_qdrant.ts";
import { orders, Scheduler } from "../helpers/scheduler.ts";
import { DIMENSIONS, hashOf, memory, plain } from "./fixtures.ts";

/** Orders tried of each two calls. */
const ORDERS = 30;

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
      storage.bringTrash([{ memory: memory(7, { tags: ["b"] }), deleted_at: 4, reason: "from elsewhere" }]),
    then: (place) => place.stored ?? place.trashed ? place : { stored: null, trashed: "b" },
  },
};

/** Places to begin with. */
const PLACES: Place[] = [
  { stored: "m", trashed: null },
  { stored: null, trashed: "t" },
  { stored: null, trashed: null },
];

async function open(fake: FakeQdrant, client: string): Promise<MemoryStorage> {
  const settings = { ...qdrantDefaults(fake.url(client)), dimensions: DIMENSIONS };
  const storage = await openStorage({ ...settings, backend: "qdrant" });
  await storage.emptyTrash({}); // makes the collection of trash, too
  return storage;
}

/** Puts the memory where the call begins. */
async function arrange(storage: MemoryStorage, { stored, trashed }: Place): Promise<void> {
  await storage.delete([HASH]);
  await storage.emptyTrash({});
  if (trashed !== null) await storage.store([plain(7, { tags: [trashed] })]);
  if (trashed !== null) await storage.trash([HASH], { at: 3, reason: "before" });
  if (stored !== null) await storage.store([plain(7, { tags: [stored] })]);
}

function placeIn(fake: FakeQdrant): Place {
  const tagsOf = (collection: string) => {
    const payloads = fake.payloads(collection);
    assert(payloads.length <= 1);
    return payloads.length === 0 ? null : (payloads[0]!.tags as string[]).join("");
  };
  return { stored: tagsOf("memories"), trashed: tagsOf("memories_trash") };
}

const names = Object.keys(CALLS);
for (const [i, first] of names.entries()) {
  for (const second of names.slice(i)) {
    Deno.test(`${first} beside ${second} leaves a memory in Qdrant where one after the other would`, async () => {
      await using fake = new FakeQdrant();
      const clients = { a: await open(fake, "a"), b: await open(fake, "b") },
        calls = { a: CALLS[first]!, b: CALLS[second]! };
      for (const before of PLACES) {
        const allowed = [calls.b.then(calls.a.then(before)), calls.a.then(calls.b.then(before))];
        // A store whose memory is deleted at once can't know that it was there: it answers `duplicate`.
        if (first === "store" && second === "delete") allowed.push(before);
        for (const choose of orders(ORDERS)) {
          await arrange(clients.a, before);
          const scheduler = new Scheduler(choose);
          fake.gate = ({ client, name }) => scheduler.gate(client, name);
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
          fake.gate = () => {};
          const place = placeIn(fake);
          assert(
            allowed.some(({ stored, trashed }) => stored === place.stored && trashed === place.trashed),
            `${JSON.stringify(place)} after ${JSON.stringify(before)}, answered ${JSON.stringify(await answers)}:\n` +
              scheduler.order.join("\n"),
          );
        }
      }
      await Promise.all([clients.a.close(), clients.b.close()]);
    });
  }
}
