/**
 * `store`, `search` and `list`.
 *
 * @module
 */

import type { Command } from "commander";
import { MemoryError } from "../errors.ts";
import { list, ListInput } from "../operations/list.ts";
import { search, SearchInput } from "../operations/search.ts";
import { store, StoreInput } from "../operations/store.ts";
import type { z } from "zod";
import { type CliContext, examples, Failed, show, withRuntime } from "./context.ts";

interface Options {
  tag?: string[];
  type?: string;
  limit: string;
  page: string;
  json?: boolean;
}

/** Adds the commands. */
export function addMemories(program: Command, context: CliContext): void {
  const collect = (value: string, before: string[] = []) => [...before, value];

  program.command("store").argument("<text>", "what to remember").description("store a memory")
    .option("-t, --tag <tag>", "a label; may be repeated", collect).option("--type <type>", "kind of memory")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples(['store "Staging runs PostgreSQL 16." --tag infra', 'store "…" --type decision --json']),
    )
    .action(async (content: string, { tag, type, json }: Options) => {
      const input = check(StoreInput, { content, tags: tag ?? [], memory_type: type ?? null });
      const result = await withRuntime(context, (runtime) => store(runtime, input));
      show(context, json, result, () => [`${result.message}: ${result.content_hash}`]);
      if (!result.success && !result.duplicate) throw new Failed();
    });

  program.command("search").argument("<query>", "what to look for").description("find memories by meaning and words")
    .option("-t, --tag <tag>", "only with this label; may be repeated", collect)
    .option("-n, --limit <number>", "how many", "10").option("--json", "print the result as JSON")
    .addHelpText("after", examples(['search "which database does staging use?"', "search deploy --tag ops --json"]))
    .action(async (query: string, { tag, limit, json }: Options) => {
      const input = check(SearchInput, { query, ...(tag ? { tags: tag } : {}), page_size: Number(limit) });
      const result = await withRuntime(context, async (runtime) => {
        await modelReady(runtime);
        return await search(runtime, input);
      });
      show(
        context,
        json,
        result,
        () =>
          result.results.length === 0
            ? ["Nothing found"]
            : result.results.map(({ memory, similarity_score }) =>
              `${(similarity_score ?? 0).toFixed(2)}  ${oneLine(memory.content)}`
            ),
      );
    });

  program.command("list").description("list memories, newest first")
    .option("-t, --tag <tag>", "only with this label; may be repeated", collect)
    .option("-n, --limit <number>", "how many", "10").option("-p, --page <number>", "which page", "1")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["list", "list --tag infra --limit 50 --json"]))
    .action(async ({ tag, limit, page, json }: Options) => {
      const input = check(ListInput, { page: Number(page), page_size: Number(limit), ...(tag ? { tags: tag } : {}) });
      const result = await withRuntime(context, (runtime) => list(runtime, input));
      show(context, json, result, () => [
        ...result.memories.map(({ created_at_iso, content }) => `${created_at_iso?.slice(0, 10)}  ${oneLine(content)}`),
        `${result.memories.length} of ${result.total} memories`,
      ]);
    });
}

/** Makes the configured model serve when its vectors are those in the store. */
async function modelReady({ embeddings, storage }: Parameters<typeof search>[0]): Promise<void> {
  try {
    const identity = await embeddings.configured.ready();
    if ((await storage.vectorCoverage()).active?.id === identity.id) embeddings.serving = embeddings.configured;
  } catch {
    // words find it then
  }
}

function check<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MemoryError("invalid_input", `Cannot use ${issue?.path.join(".")}: ${issue?.message}`);
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= 160 ? line : `${line.slice(0, 159).toWellFormed()}…`;
}
