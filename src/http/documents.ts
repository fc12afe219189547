/**
 * `/api/documents`: uploading, progress, history, content and removal.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { MemoryError } from "../errors.ts";
import { ContentInput, ContentOutput, documentContent } from "../operations/documents/content.ts";
import {
  removeByTags,
  RemoveByTagsInput,
  RemoveByTagsOutput,
  RemoveOutput,
  removeUpload,
} from "../operations/documents/remove.ts";
import { UploadStatus } from "../operations/documents/session.ts";
import { documentSettings, MAX_BATCH_FILES } from "../operations/documents/settings.ts";
import { HistoryOutput, uploadHistory, uploadStatus } from "../operations/documents/status.ts";
import { upload, uploadBatch, UploadOptions, UploadOutput } from "../operations/documents/upload.ts";
import type { Runtime } from "../operations/runtime.ts";
import { addEndpoint, json, type RestApp, type RouteSettings } from "./endpoint.ts";
import { type Form, type FormFile, readForm } from "./form.ts";
import { WrongContentType } from "./request.ts";
import { Problem, ValidationProblem } from "./schemas.ts";
import { InvalidRequest, validate } from "./validation.ts";

/** What a form holds beside its files; a form knows only texts. */
const FORM_FIELDS = {
  tags: z.string().optional().describe("Tags separated by commas."),
  chunk_size: UploadOptions.shape.chunk_size,
  chunk_overlap: UploadOptions.shape.chunk_overlap,
  memory_type: z.string().optional().describe("document by default."),
};
const file = () => z.string().openapi({ format: "binary" });
const UploadForm = z.object({ file: file(), ...FORM_FIELDS }).openapi("DocumentUpload");
const BatchForm = z.object({ files: z.array(file()), ...FORM_FIELDS }).openapi("DocumentBatchUpload");
/** Room for the form's own lines around its files. */
const FORM_BYTES = 1 << 20;

/** Adds the routes. */
export function addDocuments(app: RestApp, settings: RouteSettings): void {
  const { maxBytes } = documentSettings(settings.service).limits;
  /** Reads a form and hands on its files; those that aren't taken over are removed. */
  const withForm = async (request: Request, maxFiles: number, run: (form: Form) => Promise<UploadOutput>) => {
    const limits = { maxFiles, maxFileBytes: maxBytes, maxBytes: maxBytes + FORM_BYTES };
    const form = await readForm(request, limits, settings);
    try {
      return await run(form);
    } catch (error) {
      await Promise.all(form.files.map((file) => file.remove()));
      throw error;
    }
  };

  addUpload(
    app,
    "/api/documents/upload",
    "uploadDocument",
    "Upload a document",
    UploadForm,
    (request, runtime) =>
      withForm(request, 1, async (form) => {
        const [file] = filesOf(form, "file");
        await removeOthers(form, [file!]);
        return await upload(runtime, file!, optionsOf(form));
      }),
  );
  addUpload(
    app,
    "/api/documents/batch-upload",
    "uploadDocuments",
    "Upload many documents",
    BatchForm,
    (request, runtime) =>
      withForm(request, MAX_BATCH_FILES, async (form) => {
        const files = filesOf(form, "files");
        await removeOthers(form, files);
        return await uploadBatch(runtime, files, optionsOf(form));
      }),
  );

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/documents/status/{upload_id}",
    operationId: "getUploadStatus",
    tag: "documents",
    summary: "Get the progress of an upload",
    answer: UploadStatus.openapi("UploadStatus"),
    answers: "The upload's state, and each file's.",
    problems: [404, 503],
  }, ({ path }, runtime) => uploadStatus(runtime, path("upload_id")));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/documents/history",
    operationId: "getUploadHistory",
    tag: "documents",
    summary: "List uploads, newest first",
    answer: HistoryOutput.openapi("UploadHistory"),
    answers: "The newest uploads; those before a restart as their memories tell.",
    problems: [503],
  }, (_input, runtime) => uploadHistory(runtime));

  addEndpoint(app, settings, {
    method: "delete",
    path: "/api/documents/remove/{upload_id}",
    operationId: "removeDocument",
    tag: "documents",
    summary: "Remove an upload and its memories",
    query: {
      schema: z.object({ remove_from_memory: z.boolean().default(true).describe("false keeps the memories.") }),
      kinds: { remove_from_memory: "boolean" },
    },
    answer: RemoveOutput.openapi("DocumentRemoved"),
    answers: "It was removed.",
    problems: [404, 503],
  }, ({ path, query }, runtime) => removeUpload(runtime, { upload_id: path("upload_id"), ...query }));

  addEndpoint(app, settings, {
    method: "delete",
    path: "/api/documents/remove-by-tags",
    operationId: "removeDocumentsByTags",
    tag: "documents",
    summary: "Remove the memories of documents that carry any of the tags",
    description: "Memories that no document made stay, whatever their tags.",
    body: RemoveByTagsInput,
    answer: RemoveByTagsOutput.openapi("DocumentsRemoved"),
    answers: "What was removed.",
    problems: [503],
  }, ({ body }, runtime) => removeByTags(runtime, body));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/documents/search-content/{upload_id}",
    operationId: "searchDocumentContent",
    tag: "documents",
    summary: "Read or search the chunks of an upload",
    query: { schema: ContentInput, kinds: { limit: "number", query: "text" } },
    answer: ContentOutput.openapi("DocumentContent"),
    answers: "The chunks in order, or the best matches first.",
    problems: [503],
  }, ({ path, query }, runtime) => documentContent(runtime, path("upload_id"), query));
}

/** A route that takes a form. */
function addUpload(
  app: RestApp,
  path: string,
  operationId: string,
  summary: string,
  form: z.ZodObject,
  run: (request: Request, runtime: Runtime) => Promise<UploadOutput>,
): void {
  const problem = (description: string, schema: z.ZodType = Problem) => ({
    description,
    content: { "application/json": { schema } },
  });
  app.openAPIRegistry.registerPath({
    method: "post",
    path,
    operationId,
    tags: ["documents"],
    summary,
    description: "Files are read and stored in the background; the status route tells how far they are.",
    request: { body: { required: true, content: { "multipart/form-data": { schema: form } } } },
    responses: {
      200: {
        description: "Queued.",
        content: { "application/json": { schema: UploadOutput.openapi("UploadQueued") } },
      },
      401: problem("The API key is missing or wrong."),
      403: problem("The caller has no right to this, or the Host or Origin header is not allowed."),
      413: problem("A file or the form is too large."),
      415: problem("The body is no form, or the file's type can't be read; the answer lists the types that can."),
      422: problem("The form has faults; every one is listed.", ValidationProblem),
      429: problem("Too many documents wait already. Try again after Retry-After seconds."),
      500: problem("A fault of the service; the log has it under the id in X-Request-Id."),
      503: problem(
        "The store can't be reached, too many files wait, or the service is stopping. Try again after Retry-After seconds.",
      ),
    },
  });
  app.on("post", path, async (context) => {
    try {
      return json(await run(context.req.raw, context.get("runtime")));
    } catch (error) {
      // Elsewhere `unsupported` is about the service; here it is about the file.
      if (error instanceof MemoryError && error.code === "unsupported") throw new WrongContentType(error.message);
      throw error;
    }
  });
}

async function removeOthers({ files }: Form, used: readonly FormFile[]): Promise<void> {
  await Promise.all(files.filter((file) => !used.includes(file)).map((file) => file.remove()));
}

function filesOf(form: Form, field: string): FormFile[] {
  const files = form.files.filter((file) => file.field === field);
  if (files.length > 0) return files;
  throw new InvalidRequest([{ type: "missing", loc: ["body", field], msg: "Field required", input: null }]);
}

function optionsOf({ fields }: Form): UploadOptions {
  const number = (text: string | undefined) =>
    text === undefined || text.trim() === "" ? undefined : /^-?\d+$/.test(text.trim()) ? Number(text) : text;
  const value = {
    tags: fields.tags?.split(","),
    chunk_size: number(fields.chunk_size),
    chunk_overlap: number(fields.chunk_overlap),
    memory_type: fields.memory_type?.trim() || undefined,
  };
  return validate(UploadOptions, value, "body", fields);
}
