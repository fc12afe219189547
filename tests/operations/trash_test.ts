import { assertEquals } from "@std/assert";
import { startBackground } from "../../src/operations/background/background.ts";
import { emptyTrashJob } from "../../src/operations/expire_trash.ts";
import { createLogger } from "../../src/operations/logger.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { store } from "../../src/operations/store.ts";
import { until } from "../helpers/process.ts";
import { testRuntime } from "../helpers/runtime.ts";

/** Puts a memory in the trash, deleted so many days ago. */
async function trashed(runtime: Runtime, content: string, days: number): Promise<void> {
  const { content_hash } = await store(runtime, { content, tags: [], metadata: {} });
  await runtime.storage.trash([content_hash!], { at: Date.now() / 1000 - days * 86_400, reason: "deleted" });
}

const trashTotal = async ({ storage }: Runtime) => (await storage.listTrash({ offset: 0, limit: 9 })).total;

Deno.test("what expired is deleted in the background, once, whoever looks", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, lines: string[] = [];
  await trashed(runtime, "old", 31);
  await trashed(runtime, "young", 29);
  const log = createLogger("info", (line) => lines.push(line));
  const works = ["a", "b"].map((holder) =>
    startBackground({ ...runtime, background: { ...runtime.background } }, [emptyTrashJob(runtime, log)], {
      holder,
      leaseMs: 60_000,
      log,
    })
  );
  await until(() => trashTotal(runtime), (total) => total === 1, "the trash to be emptied");
  await Promise.all(works.map((work) => work.stop()));
  assertEquals((await runtime.storage.listTrash({ offset: 0, limit: 9 })).items[0]?.memory.content, "young");
  assertEquals(lines.length, 1, lines.join("\n"));
});

Deno.test("a job that fails says so once, in the state too, and is tried again", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, lines: string[] = [], { background } = runtime;
  await trashed(runtime, "old", 31);
  let down = true;
  const emptyTrash: Runtime["storage"]["emptyTrash"] = (which) =>
    down ? Promise.reject(new Error("down")) : runtime.storage.emptyTrash(which);
  const failing = { ...runtime, storage: { ...runtime.storage, emptyTrash } as Runtime["storage"] };
  const log = createLogger("info", (line) => lines.push(line));
  const work = startBackground(runtime, [{ ...emptyTrashJob(failing, log), everyMs: 5 }], {
    holder: "here",
    leaseMs: 60_000,
    log,
  });
  const jobs = () => Promise.resolve(background.jobs);
  const [job] = await until(jobs, ([first]) => first?.state === "failed", "the job to fail");
  assertEquals([job!.name, job!.error, background.here, background.holder], ["empty the trash", "down", true, "here"]);
  down = false;
  await until(() => trashTotal(runtime), (total) => total === 0, "the trash to be emptied");
  await until(jobs, ([first]) => first?.error === null, "the job to recover");
  await work.stop();
  assertEquals(lines.filter((line) => line.includes("Cannot empty the trash, trying again: down")).length, 1);
  assertEquals([background.here, background.holder, background.jobs], [false, null, []]);
});
