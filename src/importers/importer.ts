/**
 * What an importer is: it reads another program's data and yields entries for the import.
 *
 * @module
 */

import type { ContentLineInput } from "../operations/moving/format.ts";
import type { Entry } from "../operations/moving/import.ts";

/** Reads everything at `path`, a file, a folder or a URL. */
export type Importer = (path: string) => AsyncIterable<Entry>;

/** An entry whose value the compiler has seen; `check` in the import still looks at what is inside. */
export function entry(place: string, value: ContentLineInput): Entry {
  return { place, value };
}

/** A number of Unix seconds from what programs write for times: seconds, milliseconds or ISO text; else undefined. */
export function secondsOf(value: unknown): number | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return value > 1e11 ? value / 1000 : value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  if (Number.isFinite(number)) return secondsOf(number);
  // Without a zone, text of these programs means UTC.
  const iso = /T\d/.test(value) && !/(Z|[+-]\d{2}:?\d{2})$/i.test(value) ? `${value}Z` : value;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? undefined : ms / 1000;
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
