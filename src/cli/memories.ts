/**
 * `store`, `search`, `list`, `get` and `delete`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { relevanceText } from "../memory/relevance.ts";
import type { MemoryView } from "../memory/schemas.ts";
import type { BatchOutput } from "../operations/batch.ts";
import type { BulkDeleteOutput } from "../operations/bulk_delete.ts";
import type { ListOutput } from "../operations/list.ts";
import type { SearchOutput } from "../operations/search.ts";
import type { StoreOutput } from "../operations/store.ts";
import { type ClientContext, examples, Failed, numberOf, paint, printable, show } from "./context.ts";
import {
  addFilters,
  collect,
  collectTags,
  filterFields,
  type FilterOptions,
  given,
  OPTIONS,
  pairs,
} from "./filters.ts";
import { keyOf, LINE, line, oneLine, shortKeys, showBatch } from "./lines.ts";
import { emptyPage, NoStore, withService } from "./remote.ts";

interface StoreOptions extends Pick<FilterOptions, "tag" | "type" | "conversation" | "meta"> {
  validFrom?: string;
  validUntil?: string;
  expires?: string;
  json?: boolean;
}

interface PageOptions extends FilterOptions {
  order?: string;
  limit: string;
  page: string;
  full?: boolean;
  json?: boolean;
}

interface DeleteOptions extends Pick<FilterOptions, "tag" | "allTags" | "type" | "conversation" | "meta"> {
  after?: string;
  before?: string;
  permanent?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
}

interface SearchOptions extends PageOptions {
  mode: string;
  minScore?: string;
  minRelevance?: string;
  effort?: string;
  exchanges?: boolean;
  explain?: boolean;
}

/** Adds the commands. */
export function addMemories(program: Command, context: ClientContext): void {
  program.command("store").argument("<text>", "what to remember; - for standard input").description("store a memory")
    .option("-t, --tag <tag>", "a label; may be repeated", collectTags)
    .option("--type <type>", "kind of memory")
    .option("--conversation <id>", "conversation it is a turn of")
    .option("--meta <key=value>", "data kept with it; may be repeated", collect)
    .option("--valid-from <time>", "when it began to hold: a date or a time")
    .option("--valid-until <time>", "when it ceases to hold")
    .option("--expires <time>", "when it is to be found no more")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        'store "Staging runs PostgreSQL 16." --tag infra',
        'store "…" --type decision --meta ticket=42 --json',
        "store - --tag notes < notes.txt",
      ]),
    )
    .action((text: string, options: StoreOptions) => runStore(context, text, options));

  addFilters(program.command("search").argument("<query>", "what to look for"))
    .description("find memories by meaning and words")
    .addOption(
      new Option("--mode <mode>", "how to compare").choices(["hybrid", "semantic", "exact"]).default("hybrid"),
    )
    .addOption(
      new Option("--order <order>", "of the results on a page: best or oldest first; else by the question's words too")
        .choices(["relevance", "time"]),
    )
    .addOption(new Option("--effort <effort>", "whether a reranker reads the first again").choices(["normal", "high"]))
    .option("--exchanges", "a message and its answer as one result, when both are found")
    .option("--min-relevance <number>", "only results likely what was asked for: 0 to 1, or auto")
    .option("--explain", "what made each score, below each result")
    .option("--min-score <number>", "only results with at least this score, 0 to 1")
    .option("-n, --limit <number>", "how many, up to 100", "10").option("-p, --page <number>", "which page", "1")
    .option("--full", "whole contents instead of one line each").option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        'search "which database does staging use?"',
        'search deploy --tag ops --since "last week" --json',
        "search PostgreSQL --mode exact --type decision",
      ]),
    )
    .action((query: string, options: SearchOptions) => runSearch(context, query, options));

  addFilters(program.command("list")).description("list memories, newest first")
    .addOption(new Option("--order <order>", "time for oldest first").choices(["relevance", "time"]))
    .option("-n, --limit <number>", "how many, up to 100", "10").option("-p, --page <number>", "which page", "1")
    .option("--full", "whole contents instead of one line each").option("--json", "print the result as JSON")
    .addHelpText("after", examples(["list", "list --tag infra --limit 50 --json", "list --since yesterday --full"]))
    .action((options: PageOptions) => runList(context, options));

  program.command("get").argument("<id>", "a memory's id, or its first 10 or more digits")
    .description("print one memory whole")
    .option("--json", "print the memory as JSON")
    .addHelpText("after", examples(["get 3f2a9c81d0", "get 3f2a9c81d0 --json"]))
    .action((id: string, options: { json?: boolean }) => runGet(context, id, options));

  program.command("delete").argument("[ids...]", "memories' ids, or their first 10 or more digits")
    .description("delete memories; the trash keeps them for a while")
    .option("-t, --tag <tag>", "instead of ids: all with this label; may be repeated", collectTags)
    .option("--all-tags", "all the labels, instead of any").option("--type <type>", "all of this kind")
    .option("--conversation <id>", "all turns of this conversation")
    .option("--meta <key=value>", "all with this in the metadata; may be repeated", collect)
    .option("--before <day>", "created before this day, as in 2026-03-31")
    .option("--after <day>", "created on this day or later").option("--permanent", "past the trash")
    .option("--dry-run", "with conditions: only say which").option("-y, --yes", "with conditions: without asking")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        "delete 3f2a9c81d0",
        "delete 3f2a9c81d0 b5bb9d8014 --permanent",
        "delete --tag scratch --before 2026-01-01 --dry-run",
      ]),
    )
    .action((ids: string[], options: DeleteOptions, command: Command) => {
      const conditions = conditionsOf(options), some = Object.values(conditions).some((value) => value !== undefined);
      if (ids.length > 0 === some) command.error("error: give memories, or conditions such as --tag");
      return some ? deleteAll(context, conditions, options) : runDelete(context, ids, options);
    });
}

async function runGet(context: ClientContext, id: string, { json }: { json?: boolean }): Promise<void> {
  const memory = await withService(
    context,
    {},
    (service) => service.call<MemoryView>("getMemory", { content_hash: keyOf(id, "<id>") }),
  );
  const { content, created_at_iso, memory_type, tags, metadata, conversation_id, superseded_by } = memory;
  const facts = [
    memory.content_hash,
    created_at_iso,
    memory_type,
    ...tags.map((tag) => `#${tag}`),
    conversation_id && `conversation ${conversation_id}`,
    Object.keys(metadata).length > 0 ? JSON.stringify(metadata) : null,
    superseded_by && `superseded by ${superseded_by}`,
  ].filter((fact) => fact != null && fact !== "");
  show(context, json, memory, () => [paint(context, "dim", printable(facts.join("  "))), printable(content)]);
}

async function runDelete(
  context: ClientContext,
  ids: string[],
  { permanent = false, json }: DeleteOptions,
): Promise<void> {
  const content_hashes = ids.map((id) => keyOf(id, "<ids...>"));
  const result = await withService(
    context,
    {},
    (service) => service.call<BatchOutput>("deleteMemories", { content_hashes, permanent }),
  );
  showBatch(context, json, result);
}

function conditionsOf({ tag, type, conversation, meta, before, after }: DeleteOptions) {
  return {
    tags: tag,
    memory_type: given(type),
    conversation_id: conversation,
    metadata: meta === undefined ? undefined : pairs(meta),
    before_date: before,
    after_date: after,
  };
}

/** Deletes what meets conditions, after a look at how much that is: with another number nothing happens. */
async function deleteAll(context: ClientContext, conditions: Record<string, unknown>, options: DeleteOptions) {
  const { allTags, permanent = false, dryRun = false, yes = false, json } = options;
  const input = { ...conditions, match_all: allTags ?? false, permanent, timezone: context.reach().timeZone };
  const names = { ...OPTIONS, before_date: "--before", after_date: "--after" };
  const result = await withService(context, {}, async (service) => {
    const run = (more: Record<string, unknown>) =>
      service.call<BulkDeleteOutput>("bulkDelete", { ...input, ...more }, names);
    const look = await run({ dry_run: true });
    if (dryRun || look.affected_count === 0) return look;
    if (!yes && !context.ask(`${look.operation}: ${look.affected_count} of them?`)) {
      context.note("Nothing was deleted; --yes does it without a question\n");
      throw new Failed();
    }
    return await run({ confirm_count: look.affected_count });
  });
  show(context, json, result, () => [
    result.message,
    ...(result.would_delete ?? []).map(({ content_hash, preview }) =>
      `  ${content_hash.slice(0, 10)}  ${printable(oneLine(preview))}`
    ),
  ]);
  if (!result.success) throw new Failed();
}

async function runStore(context: ClientContext, text: string, options: StoreOptions) {
  const { tag, type, conversation, meta, json } = options;
  const content = text === "-" ? await contentOf(context) : text, metadata = pairs(meta ?? []);
  const input = {
    content,
    tags: tag ?? [],
    memory_type: given(type) ?? null,
    conversation_id: conversation ?? null,
    metadata,
    valid_from: given(options.validFrom) ?? null,
    valid_until: given(options.validUntil) ?? null,
    expires: given(options.expires) ?? null,
  };
  const result = await withService(
    context,
    { creates: true },
    (service) => service.call<StoreOutput>("storeMemory", input, OPTIONS),
  );
  show(context, json, result, () => [`${result.message}: ${result.content_hash}`]);
  if (!result.success && !result.duplicate) throw new Failed();
}

/** Standard input in whatever encoding it is; what it was taken for is said where it isn't UTF-8. */
export async function contentOf(context: ClientContext): Promise<string> {
  const bytes = new Uint8Array(await new Response(context.input).arrayBuffer());
  const { textOfBytes } = await import("../importers/text_file.ts");
  const { text, encoding } = textOfBytes(bytes);
  if (encoding !== "utf-8") context.note(`Read as ${encoding}\n`);
  return text.replace(/\r?\n$/, "");
}

/** What the REST API answers a search with. */
interface SearchAnswer extends Pick<SearchOutput, "results" | "query" | "notice" | "relevant"> {
  search_type: SearchOutput["mode"];
  pagination: Pick<SearchOutput, "total" | "page" | "page_size" | "has_more" | "total_pages">;
  processing_time_ms: number;
}

async function runSearch(context: ClientContext, query: string, options: SearchOptions): Promise<void> {
  const minScore = given(options.minScore), minRelevance = given(options.minRelevance);
  const input = {
    query,
    mode: options.mode,
    page: numberOf("--page", options.page),
    page_size: numberOf("--limit", options.limit),
    similarity_threshold: minScore === undefined ? null : numberOf("--min-score", minScore),
    order: options.order,
    exchanges: options.exchanges,
    min_relevance: minRelevance === undefined || minRelevance === "auto"
      ? minRelevance
      : numberOf("--min-relevance", minRelevance),
    ...await filterFields(options, context.reach().timeZone),
  };
  let alone = false;
  const model = options.mode !== "exact";
  const { result, short } = await withService(context, { model }, async (service) => {
    alone = service.url === null;
    // Alone, the command waits for the reranker, which a service has loaded already.
    const effort = options.effort ?? (alone ? context.config().operations.searchEffort : undefined);
    const answer = await service.call<SearchAnswer>("search", { ...input, effort }, OPTIONS);
    const { pagination, search_type, processing_time_ms: _, ...rest } = answer;
    const result = { ...rest, ...pagination, mode: search_type };
    const found = result.results.flatMap(({ memory, exchange }) => exchange ? [memory, exchange.memory] : [memory]);
    return { result, short: await shortKeys(service, found) };
  }).catch((error) => {
    if (!(error instanceof NoStore)) throw error;
    const result = { results: [], query, mode: options.mode, ...emptyPage(input), notice: error.message };
    return { result: { ...result, relevant: undefined }, short: (key: string) => key };
  });
  const { excerpt, snippetOf } = await partsOf(options, result.results);
  show(context, options.json, result, () => [
    ...result.results.length === 0 ? ["Nothing found"] : [],
    ...result.results.length > 0 && result.relevant !== undefined && result.relevant < result.total
      ? [paint(context, "yellow", relevanceText(result.relevant, result.total))]
      : [],
    ...result.results.flatMap(({ memory, similarity_score, relevance_reason, passage, exchange }) => {
      const text = (found: typeof memory, matched: typeof passage) => {
        const shown = matched == null ? found.content : excerpt(found.content, matched);
        return line(
          context,
          { ...found, content: options.full ? found.content : snippetOf(shown, query, LINE) },
          short,
          options.full,
        );
      };
      return [
        `${paint(context, "green", (similarity_score ?? 0).toFixed(2))}  ${text(memory, passage)}`,
        ...options.explain && relevance_reason !== null ? [`      ${paint(context, "dim", relevance_reason)}`] : [],
        ...exchange == null ? [] : [`${exchange.part.padStart(8)}  ${text(exchange.memory, exchange.passage)}`],
      ];
    }),
    ...result.notice == null ? [] : [paint(
      context,
      "yellow",
      // Nothing loads in the background here, as the notice would have it.
      alone && /model/i.test(result.notice)
        ? "Found by words only; unimem reembed, or the running service, makes vectors"
        : result.notice,
    )],
  ]);
}

/** What shows a part of a text. Loaded for long ones alone, since it knows the words of many languages. */
async function partsOf({ json }: SearchOptions, results: SearchAnswer["results"]) {
  const isShort = ({ content }: MemoryView) => content.length <= LINE;
  const areShort = results.every(({ memory, exchange }) =>
    isShort(memory) && (exchange == null || isShort(exchange.memory))
  );
  const whole = (text: string) => text;
  return json || areShort ? { excerpt: whole, snippetOf: whole } : await import("../memory/sizing.ts");
}

async function runList(context: ClientContext, options: PageOptions): Promise<void> {
  const { tags, ...filters } = await filterFields(options, context.reach().timeZone);
  const paging = { page: numberOf("--page", options.page), page_size: numberOf("--limit", options.limit) };
  let none: string | null = null;
  const { result, short } = await withService(context, {}, async (service) => {
    // Its parameter tags takes several separated by commas.
    const input = { ...paging, order: options.order, ...filters, tag: tags };
    const result = await service.call<ListOutput>("listMemories", input, { ...OPTIONS, tag: "--tag" });
    return { result, short: await shortKeys(service, result.memories) };
  }).catch((error) => {
    if (!(error instanceof NoStore)) throw error;
    none = error.message;
    return { result: { memories: [], ...emptyPage(paging) }, short: (key: string) => key };
  });
  show(context, options.json, result, () => [
    ...result.memories.map((memory) => line(context, memory, short, options.full)),
    none ?? paint(context, "dim", `${result.memories.length} of ${result.total} memories`),
  ]);
}
