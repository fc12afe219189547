/**
 * `export` and `import`.
 *
 * @module
 */

import { basename } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import { HookFolder } from "../hooks/folder.ts";
import { ignoreRules, omitting } from "../hooks/ignore.ts";
import { detectKind } from "../importers/detect.ts";
import { IMPORTERS } from "../importers/table.ts";
import {
  type ExportChunk,
  type ExportedPart,
  ExportInput,
  exportMemories,
  exportSalvage,
  type LeftOut,
  type Salvage,
} from "../operations/moving/export.ts";
import type { Runtime, ServiceRuntime } from "../operations/runtime.ts";
import { importEntries, type ImportReport } from "../operations/moving/import.ts";
import { importFile } from "../operations/moving/import_file.ts";
import { localCaller, scopeOf } from "../access/caller.ts";
import { errorText, MemoryError } from "../errors.ts";
import { DEFAULT_SPACE } from "../memory/space.ts";
import { callerRuntime } from "../operations/caller_runtime.ts";
import { check, type CliContext, dataFolderOf, examples, Failed, pathOf, show, withRuntime } from "./context.ts";
import { chosen } from "./in_spaces.ts";
import { VERSION } from "../version.ts";
import { progress } from "./progress.ts";
import { OPTIONS } from "./filters.ts";
import { beginPart } from "./export_part.ts";

/** What `detectKind` calls files that `export` wrote. */
const OWN_FORMAT = "unimem";

interface ExportOptions {
  yes?: boolean;
  vectors?: boolean;
  trash: boolean;
  asOf?: string;
  json?: boolean;
}

interface ImportOptions {
  from?: string;
  folderTags?: boolean;
  spacesBy?: string;
  trustVectors?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** Memories that a message lists by their hashes. */
const LISTED = 20;

/** Adds the commands. */
export function addMoving(program: Command, context: CliContext): void {
  program.command("export").argument("<file>", "file to write; - for standard output")
    .description("write everything to a file of JSON Lines")
    .option("--vectors", "with the memories' vectors, so that they needn't be made again")
    .option("--as-of <time>", "only what counted at a date or time, without the trash").option(
      "--no-trash",
      "without what is in the trash",
    ).option("--yes", "overwrite the file without a question")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples(["export memories.jsonl", "export --vectors memories.jsonl", "export - | gzip > memories.gz"]),
    )
    .action((file: string, options: ExportOptions) => runExport(context, pathOf(context, file), options));

  program.command("import").argument("<path>", "file, folder or URL to read; - for standard input")
    .description("take memories over; what is there already stays as it is")
    .addOption(new Option("--from <kind>", "another program's data").choices(Object.keys(IMPORTERS)))
    .option("--trust-vectors", "keep the file's vectors when a sample of them is right; else all are made again")
    .option("--folder-tags", "make the folders that notes lie in their tags")
    .option("--spaces-by <field>", "put what belongs to each owner into a space of its own")
    .option("--yes", "start without a question where the kind of data was found out")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `\nKinds:\n${
        Object.entries(IMPORTERS).map(([name, { reads }]) => `  ${name.padEnd(14)} ${reads}`).join("\n")
      }\n\nOwners that --spaces-by tells apart:\n${
        Object.entries(IMPORTERS).filter(([, { owners }]) => owners !== undefined)
          .map(([name, { owners }]) => `  ${name.padEnd(14)} ${owners!.join(", ")}`).join("\n")
      }\n  exports        space, or any field of the lines or of their metadata\n` +
        examples([
          "import memories.jsonl",
          "import conversations.json",
          "import --from python-sqlite sqlite_vec.db",
          "import --from markdown ~/notes",
          "import --from mem0 export.json --spaces-by user_id",
        ]),
    )
    .action((path: string, options: ImportOptions) => runImport(context, pathOf(context, path), options));
}

/** Writes to `FILE.part` first, so that `FILE` is always whole; a stopped export goes on from there. */
async function runExport(
  context: CliContext,
  file: string,
  { vectors = false, trash, asOf, yes, json }: ExportOptions,
) {
  // Opening it reports what is wrong with it.
  const there = file !== "-" && await Deno.stat(file).catch(() => null);
  if (there && there.isFile && !yes && !context.ask(`Overwrite ${file}?`)) {
    throw new MemoryError("invalid_input", `Cannot write "${file}": it is there already; --yes overwrites it`, {
      field: "<file>",
      value: file,
    });
  }
  const input = check(ExportInput, { vectors, trash, as_of: asOf ?? null }, OPTIONS);
  let runtime: ServiceRuntime;
  try {
    runtime = await context.openRuntime(context.config());
  } catch (error) {
    await using salvage = await whatIsLeft(context, error);
    const now = { now: () => Date.now() / 1000, version: VERSION };
    return await writeExport(context, file, null, input, json, () => exportSalvage(now, salvage, input));
  }
  try {
    const own = chosen(context, runtime);
    await writeExport(context, file, own, input, json, (part) => exportMemories(own, input, part));
  } finally {
    await context.close(runtime);
  }
}

/** What can be read of a store that doesn't open; throws the error where nothing can, or the store is no file. */
async function whatIsLeft(context: CliContext, error: unknown): Promise<Salvage> {
  const { storage } = context.config();
  if (!(error instanceof MemoryError) || error.code !== "configuration" || storage.backend !== "sqlite") throw error;
  const salvage = await context.storeFiles.salvage(storage.path).catch(() => null);
  if (salvage === null) throw error;
  if (salvage.found.memories + salvage.found.trashed > 0) return salvage;
  await salvage[Symbol.asyncDispose]();
  throw error;
}

async function writeExport(
  context: CliContext,
  file: string,
  runtime: Runtime | null,
  input: ExportInput,
  json: boolean | undefined,
  begin: (part?: ExportedPart) => AsyncGenerator<ExportChunk>,
): Promise<void> {
  const bar = progress(context, "Exporting", "memories"), encoder = new TextEncoder();
  let leftOut: LeftOut | undefined;
  if (file === "-") {
    const output = Deno.stdout.writable.getWriter();
    for await (const chunk of begin()) {
      await output.write(encoder.encode(chunk.text));
      leftOut = chunk.leftOut;
    }
    output.releaseLock();
    // Standard output belongs to the export.
    if (leftOut === undefined) return;
    context.note(`${linesOf(leftOut).join("\n")}\n`);
    throw new Failed();
  }
  const part = await beginPart(runtime, file, input);
  let done = 0;
  try {
    for await (const chunk of begin(part.resumed)) {
      context.signal.throwIfAborted();
      await part.write(encoder.encode(chunk.text));
      ({ done, leftOut } = chunk);
      bar.at(done, chunk.total);
    }
    await part.finish();
  } finally {
    part.close();
    bar.end();
  }
  const resumed = part.resumed !== undefined;
  show(context, json, { file, memories: done, resumed, ...(leftOut === undefined ? {} : { damaged: leftOut }) }, () => [
    `Exported ${done} memories to ${file}${resumed ? ", going on where an earlier run stopped" : ""}`,
    ...(leftOut === undefined ? [] : linesOf(leftOut)),
  ]);
  if (leftOut !== undefined) throw new Failed();
}

/** The lines that an export of a damaged store prints about what is missing. */
function linesOf({ unreadable, altered, uncertain }: LeftOut): string[] {
  const listed = (lines: string[]) => [
    ...lines.slice(0, LISTED).map((line) => `  ${line}`),
    ...(lines.length > LISTED ? [`  and ${lines.length - LISTED} more, named in the file or with --json`] : []),
  ];
  const place = ({ content_hash, row, trashed }: LeftOut["unreadable"][number]) =>
    `${content_hash ?? "hash unknown"}, row ${row}${trashed ? " of the trash" : ""}`;
  return [
    `The database is damaged; ${unreadable.length} memories that are known to have been there can't be read` +
    (uncertain ? ", and there may be more" : ""),
    ...listed(unreadable.map(place)),
    ...(altered.length === 0 ? [] : [
      `${altered.length} memories were written as they were found, but their text isn't what their hash was made of`,
      ...listed([...altered]),
    ]),
  ];
}

async function runImport(context: CliContext, path: string, given: ImportOptions) {
  const { from, folderTags = false, spacesBy, trustVectors = false, yes, json } = given;
  const kind = from ?? await kindOf(context, path, yes ?? false);
  checkOwners(kind, spacesBy);
  const bar = progress(context, "Importing", "entries");
  const report = await withRuntime(context, async (opened) => {
    // What another space holds says nothing of this one.
    const [space = DEFAULT_SPACE] = context.reach().spaces ?? [];
    const runtime = callerRuntime(opened, localCaller("cli", scopeOf([space])));
    const onProgress = ({ read }: ImportReport, total: number | undefined) => bar.at(read, total);
    const file = path === "-" ? undefined : basename(path);
    const options = { onProgress, signal: context.signal, file, spacesBy };
    try {
      if (kind === OWN_FORMAT) {
        // An export goes back to its spaces, unless the command names one for all of it.
        const own = { trustVectors, keepWriters: true, keepSpaces: context.reach().spaces === null };
        return await importFile(runtime, await inputOf(path), { ...options, ...own });
      }
      const importer = await IMPORTERS[kind]!.load();
      const omit = omitting(ignoreRules(new HookFolder(dataFolderOf(context))));
      return await importEntries(
        runtime,
        importer(path, { folderTags, ownersBy: spacesBy, elsewhere: true, omit }),
        options,
      );
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        throw new MemoryError("invalid_input", `Cannot read "${path}": it is not there`, { cause: error });
      }
      throw error;
    } finally {
      bar.end();
    }
  });
  show(context, json, report, () => [
    report.message,
    ...report.spaces.length === 1 && report.spaces[0]!.name === DEFAULT_SPACE ? [] : report.spaces.map((
      { name, stored, present, trashed },
    ) =>
      `  Space ${name}: ${stored} stored, ${present} there already${trashed > 0 ? `, ${trashed} to the trash` : ""}`
    ),
    ...report.errors.map(({ place, message }) => `  ${place}: ${message}`),
    ...(report.faults > report.errors.length ? [`  and ${report.faults - report.errors.length} more`] : []),
    ...Object.entries(report.left_out).map(([what, count]) => `  Left out: ${count} ${what}`),
    ...report.notes.map(({ place, message }) => `  ${place}: ${message}`),
    ...(report.stored > report.vectors
      ? [
        `${
          report.stored - report.vectors
        } memories are found by words now, and by meaning once the running service made their vectors`,
      ]
      : []),
  ]);
  if (!report.success) throw new Failed();
}

/** Checks that a kind of data has this field for owners. @throws {MemoryError} `invalid_input`. */
function checkOwners(kind: string, spacesBy: string | undefined): void {
  if (spacesBy === undefined || kind === OWN_FORMAT) return;
  const { owners = [] } = IMPORTERS[kind]!;
  if (owners.includes(spacesBy)) return;
  const names = owners.length === 0 ? "it tells no owners apart" : `name one of ${owners.join(", ")}`;
  throw new MemoryError("invalid_input", `Cannot use --spaces-by "${spacesBy}" with ${kind}: ${names}`, {
    field: "--spaces-by",
    value: spacesBy,
  });
}

/** The kind of the data: found out, and confirmed where it isn't an export of ours. */
async function kindOf(context: CliContext, path: string, yes: boolean): Promise<string> {
  if (path === "-") return OWN_FORMAT;
  let kind: string | null;
  try {
    kind = await detectKind(path);
  } catch (error) {
    throw new MemoryError("invalid_input", `Cannot read "${path}": ${errorText(error)}`, { cause: error });
  }
  if (kind === OWN_FORMAT) return kind;
  if (kind === null) {
    throw new MemoryError("invalid_input", `Cannot tell what "${path}" is: name its kind with --from`, {
      field: "--from",
      value: path,
    });
  }
  const { reads } = IMPORTERS[kind]!;
  if (yes || context.ask(`${path} looks like ${reads}. Import it?`)) return kind;
  throw new MemoryError(
    "invalid_input",
    `Cannot import "${path}" unasked: it looks like ${reads}; use --from ${kind}`,
    {
      field: "--from",
      value: kind,
    },
  );
}

async function inputOf(path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === "-") return Deno.stdin.readable;
  try {
    return (await Deno.open(path)).readable;
  } catch (error) {
    throw new MemoryError("invalid_input", `Cannot read "${path}": ${errorText(error)}`, { cause: error });
  }
}
