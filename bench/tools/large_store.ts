/**
 * A large store, made once and kept in the user's cache folder: embedding a hundred thousand texts takes minutes, so a
 * few thousand are embedded and the other vectors are mixed from theirs and perturbed.
 *
 * Usage: large_store.ts MEMORIES EMBEDDED_TEXTS QUERIES [CHARACTERS]
 *
 * With CHARACTERS each text has at least so many, and as many vectors as the model needs for one of them.
 *
 * Prints `LargeStore`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../src/config.ts";
import { createEmbeddingService } from "../../src/embedding/factory.ts";
import { openStorage } from "../../src/storage/factory.ts";
import type { NewMemory } from "../../src/storage/contract/memories.ts";
import { cacheFolder, LARGE_QUESTIONS, type LargeStore } from "../lib/large_store.ts";
import { memoryAt, mixedVectors } from "../lib/large_memories.ts";
import { questionAt } from "../lib/texts.ts";

const BATCH = 500;
/** Files that what is stored depends on; a change of any makes a new store. */
const SOURCES = [
  "../../src/storage/sqlite/migrations.ts",
  "../../src/storage/sqlite/quantise.ts",
  "../../src/memory/text.ts",
  "../lib/texts.ts",
  "../lib/vectors.ts",
  "../lib/large_memories.ts",
  "./large_store.ts",
];

const [memories, embedded, queries, characters = 0] = Deno.args.map(Number) as [number, number, number, number?];
/** How the folders of stores of this shape begin. */
const shape = `store-${memories}-${characters > 0 ? `${characters}-characters-` : ""}`;
const config = parseConfig(Deno.env.toObject(), { os: Deno.build.os, cores: availableParallelism() });
const embeddings = createEmbeddingService({ ...config.embedding, queueLimit: 1_000_000 });
const model = await embeddings.ready();
const folder = join(cacheFolder(), `${shape}${await keyOf(model.id)}`);
const store: LargeStore = {
  folder,
  database: join(folder, "unimem.db"),
  vectors: join(folder, "vectors.f32"),
  queries: join(folder, "queries.f32"),
  dimensions: model.dimensions,
};
if (!await exists(folder)) await build();
await embeddings.close();
console.log(JSON.stringify(store));
Deno.exit(0);

/** Writes everything into a folder beside the final one, which appears when all is there. */
async function build(): Promise<void> {
  const partial = `${folder}.partial-${Deno.pid}`;
  await Deno.mkdir(partial, { recursive: true });
  try {
    console.error(`Embedding ${embedded + queries} texts for a store of ${memories} memories, once`);
    const numbers = Array.from({ length: embedded }, (_, i) => i);
    const texts = await Promise.all(numbers.map((i) => embeddings.embedPassage(memoryAt(i, characters).content)));
    const chunks = characters > 0 ? Math.max(...texts.map(({ length }) => length)) : 1;
    const bases = texts.flatMap((vectors) => vectors.slice(0, chunks));
    const asked = Array.from({ length: queries }, (_, i) => embeddings.embedQuery(questionAt(LARGE_QUESTIONS + i)));
    await writeVectors(join(partial, "queries.f32"), await Promise.all(asked));
    await writeStore(join(partial, "unimem.db"), join(partial, "vectors.f32"), bases, chunks);
    await dropOutdated();
    await Deno.rename(partial, folder);
  } catch (error) {
    await Deno.remove(partial, { recursive: true });
    throw error;
  }
}

/** Stores of the same size that were made from other sources won't be asked for again. */
async function dropOutdated(): Promise<void> {
  for await (const { name } of Deno.readDir(cacheFolder())) {
    const isStore = name.startsWith(shape) && /^[0-9a-f]{12}$/.test(name.slice(shape.length));
    if (isStore) await Deno.remove(join(cacheFolder(), name), { recursive: true });
  }
}

async function writeStore(
  database: string,
  vectorFile: string,
  bases: Float32Array[],
  chunksEach: number,
): Promise<void> {
  const storage = await openStorage({ backend: "sqlite", path: database });
  await storage.registerModel(model);
  const vectors = mixedVectors(bases, memories * chunksEach);
  using file = await Deno.open(vectorFile, { write: true, create: true });
  for (let first = 0; first < memories; first += BATCH) {
    const items: NewMemory[] = [];
    for (let i = first; i < Math.min(first + BATCH, memories); i++) {
      const chunks = Array.from({ length: chunksEach }, () => vectors.next().value!);
      items.push({ memory: memoryAt(i, characters), vectors: { model: model.id, chunks } });
      for (const vector of chunks) await writeAll(file, vector);
    }
    const outcomes = await storage.store(items);
    if (outcomes.includes("duplicate")) throw new Error("Two texts of the store are equal");
    if (first % 10_000 === 0) console.error(`Writing the store, ${first} of ${memories}`);
  }
  await storage.close();
}

async function writeVectors(path: string, vectors: Float32Array[]): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  for (const vector of vectors) await writeAll(file, vector);
}

async function writeAll(file: Deno.FsFile, vector: Float32Array): Promise<void> {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

async function keyOf(modelId: string): Promise<string> {
  const hash = createHash("sha256").update(`${modelId} ${embedded} ${queries}`);
  for (const source of SOURCES) hash.update(await Deno.readTextFile(new URL(source, import.meta.url)));
  return hash.digest("hex").slice(0, 12);
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}
