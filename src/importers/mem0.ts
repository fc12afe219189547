/**
 * Exports of mem0 and OpenMemory: a JSON list, or an object with the list under `results`, `memories` or `items`, as
 * their answers are.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { contentHash } from "../memory/hash.ts";
import type { Json, Metadata } from "../memory/memory.ts";
import { type Entry, parseJson } from "../operations/moving/import.ts";
import { readDate } from "./dates.ts";
import { ownerIn } from "../operations/moving/owners.ts";
import { entry, type ImporterOptions, tagsOf } from "./importer.ts";
import { readText } from "./text_file.ts";
import { leftOut } from "./turns.ts";
import { listOf, objectOf, textOf } from "./values.ts";

/** Fields that become a memory's own; all others are kept in its metadata. */
const OWN = new Set([
  ...["memory", "text", "data", "content", "metadata", "metadata_", "categories", "created_at", "updated_at", "run_id"],
  "state",
]);

/** Each memory of an export, then the relations of entities in its graph. */
export async function* readMem0(path: string, { ownersBy }: ImporterOptions = {}): AsyncGenerator<Entry> {
  const { text, notes } = await readText(path), read = parseJson(text);
  yield* notes;
  const value = "value" in read ? read.value : null, found = objectOf(value);
  const list = Array.isArray(value) ? value : found?.results ?? found?.memories ?? found?.items;
  if (!Array.isArray(list)) {
    throw new MemoryError("invalid_input", `Cannot import "${path}": it holds no list of mem0 memories`, {
      value: path,
    });
  }
  const owners = new Map<string, string>();
  const whose = (item: unknown) => ownersBy === undefined ? undefined : ownerIn(item, ownersBy);
  for (const [index, item] of list.entries()) {
    const owner = whose(item);
    yield { ...await entryOf(`Item ${index + 1}`, objectOf(item), owners, owner), owner };
  }
  for (const [index, item] of listOf(found?.relations).entries()) {
    yield { ...relationOf(`Relation ${index + 1}`, objectOf(item)), owner: whose(item) };
  }
}

async function entryOf(
  place: string,
  item: Record<string, unknown> | null,
  owners: Map<string, string>,
  space: string | undefined,
): Promise<Entry> {
  const content = textOf(item?.memory) ?? textOf(item?.text) ?? textOf(item?.data) ?? textOf(item?.content);
  if (item === null || content === undefined) {
    return { place, fault: "Cannot import it: it has no text under `memory` or `content`" };
  }
  if (item.state === "deleted") return leftOut(place, "memories that were deleted there");
  const given = (objectOf(item.metadata) ?? objectOf(item.metadata_) ?? {}) as Metadata;
  const rest = Object.entries(item).filter(([key, value]) => !OWN.has(key) && value != null);
  const created = await readDate({ created_at: item.created_at });
  const updated = await readDate({ updated_at: item.updated_at });
  const notes = [created.note, updated.note].filter((note) => note !== undefined);
  const state = textOf(item.state);
  const owner = ownerOf(item), hash = hashOf(content, owner, owners, space);
  const memory = entry(place, {
    kind: "memory",
    content,
    content_hash: hash,
    tags: [...tagsOf(item.categories), ...tagsOf(given.tags)],
    metadata: {
      ...given,
      ...Object.fromEntries(rest.map(([key, value]) => [`mem0_${key}`, value as Json])),
      ...(state === undefined || state === "active" ? {} : { mem0_state: state }),
      // What the key was made with, by which it is known again.
      ...(hash === contentHash(content) ? {} : { mem0_owner: owner }),
    },
    conversation_id: textOf(item.run_id) ?? null,
    created_at: created.at,
    updated_at: updated.at ?? created.at,
  });
  return notes.length === 0 ? memory : { ...memory, note: `${notes.join("; ")}; the time of the import is taken` };
}

/** Who a memory belongs to, as text. */
function ownerOf(item: Record<string, unknown>): string {
  return ["user_id", "agent_id", "app_id"].map((key) => `${key}=${textOf(item[key]) ?? ""}`).join("&");
}

/** The same words of another owner are another memory; they have a key of their own where both are in one space. */
function hashOf(content: string, owner: string, owners: Map<string, string>, space = ""): string {
  const hash = contentHash(content), key = `${hash} ${space}`, first = owners.get(key);
  if (first === undefined) owners.set(key, owner);
  return first === undefined || first === owner ? hash : contentHash(content, { mem0_owner: owner });
}

/** A line of its graph: two names and what is between them. */
function relationOf(place: string, item: Record<string, unknown> | null): Entry {
  const source = textOf(item?.source), target = textOf(item?.target) ?? textOf(item?.destination);
  const relationship = textOf(item?.relationship) ?? textOf(item?.relation);
  if (source === undefined || target === undefined || relationship === undefined) {
    return { place, fault: "Cannot import it: it has no source, relationship and target" };
  }
  return entry(place, {
    kind: "memory",
    content: `${source} ${relationship.replaceAll("_", " ")} ${target}`,
    tags: [],
    memory_type: "relation",
    metadata: { mem0_source: source, mem0_relationship: relationship, mem0_target: target },
  });
}
