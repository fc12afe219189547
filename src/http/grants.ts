/**
 * `/api/grants`: what people let programs do by OAuth.
 *
 * @module
 */

import { GrantList, listGrants, RevokedGrant, revokeGrant } from "../operations/grants.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

/** Adds the routes. */
export function addGrants(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/grants",
    operationId: "listGrants",
    tag: "access",
    summary: "List the programs that were given access by OAuth, newest first",
    answer: GrantList.openapi("GrantList"),
    answers: "The grants in force.",
    problems: [503],
  }, (_, runtime) => listGrants(runtime));

  addEndpoint(app, settings, {
    method: "delete",
    path: "/api/grants/{id}",
    operationId: "revokeGrant",
    tag: "access",
    summary: "Take a program's access back",
    description:
      "Its tokens are good for nothing from now on, and its open streams end, everywhere within two seconds.",
    answer: RevokedGrant.openapi("RevokedGrant"),
    answers: "It is revoked.",
    problems: [404, 503],
  }, ({ path }, runtime) => revokeGrant(runtime, path("id")));
}
