/**
 * Memories as text for a model to read at the least cost: for each one line of facts, and its content once.
 *
 * @module
 */

import { fact, type Framed, framed, knownOrigin, someTagFacts, UNNAMED } from "./framing.ts";
import type { Passage } from "./passage.ts";
import { type ShortKey, shortKey } from "./schemas.ts";
import type { TemporalIntent } from "./temporal.ts";

/** A turn of a conversation beside a memory; without its content only its key is shown. */
export interface CompactTurn {
  id: string;
  content?: string | undefined;
}

/** A memory as far as an answer holds it. */
export interface CompactMemory {
  content_hash: string;
  content?: string | undefined;
  tags?: readonly string[] | undefined;
  memory_type?: string | null | undefined;
  metadata?: Record<string, unknown> | undefined;
  created_at_iso?: string | null | undefined;
  superseded_by?: string | undefined;
  /** Name of the space it is in; absent where that needn't be said. */
  space?: string | undefined;
  /** Who stored it, where that was made of the memory already. */
  origin?: string | undefined;
  /** 0 to 1. */
  relevance?: number | null | undefined;
  /** What made its score, where that was asked for. */
  relevance_reason?: string | undefined;
  passage?: Passage | undefined;
  /** Characters of the whole content, where only a part is given. */
  content_length?: number | undefined;
  before?: readonly CompactTurn[] | undefined;
  after?: readonly CompactTurn[] | undefined;
  /** The other turn of its exchange. */
  exchange?: CompactExchange | undefined;
}

/** The question before a memory, or the answer after it. */
export interface CompactExchange {
  content_hash: string;
  part: "question" | "answer";
  role?: string | undefined;
  content?: string | undefined;
  passage?: Passage | undefined;
  content_length?: number | undefined;
}

/** Facts about a list of memories. */
export interface CompactFacts {
  total: number;
  /** Whether there may be more than `total`. */
  total_is_minimum?: boolean | undefined;
  page: number;
  total_pages: number;
  relevant?: number | undefined;
  omitted?: number | undefined;
  truncated?: boolean | undefined;
  how?: string | undefined;
  notice?: string | null | undefined;
  /** What the question's words did to the order. */
  temporal_intent?: TemporalIntent | undefined;
}

const TEMPORAL: Readonly<Record<TemporalIntent, string>> = {
  now: "newer before older",
  before: "older before newer",
  order: "the best oldest first",
};

/** A page of memories as text. */
export function compactText(
  memories: readonly CompactMemory[],
  facts: CompactFacts,
  short: ShortKey = shortKey,
): string {
  return framed(headOf(memories.length, facts), memories.map((memory) => compactBlock(memory, { short })));
}

/** A number of things in words. */
export function countOf(count: number, thing: string): string {
  return `${count} ${count === 1 ? thing : `${thing}s`}`;
}

/** A message with short keys in the place of whole ones. */
export function withShortKeys(message: string, short: ShortKey): string {
  return message.replace(/\b[0-9a-f]{64}\b/g, (hash) => short(hash));
}

function headOf(shown: number, facts: CompactFacts): string {
  const { total, total_is_minimum, page, total_pages, relevant, omitted, truncated, how, notice } = facts;
  const all = `${total}${total_is_minimum ? " or more" : ""}`;
  // Each word here is paid for by few results. That there is more than is shown, the numbers say.
  const head = [
    total === 0
      ? "No memories"
      : relevant === undefined || relevant >= total
      ? `${shown} of ${all}`
      : relevant === 0
      ? `None of ${all} is likely what was asked for`
      : `${relevant} of ${all} relevant`,
  ];
  if (page > 1) head.push(`page ${page} of ${total_pages}`);
  if (facts.temporal_intent && shown > 1) head.push(TEMPORAL[facts.temporal_intent]);
  if (omitted) head.push(`${omitted} omitted to keep within max_tokens`);
  else if (truncated) head.push("some shortened to keep within max_tokens");
  if (how) head.push(how);
  if (notice) head.push(notice);
  return head.join("; ");
}

/** How {@link compactBlock} names memories, and what it adds. */
export interface BlockOptions {
  /** Facts that stand behind the memory's own. */
  more?: readonly string[];
  short?: ShortKey;
  /** What names the memory, in place of its short key. */
  key?: string;
}

/** A memory with its facts: short key, date, type, tags, relevance. */
export function compactBlock(
  memory: CompactMemory,
  { more = [], short = shortKey, key = `id ${short(memory.content_hash)}` }: BlockOptions = {},
): Framed {
  const { tags = [], memory_type, created_at_iso, superseded_by, relevance } = memory;
  const facts = [
    key,
    created_at_iso?.slice(0, 10),
    memory_type && fact(memory_type),
    ...someTagFacts(tags),
    relevance == null ? null : `${Math.round(relevance * 100)}%`,
    memory.origin === undefined ? knownOrigin(memory) : memory.origin === UNNAMED ? null : memory.origin,
    superseded_by && `superseded by ${short(superseded_by)}`,
    memory.space && `space ${memory.space}`,
    partOf(memory),
    memory.relevance_reason,
    ...more,
  ].filter(Boolean);
  const { before = [], after = [], content, exchange } = memory,
    other = exchange ? [exchangePart(exchange, short)] : [];
  const turns = (name: "before" | "after", list: readonly CompactTurn[]) =>
    list.map((turn) => ({ name, text: turn.content ?? turn.id }));
  const own = content === undefined ? [] : [content];
  return {
    facts: facts.join(" "),
    parts: before.length + after.length === 0 ? [...own.map((text) => ({ text })), ...other] : [
      ...turns("before", before),
      ...own.map((text) => ({ name: "text" as const, text })),
      ...other,
      ...turns("after", after),
    ],
  };
}

function exchangePart(
  { content_hash, part, role, content = "", ...place }: CompactExchange,
  short: ShortKey,
) {
  const facts = [`id ${short(content_hash)}`, role, place.content_length === undefined ? null : partOf(place)];
  return { name: part, facts: facts.filter(Boolean).join(" "), text: content };
}

/** Which part of a content is given, where it isn't the whole; where the match is in a long one that is. */
function partOf({ passage, content_length }: Pick<CompactMemory, "passage" | "content_length">): string | null {
  const place = passage && `${passage.start}–${passage.end}`;
  if (content_length !== undefined) return `${place ? `part ${place}` : "a part"} of ${content_length} characters`;
  return place ? `matched at ${place}` : null;
}
