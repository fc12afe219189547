/**
 * Moves memories from one space to another, which is another point and may be another collection. Three passes, each of
 * which may be cut off and made again: all are copied, then the relations among them, and then they are taken away where
 * they were. A copy says of what it is one, so that a later call doesn't take it for a memory of the space's own.
 *
 * @module
 */

import type { MoveOutcome } from "../contract/spaces.ts";
import type { Relation } from "../contract/relations.ts";
import type { Analysis } from "../analysis.ts";
import { memoryOf, WORDS, wordsDocument } from "./layout.ts";
import type { Part } from "./part.ts";
import { partsOf, type Prepared, tries } from "./records.ts";
import { firstRevision, lineageOf, type Version } from "./revisions.ts";
import type { Space } from "./space.ts";
import { readWhole, type WholePoint } from "./whole.ts";

const POINTS_AT_ONCE = 100;

/** A space and the collection it is in. */
export interface Place {
  space: Space;
  part: Part;
  name: string;
}

/** What came of copying some memories. */
interface Copied {
  /** Payloads of those that are in both spaces now, by their ids where they come from. */
  copies: Map<string, Record<string, unknown>>;
  /** Keys of those that the other space had of its own. */
  duplicates: string[];
}

/** Moves memories; for each, what came of it. */
export async function move(
  hashes: readonly string[],
  from: Place,
  to: Place,
  analysis: Analysis,
): Promise<MoveOutcome[]> {
  const outcomes = new Map<string, MoveOutcome>(), among = new Set(hashes);
  for await (const _ of tries("move memories")) {
    const copies = new Map<string, Record<string, unknown>>(), duplicates: string[] = [];
    const left = [...among].filter((hash) => !outcomes.has(hash));
    for (const part of partsOf(left, POINTS_AT_ONCE)) {
      const copied = await copy(part, among, from, to, analysis);
      for (const [id, payload] of copied.copies) copies.set(id, payload);
      duplicates.push(...copied.duplicates);
    }
    const keys = Array.from(copies.values(), ({ content_hash }) => String(content_hash));
    await relate(new Set([...keys, ...duplicates]), from, to);
    let isChanged = false;
    for (const part of partsOf([...copies], POINTS_AT_ONCE)) {
      const changed = await from.space.takeAway(new Map(part));
      for (const [id, { content_hash }] of part) {
        if (changed.has(id)) isChanged = true;
        else outcomes.set(String(content_hash), "moved");
      }
    }
    const trashing = { at: Date.now() / 1000, reason: `moved to ${to.name}, which had it already` };
    const trashed = await from.space.moveToTrash(duplicates, trashing);
    duplicates.forEach((hash, i) => trashed[i] && outcomes.set(hash, "duplicate"));
    if (!isChanged) break;
  }
  const first = new Set<string>();
  return hashes.map((hash) => {
    const outcome = first.has(hash) ? undefined : outcomes.get(hash);
    first.add(hash);
    return outcome ?? "missing";
  });
}

/** Copies memories that are there. */
async function copy(
  hashes: readonly string[],
  among: ReadonlySet<string>,
  from: Place,
  to: Place,
  analysis: Analysis,
): Promise<Copied> {
  const ids = hashes.map(from.space.tenancy.idOf).filter((id) => id !== null);
  const found = await readWhole(from.part.collection, from.part.models, ids);
  const targets = new Map(Array.from(found, ([id, { payload }]) => {
    return [id, to.space.tenancy.idOf(String(payload.content_hash))!];
  }));
  const there = await to.space.records.payloads([...targets.values()], ["copy_of", "revision", "updated_at"]);
  const copied: Copied = { copies: new Map(), duplicates: [] }, wanted = new Map<string, Prepared>();
  for (const [id, point] of found) {
    const target = targets.get(id)!, mark = markOf(from, point.payload);
    let other = there.get(target);
    if (other !== undefined && other.copy_of !== mark && isStaleCopy(other, from, point.payload)) {
      // Of what has changed since: an earlier call was cut off.
      if (!(await to.space.records.remove(new Map([[target, other]]))).has(target)) other = undefined;
    }
    if (other === undefined) wanted.set(id, await prepared(target, mark, point, among, to, analysis));
    else if (other.copy_of === mark) copied.copies.set(id, point.payload);
    else copied.duplicates.push(String(point.payload.content_hash));
  }
  const outcomes = await to.space.records.storeWhole([...wanted.values()]);
  [...wanted.keys()].forEach((id, i) => {
    const { payload } = found.get(id)!;
    if (outcomes[i] === "stored") copied.copies.set(id, payload);
    else copied.duplicates.push(String(payload.content_hash));
  });
  return copied;
}

/** Links what is in both spaces now as it is linked in the first. */
async function relate(keys: ReadonlySet<string>, from: Place, to: Place): Promise<void> {
  const relations = new Map<string, Relation>();
  for (const hashes of partsOf([...keys], POINTS_AT_ONCE)) {
    for (const relation of await from.space.relations.find({ hashes, limit: Infinity })) {
      const { source, type, target } = relation;
      if (keys.has(source) && keys.has(target)) relations.set(JSON.stringify([source, type, target]), relation);
    }
  }
  if (relations.size > 0) await to.space.relations.relate([...relations.values()]);
}

async function prepared(
  id: string,
  copy_of: string,
  { payload, kept_vectors }: WholePoint,
  among: ReadonlySet<string>,
  to: Place,
  analysis: Analysis,
): Promise<Prepared> {
  const { space } = to.space.tenancy, revision = firstRevision(), memory = memoryOf(payload);
  const terms = await analysis.of("terms", memory.content);
  const { space: _before, superseded, ...kept } = payload;
  const isAmong = memory.superseded !== undefined && among.has(memory.superseded.by);
  const point = {
    id,
    vector: { ...kept_vectors?.point as Record<string, number[]> | undefined, [WORDS]: wordsDocument(terms, space) },
    payload: {
      ...kept,
      ...(space === null ? {} : { space }),
      superseded: isAmong ? superseded : null,
      revision,
      copy_of,
    },
  };
  return {
    id,
    point,
    revision,
    conversation: typeof payload.conversation_id === "string" ? payload.conversation_id : null,
  };
}

/** The mark of a copy of a memory as it is now. */
function markOf(from: Place, version: Version): string {
  return `${from.space.tenancy.space ?? ""}/${version.revision ?? version.updated_at}`;
}

/** Whether it is a copy, not changed itself, of an earlier state of that memory. */
function isStaleCopy(copy: Record<string, unknown>, from: Place, { revision }: Version): boolean {
  const lineage = `${from.space.tenancy.space ?? ""}/${lineageOf({ revision })}`;
  return typeof copy.copy_of === "string" && copy.copy_of.startsWith(lineage) && copy.revision === lineageOf(copy);
}
