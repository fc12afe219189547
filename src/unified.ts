/**
 * One process, two listeners, one memory: opens the shared storage, starts the REST and MCP servers over it, and closes
 * everything once.
 *
 * @module
 */

// First, because its packages give zod's schemas the methods that describe them in OpenAPI, and only those made later.
import { type AccessSettings, createApp, openSpool, sharedAccess } from "./http/app.ts";
import type { HttpSettings } from "./http/endpoint.ts";
import { createMcpListener } from "./mcp/listener.ts";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { createEmbeddingService, createEmbeddingServiceFor, createReranker } from "./embedding/factory.ts";
import { type Config, placesOf, shortKeyWarning } from "./config.ts";
import type { ModelExamination, ModelIdentity } from "./embedding/embedder.ts";
import { MemoryError } from "./errors.ts";
import { giveBackWhenIdle, holdBackLittle } from "./give_back.ts";
import { GRACE_MS, type Handler, listen, type Listener, listenWhenFree } from "./listeners.ts";
import { monotonicClock } from "./memory/clock.ts";
import { Activity } from "./operations/activity.ts";
import { makingBackups } from "./operations/backup/schedule.ts";
import { initialBackupState } from "./operations/backup/state.ts";
import { findExposed } from "./operations/exposure.ts";
import { stopUploads } from "./operations/documents/upload.ts";
import { EventHub } from "./operations/events.ts";
import { type Background, startBackground } from "./operations/background/background.ts";
import { noBackground } from "./operations/background/state.ts";
import { checkingVectors } from "./operations/check_vectors.ts";
import { completingStore } from "./operations/background/complete_store.ts";
import { emptyingTrash } from "./operations/expire_trash.ts";
import { HealthRecord } from "./operations/health/record.ts";
import { startHealthWatch } from "./operations/health/watch.ts";
import type { Logger } from "./operations/logger.ts";
import { takingMark } from "./operations/moving/copy/mark.ts";
import { observeParts } from "./operations/observe.ts";
import { permitEndpoint } from "./operations/endpoint_consent.ts";
import { embeddingMemories } from "./operations/reembed.ts";
import { residentBytes } from "./operations/machine.ts";
import { type OutboxContents, startOutbox } from "./operations/outbox.ts";
import type { Runtime } from "./operations/runtime.ts";
import { ServingModel } from "./operations/serving.ts";
import { examineStorage, openOutboxContents, openStorage } from "./storage/factory.ts";
import { measuredStorage } from "./storage/measured.ts";
import type { MemoryStorage, StoreExamination } from "./storage/storage.ts";
import { closeAtEnd, closeSharedStorage, getSharedStorage } from "./storage/shared.ts";
import { observeProcess } from "./telemetry/process.ts";
import { openTelemetry } from "./telemetry/telemetry.ts";
import { VERSION } from "./version.ts";

/** Which servers to start. */
export interface Servers {
  http: boolean;
  mcp: boolean;
  /**
   * Whether to go on without REST while its port is taken. For processes that clients start for themselves over stdio:
   * the second one still serves its client, and takes the port over when the first one ends.
   */
  patient?: boolean;
}

/** A started service. */
export interface Service {
  readonly runtime: Runtime;
  /** Addresses that are listened on, such as `http://127.0.0.1:8000`; null where a server is off. */
  readonly http: string | null;
  readonly mcp: string | null;
  /** Stops accepting, lets running requests finish, ends streams and closes the store. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Opens the shared storage, then starts the servers over it. Nothing stays open when it fails.
 *
 * @throws {MemoryError} `configuration` when the store can't be opened or an address can't be listened on.
 */
export async function startService(config: Config, servers: Servers, log: Logger): Promise<Service> {
  holdBackLittle();
  const runtime = await openRuntime(config, { withOutbox: true });
  const stops: (() => Promise<void>)[] = [];
  let work: Background | undefined;
  let stopped: Promise<void> | undefined;
  const spool = openSpool(runtime);
  const stop = () =>
    stopped ??= closeAll(runtime, stops, () => work?.stop() ?? Promise.resolve()).finally(() => spool.close());
  // The listeners of a process share what bounds the requests to it.
  const access = sharedAccess(config.access);
  try {
    const http = servers.http ? startHttp(runtime, config, { ...access, spool }, servers.patient ?? false, log) : null;
    if (http) void spool.removeLeftovers();
    if (http) stops.push(http.stop);
    const mcp = servers.mcp ? startMcp(runtime, config, access, log) : null;
    if (mcp) stops.push(mcp.stop);
    if (http?.open) log.info(`REST on ${http.address}, its documentation on ${http.address}/docs`);
    if (mcp) log.info(`MCP on ${mcp.address}/mcp (Streamable HTTP) and ${mcp.address}/sse (older clients)`);
    const short = shortKeyWarning(config.access.apiKey);
    if (short !== null) log.warning(`${short}: use a longer one, such as that of \`openssl rand -hex 32\``);
    work = startWork(runtime, config, log);
    return { runtime, http: http?.address ?? null, mcp: mcp?.address ?? null, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Opens the parts every server shares, without loading a model.
 *
 * @param withOutbox Whether this process takes the outbox, where there is one: only a server stays long enough to empty it.
 */
export async function openRuntime(config: Config, { withOutbox = false } = {}): Promise<Runtime> {
  const telemetry = await openTelemetry({ ...config.telemetry, version: VERSION });
  const storage = await getSharedStorage(async () =>
    measuredStorage(await openStorage(config.storage, withOutbox ? config.outbox : null), telemetry)
  );
  const { embedding } = config;
  const permit = embedding.provider === "local"
    ? undefined
    : () => permitEndpoint(storage, { host: new URL(embedding.url).host, allowedHost: embedding.allowedHost ?? null });
  return {
    storage,
    embeddings: {
      serving: null,
      configured: createEmbeddingService(embedding, { telemetry, ...(permit === undefined ? {} : { permit }) }),
      reembedding: null,
      ...(permit === undefined ? {} : { permit }),
      ...(config.reranker ? { reranker: createReranker(config.reranker) } : {}),
    },
    settings: config.operations,
    events: new EventHub({
      heartbeatSeconds: config.http.heartbeatSeconds,
      ...(config.access.maxPerAddress === undefined ? {} : { maxPerAddress: config.access.maxPerAddress }),
    }),
    activity: new Activity(),
    telemetry,
    background: noBackground(),
    health: healthOf(config),
    backups: initialBackupState(config.backups),
    now: monotonicClock(),
    startedAt: Date.now(),
    version: VERSION,
  };
}

function healthOf({ storage, baseDir }: Config): HealthRecord {
  return new HealthRecord({ dataFolder: storage.backend === "sqlite" ? dirname(storage.path) : baseDir });
}

/**
 * Starts loading the model and following which one the store serves, and the background work, which one of the processes
 * that share the store does for all.
 */
export function startWork(runtime: Runtime, config: Config, log: Logger): Background {
  void tellExposed(config, log);
  startOutbox(runtime, log);
  const watch = startHealthWatch(runtime, log);
  const process = observeProcess(runtime.telemetry.metrics, {
    ...runtime,
    residentBytes: () => residentBytes(runtime),
  });
  const memory = giveBackWhenIdle();
  observeParts(runtime);
  const serving = new ServingModel(runtime, {
    openModel: (identity) =>
      createEmbeddingServiceFor(identity, config.embedding, {
        beside: runtime.embeddings.configured,
        telemetry: runtime.telemetry,
      }),
    log,
  });
  const background = startBackground(runtime, [
    takingMark(runtime),
    embeddingMemories(runtime, serving, log),
    checkingVectors(runtime, log),
    completingStore(runtime, log),
    emptyingTrash(runtime, log),
    ...makingBackups(runtime, config.backups, log),
  ], { holder: processName(), leaseMs: config.leaseMs, log });
  const uploads = async () => (await stopUploads(runtime)).forEach((line) => log.warning(line));
  return {
    stop: async () =>
      void await Promise.all([
        background.stop(),
        serving.stop(),
        watch.stop(),
        process.stop(),
        memory.stop(),
        uploads(),
      ]),
  };
}

/** Names files that other users have rights to. They stay as they are: that may be on purpose. */
async function tellExposed(config: Config, log: Logger): Promise<void> {
  const { files, folders } = await findExposed(placesOf(config)), exposed = [...files, ...folders];
  if (exposed.length === 0) return;
  log.warning(`Other users have rights to ${exposed.join(", ")}; \`unimem doctor --fix\` takes them away where it can`);
}

/** Work with the files of stores that nobody has open. */
export { storeFiles } from "./storage/factory.ts";

/** Opens a store beside the shared one, for commands that work with two; whoever asks closes it. */
export async function openStore(settings: Config["storage"]): Promise<MemoryStorage> {
  const storage = await openStorage(settings);
  closeAtEnd(storage);
  return storage;
}

/**
 * Opens the outbox to look into it.
 *
 * @throws {MemoryError} `configuration` when there is none.
 */
export function openOutbox({ outbox }: Config): Promise<OutboxContents> {
  if (outbox !== null) return openOutboxContents(outbox);
  return Promise.reject(new MemoryError("configuration", "Cannot look into the outbox: MCP_OUTBOX_ENABLED is not set"));
}

/** Looks at store and model from outside, beside a running service or without one. */
export const examine = {
  store: ({ storage }: Config, beside: boolean): Promise<StoreExamination> => examineStorage(storage, beside),
  // Loaded here, so that no start pays for it.
  model: async ({ embedding }: Config): Promise<ModelExamination | null> =>
    await (await import("./embedding/examine.ts")).examineModel(embedding),
};

/** Which model the settings ask for. */
export async function configuredModel(config: Config): Promise<ModelIdentity> {
  const model = createEmbeddingService(config.embedding);
  try {
    return await model.ready();
  } finally {
    await model.close();
  }
}

/** Names this process among all that share a store. */
export function processName(): string {
  return `${hostname()}:${Deno.pid}:${crypto.randomUUID().slice(0, 8)}`;
}

/** Ends the listeners, then the background work, then the parts they used. Goes on after a failing step. */
export async function closeAll(
  runtime: Runtime,
  stops: (() => Promise<void>)[],
  stopWork: () => Promise<void>,
): Promise<void> {
  runtime.health.stopping = true;
  const results = await Promise.allSettled(stops.map((stop) => stop()));
  // The work is told first, so that it doesn't take the closing model for a fault; a text it waits for ends with the model.
  results.push(
    ...await Promise.allSettled([
      stopWork(),
      runtime.embeddings.configured.close(),
      runtime.embeddings.reranker?.close(),
    ]),
  );
  results.push(...await Promise.allSettled([closeSharedStorage()]));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw new MemoryError("internal", "Cannot stop cleanly", { cause: failed.reason });
}

function startHttp(
  runtime: Runtime,
  config: Config,
  settings: HttpSettings,
  patient: boolean,
  log: Logger,
): Listener {
  const app = createApp(runtime, { ...settings, log });
  const handle: Handler = (request, { remoteAddr }) => app.fetch(request, { clientIp: remoteAddr.hostname });
  const events = runtime.events.stats();
  runtime.health.transports.set("events", () => {
    return { open: runtime.events.stats().total_connections, limit: events.max_connections };
  });
  const server = {
    name: "REST",
    ...config.http,
    tls: config.tls,
    handle,
    endStreams: () => Promise.resolve(runtime.events.close()),
  };
  return patient ? listenWhenFree(runtime, server, log) : listen(runtime, server);
}

function startMcp(runtime: Runtime, config: Config, access: AccessSettings, log: Logger): Listener {
  const mcp = createMcpListener(runtime, {
    access,
    serverName: config.serverName,
    keepAliveSeconds: config.http.heartbeatSeconds,
    log,
  });
  const server = {
    name: "MCP",
    ...config.mcp,
    tls: config.tls,
    handle: mcp.fetch,
    endStreams: () => mcp.close(GRACE_MS),
  };
  return listen(runtime, server);
}
