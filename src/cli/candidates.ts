/**
 * `candidates`: sentences of captured sessions that may be worth keeping.
 *
 * @module
 */

import type { Command } from "commander";
import type { CandidatesOutput, ResolveCandidateOutput } from "../operations/candidates.ts";
import { type ClientContext, examples, numberOf, paint, printable, show } from "./context.ts";
import { collectTags } from "./filters.ts";
import { oneLine } from "./lines.ts";
import { orNone, withService } from "./remote.ts";

interface Options {
  limit: string;
  text?: string;
  tag?: string[];
  type?: string;
  json?: boolean;
}

const OPTIONS = { limit: "--limit", id: "<id>", content: "--text", tags: "--tag", memory_type: "--type" };

/** Adds the command. */
export function addCandidates(program: Command, context: ClientContext): void {
  const candidates = program.command("candidates").description(
    "sentences of captured sessions that may be worth keeping",
  )
    .addHelpText("after", examples(["candidates list", "candidates keep ID --tag infra", "candidates drop ID"]));
  candidates.command("list").description("what looks like a decision, a preference or a task, last said first")
    .option("-n, --limit <number>", "how many, up to 100", "20").option("--json", "print them as JSON")
    .addHelpText("after", examples(["candidates list", "candidates list --limit 50 --json"]))
    .action(async ({ limit, json }: Options) => {
      const input = { limit: numberOf("--limit", limit) };
      const none = { candidates: [], count: 0, scanned: 0, next_before: null };
      const found = await withService(
        context,
        {},
        (service) => service.call<CandidatesOutput>("listCandidates", input, OPTIONS),
      ).catch(orNone<CandidatesOutput>(none));
      show(context, json, found, () => [
        ...found.candidates.map(({ id, kind, text }) =>
          `${paint(context, "dim", id)}  ${kind}  ${printable(oneLine(text))}`
        ),
        paint(context, "dim", `${found.count} candidates in ${found.scanned} turns of captured sessions`),
      ]);
    });
  candidates.command("keep").argument("<id>", "as list shows it").description(
    "make a memory of it, which cites its turn",
  )
    .option("--text <text>", "in these words instead").option(
      "-t, --tag <tag>",
      "a label; may be repeated",
      collectTags,
    )
    .option("--type <type>", "kind of memory; that of the candidate without it").option(
      "--json",
      "print the result as JSON",
    )
    .addHelpText("after", examples(["candidates keep ID", 'candidates keep ID --text "Staging runs PostgreSQL 17."']))
    .action((id: string, { text, tag, type, json }: Options) => {
      const words = text === undefined ? { action: "confirm" } : { action: "edit", content: text };
      const more = { ...tag === undefined ? {} : { tags: tag }, ...type === undefined ? {} : { memory_type: type } };
      return resolve(context, { id, ...words, ...more }, json);
    });
  candidates.command("drop").argument("<id>", "as list shows it").description("offer it no more; its turn stays")
    .option("--json", "print the result as JSON").addHelpText("after", examples(["candidates drop ID"]))
    .action((id: string, { json }: Options) => resolve(context, { id, action: "drop" }, json));
}

async function resolve(context: ClientContext, input: Record<string, unknown>, json: boolean | undefined) {
  const result = await withService(
    context,
    {},
    (service) => service.call<ResolveCandidateOutput>("resolveCandidate", input, OPTIONS),
  );
  const key = result.content_hash;
  show(context, json, result, () => [key === null ? result.message : `${result.message}: ${key}`]);
}
