/**
 * Every environment variable Unimem reads: its type, default and meaning. `config.ts` turns their values into one
 * frozen `Config`; `docs/settings.md` lists them, and a test keeps the two together.
 *
 * @module
 */

import { z } from "zod";
import { SpaceName } from "./memory/space.ts";
import { canonicalTimeZone } from "./memory/time/zone.ts";

/** A text that must be one of a few words, in any case. */
const choice = <T extends string>(...values: [T, ...T[]]) =>
  z.string().trim().toLowerCase().pipe(z.enum(values)).describe(`one of ${values.join(", ")}`);

const wholeNumber = (min: number, max: number) =>
  z.string().trim().regex(/^-?\d+$/).transform(Number).pipe(z.int().min(min).max(max))
    .describe(`a whole number from ${min} to ${max}`);

const port = () =>
  z.string().trim().regex(/^\d+$/).transform(Number).pipe(z.int().min(0).max(65535))
    .describe("a port number from 0 to 65535, where 0 takes any free port");

/** The spellings existing deployments use, those of pydantic. */
const TRUE = ["true", "1", "yes", "on", "t", "y"], FALSE = ["false", "0", "no", "off", "f", "n"];
const flag = () =>
  z.string().trim().toLowerCase().refine((value) => TRUE.includes(value) || FALSE.includes(value))
    .transform((value) => TRUE.includes(value)).describe("true or false");

const text = () => z.string().trim().describe("a text");
const secret = () => z.string().trim().min(1).describe("a non-empty text");

/** A JSON list of texts, as existing deployments write it, or a comma-separated one. */
const list = () =>
  z.string().trim().transform((value, context) => {
    if (!value.startsWith("[")) return value.split(",").map((item) => item.trim()).filter((item) => item !== "");
    try {
      return z.array(z.string()).parse(JSON.parse(value));
    } catch {
      context.addIssue({ code: "custom" });
      return z.NEVER;
    }
  }).describe('a comma-separated list or a JSON list such as ["a","b"]');

const url = () => z.string().trim().pipe(z.url({ protocol: /^https?$/ })).describe("an http or https URL");

const timeZone = () =>
  z.string().trim().min(1).transform((value, context) => {
    try {
      return canonicalTimeZone(value);
    } catch {
      context.addIssue({ code: "custom" });
      return z.NEVER;
    }
  }).describe("an IANA time zone such as Europe/Berlin, or an offset such as +02:00");

/** SQLite pragmas as `name=value,name=value`. */
const pragmas = () =>
  z.string().trim().regex(/^(\s*\w+\s*=\s*-?\w+\s*(,|$))*$/).transform((value) =>
    Object.fromEntries(
      value.split(",").filter((pair) => pair.trim() !== "").map((pair) =>
        pair.split("=").map((part) => part.trim()) as [string, string]
      ),
    )
  ).describe("name=value pairs such as busy_timeout=15000,cache_size=20000");

/** Scales of models' cosines as JSON, by the id of the model. */
const scales = () =>
  z.string().transform((value, context) => {
    try {
      return z.record(z.string(), z.strictObject({ slope: z.number().positive(), offset: z.number() }))
        .parse(JSON.parse(value));
    } catch {
      context.addIssue({ code: "custom" });
      return z.NEVER;
    }
  }).describe('JSON such as {"model id": {"slope": 1.8, "offset": -0.9}}');

/** Rights by the words of a token, as JSON. */
const rightsByWord = () =>
  z.string().transform((value, context) => {
    try {
      return z.record(z.string(), z.enum(["read", "write", "admin"])).parse(JSON.parse(value));
    } catch {
      context.addIssue({ code: "custom" });
      return z.NEVER;
    }
  }).describe('JSON such as {"memory:read": "read", "memory:write": "write"}');

/** A setting's parser, with what a reader needs to know beside it. */
export interface Setting<T extends z.ZodType = z.ZodType> {
  schema: T;
  /** The default in words, as the reference shows it. */
  default: string;
  meaning: string;
  /** Never shown in a message, a log or a configuration listing. */
  secret?: boolean;
  /** Whether it is, or may be, a path: a leading `~` stands for the home folder. */
  path?: boolean;
}

function setting<T extends z.ZodType>(schema: T, fallback: string, meaning: string, secret = false): Setting<T> {
  return { schema, default: fallback, meaning, ...(secret ? { secret } : {}) };
}

const pathSetting = (fallback: string, meaning: string) => ({
  ...setting(text().describe("a path"), fallback, meaning),
  path: true,
});

/** A model's name, or the folder that holds it. */
const modelSetting = (fallback: string, meaning: string) => ({ ...setting(text(), fallback, meaning), path: true });

/** All settings by variable name. An empty value counts as unset, except for a secret. */
export const SETTINGS = {
  MCP_HTTP_ENABLED: setting(flag(), "true", "Whether `unified` serves REST."),
  MCP_HTTP_HOST: setting(text(), "127.0.0.1", "Address the REST server binds to."),
  MCP_HTTP_PORT: setting(port(), "8000", "Port of the REST server."),
  MCP_TRANSPORT_MODE: setting(
    choice("sse", "http", "streamable-http", "stdio", "off"),
    "streamable-http",
    "How `unified` serves MCP. `sse`, `http` and `streamable-http` open the MCP port, which answers all HTTP transports; `stdio` speaks on standard input and output; `off` serves none.",
  ),
  MCP_SERVER_HOST: setting(text(), "127.0.0.1", "Address the MCP server binds to."),
  MCP_SERVER_PORT: setting(port(), "8001", "Port of the MCP server."),
  NAME: setting(text(), "unimem", "Server name that MCP clients are given."),

  MCP_API_KEY: setting(
    secret(),
    "none",
    "Key every request needs, as `Authorization: Bearer KEY` or `X-API-Key: KEY`; only liveness is open.",
    true,
  ),
  MCP_ALLOW_ANONYMOUS_ACCESS: setting(
    flag(),
    "false",
    "Without a key, allows a bind address other than loopback, and serves what comes through a proxy (`Forwarded`, `X-Forwarded-*`).",
  ),
  MCP_PUBLIC_URL: setting(
    url(),
    "none",
    "Address under which clients reach the service, such as https://memory.example.com or https://example.com/memory: behind a proxy that speaks TLS, and for OAuth on an address other than loopback. Its host is allowed as a Host header.",
  ),
  MCP_OAUTH_ENABLED: setting(
    flag(),
    "false",
    "Whether the service is an OAuth authorization server: programs ask for access, a person agrees with an admin key. Every request needs a token or a key then. See docs/oauth.md.",
  ),
  MCP_OAUTH_ISSUER: setting(
    url(),
    "none",
    "Authorization server of your choice, by its issuer identifier, whose tokens are taken. With MCP_OAUTH_ENABLED=true the service's own address, like MCP_PUBLIC_URL.",
  ),
  MCP_OAUTH_ACCESS_TOKEN_EXPIRE_MINUTES: setting(
    wholeNumber(1, 1440),
    "60",
    "Minutes for which an access token of the built-in server is good; a refresh token gets the next one.",
  ),
  MCP_OAUTH_AUTHORIZATION_CODE_EXPIRE_MINUTES: setting(
    wholeNumber(1, 60),
    "10",
    "Minutes in which a client must exchange its authorization code.",
  ),
  MCP_OAUTH_AUDIENCE: setting(
    list(),
    "the service's own addresses",
    "What tokens of MCP_OAUTH_ISSUER may name as their audience besides the service's own addresses.",
  ),
  MCP_OAUTH_RIGHTS_CLAIM: setting(
    text(),
    "scope, or scp",
    "Claim of MCP_OAUTH_ISSUER's tokens that holds the rights: words in a text, or a list.",
  ),
  MCP_OAUTH_RIGHTS: setting(
    rightsByWord(),
    "read, write and admin by their names",
    "Rights by the words of that claim, as JSON.",
  ),
  MCP_OAUTH_SPACES_CLAIM: setting(
    text(),
    "none",
    "Claim of MCP_OAUTH_ISSUER's tokens that holds the spaces: the first one to write to, all to read; `*` for every space.",
  ),
  MCP_OAUTH_SPACES: setting(
    list(),
    "default, or none with MCP_OAUTH_SPACES_CLAIM",
    "Spaces of tokens without that claim, the one to write to first; `*` for every space.",
  ),
  MCP_ALLOWED_HOSTS: setting(
    list(),
    "none",
    "Names the Host header may hold besides the loopback names and the bind addresses; `*` for any.",
  ),
  MCP_CORS_ORIGINS: setting(
    list(),
    "none",
    "Origins besides the server's own whose web pages may call, such as https://app.example.com or http://localhost:5173; pages of other ports are other origins. `*` for any.",
  ),
  MCP_MAX_BODY_BYTES: setting(wholeNumber(1024, 1 << 30), "10485760", "Largest request body, in bytes."),
  MCP_MAX_CLIENTS_PER_ADDRESS: setting(
    wholeNumber(1, 2000),
    "1000, half of the most there can be",
    "Event streams, SSE streams and MCP sessions that one address may have at once, of each; behind a proxy all clients have the proxy's.",
  ),
  MCP_MAX_BODY_BYTES_IN_FLIGHT: setting(
    wholeNumber(65_536, 2 ** 34),
    "67108864, or twice MCP_MAX_BODY_BYTES where that is more",
    "Bytes of request bodies in memory at once, over all requests; beyond it requests get 503. Uploaded files go to disk and don't count.",
  ),
  MCP_HTTPS_ENABLED: setting(flag(), "false", "Whether both servers speak TLS; needs the two files below."),
  MCP_SSL_CERT_FILE: pathSetting("none", "Certificate chain, a PEM file."),
  MCP_SSL_KEY_FILE: pathSetting("none", "Private key, a PEM file."),
  SSE_HEARTBEAT_INTERVAL: setting(wholeNumber(5, 300), "30", "Seconds between heartbeats on event streams."),

  MCP_MEMORY_STORAGE_BACKEND: setting(
    choice("sqlite", "sqlite_vec", "sqlite-vec", "qdrant"),
    "sqlite, or qdrant when MCP_QDRANT_URL is set",
    "Where memories are kept: a SQLite file, under whichever of its names, or a Qdrant server or cluster.",
  ),
  MCP_MEMORY_BASE_DIR: pathSetting("the user's data folder, `mcp-memory` in it", "Folder for all data."),
  SQLITEVEC_PATH: pathSetting("`unimem.db` in the base folder", "Path of the SQLite file."),
  MCP_MEMORY_SQLITE_PRAGMAS: setting(pragmas(), "none", "SQLite pragmas to override."),
  MCP_MEMORY_BACKUPS_PATH: pathSetting("`backups` in the base folder", "Folder for backups."),
  MCP_BACKUP_INTERVAL_HOURS: setting(
    wholeNumber(0, 8760),
    "0",
    "Hours after which the running service makes a backup by itself; 0 never.",
  ),
  MCP_BACKUP_KEEP: setting(
    wholeNumber(1, 10_000),
    "7",
    "Backups left in the folder after a scheduled one; the oldest are deleted.",
  ),

  MCP_QDRANT_URL: setting(url(), "none", "Base URL of the Qdrant server, such as http://localhost:6333."),
  MCP_QDRANT_API_KEY: setting(secret(), "none", "Key the Qdrant server wants.", true),
  QDRANT_API_KEY: setting(secret(), "none", "The same; MCP_QDRANT_API_KEY comes first.", true),
  MCP_COPY_FROM_API_KEY: setting(
    secret(),
    "MCP_QDRANT_API_KEY",
    "Key of the Qdrant server that `unimem copy` reads from.",
    true,
  ),
  MCP_COPY_TO_API_KEY: setting(
    secret(),
    "MCP_QDRANT_API_KEY",
    "Key of the Qdrant server that `unimem copy` writes to.",
    true,
  ),
  MCP_QDRANT_COLLECTION_NAME: setting(text(), "memories", "Collection that holds the memories."),
  MCP_QDRANT_TIMEOUT: setting(
    wholeNumber(1, 600),
    "5",
    "Seconds any call to Qdrant may take, its repetitions included.",
  ),
  MCP_QDRANT_RETRIES: setting(wholeNumber(0, 20), "3", "Repetitions of a call that Qdrant didn't answer."),
  MCP_QDRANT_MAX_CONNECTIONS: setting(
    wholeNumber(1, 10_000),
    "64",
    "Calls to Qdrant, and so connections, at once; further ones wait within their time.",
  ),
  MCP_QDRANT_POOL_IDLE_SECONDS: setting(
    wholeNumber(1, 3600),
    "90",
    "Seconds an unused connection to Qdrant stays open.",
  ),
  MCP_QDRANT_CIRCUIT_FAILURES: setting(
    wholeNumber(1, 1000),
    "5",
    "Unanswered calls in a row after which calls are refused at once.",
  ),
  MCP_QDRANT_CIRCUIT_SECONDS: setting(
    wholeNumber(1, 3600),
    "60",
    "Longest pause in seconds until a call is let through again; Qdrant is asked every second whether it is back.",
  ),
  MCP_QDRANT_DISTANCE_METRIC: setting(
    choice("cosine", "dot", "euclid"),
    "cosine",
    "How a new collection compares vectors; all rank alike, since vectors have unit length.",
  ),
  MCP_QDRANT_HNSW_M: setting(wholeNumber(4, 128), "16", "Links of a vector in a new collection's index."),
  MCP_QDRANT_HNSW_EF_CONSTRUCT: setting(
    wholeNumber(4, 4096),
    "100",
    "Neighbours looked at while a new collection's index is built.",
  ),
  MCP_QDRANT_HNSW_EF: setting(
    wholeNumber(1, 4096),
    "by size: 128, 256 from 50,000 memories, 512 from 500,000",
    "Neighbours looked at by a search.",
  ),
  MCP_QDRANT_HNSW_FULL_SCAN_THRESHOLD: setting(
    wholeNumber(10, 10_000_000),
    "10000",
    "Kilobytes of vectors up to which a new collection is scanned instead of indexed.",
  ),
  MCP_QDRANT_INDEXING_THRESHOLD: setting(
    wholeNumber(0, 1_000_000_000),
    "20000",
    "Kilobytes of vectors in a segment above which a new collection builds an index; 0 never.",
  ),
  MCP_QDRANT_QUANTIZATION_ENABLED: setting(
    flag(),
    "true",
    "Whether a new collection compares compressed vectors first and rescores with the originals; `optimize` compresses " +
      "those of an older one.",
  ),
  MCP_QDRANT_QUANTIZATION_TYPE: setting(
    choice("scalar", "binary"),
    "scalar",
    "Compression: 8 bits a dimension, or 1.",
  ),
  MCP_QDRANT_QUANTIZATION_ALWAYS_RAM: setting(flag(), "true", "Whether compressed vectors stay in memory."),
  MCP_QDRANT_ON_DISK_PAYLOAD: setting(flag(), "false", "Whether a new collection keeps contents on disk only."),
  MCP_QDRANT_SHARD_NUMBER: setting(wholeNumber(1, 1000), "Qdrant's own", "Shards of a new collection."),
  MCP_QDRANT_REPLICATION_FACTOR: setting(wholeNumber(1, 100), "1", "Replicas of each shard of a new collection."),
  MCP_QDRANT_WRITE_CONSISTENCY: setting(
    wholeNumber(1, 100),
    "1",
    "Replicas that must have taken a write before it is answered, in a new collection.",
  ),
  MCP_QDRANT_READ_CONSISTENCY: setting(
    z.string().trim().toLowerCase().regex(/^(\d{1,3}|majority|quorum|all)$/).transform((value) =>
      /^\d/.test(value) ? Number(value) : value as "majority" | "quorum" | "all"
    ).describe("a number of replicas, or majority, quorum or all"),
    "one replica",
    "Replicas a read asks.",
  ),

  MCP_OUTBOX_ENABLED: setting(
    flag(),
    "true when MCP_OUTBOX_PATH is set",
    "Whether writes wait in a local file while Qdrant is away; counts for servers over Qdrant, not for stdio and commands.",
  ),
  MCP_OUTBOX_PATH: pathSetting(
    "`outbox.db` in the base folder",
    "Path of that file; one process at a time has it, so that replicas on one machine need one each.",
  ),
  MCP_OUTBOX_MAX_ITEMS: setting(
    wholeNumber(1, 1_000_000),
    "10000",
    "Most writes that may wait, those set aside among them; each memory of a batch is one. Beyond it writes answer 503.",
  ),
  MCP_OUTBOX_MAX_BYTES: setting(
    wholeNumber(65_536, 1 << 30),
    "67108864",
    "Most bytes that waiting writes may take.",
  ),

  MCP_MEMORY_EMBEDDING_MODEL: modelSetting(
    "all-MiniLM-L6-v2 (bundled)",
    "Embedding model: the bundled one, a Hugging Face id, a local folder, or with the `openai` provider the name the endpoint knows. It comes before the model that `unimem model` chose for a store.",
  ),
  MCP_EMBEDDING_PROVIDER: setting(
    choice("local", "openai"),
    "local, or openai when MCP_EMBEDDING_URL is set",
    "Who computes embeddings: this process, or an OpenAI-compatible endpoint.",
  ),
  MCP_EMBEDDING_URL: setting(url(), "none", "Base URL of the endpoint, such as http://127.0.0.1:8080/v1."),
  MCP_EMBEDDING_ALLOWED_HOST: setting(
    text(),
    "none",
    "Host of that endpoint, with its port if any, as a consent: memories of a store whose vectors were made elsewhere are sent there only when this names it, or after `unimem reembed`.",
  ),
  MCP_EMBEDDING_API_KEY: setting(secret(), "none", "Key the endpoint wants.", true),
  MCP_EMBEDDING_DIMENSIONS: setting(
    wholeNumber(1, 65536),
    "what the endpoint answers",
    "Dimensions to ask of the endpoint.",
  ),
  MCP_EMBEDDING_BATCH_SIZE: setting(wholeNumber(1, 2048), "32", "Texts in one request to the endpoint."),
  MCP_EMBEDDING_TIMEOUT: setting(wholeNumber(1, 600), "30", "Seconds to wait for the endpoint."),
  MCP_EMBEDDING_CACHE_BYTES: setting(
    wholeNumber(0, 1 << 30),
    "16777216",
    "Memory the embedding cache may use, in bytes.",
  ),
  MCP_EMBEDDING_CACHE_PATH: pathSetting(
    "none",
    "File that keeps embeddings of queries, and of contents where an endpoint computes them, for the next start.",
  ),
  MCP_EMBEDDING_CACHE_FILE_BYTES: setting(
    wholeNumber(1_048_576, 1 << 30),
    "268435456",
    "Bytes that file may take; what was used longest ago goes first.",
  ),
  MCP_EMBEDDING_QUEUE_LIMIT: setting(
    wholeNumber(1, 1_000_000),
    "10000",
    "Texts that may wait for the model before stores answer 429.",
  ),
  MCP_EMBEDDING_WAIT: setting(
    wholeNumber(0, 600),
    "3",
    "Seconds that searches and stores wait for the model to load, after the start, before they go on by words alone.",
  ),
  MCP_EMBEDDING_THREADS: setting(wholeNumber(1, 256), "the number of cores", "Threads of the local model."),
  MCP_RELEVANCE_SCALES: setting(
    scales(),
    "the bundled model's",
    "Scales of other models' cosines, as `deno task calibrate` prints them; without one, relevance goes by words alone.",
  ),
  MCP_RERANK_MODEL: modelSetting(
    "none",
    "Cross-encoder that reads the first 50 results of a search again: a Hugging Face id such as Xenova/ms-marco-MiniLM-L-6-v2, or an absolute folder.",
  ),
  MCP_SEARCH_EFFORT: setting(
    choice("normal", "high"),
    "high when MCP_RERANK_MODEL is set",
    "Whether searches that name no `effort` use the cross-encoder (high) or not (normal); it is loaded when it is first needed then.",
  ),
  MCP_RERANK_BUDGET_MS: setting(
    wholeNumber(1, 60_000),
    "500",
    "Milliseconds that a search gives the cross-encoder; it reads as many of the first results as they leave time for.",
  ),
  HF_HOME: pathSetting("`models` in the base folder", "Folder for downloaded models."),
  TRANSFORMERS_CACHE: pathSetting("none", "Folder for downloaded models; HF_HOME comes first."),
  HF_HUB_OFFLINE: setting(flag(), "false", "Forbids downloading a model."),
  TRANSFORMERS_OFFLINE: setting(flag(), "false", "Forbids downloading a model."),

  MCP_SQLITEVEC_MAX_CONTENT_LENGTH: setting(
    wholeNumber(100, 1_000_000),
    "100000",
    "Longest content, in characters, that is one chunk; MCP_ENABLE_AUTO_SPLIT says what becomes of longer content.",
  ),
  MCP_ENABLE_AUTO_SPLIT: setting(
    flag(),
    "true",
    "Whether content over MCP_SQLITEVEC_MAX_CONTENT_LENGTH is split into chunks that are found and shown as one memory, up to 1000000 characters, instead of refused.",
  ),
  MCP_CONTENT_SPLIT_OVERLAP: setting(wholeNumber(0, 500), "50", "Characters a chunk repeats of the one before."),
  MCP_CONTENT_PRESERVE_BOUNDARIES: setting(flag(), "true", "Whether chunks end at paragraphs, sentences or words."),
  MCP_SPACE: setting(
    list().pipe(z.array(SpaceName).min(1)).describe("names of spaces, separated by commas"),
    "default",
    "Spaces that commands and clients over stdio work in: the first one is written to, all are read. `--space` says otherwise.",
  ),
  UNIMEM_SERVER: setting(
    url(),
    "none",
    "Address of a service on another machine that commands work with, instead of the store here. `--server` says otherwise.",
  ),
  UNIMEM_API_KEY: setting(
    secret(),
    "the one that `unimem login` kept",
    "Key that commands send to the service of `UNIMEM_SERVER` or `--server`.",
    true,
  ),
  MCP_TOOLS: setting(
    choice("full", "core"),
    "full",
    "Tools that MCP clients are served: `full` has all, `core` those to store, search, fetch, supersede and delete, which cost a sixth of the tokens. An address may say otherwise: `/mcp?tools=core`.",
  ),
  MCP_TOOL_OUTPUT: setting(
    choice("auto", "compact", "json", "connector"),
    "auto",
    "Form of the text in MCP tools' answers: `compact` for models, `json`, or `connector` for the shape of `search` and `fetch` that ChatGPT's connectors need; `auto` gives the first version's six tools JSON, ChatGPT its shape, and everything else compact text.",
  ),
  MCP_STRUCTURED_CONTENT: setting(
    choice("auto", "always", "never"),
    "auto",
    "Whether compact answers come with structured content beside the text; `auto` leaves it out for clients that show a model the structured content in place of the text.",
  ),
  MCP_TRASH_DAYS: setting(
    wholeNumber(0, 3650),
    "30",
    "Days that deleted memories stay in the trash, from which they can be restored; 0 deletes them at once.",
  ),
  MCP_TURN_DAYS: setting(
    wholeNumber(0, 36_500),
    "180",
    "Days after which turns of sessions that hooks captured go to the trash, counted from when they were stored or changed last; 0 keeps them. Tagged ones and those that a confirmed fact cites stay, and all of them where `MCP_TRASH_DAYS` is 0.",
  ),
  MCP_TIME_ZONE: setting(
    timeZone(),
    "UTC for servers, the machine's zone for commands and stdio",
    "Time zone in which days begin where a request names none: an IANA name such as Europe/Berlin, or an offset such as +02:00.",
  ),
  MCP_BACKGROUND_LEASE_SECONDS: setting(
    wholeNumber(1, 600),
    "30",
    "Seconds without a sign of life after which, of the processes that share a store, another one takes over its background work.",
  ),
  MCP_DOCUMENT_CHUNK_SIZE: setting(
    wholeNumber(100, 10_000),
    "1000",
    "Longest chunk of an uploaded document, in characters, where the upload doesn't say.",
  ),
  MCP_DOCUMENT_CHUNK_OVERLAP: setting(
    wholeNumber(0, 1000),
    "200",
    "Characters a chunk repeats of the one before, where the upload doesn't say; at most half a chunk counts.",
  ),
  MCP_DOCUMENT_MAX_BYTES: setting(
    wholeNumber(1024, 1 << 30),
    "52428800",
    "Largest document, in bytes; also what the files of one batch may have together.",
  ),
  MCP_DOCUMENT_MAX_PAGES: setting(wholeNumber(1, 100_000), "2000", "Most pages of a document."),
  MCP_DOCUMENT_TIMEOUT: setting(wholeNumber(1, 3600), "60", "Seconds that reading a document may take."),
  MCP_MEMORY_INCLUDE_HOSTNAME: setting(flag(), "false", "Whether a client's host name is kept as a `source:` tag."),
  MCP_AUDIT_ENABLED: setting(
    flag(),
    "true",
    "Whether a log is kept of who changed what and who was refused, without contents.",
  ),
  MCP_AUDIT_PATH: pathSetting(
    "`audit` beside the SQLite file, or in the base folder",
    "Folder of that log; processes that share it write one chain of entries.",
  ),
  MCP_AUDIT_MAX_BYTES: setting(
    wholeNumber(1_048_576, 2 ** 40),
    "67108864",
    "Bytes the audit log may take; the oldest eighth of it goes first.",
  ),
  MCP_AUDIT_DAYS: setting(wholeNumber(1, 36_500), "365", "Days after which entries of the audit log are dropped."),
  MCP_RECORD_SEARCHES: setting(
    flag(),
    "false",
    "Whether the latest queries and the tags asked for are kept in memory, where admins of all spaces can read and erase them.",
  ),
  MCP_METRICS_ENABLED: setting(
    flag(),
    "true",
    "Whether counters and times are kept and `/metrics` tells them.",
  ),
  OTEL_DENO: setting(
    flag(),
    "false",
    "Whether traces and metrics go to an OpenTelemetry collector over OTLP; Deno's other `OTEL_` variables say where and how.",
  ),
  LOG_FORMAT: setting(
    choice("auto", "json", "text"),
    "auto",
    "How log lines look: `text` for people, `json` with one object a line, `auto` for text on a terminal and JSON elsewhere.",
  ),
  LOG_LEVEL: setting(choice("debug", "info", "warning", "error"), "info", "Least severe messages to log."),
} as const;

/** Values of the settings that are set, parsed. */
export type SettingValues = { [K in keyof typeof SETTINGS]?: z.infer<(typeof SETTINGS)[K]["schema"]> };
