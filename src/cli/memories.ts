/**
 * `store`, `search`, `list`, `get` and `delete`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { textOfBytes } from "../importers/text_file.ts";
import { deleteBatch, DeleteBatchInput } from "../operations/batch.ts";
import { get, HashInput, type MemoryView } from "../operations/get.ts";
import { type ShortKey, shownKeys } from "../operations/keys.ts";
import { list, ListInput } from "../operations/list.ts";
import type { Runtime } from "../operations/runtime.ts";
import { excerpt, relevanceText, search, SearchInput, snippetOf } from "../operations/search.ts";
import { store, StoreInput } from "../operations/store.ts";
import {
  check,
  type CliContext,
  examples,
  Failed,
  inSpaces,
  numberOf,
  paint,
  printable,
  show,
  whereItIsWritten,
} from "./context.ts";
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

/** Characters of a content on one line. */
const LINE = 159;

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

interface DeleteOptions {
  permanent?: boolean;
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
export function addMemories(program: Command, context: CliContext): void {
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

  program.command("delete").argument("<ids...>", "memories' ids, or their first 10 or more digits")
    .description("delete memories; the trash keeps them for a while")
    .option("--permanent", "past the trash").option("--json", "print the result as JSON")
    .addHelpText("after", examples(["delete 3f2a9c81d0", "delete 3f2a9c81d0 b5bb9d8014 --permanent"]))
    .action((ids: string[], options: DeleteOptions) => runDelete(context, ids, options));
}

async function runGet(context: CliContext, id: string, { json }: { json?: boolean }): Promise<void> {
  const { content_hash } = check(HashInput, { content_hash: id }, { content_hash: "<id>" });
  const memory = await inSpaces(context, (runtime) => get(runtime, { content_hash }));
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
  context: CliContext,
  ids: string[],
  { permanent = false, json }: DeleteOptions,
): Promise<void> {
  const input = check(DeleteBatchInput, { content_hashes: ids, permanent }, { content_hashes: "<ids...>" });
  const result = await whereItIsWritten(context, (runtime) => deleteBatch(runtime, input));
  show(context, json, result, () => [
    result.message,
    ...result.results.flatMap(({ error }) => error === null ? [] : [paint(context, "yellow", error)]),
  ]);
  if (!result.success) throw new Failed();
}

async function runStore(context: CliContext, text: string, options: StoreOptions) {
  const { tag, type, conversation, meta, json } = options;
  const content = text === "-" ? await contentOf(context) : text;
  const input = check(StoreInput, {
    content,
    tags: tag ?? [],
    memory_type: given(type) ?? null,
    conversation_id: conversation ?? null,
    metadata: pairs(meta ?? []),
    valid_from: given(options.validFrom) ?? null,
    valid_until: given(options.validUntil) ?? null,
    expires: given(options.expires) ?? null,
  }, OPTIONS);
  const result = await whereItIsWritten(context, (runtime) => store(runtime, input));
  show(context, json, result, () => [`${result.message}: ${result.content_hash}`]);
  if (!result.success && !result.duplicate) throw new Failed();
}

/** Standard input in whatever encoding it is; what it was taken for is said where it isn't UTF-8. */
async function contentOf(context: CliContext): Promise<string> {
  const { text, encoding } = textOfBytes(new Uint8Array(await new Response(context.input).arrayBuffer()));
  if (encoding !== "utf-8") context.note(`Read as ${encoding}\n`);
  return text.replace(/\r?\n$/, "");
}

async function runSearch(context: CliContext, query: string, options: SearchOptions): Promise<void> {
  const minScore = given(options.minScore), minRelevance = given(options.minRelevance);
  const input = check(SearchInput, {
    query,
    mode: options.mode,
    page: numberOf("--page", options.page),
    page_size: numberOf("--limit", options.limit),
    similarity_threshold: minScore === undefined ? null : numberOf("--min-score", minScore),
    order: options.order,
    // A command waits for the reranker, which a service has loaded already.
    effort: options.effort ?? context.config().operations.searchEffort,
    exchanges: options.exchanges,
    min_relevance: minRelevance === undefined || minRelevance === "auto"
      ? minRelevance
      : numberOf("--min-relevance", minRelevance),
    ...await filterFields(options, context.config().operations.timeZone),
  }, OPTIONS);
  let withoutModel = false;
  const { result, short } = await inSpaces(context, async (runtime) => {
    if (input.mode !== "exact") await modelReady(runtime);
    withoutModel = runtime.embeddings.serving === null;
    const result = await search(runtime, input);
    const found = result.results.flatMap(({ memory, exchange }) => exchange ? [memory, exchange.memory] : [memory]);
    return { result, short: await keysOf(runtime, found) };
  });
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
      withoutModel ? "Found by words only; unimem reembed, or the running service, makes vectors" : result.notice,
    )],
  ]);
}

async function runList(context: CliContext, options: PageOptions): Promise<void> {
  const input = check(ListInput, {
    page: numberOf("--page", options.page),
    page_size: numberOf("--limit", options.limit),
    order: options.order,
    ...await filterFields(options, context.config().operations.timeZone),
  }, OPTIONS);
  const { result, short } = await inSpaces(context, async (runtime) => {
    const result = await list(runtime, input);
    return { result, short: await keysOf(runtime, result.memories) };
  });
  show(context, options.json, result, () => [
    ...result.memories.map((memory) => line(context, memory, short, options.full)),
    paint(context, "dim", `${result.memories.length} of ${result.total} memories`),
  ]);
}

const keysOf = (runtime: Runtime, memories: readonly MemoryView[]): Promise<ShortKey> =>
  shownKeys(runtime, memories.map(({ content_hash }) => content_hash));

/** Makes the configured model serve when its vectors are those in the store. */
async function modelReady({ embeddings, storage }: Parameters<typeof search>[0]): Promise<void> {
  try {
    const identity = await embeddings.configured.ready();
    if ((await storage.activeModel())?.id === identity.id) embeddings.serving = embeddings.configured;
  } catch {
    // words find it then
  }
}

function line(
  context: CliContext,
  { created_at, content, content_hash, tags }: Pick<MemoryView, "created_at" | "content" | "content_hash" | "tags">,
  short: ShortKey,
  full = false,
): string {
  const day = paint(context, "dim", created_at === null ? "" : dayOf(created_at, context.config().operations.timeZone)),
    labels = tags.map((tag) => ` #${tag}`).join(""),
    id = paint(context, "dim", short(content_hash));
  return `${day}  ${id}  ${printable(full ? content : oneLine(content))}${paint(context, "dim", printable(labels))}`;
}

/** The day that `--since` and `--until` mean by the same name. */
function dayOf(seconds: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(seconds * 1000)).toZonedDateTimeISO(timeZone).toPlainDate()
    .toString();
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= LINE + 2 ? line : `${line.slice(0, LINE).toWellFormed()}…`;
}
