/**
 * The folder of basic-memory: Markdown notes in which lines such as `- [decision] text #tag (context)` are observations
 * and `- requires [[Other note]]` relations. Each observation becomes a memory, the rest of a note another.
 *
 * @module
 */

import { basename } from "node:path";
import { DocumentParser } from "../documents/parser.ts";
import { errorText, MemoryError } from "../errors.ts";
import { contentHash } from "../memory/hash.ts";
import type { Metadata } from "../memory/memory.ts";
import { type Entry, parseJson } from "../operations/moving/import.ts";
import { markingsOf, noteTags } from "./front_matter.ts";
import { entry, type ImporterOptions } from "./importer.ts";
import { hashOf, notesAt, readNote, textEntries } from "./markdown.ts";
import { NoteLinks } from "./note_links.ts";
import { readText } from "./text_file.ts";
import { objectOf, textOf } from "./values.ts";

/** Every note below a folder, the one at `path`, or, where others may be read, those of all projects in the `config.json` there. */
export async function* readBasicMemory(
  path: string,
  { ownersBy, elsewhere = false }: ImporterOptions = {},
): AsyncGenerator<Entry> {
  /** By project, where entries name theirs: links don't lead from one to another. */
  const links = new Map<string | undefined, NoteLinks>();
  await using parser = new DocumentParser();
  for await (const { file, place, project } of projectNotes(path, elsewhere)) {
    const owner = ownersBy === undefined ? undefined : project, own = links.get(owner) ?? new NoteLinks();
    links.set(owner, own);
    try {
      for (const entry of await entriesOf(parser, file, place, own)) yield { ...entry, owner };
    } catch (error) {
      yield { place, fault: errorText(error) };
    }
  }
  for (const [owner, own] of links) for (const relation of own.relations()) yield { ...relation, owner };
}

/** Notes with their projects: those that a `config.json` names, or else the first folders below the path. */
async function* projectNotes(
  path: string,
  elsewhere: boolean,
): AsyncGenerator<{ file: string; place: string; project?: string }> {
  if (!elsewhere || basename(path) !== "config.json") {
    for await (const note of notesAt(path)) {
      const end = note.place === path ? -1 : note.place.indexOf("/");
      yield end < 0 ? note : { ...note, project: note.place.slice(0, end) };
    }
    return;
  }
  const read = parseJson((await readText(path)).text),
    projects = "value" in read ? objectOf(read.value)?.projects : null;
  // Older versions have the path alone, newer ones an object with it.
  const listed = Object.entries(objectOf(projects) ?? {}).map(([name, value]) => ({
    name,
    folder: textOf(value) ?? textOf(objectOf(value)?.path),
  }));
  if (listed.length === 0) {
    throw new MemoryError("invalid_input", `Cannot import "${path}": it names no projects of basic-memory`, {
      value: path,
    });
  }
  for (const { name, folder } of listed) {
    if (folder === undefined) continue;
    try {
      for await (const { file, place } of notesAt(folder)) yield { file, place: `${name}/${place}`, project: name };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        throw new MemoryError("invalid_input", `Cannot read project "${name}": "${folder}" is not there`, {
          cause: error,
        });
      }
      throw error;
    }
  }
}

async function entriesOf(parser: DocumentParser, file: string, place: string, links: NoteLinks): Promise<Entry[]> {
  const note = await readNote(file), { fields } = note;
  const stem = basename(place).replace(/\.[^.]+$/, ""), title = typeof fields.title === "string" ? fields.title : stem;
  const lines = note.body.split("\n").map(lineOf);
  const body = lines.map((line) => line.kind === "text" ? line.text : null).filter((text) => text !== null);
  const tags = noteTags(fields.tags);
  const hasText = body.some((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  const entries: Entry[] = hasText
    ? await textEntries(parser, { ...note, body: body.join("\n") }, place, {
      tags: [...tags, ...markingsOf(body.join("\n")).tags],
      metadata: fields,
    })
    : [];
  for (const line of lines) {
    if (line.kind !== "observation") continue;
    const metadata: Metadata = { title, category: line.category, source_file: place };
    if (typeof fields.permalink === "string") metadata.permalink = fields.permalink;
    if (line.context !== null) metadata.context = line.context;
    const content = `${title}: ${line.text}`;
    entries.push(entry(place, {
      kind: "memory",
      content,
      content_hash: contentHash(content, { source_file: place }),
      tags: [...tags, ...markingsOf(line.text).tags],
      memory_type: line.category.slice(0, 256) || "observation",
      metadata,
      created_at: note.created + entries.length / 1000,
      updated_at: note.updated,
    }));
  }
  if (entries.length === 0) return [{ place, fault: "Cannot import it: it holds no text" }];
  if (!hasText && note.notes.length > 0) entries[0]!.note = note.notes.join("; ");
  const permalink = typeof fields.permalink === "string" ? [fields.permalink] : [];
  links.note(hashOf(entries[0]!), [title, stem, place.replace(/\.[^.]+$/, ""), ...permalink]);
  for (const line of lines) if (line.kind === "relation") links.link(line.target, line.type);
  for (const target of markingsOf(body.join("\n")).links) links.link(target, "links_to");
  return entries;
}

type Line =
  | { kind: "text"; text: string }
  | { kind: "observation"; category: string; text: string; context: string | null }
  | { kind: "relation"; type: string; target: string };

function lineOf(line: string): Line {
  const item = line.trim(), text = { kind: "text" as const, text: line };
  if (!item.startsWith("- ") && !item.startsWith("* ")) return text;
  const rest = item.slice(2).trim(), open = rest.indexOf("[["), close = rest.indexOf("]]", open);
  // `- requires [[Note]] (why)`; a link in the middle of a sentence is none.
  if (open >= 0 && close > open && !rest.startsWith("[") || rest.startsWith("[[")) {
    const after = rest.slice(close + 2).trim(), type = rest.slice(0, Math.max(0, open)).trim();
    const isRelation = close > open && (after === "" || (after.startsWith("(") && after.endsWith(")")));
    if (!isRelation || type.split(/\s+/).length > 4) return text;
    return {
      kind: "relation",
      type: type === "" ? "links_to" : type,
      target: rest.slice(open + 2, close).split("|", 1)[0]!.trim(),
    };
  }
  const end = rest.startsWith("[") ? rest.indexOf("] ") : -1, category = end < 0 ? "" : rest.slice(1, end).trim();
  // `- [ ]` and `- [x]` are tasks, `- [name](url)` is a link.
  if (end < 0 || category === "" || category.toLowerCase() === "x" || category === "-") return text;
  const said = rest.slice(end + 2).trim(), from = said.endsWith(")") ? said.lastIndexOf("(") : -1;
  if (from <= 0) return { kind: "observation", category, text: said, context: null };
  return { kind: "observation", category, text: said.slice(0, from).trim(), context: said.slice(from + 1, -1).trim() };
}
