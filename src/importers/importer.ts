/**
 * What an importer is: it reads another program's data and yields entries for the import.
 *
 * @module
 */

import type { ContentLineInput } from "../operations/moving/format.ts";
import { parseInstant } from "../memory/time/instant.ts";
import type { Entry } from "../operations/moving/import.ts";

/** What is to be kept of a turn; null for nothing. @param project The session's folder, where it is known. */
export type OmitTurn = (turn: { role: string; text: string }, project: string | undefined) => string | null;

/** What the caller may ask of an importer. */
export interface ImporterOptions {
  /** Whether the folders a note lies in become its tags. */
  folderTags?: boolean;
  /**
   * Whether files that others name are read too, wherever on this machine they are. Only for who may read all that this
   * process may.
   */
  elsewhere?: boolean;
  /** The field that names owners, one of those in the table: entries then say whose they are. */
  ownersBy?: string | undefined;
  /** What is to be kept of a transcript's turns. */
  omit?: OmitTurn;
}

/** Reads everything at `path`, a file, a folder or a URL. */
export type Importer = (path: string, options?: ImporterOptions) => AsyncIterable<Entry>;

/** An entry whose value the compiler has seen; `check` in the import still looks at what is inside. */
export function entry(place: string, value: ContentLineInput): Entry {
  return { place, value };
}

/** Unix seconds from what programs write for times; undefined for what isn't one. Without a zone, UTC is meant. */
export function secondsOf(value: unknown): number | undefined {
  return typeof value === "number" || typeof value === "string" ? parseInstant(value) ?? undefined : undefined;
}

/** Tags from a JSON list, a list as JSON text, or names separated by commas. */
export function tagsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  if (typeof value !== "string") return [];
  const text = value.trim();
  if (text.startsWith("[")) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list)) return list.map(String);
    } catch {
      // a tag that begins with a bracket
    }
  }
  return text.split(",");
}
