/**
 * A folder of Markdown notes, such as an Obsidian vault. Each note becomes one memory or, when it is long, one for each
 * chunk; front matter becomes metadata, tags the memory's, and wiki links relations.
 *
 * @module
 */

import { basename, dirname, join, relative } from "node:path";
import { CHUNK_OVERLAP, CHUNK_SIZE } from "../documents/chunks.ts";
import { decodeText } from "../documents/decode.ts";
import { DEFAULT_LIMITS } from "../documents/document.ts";
import { DocumentParser } from "../documents/parser.ts";
import type { ReadChunk } from "../documents/read.ts";
import { errorText } from "../errors.ts";
import { DOCUMENT_CONVERSATION } from "../memory/document_conversation.ts";
import { contentHash } from "../memory/hash.ts";
import type { Metadata } from "../memory/memory.ts";
import type { Entry } from "../operations/moving/import.ts";
import { readDate } from "./dates.ts";
import { markingsOf, noteTags, splitNote } from "./front_matter.ts";
import { entry, type ImporterOptions } from "./importer.ts";
import { NoteLinks } from "./note_links.ts";

/** Every note below a folder, in the order of the paths, or the one note at `path`. Links are not followed. */
export async function* readMarkdown(path: string, { folderTags = false }: ImporterOptions = {}): AsyncGenerator<Entry> {
  const links = new NoteLinks();
  await using parser = new DocumentParser();
  for await (const { file, place } of notesAt(path)) {
    try {
      yield* await entriesOf(parser, file, place, folderTags, links);
    } catch (error) {
      yield { place, fault: errorText(error) };
    }
  }
  yield* links.relations();
}

/** The notes at a path, with their places in it. */
export async function* notesAt(path: string): AsyncGenerator<{ file: string; place: string }> {
  const { isDirectory } = await Deno.stat(path);
  if (!isDirectory) return yield { file: path, place: path };
  for await (const file of notesIn(path)) yield { file, place: relative(path, file).replaceAll("\\", "/") };
}

async function* notesIn(folder: string): AsyncGenerator<string> {
  const entries = (await Array.fromAsync(Deno.readDir(folder))).sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isFile } of entries) {
    if (name.startsWith(".")) continue; // settings of editors, not notes
    if (isDirectory) yield* notesIn(join(folder, name));
    else if (isFile && /\.(md|markdown)$/i.test(name)) yield join(folder, name);
  }
}

/** A note that was read. */
export interface ReadNote {
  fields: Metadata;
  body: string;
  /** Unix seconds: by its front matter, else by its file. */
  created: number;
  updated: number;
  /** What was understood otherwise than it was written. */
  notes: string[];
}

/** Reads a note's file in whatever encoding it is, and its front matter. */
export async function readNote(file: string): Promise<ReadNote> {
  const [bytes, { mtime }] = await Promise.all([Deno.readFile(file), Deno.stat(file)]);
  const { text, encoding } = decodeText(bytes, file);
  const { fields, body, fault } = splitNote(text);
  const changed = (mtime?.getTime() ?? Date.now()) / 1000;
  const created = await readDate({ created: fields.created, date: fields.date });
  const updated = await readDate({ updated: fields.updated, modified: fields.modified });
  const dates = [created.note, updated.note].filter((note) => note !== undefined);
  const notes = [
    ...encoding === "utf-8" ? [] : [`Read as ${encoding}`],
    ...fault === undefined ? [] : [`${fault}; it stays part of the text`],
    ...dates.length === 0 ? [] : [`${dates.join("; ")}; the file's own time is taken`],
  ];
  return { fields, body, created: created.at ?? changed, updated: updated.at ?? created.at ?? changed, notes };
}

async function entriesOf(
  parser: DocumentParser,
  file: string,
  place: string,
  folderTags: boolean,
  links: NoteLinks,
): Promise<Entry[]> {
  const note = await readNote(file);
  if (note.body.trim() === "") return [{ place, fault: "Cannot import it: it holds no text" }];
  const { tags, links: targets } = markingsOf(note.body);
  const folders = folderTags ? dirname(place).split("/").filter((name) => name !== "." && name !== "") : [];
  const entries = await textEntries(parser, note, place, {
    tags: [...noteTags(note.fields.tags ?? note.fields.tag), ...tags, ...folders],
    metadata: note.fields,
  });
  const names = [basename(place).replace(/\.[^.]+$/, ""), place.replace(/\.[^.]+$/, ""), ...aliases(note.fields)];
  links.note(hashOf(entries[0]!), names);
  for (const target of targets) links.link(target, "links_to");
  return entries;
}

/** The memories of a note's text. */
export async function textEntries(
  parser: DocumentParser,
  { fields, body, created, updated, notes }: ReadNote,
  place: string,
  { tags, metadata }: { tags: string[]; metadata: Metadata },
): Promise<Entry[]> {
  const type = typeof fields.type === "string" && fields.type !== "" ? fields.type : "note";
  const shared = { ...metadata, source_file: place }, whole = body.trim();
  const chunks = whole.length <= CHUNK_SIZE.default
    ? [{ text: whole, headings: [] }]
    : await chunksOf(parser, body, place);
  return chunks.map(({ text, headings }, index) => ({
    ...entry(place, {
      kind: "memory",
      content: text,
      // The same words in two notes are two memories.
      content_hash: contentHash(text, { source_file: place }),
      tags,
      memory_type: type,
      metadata: chunks.length === 1 ? shared : {
        ...shared,
        section_path: headings.map((heading) => heading.text),
        chunk_index: index,
        total_chunks: chunks.length,
      },
      conversation_id: chunks.length === 1 ? null : `${DOCUMENT_CONVERSATION}${place}`.slice(0, 256),
      // Chunks keep their order.
      created_at: created + index / 1000,
      updated_at: updated,
    }),
    ...index === 0 && notes.length > 0 ? { note: notes.join("; ") } : {},
  }));
}

async function chunksOf(parser: DocumentParser, body: string, place: string): Promise<ReadChunk[]> {
  const { chunks } = await parser.read({
    bytes: new TextEncoder().encode(body),
    fileName: place,
    limits: DEFAULT_LIMITS,
    chunking: { size: CHUNK_SIZE.default, overlap: CHUNK_OVERLAP.default },
  });
  return chunks;
}

/** Other names under which notes link to this one. */
function aliases({ title, aliases, alias }: Metadata): string[] {
  return [title, ...[aliases ?? alias].flat()].filter((name) => typeof name === "string");
}

/** The key of an entry made here. */
export function hashOf({ value }: Entry): string {
  return (value as { content_hash: string }).content_hash;
}
