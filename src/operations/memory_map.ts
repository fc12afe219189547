/**
 * Memories as points by meaning, for a picture. The plane is found in the background, once for each choice of spaces, and kept:
 * later looks put only new memories on it, until so many came that another plane fits better.
 *
 * @module
 */

import { z } from "zod";
import type { Memory } from "../memory/memory.ts";
import { place, type Plane, planeOf } from "../memory/projection.ts";
import { TimeSlice } from "../yielding.ts";
import type { HealthRecord } from "./health/record.ts";
import type { Runtime } from "./runtime.ts";

/** Most points, memories read at once, and memories that the plane is found from. */
const MOST_POINTS = 10_000, STEP = 100, DECIDING = 2000;
/** Another plane is found when there are this many times the memories it was found for. */
const OUTGROWN = 1.3;
/** Maps kept, one for each choice of spaces. */
const MOST_MAPS = 20;
const PREVIEW = 80, TAGS = 5;

export const MapInput = z.object({
  limit: z.int().min(1).max(MOST_POINTS).default(2000)
    .describe("Most points; of more memories an even sample by time is taken."),
});

export const MapOutput = z.object({
  state: z.enum(["building", "ready"]).describe("building: ask again; what is there so far comes along."),
  points: z.array(z.object({
    content_hash: z.string(),
    x: z.number().describe("Mostly −1 to 1, as y."),
    y: z.number(),
    memory_type: z.string().nullable(),
    tags: z.array(z.string()).describe(`The first ${TAGS}.`),
    preview: z.string(),
  })),
  total: z.int().describe("Memories there are."),
  without_vectors: z.int().describe("Memories of the sample that have no place yet, since their vectors are missing."),
});
export type MapOutput = z.infer<typeof MapOutput>;
type Point = MapOutput["points"][number];

/** A map of one choice of spaces. */
interface MemoryMap {
  plane: (Plane & { memories: number; model: string }) | null;
  places: Map<string, readonly [number, number]>;
  shown: MapOutput;
  limit: number;
  building: Promise<void> | null;
  fault: unknown;
}

const maps = new WeakMap<HealthRecord, Map<string, MemoryMap>>();

/** The map as far as it is; looking at it brings it up to date in the background. */
export async function memoryMap(runtime: Runtime, { limit }: z.infer<typeof MapInput>): Promise<MapOutput> {
  const map = mapOf(runtime);
  throwFault(map);
  const isOther = map.limit !== limit;
  if (map.building === null) {
    map.limit = limit;
    map.building = build(runtime, map).catch((error) => void (map.fault = error)).finally(() => map.building = null);
    // A small store is done at once.
    await Promise.race([map.building, new Promise((resolve) => setTimeout(resolve, 200))]);
    throwFault(map);
  }
  return { ...map.shown, state: map.building !== null && (isOther || map.shown.total === 0) ? "building" : "ready" };
}

/** Throws what made the last build fail, once: what was shown before must not pass for what is there now. */
function throwFault(map: MemoryMap): void {
  const { fault } = map;
  map.fault = undefined;
  if (fault !== undefined) throw fault;
}

function mapOf(runtime: Runtime): MemoryMap {
  let kept = maps.get(runtime.health);
  if (kept === undefined) maps.set(runtime.health, kept = new Map());
  const { scope } = runtime.storage, key = scope.read === "all" ? "" : scope.read.join("\n");
  const found = kept.get(key) ?? {
    plane: null,
    places: new Map(),
    shown: { state: "building", points: [], total: 0, without_vectors: 0 },
    limit: 0,
    building: null,
    fault: undefined,
  };
  kept.delete(key);
  kept.set(key, found);
  if (kept.size > MOST_MAPS) kept.delete(kept.keys().next().value!);
  return found;
}

/** Reads a sample, finds the plane where there is none that fits, and puts on it what isn't there yet. */
async function build(runtime: Runtime, map: MemoryMap): Promise<void> {
  const { total, memories } = await sample(runtime, map.limit), timeSlice = new TimeSlice();
  const model = (await runtime.storage.activeModel())?.id ?? "";
  if (map.plane?.model !== model || total > map.plane.memories * OUTGROWN) [map.plane, map.places] = [null, new Map()];
  const missing = memories.filter(({ content_hash }) => !map.places.has(content_hash));
  const vectors = new Map<string, Float32Array>();
  for (let at = 0; at < missing.length; at += STEP) {
    const hashes = missing.slice(at, at + STEP).map(({ content_hash }) => content_hash);
    (await runtime.storage.vectors(hashes)).forEach((set, i) => {
      if (set !== null) vectors.set(hashes[i]!, set.chunks[0]!);
    });
    await timeSlice.yieldIfDue();
  }
  if (map.plane === null && vectors.size > 0) {
    const step = Math.max(1, Math.ceil(vectors.size / DECIDING));
    const deciding = [...vectors.values()].filter((_, i) => i % step === 0);
    map.plane = { ...planeOf(deciding), memories: total, model };
  }
  for (const [hash, vector] of vectors) {
    map.places.set(hash, place(map.plane!, vector));
    await timeSlice.yieldIfDue();
  }
  const current = new Set(memories.map(({ content_hash }) => content_hash));
  for (const hash of map.places.keys()) if (!current.has(hash)) map.places.delete(hash);
  const points = memories.map((memory) => pointOf(memory, map.places.get(memory.content_hash))).filter((point) =>
    point !== null
  );
  map.shown = { state: "ready", points, total, without_vectors: memories.length - points.length };
}

/** Memories spread evenly over time, newest first; all where they fit. */
async function sample(runtime: Runtime, limit: number): Promise<{ total: number; memories: Memory[] }> {
  const filter = { superseded: false }, timeSlice = new TimeSlice();
  const first = await runtime.storage.list({ filter, offset: 0, limit: Math.min(STEP, limit) }), { total } = first;
  const found = new Map(first.memories.map((memory) => [memory.content_hash, memory]));
  const blocks = Math.ceil(Math.min(limit, total) / STEP);
  for (let block = 1; block < blocks; block++) {
    const offset = Math.floor(block * Math.max(STEP, total / blocks));
    const { memories } = await runtime.storage.list({ filter, offset, limit: Math.min(STEP, limit - found.size) });
    for (const memory of memories) found.set(memory.content_hash, memory);
    await timeSlice.yieldIfDue();
  }
  return { total, memories: [...found.values()] };
}

function pointOf(memory: Memory, at: readonly [number, number] | undefined): Point | null {
  if (at === undefined) return null;
  const rounded = (value: number) => Math.round(value * 1000) / 1000;
  return {
    content_hash: memory.content_hash,
    x: rounded(at[0]),
    y: rounded(at[1]),
    memory_type: memory.memory_type,
    tags: memory.tags.slice(0, TAGS),
    preview: memory.content.slice(0, PREVIEW).toWellFormed(),
  };
}
