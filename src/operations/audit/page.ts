/**
 * The audit log of this process's folder, by pages.
 *
 * @module
 */

import { hostname } from "node:os";
import { z } from "zod";
import { errorText, MemoryError } from "../../errors.ts";
import type { Runtime } from "../runtime.ts";
import { type AuditQuery, CHANNELS, readAudit } from "./read.ts";

const Entry = z.object({
  n: z.int().describe("Number of the entry, from 1, without gaps."),
  time: z.string(),
  process: z.int().describe("Process id of the writer."),
  caller: z.string().nullable().describe("Name of the key or grant, `local` or `anonymous`; null where it is unknown."),
  kind: z.string().nullable(),
  address: z.string().optional(),
  client: z.object({ name: z.string(), version: z.string().optional() }).optional()
    .describe("The program, as it calls itself."),
  channel: z.enum(CHANNELS),
  action: z.string().describe("operationId of the route, name of the tool, or command."),
  space: z.string().nullable(),
  hashes: z.array(z.string()).describe("The first memories that changed."),
  count: z.int().describe("How many changed; for refusals how many requests."),
  outcome: z.string().describe("ok, or what it failed for."),
  request: z.string().optional().describe("Id of the request, as in X-Request-Id."),
  detail: z.string().optional(),
  gone: z.object({ first: z.int(), last: z.int() }).optional().describe("Entries that were dropped or lost."),
  previous: z.string().describe("SHA-256 of the line before, in hexadecimal digits."),
});

export const AuditPageOutput = z.object({
  entries: z.array(Entry).describe("Newest first."),
  next: z.int().nullable().describe("`before` of the next page; null on the last one."),
  first: z.int().nullable().describe("Number of the oldest entry that is kept."),
  replica: z.object({
    host: z.string(),
    process: z.int(),
    folder: z.string().nullable().describe("Null where no log is kept: MCP_AUDIT_ENABLED=false."),
    waiting: z.int().describe("Entries that aren't written yet."),
    lost: z.int().describe("Entries that were lost since the process began."),
    error: z.string().nullable().describe("Why entries can't be written."),
  }).describe("Whose log it is: replicas each keep their own."),
});
export type AuditPageOutput = z.infer<typeof AuditPageOutput>;

/**
 * A page of entries, those of this moment included.
 *
 * @throws {MemoryError} `unavailable` when it can't be read.
 */
export async function auditPage({ audit }: Pick<Runtime, "audit">, query: AuditQuery): Promise<AuditPageOutput> {
  audit.flush();
  const { folder, waiting, lost, error } = audit.state;
  const replica = { host: hostname(), process: Deno.pid, folder, waiting, lost, error };
  if (folder === null) return { entries: [], next: null, first: null, replica };
  try {
    return { ...await readAudit(folder, query), replica };
  } catch (cause) {
    throw new MemoryError("unavailable", `Cannot read the audit log: ${errorText(cause)}`, { cause });
  }
}
