/**
 * `spaces`: listing, making, renaming, merging and deleting spaces, and moving memories between them.
 *
 * @module
 */

import type { Command } from "commander";
import type { SpacesOutput } from "../operations/spaces/manage.ts";
import { type ClientContext, examples, numberOf, show } from "./context.ts";
import { collect } from "./filters.ts";
import { keyOf } from "./lines.ts";
import { orNone, withService } from "./remote.ts";
import type { Operation } from "./routes.ts";

interface Confirmed {
  count?: string;
  dryRun?: boolean;
  json?: boolean;
}

interface Moved extends Confirmed {
  to: string;
  tag?: string[];
}

/** The options behind the fields, for messages. */
const OPTIONS = {
  to: "--to",
  into: "--into",
  content_hashes: "[ids...]",
  tags: "--tag",
  confirm_count: "--count",
};
const COUNT = "number of memories, as --dry-run says; nothing happens with another number";

/** Adds the command. */
export function addSpaces(program: Command, context: ClientContext): void {
  const spaces = program.command("spaces").description("spaces that memories are kept apart in")
    .addHelpText(
      "after",
      examples(["spaces list", "spaces create project-a", "spaces merge old --into project-a --dry-run"]),
    );
  const run = async (json: boolean | undefined, operation: Operation, input: Record<string, unknown>, name: string) => {
    const result = await withService(
      context,
      { creates: operation === "createSpace" },
      (service) => service.call<{ message: string }>(operation, input, { ...OPTIONS, name }),
    );
    show(context, json, result, () => [result.message]);
  };

  spaces.command("list").description("all spaces with their counts").option("--json", "print them as JSON")
    .addHelpText("after", examples(["spaces list", "spaces list --json"]))
    .action(async ({ json }: Confirmed) => {
      const found = await withService(context, {}, (service) => service.call<SpacesOutput>("listSpaces"))
        .catch(orNone<SpacesOutput>({ spaces: [] }));
      show(
        context,
        json,
        found,
        () =>
          found.spaces.length === 0
            ? ["There are no spaces yet"]
            : found.spaces.map(({ name, memories, trashed }) =>
              `${name}  ${memories} memories, ${trashed} in the trash`
            ),
      );
    });

  spaces.command("create").argument("<name>", "up to 64 lower-case letters, digits, dots, underscores and hyphens")
    .description("make a space; storing into one makes it, too").option("--json", "print the result as JSON")
    .addHelpText("after", examples(["spaces create project-a"]))
    .action((name: string, { json }: Confirmed) => run(json, "createSpace", { name }, "<name>"));

  spaces.command("rename").argument("<name>").argument("<to>", "its new name")
    .description("give a space another name; keys that name it must be made again")
    .option("--json", "print the result as JSON").addHelpText("after", examples(["spaces rename project-a atlas"]))
    .action((name: string, to: string, { json }: Confirmed) =>
      run(json, "renameSpace", { "{name}": name, name: to }, "<to>")
    );

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
    .action((from: string, ids: string[], { to, tag, ...options }: Moved, command: Command) => {
      if ((ids.length === 0) === (tag === undefined)) command.error("error: give memories, or --tag");
      const input = {
        name: from,
        to,
        ...ids.length === 0 ? {} : { content_hashes: ids.map((id) => keyOf(id, "[ids...]")) },
        ...tag === undefined ? {} : { tags: tag },
        ...confirmed(options),
      };
      return run(options.json, "moveMemories", input, "<from>");
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
    .action((name: string, { into, ...options }: Confirmed & { into: string }) =>
      run(options.json, "mergeSpace", { name, into, ...confirmed(options) }, "<name>")
    );

  spaces.command("delete").argument("<name>").description("delete all memories of a space, to the trash")
    .option("--count <number>", COUNT).option("--dry-run", "only say how many").option(
      "--json",
      "print the result as JSON",
    )
    .addHelpText("after", examples(["spaces delete old --dry-run", "spaces delete old --count 42"]))
    .action((name: string, options: Confirmed) =>
      run(options.json, "deleteSpace", { name, ...confirmed(options) }, "<name>")
    );
}

function confirmed({ count, dryRun = false }: Confirmed): { confirm_count: number | null; dry_run: boolean } {
  return { confirm_count: count === undefined ? null : numberOf("--count", count), dry_run: dryRun };
}
