/**
 * Exports of mem0: a JSON list, or an object with the list under `results` or `memories`, as its `get_all` answers.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { Json, Metadata } from "../memory/memory.ts";
import { type Entry, parseJson } from "../operations/moving/import.ts";
import { entry, secondsOf, tagsOf } from "./importer.ts";

type Item = Record<string, Json | undefined>;

/** Fields that become a memory's own; all others are kept in its metadata. */
const OWN = new Set(["memory", "text", "data", "metadata", "categories", "created_at", "updated_at", "run_id"]);

/** Each memory of an export. */
export async function* readMem0(path: string): AsyncGenerator<Entry> {
  const read = parseJson(await Deno.readTextFile(path));
  const value = "value" in read ? read.value : null;
  const found = value as { results?: unknown; memories?: unknown } | null;
  const list = Array.isArray(value) ? value : found?.results ?? found?.memories;
  if (!Array.isArray(list)) {
    throw new MemoryError("invalid_input", `Cannot import "${path}": it holds no list of mem0 memories`, {
      value: path,
    });
  }
  for (const [index, value] of list.entries()) {
    const place = `Item ${index + 1}`, item = value as Item | null;
    const content = item?.memory ?? item?.text ?? item?.data;
    if (item === null || typeof content !== "string") {
      yield { place, fault: "Cannot import it: it has no text under `memory`" };
      continue;
    }
    const given = (typeof item.metadata === "object" && item.metadata !== null ? item.metadata : {}) as Metadata;
    const rest = Object.entries(item).filter(([key, value]) => !OWN.has(key) && value != null);
    const renamed = rest.map(([key, value]) => [`mem0_${key}`, value!] as const);
    yield entry(place, {
      kind: "memory",
      content,
      tags: [...tagsOf(item.categories), ...tagsOf(given.tags)],
      metadata: { ...given, ...Object.fromEntries(renamed) },
      conversation_id: typeof item.run_id === "string" && item.run_id !== "" ? item.run_id : null,
      created_at: secondsOf(item.created_at),
      updated_at: secondsOf(item.updated_at ?? item.created_at),
    });
  }
}
