import { openStorage } from "../../src/storage/factory.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";
import { type Qdrant, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { DIMENSIONS } from "./fixtures.ts";
import { describeStorage } from "./storage_contract.ts";

let server: Promise<Qdrant> | undefined;
let collections = 0;
addEventListener("unload", () => void server?.then((running) => running.kill("SIGKILL")));

/** A new collection on one server for all tests; without a server every test is reported as ignored. */
describeStorage("The Qdrant store", async () => {
  const { url } = await (server ??= startQdrant());
  const storage = await openStorage({
    ...qdrantDefaults(url),
    backend: "qdrant",
    collection: `contract_${++collections}`,
    dimensions: DIMENSIONS,
  });
  return {
    storage,
    async [Symbol.asyncDispose]() {
      await storage.close();
    },
  };
}, { ignore: QDRANT_BIN === undefined });
