/**
 * `config`: the settings in effect.
 *
 * @module
 */

import type { Command } from "commander";
import type { Config, SettingOrigin } from "../config.ts";
import { type ClientContext, examples, paint, printable, show } from "./context.ts";

/** Titles of groups, and which settings each has; the first that fits counts. */
export const GROUPS: readonly [title: string, names: RegExp][] = [
  ["Access", /^MCP_(API_KEY|ALLOW|CORS|PUBLIC|OAUTH|AUDIT|RECORD)/],
  ["Servers", /^(MCP_(HTTP|SERVER|TRANSPORT|SSL|MAX)|NAME$|SSE_)/],
  ["Qdrant", /^(MCP_(QDRANT|COPY|OUTBOX)|QDRANT)/],
  ["Models", /EMBEDDING|RERANK|RELEVANCE|SEARCH|^(HF|TRANSFORMERS)_/],
  ["Memories", /^MCP_(SQLITEVEC_MAX|ENABLE_AUTO|CONTENT|DOCUMENT|MEMORY_INCLUDE|TRASH|TURN|TIME_ZONE)/],
  ["Store", /^(MCP_(MEMORY|BACKUP|BACKGROUND)|SQLITEVEC)/],
  ["Clients and commands", /^(MCP_(SPACE|TOOL|STRUCTURED)|UNIMEM_)/],
  ["Logs and figures", /^(MCP_METRICS|OTEL|LOG)/],
];

/** Values of defaults that depend on the machine or on other settings. */
const DERIVED: Readonly<Record<string, (config: Config) => unknown>> = {
  MCP_HTTP_ENABLED: ({ http }) => http.enabled,
  MCP_MAX_CLIENTS_PER_ADDRESS: () => 1000,
  MCP_MAX_BODY_BYTES_IN_FLIGHT: ({ access }) => access.maxInFlightBytes,
  MCP_MEMORY_STORAGE_BACKEND: ({ storage }) => storage.backend,
  MCP_MEMORY_BASE_DIR: ({ baseDir }) => baseDir,
  SQLITEVEC_PATH: ({ storage }) => storage.backend === "sqlite" ? storage.path : null,
  MCP_MEMORY_BACKUPS_PATH: ({ backups }) => backups.folder,
  MCP_OUTBOX_ENABLED: ({ outbox }) => outbox !== null,
  MCP_OUTBOX_PATH: ({ outbox }) => outbox?.path,
  MCP_EMBEDDING_PROVIDER: ({ embedding }) => embedding.provider,
  MCP_EMBEDDING_THREADS: ({ embedding }) => embedding.provider === "local" ? embedding.threads : null,
  HF_HOME: ({ embedding }) => embedding.provider === "local" ? embedding.cacheFolder : null,
  MCP_SEARCH_EFFORT: ({ operations }) => operations.searchEffort,
  MCP_TIME_ZONE: ({ operations }) => operations.timeZone,
  MCP_AUDIT_PATH: ({ audit }) => audit?.folder,
};

/** Longest value that others are aligned with. */
const MAX_WIDTH = 48;

/** Adds the command. */
export function addConfig(program: Command, context: ClientContext): void {
  program.command("config").description("the settings in effect, and where each comes from")
    .option("--json", "print them as JSON").addHelpText("after", examples(["config", "config --json"]))
    .action(async ({ json }: { json?: boolean }) => {
      await context.load();
      // Checked first: values that can't be used are no settings in effect.
      const config = context.config(), effective = JSON.parse(JSON.stringify(config, hideSecrets));
      const settings = context.origins().map((setting) => ({ ...setting, value: shownValue(setting, config) }));
      show(context, json, { settings, effective }, () => linesOf(context, settings));
    });
}

function linesOf(context: ClientContext, settings: readonly SettingOrigin[]): string[] {
  const name = Math.max(...settings.map(({ name }) => name.length));
  const width = Math.min(MAX_WIDTH, Math.max(...settings.map(({ value }) => value!.length)));
  return GROUPS.flatMap(([title], group) => [
    ...group === 0 ? [] : [""],
    paint(context, "bold", title),
    ...settings.filter((setting) => groupOf(setting.name) === title).map((setting) => {
      const line = `  ${setting.name.padEnd(name)}  ${printable(setting.value!).padEnd(width)}  `;
      return setting.origin === "default"
        ? paint(context, "dim", `${line}default`)
        : `${line}${setting.file ?? setting.origin}`;
    }),
  ]);
}

/** Title of a setting's group; undefined for one that is in none. */
export function groupOf(name: string): string | undefined {
  return GROUPS.find(([, names]) => names.test(name))?.[0];
}

/** The value in effect, as it was set or as the default is; in words where there is none. */
function shownValue({ name, value, origin, secret, default: fallback }: SettingOrigin, config: Config): string {
  if (origin !== "default") return secret ? "(secret)" : hideUser(value!);
  const derived = DERIVED[name]?.(config);
  return derived == null ? fallback.replaceAll("`", "") : String(derived);
}

function hideSecrets(name: string, value: unknown): unknown {
  if (/key$/i.test(name) && !/file/i.test(name) && typeof value === "string") return "(secret)";
  return typeof value === "string" ? hideUser(value) : value;
}

/** An address without the name and password in it. */
function hideUser(value: string): string {
  return value.replace(/^(https?:\/\/)[^/@\s]*@/, "$1(secret)@");
}
