/**
 * Taking out of imported entries what no new memory may have: control characters and line breaks in names, keys
 * `__proto__` and too much metadata. The entry is imported all the same, and the report lists what it lost.
 *
 * @module
 */

import type { Metadata } from "../../memory/memory.ts";
import { cleanMetadata } from "../../memory/metadata.ts";
import { cleanName, isCleanName } from "../../memory/schemas.ts";

const NAMES = ["memory_type", "conversation_id", "type"];

/**
 * The entry without such values; what isn't of the right type stays, for the schema to refuse.
 *
 * @param changes Takes what was changed, in words.
 */
export function cleanLine(value: unknown, changes: string[]): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const line = { ...value as Record<string, unknown> };
  if (Array.isArray(line.tags)) {
    line.tags = line.tags.map((tag: unknown) => typeof tag === "string" ? cleaned("tag", tag, changes) : tag);
  }
  for (const name of NAMES) {
    const given = line[name];
    // A name of nothing but control characters is none.
    if (typeof given === "string") line[name] = cleaned(name, given, changes) || (given === "" ? "" : null);
  }
  if (typeof line.metadata === "object" && line.metadata !== null && !Array.isArray(line.metadata)) {
    const { metadata, changes: lost } = cleanMetadata(line.metadata as Metadata);
    line.metadata = metadata;
    changes.push(...lost);
  }
  return line;
}

function cleaned(what: string, name: string, changes: string[]): string {
  // Surrounding blanks of tags have always been dropped; that is nothing to report.
  if (isCleanName(name.trim())) return name;
  changes.push(`${what} ${JSON.stringify(name.slice(0, 100).toWellFormed())} lost its control characters`);
  return cleanName(name);
}
