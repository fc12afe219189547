/**
 * One memory whole, in the shape that connectors of ChatGPT expect of a tool named `fetch`.
 *
 * @module
 */

import { z } from "zod";
import { compactBlock } from "../memory/compact.ts";
import { fact, framed } from "../memory/framing.ts";
import { MemoryKey, MemoryView, type ShortKey } from "../memory/schemas.ts";
import { DEFAULT_ANSWER_TOKENS, type Detail, estimateTokens, snippetOf, titleOf } from "../memory/sizing.ts";
import { ContextTurns, type Surroundings } from "../operations/context.ts";
import { fetchMemory } from "../operations/fetch.ts";
import { memoryUri } from "./uris.ts";
import { Sizing } from "./sizes.ts";
import { defineTool } from "./tool.ts";

type Fetched = z.infer<typeof FetchAnswer>;

const Turn = z.object({ id: z.string(), text: z.string() });

const FetchAnswer = z.object({
  id: z.string(),
  title: z.string(),
  text: z.string(),
  url: z.string(),
  metadata: z.record(z.string(), z.unknown()).describe("Tags, type, dates and the memory's own metadata."),
  before: z.array(Turn).optional().describe("Turns before it in its conversation, in order."),
  after: z.array(Turn).optional(),
  omitted: z.int().optional().describe("Characters left out after the text given."),
  next_offset: z.int().optional().describe("The offset to read on from, where the text goes on."),
  truncated: z.boolean().optional().describe("True when something was left out or shortened."),
});

/** Tokens kept free for what surrounds the text. */
const FRAME = 60;
/** Tokens that a text may cost whatever surrounds it. */
const LEAST_TEXT = 25;

export const fetchTool = defineTool({
  name: "fetch",
  title: "Fetch a memory",
  description: "Get one memory whole by the id that search gives, with the turns around it when context asks for them.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    id: MemoryKey.describe("Id of the memory."),
    offset: z.int().min(0).default(0).describe("Characters to skip, to read on in a long text."),
    context: ContextTurns.default(0),
    ...Sizing,
  }),
  output: FetchAnswer,
  aliases: { content_hash: "id", hash: "id", memory_id: "id" },
  core: ["id", "offset"],
  async run(runtime, { id, offset, context, detail, max_tokens }) {
    const { memory, around } = await fetchMemory(runtime, { content_hash: id, context });
    const { content, content_hash, created_at: _, updated_at: __, metadata: own, ...facts } = memory;
    // What the store knows can't be overridden by what a client wrote, not even where the store knows nothing.
    const free = Object.entries(own).filter(([name]) => !Object.hasOwn(MemoryView.shape, name));
    const set = [...Object.entries(facts), ...free].filter(([, value]) => value !== null);
    const start = isInsidePair(content, offset) ? offset - 1 : offset, rest = content.slice(start);
    const wanted = detail === "full" ? rest : detail === "snippets" ? snippetOf(rest) : "";
    const budget = Math.max((max_tokens ?? DEFAULT_ANSWER_TOKENS) - FRAME - tokensOf(set), LEAST_TEXT);
    const turns = around === null ? null : turnsWithin(around, detail, Math.max(budget - tokensOf(wanted), budget / 2));
    const text = within(wanted, budget - (turns === null ? 0 : turns.tokens));
    const isWhole = text === rest;
    const left = rest.length - (detail === "full" ? text : text.replace(/…$/, "")).length;
    return {
      id: content_hash,
      title: titleOf(content),
      text,
      url: memoryUri(content_hash),
      metadata: Object.fromEntries(set),
      ...(turns === null ? {} : { before: turns.before, after: turns.after }),
      ...(isWhole ? {} : { omitted: Math.max(1, left) }),
      ...(isWhole && !turns?.isShort ? {} : { truncated: true }),
      ...(isWhole || detail !== "full" ? {} : { next_offset: start + text.length }),
    };
  },
  connector: (result) => result,
  compact: fetchedText,
});

/** What a line of facts says by itself, or a client has no use for. */
const SHOWN_ELSEWHERE = new Set(["tags", "memory_type", "created_at_iso", "updated_at_iso", "conversation_id"]);

function fetchedText(
  { id, text, metadata, before = [], after = [], omitted, next_offset }: Fetched,
  short: ShortKey,
): string {
  const { tags, memory_type, created_at_iso, conversation_id } = metadata as Partial<MemoryView>;
  const more = [
    ...conversation_id ? [`conversation ${fact(conversation_id)}`] : [],
    ...omitted === undefined ? [] : [`${omitted} characters more${next_offset ? ` from offset ${next_offset}` : ""}`],
  ];
  const turns = (list: readonly z.infer<typeof Turn>[]) => list.map((turn) => ({ id: turn.id, content: turn.text }));
  const facts = { content_hash: id, content: text, tags: tags ?? [], memory_type, created_at_iso, metadata };
  const { facts: line, parts } = compactBlock(
    { ...facts, before: turns(before), after: turns(after) },
    { more, short },
  );
  const others = Object.entries(metadata).filter(([name]) => !SHOWN_ELSEWHERE.has(name));
  const own = others.length === 0
    ? []
    : [{ name: "metadata" as const, text: JSON.stringify(Object.fromEntries(others)) }];
  return framed("1 memory", [{ facts: line, parts: [...parts, ...own] }]);
}

/** The beginning of a text that costs at most so many tokens; never nothing of one, or its reader would not get on. */
function within(text: string, tokens: number): string {
  const most = Math.max(tokens, LEAST_TEXT);
  let end = Math.min(text.length, Math.floor(most * 4));
  while (end > 1 && tokensOf(text.slice(0, end)) > most) end = Math.floor(end * 0.8);
  return text.slice(0, isInsidePair(text, end) ? end === 1 ? 2 : end - 1 : end);
}

/** The turns as far as there is room: whole, or else snippets of the nearest. */
function turnsWithin({ before, after }: Surroundings, detail: Detail, tokens: number) {
  const shaped = (count: number, shape: (content: string) => string) => {
    const turns = (list: readonly MemoryView[]) =>
      list.map(({ content_hash, content }) => ({ id: content_hash, text: shape(content) }));
    const near = {
      before: turns(before.slice(Math.max(0, before.length - count))),
      after: turns(after.slice(0, count)),
    };
    return { ...near, tokens: tokensOf(near) };
  };
  const all = Math.max(before.length, after.length);
  if (detail === "full") {
    const whole = shaped(all, (content) => content);
    if (whole.tokens <= tokens) return { ...whole, isShort: false };
  }
  for (let count = all;; count--) {
    const short = shaped(count, (content) => snippetOf(content));
    if (count === 0 || short.tokens <= tokens) return { ...short, isShort: detail === "full" || count < all };
  }
}

/** Tokens of a value in an answer, which has it as JSON. */
function tokensOf(value: unknown): number {
  return estimateTokens(JSON.stringify(value));
}

/** Whether a place in a text is between the two units of one character. */
function isInsidePair(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xffff;
}
