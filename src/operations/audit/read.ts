/**
 * Reading the audit log, newest entries first.
 *
 * @module
 */

import { join } from "node:path";
import { z } from "zod";
import { TimeSlice } from "../../yielding.ts";
import { type AuditChannel, type AuditEntry, parseEntry } from "./entry.ts";
import { firstOf, linesOf, listFiles } from "./files.ts";

/** Ways in that entries tell of. */
export const CHANNELS = [
  "rest",
  "mcp",
  "cli",
  "document",
  "import",
  "service",
] as const satisfies readonly AuditChannel[];

/** What to list. */
export const AuditQuery = z.object({
  limit: z.int().min(1).max(1000).default(100).describe("Entries on a page, 1 to 1000."),
  before: z.int().min(1).optional().describe("Only entries before this number: `next` of the page before."),
  caller: z.string().max(200).optional().describe("Only what this key, grant or other caller did."),
  action: z.string().max(200).optional().describe("Only this operation, tool or command."),
  channel: z.enum(CHANNELS).optional()
    .describe("Only what came this way."),
  space: z.string().max(64).optional().describe("Only what was done in this space."),
  outcome: z.string().max(40).optional().describe("Only with this outcome; `!ok` for all that failed or was refused."),
  content_hash: z.string().max(64).optional().describe(
    "Only entries that name this memory, by its hash or the beginning.",
  ),
  since: z.number().optional().describe("Unix seconds; only entries from then on."),
  until: z.number().optional().describe("Unix seconds; only entries before."),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

/** A page of entries. */
export interface AuditPage {
  /** Newest first. */
  entries: AuditEntry[];
  /** `before` of the next page; null on the last one. */
  next: number | null;
  /** Number of the oldest entry kept; null where there is none. */
  first: number | null;
}

/** Reads a page. Reads backwards file by file, each of which is an eighth of the log. */
export async function readAudit(folder: string, query: AuditQuery): Promise<AuditPage> {
  const files = listFiles(folder), decoder = new TextDecoder(), slice = new TimeSlice();
  const page: AuditPage = { entries: [], next: null, first: files[0] === undefined ? null : firstOf(files[0]) };
  for (const file of files.reverse()) {
    if (query.before !== undefined && firstOf(file) >= query.before) continue;
    const matching: AuditEntry[] = [];
    for (const { bytes } of linesOfKept(join(folder, file))) {
      await slice.yieldIfDue();
      const entry = parseEntry(decoder.decode(bytes));
      if (entry === null || (query.before !== undefined && entry.n >= query.before)) continue;
      if (!matches(entry, query)) continue;
      matching.push(entry);
      // Only the newest are wanted, and one more that says whether there is another page.
      if (matching.length > 4 * query.limit) matching.splice(0, matching.length - query.limit - 1);
    }
    for (const entry of matching.reverse()) {
      if (page.entries.length === query.limit) {
        page.next = page.entries.at(-1)!.n;
        return page;
      }
      page.entries.push(entry);
    }
  }
  return page;
}

function matches(entry: AuditEntry, query: AuditQuery): boolean {
  const at = Date.parse(entry.time) / 1000, { outcome, content_hash: hash } = query;
  return (query.caller === undefined || entry.caller === query.caller) &&
    (query.action === undefined || entry.action === query.action) &&
    (query.channel === undefined || entry.channel === query.channel) &&
    (query.space === undefined || entry.space === query.space) &&
    (outcome === undefined || (outcome === "!ok" ? entry.outcome !== "ok" : entry.outcome === outcome)) &&
    (hash === undefined || entry.hashes.some((named) => named.startsWith(hash.toLowerCase()))) &&
    (query.since === undefined || at >= query.since) && (query.until === undefined || at < query.until);
}

/** The lines of a file; none where it was dropped meanwhile. */
function* linesOfKept(path: string) {
  try {
    yield* linesOf(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
