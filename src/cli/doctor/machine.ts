/**
 * Checks what the machine gives: rights to write, versions.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { Config } from "../../config.ts";
import { verifyAudit } from "../../operations/audit/verify.ts";
import { listBackups } from "../../operations/backup/folder.ts";
import { evaluateBackups } from "../../operations/health/checks.ts";
import { VERSION } from "../../version.ts";
import { failed, type NamedResult, ok, skipped, warning } from "./check.ts";

/** The oldest Deno that Unimem is tested with. */
const REQUIRED_DENO = [2, 9];

/** Folders the service writes to, as far as they are there. */
export async function checkFolders(config: Config): Promise<NamedResult[]> {
  const { storage, embedding, baseDir } = config;
  const folders = {
    data: storage.backend === "sqlite" ? dirname(storage.path) : null,
    backups: config.backups.intervalHours > 0 ? config.backups.folder : null,
    "audit log": config.audit?.folder ?? null,
    "model cache": embedding.provider === "local" ? embedding.cacheFolder : null,
  };
  const checks: NamedResult[] = [];
  for (const [name, folder] of Object.entries(folders)) {
    if (folder === null) continue;
    const place = await existing(folder), fault = await writeFault(place);
    if (fault === null) continue;
    const message = `The ${name} folder ${place} can't be written: ${fault}`;
    const action = "Give the user that runs the service the right to write there, or set another folder";
    // Only downloads need the cache, and the audit log's entries wait.
    checks.push(name === "data" ? failed("folders", message, action) : warning("folders", message, action));
  }
  return checks.length > 0
    ? checks
    : [ok("folders", `Can be written: ${storage.backend === "sqlite" ? dirname(storage.path) : baseDir}`)];
}

/** The newest backup in the folder; overdue only where the service makes them by itself. */
export async function checkBackups(
  { backups: { folder, intervalHours } }: Config,
  now = Date.now(),
): Promise<NamedResult> {
  const [newest] = await listBackups(folder);
  const age = newest === undefined
    ? "none there yet"
    : `the newest is ${((now / 1000 - newest.created_at) / 3600).toFixed(1)} hours old`;
  if (intervalHours === 0) return ok("backups", `None are made by the service; ${age}`);
  const facts = { intervalHours, newest: newest === undefined ? null : newest.created_at * 1000, error: null };
  // Without one, a service that has just been set up is given its time.
  return { name: "backups", ...evaluateBackups({ ...facts, expectedSince: newest === undefined ? now : 0 }, now) };
}

/** Whether the audit log is whole. */
export async function checkAudit({ audit }: Config): Promise<NamedResult> {
  if (audit === null) return skipped("audit", "No audit log is kept: MCP_AUDIT_ENABLED=false");
  const { entries, fault_count, faults: [first] } = await verifyAudit(audit.folder);
  if (first === undefined) {
    return ok("audit", entries === 0 ? "No entries yet" : `${entries} entries, each follows the one before`);
  }
  const message = `${fault_count} faults in ${entries} entries, the first: ${first.message}`;
  return warning("audit", message, "See `unimem audit verify`; entries were changed, removed or lost");
}

/** Versions of Unimem and of what runs it. */
export function checkVersions(deno = Deno.version.deno): NamedResult {
  const [major = 0, minor = 0] = deno.split(".").map(Number), [needed = 0, least = 0] = REQUIRED_DENO;
  const found = `Unimem ${VERSION} on Deno ${deno}`;
  if (major > needed || (major === needed && minor >= least)) return ok("versions", found);
  return failed("versions", `${found}, which is too old`, `Install Deno ${REQUIRED_DENO.join(".")} or newer`);
}

/** The folder, or the nearest one above it that is there and in which it would be made. */
async function existing(folder: string): Promise<string> {
  for (let place = folder;; place = dirname(place)) {
    if (await Deno.stat(place).then(() => true, () => false) || place === dirname(place)) return place;
  }
}

/** Why no file can be made in a folder; null when one can. Rights alone don't tell: a disk may be read-only. */
async function writeFault(folder: string): Promise<string | null> {
  const probe = join(folder, `.unimem-doctor-${crypto.randomUUID()}`);
  try {
    (await Deno.open(probe, { write: true, createNew: true })).close();
    await Deno.remove(probe);
    return null;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // The check of the disk reports a full disk.
    return /space|ENOSPC|os error 28/i.test(text) ? null : text.replace(/: open .*/, "");
  }
}
