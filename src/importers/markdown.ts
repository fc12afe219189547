/**
 * A folder of Markdown notes. Each note becomes one memory or, when it is long, one for each chunk; front matter becomes
 * metadata, and its tags the memory's.
 *
 * @module
 */

import { join, relative } from "node:path";
import { CHUNK_OVERLAP, CHUNK_SIZE, chunkSections } from "../documents/chunks.ts";
import { DEFAULT_LIMITS } from "../documents/document.ts";
import { parseDocument } from "../documents/parse.ts";
import { errorText } from "../errors.ts";
import { contentHash } from "../memory/hash.ts";
import type { Json, Metadata } from "../memory/memory.ts";
import type { Entry } from "../operations/moving/import.ts";
import { entry, secondsOf, tagsOf } from "./importer.ts";

const FRONT_MATTER = /^\ufeff?---[ \t]*\r?\n([^]*?\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/;

/** Every note below a folder, in the order of the paths, or the one note at `path`. Links are not followed. */
export async function* readMarkdown(path: string): AsyncGenerator<Entry> {
  const { isDirectory } = await Deno.stat(path);
  const files = isDirectory ? notesIn(path) : [path];
  for await (const file of files) {
    const place = isDirectory ? relative(path, file) : file;
    try {
      yield* await entriesOf(file, place);
    } catch (error) {
      yield { place, fault: errorText(error) };
    }
  }
}

async function* notesIn(folder: string): AsyncGenerator<string> {
  const entries = (await Array.fromAsync(Deno.readDir(folder))).sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isFile } of entries) {
    if (name.startsWith(".")) continue; // settings of editors, not notes
    if (isDirectory) yield* notesIn(join(folder, name));
    else if (isFile && /\.(md|markdown)$/i.test(name)) yield join(folder, name);
  }
}

async function entriesOf(file: string, place: string): Promise<Entry[]> {
  const text = await Deno.readTextFile(file), { mtime } = await Deno.stat(file);
  const front = FRONT_MATTER.exec(text), fields = front ? fieldsOf(front[1]!) : {};
  const body = front ? text.slice(front[0].length) : text;
  if (body.trim() === "") return [{ place, fault: "Cannot import it: it holds no text" }];
  const document = await parseDocument(new TextEncoder().encode(body), place.replaceAll("\\", "/"), DEFAULT_LIMITS);
  const changed = (mtime?.getTime() ?? Date.now()) / 1000;
  const created = secondsOf(fields.created) ?? secondsOf(fields.date) ?? changed;
  const updated = secondsOf(fields.updated) ?? secondsOf(fields.modified) ?? changed;
  const type = typeof fields.type === "string" && fields.type !== "" ? fields.type : "note";
  const shared = { ...fields, source_file: place };
  const whole = body.trim();
  const chunks = whole.length <= CHUNK_SIZE.default
    ? [{ text: whole, headings: [] }]
    : [...chunkSections(document.sections, { size: CHUNK_SIZE.default, overlap: CHUNK_OVERLAP.default })];
  return chunks.map(({ text, headings }, index) => {
    const metadata: Metadata = chunks.length === 1 ? shared : {
      ...shared,
      section_path: headings.map((heading) => heading.text),
      chunk_index: index,
      total_chunks: chunks.length,
    };
    return entry(place, {
      kind: "memory",
      content: text,
      // The same words in two notes are two memories.
      content_hash: contentHash(text, { source_file: place }),
      tags: [...tagsOf(fields.tags ?? fields.tag).map((tag) => tag.trim().replace(/^#/, ""))],
      memory_type: type,
      metadata,
      conversation_id: chunks.length === 1 ? null : `document:${place}`.slice(0, 256),
      // Chunks keep their order.
      created_at: created + index / 1000,
      updated_at: updated,
    });
  });
}

/** Front matter as notes have it: `key: value` with texts, numbers, truth values and lists; deeper YAML stays text. */
function fieldsOf(front: string): Metadata {
  const fields: Metadata = {};
  let key: string | null = null, list: Json[] = [];
  for (const line of front.split(/\r?\n/)) {
    const item = /^\s*-\s+(.*)$/.exec(line), pair = /^([\w][\w .-]*):(?:\s+(.*))?$/.exec(line);
    if (item && key !== null) {
      list.push(scalarOf(item[1]!));
      fields[key] = list;
    } else if (pair) {
      [key, list] = [pair[1]!.trim(), []];
      fields[key] = valueOf((pair[2] ?? "").trim());
    } else if (key !== null && typeof fields[key] === "string" && line.trim() !== "" && !line.startsWith("#")) {
      fields[key] = `${fields[key]}\n${line}`.trim();
    }
  }
  return fields;
}

function valueOf(text: string): Json {
  const inside = /^\[(.*)\]$/.exec(text)?.[1];
  if (inside === undefined) return scalarOf(text);
  return inside.trim() === "" ? [] : inside.split(",").map((item) => scalarOf(item.trim()));
}

function scalarOf(text: string): Json {
  const quoted = /^(["'])(.*)\1$/.exec(text)?.[2];
  if (quoted !== undefined) return quoted;
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : text;
}
