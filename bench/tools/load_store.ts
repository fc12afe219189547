/**
 * Loads memories with their vectors through the storage layer, or what is missing of them after an interruption. Vectors
 * are read from their file in parts.
 *
 * Usage: load_store.ts STORE MEMORIES VECTORS MODEL
 *
 * STORE is the URL of a Qdrant server or the path of a database, MODEL a `ModelIdentity` as JSON. Prints `Loaded`.
 *
 * @module
 */

import type { ModelIdentity } from "../../src/embedding/embedder.ts";
import type { NewMemory } from "../../src/storage/contract/memories.ts";
import { memoryAt } from "../lib/large_memories.ts";
import { residentBytes } from "../lib/process.ts";
import { openStoreAt } from "../lib/store_at.ts";

/** What loading took. */
export interface Loaded {
  seconds: number;
  /** Memories stored in that time. */
  stored: number;
  /** Bytes this process came to. */
  resident: number;
}

/** Memories handed to the store at once: enough for several full requests. */
const PART = 1024;
/** Parts handed over at once: one is prepared while another is under way. */
const PARTS_AT_ONCE = 2;
const PROGRESS_EVERY = 50_000;

const [address, memoriesText, vectorFile, modelText] = Deno.args as [string, string, string, string];
const memories = Number(memoriesText), model: ModelIdentity = JSON.parse(modelText);

const storage = await openStoreAt(address, model.dimensions);
await storage.registerModel(model);
using file = await Deno.open(vectorFile);
const { memories: there } = await storage.vectorCoverage();
const began = performance.now(), first = Math.max(0, there - PART * PARTS_AT_ONCE);
let next = first, reading: Promise<unknown> = Promise.resolve();
await Promise.all(Array.from({ length: PARTS_AT_ONCE }, async () => {
  while (next < memories) {
    const from = next, count = Math.min(PART, memories - from);
    next += count;
    // One after the other, since the file has one position.
    const vectors = reading.then(() => vectorsFrom(from, count));
    reading = vectors.catch(() => {});
    const outcomes = await storage.store(itemsOf(from, await vectors));
    if (there === 0 && outcomes.includes("duplicate")) throw new Error("Two texts of the store are equal");
    if (Math.floor(from / PROGRESS_EVERY) === Math.floor((from + count) / PROGRESS_EVERY)) continue;
    const rate = (from + count - first) / (performance.now() - began) * 1000;
    console.error(`Loaded ${from + count} of ${memories} memories, ${rate.toFixed(0)}/s`);
  }
}));
const seconds = (performance.now() - began) / 1000;
await storage.close();
const loaded: Loaded = { seconds, stored: memories - there, resident: await residentBytes(Deno.pid) };
console.log(JSON.stringify(loaded));
Deno.exit(0);

function itemsOf(from: number, vectors: Float32Array): NewMemory[] {
  const { id, dimensions } = model;
  return Array.from({ length: vectors.length / dimensions }, (_, i): NewMemory => ({
    memory: memoryAt(from + i),
    vectors: { model: id, chunks: [vectors.subarray(i * dimensions, (i + 1) * dimensions)] },
  }));
}

async function vectorsFrom(index: number, count: number): Promise<Float32Array> {
  const bytes = new Uint8Array(count * model.dimensions * 4);
  await file.seek(index * model.dimensions * 4, Deno.SeekMode.Start);
  for (let read = 0; read < bytes.length;) {
    const more = await file.read(bytes.subarray(read));
    if (more === null) throw new Error(`${vectorFile} holds too few vectors`);
    read += more;
  }
  return new Float32Array(bytes.buffer);
}
