/**
 * `/api/logs`: the last lines of the log.
 *
 * @module
 */

import { logs, LogsInput, LogsOutput } from "../operations/logs.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

/** Adds the route. */
export function addLogs(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/logs",
    operationId: "readLogs",
    tag: "health",
    summary: "The last lines of the log, newest first",
    description: "Of the process that answers, since it began, without secrets.",
    query: { schema: LogsInput, kinds: { limit: "number", level: "text", requests: "boolean" } },
    answer: LogsOutput.openapi("Logs"),
    answers: "The lines.",
    infallible: true,
  }, ({ query }) => {
    const secrets = settings.apiKey === null ? [] : [settings.apiKey];
    return Promise.resolve(logs(settings.log?.recent, query, secrets));
  });
}
