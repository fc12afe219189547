/**
 * The graph file of the reference MCP memory server: a JSON value a line, entities with observations, and relations
 * between entities. Each observation becomes a memory.
 *
 * @module
 */

import { fold } from "../memory/fold.ts";
import { contentHash } from "../memory/hash.ts";
import { type Entry, parseJson } from "../operations/moving/import.ts";
import { entry, secondsOf } from "./importer.ts";
import { readText } from "./text_file.ts";
import { objectOf, textOf } from "./values.ts";

/** Longest name that is looked for in observations, as long as a tag may be. */
const LONGEST_NAME = 256;

type Line = Record<string, unknown>;

/** Entities become the memories of their observations, relations links between the first memories of two entities. */
export async function* readReferenceGraph(path: string): AsyncGenerator<Entry> {
  const { text, notes } = await readText(path), lines = text.split("\n");
  yield* notes;
  const relations: { place: string; line: Line }[] = [], first = new Map<string, string>();
  for (const [index, text] of lines.entries()) {
    if (text.trim() === "") continue;
    const place = `Line ${index + 1}`, read = parseJson(text);
    if ("fault" in read) {
      yield { place, fault: read.fault };
      continue;
    }
    const line = (read.value ?? {}) as Line, kind = kindOf(line);
    if (kind === "relation") relations.push({ place, line });
    else if (kind === "entity" && typeof line.name === "string") {
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

/** Some forks write no `type`; the fields decide. */
function kindOf(line: Line): unknown {
  if (typeof line.type === "string" && (line.type === "entity" || line.type === "relation")) return line.type;
  if (line.from !== undefined && line.to !== undefined) return "relation";
  return line.name !== undefined && (line.observations !== undefined || line.entityType !== undefined)
    ? "entity"
    : line.type;
}

function* observations(place: string, name: string, line: Line, first: Map<string, string>): Generator<Entry> {
  const type = typeof line.entityType === "string" && line.entityType !== "" ? line.entityType : null;
  const given = Array.isArray(line.observations) ? line.observations.map(observationOf) : [];
  // An entity without observations is still one: its name and type are what is known.
  const known = given.filter(({ text }) => text.trim() !== "");
  const all = known.length > 0 ? known : [{ text: type === null ? name : `${name} is a ${type}`, at: undefined }];
  for (const { text, at } of all) {
    // An observation alone rarely says what it is about.
    const content = hasName(text, name) ? text : `${name}: ${text}`, created_at = at ?? secondsOf(line.createdAt);
    const content_hash = contentHash(content);
    if (!first.has(name)) first.set(name, content_hash);
    yield entry(place, {
      kind: "memory",
      content,
      content_hash,
      tags: [name.slice(0, 256)],
      memory_type: "observation",
      metadata: { entity: name, entity_type: type, observation: text },
      created_at,
    });
  }
}

/** Forks keep observations as objects with their text and time. */
function observationOf(value: unknown): { text: string; at: number | undefined } {
  const fields = objectOf(value);
  if (fields === null) return { text: typeof value === "string" ? value : JSON.stringify(value), at: undefined };
  const text = textOf(fields.content) ?? textOf(fields.text) ?? textOf(fields.observation) ?? JSON.stringify(fields);
  return { text, at: secondsOf(fields.createdAt ?? fields.created_at ?? fields.timestamp) };
}

/** Whether the name stands in the text as a word of its own: "AI" is not in "Maintains". */
function hasName(text: string, name: string): boolean {
  // No name of anything; looking for it at every place of a text would cost the product of the two.
  if (name.length > LONGEST_NAME) return false;
  const words = fold(text), wanted = fold(name);
  if (wanted === "") return false;
  const isPart = (char: string | undefined) => char !== undefined && /[\p{L}\p{N}]/u.test(char);
  for (let at = words.indexOf(wanted); at >= 0; at = words.indexOf(wanted, at + 1)) {
    if (!isPart(words[at - 1]) && !isPart(words[at + wanted.length])) return true;
  }
  return false;
}
