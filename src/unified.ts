/**
 * One process, two listeners, one memory: opens the shared storage, starts the REST and MCP servers over it, and closes
 * everything once.
 *
 * @module
 */

// First; `service/servers.ts` says why.
import { startMcp, startRest } from "./service/servers.ts";
import { dirname } from "node:path";
import { sharedAccess } from "./access/access.ts";
import { localCaller } from "./access/caller.ts";
import { accessWarnings, type Config } from "./config.ts";
import { MemoryError } from "./errors.ts";
import { createApp, openSpool } from "./http/app.ts";
import { monotonicClock } from "./memory/clock.ts";
import { Activity } from "./operations/activity.ts";
import type { Background } from "./operations/background/background.ts";
import { noBackground } from "./operations/background/state.ts";
import { initialBackupState } from "./operations/backup/state.ts";
import { EventHub } from "./operations/events.ts";
import { HealthRecord } from "./operations/health/record.ts";
import { keysRemembered } from "./operations/keys/remembered.ts";
import { KeyRing, type KeyRingOptions } from "./operations/keys/ring.ts";
import type { Logger } from "./operations/logger.ts";
import { followChoice } from "./operations/model_choice.ts";
import { stopUploads } from "./operations/documents/upload.ts";
import type { ServiceRuntime } from "./operations/runtime.ts";
import { noteByItself } from "./operations/audit/audited.ts";
import { openAudit } from "./service/audit.ts";
import { storeName } from "./operations/service_file.ts";
import { startWork } from "./service/background.ts";
import { oauthWarnings, withOAuth } from "./service/oauth.ts";
import { createModels } from "./service/embedding.ts";
import { namingHolder } from "./service/port_holder.ts";
import { LocalToken, writeServiceFile } from "./service/service_file.ts";
import { closeSharedStore, openSharedStore, storeFiles } from "./service/store.ts";
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

/** A REST API that answers in this process. */
export interface InProcess {
  fetch(request: Request): Promise<Response>;
  /** Sent as a bearer token, it stands for the machine's user. */
  token: string;
  close(): Promise<void>;
}

/** A started service. */
export interface Service {
  readonly runtime: ServiceRuntime;
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
  const runtime = await openRuntime(config, { withOutbox: true });
  const stops: (() => Promise<void>)[] = [];
  let work: Background | undefined;
  let stopped: Promise<void> | undefined;
  const spool = openSpool(runtime);
  // The listeners of a process share what bounds the requests to it.
  const keys = new KeyRing(runtime.storage, { log, ...keysWhileAway(config) });
  const shared = sharedAccess({ ...config.access, verifiers: [keys] });
  const { access: checks, stop: stopOAuth } = await withOAuth(runtime, config, shared);
  const local = new LocalToken(), access = { ...checks, verifiers: [...checks.verifiers ?? [], local] };
  const prove = (challenge: string) => local.prove(challenge);
  let removeServiceFile = () => {}, opened: string | null = null, started = false;
  // A start that fails leaves the file of the service that has the ports. What is served over TLS has a certificate that
  // commands can't be sure to know.
  const tellAddress = () => {
    if (config.tls !== null || opened === null || !started) return;
    const facts = { token: local.value, store: storeName(config.storage), log };
    removeServiceFile = writeServiceFile(runtime.health.settings.dataFolder, opened, facts);
  };
  const onOpen = (address: string) => {
    opened = address;
    tellAddress();
  };
  const stop = () => {
    removeServiceFile();
    access.bodies?.stopping();
    const stopWork = async () => void await Promise.all([work?.stop(), keys.stop()]);
    return stopped ??= closeAll(runtime, stops, stopWork).finally(() => {
      stopOAuth();
      return spool.close();
    });
  };
  try {
    keys.start();
    const http = servers.http
      ? startRest(runtime, config, { ...access, spool, prove }, servers.patient ?? false, log, onOpen)
      : null;
    if (http) void spool.removeLeftovers();
    if (http) stops.push(http.stop);
    const mcp = servers.mcp ? startMcp(runtime, config, access, log) : null;
    if (mcp) stops.push(mcp.stop);
    started = true;
    tellAddress();
    if (http?.open) log.info(`REST on ${http.address}, its documentation on ${http.address}/docs`);
    if (mcp) log.info(`MCP on ${mcp.address}/mcp (Streamable HTTP) and ${mcp.address}/sse (older clients)`);
    for (const { message, action } of [...accessWarnings(config.access), ...oauthWarnings(config)]) {
      log.warning(`${message}: ${action}`);
    }
    work = startWork(runtime, config, log);
    return { runtime, http: http?.address ?? null, mcp: mcp?.address ?? null, stop };
  } catch (error) {
    await stop();
    throw await namingHolder(error, config, runtime.health.settings.dataFolder);
  }
}

/** What counts as known of keys while a server that keeps them is away. A file of this machine is never away. */
function keysWhileAway(config: Config): Partial<KeyRingOptions> {
  if (config.storage.backend === "sqlite") return {};
  const onlyHere = [config.http.host, config.mcp.host].every((host) =>
    /^(127\.[\d.]+|localhost|\[?::1\]?)$/i.test(host)
  );
  return { remembered: keysRemembered(config.baseDir), unless: onlyHere ? "none" : "unknown" };
}

/**
 * Opens the parts every server shares, without loading a model.
 *
 * @param withOutbox Whether this process takes the outbox, where there is one: only a server stays long enough to empty it.
 * @param forCommand Whether it is for one command, which need not be a search.
 */
export async function openRuntime(
  config: Config,
  { withOutbox = false, forCommand = false } = {},
): Promise<ServiceRuntime> {
  const telemetry = await openTelemetry({ ...config.telemetry, version: VERSION });
  const storage = await openSharedStore(config, telemetry, withOutbox), audit = openAudit(config);
  return {
    caller: localCaller("cli"),
    storage,
    embeddings: createModels(config, storage, telemetry, forCommand),
    settings: config.operations,
    events: new EventHub({
      heartbeatSeconds: config.http.heartbeatSeconds,
      ...(config.access.maxPerAddress === undefined ? {} : { maxPerAddress: config.access.maxPerAddress }),
    }),
    activity: new Activity({ recordSearches: config.recordSearches }).within({ onChange: noteByItself(audit) }),
    audit,
    telemetry,
    background: noBackground(),
    health: new HealthRecord({
      dataFolder: config.storage.backend === "sqlite" ? dirname(config.storage.path) : config.baseDir,
    }),
    backups: initialBackupState(config.backups, storeFiles),
    now: monotonicClock(),
    startedAt: Date.now(),
    version: VERSION,
  };
}

/** The parts for a command, with the model that was chosen for the store. */
export async function openForCommand(config: Config): Promise<ServiceRuntime> {
  const runtime = await openRuntime(config, { forCommand: true });
  await followChoice(runtime).catch(() => {}); // what the command does next tells that the store is away
  return runtime;
}

/**
 * The REST API over the store, in this process and without a port, for one command.
 *
 * @param withModel Waits for the model, where its vectors are those in the store.
 */
export async function openHere(config: Config, withModel: boolean, log: Logger): Promise<InProcess> {
  const runtime = await openForCommand(config);
  try {
    if (withModel) await modelReady(runtime);
    const local = new LocalToken(), spool = openSpool(runtime);
    const app = createApp(runtime, {
      ...sharedAccess({ ...config.access, apiKey: null, verifiers: [local], allowedHosts: [] }),
      spool,
      log,
    });
    return {
      token: local.value,
      fetch: async (request) => await app.fetch(request),
      close: async () => {
        runtime.events.close();
        await spool.close();
        await closeAll(runtime, [], async () => void await stopUploads(runtime));
      },
    };
  } catch (error) {
    await closeAll(runtime, [], () => Promise.resolve());
    throw error;
  }
}

async function modelReady({ embeddings, storage }: ServiceRuntime): Promise<void> {
  try {
    const identity = await embeddings.configured.ready();
    if ((await storage.activeModel())?.id === identity.id) embeddings.serving = embeddings.configured;
  } catch {
    // Words find it then.
  }
}

/** Ends the listeners, then the background work, then the parts they used. Goes on after a failing step. */
export async function closeAll(
  runtime: ServiceRuntime,
  stops: (() => Promise<void>)[],
  stopWork: () => Promise<void>,
): Promise<void> {
  runtime.health.stopping = true;
  const results = await Promise.allSettled(stops.map((stop) => stop()));
  // The work ends first, so that it doesn't take the closing model for a fault; a text it waits for ends with the model.
  results.push(
    ...await Promise.allSettled([
      stopWork(),
      runtime.embeddings.configured.close(),
      runtime.embeddings.reranker?.close(),
    ]),
  );
  results.push(...await Promise.allSettled([closeSharedStore()]));
  runtime.audit.close();
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw new MemoryError("internal", "Cannot stop cleanly", { cause: failed.reason });
}
