import { assert, assertEquals } from "@std/assert";
import { contentHash } from "../../src/memory/hash.ts";
import { checkVectorsJob } from "../../src/operations/check_vectors.ts";
import type { Logger } from "../../src/operations/logger.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import saturated from "../embedding/fixtures/saturated-embeddings.json" with { type: "json" };
import { testRuntime } from "../helpers/runtime.ts";

const HASHES = saturated.texts.map((text) => contentHash(text));

function logInto(lines: string[]): Logger {
  const log = (line: string) => void lines.push(line);
  return { debug: log, info: log, warning: log, error: log } as Logger;
}

/** Stores the texts with vectors that an x86 processor without VNNI made by saturating kernels, or with right ones. */
async function fill({ storage, embeddings }: Runtime, wrong: (index: number) => boolean): Promise<void> {
  const model = embeddings.configured.identity!.id;
  await storage.store(
    await Promise.all(saturated.texts.map(async (content, i) => ({
      memory: {
        content,
        content_hash: HASHES[i]!,
        tags: [],
        memory_type: null,
        metadata: {},
        conversation_id: null,
        created_at: 1_700_000_000 + i,
        updated_at: 1_700_000_000 + i,
      },
      vectors: {
        model,
        chunks: wrong(i)
          ? [Float32Array.from(saturated.vectors[i]!)]
          : await embeddings.configured.embedPassage(content),
      },
    }))),
  );
}

/** Least cosine of the stored vectors to those the model gives. */
async function agreement({ storage, embeddings }: Runtime): Promise<number> {
  const stored = await storage.vectors(HASHES);
  const cosines = await Promise.all(saturated.texts.map(async (text, i) => {
    const [vector] = await embeddings.configured.embedPassage(text);
    return stored[i]!.chunks[0]!.reduce((sum, value, at) => sum + value * vector![at]!, 0);
  }));
  return Math.min(...cosines);
}

for (const [what, wrong] of [["all", () => true], ["some", (i: number) => i % 3 === 0]] as const) {
  Deno.test(`a store ${what} of whose vectors were made by saturating kernels is found and mended`, async () => {
    await using opened = await testRuntime();
    const { runtime } = opened, lines: string[] = [];
    await fill(runtime, wrong);
    assert(await agreement(runtime) < 0.99);
    await checkVectorsJob(runtime, logInto(lines), 0).run(new AbortController().signal);
    assert(await agreement(runtime) > 0.9999);
    assert(
      lines.some((line) => /differ from those/.test(line)) && lines.some((line) => /Replaced the vectors/.test(line)),
      `${lines}`,
    );
    assertEquals(await runtime.storage.note("vector_check"), null);
  });
}

Deno.test("a store with right vectors is left alone, and so is one that another program made", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, lines: string[] = [], signal = new AbortController().signal;
  await fill(runtime, () => false);
  await checkVectorsJob(runtime, logInto(lines), 0).run(signal);
  assertEquals(lines, []);
  await runtime.storage.changeNote("adopted_vectors", null, runtime.embeddings.configured.identity!.id);
  const [hash] = HASHES, model = runtime.embeddings.configured.identity!.id;
  await runtime.storage.addVectors(
    HASHES.map((content_hash, i) => ({
      content_hash,
      vectors: { model, chunks: [Float32Array.from(saturated.vectors[i]!)] },
    })),
  );
  await checkVectorsJob(runtime, logInto(lines), 0).run(signal);
  assertEquals([lines.length, (await runtime.storage.vectors([hash!]))[0]!.model], [0, model]);
  assert(await agreement(runtime) < 0.99);
});

Deno.test("a mending that was stopped goes on where it was", async () => {
  await using opened = await testRuntime();
  const { runtime } = opened, lines: string[] = [], stopping = new AbortController();
  await fill(runtime, () => true);
  const add = runtime.storage.addVectors.bind(runtime.storage);
  let added = 0;
  runtime.storage.addVectors = async (items) => {
    added += items.length;
    await add(items);
    stopping.abort();
  };
  await checkVectorsJob(runtime, logInto(lines), 0).run(stopping.signal);
  assert(added > 0 && added < HASHES.length, `${added}`);
  assert(await runtime.storage.note("vector_check") !== null);
  await checkVectorsJob(runtime, logInto(lines), 0).run(new AbortController().signal);
  assertEquals(added, HASHES.length);
  assert(await agreement(runtime) > 0.9999);
});
