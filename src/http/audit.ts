/**
 * `/api/audit`: who changed what, and who was refused.
 *
 * @module
 */

import { auditPage, AuditPageOutput } from "../operations/audit/page.ts";
import { AuditQuery } from "../operations/audit/read.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

/** Adds the route. */
export function addAudit(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/audit",
    operationId: "readAudit",
    tag: "manage",
    summary: "Who changed what, and who was refused, newest first",
    description:
      "Entries of the log of the replica that answers, which `replica` names. Each holds the SHA-256 of the " +
      "line before; `unimem audit verify` checks them.",
    query: {
      schema: AuditQuery,
      kinds: {
        limit: "number",
        before: "number",
        caller: "text",
        action: "text",
        channel: "text",
        space: "text",
        outcome: "text",
        content_hash: "text",
        since: "number",
        until: "number",
      },
    },
    answer: AuditPageOutput.openapi("AuditPage"),
    answers: "A page of entries.",
    problems: [503],
    infallible: true,
  }, ({ query }, runtime) => auditPage(runtime, query));
}
