/**
 * `GET /api/conversations`.
 *
 * @module
 */

import { conversations, ConversationsInput, ConversationsOutput } from "../operations/conversations.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

/** Adds the route. */
export function addConversations(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/conversations",
    operationId: "listConversations",
    tag: "memories",
    summary: "List conversations, last spoken in first",
    description: "What documents are cut into is left out. `GET /api/memories?conversation_id=…&order=time` reads one.",
    query: { schema: ConversationsInput, kinds: { limit: "number", created_before: "number" } },
    answer: ConversationsOutput.openapi("Conversations"),
    answers: "Conversations with their first words.",
    problems: [503],
  }, ({ query }, runtime) => conversations(runtime, query));
}
