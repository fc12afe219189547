/**
 * `GET /api/briefing` and `/api/candidates`.
 *
 * @module
 */

import { briefing, BriefingOutput } from "../operations/briefing.ts";
import {
  candidates,
  CandidatesInput,
  CandidatesOutput,
  resolveCandidate,
  ResolveCandidateInput,
  ResolveCandidateOutput,
} from "../operations/candidates.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

const Resolution = ResolveCandidateInput.omit({ id: true }).openapi("CandidateDecision");

/** Adds the routes. */
export function addBriefing(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/briefing",
    operationId: "briefing",
    tag: "memories",
    summary: "Say what an agent should know when a session starts",
    description: "Pinned memories, the last decisions and preferences, what was open, contradictions, and candidates.",
    answer: BriefingOutput.openapi("Briefing"),
    answers: "The briefing, as text and in its parts.",
    problems: [503],
  }, (_, runtime) => briefing(runtime));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/candidates",
    operationId: "listCandidates",
    tag: "memories",
    summary: "List sentences of captured turns that may be worth keeping",
    query: {
      schema: CandidatesInput,
      kinds: { limit: "number", scan: "number", created_before: "number" },
    },
    answer: CandidatesOutput.openapi("Candidates"),
    answers: "Open candidates, last said first.",
    problems: [503],
  }, ({ query }, runtime) => candidates(runtime, query));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/candidates/{id}",
    operationId: "resolveCandidate",
    tag: "memories",
    summary: "Keep or drop a candidate",
    description: "What is kept becomes a memory that cites the turn it was said in. The turn stays as it is.",
    body: Resolution,
    answer: ResolveCandidateOutput.openapi("CandidateResolution"),
    answers: "It was decided, now or earlier.",
    problems: [404, 409, 503],
  }, ({ path, body }, runtime) => resolveCandidate(runtime, { ...body, id: path("id").toLowerCase() }));
}
