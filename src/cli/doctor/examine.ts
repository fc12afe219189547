/**
 * All checks of `doctor`, each part on its own, so that one fault doesn't hide another.
 *
 * @module
 */

import { dirname } from "node:path";
import type { Config } from "../../config.ts";
import { archivedOf } from "../../operations/archive_turns.ts";
import { isFrom } from "../../operations/endpoint_consent.ts";
import type { StoreExamination } from "../../operations/health/examination.ts";
import { DIFFERENT_VECTORS, diskSpace, evaluateClock, evaluateSpace } from "../../operations/health/checks.ts";
import { foreignTexts, languagesOfTexts } from "../../operations/languages.ts";
import { choiceIn } from "../../operations/model_choice.ts";
import { type CliContext, dataFolderOf } from "../context.ts";
import { attempt, type NamedResult, ok, skipped, warning } from "./check.ts";
import type { PartState } from "../../operations/health/state.ts";
import { checkFiles } from "./files.ts";
import { checkHooks } from "./hooks.ts";
import { checkAudit, checkBackups, checkFolders, checkVersions } from "./machine.ts";
import { findService } from "./service.ts";
import { checkSettings } from "./settings.ts";

const STORE_ACTION = {
  sqlite: "Free the file from the process that locks it, restore a backup, or set SQLITEVEC_PATH to another file",
  qdrant: "Start Qdrant, and check MCP_QDRANT_URL, MCP_QDRANT_API_KEY and the network to it",
};
const RANK: Record<PartState, number> = { healthy: 0, starting: 0, off: 0, degraded: 1, unhealthy: 2 };

/**
 * Runs every check; those of a running service that found something are among them.
 *
 * @param fix Whether to mend what can be mended without asking: rights of other users to files.
 */
export async function examineAll(context: CliContext, fix = false): Promise<NamedResult[]> {
  const { config, checks } = checkSettings(context.config, context.withoutEffect());
  if (config === null) return [...checks, checkVersions()];
  const service = await findService(config);
  const { storage } = config;
  checks.push(...service.ports, ...await checkFolders(config));
  checks.push(
    ...await attempt("files", "Run it as the user that owns the files", () => checkFiles(config, fix)),
  );
  let found: StoreExamination | null = null;
  checks.push(
    ...await attempt("store", STORE_ACTION[storage.backend], async () => {
      found = await context.examine.store(config, service.running);
      const warnings = found.warnings.map(({ message, action }) => warning("store", message, action));
      return warnings.length > 0 ? warnings : [ok("store", found.message)];
    }),
    ...await attempt(
      "model",
      "Put the model's files in order, or set MCP_MEMORY_EMBEDDING_MODEL to another one",
      () => {
        return checkModel(context, config, found);
      },
    ),
  );
  const folder = storage.backend === "sqlite" ? dirname(storage.path) : config.baseDir;
  const space = await diskSpace(folder);
  checks.push(
    { name: "disk", ...space === null ? { state: "off", message: "No data on this disk yet" } : evaluateSpace(space) },
  );
  const { newest = null, clock_ahead = null, notes = {} } = found ?? ({} as Partial<StoreExamination>);
  const steady = { behind: 0, ahead: 0 };
  checks.push({ name: "clock", ...evaluateClock({ reading: steady, newest, serverAhead: clock_ahead }, Date.now()) });
  checks.push(
    ...await attempt("backups", "Give the service the right to read the backup folder", async () => {
      return [await checkBackups(config)];
    }),
  );
  checks.push(
    ...await attempt(
      "audit",
      "Give the service the right to read MCP_AUDIT_PATH",
      async () => [await checkAudit(config)],
    ),
  );
  checks.push(...checkHooks(dataFolderOf(context), archivedOf(notes)), checkVersions());
  return merge(withoutEchoes(checks), service.parts);
}

/** In a folder that can't be written SQLite can't even read, which is the folder's fault. */
function withoutEchoes(checks: NamedResult[]): NamedResult[] {
  if (!checks.some(({ name, state }) => name === "folders" && state === "unhealthy")) return checks;
  return checks.map((check) =>
    check.name === "store" && check.state === "unhealthy" && /can't be written/.test(check.message)
      ? skipped("store", "Not examined: its folder can't be written")
      : check
  );
}

async function checkModel(context: CliContext, given: Config, found: StoreExamination | null): Promise<NamedResult[]> {
  const config = withChoice(given, found), { embedding } = config;
  if (embedding.provider === "openai") {
    const { host } = new URL(embedding.url);
    // What `operations/endpoint_consent.ts` lets a service do, but for a consent that no re-embedding followed yet.
    const allowed = embedding.allowedHost === host || found !== null &&
        (found.model !== null && isFrom(found.model, host) || (found.memories ?? 0) === 0);
    if (!allowed) {
      return [warning(
        "model",
        `Not asked: the store's vectors are not from ${host}, and nothing is sent there before you say so`,
        `Run unimem reembed to send all memories there, set MCP_EMBEDDING_ALLOWED_HOST=${host}, or unset MCP_EMBEDDING_URL`,
      )];
    }
  }
  const examined = await context.examine.model(config);
  if (examined === null) return [ok("model", "Not downloaded yet; the service does that when it starts")];
  const { identity: { id, name, dimensions }, verified, warning: complaint } = examined;
  const stored = found?.model;
  if (stored && stored.id !== id && !stored.id.startsWith("python:")) {
    const message = `${name} is not the model of the stored vectors, ${stored.name}`;
    return [warning("model", message, "Nothing, if you changed it on purpose: the service embeds all memories again")];
  }
  if (complaint !== null) return [warning("model", complaint, DIFFERENT_VECTORS)];
  const bySetting = embedding.provider !== "local" || !embedding.byDefault;
  const foreign = foreignTexts(name, languagesOfTexts(found?.texts ?? []), bySetting);
  if (foreign !== null) {
    return [warning("model", `${name}, ${dimensions} dimensions; ${foreign.message}`, foreign.action)];
  }
  return [ok("model", `${name}, ${dimensions} dimensions${verified ? ", files whole" : ""}`)];
}

/** The settings with the model that was chosen for the store, where none of them names one. */
function withChoice(config: Config, found: StoreExamination | null): Config {
  const { embedding } = config, chosen = found === null ? null : choiceIn(found.notes);
  if (chosen === null || embedding.provider !== "local" || !embedding.byDefault) return config;
  return { ...config, embedding: { ...embedding, model: chosen } };
}

/** What a running service says of a part counts where it is worse than what was seen from outside. */
function merge(checks: NamedResult[], parts: NamedResult[]): NamedResult[] {
  const merged = [...checks];
  for (const part of parts) {
    const at = merged.findIndex(({ name }) => name === part.name);
    if (at === -1) merged.push(part);
    else if (RANK[part.state] > RANK[merged[at]!.state]) merged[at] = part;
  }
  return merged;
}
