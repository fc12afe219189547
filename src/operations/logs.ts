/**
 * The last lines of the log of the process that answers, for operators who can't reach its standard error.
 *
 * @module
 */

import { hostname } from "node:os";
import { z } from "zod";
import { LOG_LEVELS, type RecentLines } from "./recent_lines.ts";

export const LogsInput = z.object({
  limit: z.int().min(1).max(500).default(100).describe("Lines to list, 1 to 500."),
  level: z.enum(LOG_LEVELS).default("debug").describe("The least severe level to list."),
  requests: z.boolean().default(true).describe("Whether lines of requests that went well are listed."),
});
export type LogsInput = z.infer<typeof LogsInput>;

export const LogsOutput = z.object({
  lines: z.array(z.object({
    n: z.int().describe("Number of the line since the process began."),
    time: z.string(),
    level: z.enum(LOG_LEVELS),
    message: z.string(),
    fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  })).describe(
    "Newest first. What LOG_LEVEL drops isn't among them. Of requests that went well, and of all others, 500 are kept.",
  ),
  replica: z.object({ host: z.string(), process: z.int() }).describe("Whose log it is."),
});
export type LogsOutput = z.infer<typeof LogsOutput>;

/** What stands in the place of a secret. */
const HIDDEN = "[hidden]";
/** Keys by their form, credentials in addresses and headers, and values of names that say so. Each reads a text once. */
const SECRETS: readonly [form: RegExp, by: string][] = [
  [/\bum_[a-z0-9]{1,40}_[\w-]{16,100}/g, HIDDEN],
  [/\bsk-[\w-]{16,250}/g, HIDDEN],
  [/\b(bearer|basic) {1,3}[\w.~+/=-]{6,2000}/gi, `$1 ${HIDDEN}`],
  [/(:\/\/)[^\s/@]{1,300}@/g, `$1${HIDDEN}@`],
  [
    /\b((?:api[_-]?key|access[_-]?token|token|secret|password|authorization)["']?\s{0,3}[=:]\s{0,3}["']?)[^\s"',;&]{3,500}/gi,
    `$1${HIDDEN}`,
  ],
];

/**
 * The last lines, without secrets.
 *
 * @param recent Absent where none are kept.
 * @param secrets Of the settings; they are taken out wherever they stand.
 */
export function logs(
  recent: RecentLines | undefined,
  { limit, level, requests }: LogsInput,
  secrets: readonly string[],
): LogsOutput {
  const least = LOG_LEVELS.indexOf(level), lines: LogsOutput["lines"] = [];
  const shown = (text: string) => withoutSecrets(text, secrets);
  for (const [n, { time, level, message, fields }] of recent?.newest(requests) ?? []) {
    if (LOG_LEVELS.indexOf(level) < least) continue;
    const entries = Object.entries(fields).map((
      [name, value],
    ) => [name, typeof value === "string" ? shown(value) : value]);
    lines.push({ n, time: time.toISOString(), level, message: shown(message), fields: Object.fromEntries(entries) });
    if (lines.length === limit) break;
  }
  return { lines, replica: { host: hostname(), process: Deno.pid } };
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) if (secret !== "") text = text.replaceAll(secret, HIDDEN);
  for (const [form, by] of SECRETS) text = text.replace(form, by);
  return text;
}
