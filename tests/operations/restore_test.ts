/** Restoring a backup that changes between its check and its reading. */

import { assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { writeBackup } from "../../src/operations/backup/create.ts";
import { restoreFile, type WithRuntime } from "../../src/operations/backup/restore.ts";
import { exportMemories } from "../../src/operations/moving/export.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { store } from "../../src/operations/store.ts";
import { openStorage, storeFiles } from "../../src/storage/factory.ts";
import type { StoreFiles } from "../../src/storage/files.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { plain } from "../storage/fixtures.ts";

const remember = (runtime: Runtime, content: string) => store(runtime, { content, tags: [], metadata: {} });

/** Writes what the store holds now, in one of the formats that can be restored. */
const WRITE: Record<string, (runtime: Runtime, folder: string) => Promise<string>> = {
  "a copy": async (runtime, folder) => (await writeBackup(runtime, { folder, keep: null })).file,
  "an export": async (runtime, folder) => {
    const parts = await Array.fromAsync(exportMemories(runtime, { vectors: true, trash: true }));
    const file = `${folder}/${crypto.randomUUID()}.jsonl`;
    await Deno.writeTextFile(file, parts.map(({ text }) => text).join(""));
    return file;
  },
};

for (const [format, write] of Object.entries(WRITE)) {
  Deno.test(`${format} that another sound one replaces while it is read is refused, and the store stays`, async () => {
    await using test = await testRuntime();
    const { runtime, folder } = test, path = `${folder}/target/unimem.db`;
    const withRuntime: WithRuntime = async (path, body) => {
      const storage = await openStorage({ backend: "sqlite", path });
      try {
        return await body({ ...runtime, storage });
      } finally {
        await storage.close();
      }
    };
    const contents = () =>
      withRuntime(
        path,
        async ({ storage }) =>
          (await storage.list({ filter: {}, offset: 0, limit: 9, order: "oldest" })).memories.map((m) => m.content),
      );
    await remember(runtime, "Checked");
    const file = await write(runtime, folder);
    await remember(runtime, "Put in its place later");
    const other = await write(runtime, folder);
    await Deno.mkdir(`${folder}/target`);
    await withRuntime(path, ({ storage }) => storage.store([plain(1, { content: "There before" })]));

    // Taking the store's file comes after the check and before the reading.
    let exchanged = false;
    const files: StoreFiles = {
      ...storeFiles,
      take: async (path) => {
        await Deno.copyFile(other, file);
        exchanged = true;
        return await storeFiles.take(path);
      },
    };
    const checked = await Deno.readFile(file);
    const restore = (files: StoreFiles) => restoreFile(files, withRuntime, file, path, { replace: true });
    const error = await assertRejects(() => restore(files), MemoryError, "it changed while it was read");
    assertEquals([error.code, exchanged], ["conflict", true]);
    assertEquals(await contents(), ["There before"]);
    const left = Array.from(Deno.readDirSync(`${folder}/target`), ({ name }) => name);
    assertEquals(left.filter((name) => name.includes("restoring") || name.includes("replaced")), []);

    await Deno.writeFile(file, checked);
    assertEquals((await restore(storeFiles)).memories, 1);
    assertEquals(await contents(), ["Checked"]);
  });
}
