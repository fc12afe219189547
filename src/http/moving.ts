/**
 * `/api/export` and `/api/import`: everything out and in, as streams of JSON Lines.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { may } from "../access/rights.ts";
import { MemoryError } from "../errors.ts";
import { LINE } from "../memory/json_shape.ts";
import { ExportInput, exportMemories } from "../operations/moving/export.ts";
import { ImportReport } from "../operations/moving/import.ts";
import { importFile } from "../operations/moving/import_file.ts";
import { documented, json, type RestApp, type RouteSettings } from "./endpoint.ts";
import { checkType, readQuery } from "./request.ts";
import { validate } from "./validation.ts";

const MEDIA_TYPE = "application/x-ndjson";

/** What became of an import. */
export const Imported = ImportReport.openapi("ImportReport");

const ImportQuery = z.object({
  trust_vectors: z.boolean().default(false).describe(
    "Whether vectors in the file are taken over when a sample of them is right; needs the service to have an API key.",
  ),
  spaces_by: z.string().trim().min(1).max(100).optional().describe(
    "A field of the lines or of their metadata that says whose each is: it goes to a space of that name, which the " +
      "caller must be able to write to. `space` for an export of several spaces.",
  ),
});
const IMPORT_KINDS = { trust_vectors: "boolean", spaces_by: "text" } as const;

/** Adds the routes. */
export function addMoving(app: RestApp, { apiKey, bodies }: RouteSettings): void {
  app.openAPIRegistry.registerPath(documented({
    method: "get",
    path: "/api/export",
    operationId: "exportMemories",
    tag: "manage",
    summary: "Export everything as JSON Lines",
    description: "A header, a line for each memory, then the trash and the relations, and a trailer with counts and " +
      "SHA-256: of the spaces that the caller reads, of one alone at `/s/NAME/api/export`. An answer without its last line was cut; ask again. Of a damaged store it has what can be read; a line " +
      "of kind `unreadable` names each memory that can't, and the trailer counts them.",
    query: { schema: ExportInput, kinds: {} },
    answer: z.string(),
    answerType: MEDIA_TYPE,
    answers: "The export, as it is read from the store.",
    problems: [503],
  }));
  app.get("/api/export", async (context) => {
    const request = context.req.raw;
    const texts = readQuery(request, { vectors: "boolean", trash: "boolean", as_of: "number" });
    const input = validate(ExportInput, texts.values, "query", texts.raw);
    const headers = {
      "Content-Type": MEDIA_TYPE,
      "Cache-Control": "no-store",
      "Content-Disposition": 'attachment; filename="unimem-export.jsonl"',
    };
    if (request.method === "HEAD") return new Response(null, { headers });
    const chunks = exportMemories(context.get("runtime"), input);
    // The status, which is sent with the first piece, reports a store that is down.
    const first = await chunks.next();
    return new Response(bodyOf(first.done ? "" : first.value.text, chunks), { headers });
  });

  const route = documented({
    method: "post",
    path: "/api/import",
    operationId: "importMemories",
    tag: "manage",
    summary: "Import an export",
    description: "What is stored already stays as it is, so that an import can be sent again after it was stopped. " +
      "Lines with faults are left out and listed with their numbers. A line has at most 16 MiB and " +
      `${LINE.values} values, a body no limit. A content_hash that doesn't match its content is replaced, and vectors ` +
      "are made in the background. Everything goes into the space that the caller writes to, unless `spaces_by` is given.",
    query: { schema: ImportQuery, kinds: IMPORT_KINDS },
    answer: Imported,
    answers: "What became of the lines; `success: false` when there were faults or the body was cut.",
    problems: [400, 415, 422, 503],
  });
  app.openAPIRegistry.registerPath({
    ...route,
    request: { body: { required: true, content: { [MEDIA_TYPE]: { schema: z.string() } } } },
  });
  app.post("/api/import", async (context) => {
    const request = context.req.raw;
    checkType(request, /^application\/(x-ndjson|jsonl|x-jsonlines|octet-stream)\s*(;|$)/i, MEDIA_TYPE);
    const texts = readQuery(request, IMPORT_KINDS);
    const { trust_vectors: trustVectors, spaces_by: spacesBy } = validate(
      ImportQuery,
      texts.values,
      "query",
      texts.raw,
    );
    if (trustVectors && apiKey === null) {
      throw new MemoryError("refused", "Cannot trust the vectors of a file without an API key: set MCP_API_KEY", {
        field: "trust_vectors",
        value: true,
      });
    }
    const runtime = context.get("runtime"), { caller } = runtime;
    return json(
      await importFile(runtime, bodies.lines(request), {
        signal: request.signal,
        // Who wrote what is for those to say who have the whole store; of them without a key nothing is known.
        keepWriters: caller.kind !== "anonymous" && may(caller, "admin everywhere"),
        trustVectors,
        spacesBy,
        limits: LINE,
      }),
    );
  });
}

/** Reads the store no faster than the client reads the answer. */
function bodyOf(first: string, chunks: ReturnType<typeof exportMemories>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(first)),
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else if (value.text !== "") controller.enqueue(encoder.encode(value.text));
      else controller.enqueue(new Uint8Array(0));
    },
    cancel: async () => void await chunks.return(undefined),
  });
}
