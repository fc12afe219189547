/**
 * `audit`: who changed what, who was refused, and whether the log of it is whole.
 *
 * @module
 */

import { type Command, Option } from "commander";
import { errorText, MemoryError } from "../errors.ts";
import type { AuditEntry } from "../operations/audit/entry.ts";
import type { AuditSettings } from "../operations/audit/log.ts";
import type { AuditPageOutput } from "../operations/audit/page.ts";
import { AuditQuery, CHANNELS, readAudit } from "../operations/audit/read.ts";
import type { Verification } from "../operations/audit/verify.ts";
import { check, type ClientContext, examples, Failed, numberOf, paint, pathOf, printable, show } from "./context.ts";
import { timeOf } from "./filters.ts";
import { running } from "./remote.ts";

interface ListOptions {
  caller?: string;
  action?: string;
  channel?: string;
  space?: string;
  outcome?: string;
  hash?: string;
  since?: string;
  until?: string;
  limit: string;
  before?: string;
  path?: string;
  json?: boolean;
}

const OPTIONS: Readonly<Record<string, string>> = {
  limit: "--limit",
  before: "--before",
  caller: "--caller",
  action: "--action",
  channel: "--channel",
  space: "--space",
  outcome: "--outcome",
  content_hash: "--hash",
};

/** Adds the command. */
export function addAudit(program: Command, context: ClientContext): void {
  const audit = program.command("audit").description("who changed what, and who was refused, newest first")
    .option("--caller <name>", "only what this key, grant or other caller did")
    .option("--action <name>", "only this operation, tool or command")
    .addOption(
      new Option("--channel <channel>", "only what came this way").choices(CHANNELS),
    )
    .option("--space <name>", "only what was done in this space")
    .option("--outcome <outcome>", "ok, or the code of an error; !ok for all that failed or was refused")
    .option("--hash <id>", "only entries that name this memory")
    .option("--since <time>", "only from then on: a date, a time, or words such as yesterday")
    .option("--until <time>", "only up to the end of that")
    .option("-n, --limit <number>", "how many, up to 1000", "50")
    .option("--before <number>", "only entries before this number, for the next page")
    .option("--path <folder>", "the log in this folder, instead of the one of the settings")
    .option("--json", "print the entries as JSON")
    .addHelpText(
      "after",
      examples(["audit", "audit --caller laptop --since yesterday", "audit --outcome '!ok' --json", "audit verify"]),
    )
    .action((options: ListOptions) => runList(context, options));

  audit.command("verify").description("whether an entry was changed, removed or cut off")
    .option("--contains <hash>", "an end that was noted earlier, which must still be there")
    .option("--path <folder>", "the log in this folder, instead of the one of the settings")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["audit verify", "audit verify --path /backup/audit --json"]))
    // The group has options of the same names, and takes them wherever they stand.
    .action((options: { contains?: string; path?: string; json?: boolean }) =>
      runVerify(context, { ...options, ...audit.opts<{ path?: string; json?: boolean }>() })
    );
}

async function runList(context: ClientContext, options: ListOptions): Promise<void> {
  const { timeZone } = context.reach(), now = new Date();
  const period = (text: string) => timeOf(text, now, timeZone);
  const query = check(AuditQuery, {
    limit: numberOf("--limit", options.limit),
    ...options.before === undefined ? {} : { before: numberOf("--before", options.before) },
    caller: options.caller,
    action: options.action,
    channel: options.channel,
    space: options.space,
    outcome: options.outcome,
    content_hash: options.hash,
    ...options.since === undefined ? {} : { since: (await period(options.since)).from },
    ...options.until === undefined ? {} : { until: (await period(options.until)).before },
  }, OPTIONS);
  // The log of the service is the one of its data folder, those entries included that it hasn't written yet.
  const service = options.path === undefined ? await running(context) : null;
  const page = service === null
    ? await pageIn(await folderOf(context, options.path), query)
    : pageOf(await service.call<AuditPageOutput>("readAudit", query, OPTIONS));
  show(context, options.json, page, () => [
    ...page.entries.map((entry) => lineOf(context, entry)),
    paint(
      context,
      "dim",
      `${page.entries.length} entries of ${page.folder ?? "no log"}${
        page.next === null ? "" : `; more with --before ${page.next}`
      }`,
    ),
  ]);
}

async function pageIn(folder: string, query: AuditQuery) {
  return { folder, ...await reading(folder, () => readAudit(folder, query)) };
}

/** @throws {MemoryError} `invalid_input` for a folder that can't be read. */
async function reading<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof MemoryError) throw cause;
    throw new MemoryError("invalid_input", `Cannot read the audit log in "${folder}": ${errorText(cause)}`, { cause });
  }
}

function pageOf({ entries, next, first, replica }: AuditPageOutput) {
  return { folder: replica.folder, entries: entries as AuditEntry[], next, first };
}

async function runVerify(
  context: ClientContext,
  { contains, path, json }: { contains?: string; path?: string; json?: boolean },
): Promise<void> {
  if (path === undefined && context.reach().server !== null) {
    throw new MemoryError(
      "unsupported",
      `Cannot verify the log of ${context.reach().server}: it is checked where its files are, without --server and UNIMEM_SERVER`,
    );
  }
  const { verifyAudit } = await import("../operations/audit/verify.ts");
  const folder = await folderOf(context, path);
  const found = await reading(folder, () => verifyAudit(folder, { contains: contains?.toLowerCase() }));
  const whole = found.fault_count === 0 && found.contains !== false;
  show(context, json, { whole, ...found }, () => wordsOf(context, found));
  if (!whole) throw new Failed();
}

function wordsOf(context: ClientContext, found: Verification): string[] {
  const { entries, first, last, dropped, end, faults, fault_count, contains } = found;
  return [
    `${found.folder}: ${entries} entries${first === null ? "" : `, ${first} to ${last}`}${
      dropped === 0 ? "" : `; ${dropped} before were dropped for their size or age`
    }`,
    ...faults.map(({ file, line, message }) =>
      paint(context, "red", oneLine(`${file}${line === null ? "" : `:${line}`}  ${message}`))
    ),
    ...fault_count > faults.length ? [paint(context, "red", `and ${fault_count - faults.length} more`)] : [],
    ...contains === null ? [] : [
      contains ? "The noted end is in the chain" : paint(context, "red", "The noted end is not in the chain"),
    ],
    ...fault_count > 0 ? [] : [paint(context, "green", "Every entry follows the one before")],
    ...end === null ? [] : [`It ends with entry ${end.n}, hash ${end.hash}`],
  ];
}

function lineOf(context: ClientContext, entry: AuditEntry): string {
  const { n, time, caller, address, client, channel, action, space, hashes, count, outcome, detail } = entry;
  const who = [caller ?? "-", address, client?.name].filter((text) => text !== undefined).join(" ");
  const what = [
    action,
    space === null ? null : `in ${space}`,
    count === 0 && hashes.length === 0 ? null : `×${count}`,
    ...hashes.slice(0, 3).map((hash) => hash.slice(0, 10)),
    hashes.length > 3 ? "…" : null,
    detail,
  ].filter((text) => text != null).join(" ");
  const ended = outcome === "ok" ? paint(context, "green", "ok") : paint(context, "red", oneLine(outcome));
  return `${paint(context, "dim", `${n}  ${time}`)}  ${channel}  ${oneLine(who)}  ${ended}  ${oneLine(what)}`;
}

/** On one line, whatever a client called itself. */
function oneLine(text: string): string {
  return printable(text.replace(/[\n\t]/g, " "));
}

async function folderOf(context: ClientContext, path: string | undefined): Promise<string> {
  if (path !== undefined) return pathOf(context, path);
  await context.load();
  const audit: AuditSettings | null = context.config().audit;
  if (audit !== null) return audit.folder;
  throw new MemoryError(
    "configuration",
    "Cannot read the audit log: MCP_AUDIT_ENABLED=false; name a folder with --path",
  );
}
