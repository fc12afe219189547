/**
 * Options of `search` and `list` that narrow down which memories are meant.
 *
 * @module
 */

import type { Command } from "commander";
import { MemoryError } from "../errors.ts";
import { isNullWord, listIn } from "../memory/loose_values.ts";

/** What was given. */
export interface FilterOptions {
  tag?: string[];
  allTags?: boolean;
  type?: string;
  conversation?: string;
  role?: string;
  since?: string;
  until?: string;
  meta?: string[];
  superseded?: boolean;
  asOf?: string;
  writer?: string;
  channel?: string;
}

/** The option behind each field of an operation's input, for messages. */
export const OPTIONS: Readonly<Record<string, string>> = {
  content: "<text>",
  query: "<query>",
  tags: "--tag",
  memory_type: "--type",
  conversation_id: "--conversation",
  role: "--role",
  metadata: "--meta",
  valid_from: "--valid-from",
  valid_until: "--valid-until",
  expires: "--expires",
  as_of: "--as-of",
  writer: "--writer",
  channel: "--channel",
  similarity_threshold: "--min-score",
  min_relevance: "--min-relevance",
  page_size: "--limit",
  page: "--page",
  mode: "--mode",
};

/** Unix seconds, or a day with a time. */
const POINT_IN_TIME = /^(?:\d{9}|\d{4}-?\d\d-?\d\d[T ]\d)/i;

/** For options that may be repeated. */
export const collect = (value: string, before: string[] = []) => [...before, value];

/** Tags of an option that may be repeated. Scripts give a whole list as JSON, or as Python prints it, and null for none. */
export function collectTags(value: string, before: string[] = []): string[] {
  if (isNullWord(value)) return before;
  const list = /^\[[^]*\]$/.test(value.trim()) ? listIn(value) : [value];
  return [...before, ...list.every((item) => typeof item === "string") ? list : [value]];
}

/** A value in which the word null, as scripts write it, can only mean that there is none. */
export const given = (value: string | undefined): string | undefined =>
  value === undefined || isNullWord(value) ? undefined : value;

/** Adds the options. */
export function addFilters(command: Command): Command {
  return command.option("-t, --tag <tag>", "only with this label; may be repeated", collectTags)
    .option("--all-tags", "all the labels, instead of any").option("--type <type>", "only this kind of memory")
    .option("--conversation <id>", "only turns of this conversation")
    .option("--role <role>", "only what the user, assistant, system or tool said")
    .option(
      "--since <time>",
      "only from then on: a date, a time (UTC unless it says otherwise), or words such as yesterday or last week",
    )
    .option("--until <time>", "only up to the end of that")
    .option("--meta <key=value>", "only with this in the metadata; may be repeated", collect)
    .option("--writer <name>", "only what this key, grant or import's file stored")
    .option("--channel <channel>", "only what came by rest, mcp, cli, document or import")
    .option("--as-of <time>", "only what counted then; a date, a time, or words such as yesterday")
    .option("--superseded", "also what newer memories replaced");
}

/** The fields that the options stand for. */
export async function filterFields(
  options: FilterOptions,
  timeZone: string,
  now = new Date(),
): Promise<Record<string, unknown>> {
  const period = (text: string) => timeOf(text, now, timeZone);
  const since = given(options.since), until = given(options.until), asOf = given(options.asOf);
  return {
    ...options.tag ? { tags: options.tag, match_all: options.allTags ?? false } : {},
    memory_type: given(options.type) ?? null,
    conversation_id: options.conversation ?? null,
    role: given(options.role) ?? null,
    ...since === undefined ? {} : { created_after: (await period(since)).from },
    ...asOf === undefined ? {} : { as_of: (await period(asOf)).from },
    ...until === undefined ? {} : { created_before: (await period(until)).before },
    ...options.meta ? { metadata: pairs(options.meta) } : {},
    writer: options.writer ?? null,
    channel: options.channel ?? null,
    ...options.superseded ? { include_superseded: true } : {},
  };
}

/** Words and days are those of the zone; a point in time is read as the servers read it, in UTC where it has no zone. */
export async function timeOf(text: string, now: Date, timeZone: string): Promise<{ from: number; before: number }> {
  // Loaded where a time is given alone: most commands have none, and are to start at once.
  const [{ parseInstant }, { parseTimeExpression }] = await Promise.all([
    import("../memory/time/instant.ts"),
    import("../memory/time_expression.ts"),
  ]);
  const instant = POINT_IN_TIME.test(text.trim()) ? parseInstant(text) : null;
  return instant === null ? await parseTimeExpression(text, now, timeZone) : { from: instant, before: instant };
}

/** `key=value` texts as an object; what reads as a number, true, false or null is one. */
export function pairs(texts: readonly string[]): Record<string, string | number | boolean | null> {
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf("=");
    if (at < 1) {
      throw new MemoryError("invalid_input", `Cannot use --meta "${text}": it takes key=value`, {
        field: "--meta",
        value: text,
      });
    }
    const value = text.slice(at + 1);
    return [text.slice(0, at), /^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?)$/.test(value) ? JSON.parse(value) : value];
  }));
}
