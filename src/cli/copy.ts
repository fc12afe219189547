/**
 * `copy` and `upgrade`.
 *
 * @module
 */

import type { Command } from "commander";
import type { Config } from "../config.ts";
import { MemoryError } from "../errors.ts";
import { DEFAULT_SPACE } from "../memory/space.ts";
import { compare, type Comparison, type Mismatch } from "../operations/moving/copy/compare.ts";
import { type CopyProgress, type CopyReport, copyStore, type NamedStore } from "../operations/moving/copy/copy.ts";
import { upgradeStore } from "../operations/moving/upgrade.ts";
import { storeAt, storeName } from "../stores.ts";
import { type CliContext, examples, Failed, pathOf, show } from "./context.ts";
import { progress } from "./progress.ts";

/** Mismatches that are listed; all are counted. */
const LISTED = 100;

interface CopyCommand {
  from?: string;
  to?: string;
  verifyOnly?: boolean;
  replace?: boolean;
  json?: boolean;
}

interface UpgradeCommand {
  into?: string;
  replace?: boolean;
  json?: boolean;
}

/** Adds the commands. */
export function addCopy(program: Command, context: CliContext): void {
  program.command("copy").description("make one store equal to another, while a service works with the other")
    .option("--from <store>", "what to copy; the configured store without it")
    .option("--to <store>", "where to; the configured store without it")
    .option("--verify-only", "only compare the two")
    .option("--replace", "also into a store that holds something else, which is deleted")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nA store is sqlite:PATH or qdrant:http://HOST:PORT/COLLECTION. Its API key comes from MCP_COPY_FROM_API_KEY or\n" +
        "MCP_COPY_TO_API_KEY, and from MCP_QDRANT_API_KEY without them.\n" + examples([
          "copy --to qdrant:http://localhost:6333/memories",
          "copy --from qdrant:http://localhost:6333/memories --to sqlite:/data/unimem.db",
          "copy --from sqlite:old.db --to sqlite:new.db --verify-only --json",
        ]),
    )
    .action((options: CopyCommand) => runCopy(context, options));

  program.command("upgrade").description("complete a collection that the Python service wrote")
    .option("--into <collection>", "leave it as it is and write a new collection beside it")
    .option("--replace", "with --into: also into a collection that holds something else, which is deleted")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["upgrade", "upgrade --into memories_2"]))
    .action((options: UpgradeCommand) => runUpgrade(context, options));
}

async function runCopy(context: CliContext, { from, to, ...options }: CopyCommand): Promise<void> {
  const config = context.config();
  await copyBetween(
    context,
    storeAt(config, withHome(context, from), "from"),
    storeAt(config, withHome(context, to), "to"),
    options,
  );
}

/** The URL of a store with the home folder for `~` in `sqlite:~/x`. */
function withHome(context: CliContext, url: string | undefined): string | undefined {
  return url?.startsWith("sqlite:") ? `sqlite:${pathOf(context, url.slice("sqlite:".length))}` : url;
}

/** Copies or compares, and tells what came of it. */
async function copyBetween(
  context: CliContext,
  from: Config["storage"],
  to: Config["storage"],
  { verifyOnly = false, replace = false, json }: Omit<CopyCommand, "from" | "to">,
  next: string[] = [],
): Promise<void> {
  if (storeName(from) === storeName(to)) {
    throw new MemoryError("configuration", `Cannot copy ${storeName(from)} into itself: name another store`);
  }
  const config = context.config(), bar = progress(context), showStep = teller((text) => bar.show(text));
  await using source = await opened(context, from);
  await using target = await opened(context, verifyOnly ? { ...to, readOnly: true } : to);
  const began = performance.now();
  let copied: CopyReport | null = null, report: Comparison;
  try {
    report = verifyOnly
      ? await compare(source.storage, target.storage, {
        signal: context.signal,
        onProgress: (read) => bar.show(`Compared ${read} records`),
      })
      : copied = await copyStore(source, target, {
        holder: `${context.processName} (copy)`,
        leaseMs: config.leaseMs,
        replace,
        // A remote one isn't asked: its endpoint may be new to the store.
        ...(config.embedding.provider === "local" ? { configuredModel: () => context.configuredModel(config) } : {}),
        onProgress: showStep,
        signal: context.signal,
      });
  } finally {
    bar.end();
  }
  const { mismatches, ...figures } = report;
  const shown = {
    from: source.name,
    to: target.name,
    ...figures,
    seconds: Math.round(performance.now() - began) / 1000,
    mismatches: mismatches.length,
    listed: mismatches.slice(0, LISTED).map(({ kind, space, key, found }) => ({
      ...{ kind, key, found },
      ...space === DEFAULT_SPACE ? {} : { space },
    })),
  };
  show(context, json, shown, () => [
    ...copied !== null
      ? [`Copied ${source.name} to ${target.name} in ${shown.seconds} s: ${written(copied)}`]
      : [`Compared ${source.name} with ${target.name} in ${shown.seconds} s`],
    ...sides(report),
    ...differences(mismatches),
    ...report.equal ? next : [],
  ]);
  if (!report.equal) throw new Failed();
}

async function runUpgrade(context: CliContext, { into, replace = false, json }: UpgradeCommand): Promise<void> {
  const config = context.config(), { storage: settings } = config;
  if (into !== undefined) {
    if (settings.backend !== "qdrant") {
      throw new MemoryError("configuration", "Cannot upgrade into another collection: MCP_QDRANT_URL is not set");
    }
    return await copyBetween(
      context,
      { ...settings, readOnly: true },
      { ...settings, collection: into },
      { replace, ...(json === undefined ? {} : { json }) },
      [`Set MCP_QDRANT_COLLECTION_NAME=${into} and start the service again to use it; ${settings.collection} is as it was`],
    );
  }
  const bar = progress(context), eta = estimate();
  await using store = await opened(context, settings);
  const report = await upgradeStore(store.storage, {
    signal: context.signal,
    onProgress: (step, done, total) => bar.show(`${step}: ${done} of ${total} memories${eta(step, done, total)}`),
  }).finally(() => bar.end());
  show(context, json, { store: store.name, ...report }, () => [
    `Completed ${report.done} of ${report.total} memories in ${store.name}; ${report.left} left`,
    `Before  ${report.before.memories} memories, digest ${report.before.digest}`,
    `After   ${report.after.memories} memories, digest ${report.after.digest}`,
    ...report.changed > 0 ? [`${report.changed} memories were changed by others meanwhile`] : [],
    ...report.listed.map((hash) => `  ${hash}: other than before`),
    ...report.damaged > report.listed.length ? [`  and ${report.damaged - report.listed.length} more`] : [],
  ]);
  if (!report.success) throw new Failed();
}

async function opened(context: CliContext, settings: Config["storage"]): Promise<NamedStore & AsyncDisposable> {
  const storage = await context.openStore(settings);
  return { storage, name: storeName(settings), [Symbol.asyncDispose]: () => storage.close() };
}

/** Shows progress with the rate and the time that is left. */
function teller(write: (text: string) => void): (progress: CopyProgress) => void {
  const eta = estimate();
  return ({ step, done, total, pass, changes }) => {
    const share = `${done} of ${total}${eta(`${step} ${pass}`, done, total)}`;
    if (step === "following") {
      write(`Pass ${pass}: ${share}; ${changes} changes in the last. Stop writing to the source to finish`);
    } else write(`${step[0]!.toUpperCase()}${step.slice(1)}: ${share}`);
  };
}

/** Rate and remaining time of a step that began with its first call. */
function estimate(): (step: string, done: number, total: number) => string {
  let current = "", began = 0, first = 0;
  return (step, done, total) => {
    if (step !== current) [current, began, first] = [step, performance.now(), done];
    const rate = (done - first) / ((performance.now() - began) / 1000);
    if (!(rate > 0) || !Number.isFinite(rate)) return "";
    const left = Math.max(0, total - done) / rate;
    return `, ${Math.round(rate)}/s, ${left < 90 ? `${Math.round(left)} s` : `${Math.round(left / 60)} min`} left`;
  };
}

function written({ passes, written, removed, model }: CopyReport): string {
  return `${passes} passes, ${written} written, ${removed} removed${model === null ? ", no vectors to copy" : ""}`;
}

function sides({ memories, trash, relations, vectors }: Comparison): string[] {
  const kinds = { Memories: memories, Trash: trash, Relations: relations };
  const lines = Object.entries(kinds).map(([name, { source, target }]) =>
    `${name.padEnd(9)}  ${source.count} and ${target.count}, digests ${source.digest} and ${target.digest}`
  );
  return [
    ...lines,
    vectors === null ? "Vectors    of different models, not compared" : `Vectors    of ${vectors} memories`,
  ];
}

function differences(mismatches: readonly Mismatch[]): string[] {
  if (mismatches.length === 0) return ["Equal"];
  return [
    `${mismatches.length} differences`,
    ...mismatches.slice(0, LISTED).map(({ kind, space, key, found }) =>
      `  ${kind} ${key}${space === DEFAULT_SPACE ? "" : ` in space ${space}`}: ${found}`
    ),
    ...mismatches.length > LISTED ? [`  and ${mismatches.length - LISTED} more`] : [],
  ];
}
