import { join } from "node:path";
import { describeStorage } from "./storage_contract.ts";
import { openStorage } from "../../src/storage/factory.ts";

describeStorage("The SQLite store", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-sqlite-" });
  const storage = await openStorage({ backend: "sqlite", path: join(folder, "memory.db") });
  return {
    storage,
    async [Symbol.asyncDispose]() {
      await storage.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
});
