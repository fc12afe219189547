/**
 * `/api/events`: what happens, as it happens.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { TagList } from "../memory/schemas.ts";
import { EVENT_TYPES } from "../operations/event_types.ts";
import { addEndpoint, documented, type RestApp, type RouteSettings } from "./endpoint.ts";
import { eventStreamHeaders, streamEvents } from "./event_stream.ts";
import { readQuery } from "./request.ts";
import { validate } from "./validation.ts";

const EventsQuery = z.object({
  types: z.array(z.enum(EVENT_TYPES)).optional().describe("Only these types, separated by commas; may be repeated."),
  tags: TagList.optional().describe(
    "Only events of memories with one of these tags, and those that tell no tags; separated by commas, may be repeated.",
  ),
  tag: TagList.optional().describe("A tag as it is, commas included; may be repeated."),
  last_event_id: z.string().max(64).optional().describe("For clients that can't send the Last-Event-ID header."),
});

const EventStats = z.object({
  total_connections: z.int(),
  heartbeat_interval: z.number().describe("Seconds between heartbeats."),
  connections: z.array(z.object({
    connection_id: z.string(),
    client_ip: z.string(),
    user_agent: z.string(),
    connected_duration_seconds: z.number(),
    last_heartbeat_seconds_ago: z.number(),
  })),
  max_connections: z.int(),
  dropped_connections: z.int().describe("Connections ended because their readers were too slow."),
  kept_events: z.int().describe("Events that can be replayed."),
  last_event_id: z.string(),
}).openapi("EventStats");

/** Adds the routes. */
export function addEvents(app: RestApp, settings: RouteSettings): void {
  app.openAPIRegistry.registerPath(documented({
    method: "get",
    path: "/api/events",
    operationId: "streamEvents",
    tag: "events",
    summary: "What happens, as server-sent events",
    description: `Events: ${
      EVENT_TYPES.map((type) => `\`${type}\``).join(", ")
    }. A stream starts with \`connection_established\`, ` +
      "and a `heartbeat` comes every few seconds. With `Last-Event-ID` the latest events since that id come first; " +
      "where they are no longer kept, `events_missed` says so. A client that doesn't read loses its connection.",
    query: { schema: EventsQuery, kinds: {} },
    answer: z.string(),
    answerType: "text/event-stream",
    answers: "The stream, until the client leaves or the service stops.",
    problems: [429, 503],
  }));
  app.get("/api/events", (context) => {
    const request = context.req.raw;
    const texts = readQuery(request, { types: "names", tags: "names", tag: "list", last_event_id: "text" });
    const { types, tags = [], tag = [], last_event_id } = validate(EventsQuery, texts.values, "query", texts.raw);
    if (request.method === "HEAD") return eventStreamHeaders();
    return streamEvents(context.get("runtime").events, {
      types,
      tags: [...tags, ...tag],
      lastEventId: request.headers.get("last-event-id")?.trim() || last_event_id,
      clientIp: clientIp(context.env),
      userAgent: request.headers.get("user-agent") ?? undefined,
    });
  });

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/events/stats",
    operationId: "eventStats",
    tag: "events",
    summary: "Who listens to events",
    answer: EventStats,
    answers: "The open streams.",
  }, (_input, runtime) => Promise.resolve(runtime.events.stats()));
}

/** The address the listener saw; tests that call the app in process have none. */
export function clientIp(env: unknown): string | undefined {
  const { clientIp } = (env ?? {}) as { clientIp?: unknown };
  return typeof clientIp === "string" ? clientIp : undefined;
}
