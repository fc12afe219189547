import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { hashOf, plain } from "./fixtures.ts";
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

Deno.test("Processes that trash, restore and change one memory in a file at once lose neither it nor a change", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-sqlite-" }), path = join(folder, "memory.db");
  const storage = await openStorage({ backend: "sqlite", path });
  try {
    await storage.store([plain(7)]);
    const worker = new URL("./sqlite_worker.ts", import.meta.url).pathname;
    const outputs = await Promise.all([0, 1000, 2000].map((from) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "--allow-all", worker, path, "churn", String(from), "60"],
        stdin: "null",
      }).output()
    ));
    const answered = outputs.flatMap(({ stdout }) => new TextDecoder().decode(stdout).split("\n").filter(Boolean));
    for (const { code, stderr } of outputs) assertEquals(code, 0, new TextDecoder().decode(stderr));
    const { items } = await storage.listTrash({ offset: 0, limit: 9 }), [stored] = await storage.getByHash([hashOf(7)]);
    const places = [...items.map(({ memory }) => memory), ...stored ? [stored] : []];
    assertEquals(places.length, 1);
    assertEquals(places[0]!.tags.toSorted(), answered.toSorted());
  } finally {
    await storage.close();
    await Deno.remove(folder, { recursive: true });
  }
});
