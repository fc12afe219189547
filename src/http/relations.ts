/**
 * How memories relate: `/api/memories/{content_hash}/relations`, `/supersede` and `/api/contradictions`.
 *
 * @module
 */

import { contradictions, ContradictionsInput, ContradictionsOutput } from "../operations/contradictions.ts";
import { plainKey } from "../memory/schemas.ts";
import {
  addRelation,
  AddRelationInput,
  RelationChange,
  relations,
  RelationsInput,
  RelationsOutput,
  removeRelation,
  RemoveRelationInput,
} from "../operations/relation.ts";
import { reinstate, supersede, SupersedeInput, SupersedeOutput } from "../operations/supersede.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";
import { Memory } from "./schemas.ts";

const PATH = "/api/memories/{content_hash}/relations", SUPERSEDE = "/api/memories/{content_hash}/supersede";

const NewRelation = AddRelationInput.omit({ content_hash: true }).openapi("NewRelation");
const Change = RelationChange.openapi("RelationChange");
const Relations = RelationsOutput.openapi("Relations");
const NewSupersession = SupersedeInput.omit({ content_hash: true }).openapi("NewSupersession");
const Supersession = SupersedeOutput.openapi("Supersession");
const Contradictions = ContradictionsOutput.extend({
  pairs: ContradictionsOutput.shape.pairs.element.extend({ first: Memory, second: Memory }).array(),
}).openapi("Contradictions");

/** Adds the routes. */
export function addRelations(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: PATH,
    operationId: "listRelations",
    tag: "memories",
    summary: "List a memory's relations, in both directions",
    query: {
      schema: RelationsInput.omit({ content_hash: true }),
      kinds: { relation_type: "text", depth: "number" },
    },
    answer: Relations,
    answers: "The relations and the memories they lead to.",
    problems: [404, 409, 503],
  }, ({ path, query }, runtime) => relations(runtime, { ...query, content_hash: keyOf(path) }));

  addEndpoint(app, settings, {
    method: "post",
    path: PATH,
    operationId: "addRelation",
    tag: "memories",
    summary: "Relate a memory to another",
    body: NewRelation,
    answer: Change,
    answers: "It was added, or was there already.",
    problems: [400, 404, 409, 503],
  }, ({ path, body }, runtime) => addRelation(runtime, { ...body, content_hash: keyOf(path) }));

  addEndpoint(app, settings, {
    method: "delete",
    path: PATH,
    operationId: "removeRelation",
    tag: "memories",
    summary: "Remove the relations from a memory to another",
    query: {
      schema: RemoveRelationInput.omit({ content_hash: true }),
      kinds: { target_hash: "text", relation_type: "text" },
    },
    answer: Change,
    answers: "They were removed, or there were none.",
    problems: [409, 503],
  }, ({ path, query }, runtime) => removeRelation(runtime, { ...query, content_hash: keyOf(path) }));

  addEndpoint(app, settings, {
    method: "post",
    path: SUPERSEDE,
    operationId: "supersedeMemory",
    tag: "memories",
    summary: "Replace a memory by a newer one",
    description:
      "The older stays readable with the dates it held; searches and lists leave it out unless they are asked " +
      "with `include_superseded`. Once the newer is deleted, the older is current again, or superseded by what had " +
      "superseded the newer; restoring the newer brings that back.",
    body: NewSupersession,
    answer: Supersession,
    answers: "The older memory is superseded.",
    problems: [400, 404, 409, 503],
  }, ({ path, body }, runtime) => supersede(runtime, { ...body, content_hash: keyOf(path) }));

  addEndpoint(app, settings, {
    method: "delete",
    path: SUPERSEDE,
    operationId: "reinstateMemory",
    tag: "memories",
    summary: "Make a superseded memory current again",
    answer: Supersession,
    answers: "The memory is current.",
    problems: [404, 409, 503],
  }, ({ path }, runtime) => reinstate(runtime, { content_hash: keyOf(path) }));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/contradictions",
    operationId: "listContradictions",
    tag: "manage",
    summary: "List pairs of memories that can't both hold, with the evidence",
    query: {
      schema: ContradictionsInput,
      kinds: { limit: "number", scan: "number", created_before: "number" },
    },
    answer: Contradictions,
    answers: "Unresolved pairs, marked ones first.",
    problems: [503],
  }, ({ query }, runtime) => contradictions(runtime, query));
}

/** Any other text is a key nothing is stored under. */
function keyOf(path: (name: string) => string): string {
  return plainKey(path("content_hash"));
}
