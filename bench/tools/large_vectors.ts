/**
 * Vectors of large stores in a file, made once and kept in the user's cache folder. A smaller store has the first of
 * them.
 *
 * Usage: large_vectors.ts MEMORIES EMBEDDED_TEXTS QUERIES
 *
 * Prints `LargeVectors`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../src/config.ts";
import { createEmbeddingService } from "../../src/embedding/factory.ts";
import { mixedVectors } from "../lib/large_memories.ts";
import { cacheFolder, LARGE_QUESTIONS, type LargeVectors } from "../lib/large_store.ts";
import { questionAt, textAt } from "../lib/texts.ts";

/** Files that the vectors depend on. */
const SOURCES = ["../lib/texts.ts", "../lib/vectors.ts", "../lib/random.ts", "../lib/large_memories.ts"];
/** Vectors written at once. */
const BATCH = 2000;

const [memories, embedded, queries] = Deno.args.map(Number) as [number, number, number];
const config = parseConfig(Deno.env.toObject(), { os: Deno.build.os, cores: availableParallelism() });
const embeddings = createEmbeddingService({ ...config.embedding, queueLimit: 1_000_000 });
const model = await embeddings.ready();
const folder = join(cacheFolder(), `vectors-${await key()}`);
const made: LargeVectors = {
  model,
  vectors: join(folder, "vectors.f32"),
  queries: join(folder, `queries-${queries}.f32`),
};
await Deno.mkdir(folder, { recursive: true });
if (await size(made.vectors) < memories * model.dimensions * 4) await writeVectors();
if (await size(made.queries) < 0) await writeQueries();
await embeddings.close();
console.log(JSON.stringify(made));
Deno.exit(0);

async function writeVectors(): Promise<void> {
  console.error(`Embedding ${embedded} texts and mixing ${memories} vectors, once`);
  const numbers = Array.from({ length: embedded }, (_, i) => i);
  const bases = await Promise.all(numbers.map(async (i) => (await embeddings.embedPassage(textAt(i)))[0]!));
  await written(made.vectors, mixedVectors(bases, memories));
}

async function writeQueries(): Promise<void> {
  const asked = Array.from({ length: queries }, (_, i) => embeddings.embedQuery(questionAt(LARGE_QUESTIONS + i)));
  await written(made.queries, await Promise.all(asked));
}

/** Writes a file that appears when all of it is there. */
async function written(path: string, vectors: Iterable<Float32Array>): Promise<void> {
  const partial = `${path}.partial-${Deno.pid}`;
  {
    using file = await Deno.open(partial, { write: true, create: true, truncate: true });
    const batch = new Float32Array(BATCH * model.dimensions);
    let filled = 0;
    const flush = async () => {
      const bytes = new Uint8Array(batch.buffer, 0, filled * 4);
      for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      filled = 0;
    };
    for (const vector of vectors) {
      batch.set(vector, filled);
      filled += vector.length;
      if (filled === batch.length) await flush();
    }
    await flush();
  }
  await Deno.rename(partial, path);
}

function size(path: string): Promise<number> {
  return Deno.stat(path).then((info) => info.size, () => -1);
}

async function key(): Promise<string> {
  const hash = createHash("sha256").update(`${model.id} ${embedded}`);
  for (const source of SOURCES) hash.update(await Deno.readTextFile(new URL(source, import.meta.url)));
  return hash.digest("hex").slice(0, 12);
}
