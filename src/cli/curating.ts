/**
 * `edit`, `tag`, `similar`, `duplicates` and `merge`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { MemoryError } from "../errors.ts";
import type { MemoryView } from "../memory/schemas.ts";
import type { BatchOutput } from "../operations/batch.ts";
import type { DuplicatesOutput } from "../operations/duplicates.ts";
import type { MergeOutput } from "../operations/merge_duplicates.ts";
import type { SearchHit } from "../operations/search_page.ts";
import type { StoreOutput } from "../operations/store.ts";
import type { SupersedeOutput } from "../operations/supersede.ts";
import { type ClientContext, examples, Failed, numberOf, paint, show } from "./context.ts";
import { editText } from "./editor.ts";
import { collectTags } from "./filters.ts";
import { keyOf, line, oneLine, shortKeys, showBatch } from "./lines.ts";
import { contentOf } from "./memories.ts";
import { withService } from "./remote.ts";

interface Options {
  add?: string[];
  remove?: string[];
  limit: string;
  minScore?: string;
  near?: boolean;
  keep?: string;
  into: string;
  reason?: string;
  dryRun?: boolean;
  all?: boolean;
  yes?: boolean;
  json?: boolean;
}

const OPTIONS = {
  content: "[text]",
  reason: "--reason",
  add_tags: "--add",
  remove_tags: "--remove",
  n_results: "--limit",
  limit: "--limit",
  threshold: "--min-score",
  similarity_threshold: "--min-score",
  keep: "--keep",
};

/** Adds the commands. */
export function addCurating(program: Command, context: ClientContext): void {
  program.command("edit").argument("<id>", "a memory's id, or its first 10 or more digits")
    .argument("[text]", "its new text; - for standard input, $EDITOR without")
    .description("store a changed text, which supersedes the memory").option("--reason <text>", "why it changed")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples(["edit 3f2a9c81d0", 'edit 3f2a9c81d0 "Staging runs PostgreSQL 17." --reason upgrade']),
    )
    .action((id: string, text: string | undefined, options: Options) => runEdit(context, id, text, options));

  program.command("tag").argument("<ids...>", "memories' ids, or their first 10 or more digits")
    .description("add tags to memories, or remove them").option("-a, --add <tag>", "may be repeated", collectTags)
    .option("-r, --remove <tag>", "may be repeated", collectTags).option("--json", "print the result as JSON")
    .addHelpText("after", examples(["tag 3f2a9c81d0 --add infra --remove todo"]))
    .action(async (ids: string[], { add = [], remove = [], json }: Options, command: Command) => {
      if (add.length + remove.length === 0) command.error("error: give --add or --remove");
      const input = { content_hashes: ids.map((id) => keyOf(id, "<ids...>")), add_tags: add, remove_tags: remove };
      const result = await withService(
        context,
        {},
        (service) => service.call<BatchOutput>("tagMemories", input, OPTIONS),
      );
      showBatch(context, json, result);
    });

  program.command("similar").argument("<id>", "a memory's id, or its first 10 or more digits")
    .description("memories like one").option("-n, --limit <number>", "how many, up to 100", "10")
    .option("--min-score <number>", "only results with at least this cosine, 0 to 1", "0")
    .option("--json", "print them as JSON").addHelpText("after", examples(["similar 3f2a9c81d0 --min-score 0.6"]))
    .action((id: string, options: Options) => runSimilar(context, id, options));

  addMerging(program, context);
}

function addMerging(program: Command, context: ClientContext): void {
  const keep = () =>
    new Option("--keep <which>", "which of a group to keep").choices(["newest", "oldest", "longest"]).default("newest");
  program.command("duplicates").description("memories that say the same, and which of them to keep")
    .option("-n, --limit <number>", "memories to look at, newest first, up to 5000", "500")
    .option("--min-score <number>", "least cosine of two that count as near", "0.95").addOption(keep())
    .option("--json", "print them as JSON")
    .addHelpText("after", examples(["duplicates", "duplicates --limit 5000 --keep longest --json"]))
    .action((options: Options) => runDuplicates(context, options));
  program.command("merge").argument("[ids...]", "the memories to merge away")
    .option("--into <id>", "the memory to keep").option("--all", "merge all duplicates of the same text")
    .option("--near", "with --all, near ones too").addOption(keep()).option("--reason <text>", "why")
    .option("--dry-run", "only say what would come of it").option("-y, --yes", "with --all, without asking")
    .option("--json", "print the result as JSON")
    .description("make one memory of several; the trash keeps the others")
    .addHelpText(
      "after",
      examples(["merge 3f2a9c81d0 --into b5bb9d8014", "merge --all --dry-run", "merge --all --near --keep longest"]),
    )
    .action((ids: string[], options: Options, command: Command) => {
      if (options.all === true ? ids.length > 0 || options.into : ids.length === 0 || !options.into) {
        command.error("error: give memories and --into, or --all");
      }
      return options.all ? mergeAll(context, options) : mergeInto(context, ids, options);
    });
}

async function runEdit(context: ClientContext, id: string, text: string | undefined, { reason, json }: Options) {
  const content_hash = keyOf(id, "<id>");
  const result = await withService(context, {}, async (service) => {
    const old = await service.call<MemoryView>("getMemory", { content_hash });
    const content = text === "-" ? await contentOf(context) : text ?? await editText(context, old.content);
    if (content.trim() === "") throw new MemoryError("invalid_input", "Cannot store an empty text: delete it instead");
    if (content === old.content) return { changed: false as const, content_hash: old.content_hash };
    const { tags, memory_type, metadata, conversation_id } = old;
    const input = { content, tags, memory_type, metadata, conversation_id };
    const stored = await service.call<StoreOutput>("storeMemory", input, OPTIONS);
    const superseded = await service.call<SupersedeOutput>("supersedeMemory", {
      content_hash: old.content_hash,
      new_hash: stored.content_hash,
      reason: reason ?? "edited",
    }, OPTIONS);
    return { changed: true as const, content_hash: stored.content_hash, superseded: superseded.superseded };
  });
  show(context, json, result, () => [
    result.changed
      ? `Stored ${result.content_hash}, which supersedes ${result.superseded}`
      : "The text is the same: nothing changed",
  ]);
}

async function runSimilar(context: ClientContext, id: string, { limit, minScore, json }: Options): Promise<void> {
  const input = {
    content_hash: keyOf(id, "<id>"),
    n_results: numberOf("--limit", limit),
    threshold: numberOf("--min-score", minScore!),
  };
  const { found, short } = await withService(context, { model: true }, async (service) => {
    const found = await service.call<{ results: SearchHit[]; notice: string | null }>("searchSimilar", input, OPTIONS);
    return { found, short: await shortKeys(service, found.results.map(({ memory }) => memory)) };
  });
  show(context, json, found, () => [
    ...found.results.length === 0 ? ["Nothing found"] : [],
    ...found.results.map(({ memory, similarity_score }) =>
      `${paint(context, "green", (similarity_score ?? 0).toFixed(2))}  ${line(context, memory, short)}`
    ),
    ...found.notice == null ? [] : [paint(context, "yellow", found.notice)],
  ]);
}

async function runDuplicates(context: ClientContext, { limit, minScore, keep, json }: Options): Promise<void> {
  const input = {
    limit: numberOf("--limit", limit),
    similarity_threshold: numberOf("--min-score", minScore!),
    keep,
  };
  const { found, short } = await withService(context, { model: true }, async (service) => {
    const found = await service.call<DuplicatesOutput>("findDuplicates", input, OPTIONS);
    const members = found.groups.flatMap(({ canonical, duplicates }) => [canonical, ...duplicates]);
    return { found, short: await shortKeys(service, members) };
  });
  show(context, json, found, () => [
    ...found.groups.flatMap(({ canonical, duplicates }) => [
      `keep   ${line(context, { ...canonical, content: canonical.preview }, short)}`,
      ...duplicates.map((duplicate) =>
        `${duplicate.kind.padEnd(5)}  ${line(context, { ...duplicate, content: oneLine(duplicate.preview) }, short)}`
      ),
    ]),
    paint(context, "dim", `${found.total_duplicates} duplicates among ${found.scanned} memories looked at`),
    ...found.notice === null ? [] : [paint(context, "yellow", found.notice)],
  ]);
}

async function mergeInto(context: ClientContext, ids: string[], { into, reason, dryRun, json }: Options) {
  const input = {
    canonical_hash: keyOf(into, "--into"),
    duplicate_hashes: ids.map((id) => keyOf(id, "[ids...]")),
    ...reason === undefined ? {} : { reason },
    dry_run: dryRun ?? false,
  };
  const result = await withService(
    context,
    {},
    (service) => service.call<MergeOutput>("mergeDuplicates", input, OPTIONS),
  );
  show(context, json, result, () => [
    result.message,
    ...result.not_found.map((key) => paint(context, "yellow", `Nothing is stored under ${key}`)),
  ]);
  if (!result.success) throw new Failed();
}

async function mergeAll(context: ClientContext, { near = false, keep, dryRun = false, yes = false, json }: Options) {
  const result = await withService(context, { model: near }, async (service) => {
    const run = (dry_run: boolean) =>
      service.call<{ message: string; affected_count: number }>("cleanUpDuplicates", { near, keep, dry_run }, OPTIONS);
    if (dryRun || yes) return await run(dryRun);
    const { affected_count } = await run(true);
    if (affected_count > 0 && !context.ask(`Merge ${affected_count} duplicates away?`)) {
      context.note("Nothing was merged; --yes does it without a question\n");
      throw new Failed();
    }
    return await run(false);
  });
  show(context, json, result, () => [result.message]);
}
