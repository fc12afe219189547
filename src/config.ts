/**
 * Turns environment variables into one frozen `Config`, reporting every problem at once.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { AccessSettings } from "./access/access.ts";
import { SHORT_KEY, TOO_SHORT_KEY } from "./access/warnings.ts";
import type { Places } from "./operations/exposure.ts";
import { DEFAULT_IN_FLIGHT_BYTES } from "./access/body.ts";
import type { EmbeddingSettings, RerankSettings } from "./embedding/factory.ts";
import { embeddingOf, modelSources } from "./config/embedding.ts";
import { type ElsewhereSettings, outboxOf, qdrantOf, storageOf } from "./config/storage.ts";
import { valuesByName } from "./config/env_layers.ts";
import { homeDataFolder } from "./config/data_folder.ts";
import { oauthLeftOvers, oauthOf, publicUrlOf } from "./config/oauth.ts";
import { readSettings } from "./config/values.ts";
import { MemoryError } from "./errors.ts";
import type { AuditSettings } from "./operations/audit/log.ts";
import type { BackupSettings } from "./operations/backup/state.ts";
import { DOCUMENT_DEFAULTS, type DocumentSettings } from "./operations/documents/settings.ts";
import type { OAuthSettings } from "./oauth/settings.ts";
import type { OperationSettings } from "./operations/runtime.ts";
import type { SettingValues } from "./settings.ts";
import type { OutboxSettings, StorageSettings } from "./storage/factory.ts";

export { accessWarnings } from "./access/warnings.ts";
export { spacesIn } from "./config/spaces.ts";
export { type EnvLayers, mergeLayers, readEnvLayers } from "./config/env_layers.ts";
export { dataFolder } from "./config/data_folder.ts";
export { expandHome, homeOf } from "./config/home.ts";
export { parseEnvText } from "./config/env_file.ts";
export {
  isRelativePath,
  isSetting,
  SETTING_NAMES,
  type SettingOrigin,
  settingOrigins,
  settingsWithoutEffect,
  type WithoutEffect,
} from "./config/values.ts";

/** Where and how a server listens. */
export interface ListenSettings {
  host: string;
  port: number;
  /** Names of the variables that set the two, for messages. */
  hostVariable: string;
  portVariable: string;
}

/** Everything the process gets from outside. */
export interface Config {
  readonly http: ListenSettings & { enabled: boolean; heartbeatSeconds: number };
  readonly mcp: ListenSettings & { transport: "http" | "stdio" | "off" };
  readonly serverName: string;
  /** Spaces of commands and of clients over stdio, the first one to write to; null where none are chosen. */
  readonly spaces: readonly string[] | null;
  /** The service that commands work with, without a slash at its end, and the key for it; null for the store here. */
  readonly remote: { server: string | null; key: string | null };
  /** Folder for all data that has no place of its own. */
  readonly baseDir: string;
  readonly access: AccessSettings;
  /** OAuth; null unless asked for. */
  readonly oauth: OAuthSettings | null;
  readonly tls: { certFile: string; keyFile: string } | null;
  readonly storage: StorageSettings;
  /** How stores that a command names by URL are opened. */
  readonly elsewhere: ElsewhereSettings;
  /** Where writes wait while a store on another machine is away; null unless asked for. */
  readonly outbox: OutboxSettings | null;
  readonly embedding: EmbeddingSettings;
  readonly reranker: RerankSettings | null;
  readonly operations: OperationSettings;
  /** Milliseconds without a sign of life after which another process takes over the store's background work. */
  readonly leaseMs: number;
  readonly backups: BackupSettings;
  /** The log of who did what; null when none is kept. */
  readonly audit: AuditSettings | null;
  /** Whether the latest queries are kept for admins. */
  readonly recordSearches: boolean;
  readonly telemetry: { metrics: boolean; opentelemetry: boolean };
  readonly logFormat: "auto" | "json" | "text";
  readonly logLevel: "debug" | "info" | "warning" | "error";
}

/** Facts about the machine that defaults depend on. */
export interface Platform {
  os: "linux" | "darwin" | "windows" | string;
  cores: number;
  /** The machine's time zone, an IANA name; the default for processes that one user started for themselves. */
  timeZone?: string;
  /** Whether the process is such a one: a command, or a server on standard input and output. */
  forOneUser?: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;
const DEFAULT_MAX_CONTENT_LENGTH = 100_000;

/**
 * Parses the environment. Variable names are matched in any case.
 *
 * @throws {MemoryError} `configuration`, with one message listing every problem by variable, value and what is allowed.
 */
export function parseConfig(env: Readonly<Record<string, string | undefined>>, platform: Platform): Config {
  const problems: string[] = [];
  const values = readSettings(env, problems);

  const baseDir = values.MCP_MEMORY_BASE_DIR ?? defaultBaseDir(env, platform, problems);
  const http = listen(values.MCP_HTTP_HOST, values.MCP_HTTP_PORT, "MCP_HTTP", 8000);
  const mcp = listen(values.MCP_SERVER_HOST, values.MCP_SERVER_PORT, "MCP_SERVER", 8001);
  const transport = values.MCP_TRANSPORT_MODE ?? "streamable-http";
  checkAccess(values, valuesByName(env), problems);

  const storage = storageOf(values, baseDir, problems);
  const oauth = oauthOf(values, openAddresses(values).length > 0, problems);

  const config: Config = {
    // Existing stdio deployments expect no port to open unless they ask for it.
    http: {
      ...http,
      enabled: values.MCP_HTTP_ENABLED ?? transport !== "stdio",
      heartbeatSeconds: values.SSE_HEARTBEAT_INTERVAL ?? 30,
    },
    mcp: { ...mcp, transport: transport === "stdio" || transport === "off" ? transport : "http" },
    serverName: values.NAME ?? "unimem",
    spaces: values.MCP_SPACE ?? null,
    remote: { server: values.UNIMEM_SERVER?.replace(/\/+$/, "") ?? null, key: values.UNIMEM_API_KEY ?? null },
    baseDir,
    access: accessOf(values, [http.host, mcp.host], oauth === null ? publicUrlOf(values, []) : oauth.publicUrl),
    oauth,
    tls: tlsOf(values, problems),
    storage,
    elsewhere: {
      pragmas: values.MCP_MEMORY_SQLITE_PRAGMAS ?? {},
      qdrant: qdrantOf(values, ""),
      fromKey: values.MCP_COPY_FROM_API_KEY ?? null,
      toKey: values.MCP_COPY_TO_API_KEY ?? null,
    },
    outbox: outboxOf(values, baseDir),
    embedding: embeddingOf(values, baseDir, platform.cores, problems),
    reranker: values.MCP_RERANK_MODEL === undefined
      ? null
      : { model: values.MCP_RERANK_MODEL, ...modelSources(values, baseDir) },
    operations: {
      maxContentLength: values.MCP_SQLITEVEC_MAX_CONTENT_LENGTH ?? DEFAULT_MAX_CONTENT_LENGTH,
      split: values.MCP_ENABLE_AUTO_SPLIT ?? true
        ? {
          overlap: values.MCP_CONTENT_SPLIT_OVERLAP ?? 50,
          preserveBoundaries: values.MCP_CONTENT_PRESERVE_BOUNDARIES ?? true,
        }
        : null,
      includeHostname: values.MCP_MEMORY_INCLUDE_HOSTNAME ?? false,
      documents: documentsOf(values),
      searchEffort: values.MCP_SEARCH_EFFORT ?? (values.MCP_RERANK_MODEL === undefined ? "normal" : "high"),
      rerankBudgetMs: values.MCP_RERANK_BUDGET_MS ?? 500,
      cosineScales: values.MCP_RELEVANCE_SCALES ?? {},
      timeZone: values.MCP_TIME_ZONE ?? (platform.forOneUser || transport === "stdio" ? platform.timeZone : null) ??
        "UTC",
      tools: {
        profile: values.MCP_TOOLS ?? "full",
        output: values.MCP_TOOL_OUTPUT ?? "auto",
        structured: values.MCP_STRUCTURED_CONTENT ?? "auto",
      },
      trashDays: values.MCP_TRASH_DAYS ?? 30,
      turnDays: values.MCP_TURN_DAYS ?? 180,
      modelWaitMs: (values.MCP_EMBEDDING_WAIT ?? 3) * 1000,
    },
    leaseMs: (values.MCP_BACKGROUND_LEASE_SECONDS ?? 30) * 1000,
    backups: {
      folder: values.MCP_MEMORY_BACKUPS_PATH ?? join(baseDir, "backups"),
      intervalHours: values.MCP_BACKUP_INTERVAL_HOURS ?? 0,
      keep: values.MCP_BACKUP_KEEP ?? 7,
    },
    audit: auditOf(values, storage.backend === "sqlite" ? dirname(storage.path) : baseDir),
    recordSearches: values.MCP_RECORD_SEARCHES ?? false,
    telemetry: { metrics: values.MCP_METRICS_ENABLED ?? true, opentelemetry: values.OTEL_DENO ?? false },
    logFormat: values.LOG_FORMAT ?? "auto",
    logLevel: values.LOG_LEVEL ?? "info",
  };
  if (problems.length > 0) {
    throw new MemoryError(
      "configuration",
      `Cannot start: ${problems.length === 1 ? "a setting is" : `${problems.length} settings are`} wrong\n${
        problems.map((problem) => `  ${problem}`).join("\n")
      }`,
    );
  }
  return deepFreeze(config);
}

function listen(
  host: string | undefined,
  port: number | undefined,
  prefix: string,
  defaultPort: number,
): ListenSettings {
  return {
    host: host ?? "127.0.0.1",
    port: port ?? defaultPort,
    hostVariable: `${prefix}_HOST`,
    portVariable: `${prefix}_PORT`,
  };
}

/** An open service on a network address, or for every web page, must be asked for in so many words. */
function checkAccess(values: SettingValues, set: ReadonlyMap<string, string>, problems: string[]): void {
  if (values.MCP_API_KEY !== undefined) checkKey(values, values.MCP_API_KEY, problems);
  if (values.MCP_API_KEY !== undefined || values.MCP_ALLOW_ANONYMOUS_ACCESS) return;
  if (values.MCP_OAUTH_ENABLED || values.MCP_OAUTH_ISSUER !== undefined) return;
  if (values.MCP_OAUTH_ENABLED === undefined) {
    // The Python service asks for a credential unless MCP_OAUTH_ENABLED=false, so that these leave no store open there.
    const ways =
      "set MCP_API_KEY, or MCP_OAUTH_ENABLED=false or MCP_ALLOW_ANONYMOUS_ACCESS=true to serve without a key";
    const oauth = oauthLeftOvers(set);
    if (oauth.length > 0) problems.push(`${oauth.join(", ")}: set MCP_OAUTH_ENABLED=true for OAuth; or ${ways}`);
    // Every page can have a frame without an origin, so that "null" stands for all of them too.
    const any = values.MCP_CORS_ORIGINS?.find((origin) => /^(?:\*|null)$/i.test(origin.trim()));
    if (any !== undefined) {
      const what = "without a key every web page could read and change the memories";
      problems.push(`MCP_CORS_ORIGINS=${any.trim()}: ${what}; ${ways}`);
    }
  }
  for (const [name, host] of openAddresses(values)) {
    problems.push(
      `${name}=${JSON.stringify(host)}: an address other than loopback needs MCP_API_KEY, or ` +
        `MCP_ALLOW_ANONYMOUS_ACCESS=true to serve everyone who can reach it`,
    );
  }
}

/** Off this machine anybody may try keys, and a short one is soon found. */
function checkKey(values: SettingValues, key: string, problems: string[]): void {
  if ([...key].length >= TOO_SHORT_KEY) return;
  for (const [name, host] of openAddresses(values)) {
    const needs = `needs an MCP_API_KEY of at least ${TOO_SHORT_KEY} characters, better ${SHORT_KEY}`;
    problems.push(`${name}=${JSON.stringify(host)}: an address other than loopback ${needs}`);
  }
}

/** The settings that bind to an address which other machines can reach. */
function openAddresses(values: SettingValues): [name: string, host: string][] {
  return (["MCP_HTTP_HOST", "MCP_SERVER_HOST"] as const).flatMap((name) => {
    const host = values[name];
    return host === undefined || LOOPBACK.test(host) ? [] : [[name, host] as [string, string]];
  });
}

function accessOf(values: SettingValues, bound: string[], publicUrl: string | null): AccessSettings {
  const published = publicUrl === null ? [] : [new URL(publicUrl)];
  // 0.0.0.0 and :: stand for every address, so they name no host a client would send.
  const maxBodyBytes = values.MCP_MAX_BODY_BYTES ?? 10 * 1024 * 1024;
  const own = bound.filter((host) => !/^(0\.0\.0\.0|\[?::\]?)$/.test(host));
  return {
    apiKey: values.MCP_API_KEY ?? null,
    allowedHosts: [
      ...new Set([...(values.MCP_ALLOWED_HOSTS ?? []), ...own, ...published.map(({ hostname }) => hostname)]),
    ],
    basePath: published.map(({ pathname }) => pathname.replace(/\/$/, "")).join(""),
    // A proxy may hand on another Host header than the one that a page of ours was opened with.
    corsOrigins: [...new Set([...(values.MCP_CORS_ORIGINS ?? []), ...published.map(({ origin }) => origin)])],
    anonymous: values.MCP_ALLOW_ANONYMOUS_ACCESS ?? false,
    ...(values.MCP_MAX_CLIENTS_PER_ADDRESS === undefined ? {} : { maxPerAddress: values.MCP_MAX_CLIENTS_PER_ADDRESS }),
    maxBodyBytes,
    // Room for the largest body, of which large ones may use only a part.
    maxInFlightBytes: Math.max(values.MCP_MAX_BODY_BYTES_IN_FLIGHT ?? DEFAULT_IN_FLIGHT_BYTES, 2 * maxBodyBytes),
  };
}

function auditOf(values: SettingValues, dataFolder: string): AuditSettings | null {
  if (values.MCP_AUDIT_ENABLED === false) return null;
  return {
    folder: values.MCP_AUDIT_PATH ?? join(dataFolder, "audit"),
    maxBytes: values.MCP_AUDIT_MAX_BYTES ?? 64 * 1024 * 1024,
    days: values.MCP_AUDIT_DAYS ?? 365,
  };
}

function tlsOf(values: SettingValues, problems: string[]): Config["tls"] {
  if (!values.MCP_HTTPS_ENABLED) return null;
  const { MCP_SSL_CERT_FILE: certFile, MCP_SSL_KEY_FILE: keyFile } = values;
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  problems.push("MCP_HTTPS_ENABLED=true: needs MCP_SSL_CERT_FILE and MCP_SSL_KEY_FILE");
  return null;
}

function documentsOf(values: SettingValues): DocumentSettings {
  const { chunkSize, chunkOverlap, limits } = DOCUMENT_DEFAULTS;
  return {
    chunkSize: values.MCP_DOCUMENT_CHUNK_SIZE ?? chunkSize,
    chunkOverlap: values.MCP_DOCUMENT_CHUNK_OVERLAP ?? chunkOverlap,
    limits: {
      ...limits,
      maxBytes: values.MCP_DOCUMENT_MAX_BYTES ?? limits.maxBytes,
      maxPages: values.MCP_DOCUMENT_MAX_PAGES ?? limits.maxPages,
      timeoutMs: (values.MCP_DOCUMENT_TIMEOUT ?? limits.timeoutMs / 1000) * 1000,
    },
  };
}

/** The folder existing deployments use by default. */
function defaultBaseDir(
  env: Readonly<Record<string, string | undefined>>,
  platform: Platform,
  problems: string[],
): string {
  const folder = homeDataFolder(env, platform);
  if (folder === null) {
    problems.push("MCP_MEMORY_BASE_DIR: set it, because there is no HOME to put a data folder in");
  }
  return folder ?? ".";
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

/** The files and folders in which these settings keep memories and vectors. */
export function placesOf({ baseDir, storage, outbox, embedding, backups, audit }: Config): Places {
  return {
    baseDir,
    database: storage.backend === "sqlite" ? storage.path : null,
    outbox: outbox?.path ?? null,
    embeddingCache: embedding.cacheFile?.path ?? null,
    backups: backups.folder,
    audit: audit?.folder ?? null,
  };
}
