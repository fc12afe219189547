/**
 * The REST server as a Hono app: routes, documentation, access checks and error answers.
 *
 * @module
 */

import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { matchedRoutes } from "hono/route";
import { getPathNoStrict } from "hono/utils/url";
import { join } from "node:path";
import { createAccess } from "../access/access.ts";
import { BodyReader } from "../access/body.ts";
import { secured } from "../access/headers.ts";
import { refuse } from "../access/refusal.ts";
import { MemoryError } from "../errors.ts";
import { needOfOperation, needOfTool, operationChanges, PAGES, rightOf, TOOLS } from "../access/rights.ts";
import { spacePath } from "../access/space.ts";
import { clientOf } from "../operations/address.ts";
import { audited } from "../operations/audit/audited.ts";
import { noteRefused } from "../operations/audit/refused.ts";
import { callerRuntime, whereItWrites } from "../operations/caller_runtime.ts";
import { CHALLENGE_HEADER, PROOF_HEADER } from "../operations/service_file.ts";
import { createLogger } from "../operations/logger.ts";
import { documentSettings } from "../operations/documents/settings.ts";
import type { ServiceRuntime } from "../operations/runtime.ts";
import { noteWrongKey } from "../operations/wrong_key.ts";
import { outcomeOfStatus } from "../telemetry/outcome.ts";
import { addAnalytics } from "./analytics.ts";
import { addAudit } from "./audit.ts";
import { addBackups } from "./backups.ts";
import { addBriefing } from "./briefing.ts";
import { addBatches } from "./batches.ts";
import { addConversations } from "./conversations.ts";
import { addDocs } from "./docs.ts";
import { addDocuments } from "./documents.ts";
import { answerError } from "./errors.ts";
import type { HttpSettings, RestApp, RestEnv } from "./endpoint.ts";
import { addEvents, clientIp } from "./events.ts";
import { addGrants } from "./grants.ts";
import { addHealth } from "./health.ts";
import { addImportFiles } from "./import_files.ts";
import { addKeys } from "./keys.ts";
import { addLogs } from "./logs.ts";
import { addManage } from "./manage.ts";
import { addMetrics } from "./metrics.ts";
import { addMemoryMap } from "./memory_map.ts";
import { addMemories } from "./memories.ts";
import { addMoving } from "./moving.ts";
import { addPages, PUBLIC_PAGES } from "./pages.ts";
import { addRelations } from "./relations.ts";
import { addRpc } from "./rpc.ts";
import { addSearch } from "./search.ts";
import { addSearchFamily } from "./search_family.ts";
import { addSpaces } from "./spaces.ts";
import { addSync } from "./sync.ts";
import { addTags } from "./tags.ts";
import { Spool } from "./spool.ts";
import { addTrash } from "./trash.ts";

export { type AccessSettings, sharedAccess } from "../access/access.ts";

const CORS = {
  methods: ["PUT", "DELETE"],
  requestHeaders: ["X-Agent-ID", "X-Timezone", "X-Request-Id", "X-Unimem-Space", "Last-Event-ID"],
  exposedHeaders: ["Retry-After", "X-Request-Id", "WWW-Authenticate"],
};

const LIVENESS = "/api/health";
/** Characters of a challenge that are answered. */
const MAX_CHALLENGE = 200;
/** Liveness and readiness. */
const PROBES: ReadonlySet<string> = new Set([LIVENESS, "/api/health/ready"]);
/** Paths that need no key: probes, and pages that hold no memories. */
const PUBLIC_PATHS: ReadonlySet<string> = new Set([...PROBES, ...PUBLIC_PAGES]);

/** Builds the REST server over a runtime. */
export function createApp(runtime: ServiceRuntime, settings: HttpSettings): RestApp {
  // A slash at the end changes nothing, and neither does the space in front.
  const pathIn = (request: Request) => spacePath(getPathNoStrict(request), settings.basePath);
  const app = new OpenAPIHono<RestEnv>({ getPath: (request) => pathIn(request).path });
  const log = settings.log ?? createLogger("warning", (line) => console.error(line));
  const bodies = settings.bodies ?? new BodyReader();
  const { requests } = runtime.telemetry;
  const access = createAccess(settings, CORS, {
    listeners: () => runtime.health.addresses(),
    onWrongKey: noteWrongKey(runtime, "rest", log),
    onRefused: noteRefused(runtime, "rest"),
    channel: "rest",
  });
  const operations = new Map<string, string>();

  app.use(async (context, next) => {
    const request = context.req.raw, operation = operationOf(context, operations);
    const surface = operation === "rpc" ? "rpc" : "rest";
    // Its answer is the context's already: Hono would copy one that is set again, body and all.
    await requests.answer(surface, operation, request, log, async () => {
      await bodies.answering(request, () => checked(context, operation, next));
      return context.res;
    });
  });

  const checked = async (context: Context<RestEnv>, operation: string, next: () => Promise<void>) => {
    const request = context.req.raw, { path } = context.req;
    // `/mcp` needs no more: what changes something there is a POST.
    const address = clientOf(clientIp(context.env)), read = (maxBytes: number) => bodies.read(request, maxBytes);
    const refusal = access.checkCaller(request, { probe: PROBES.has(path), guarded: false, address }) ??
      await access.answerPublic(request, path, address, read) ??
      await bind(context, operation, PUBLIC_PATHS.has(path));
    if (refusal) {
      context.res = secured(request, refusal);
      return;
    }
    const started = performance.now();
    await next();
    const challenge = path === LIVENESS ? request.headers.get(CHALLENGE_HEADER)?.slice(0, MAX_CHALLENGE) : undefined;
    const proof = challenge && await settings.prove?.(challenge);
    if (proof) context.res.headers.set(PROOF_HEADER, proof);
    endAudited(context, operation);
    runtime.activity.requested(performance.now() - started, context.res.status >= 500);
    secured(request, access.withCors(request, context.res));
  };

  /** Hands the route its caller's runtime, or refuses the caller. */
  const bind = async (context: Context<RestEnv>, operation: string, isPublic: boolean): Promise<Response | null> => {
    if (isPublic) {
      context.set("runtime", runtime);
      return null;
    }
    const request = context.req.raw, { prefix } = pathIn(request);
    const caller = await access.identify(request, clientOf(clientIp(context.env)), prefix);
    if (caller instanceof Response) return caller;
    // Tools that are called over the REST port are called over MCP all the same.
    const as = operation === "rpc" ? { ...caller, channel: "mcp" as const } : caller;
    const call = audited(callerRuntime(runtime, operationChanges(operation) ? whereItWrites(as) : as));
    context.set("runtime", call.runtime);
    context.set("audited", call);
    const need = operation === "page" || operation === "unknown" ? PAGES : needOfOperation(operation);
    return access.authorise(request, caller, need);
  };

  const spool = settings.spool ?? openSpool(runtime);
  const routes = { ...settings, log, service: runtime, authorise: access.authorise, bodies, spool };
  addBatches(app, routes);
  addMemories(app, routes);
  addRelations(app, routes);
  addConversations(app, routes);
  addBriefing(app, routes);
  addSearch(app, routes);
  addSearchFamily(app, routes);
  addTags(app, routes);
  addManage(app, routes);
  addTrash(app, routes);
  addKeys(app, routes);
  addSpaces(app, routes);
  addMoving(app, routes);
  addImportFiles(app, routes);
  addBackups(app, routes);
  addAnalytics(app, routes);
  addMemoryMap(app, routes);
  addAudit(app, routes);
  addLogs(app, routes);
  addSync(app, routes);
  addRpc(app, routes);
  addDocuments(app, routes);
  addEvents(app, routes);
  addHealth(app, routes);
  addGrants(app, routes);
  addMetrics(app, runtime);
  addDocs(app, runtime, settings);
  addPages(app);

  for (const entry of app.openAPIRegistry.definitions) {
    if (entry.type !== "route") continue;
    const { method, path, operationId = "other" } = entry.route;
    operations.set(`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`, operationId);
  }

  app.onError((error, context) =>
    answerError(error, context.req.raw, { log, requests, stopping: runtime.health.stopping })
  );
  app.notFound((context) => {
    const methods = methodsFor(app, context.req.path);
    if (methods.length === 0) return refuse(404, "Not Found");
    return refuse(405, "Method Not Allowed", { Allow: methods.join(", ") });
  });
  return app;
}

/** Notes what a request did, for the audit log. A tool counts by its own name. */
function endAudited(context: Context<RestEnv>, operation: string): void {
  const call = context.get("audited");
  if (call === undefined) return;
  const { current } = call.runtime.telemetry.requests, action = current?.operation ?? operation;
  const need = operation !== "rpc"
    ? needOfOperation(operation)
    : Object.hasOwn(TOOLS, action)
    ? needOfTool(action)
    : "read";
  const { error, res: { status } } = context;
  const outcome = error instanceof MemoryError ? error.code : current?.outcome ?? outcomeOfStatus(status);
  call.end({ action, right: need === "public" ? "read" : rightOf(need), outcome, request: current?.id });
}

/** Where the files of forms are kept, in the data folder. Opens nothing. */
export function openSpool(runtime: ServiceRuntime): Spool {
  return new Spool(join(runtime.health.settings.dataFolder, "uploads"), documentSettings(runtime).limits.maxBytes);
}

/** The operationId of the route that a request leads to: `page` for what the document leaves out, `unknown` for none. */
function operationOf(context: Context<RestEnv>, operations: ReadonlyMap<string, string>): string {
  // The first one answers: `/api/memories/batch` comes before `/api/memories/{content_hash}`, which it matches too.
  const route = matchedRoutes(context).find(({ method }) => method !== "ALL");
  return route === undefined ? "unknown" : operations.get(`${route.method} ${route.path}`) ?? "page";
}

/** The methods some route serves under a path. */
function methodsFor(app: RestApp, path: string): string[] {
  const methods = new Set<string>();
  for (const route of app.routes) {
    if (route.method === "ALL") continue;
    const pattern = new RegExp(`^${route.path.replace(/[.]/g, "\\.").replace(/:\w+/g, "[^/]+")}/?$`);
    if (!pattern.test(path)) continue;
    methods.add(route.method);
    if (route.method === "GET") methods.add("HEAD");
  }
  return [...methods];
}
