/**
 * `documents`: reading files into memories, and removing those again.
 *
 * @module
 */

import type { Command } from "commander";
import { basename } from "node:path";
import { errorText, MemoryError } from "../errors.ts";
import type { RemoveByTagsOutput, RemoveOutput } from "../operations/documents/remove.ts";
import type { UploadState, UploadStatus } from "../operations/documents/session.ts";
import type { HistoryOutput } from "../operations/documents/status.ts";
import type { UploadOutput } from "../operations/documents/upload.ts";
import { type ClientContext, examples, Failed, paint, pathOf, show } from "./context.ts";
import { collectTags } from "./filters.ts";
import { progress } from "./progress.ts";
import { orNone, type Service, withService } from "./remote.ts";

interface Options {
  tag?: string[];
  type?: string;
  keepMemories?: boolean;
  json?: boolean;
}

/** Files that go in one form, and milliseconds between two looks how far they are. */
const FILES_AT_ONCE = 20, LOOK_MS = 100;

const FINAL: ReadonlySet<UploadState> = new Set(["completed", "completed_with_errors", "failed", "stopped"]);

/** Adds the command. */
export function addDocuments(program: Command, context: ClientContext): void {
  const documents = program.command("documents").description("files that are read into memories")
    .addHelpText("after", examples(["documents add manual.pdf --tag manuals", "documents list"]));
  documents.command("add").argument("<files...>", "PDF, DOCX, HTML, Markdown, CSV, JSON or text")
    .description("read files into memories").option("-t, --tag <tag>", "a label; may be repeated", collectTags)
    .option("--type <type>", "kind of memory", "document").option("--json", "print the results as JSON")
    .addHelpText("after", examples(["documents add manual.pdf --tag manuals", "documents add notes/*.md --json"]))
    .action((files: string[], options: Options) => runAdd(context, files, options));
  documents.command("list").description("what was read, newest first").option("--json", "print it as JSON")
    .addHelpText("after", examples(["documents list", "documents list --json"]))
    .action(async ({ json }: Options) => {
      const found = await withService(context, {}, (service) => service.call<HistoryOutput>("getUploadHistory"))
        .catch(orNone({ uploads: [] as HistoryOutput["uploads"] }));
      show(context, json, found, () => [
        ...found.uploads.map((upload) => uploadLine(context, upload)),
        ...found.uploads.length === 0 ? ["No documents"] : [],
      ]);
    });
  documents.command("remove").argument("[id]", "of the upload, as list shows it")
    .option("-t, --tag <tag>", "the memories of all documents with this label instead; may be repeated", collectTags)
    .option("--keep-memories", "only forget that it was read").description("remove a document and its memories")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples(["documents remove 5b0c6f1e-7c1d-4c57-9f0e-0d6c1a2b3c4d", "documents remove --tag manuals"]),
    )
    .action(async (id: string | undefined, { tag, keepMemories, json }: Options, command: Command) => {
      if ((id === undefined) === (tag === undefined)) command.error("error: give the id of an upload, or --tag");
      const result = await withService<RemoveOutput | RemoveByTagsOutput>(
        context,
        {},
        (service) =>
          id !== undefined
            ? service.call<RemoveOutput>("removeDocument", { upload_id: id, remove_from_memory: !keepMemories })
            : service.call<RemoveByTagsOutput>("removeDocumentsByTags", tag!),
      );
      show(context, json, result, () => [result.message]);
    });
}

async function runAdd(context: ClientContext, files: string[], { tag = [], type, json }: Options): Promise<void> {
  const paths = files.map((file) => pathOf(context, file));
  const uploads = await withService(context, { creates: true, model: true }, async (service) => {
    const uploads: UploadStatus[] = [];
    for (let at = 0; at < paths.length; at += FILES_AT_ONCE) {
      context.signal.throwIfAborted();
      const form = new FormData();
      for (const path of paths.slice(at, at + FILES_AT_ONCE)) form.append("files", await fileAt(path));
      if (tag.length > 0) form.append("tags", tag.join(","));
      if (type !== undefined) form.append("memory_type", type);
      const { upload_id } = await service.send<UploadOutput>("uploadDocuments", form);
      uploads.push(await finished(context, service, upload_id));
    }
    return uploads;
  });
  show(context, json, { uploads }, () =>
    uploads.flatMap((upload) => [
      ...upload.documents.flatMap(({ filename, chunks_stored, error, warnings }) => [
        error === null ? `${filename}: ${chunks_stored} memories` : paint(context, "red", error),
        ...warnings.map((warning) => paint(context, "yellow", `  ${warning}`)),
      ]),
      paint(context, "dim", `unimem documents remove ${upload.upload_id} takes them out again`),
    ]));
  if (uploads.some(({ status }) => status !== "completed")) throw new Failed();
}

async function finished(context: ClientContext, service: Service, upload_id: string): Promise<UploadStatus> {
  const bar = progress(context, "Reading", "chunks");
  try {
    while (true) {
      const status = await service.call<UploadStatus>("getUploadStatus", { upload_id });
      if (FINAL.has(status.status)) return status;
      bar.at(status.chunks_stored, status.total_chunks);
      context.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    bar.end();
  }
}

async function fileAt(path: string): Promise<File> {
  try {
    return new File([await Deno.readFile(path)], basename(path));
  } catch (cause) {
    throw new MemoryError("invalid_input", `Cannot read "${path}": ${errorText(cause)}`, {
      field: "<files...>",
      cause,
    });
  }
}

function uploadLine(context: ClientContext, { upload_id, filename, status, chunks_stored, created_at }: UploadStatus) {
  const day = paint(context, "dim", created_at.slice(0, 10)), id = paint(context, "dim", upload_id);
  return `${day}  ${id}  ${filename}  ${chunks_stored} memories${status === "completed" ? "" : `, ${status}`}`;
}
