/**
 * The zod schemas that operations, REST and MCP share. Each field is described once, here; surfaces only rename or
 * widen where an existing client needs it (see `tools/`).
 *
 * @module
 */

import { z } from "zod";
import type { Channel, Json, Memory, Metadata } from "./memory.ts";
import { metadataFault, withoutProto } from "./metadata.ts";
import { Role } from "./role.ts";
import { type Validity, VALIDITY_KEYS, validityOf } from "./validity.ts";
import { parseInstant } from "./time/instant.ts";

/** Most memories one page or one search may return. */
export const MAX_PAGE_SIZE = 100;
/** Most tags a memory may carry. */
export const MAX_TAGS = 100;
/** Longest tag, type or id accepted, in characters. */
export const MAX_NAME_LENGTH = 256;

/** Most keys that a filter by metadata may name: each is a condition of its own. */
export const MAX_FILTER_KEYS = 100;

/** Longest query, in characters. */
export const MAX_QUERY_LENGTH = 10_000;

/** Text SQLite, tokenizers and JSON clients can all keep unchanged: well-formed UTF-16 without NUL. */
const text = () =>
  z.string().refine((value) => !value.includes("\0"), "must not contain NUL characters")
    .refine((value) => value.isWellFormed(), "must be well-formed Unicode, without lone surrogates");

const name = () => text().max(MAX_NAME_LENGTH);

/**
 * Control characters, line breaks, and what turns the order of a line around: with them a tag, a type or an id could look
 * like something else in a text. The marks that words in Arabic or Persian need are not among them.
 */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const RUNS_OF_CONTROLS = new RegExp(`${CONTROLS.source}+`, "gu");

/** Whether new memories may have this as a tag, a type or an id; what is stored already may have control characters. */
export function isCleanName(name: string): boolean {
  return !CONTROLS.test(name);
}

/** A name without control characters: a blank stands for each run of them. */
export function cleanName(name: string): string {
  return name.toWellFormed().replace(RUNS_OF_CONTROLS, " ").trim();
}

const NOT_CLEAN = "must not contain control characters or line breaks";
const newName = () => name().refine(isCleanName, NOT_CLEAN);

export const Content = text()
  .refine((value) => value.trim().length > 0, "must not be empty or blank")
  .describe("The text to remember. One fact, decision or preference reads best.");

const TAGS = "Labels to find it by, such as a project or a topic.";

/** Tags that memories may have, as a list; surrounding blanks, empty items and repeats are dropped. */
export const TagList = z.array(name()).max(MAX_TAGS).transform(normaliseTags).describe(TAGS);
/** Tags for a memory to be stored. */
export const NewTagList = z.array(name().refine((tag) => isCleanName(tag.trim()), NOT_CLEAN)).max(MAX_TAGS)
  .transform(normaliseTags).describe(TAGS);

const TYPE = "Kind of memory, such as note, decision, preference or reference.";
export const MemoryType = name().describe(TYPE);
/** Type of a memory to be stored. */
export const NewMemoryType = newName().describe(TYPE);

const METADATA = "Free key-value data kept with the memory.";

/**
 * JSON objects; text in them is kept as sent. Surfaces hand over parsed JSON, so that the values need no schema of
 * their own: `z.json()` would recurse without a limit and cost more than the rest of a store's validation.
 */
const Json = z.unknown() as unknown as z.ZodType<Json>;

/** Metadata that memories may have. */
export const MetadataObject = z.record(z.string(), Json)
  .superRefine((value, context) => addFault(metadataFault(value), context)).describe(METADATA);
/** Metadata for a memory to be stored, or to be merged into a stored one's. */
export const NewMetadata = z.preprocess(checkedNew, z.record(z.string(), Json)).describe(METADATA);

/** Looks at the limits first: a record's schema takes a second for as many keys as a body may hold. */
function checkedNew(value: unknown, context: z.RefinementCtx): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    addFault(metadataFault(value as Metadata, { isNew: true }), context);
  }
  return value;
}

/** Before the schema, which would look at every value first. */
function filterChecks(value: unknown, context: z.RefinementCtx): unknown {
  if (typeof value === "object" && value !== null && Object.keys(value).length > MAX_FILTER_KEYS) {
    context.addIssue({ code: "custom", message: `must name at most ${MAX_FILTER_KEYS} keys`, input: value });
    return z.NEVER;
  }
  return withoutProto(value, context);
}

function addFault(fault: string | null, context: z.RefinementCtx): void {
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
}

const CONVERSATION = "Conversation the memory is a turn of; its neighbours there help to find it.";
export const ConversationId = name().min(1).describe(CONVERSATION);
/** Conversation of a memory to be stored. */
export const NewConversationId = newName().min(1).describe(CONVERSATION);

export const ClientHostname = newName().describe("Name of the machine the client runs on.");

export const AgentId = newName().describe("Who stores it; becomes the tag agent:<id>, which searches can ask for.");

/** A whole content_hash, as files of memories have it. */
export const ContentHash = z.string().regex(/^[0-9a-fA-F]{64}$/, "must be 64 hexadecimal digits")
  .transform((value) => value.toLowerCase())
  .describe("The memory's content_hash: 64 hexadecimal digits.");

/** Digits that a short key has at least: by chance, two of a million memories share 10 once in two stores. */
export const SHORTEST_KEY = 10;

/**
 * A content_hash, or its first digits where no other memory's begins with them; also as the address of a resource. The
 * key of a chunk, as storing a long content gives it, stands for the whole memory.
 */
export const MemoryKey = z.string().trim()
  .regex(
    /^(?:memory:\/\/)?[0-9a-fA-F]{10,64}(?:-\d{1,6})?$/i,
    `must be a content_hash of 64 hexadecimal digits, or its first ${SHORTEST_KEY} or more`,
  )
  .transform(plainKey)
  .describe("The memory's content_hash, or its first 10 or more digits.");

/** A key in lower case, without the scheme of an address and the number of a chunk. */
export function plainKey(key: string): string {
  return key.trim().toLowerCase().replace(/^(?:memory:\/\/)?([0-9a-f]{10,64})(?:-\d{1,6})?$/, "$1");
}

/** A content_hash as agents are shown it, where nothing else that is stored begins with the same digits. */
export function shortKey(hash: string): string {
  return hash.slice(0, SHORTEST_KEY);
}

/** Gives a content_hash as it is shown; `textWithKeys` in `operations/` gives one that is exact. */
export type ShortKey = (hash: string) => string;

export const Query = text()
  .refine((value) => value.trim().length > 0, "must not be empty or blank")
  .refine((value) => value.length <= MAX_QUERY_LENGTH, `must have at most ${MAX_QUERY_LENGTH} characters`)
  .describe("What to look for, as a question or as words.");

export const Page = z.int().min(1).max(1_000_000).default(1).describe("Page number, from 1.");
export const PageSize = z.int().min(1).max(MAX_PAGE_SIZE).default(10).describe("Results on a page, 1 to 100.");
export const Threshold = z.number().min(0).max(1)
  .describe("Least similarity_score of a result, 0 to 1; without it nothing is cut off.");
const Share = z.number().min(0).max(1);
export const MinRelevance = z.union([
  Share,
  z.literal("auto"),
  // Clients whose schemas know one type a field send both as text.
  z.string().regex(/^\d*\.?\d+$/).transform(Number).pipe(Share),
], {
  error: "must be a number from 0 to 1 or auto",
}).describe(
  "Least relevance of a result, 0 to 1; or auto: none unless the best is likely what was asked for, then all with 0.3 " +
    "of its relevance.",
);
const ORDERS = ["relevance", "time"] as const;
export const ResultOrder = z.enum(ORDERS).describe(
  "relevance: best first; time: the same results of a page, oldest first, as for questions about when and in which " +
    "order. Without it best first too, and what holds now, held before or came first goes by the question's words.",
);
/** The order of memories that were found without being ranked. */
export const ListOrder = z.enum(ORDERS).describe("time: oldest first; otherwise newest first.");
export const Exchanges = z.boolean().describe(
  "Whether a message and its answer, when both are found, are one result, with the other turn as its exchange.",
);
export const SearchEffort = z.enum(["normal", "high"]).describe(
  "high: a reranker, where one is set up, reads the first results again, which takes longer; normal: it doesn't. Without it, MCP_SEARCH_EFFORT decides.",
);
export type SearchEffort = z.infer<typeof SearchEffort>;
export const SearchMode = z.enum(["hybrid", "semantic", "exact"])
  .describe("hybrid: by meaning and by words; semantic: by meaning alone; exact: the words as written.");

/** A point in time as `parseInstant` reads it. Gives Unix seconds. */
export const Instant = z.union([z.number(), z.string()]).transform((value, context) => {
  const seconds = parseInstant(value);
  if (seconds !== null) return seconds;
  context.addIssue({ code: "custom", message: "must be Unix seconds or an ISO 8601 date", input: value });
  return z.NEVER;
}).describe("Unix seconds, or an ISO 8601 year, date or date-time (UTC unless it says otherwise).");

const CHANNELS = ["rest", "mcp", "cli", "document", "import"] as const satisfies readonly Channel[];

/** A point in time, or `none`; of one plain type for those who can't choose between two. */
const NoneOrInstant = z.union([z.number(), z.string()]).transform((value, context) => {
  const seconds = value === "none" ? "none" as const : parseInstant(value);
  if (seconds !== null) return seconds;
  context.addIssue({ code: "custom", message: 'must be Unix seconds, an ISO 8601 date or "none"', input: value });
  return z.NEVER;
});
/** Times that a memory can be given; each is kept in its metadata, see `validity.ts`. */
export const ValidityFields = {
  valid_from: Instant.nullish().describe("When it began to hold, where that wasn't when it was stored."),
  valid_until: Instant.nullish().describe("When it ceased, or will cease to hold; as_of leaves it out from then on."),
  expires: Instant.nullish().describe("When it is to be found no more; it goes to the trash some time later."),
};
/** The same for a stored memory; `none` takes a time away. */
export const ChangedValidityFields = {
  valid_from: NoneOrInstant.nullish().describe("When it began to hold; none for when it was stored."),
  valid_until: NoneOrInstant.nullish().describe("When it ceases to hold; none for never."),
  expires: NoneOrInstant.nullish().describe("When it is to be found no more; none for never."),
};

/** Why given times can't be kept, or null where they can. */
export function validityFault(
  { valid_from, valid_until }: { [field in keyof Validity]?: number | "none" | null | undefined },
): string | null {
  const isEmpty = typeof valid_from === "number" && typeof valid_until === "number" && valid_until <= valid_from;
  return isEmpty ? "valid_until must be later than valid_from" : null;
}

/** Given times as metadata; those that are absent change nothing. */
export function validityMetadata(given: { [field in keyof Validity]?: number | "none" | null | undefined }): Metadata {
  const found: Metadata = {};
  for (const field of ["valid_from", "valid_until", "expires"] as const) {
    const value = given[field];
    if (value != null) found[VALIDITY_KEYS[field]] = value === "none" ? null : value;
  }
  return found;
}

/** The conditions every listing and search accepts. */
export const FilterFields = {
  tags: TagList.optional(),
  match_all: z.boolean().default(false).describe("Whether all tags must match instead of any."),
  memory_type: MemoryType.nullish(),
  conversation_id: ConversationId.nullish(),
  created_after: Instant.nullish().describe("Only memories created at or after this time."),
  created_before: Instant.nullish().describe("Only memories created before this time."),
  metadata: z.preprocess(
    filterChecks,
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  ).optional().describe("Only memories whose metadata has these values under these keys."),
  role: Role.nullish().describe("Only memories that hold the words of this role: user, assistant, system or tool."),
  as_of: Instant.nullish().describe(
    "Only memories that counted at this time: from valid_from, or when they were stored, until valid_until or until a " +
      "newer one replaced them.",
  ),
  include_superseded: z.boolean().optional()
    .describe("Whether memories that a newer one replaced are found too."),
  writer: z.string().min(1).max(200).nullish()
    .describe("Only memories stored by the key, grant or other caller of this name, or imported from this file."),
  channel: z.enum(CHANNELS).nullish().describe("Only memories that came this way."),
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
  valid_from: z.number().optional().describe(
    "Unix seconds from which it holds, where that was given, or it was replaced.",
  ),
  valid_until: z.number().optional().describe("Unix seconds until which it holds, or held before it was replaced."),
  expires: z.number().optional().describe("Unix seconds from which it is found no more, where that was given."),
  space: z.string().optional().describe("The space it is in; absent in `default`. Clients can't write it here."),
  writer: z.object({
    name: z.string().describe("Name of the key or grant; `local`, `anonymous`, or an import's file."),
    channel: z.enum(CHANNELS),
    client: z.object({ name: z.string(), version: z.string().optional() }).optional()
      .describe("The program, by the name that it gives itself over MCP."),
  }).optional().describe("Who stored it, as the service knows; absent where it doesn't. Clients can't write it."),
});
export type MemoryView = z.infer<typeof MemoryView>;

/** Adds the derived ISO times to a stored memory. */
export function viewOf(memory: Memory): MemoryView {
  const { valid_from, valid_until, expires } = validityOf(memory.metadata), replaced = memory.superseded;
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
    ...(replaced === undefined ? {} : { superseded_by: replaced.by, superseded_reason: replaced.reason }),
    ...(valid_from === undefined && replaced === undefined ? {} : { valid_from: valid_from ?? memory.created_at }),
    ...(valid_until === undefined && replaced === undefined
      ? {}
      : { valid_until: Math.min(valid_until ?? Infinity, replaced?.at ?? Infinity) }),
    ...(expires === undefined ? {} : { expires }),
    ...(memory.space === undefined ? {} : { space: memory.space }),
    ...(memory.writer === undefined ? {} : { writer: memory.writer }),
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
