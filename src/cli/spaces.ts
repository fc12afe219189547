/**
 * `spaces`: listing, making, renaming, merging, exporting and deleting spaces, and moving memories between them.
 *
 * @module
 */

import type { Command } from "commander";
import type { SpacesOutput } from "../operations/spaces/manage.ts";
import { errorText, MemoryError } from "../errors.ts";
import { statOf } from "../files.ts";
import { makePrivateFile } from "../private_files.ts";
import { type ClientContext, examples, numberOf, pathOf, show } from "./context.ts";
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

interface ExportOptions {
  vectors?: boolean;
  trash: boolean;
  asOf?: string;
  yes?: boolean;
  json?: boolean;
}

/** Bytes at the end of an export that hold its last line. */
const TAIL_BYTES = 4096;

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

  spaces.command("export").argument("<name>").argument("<file>", "file to write; - for standard output")
    .description("write everything in one space to a file of JSON Lines")
    .option("--vectors", "with the memories' vectors, so that they needn't be made again")
    .option("--as-of <time>", "only what counted at a date or time, without the trash")
    .option("--no-trash", "without what is in the trash").option("--yes", "overwrite the file without a question")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["spaces export atlas atlas.jsonl", "spaces export atlas - | gzip > atlas.gz"]))
    .action((name: string, file: string, options: ExportOptions) =>
      exportSpace(context, name, pathOf(context, file), options)
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

async function exportSpace(
  context: ClientContext,
  name: string,
  file: string,
  { vectors = false, trash, asOf, yes, json }: ExportOptions,
): Promise<void> {
  const toOutput = file === "-", part = `${file}.part`;
  if (!toOutput && !yes && isThere(file) && !context.ask(`Overwrite ${file}?`)) {
    throw new MemoryError("invalid_input", `Cannot write "${file}": it is there already; --yes overwrites it`, {
      field: "<file>",
      value: file,
    });
  }
  const memories = await withService(
    { ...context, reach: () => ({ ...context.reach(), spaces: [name] }) },
    {},
    async (service) => {
      const { spaces } = await service.call<SpacesOutput>("listSpaces");
      if (!spaces.some((space) => space.name === name)) {
        throw new MemoryError("not_found", `Cannot export space "${name}": there is none of that name`, {
          value: name,
        });
      }
      const input = { vectors, trash, ...asOf === undefined ? {} : { as_of: asOf } };
      const { body } = await service.stream("exportMemories", input, { as_of: "--as-of" });
      if (!toOutput) makePrivateFile(part);
      const target = toOutput ? null : await Deno.open(part, { write: true, truncate: true });
      let tail = new Uint8Array(0);
      try {
        for await (const bytes of body!) {
          context.signal.throwIfAborted();
          for (let at = 0; at < bytes.length;) at += await (target ?? Deno.stdout).write(bytes.subarray(at));
          const held = new Uint8Array([...tail, ...bytes.subarray(-TAIL_BYTES)]);
          tail = held.subarray(-TAIL_BYTES);
        }
        await target?.sync();
      } finally {
        target?.close();
      }
      return memoriesIn(new TextDecoder().decode(tail), name);
    },
  );
  if (toOutput) return;
  await Deno.rename(part, file);
  show(context, json, { file, space: name, memories }, () => [`Exported ${memories} memories of ${name} to ${file}`]);
}

/** @throws {MemoryError} `invalid_input` where nothing can be written. */
function isThere(file: string): boolean {
  try {
    return statOf(file) !== undefined;
  } catch (error) {
    throw new MemoryError("invalid_input", `Cannot write "${file}": ${errorText(error)}`, {
      field: "<file>",
      value: file,
      cause: error,
    });
  }
}

/** The number in the last line of an export. @throws {MemoryError} where that is missing, or says what it lacks. */
function memoriesIn(tail: string, name: string): number {
  const last = tail.trimEnd().split("\n").at(-1)!;
  const { kind, memories, unreadable = 0 } = last.startsWith('{"kind":"trailer"') ? JSON.parse(last) : {};
  if (kind !== "trailer") {
    throw new MemoryError("unavailable", `Cannot export space "${name}": the answer was cut; try again`);
  }
  if (unreadable > 0) {
    const message =
      `Cannot export all of space "${name}": the store is damaged, and ${unreadable} memories can't be read`;
    throw new MemoryError("unavailable", `${message}; unimem export brings out what is left`);
  }
  return memories;
}
