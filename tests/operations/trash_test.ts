import { assertEquals } from "@std/assert";
import { startTrashWork } from "../../src/operations/expire_trash.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { store } from "../../src/operations/store.ts";
import { testRuntime } from "../helpers/runtime.ts";

/** Puts a memory in the trash, deleted so many days ago. */
async function trashed(runtime: Runtime, content: string, days: number): Promise<void> {
  const { content_hash } = await store(runtime, { content, tags: [], metadata: {} });
  await runtime.storage.trash([content_hash!], { at: Date.now() / 1000 - days * 86_400, reason: "deleted" });
}

Deno.test("what expired is deleted in the background, once, whoever looks", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, lines: string[] = [];
  await trashed(runtime, "old", 31);
  await trashed(runtime, "young", 29);
  const log = createLogger("info", (line) => lines.push(line));
  const works = [startTrashWork(runtime, log), startTrashWork(runtime, log)];
  await Promise.all(works.map((work) => work.stop()));
  const { items, total } = await runtime.storage.trashed({ offset: 0, limit: 9 });
  assertEquals([total, items[0]?.memory.content], [1, "young"]);
  assertEquals(lines.length, 1, lines.join("\n"));
});

Deno.test("a store that can't be reached is looked at again later", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, lines: string[] = [];
  await trashed(runtime, "old", 31);
  const second = Promise.withResolvers<void>();
  let calls = 0;
  const emptyTrash: Runtime["storage"]["emptyTrash"] = async (which) => {
    if (++calls === 1) throw new Error("down");
    const deleted = await runtime.storage.emptyTrash(which);
    second.resolve();
    return deleted;
  };
  const failing = { ...runtime, storage: { ...runtime.storage, emptyTrash } as Runtime["storage"] };
  const work = startTrashWork(failing, createLogger("info", (line) => lines.push(line)), 5);
  await second.promise;
  await work.stop();
  assertEquals((await runtime.storage.trashed({ offset: 0, limit: 9 })).total, 0);
  assertEquals(lines[0]?.includes("Cannot empty the trash: down"), true);
});
