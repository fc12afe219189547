/**
 * What spaces cost: a search in one of many beside one in a store of its own, in turns; and for SQLite what a process
 * holds with the same memories in one space and in many.
 *
 *     deno run -A bench/tools/spaces.ts [SPACES [MEMORIES_EACH]]
 *
 * With `QDRANT_BIN` the searches run over a Qdrant server too.
 *
 * @module
 */

import type { ModelIdentity } from "../../src/embedding/embedder.ts";
import { contentHash } from "../../src/memory/hash.ts";
import type { MemoryStore } from "../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { openStorage, type StorageSettings } from "../../src/storage/factory.ts";
import { qdrantBinary, qdrantSettings, startQdrant } from "../lib/qdrant.ts";
import { inTemporaryFolder } from "../lib/process.ts";
import { gaussian, seeded } from "../lib/random.ts";
import { median } from "../lib/stats.ts";
import { questionAt, textAt } from "../lib/texts.ts";
import { runTool } from "../lib/tool.ts";
import { toUnitLength } from "../lib/vectors.ts";

const MODEL: ModelIdentity = { id: "local:bench@1", name: "bench", provider: "local", dimensions: 384 };
/** Searches timed on each side, in turns. */
const SEARCHES = 600;
const AT_ONCE = 1000;

const vectorAt = (seed: number) => {
  const random = seeded(seed + 1);
  return toUnitLength(Float32Array.from({ length: MODEL.dimensions }, () => gaussian(random)));
};

const itemAt = (number: number) => ({
  memory: {
    content: textAt(number),
    content_hash: contentHash(textAt(number)),
    tags: [`t${number % 20}`],
    memory_type: null,
    metadata: {},
    conversation_id: null,
    created_at: 1_700_000_000 + number,
    updated_at: 1_700_000_000 + number,
  },
  vectors: { model: MODEL.id, chunks: [vectorAt(number)] },
});

async function fill(view: MemoryStorage, from: number, count: number): Promise<void> {
  for (let at = 0; at < count; at += AT_ONCE) {
    await view.store(Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => itemAt(from + at + i)));
  }
}

const within = ({ spaces }: MemoryStore, name: string) => spaces.within({ write: name, read: [name] });

/** A search as the service makes it: candidates by words and vector, and the best of them read. */
async function search(view: MemoryStorage, question: number): Promise<number> {
  const vector = { model: MODEL.id, values: vectorAt(-question - 2) }, began = performance.now();
  const { candidates } = await view.candidates({ text: questionAt(question), vector, filter: {}, limit: 50 });
  await view.getById(candidates.slice(0, 10).map(({ id }) => id));
  return performance.now() - began;
}

/** Milliseconds of a search in each of two stores, the median of many in turns. */
async function compared(one: () => MemoryStorage, other: () => MemoryStorage): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let i = 0; i < SEARCHES + 50; i++) {
    const order = i % 2 === 0 ? [0, 1] as const : [1, 0] as const;
    for (const which of order) {
      const ms = await search(which === 0 ? one() : other(), i);
      if (i >= 50) times[which].push(ms);
    }
  }
  return [median(times[0]), median(times[1])];
}

async function compareSearches(
  name: string,
  open: (which: "many" | "own") => StorageSettings,
  spaces: number,
  each: number,
) {
  const many = await openStorage(open("many")), own = await openStorage(open("own"));
  for (const store of [many, own]) await store.registerModel(MODEL);
  for (let i = 0; i < spaces; i++) await fill(within(many, `space-${i}`), i * each, each);
  await fill(own, 0, each);
  // Its memories are those of the other store, and as warm as they are there.
  const one = within(many, "space-0");
  const [inSpace, alone] = await compared(() => one, () => own), [again, same] = await compared(() => own, () => own);
  const percent = (a: number, b: number) => `${((a / b - 1) * 100).toFixed(1)} %`;
  console.log(
    `${name}: a search in one of ${spaces} spaces of ${each} takes ${inSpace.toFixed(3)} ms, in a store of its`,
  );
  console.log(
    `  own ${alone.toFixed(3)} ms (${percent(inSpace, alone)}; that one beside itself ${percent(again, same)})`,
  );
  await many.close();
  await own.close();
}

async function resident(path: string): Promise<number> {
  const { rss } = await runTool<{ rss: number }>("spaces.ts", ["--resident", path]);
  return rss / 1e6;
}

if (Deno.args[0] === "--resident") {
  const store = await openStorage({ backend: "sqlite", path: Deno.args[1]! });
  await search(within(store, "default"), 1);
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(JSON.stringify({ rss: Deno.memoryUsage().rss }));
  await store.close();
} else {
  const spaces = Number(Deno.args[0] ?? 1000), each = Number(Deno.args[1] ?? 100), all = spaces * each;
  await inTemporaryFolder(async (folder) => {
    const sqlite = (name: string): StorageSettings => ({ backend: "sqlite", path: `${folder}/${name}.db` });
    await compareSearches("SQLite", sqlite, spaces, each);
    const one = await openStorage(sqlite("one"));
    await one.registerModel(MODEL);
    await fill(one, 0, all);
    await one.close();
    const [inOne, inMany] = [await resident(`${folder}/one.db`), await resident(`${folder}/many.db`)];
    const kilobytes = (inMany - inOne) * 1e3 / spaces;
    console.log(
      `  ${all} memories in one space ${inOne.toFixed(0)} MB resident, in ${spaces} ${inMany.toFixed(0)} MB:`,
    );
    console.log(`  ${kilobytes.toFixed(1)} KB for each space`);
  });
  if (qdrantBinary() !== undefined) {
    await inTemporaryFolder(async (folder) => {
      await using qdrant = await startQdrant(folder);
      const settings = (name: string) => ({ ...qdrantSettings(qdrant.url), collection: name });
      await compareSearches("Qdrant", settings, spaces, each);
    });
  }
}
