import { join } from "node:path";
import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { type Qdrant, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { DIMENSIONS } from "./fixtures.ts";
import { describeStorage, type OpenedStore } from "./storage_contract.ts";

let server: Promise<Qdrant> | undefined;
let collections = 0;
addEventListener("unload", () => void server?.then((running) => running.kill("SIGKILL")));

/** A new collection on one server for all tests; without a server every test is reported as ignored. */
async function open(outboxFolder: string | null): Promise<OpenedStore> {
  const { url } = await (server ??= startQdrant()), collection = `contract_${++collections}`;
  const storage = await openStorage(
    {
      ...qdrantDefaults(url),
      backend: "qdrant",
      collection,
      dimensions: DIMENSIONS,
    },
    outboxFolder === null ? null : { path: join(outboxFolder, "outbox.db"), maxWrites: 1000, maxBytes: 1 << 24 },
  );
  storage.capabilities.outbox?.start({ waiting: () => {}, made: () => {}, setAside: () => {}, empty: () => {} });
  return {
    storage,
    async [Symbol.asyncDispose]() {
      await storage.close();
      // A server keeps some hundred files open for each collection.
      for (const name of [collection, `${collection}_spaces`]) {
        await (await fetch(`${url}/collections/${name}`, { method: "DELETE" })).body?.cancel();
      }
      if (outboxFolder !== null) await Deno.remove(outboxFolder, { recursive: true });
    },
  };
}

const options = { ignore: QDRANT_BIN === undefined };

describeStorage("The Qdrant store", () => open(null), options);

describeStorage(
  "The Qdrant store behind an outbox",
  async () => open(await Deno.makeTempDir({ prefix: "unimem-outbox-" })),
  options,
);
