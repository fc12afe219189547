/**
 * The zod schemas that operations, REST and MCP share. Each field is described once, here; surfaces only rename or
 * widen where an existing client needs it (see `mcp/tools/`).
 *
 * @module
 */

import { z } from "zod";
import type { Json, Memory } from "./memory.ts";
import { Role } from "./role.ts";
import { parseInstant } from "./time/instant.ts";

/** Most memories one page or one search may return. */
export const MAX_PAGE_SIZE = 100;
/** Most tags a memory may carry. */
export const MAX_TAGS = 100;
/** Longest tag, type or id accepted, in characters. */
export const MAX_NAME_LENGTH = 256;
/** Most levels of nesting in metadata. */
export const MAX_METADATA_DEPTH = 64;

/** Text SQLite, tokenizers and JSON clients can all keep unchanged: well-formed UTF-16 without NUL. */
const text = () =>
  z.string().refine((value) => !value.includes("\0"), "must not contain NUL characters")
    .refine((value) => value.isWellFormed(), "must be well-formed Unicode, without lone surrogates");

const name = () => text().max(MAX_NAME_LENGTH);

export const Content = text()
  .refine((value) => value.trim().length > 0, "must not be empty or blank")
  .describe("The text to remember. One fact, decision or preference reads best.");

/** Tags as a list; surrounding blanks, empty items and repeats are dropped. */
export const TagList = z.array(name()).max(MAX_TAGS).transform(normaliseTags)
  .describe("Labels to find it by, such as a project or a topic.");

export const MemoryType = name().describe("Kind of memory, such as note, decision, preference or reference.");

/**
 * JSON objects; text in them is kept as sent. Surfaces hand over parsed JSON, so that the values need no schema of
 * their own: `z.json()` would recurse without a limit and cost more than the rest of a store's validation.
 */
export const MetadataObject = z.record(z.string(), z.unknown() as unknown as z.ZodType<Json>)
  .refine((value) => isStorable(value, MAX_METADATA_DEPTH), {
    error:
      `must hold finite numbers, well-formed Unicode without NUL characters, and at most ${MAX_METADATA_DEPTH} levels`,
  })
  .describe("Free key-value data kept with the memory.");

export const ConversationId = name().min(1)
  .describe("Conversation the memory is a turn of; its neighbours there help to find it.");

export const ClientHostname = name().describe("Name of the machine the client runs on.");

export const AgentId = name().describe("Who stores it; becomes the tag agent:<id>, which searches can ask for.");

export const ContentHash = z.string().regex(/^[0-9a-fA-F]{64}$/, "must be 64 hexadecimal digits")
  .transform((value) => value.toLowerCase())
  .describe("The memory's content_hash: 64 hexadecimal digits.");

export const Query = text()
  .refine((value) => value.trim().length > 0, "must not be empty or blank")
  .refine((value) => value.length <= 10_000, "must have at most 10000 characters")
  .describe("What to look for, as a question or as words.");

export const Page = z.int().min(1).max(1_000_000).default(1).describe("Page number, from 1.");
export const PageSize = z.int().min(1).max(MAX_PAGE_SIZE).default(10).describe("Results on a page, 1 to 100.");
export const Threshold = z.number().min(0).max(1)
  .describe("Least similarity_score of a result, 0 to 1; without it nothing is cut off.");
export const SearchMode = z.enum(["hybrid", "semantic", "exact"])
  .describe("hybrid: by meaning and by words; semantic: by meaning alone; exact: the words as written.");

/** A point in time as `parseInstant` reads it. Gives Unix seconds. */
export const Instant = z.union([z.number(), z.string()]).transform((value, context) => {
  const seconds = parseInstant(value);
  if (seconds !== null) return seconds;
  context.addIssue({ code: "custom", message: "must be Unix seconds or an ISO 8601 date", input: value });
  return z.NEVER;
}).describe("Unix seconds, or an ISO 8601 year, date or date-time (UTC unless it says otherwise).");

/** The conditions every listing and search accepts. */
export const FilterFields = {
  tags: TagList.optional(),
  match_all: z.boolean().default(false).describe("Whether all tags must match instead of any."),
  memory_type: MemoryType.nullish(),
  conversation_id: ConversationId.nullish(),
  created_after: Instant.nullish().describe("Only memories created at or after this time."),
  created_before: Instant.nullish().describe("Only memories created before this time."),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional()
    .describe("Only memories whose metadata has these values under these keys."),
  role: Role.nullish().describe("Only memories that hold the words of this role: user, assistant, system or tool."),
  include_superseded: z.boolean().optional()
    .describe("Whether memories that a newer one replaced are found too."),
};

/** A memory as clients see it. */
export const MemoryView = z.object({
  content: z.string(),
  content_hash: z.string(),
  tags: z.array(z.string()),
  memory_type: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  conversation_id: z.string().nullable(),
  created_at: z.number().nullable(),
  created_at_iso: z.string().nullable(),
  updated_at: z.number().nullable(),
  updated_at_iso: z.string().nullable(),
  superseded_by: z.string().optional().describe("content_hash of the memory that replaced this one, when one did."),
  superseded_reason: z.string().optional(),
  valid_from: z.number().optional().describe("Unix seconds from which a replaced memory held."),
  valid_until: z.number().optional().describe("Unix seconds until which it held."),
});
export type MemoryView = z.infer<typeof MemoryView>;

/** Adds the derived ISO times to a stored memory. */
export function viewOf(memory: Memory): MemoryView {
  return {
    content: memory.content,
    content_hash: memory.content_hash,
    tags: memory.tags,
    memory_type: memory.memory_type,
    metadata: memory.metadata,
    conversation_id: memory.conversation_id,
    created_at: memory.created_at,
    created_at_iso: isoTime(memory.created_at),
    updated_at: memory.updated_at,
    updated_at_iso: isoTime(memory.updated_at),
    ...(memory.superseded === undefined ? {} : {
      superseded_by: memory.superseded.by,
      superseded_reason: memory.superseded.reason,
      valid_from: memory.created_at,
      valid_until: memory.superseded.at,
    }),
  };
}

/** Unix seconds as ISO 8601 in UTC with microseconds, e.g. `2026-11-23T13:48:50.417978Z`. */
export function isoTime(seconds: number): string {
  const micros = Math.round((seconds - Math.floor(seconds)) * 1e6);
  const whole = Math.floor(seconds) + Math.floor(micros / 1e6);
  const base = new Date(whole * 1000).toISOString().slice(0, 19);
  return `${base}.${String(micros % 1e6).padStart(6, "0")}Z`;
}

/** Trims tags and drops empty ones and repeats, keeping the order given. */
export function normaliseTags(tags: string[]): string[] {
  return [...new Set(tags.map((tag) => tag.trim()).filter((tag) => tag.length > 0))];
}

/** Whether every store and client can keep the value unchanged; `depth` levels may follow. */
function isStorable(value: Json, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value === "number") return Number.isFinite(value);
  if (value === null || typeof value !== "object") return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isStorable(item, depth - 1));
  return Object.entries(value).every(([key, item]) => isStorable(key, 0) && isStorable(item, depth - 1));
}
