/**
 * `POST /api/import/files`: other programs' data, as files of a form. The importers read files by their names, so that the
 * form's files are put under these into a folder for as long as they are read.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { basename, dirname, join } from "node:path";
import { errorText, MemoryError } from "../errors.ts";
import { detectKind } from "../importers/detect.ts";
import { IMPORTERS } from "../importers/table.ts";
import { LINE } from "../memory/json_shape.ts";
import { importEntries, type ImportReport } from "../operations/moving/import.ts";
import { importFile } from "../operations/moving/import_file.ts";
import type { Runtime } from "../operations/runtime.ts";
import { documented, json, type RestApp, type RouteSettings } from "./endpoint.ts";
import { type Form, type FormFile, readForm } from "./form.ts";
import { Imported } from "./moving.ts";
import { InvalidRequest, validate } from "./validation.ts";

/** Files of one form, and bytes of all of them: importers of JSON read a file whole. */
const MAX_FILES = 5000, MAX_BYTES = 256 * 1024 * 1024;
/** Longest name of a folder or file, in characters, and folders in each other. */
const LONGEST_NAME = 120, DEEPEST = 20;

/** What `detectKind` calls files that an export wrote. */
const OWN_FORMAT = "unimem";
/** An address of another server would be fetched by this one, and documents have a route of their own. */
const KINDS = [
  OWN_FORMAT,
  ...Object.keys(IMPORTERS).filter((name) => name !== "python-qdrant" && name !== "documents"),
];
/** Kinds of which many files make one source. */
const OF_FOLDERS: ReadonlySet<string> = new Set([
  ...["markdown", "basic-memory", "claude-code", "codex", "copilot-cli", "cursor", "gemini-cli"],
]);

const Fields = z.object({
  kind: z.enum(KINDS).optional().describe("Whose data they are; found out without it."),
  folder_tags: z.enum(["true", "false"]).default("false").describe(
    "Whether the folders that notes lie in become tags.",
  ),
  spaces_by: z.string().trim().min(1).max(100).optional().describe(
    "What owners are told apart by: what belongs to each goes to a space of its name, which the caller must be able to write to.",
  ),
  modified: z.string().optional().describe(
    "When each file was changed last, in Unix seconds separated by commas, in the order of the files: the time of notes without one.",
  ),
});
const ImportForm = z.object({ files: z.array(z.string().openapi({ format: "binary" })), ...Fields.shape })
  .openapi("ImportForm");

/** Adds the route. */
export function addImportFiles(app: RestApp, settings: RouteSettings): void {
  const path = "/api/import/files";
  app.openAPIRegistry.registerPath({
    ...documented({
      method: "post",
      path,
      operationId: "importFiles",
      tag: "manage",
      summary: "Import other programs' data",
      description: `Kinds: ${
        KINDS.map((kind) => `\`${kind}\` (${readsOf(kind)})`).join(", ")
      }. A file's name may have ` +
        "the folders in front that it lies in. What is stored already stays as it is, so that an import can be sent again.",
      body: ImportForm,
      answer: Imported,
      answers: "What became of the entries; `success: false` when there were faults.",
      problems: [413, 415, 422, 503],
    }),
    request: { body: { required: true, content: { "multipart/form-data": { schema: ImportForm } } } },
  });
  app.post(path, async (context) => {
    const request = context.req.raw;
    const form = await readForm(
      request,
      { maxFiles: MAX_FILES, maxFileBytes: MAX_BYTES, maxBytes: MAX_BYTES },
      settings,
    );
    try {
      return json(await importForm(context.get("runtime"), form, settings, request.signal));
    } finally {
      await Promise.all(form.files.map((file) => file.remove()));
    }
  });
}

function readsOf(kind: string): string {
  return kind === OWN_FORMAT ? "JSON Lines of memories" : IMPORTERS[kind]!.reads;
}

async function importForm(
  runtime: Runtime,
  { fields, files }: Form,
  { spool }: RouteSettings,
  signal: AbortSignal,
): Promise<ImportReport> {
  const { kind: wanted, folder_tags, spaces_by, modified = "" } = validate(Fields, fields, "body", fields);
  const given = files.filter(({ field }) => field === "files");
  if (given.length === 0) {
    throw new InvalidRequest([{ type: "missing", loc: ["body", "files"], msg: "Field required", input: null }]);
  }
  await using folder = await spool.folder();
  const paths = await place(given, folder.path, modified.split(",").map(Number));
  const shown = (text: string) => text.replaceAll(`${folder.path}/`, "").replaceAll(folder.path, "the files");
  const path = paths.length === 1 ? paths[0]! : folder.path;
  try {
    const kind = wanted ?? await detectKind(path);
    if (kind === null || !KINDS.includes(kind)) {
      throw new MemoryError("invalid_input", `Cannot tell whose data "${basename(path)}" is: name its kind`, {
        field: "kind",
        value: kind,
      });
    }
    if (paths.length > 1 && !OF_FOLDERS.has(kind)) {
      throw new MemoryError(
        "invalid_input",
        `Cannot import ${paths.length} files of ${kind} at once: they go one by one`,
        {
          field: "files",
          value: paths.length,
        },
      );
    }
    const { owners = [] } = IMPORTERS[kind] ?? {};
    if (spaces_by !== undefined && kind !== OWN_FORMAT && !owners.includes(spaces_by)) {
      const names = owners.length === 0 ? "it tells no owners apart" : `name one of ${owners.join(", ")}`;
      throw new MemoryError("invalid_input", `Cannot import ${kind} by "${spaces_by}": ${names}`, {
        field: "spaces_by",
        value: spaces_by,
      });
    }
    const options = {
      signal,
      spacesBy: spaces_by,
      file: paths.length === 1 ? basename(path) : `${paths.length} files`,
    };
    const report = kind === OWN_FORMAT
      ? await importFile(runtime, (await Deno.open(paths[0]!)).readable, { ...options, limits: LINE })
      : await importEntries(
        runtime,
        (await IMPORTERS[kind]!.load())(path, { folderTags: folder_tags === "true", ownersBy: spaces_by }),
        options,
      );
    const plain = ({ place, message }: { place: string; message: string }) => ({
      place: shown(place),
      message: shown(message),
    });
    return { ...report, errors: report.errors.map(plain), notes: report.notes.map(plain) };
  } catch (error) {
    if (!(error instanceof MemoryError)) throw error;
    throw new MemoryError(error.code, shown(error.message), { field: error.field ?? "files", cause: error });
  }
}

/** Puts the files into the folder under their own names; their paths. What is no name of a file is left out of a name. */
async function place(files: readonly FormFile[], folder: string, modified: readonly number[]): Promise<string[]> {
  const taken = new Set<string>(), paths: string[] = [];
  for (const [index, file] of files.entries()) {
    const parts = file.name.split(/[\\/]/).map(plainName).filter((part) => part !== "").slice(-DEEPEST);
    const name = parts.pop() ?? "file";
    let path = join(folder, ...parts, name);
    for (let n = 2; taken.has(path.toLowerCase()); n++) path = join(folder, ...parts, `${n}-${name}`);
    taken.add(path.toLowerCase());
    try {
      await Deno.mkdir(dirname(path), { recursive: true });
      await file.moveTo(path);
    } catch (cause) {
      throw new MemoryError("invalid_input", `Cannot import the file "${file.name}": ${errorText(cause)}`, {
        field: "files",
        value: file.name,
        cause,
      });
    }
    const seconds = modified[index];
    if (seconds !== undefined && seconds > 0 && seconds < 1e11) await Deno.utime(path, seconds, seconds);
    paths.push(path);
  }
  return paths;
}

/** A part of a path that is a plain name: no way up, no control characters, not too long. Its ending says which kind it is. */
function plainName(part: string): string {
  const name = part.toWellFormed().replace(/[\p{C}<>:"|?*]/gu, "").trim();
  return /^\.+$/.test(name) ? "" : name.slice(-LONGEST_NAME).toWellFormed();
}
