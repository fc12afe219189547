/**
 * One memory whole, in the shape that connectors of ChatGPT expect of a tool named `fetch`.
 *
 * @module
 */

import { z } from "zod";
import { compactBlock } from "../../memory/compact.ts";
import { fact, framed } from "../../memory/framing.ts";
import { MemoryKey, MemoryView } from "../../memory/schemas.ts";
import { DEFAULT_ANSWER_TOKENS, estimateTokens, snippetOf, titleOf } from "../../memory/sizing.ts";
import { ContextTurns } from "../../operations/context.ts";
import { fetchMemory } from "../../operations/fetch.ts";
import { memoryUri } from "../uris.ts";
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
    const rest = content.slice(offset);
    const wanted = detail === "full" ? rest : detail === "snippets" ? snippetOf(rest) : "";
    const turns = (around === null ? [] : [around.before, around.after]).map((list) =>
      list.map((turn) => ({ id: turn.content_hash, text: detail === "full" ? turn.content : snippetOf(turn.content) }))
    );
    const fixed = FRAME + estimateTokens(JSON.stringify([set, turns]));
    const text = within(wanted, (max_tokens ?? DEFAULT_ANSWER_TOKENS) - fixed);
    const isWhole = text === rest, read = text.replace(/…$/, "").length;
    return {
      id: content_hash,
      title: titleOf(content),
      text,
      url: memoryUri(content_hash),
      metadata: Object.fromEntries(set),
      ...(around === null ? {} : { before: turns[0]!, after: turns[1]! }),
      ...(isWhole ? {} : { omitted: Math.max(1, rest.length - read), truncated: true }),
      ...(isWhole || detail !== "full" ? {} : { next_offset: offset + read }),
    };
  },
  connector: (result) => result,
  compact: fetchedText,
});

/** What a line of facts says by itself, or a client has no use for. */
const SHOWN_ELSEWHERE = new Set(["tags", "memory_type", "created_at_iso", "updated_at_iso", "conversation_id"]);

function fetchedText({ id, text, metadata, before = [], after = [], omitted, next_offset }: Fetched): string {
  const { tags, memory_type, created_at_iso, conversation_id } = metadata as Partial<MemoryView>;
  const more = [
    ...conversation_id ? [`conversation ${fact(conversation_id)}`] : [],
    ...omitted === undefined ? [] : [`${omitted} characters more${next_offset ? ` from offset ${next_offset}` : ""}`],
  ];
  const turns = (list: readonly z.infer<typeof Turn>[]) => list.map((turn) => ({ id: turn.id, content: turn.text }));
  const facts = { content_hash: id, content: text, tags: tags ?? [], memory_type, created_at_iso, metadata };
  const { facts: line, parts } = compactBlock({ ...facts, before: turns(before), after: turns(after) }, more);
  const others = Object.entries(metadata).filter(([name]) => !SHOWN_ELSEWHERE.has(name));
  const own = others.length === 0
    ? []
    : [{ name: "metadata" as const, text: JSON.stringify(Object.fromEntries(others)) }];
  return framed("1 memory", [{ facts: line, parts: [...parts, ...own] }]);
}

/** The beginning of a text that costs at most so many tokens. */
function within(text: string, tokens: number): string {
  let end = Math.min(text.length, Math.max(0, tokens) * 4);
  while (end > 0 && estimateTokens(text.slice(0, end)) > tokens) end = Math.floor(end * 0.8);
  return text.slice(0, end).toWellFormed() === text.slice(0, end) ? text.slice(0, end) : text.slice(0, end - 1);
}
