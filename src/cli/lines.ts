/**
 * How memories are shown on a line each, by ids that are as short as they can be.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { MemoryView } from "../memory/schemas.ts";
import type { BatchOutput } from "../operations/batch.ts";
import { type ClientContext, Failed, paint, printable, show } from "./context.ts";
import type { Service } from "./remote.ts";

/** Characters of a content on one line. */
export const LINE = 159;
/** Digits of an id that nearly always mean one memory. */
const DIGITS = 10;
/** Ids that are shortened by one call. */
const AT_ONCE = 1000;

/** The shown form of an id. */
export type Short = (content_hash: string) => string;

/** What shows these memories' ids by as many digits as it takes to mean one memory of the store. */
export async function shortKeys(
  service: Service,
  memories: readonly Pick<MemoryView, "content_hash">[],
): Promise<Short> {
  const hashes = [...new Set(memories.map(({ content_hash }) => content_hash))], short = new Map<string, string>();
  try {
    for (let at = 0; at < hashes.length; at += AT_ONCE) {
      const part = hashes.slice(at, at + AT_ONCE);
      const { keys } = await service.call<{ keys: string[] }>("shortenKeys", { content_hashes: part });
      part.forEach((hash, i) => short.set(hash, keys[i]!));
    }
  } catch (error) {
    // An older service can't tell; ids that mean several memories are refused by name.
    if (!(error instanceof MemoryError) || error.code !== "unsupported") throw error;
  }
  return (hash) => short.get(hash) ?? hash.slice(0, DIGITS);
}

/**
 * An id as it is typed, such as one copied in capitals.
 *
 * @throws {MemoryError} `invalid_input` for what is no id.
 */
export function keyOf(text: string, option: string): string {
  const key = text.trim().toLowerCase();
  if (/^[0-9a-f]{10,64}$/.test(key)) return key;
  throw new MemoryError(
    "invalid_input",
    `Cannot use ${option} "${text}": an id has 10 to 64 digits from 0 to 9 and a to f`,
    {
      field: option,
      value: text,
    },
  );
}

/** A memory on a line: its day, its id, its content and its tags. */
export function line(
  context: ClientContext,
  { created_at, content, content_hash, tags }: Pick<MemoryView, "created_at" | "content" | "content_hash" | "tags">,
  short: Short,
  full = false,
): string {
  const day = paint(context, "dim", created_at === null ? "" : dayOf(created_at, context.reach().timeZone)),
    labels = tags.map((tag) => ` #${tag}`).join(""),
    id = paint(context, "dim", short(content_hash));
  return `${day}  ${id}  ${printable(full ? content : oneLine(content))}${paint(context, "dim", printable(labels))}`;
}

/** The day that `--since` and `--until` mean by the same name. */
export function dayOf(seconds: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(seconds * 1000)).toZonedDateTimeISO(timeZone).toPlainDate()
    .toString();
}

/** A text without line breaks, shortened. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= LINE + 2 ? line : `${line.slice(0, LINE).toWellFormed()}…`;
}

/**
 * Shows what a change of several memories did.
 *
 * @throws {Failed} where one of them wasn't there.
 */
export function showBatch(context: ClientContext, json: boolean | undefined, result: BatchOutput): void {
  show(context, json, result, () => [
    result.message,
    ...result.results.flatMap(({ error }) => error === null ? [] : [paint(context, "yellow", error)]),
  ]);
  if (!result.success) throw new Failed();
}
