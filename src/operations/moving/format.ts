/**
 * The file that memories travel in: JSON Lines, a header first and a trailer last. `docs/moving.md` describes it for
 * those who write or read such files themselves.
 *
 * @module
 */

import { z } from "zod";
import { Content, ContentHash, ConversationId, MemoryType, MetadataObject, TagList } from "../../memory/schemas.ts";
import { parseInstant } from "../../memory/time/instant.ts";
import { RelationType } from "../relation.ts";

/** Name and version in a header. A reader refuses newer versions, for it can't know what it would lose. */
export const FORMAT = "unimem-export";
export const FORMAT_VERSION = 1;

/** Unix seconds that have an ISO form: the years 1 to 9999. Files that others write may have them as ISO 8601. */
const Time = z.preprocess(
  (value) => typeof value === "string" ? parseInstant(value) ?? value : value,
  z.number().min(-62_135_596_800).max(253_402_300_799),
) as z.ZodType<number, number>;

const Model = z.object({
  id: z.string(),
  name: z.string(),
  provider: z.enum(["local", "openai"]),
  dimensions: z.int().positive(),
});

/** The first line. */
export const HeaderLine = z.object({
  kind: z.literal("header"),
  format: z.literal(FORMAT),
  version: z.int().positive(),
  created_at: z.number().optional(),
  unimem: z.string().optional().describe("Version that wrote the file."),
  memories: z.int().optional()
    .describe("Memories in the store when the export began; the trailer has the number written."),
  trashed: z.int().optional(),
  spaces: z.array(z.string()).optional().describe("The spaces that it is of; absent for all."),
  vectors: z.boolean().default(false).describe("Whether memories carry their vectors."),
  model: Model.nullable().default(null).describe("The model that made the vectors; needed where there are some."),
  damaged: z.literal(true).optional().describe("The store was damaged: what could be read of it follows."),
});
export type HeaderLine = z.infer<typeof HeaderLine>;

const WriterField = z.object({
  name: z.string().max(200),
  channel: z.enum(["rest", "mcp", "cli", "document", "import"]),
  client: z.object({ name: z.string().max(200), version: z.string().max(200).optional() }).optional(),
});

const Fields = {
  content: Content,
  content_hash: ContentHash.optional(),
  tags: TagList.default([]),
  memory_type: MemoryType.nullish(),
  metadata: MetadataObject.default({}),
  conversation_id: ConversationId.nullish(),
  /** Kept where the file is one of Unimem's own, and the importer may say what the store holds. */
  writer: WriterField.optional().catch(undefined),
  created_at: Time.nullish(),
  updated_at: Time.nullish(),
  superseded: z.object({
    by: ContentHash,
    at: Time,
    reason: z.string().transform((reason) => reason.toWellFormed().replaceAll("\0", " ").slice(0, 1000).toWellFormed()),
  }).optional(),
};

/** A memory. What is absent gets its usual value; an absent content_hash is computed. */
export const MemoryLine = z.object({
  kind: z.literal("memory"),
  ...Fields,
  vectors: z.array(z.string()).optional().describe("A base64 text of little-endian float32 for each chunk."),
});
export type MemoryLine = z.infer<typeof MemoryLine>;

/** A memory in the trash. */
export const TrashedLine = z.object({
  kind: z.literal("trashed"),
  ...Fields,
  deleted_at: Time,
  reason: z.string().max(1000).default("deleted"),
  replaced: z.object({
    by: ContentHash.nullable(),
    memories: z.array(z.object({ hash: ContentHash, at: z.number(), reason: z.string().max(1000) })).max(1000),
  }).optional().describe("The memories that it had replaced, which are replaced again when it is restored."),
});

/** A link between two memories. */
export const RelationLine = z.object({
  kind: z.literal("relation"),
  source: ContentHash,
  target: ContentHash,
  // Other programs write CONTRADICTS or works@; what can be asked for and removed here is another form of it.
  type: z.string().transform((type) =>
    type.trim().replace(/[^\p{L}\p{N}_ -]+/gu, "_").replace(/^[_ -]+/, "").slice(0, 64)
  )
    .pipe(RelationType),
  created_at: Time.nullish(),
});

/** What an import takes from the lines between header and trailer. */
export const ContentLine = z.discriminatedUnion("kind", [MemoryLine, TrashedLine, RelationLine]);
export type ContentLine = z.infer<typeof ContentLine>;

/** A content line before its check, as importers of other formats write it. */
export type ContentLineInput = z.input<typeof ContentLine>;

/** Where a stopped export goes on; readers skip it. */
export const CheckpointLine = z.object({
  kind: z.literal("checkpoint"),
  /** `memories`: after the memory at `after`; `rest`: all memories are written. */
  stage: z.enum(["memories", "rest"]),
  after: z.string().nullable(),
  memories: z.int(),
});
export type CheckpointLine = z.infer<typeof CheckpointLine>;

/** A memory that couldn't be read, because the store was damaged; readers skip it. */
export const UnreadableLine = z.object({
  kind: z.literal("unreadable"),
  content_hash: z.string().nullable(),
  /** Number of its row in the store that was read. */
  row: z.int(),
  trashed: z.boolean(),
});
export type UnreadableLine = z.infer<typeof UnreadableLine>;

/** The last line. */
export const TrailerLine = z.object({
  kind: z.literal("trailer"),
  memories: z.int(),
  trashed: z.int(),
  relations: z.int(),
  unreadable: z.int().optional().describe("Of a damaged store: memories that are known and couldn't be read."),
  altered: z.int().optional().describe("Of a damaged store: memories whose text isn't what their hash was made of."),
  uncertain: z.boolean().optional().describe("Of a damaged store: whether more may be missing than is known."),
  sha256: z.string().describe("Of all bytes before this line."),
});
export type TrailerLine = z.infer<typeof TrailerLine>;

/** A chunk's vector as text. */
export function encodeVector(vector: Float32Array): string {
  // Every platform Deno runs on is little-endian.
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength).toBase64();
}

/** The vector in a text; null when it isn't one of unit length with this many dimensions. */
export function decodeVector(text: string, dimensions: number): Float32Array | null {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.fromBase64(text);
  } catch {
    return null;
  }
  if (bytes.length !== dimensions * 4) return null;
  const vector = new Float32Array(bytes.buffer);
  return Math.abs(Math.hypot(...vector) - 1) < 0.01 ? vector : null;
}
