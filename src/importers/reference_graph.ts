/**
 * The graph file of the reference MCP memory server: a JSON value a line, entities with observations, and relations
 * between entities. Each observation becomes a memory.
 *
 * @module
 */

import { contentHash } from "../memory/hash.ts";
import { type Entry, parseJson } from "../operations/moving/import.ts";
import { entry } from "./importer.ts";

type Line = Record<string, unknown>;

/** Entities become the memories of their observations, relations links between the first memories of two entities. */
export async function* readReferenceGraph(path: string): AsyncGenerator<Entry> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  const relations: { place: string; line: Line }[] = [], first = new Map<string, string>();
  for (const [index, text] of lines.entries()) {
    if (text.trim() === "") continue;
    const place = `Line ${index + 1}`, read = parseJson(text);
    if ("fault" in read) {
      yield { place, fault: read.fault };
      continue;
    }
    const line = (read.value ?? {}) as Line;
    if (line.type === "relation") relations.push({ place, line });
    else if (line.type === "entity" && typeof line.name === "string") {
      yield* observations(place, line.name, line, first);
    } else yield { place, fault: "Cannot import it: it is neither an entity nor a relation" };
  }
  for (const { place, line: { from, to, relationType } } of relations) {
    const source = first.get(String(from)), target = first.get(String(to));
    if (source === undefined || target === undefined) {
      const missing = source === undefined ? from : to;
      yield { place, fault: `Cannot import the relation: there is no entity "${missing}"` };
    } else yield entry(place, { kind: "relation", source, target, type: String(relationType) });
  }
}

function* observations(place: string, name: string, line: Line, first: Map<string, string>): Generator<Entry> {
  const type = typeof line.entityType === "string" && line.entityType !== "" ? line.entityType : null;
  const given = Array.isArray(line.observations) ? line.observations.map(String) : [];
  // An entity nothing was observed of is still one: its name and type are what is known.
  const texts = given.length > 0 ? given : [type === null ? name : `${name} is a ${type}`];
  for (const text of texts) {
    // An observation alone rarely says what it is about.
    const content = text.toLowerCase().includes(name.toLowerCase()) ? text : `${name}: ${text}`;
    const content_hash = contentHash(content);
    if (!first.has(name)) first.set(name, content_hash);
    yield entry(place, {
      kind: "memory",
      content,
      content_hash,
      tags: [name.slice(0, 256)],
      memory_type: "observation",
      metadata: { entity: name, entity_type: type, observation: text },
    });
  }
}
