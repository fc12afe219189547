/**
 * `/api/conversations`: what was said, and what came of it.
 *
 * @module
 */

import {
  conversationFacts,
  ConversationFactsInput,
  ConversationFactsOutput,
} from "../operations/conversation_facts.ts";
import { conversations, ConversationsInput, ConversationsOutput } from "../operations/conversations.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

/** Adds the routes. */
export function addConversations(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/conversations",
    operationId: "listConversations",
    tag: "memories",
    summary: "List conversations, last spoken in first",
    description: "What documents are cut into is left out. `GET /api/memories?conversation_id=…&order=time` reads one.",
    query: {
      schema: ConversationsInput,
      kinds: { limit: "number", created_before: "number", client: "text", project: "text" },
    },
    answer: ConversationsOutput.openapi("Conversations"),
    answers: "Conversations with their first words.",
    problems: [503],
  }, ({ query }, runtime) => conversations(runtime, query));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/conversations/facts",
    operationId: "listConversationFacts",
    tag: "memories",
    summary: "List the memories that cite turns of a conversation",
    description: "Candidates that were confirmed, and what else was linked with a turn by `cites`.",
    query: { schema: ConversationFactsInput, kinds: { conversation_id: "text", limit: "number" } },
    answer: ConversationFactsOutput.openapi("ConversationFacts"),
    answers: "The memories, in the order of the turns that they cite.",
    problems: [503],
  }, ({ query }, runtime) => conversationFacts(runtime, query));
}
