/**
 * Names that a caller gives and that are not known: mistakes to name, or additions of a client to leave alone.
 *
 * @module
 */

import { editDistance } from "./edit_distance.ts";

/** Names that clients and the programs around them add to every call. */
const ADDED_BY_CLIENTS = new Set(["toolCallId", "sessionId"]);

/** Names that aren't known in one call; no client adds so many, and comparing each with what is known takes time. */
export const MAX_UNKNOWN_NAMES = 1000;
/** Names shown of a call that has more. */
const SHOWN_NAMES = 20;

/** What may be given. */
export interface KnownNames {
  names: readonly string[];
  /** Other names, each with the name it stands for. */
  aliases?: Readonly<Record<string, string>>;
  /** Whether every name that isn't known is a mistake, because a call that was misunderstood would lose something. */
  strict?: boolean;
}

/** What became of the names that aren't known. */
export interface UnknownNames {
  /** Left alone, in the order given. */
  ignored: string[];
  /** Names with what they were probably meant to be; null where nothing is near. */
  mistaken: { name: string; meant: string | null }[];
}

/**
 * Sorts the given names that are neither known nor an alias. One that is near a known name which wasn't given itself is a
 * mistake: within two edits, or one where it has under six letters, with case, `_` and `-` aside. Above
 * {@link MAX_UNKNOWN_NAMES} all are mistakes, of which the first are named.
 */
export function unknownNames(
  given: readonly string[],
  { names, aliases = {}, strict = false }: KnownNames,
): UnknownNames {
  const known = new Set([...names, ...Object.keys(aliases)]), present = new Set(given);
  const unknown = given.filter((name) => !known.has(name));
  if (unknown.length === 0) return { ignored: [], mistaken: [] };
  if (unknown.length > MAX_UNKNOWN_NAMES) {
    return { ignored: [], mistaken: unknown.slice(0, SHOWN_NAMES).map((name) => ({ name, meant: null })) };
  }
  // A name whose other name was given is not what a third one means.
  for (const [alias, name] of Object.entries(aliases)) if (present.has(alias)) present.add(name);
  const open = [...known].filter((name) => !present.has(name) && !present.has(aliases[name] ?? ""));
  const result: UnknownNames = { ignored: [], mistaken: [] };
  for (const name of unknown) {
    const isAdded = ADDED_BY_CLIENTS.has(name) || name.startsWith("_");
    const meant = isAdded ? null : nearest(name, open);
    if (meant !== null || (strict && !isAdded)) result.mistaken.push({ name, meant });
    else result.ignored.push(name);
  }
  return result;
}

function nearest(name: string, candidates: readonly string[]): string | null {
  const word = bare(name), most = word.length < 6 ? 1 : 2;
  let best: string | null = null, least = most + 1;
  for (const candidate of candidates) {
    const other = bare(candidate);
    if (Math.abs(word.length - other.length) > most) continue;
    const distance = editDistance(word, other);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

const bare = (name: string) => name.slice(0, 100).toLowerCase().replaceAll(/[_-]/g, "");
