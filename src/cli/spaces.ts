/**
 * `spaces`: listing, making, renaming, merging and deleting spaces, and moving memories between them.
 *
 * @module
 */

import type { Command } from "commander";
import {
  createSpace,
  CreateSpaceInput,
  deleteSpace,
  listSpaces,
  MergeInput,
  mergeSpace,
  MoveInput,
  moveMemories,
  renameSpace,
  RenameSpaceInput,
} from "../operations/spaces/manage.ts";
import type { Runtime } from "../operations/runtime.ts";
import { check, type CliContext, examples, show } from "./context.ts";
import { inSpaces } from "./in_spaces.ts";
import { collect } from "./filters.ts";

interface Confirmed {
  count?: string;
  dryRun?: boolean;
  json?: boolean;
}

const COUNT = "number of memories, as --dry-run says; nothing happens with another number";

/** Adds the command. */
export function addSpaces(program: Command, context: CliContext): void {
  const spaces = program.command("spaces").description("spaces that memories are kept apart in")
    .addHelpText(
      "after",
      examples(["spaces list", "spaces create project-a", "spaces merge old --into project-a --dry-run"]),
    );
  const run = async (json: boolean | undefined, body: (runtime: Runtime) => Promise<{ message: string }>) => {
    const result = await inSpaces(context, body);
    show(context, json, result, () => [result.message]);
  };

  spaces.command("list").description("all spaces with their counts").option("--json", "print them as JSON")
    .addHelpText("after", examples(["spaces list", "spaces list --json"]))
    .action(async ({ json }: Confirmed) => {
      const found = await inSpaces(context, listSpaces);
      show(
        context,
        json,
        found,
        () =>
          found.spaces.map(({ name, memories, trashed }) => `${name}  ${memories} memories, ${trashed} in the trash`),
      );
    });

  spaces.command("create").argument("<name>", "up to 64 lower-case letters, digits, dots, underscores and hyphens")
    .description("make a space; storing into one makes it, too").option("--json", "print the result as JSON")
    .addHelpText("after", examples(["spaces create project-a"]))
    .action((name: string, { json }: Confirmed) => {
      const input = check(CreateSpaceInput, { name }, { name: "<name>" });
      return run(json, (runtime) => createSpace(runtime, input));
    });

  spaces.command("rename").argument("<name>").argument("<to>", "its new name")
    .description("give a space another name; keys that name it must be made again")
    .option("--json", "print the result as JSON").addHelpText("after", examples(["spaces rename project-a atlas"]))
    .action((name: string, to: string, { json }: Confirmed) => {
      const input = check(RenameSpaceInput, { name: to }, { name: "<to>" });
      return run(json, (runtime) => renameSpace(runtime, name, input.name));
    });

  spaces.command("move").argument("<from>", "the space they are in").argument("[ids...]", "memories to move")
    .requiredOption("--to <space>", "where they go").option("-t, --tag <tag>", "all with this tag instead", collect)
    .option("--count <number>", COUNT).option("--dry-run", "only say how many").option(
      "--json",
      "print the result as JSON",
    )
    .description("move memories to another space")
    .addHelpText(
      "after",
      examples([
        "spaces move default 3f2a9c81d0 --to project-a",
        "spaces move default --tag atlas --to atlas --dry-run",
      ]),
    )
    .action((from: string, ids: string[], { to, tag, ...options }: Confirmed & { to: string; tag?: string[] }) => {
      const input = check(MoveInput, {
        to,
        ...ids.length === 0 ? {} : { content_hashes: ids },
        ...tag === undefined ? {} : { tags: tag },
        ...confirmed(options),
      }, { to: "--to", content_hashes: "[ids...]", tags: "--tag", confirm_count: "--count" });
      return run(options.json, (runtime) => moveMemories(runtime, from, input));
    });

  spaces.command("merge").argument("<name>").requiredOption("--into <space>", "where its memories go")
    .option("--count <number>", COUNT).option("--dry-run", "only say how many").option(
      "--json",
      "print the result as JSON",
    )
    .description("move everything in a space to another one")
    .addHelpText(
      "after",
      examples(["spaces merge old --into atlas --dry-run", "spaces merge old --into atlas --count 42"]),
    )
    .action((name: string, { into, ...options }: Confirmed & { into: string }) => {
      const input = check(MergeInput, { into, ...confirmed(options) }, { into: "--into", confirm_count: "--count" });
      return run(options.json, (runtime) => mergeSpace(runtime, name, input));
    });

  spaces.command("delete").argument("<name>").description("delete all memories of a space, to the trash")
    .option("--count <number>", COUNT).option("--dry-run", "only say how many").option(
      "--json",
      "print the result as JSON",
    )
    .addHelpText("after", examples(["spaces delete old --dry-run", "spaces delete old --count 42"]))
    .action((name: string, options: Confirmed) =>
      run(options.json, (runtime) => deleteSpace(runtime, name, confirmed(options)))
    );
}

function confirmed({ count, dryRun = false }: Confirmed): { confirm_count: number | null; dry_run: boolean } {
  return { confirm_count: count === undefined ? null : Number(count), dry_run: dryRun };
}
