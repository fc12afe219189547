/**
 * Links between notes by name, resolved once all notes are read.
 *
 * @module
 */

import type { Entry } from "../operations/moving/import.ts";
import { entry } from "./importer.ts";
import { leftOut } from "./turns.ts";

/** Collects names and links in the order in which notes are read. */
export class NoteLinks {
  readonly #byName = new Map<string, string>();
  readonly #links: { source: string; target: string; type: string }[] = [];
  #current = "";

  /**
   * Begins a note.
   *
   * @param hash content_hash of its first memory.
   * @param names What others may call it, in any case; the first note of a name keeps it.
   */
  note(hash: string, names: readonly string[]): void {
    this.#current = hash;
    for (const name of names) {
      const key = keyOf(name);
      if (key !== "" && !this.#byName.has(key)) this.#byName.set(key, hash);
    }
  }

  /** Notes that the current note links to another. */
  link(target: string, type: string): void {
    this.#links.push({ source: this.#current, target, type });
  }

  /** The relations; links to notes that aren't there are counted as left out. */
  *relations(): Generator<Entry> {
    const seen = new Set<string>();
    for (const { source, target: name, type } of this.#links) {
      const key = keyOf(name), target = this.#byName.get(key) ?? this.#byName.get(key.slice(key.lastIndexOf("/") + 1));
      const relation = `${source} ${type} ${target}`;
      if (target === undefined) yield leftOut(`Link to ${name}`, "links to notes that are not there");
      else if (target !== source && !seen.has(relation)) {
        yield entry(`Link to ${name}`, { kind: "relation", source, target, type });
      }
      seen.add(relation);
    }
  }
}

function keyOf(name: string): string {
  return name.normalize("NFC").trim().toLowerCase().replace(/\.(?:md|markdown)$/, "").replaceAll("\\", "/");
}
