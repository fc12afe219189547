/**
 * One memory whole, in the shape that connectors of ChatGPT expect of a tool named `fetch`.
 *
 * @module
 */

import { z } from "zod";
import { ContentHash, MemoryView } from "../../memory/schemas.ts";
import { DEFAULT_ANSWER_TOKENS, estimateTokens, snippetOf, titleOf } from "../../memory/sizing.ts";
import { ContextTurns } from "../../operations/context.ts";
import { fetchMemory } from "../../operations/fetch.ts";
import { memoryUri } from "../uris.ts";
import { Sizing } from "./sizes.ts";
import { defineTool } from "./tool.ts";

const Turn = z.object({ id: z.string(), text: z.string() });

/** Tokens kept free for what surrounds the text. */
const FRAME = 60;

export const fetchTool = defineTool({
  name: "fetch",
  title: "Fetch a memory",
  description:
    "Get one memory whole by the id that search gives, with its tags and dates, and the turns around it in " +
    "its conversation when context asks for them.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    id: ContentHash,
    offset: z.int().min(0).default(0).describe("Characters to skip, to read on in a long text."),
    context: ContextTurns.default(0),
    ...Sizing,
  }),
  output: z.object({
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
  }),
  aliases: { content_hash: "id", hash: "id" },
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
});

/** The beginning of a text that costs at most so many tokens. */
function within(text: string, tokens: number): string {
  let end = Math.min(text.length, Math.max(0, tokens) * 4);
  while (end > 0 && estimateTokens(text.slice(0, end)) > tokens) end = Math.floor(end * 0.8);
  return text.slice(0, end).toWellFormed() === text.slice(0, end) ? text.slice(0, end) : text.slice(0, end - 1);
}
