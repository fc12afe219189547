/**
 * `export` and `import`.
 *
 * @module
 */

import type { Command } from "commander";
import { Option } from "commander";
import { IMPORTERS } from "../importers/table.ts";
import { exportMemories } from "../operations/moving/export.ts";
import { importEntries, type ImportReport } from "../operations/moving/import.ts";
import { importFile } from "../operations/moving/import_file.ts";
import { errorText, MemoryError } from "../errors.ts";
import { type CliContext, examples, Failed, pathOf, show, withRuntime } from "./context.ts";
import { progress } from "./progress.ts";
import { beginPart } from "./export_part.ts";

interface ExportOptions {
  vectors?: boolean;
  trash: boolean;
  json?: boolean;
}

interface ImportOptions {
  from?: string;
  json?: boolean;
}

/** Adds the commands. */
export function addMoving(program: Command, context: CliContext): void {
  program.command("export").argument("<file>", "file to write; - for standard output")
    .description("write everything to a file of JSON Lines")
    .option("--vectors", "with the memories' vectors, so that they needn't be made anew")
    .option("--no-trash", "without what is in the trash")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples(["export memories.jsonl", "export --vectors memories.jsonl", "export - | gzip > memories.gz"]),
    )
    .action((file: string, options: ExportOptions) => runExport(context, pathOf(context, file), options));

  program.command("import").argument("<path>", "file, folder or URL to read; - for standard input")
    .description("take memories over; what is there already stays as it is")
    .addOption(new Option("--from <kind>", "another program's data").choices(Object.keys(IMPORTERS)))
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `\nKinds:\n${
        Object.entries(IMPORTERS).map(([name, { reads }]) => `  ${name.padEnd(14)} ${reads}`).join("\n")
      }\n` +
        examples([
          "import memories.jsonl",
          "import --from python-sqlite sqlite_vec.db",
          "import --from markdown ~/notes",
        ]),
    )
    .action((path: string, options: ImportOptions) => runImport(context, pathOf(context, path), options));
}

/** Writes to `FILE.part` first, so that `FILE` is always whole; a stopped export goes on from there. */
async function runExport(context: CliContext, file: string, { vectors = false, trash, json }: ExportOptions) {
  const input = { vectors, trash }, bar = progress(context, "Exporting", "memories");
  await withRuntime(context, async (runtime) => {
    if (file === "-") {
      const output = Deno.stdout.writable.getWriter(), encoder = new TextEncoder();
      for await (const { text } of exportMemories(runtime, input)) await output.write(encoder.encode(text));
      return output.releaseLock();
    }
    const part = await beginPart(runtime, file, input);
    let done = 0;
    try {
      const encoder = new TextEncoder();
      for await (const chunk of exportMemories(runtime, input, part.resumed)) {
        context.signal.throwIfAborted();
        await part.write(encoder.encode(chunk.text));
        done = chunk.done;
        bar.at(done, chunk.total);
      }
      await part.finish();
    } finally {
      part.close();
      bar.end();
    }
    show(context, json, { file, memories: done, resumed: part.resumed !== undefined }, () => [
      `Exported ${done} memories to ${file}${
        part.resumed === undefined ? "" : ", going on where an earlier run stopped"
      }`,
    ]);
  });
}

async function runImport(context: CliContext, path: string, { from, json }: ImportOptions) {
  const bar = progress(context, "Importing", "entries");
  const report = await withRuntime(context, async (runtime) => {
    const onProgress = ({ read }: ImportReport) => bar.at(read);
    const options = { onProgress, signal: context.signal };
    try {
      if (from === undefined) return await importFile(runtime, await opened(path), options);
      const importer = await IMPORTERS[from]!.load();
      return await importEntries(runtime, importer(path), options);
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
    ...report.errors.map(({ place, message }) => `  ${place}: ${message}`),
    ...(report.faults > report.errors.length ? [`  and ${report.faults - report.errors.length} more`] : []),
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

async function opened(path: string): Promise<AsyncIterable<Uint8Array>> {
  if (path === "-") return Deno.stdin.readable;
  try {
    return (await Deno.open(path)).readable;
  } catch (error) {
    throw new MemoryError("invalid_input", `Cannot read "${path}": ${errorText(error)}`, { cause: error });
  }
}
