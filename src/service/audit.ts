/**
 * The audit log of a process.
 *
 * @module
 */

import type { Config } from "../config.ts";
import { type AuditLog, noAudit, openAuditLog } from "../operations/audit/log.ts";

/** How a process may end without closing what it opened; Deno 2.9 sends no `unload` after an uncaught error. */
const ENDS = ["unload", "error", "unhandledrejection"];

/** The log that the settings ask for. What waits is written however the process ends, short of a kill. */
export function openAudit({ audit }: Config): AuditLog {
  if (audit === null) return noAudit();
  const log = openAuditLog(audit), flush = () => log.flush();
  for (const event of ENDS) addEventListener(event, flush);
  return {
    note: (draft) => log.note(draft),
    refused: (draft) => log.refused(draft),
    flush,
    get state() {
      return log.state;
    },
    close: () => {
      for (const event of ENDS) removeEventListener(event, flush);
      log.close();
    },
  };
}
