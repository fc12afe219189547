/**
 * `relations`, `supersede` and `review`: how memories stand to each other.
 *
 * @module
 */

import type { Command } from "commander";
import type { ContradictionsOutput } from "../operations/contradictions.ts";
import type { RelationChange, RelationsOutput } from "../operations/relation.ts";
import type { SupersedeOutput } from "../operations/supersede.ts";
import { type ClientContext, examples, numberOf, paint, show } from "./context.ts";
import { keyOf, line, shortKeys } from "./lines.ts";
import { withService } from "./remote.ts";

interface Options {
  type?: string;
  depth?: string;
  reason?: string;
  by?: string;
  until?: string;
  undo?: boolean;
  limit?: string;
  scan?: string;
  json?: boolean;
}

const ID = "a memory's id, or its first 10 or more digits";
const OPTIONS = {
  relation_type: "--type",
  depth: "--depth",
  target_hash: "<target>",
  content_hash: "<id>",
  new_hash: "--by",
  reason: "--reason",
  valid_until: "--until",
  limit: "--limit",
  scan: "--scan",
};

/** Adds the commands. */
export function addRelations(program: Command, context: ClientContext): void {
  addLinks(program, context);
  program.command("supersede").argument("<id>", "the older memory").option("--by <id>", "the newer memory")
    .description("replace a memory by a newer one; searches leave the older out")
    .option("--reason <text>", "why, in a few words")
    .option("--until <time>", "when the older ceased to hold: ISO 8601 or Unix seconds")
    .option("--undo", "make it current again").option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        'supersede 3f2a9c81d0 --by b5bb9d8014 --reason "moved to PostgreSQL 17"',
        "supersede 3f2a9c81d0 --undo",
      ]),
    )
    .action((id: string, options: Options, command: Command) => {
      if ((options.by === undefined) === (options.undo !== true)) {
        command.error("error: give --by with the newer memory, or --undo");
      }
      return runSupersede(context, id, options);
    });
  program.command("review").description("pairs of memories that can't both hold, with the evidence")
    .option("-n, --limit <number>", "most pairs, up to 100", "20")
    .option("--scan <number>", "memories to compare with their neighbours, newest first", "200")
    .option("--json", "print them as JSON").addHelpText("after", examples(["review", "review --scan 2000 --json"]))
    .action((options: Options) => runReview(context, options));
}

function addLinks(program: Command, context: ClientContext): void {
  const relations = program.command("relations").description("links between memories")
    .addHelpText(
      "after",
      examples(["relations list 3f2a9c81d0", "relations add 3f2a9c81d0 b5bb9d8014 --type supports"]),
    );
  relations.command("list").argument("<id>", ID).description("a memory's links, in both directions")
    .option("--type <type>", "only of this type").option("--depth <number>", "how many links away, up to 3", "1")
    .option("--json", "print them as JSON").addHelpText("after", examples(["relations list 3f2a9c81d0 --depth 2"]))
    .action((id: string, options: Options) => runLinks(context, id, options));
  relations.command("add").argument("<id>", ID).argument("<target>", "the memory it leads to")
    .description("link a memory to another").option("--type <type>", "such as supports or contradicts", "relates_to")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["relations add 3f2a9c81d0 b5bb9d8014 --type supports"]))
    .action((id: string, target: string, options: Options) => runLink(context, "addRelation", id, target, options));
  relations.command("remove").argument("<id>", ID).argument("<target>", "the memory it leads to")
    .description("remove the links from a memory to another").option("--type <type>", "only of this type")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["relations remove 3f2a9c81d0 b5bb9d8014"]))
    .action((id: string, target: string, options: Options) => runLink(context, "removeRelation", id, target, options));
}

async function runLinks(context: ClientContext, id: string, { type, depth, json }: Options): Promise<void> {
  const input = { content_hash: keyOf(id, "<id>"), relation_type: type, depth: numberOf("--depth", depth!) };
  const { found, short } = await withService(context, {}, async (service) => {
    const found = await service.call<RelationsOutput>("listRelations", input, OPTIONS);
    return { found, short: await shortKeys(service, found.memories) };
  });
  show(context, json, found, () => [
    ...found.relations.map(({ source, target, relation_type }) =>
      `${short(source)}  ${relation_type}  ${short(target)}`
    ),
    ...found.memories.map((memory) => line(context, memory, short)),
    ...found.relations.length === 0 ? ["No relations"] : [],
  ]);
}

async function runLink(
  context: ClientContext,
  operation: "addRelation" | "removeRelation",
  id: string,
  target: string,
  { type, json }: Options,
): Promise<void> {
  const input = {
    content_hash: keyOf(id, "<id>"),
    target_hash: keyOf(target, "<target>"),
    ...type === undefined ? {} : { relation_type: type },
  };
  const result = await withService(
    context,
    {},
    (service) => service.call<RelationChange>(operation, input, OPTIONS),
  );
  show(context, json, result, () => [result.message]);
}

async function runSupersede(context: ClientContext, id: string, options: Options): Promise<void> {
  const content_hash = keyOf(id, "<id>"), { by, reason, until, json } = options;
  const result = await withService(
    context,
    {},
    (service) =>
      by === undefined
        ? service.call<SupersedeOutput>("reinstateMemory", { content_hash })
        : service.call<SupersedeOutput>("supersedeMemory", {
          content_hash,
          new_hash: keyOf(by, "--by"),
          ...reason === undefined ? {} : { reason },
          ...until === undefined ? {} : { valid_until: until },
        }, OPTIONS),
  );
  show(context, json, result, () => [result.message]);
}

async function runReview(context: ClientContext, { limit, scan, json }: Options): Promise<void> {
  const input = { limit: numberOf("--limit", limit!), scan: numberOf("--scan", scan!) };
  const { found, short } = await withService(context, { model: true }, async (service) => {
    const found = await service.call<ContradictionsOutput>("listContradictions", input, OPTIONS);
    return { found, short: await shortKeys(service, found.pairs.flatMap(({ first, second }) => [first, second])) };
  });
  show(context, json, found, () => [
    ...found.pairs.flatMap(({ first, second, evidence }) => [
      line(context, first, short),
      line(context, second, short),
      paint(context, "yellow", `    ${evidence.map(({ kind, detail }) => `${kind}: ${detail}`).join("; ")}`),
    ]),
    paint(context, "dim", `${found.count} pairs among ${found.scanned} memories compared`),
    ...found.count === 0 ? [] : ["unimem supersede OLDER --by NEWER settles a pair; relations add says both hold"],
    ...found.notice === null ? [] : [paint(context, "yellow", found.notice)],
  ]);
}
