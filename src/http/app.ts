/**
 * The REST server as a Hono app: routes, documentation, access checks and error answers.
 *
 * @module
 */

import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { matchedRoutes } from "hono/route";
import { join } from "node:path";
import { createAccess } from "../access/access.ts";
import { BodyReader } from "../access/body.ts";
import { secured } from "../access/headers.ts";
import { refuse } from "../access/refusal.ts";
import { clientOf } from "../operations/address.ts";
import { createLogger } from "../operations/logger.ts";
import { documentSettings } from "../operations/documents/settings.ts";
import type { Runtime } from "../operations/runtime.ts";
import { noteWrongKey } from "../operations/wrong_key.ts";
import { addAnalytics } from "./analytics.ts";
import { addBatches } from "./batches.ts";
import { addDocs } from "./docs.ts";
import { addDocuments } from "./documents.ts";
import { answerError } from "./errors.ts";
import type { HttpSettings } from "./endpoint.ts";
import { addEvents, clientIp } from "./events.ts";
import { addHealth } from "./health.ts";
import { addManage } from "./manage.ts";
import { addMetrics } from "./metrics.ts";
import { addMemories } from "./memories.ts";
import { addMoving } from "./moving.ts";
import { addPages, PUBLIC_PAGES } from "./pages.ts";
import { addRelations } from "./relations.ts";
import { addRpc } from "./rpc.ts";
import { addSearch } from "./search.ts";
import { addSearchFamily } from "./search_family.ts";
import { addSync } from "./sync.ts";
import { addTags } from "./tags.ts";
import { Spool } from "./spool.ts";
import { addTrash } from "./trash.ts";

export { type AccessSettings, sharedAccess } from "../access/access.ts";

const CORS = {
  methods: ["PUT", "DELETE"],
  requestHeaders: ["X-Agent-ID", "X-Timezone", "X-Request-Id"],
  exposedHeaders: ["Retry-After", "X-Request-Id", "WWW-Authenticate"],
};

/** Liveness and readiness. */
const PROBES: ReadonlySet<string> = new Set(["/api/health", "/api/health/ready"]);
/** Paths that need no key: probes, and pages that hold no memories. */
const PUBLIC_PATHS: ReadonlySet<string> = new Set([...PROBES, ...PUBLIC_PAGES]);

/** Builds the REST server over a runtime. */
export function createApp(runtime: Runtime, settings: HttpSettings): OpenAPIHono {
  const app = new OpenAPIHono({ strict: false });
  const log = settings.log ?? createLogger("warning", (line) => console.error(line));
  const bodies = settings.bodies ?? new BodyReader();
  const { requests } = runtime.telemetry;
  const access = createAccess(settings, CORS, {
    listeners: () => runtime.health.addresses(),
    onWrongKey: noteWrongKey(runtime, "rest", log),
  });
  const operations = new Map<string, string>();

  app.use(async (context, next) => {
    const request = context.req.raw, operation = operationOf(context, operations);
    const surface = operation === "rpc" ? "rpc" : "rest";
    // Its answer is the context's already: Hono would copy one that is set again, body and all.
    await requests.answer(surface, operation, request, log, async () => {
      await bodies.answering(request, () => checked(context, next));
      return context.res;
    });
  });

  const checked = async (context: Context, next: () => Promise<void>) => {
    const request = context.req.raw, { path } = context.req;
    const isPublic = PUBLIC_PATHS.has(path);
    // `/mcp` needs no more: what changes something there is a POST.
    const refusal = access.checkCaller(request, { probe: PROBES.has(path), guarded: false }) ??
      (isPublic ? null : access.checkKey(request, clientOf(clientIp(context.env))));
    if (refusal) {
      context.res = secured(request, refusal);
      return;
    }
    const started = performance.now();
    await next();
    runtime.activity.requested(performance.now() - started, context.res.status >= 500);
    secured(request, access.withCors(request, context.res));
  };

  const spool = settings.spool ?? openSpool(runtime);
  const routes = { ...settings, log, now: runtime.now, bodies, spool };
  addBatches(app, runtime, routes);
  addMemories(app, runtime, routes);
  addRelations(app, runtime, routes);
  addSearch(app, runtime, routes);
  addSearchFamily(app, runtime, routes);
  addTags(app, runtime, routes);
  addManage(app, runtime, routes);
  addTrash(app, runtime, routes);
  addMoving(app, runtime, routes);
  addAnalytics(app, runtime, routes);
  addSync(app, runtime, routes);
  addRpc(app, runtime, routes);
  addDocuments(app, runtime, routes);
  addEvents(app, runtime, routes);
  addHealth(app, runtime, routes);
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

/** Where the files of forms are kept, in the data folder. Opens nothing. */
export function openSpool(runtime: Runtime): Spool {
  return new Spool(join(runtime.health.settings.dataFolder, "uploads"), documentSettings(runtime).limits.maxBytes);
}

/** The operationId of the route that a request leads to: `page` for what the document leaves out, `unknown` for none. */
function operationOf(context: Context, operations: ReadonlyMap<string, string>): string {
  const route = matchedRoutes(context).findLast(({ method }) => method !== "ALL");
  return route === undefined ? "unknown" : operations.get(`${route.method} ${route.path}`) ?? "page";
}

/** The methods some route serves under a path. */
function methodsFor(app: OpenAPIHono, path: string): string[] {
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
