/**
 * One shape for every REST route: what it takes, what it answers and the operation it calls. From it come the handler
 * and the route's entry in the OpenAPI document, so that the two can't differ.
 *
 * @module
 */

import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { Access, AccessSettings } from "../access/access.ts";
import type { BodyReader } from "../access/body.ts";
import type { AuditedCall } from "../operations/audit/audited.ts";
import type { Logger } from "../operations/logger.ts";
import type { Runtime, ServiceRuntime } from "../operations/runtime.ts";
import { type QueryKind, readJson, readQuery } from "./request.ts";
import { Problem, ValidationProblem } from "./schemas.ts";
import { TAGS } from "./sections.ts";
import type { Spool } from "./spool.ts";
import { ignoredNames, validate } from "./validation.ts";

/** What a request's context holds: what its operation works with, bound to the caller. */
export interface RestEnv {
  Variables: {
    runtime: Runtime;
    /** Notes what the operation does; absent for public routes. */
    audited?: AuditedCall;
  };
}

/** The REST server. */
export type RestApp = OpenAPIHono<RestEnv>;

/** A route. */
export interface Endpoint<Answer extends z.ZodType, Body extends z.ZodType, Query extends z.ZodObject> {
  method: "get" | "post" | "put" | "delete";
  /** Path as OpenAPI writes it, e.g. `/api/memories/{content_hash}`. */
  path: string;
  /** Name generated clients call it by. */
  operationId: string;
  tag: (typeof TAGS)[number]["name"];
  summary: string;
  description?: string;
  body?: Body;
  /** Refuses unknown fields of the body instead of ignoring them; for what deletes or merges. */
  strict?: boolean;
  /** Query parameters as the operation takes them, and how each is read from text. */
  query?: { schema: Query; kinds: Record<string, QueryKind> };
  answer: Answer;
  /** Media type of the answer where it isn't JSON. */
  answerType?: string;
  /** What the answer means. */
  answers: string;
  /** Statuses it may answer besides those of every route; see `PROBLEMS`. */
  problems?: readonly (keyof typeof PROBLEMS)[];
  /** Can't fail by a fault of the service: it looks at nothing that could break. */
  infallible?: boolean;
  /** Answers without a key. */
  public?: boolean;
}

/** What a route's operation gets. */
export interface EndpointInput<Body extends z.ZodType, Query extends z.ZodObject> {
  body: z.output<Body>;
  query: z.output<Query>;
  /** Value of a `{name}` in the path. */
  path: (name: string) => string;
  header: (name: string) => string | undefined;
  /** Unix seconds at which the request came in; orders what clients send at the same time. */
  receivedAt: number;
  /** Aborted when the client goes or the service stops. */
  signal: AbortSignal;
}

/** What the REST server needs from the settings. */
export interface HttpSettings extends AccessSettings {
  /** Takes the faults that clients only learn the id of; standard error by default. */
  log?: Logger;
  /** Keeps the files of forms; in the data folder by default. */
  spool?: Spool;
  /** Answers challenges of commands and hooks, which send their token to none but the process that made it. */
  prove?: (challenge: string) => Promise<string>;
}

/** What every route needs. */
export interface RouteSettings extends HttpSettings {
  /** Reads the bodies of all requests. */
  bodies: BodyReader;
  /** Keeps the files of forms. */
  spool: Spool;
  /** Refuses what the caller has no right to, for routes whose need depends on the body. */
  authorise: Access["authorise"];
  /** The process's own runtime, for facts that are the same for every caller; never for an operation. */
  service: ServiceRuntime;
}

/** The statuses in words, for the document. */
const PROBLEMS = {
  400: "The request can be read, but must not run as it is.",
  401: "The API key is missing or wrong.",
  403: "The caller has no right to this, or the Host or Origin header is not allowed.",
  404: "Nothing is there under the key, id or name in the path.",
  409: "It contradicts what is there by now; the message says what.",
  413: "The body or the content is too large.",
  415: "The body is not JSON.",
  422: "The request has faults; every one is listed.",
  429: "Too much waits already. Try again after Retry-After seconds.",
  500: "A fault of the service; the log has it under the id in X-Request-Id.",
  503:
    "The store or the model can't be reached, or too many bodies arrive at once. Try again after Retry-After seconds.",
  507: "The store has no room left, and nothing of the request was stored. Free space, then try again.",
} as const;

const encoder = new TextEncoder();

/** Headers of every JSON answer. */
const JSON_HEADERS = { "Content-Type": "application/json", "Cache-Control": "no-store" };

/** A JSON answer. */
export function json(value: unknown, status = 200): Response {
  const body = encoder.encode(JSON.stringify(value));
  return new Response(body, { status, headers: { ...JSON_HEADERS, "Content-Length": String(body.length) } });
}

/** Adds a route to the app and to its OpenAPI document. */
export function addEndpoint<Answer extends z.ZodType, Body extends z.ZodType, Query extends z.ZodObject>(
  app: RestApp,
  settings: RouteSettings,
  endpoint: Endpoint<Answer, Body, Query>,
  run: (input: EndpointInput<Body, Query>, runtime: Runtime) => Promise<z.input<Answer>>,
): void {
  const { body, query } = endpoint;
  app.openAPIRegistry.registerPath(documented(endpoint));
  app.on(endpoint.method, endpoint.path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
    const request = context.req.raw, receivedAt = settings.service.now();
    const texts = query && readQuery(request, query.kinds);
    const sent = body && await readJson(request, settings);
    const ignored = body ? ignoredNames(body, sent, endpoint.strict ?? false) : [];
    // A route without a schema gets undefined, and its type says so.
    const input = {
      body: body && validate(body, sent, "body"),
      query: query && texts && validate(query.schema, texts.values, "query", texts.raw),
      path: (name: string) => context.req.param(name) ?? "",
      header: (name: string) => request.headers.get(name) ?? undefined,
      receivedAt,
      // Made when it is asked for: most routes need none.
      get signal() {
        return request.signal;
      },
    } as EndpointInput<Body, Query>;
    const answer = await run(input, context.get("runtime"));
    return json(ignored.length > 0 && typeof answer === "object" ? { ...answer, ignored } : answer);
  });
}

/** The route as the OpenAPI document has it. */
export function documented(endpoint: Endpoint<z.ZodType, z.ZodType, z.ZodObject>): RouteConfig {
  const { body, query } = endpoint;
  const names = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const statuses = new Set<keyof typeof PROBLEMS>([403, 500, ...endpoint.problems ?? []]);
  if (!endpoint.public) statuses.add(401);
  if (endpoint.infallible) statuses.delete(500);
  // What can't reach the store can't write to it either; reads need no room.
  if (statuses.has(503) && endpoint.method !== "get" && !endpoint.infallible) statuses.add(507);
  if (body) [413, 415, 422].forEach((status) => statuses.add(status as keyof typeof PROBLEMS));
  if (query) statuses.add(422);
  const responses: RouteConfig["responses"] = {
    200: {
      description: endpoint.answers,
      content: { [endpoint.answerType ?? "application/json"]: { schema: endpoint.answer } },
    },
  };
  for (const status of [...statuses].sort()) {
    const schema = status === 422 ? ValidationProblem : Problem;
    responses[status] = { description: PROBLEMS[status], content: { "application/json": { schema } } };
  }
  return {
    method: endpoint.method,
    path: endpoint.path,
    operationId: endpoint.operationId,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    ...(endpoint.description === undefined ? {} : { description: endpoint.description }),
    ...(endpoint.public ? { security: [] } : {}),
    request: {
      ...(names.length > 0 ? { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) } : {}),
      ...(query ? { query: query.schema } : {}),
      ...(body ? { body: { required: true, content: { "application/json": { schema: body } } } } : {}),
    },
    responses,
  };
}
