/**
 * One tool for every kind of search. Its answer has the shape that connectors of ChatGPT expect of a tool named `search`.
 *
 * @module
 */

import { z } from "zod";
import { compactText } from "../memory/compact.ts";
import { originOf } from "../memory/framing.ts";
import type { MemoryView } from "../memory/schemas.ts";
import {
  Exchanges,
  FilterFields,
  MinRelevance,
  Page,
  PageSize,
  ResultOrder,
  SearchEffort,
  Threshold,
} from "../memory/schemas.ts";
import type { Passage } from "../memory/passage.ts";
import { Detail, snippetOf, titleOf } from "../memory/sizing.ts";
import { ContextTurns, type Surroundings } from "../operations/context.ts";
import { find, FindMode, FindQuery } from "../operations/find.ts";
import { TemporalIntent } from "../operations/search.ts";
import type { SearchHit } from "../operations/search_page.ts";
import { memoryUri } from "./uris.ts";
import {
  EXCHANGE,
  ExchangeFields,
  exchangeOf,
  Explain,
  Filters,
  MemoryFields,
  memoryResult,
  Paging,
  pagingOf,
  PassageField,
  Reason,
  Relevant,
  RerankedCount,
  Tags,
} from "./fields.ts";
import { roundScore } from "./find.ts";
import { cutExchange, type Level, shownOf, Sized, sizeItems, Sizing } from "./sizes.ts";
import { defineTool } from "./tool.ts";

const Turn = z.object({ id: z.string(), content: z.string().optional() });

const SearchResult = z.object({
  id: z.string().describe("The memory's content_hash."),
  title: z.string(),
  url: z.string(),
  similarity_score: z.number().nullable().optional(),
  passage: PassageField,
  relevance: z.number().optional()
    .describe("Chance, 0 to 1, that the search found what was asked for, times the score over the best result's."),
  relevance_reason: Reason,
  ...MemoryFields,
  origin: z.string().optional().describe("Who stored it and what it was read from, as far as they said."),
  exchange: z.object({ id: z.string(), ...ExchangeFields }).optional().describe(EXCHANGE),
  before: z.array(Turn).optional().describe("Turns before it in its conversation, in order."),
  after: z.array(Turn).optional(),
});
export type SearchResult = z.infer<typeof SearchResult>;

const SearchAnswer = z.object({
  results: z.array(SearchResult),
  query: z.string(),
  mode: z.string(),
  relevant: Relevant,
  reranked: RerankedCount,
  temporal_intent: TemporalIntent.optional(),
  ...Paging,
  ...Sized,
  notice: z.string().optional().describe("Why the search was narrower than asked, when it was."),
});
export type SearchAnswer = z.infer<typeof SearchAnswer>;

/** The names the newest Python version has for levels of detail. */
const OUTPUT = { full: "full", both: "full", summary: "snippets", compact: "full", json: "full" } as const;

export const searchTool = defineTool({
  name: "search",
  title: "Search memories",
  description: "Find memories by meaning and words, best first. Use it before assuming anything about people, " +
    "projects or past decisions. fetch gives a result whole.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    query: FindQuery.describe("What to look for; not needed with tags or times."),
    mode: FindMode.default("hybrid").describe(
      "exact: the words as written; tag and recent: newest first; similar: to the id in query; scan: snippets.",
    ),
    tags: Tags.optional().describe("Only memories with any of these tags."),
    match_all: FilterFields.match_all,
    k: PageSize.unwrap().optional().describe("Results to give; the same as page_size."),
    page: Page,
    page_size: PageSize,
    min_similarity: Threshold.default(0).describe("Least similarity_score of a result; 0 cuts nothing off."),
    min_relevance: MinRelevance.optional(),
    order: ResultOrder.optional(),
    effort: SearchEffort.optional(),
    exchanges: Exchanges.default(true),
    explain: Explain,
    ...Filters,
    context: ContextTurns.default(0),
    // The words for a form of the text never come this far.
    output: z.enum(["full", "summary", "both", "compact", "json"]).optional().describe("Older name of detail."),
    detail: Detail.optional(),
    max_tokens: Sizing.max_tokens,
  }),
  output: SearchAnswer,
  aliases: { n_results: "page_size", limit: "page_size", similarity_threshold: "min_similarity", type: "memory_type" },
  listed: [
    ...[
      "query",
      "mode",
      "tags",
      "match_all",
      "memory_type",
      "conversation_id",
      "role",
      "created_after",
      "created_before",
    ],
    ...["page", "page_size", "min_relevance", "order", "include_superseded", "context", "detail", "max_tokens"],
  ],
  core: ["query", "tags", "memory_type", "created_after", "created_before", "page", "page_size"],
  async run(runtime, { k, output, explain, detail, max_tokens, ...input }) {
    const found = await find(runtime, { ...input, page_size: k ?? input.page_size });
    const level = detail ?? (output === undefined ? input.mode === "scan" ? "snippets" : "full" : OUTPUT[output]);
    const entries = found.results.map((hit, i) => ({ ...hit, around: found.around[i] ?? null }));
    const { items, ...left } = sizeItems(
      entries,
      { detail: level, max_tokens, query: input.query },
      ({ memory, similarity_score, relevance, relevance_reason, passage, exchange, around }, form) => ({
        ...resultOf(memory, form, input.query, passage ?? undefined),
        ...(similarity_score === null ? {} : { similarity_score: roundScore(similarity_score) }),
        ...(relevance == null ? {} : { relevance: roundScore(relevance) }),
        ...(explain && relevance_reason !== null ? { relevance_reason } : {}),
        // It comes along with its result, so that a passage of it is enough until it is fetched.
        ...(exchange == null ? {} : { exchange: turnOf(exchange, form === "ids" ? form : "snippets") }),
        ...turnsOf(around, form),
      }),
    );
    return {
      results: items,
      query: found.query,
      mode: found.mode,
      ...(found.relevant === undefined ? {} : { relevant: found.relevant }),
      ...(found.reranked === undefined ? {} : { reranked: found.reranked }),
      ...(found.temporal_intent === undefined ? {} : { temporal_intent: found.temporal_intent }),
      ...pagingOf(found),
      ...left,
      ...(found.notice === null ? {} : { notice: found.notice }),
    };
  },
  connector: ({ results, query }) => ({ results: results.flatMap((result) => connectorResults(result, query)) }),
  compact: ({ results, ...facts }, short) =>
    compactText(
      results.map(({ id, exchange, ...result }) => ({
        content_hash: id,
        ...exchange && { exchange: { ...exchange, content_hash: exchange.id } },
        ...result,
      })),
      facts,
      short,
    ),
});

/** A memory as a search result. */
function resultOf(memory: MemoryView, level: Level, query: string, passage?: Passage): SearchResult {
  const head = { id: memory.content_hash, title: titleOf(memory.content), url: memoryUri(memory.content_hash) };
  if (level === "ids") return { ...head, ...memory.space === undefined ? {} : { space: memory.space } };
  const { content_hash: _, content: whole, metadata, ...rest } = memoryResult(memory), origin = originOf(memory);
  const content = shownOf(whole, level, { query, ...passage && { passage } });
  return {
    ...head,
    content,
    ...passage && { passage: { start: passage.start, end: passage.end } },
    ...content === whole ? {} : { content_length: whole.length },
    ...rest,
    ...level === "full" ? { metadata } : {},
    origin,
  };
}

function turnOf(exchange: NonNullable<SearchHit["exchange"]>, level: Level): NonNullable<SearchResult["exchange"]> {
  const { content_hash: id, ...rest } = cutExchange(exchangeOf(exchange), level);
  return { id, ...rest };
}

function turnsOf(around: Surroundings | null, level: Level): Pick<SearchResult, "before" | "after"> {
  if (around === null) return {};
  const turns = (memories: MemoryView[]) =>
    memories.map(({ content_hash: id, content }) => {
      if (level === "ids") return { id };
      return { id, content: level === "full" ? shownOf(content, level, {}) : snippetOf(content) };
    });
  return { before: turns(around.before), after: turns(around.after) };
}

/** A result and the other turn of its exchange, each with the passage that matched: what connectors show before they fetch. */
function connectorResults({ id, title, url, content, exchange }: SearchResult, query: string) {
  const result = { id, title, url, ...(content === undefined ? {} : { text: snippetOf(content, query, 500) }) };
  if (exchange === undefined) return [result];
  const { content: other } = exchange, more = other === undefined ? {} : { text: other };
  return [result, { id: exchange.id, title: titleOf(other ?? ""), url: memoryUri(exchange.id), ...more }];
}
