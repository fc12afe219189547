/**
 * Checks whether sessions are captured and recalled for, as far as clients have called their hooks.
 *
 * @module
 */

import { HookFolder, MAX_SPOOL_BYTES } from "../../hooks/folder.ts";
import { hookReport } from "../../hooks/report.ts";
import { type NamedResult, ok, skipped, warning } from "./check.ts";

/** Share of the room for what waits from which on it is time to act. */
const CROWDED = 0.5;

/** @param archived What became of old turns lately, in words; null where nothing did. */
export function checkHooks(dataFolder: string, archived: string | null): NamedResult[] {
  const { paused, waiting, waiting_bytes, clients } = hookReport(new HookFolder(dataFolder));
  const note = archived === null ? "" : `; ${archived}`;
  if (paused) return [warning("hooks", "Paused: nothing is captured or recalled", "Run `unimem hook resume`")];
  if (clients.length === 0) {
    return archived === null ? [skipped("hooks", "No client has called a hook yet")] : [ok("hooks", archived)];
  }
  const checks = clients.map(({ client, captured_at, recalled_at, fault }) => {
    const shown = `${client} captured last ${captured_at ?? "never"}, recalled last ${recalled_at ?? "never"}`;
    if (fault === null) return ok("hooks", `${shown}${note}`);
    return warning("hooks", `${shown}; ${fault}`, "See whether the service runs, and `unimem hook status`");
  });
  if (waiting_bytes < MAX_SPOOL_BYTES * CROWDED) return checks;
  const message = `${waiting} captures (${Math.round(waiting_bytes / 2 ** 20)} MiB) wait for a service`;
  return [...checks, warning("hooks", message, "Start the service; beyond 64 MiB turns stay in the transcripts")];
}
