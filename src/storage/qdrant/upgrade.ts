/**
 * Brings a collection of the Python service up to what Unimem writes: words for every memory, and the fields that filters
 * and verbatim search use. Only adds, so that the Python service goes on reading and writing the collection. What is
 * done stays done; a stopped run goes on where it was, and several replicas may run at once.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { UpgradeOptions, UpgradeProgress } from "../contract/capabilities.ts";
import type { Collection } from "./collection.ts";
import { ANALYSER_VERSION } from "../../memory/text.ts";
import { SCHEMA_VERSION, vectorsOf } from "./facts.ts";
import { unchanged } from "./revisions.ts";
import { TimeSlice } from "../../yielding.ts";
import { derivedPayload, memoryOf, RESERVED_ID, WORDS, wordsOf } from "./layout.ts";

/** Memories in one step. */
const STEP = 128;

/** Memories without words or without the fields that are derived. */
const INCOMPLETE: Schemas["Filter"] = {
  must_not: [{ has_id: [RESERVED_ID] }],
  should: [
    { is_empty: { key: "folded" } },
    { is_empty: { key: "bytes" } },
    { is_empty: { key: "role" } },
    // Of a newer version than this build's, another replica's is the one that counts.
    { must_not: [{ key: "analyser", range: { gte: ANALYSER_VERSION } }] },
    { must_not: [{ has_vector: WORDS }] },
  ],
};
const EVERY: Schemas["Filter"] = { must_not: [{ has_id: [RESERVED_ID] }] };

/**
 * Completes every memory that lacks something, checks that none is left, and says so in the collection's facts.
 *
 * @returns how many memories were completed, of how many; fewer when stopped.
 */
export async function upgrade(collection: Collection, options: UpgradeOptions = {}): Promise<UpgradeProgress> {
  const { thorough = false, signal, onProgress } = options;
  if (!thorough && (await collection.facts()).complete) return { done: 0, total: 0 };
  const progress = { done: 0, total: await count(collection, INCOMPLETE) };
  for await (const points of pagesOf(collection, INCOMPLETE)) {
    if (signal?.aborted) return progress;
    await complete(collection, points);
    progress.done += points.length;
    onProgress?.({ ...progress });
  }
  if (await count(collection, INCOMPLETE) === 0) {
    await collection.changeFacts(
      "finish the upgrade",
      (facts) =>
        facts.complete ? null : { ...facts, schema: SCHEMA_VERSION, analyser: ANALYSER_VERSION, complete: true },
    );
  }
  return progress;
}

/** Derives everything again, for memories that have it too; the number of memories. */
export async function rebuildDerived(collection: Collection): Promise<number> {
  let done = 0;
  for await (const points of pagesOf(collection, EVERY)) {
    await complete(collection, points);
    done += points.length;
  }
  await upgrade(collection, { thorough: true });
  return done;
}

async function* pagesOf(collection: Collection, filter: Schemas["Filter"]): AsyncGenerator<Schemas["Record"][]> {
  let offset: Schemas["ScrollResult"]["next_page_offset"] = null;
  do {
    const page: Schemas["ScrollResult"] = await collection.read("read memories", (api, to, init) =>
      api.scrollPoints({
        ...to,
        filter,
        limit: STEP,
        with_payload: true,
        ...(offset == null ? {} : { offset }),
      }, init));
    if (page.points.length > 0) yield page.points;
    offset = page.next_page_offset;
  } while (offset != null);
}

/** Adds to points what they lack. Points that were deleted meanwhile are left out. */
async function complete(collection: Collection, points: Schemas["Record"][]): Promise<void> {
  const there = points.map(({ id, payload }) => {
    const memory = memoryOf(payload ?? {});
    const { content, space = null } = memory;
    return { id, content, space, derived: derivedPayload(memory), version: payload ?? {} };
  });
  const operations = there.flatMap((
    { id, version, derived: { facts, names, role, analyser: _later, ...ofContent } },
  ): Schemas["UpdateOperation"][] => [
    { set_payload: { payload: ofContent, filter: { must: [{ has_id: [id] }] } } },
    // The tags and the metadata may have changed since, and these with them.
    { set_payload: { payload: { facts, names, role }, filter: { must: [{ has_id: [id] }, ...unchanged(version)] } } },
  ]);
  await collection.write("complete memories", (api, to, init) => api.batchUpdate({ ...to, operations }, init));
  const now = await collection.read<Schemas["Record"][]>(
    "read memories",
    (api, to, init) => api.getPoints({ ...to, ids: there.map(({ id }) => id), with_payload: false }, init),
  );
  const left = new Set(now.map(({ id }) => id));
  const words: Schemas["PointVectors"][] = [], timeSlice = new TimeSlice();
  for (const { id, content, space } of there) {
    if (left.has(id)) words.push({ id, vector: { [WORDS]: wordsOf(content, space) } });
    await timeSlice.yieldIfDue();
  }
  if (words.length === 0) return;
  await collection.write("complete memories", (api, to, init) => api.updateVectors({ ...to, points: words }, init));
  // Last, so that a stopped run begins again with what lacks its words.
  const completed = words.map(({ id }) => id);
  await collection.write("complete memories", (api, to, init) =>
    api.setPayload({
      ...to,
      payload: { analyser: ANALYSER_VERSION },
      filter: { must: [{ has_id: completed }] },
    }, init));
}

/**
 * Has the server merge its segments and drop what deleted memories left behind, and compress the vectors of a collection
 * that was made before the settings said so.
 */
export async function optimise(collection: Collection): Promise<string> {
  const { segments_count, status, config } = await collection.info();
  const plain = collection.settings.quantisation === null || config.quantization_config != null
    ? []
    : Object.entries(vectorsOf(config.params.vectors ?? {})).flatMap(([name, { multivector_config, ...vector }]) =>
      multivector_config == null && vector.quantization_config == null ? [name] : []
    );
  await collection.poke(plain);
  const asked = `Asked Qdrant to optimise ${segments_count} segments; the collection is ${status}`;
  return plain.length > 0 ? `${asked}, and its index is made again over compressed vectors` : asked;
}

async function count(collection: Collection, filter: Schemas["Filter"]): Promise<number> {
  const { count } = await collection.read<Schemas["CountResult"]>(
    "count memories",
    (api, to, init) => api.countPoints({ ...to, filter, exact: true }, init),
  );
  return count;
}
