/**
 * `/api/keys`: named keys, and `/api/whoami`: what the caller's own key may do.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { RIGHTS } from "../access/caller.ts";
import { MemoryError } from "../errors.ts";
import {
  createKey,
  CreateKeyInput,
  KeysOutput,
  KeyView,
  listKeys,
  NewKeyOutput,
  revokeKey,
  RevokeKeyOutput,
  rotateKey,
  RotateKeyInput,
} from "../operations/keys/manage.ts";
import type { Runtime } from "../operations/runtime.ts";
import { addEndpoint, type RestApp, type RouteSettings } from "./endpoint.ts";

const Key = KeyView.openapi("Key");
const NewKey = NewKeyOutput.extend({ key: Key }).openapi("NewKey");
const Spaces = z.union([z.literal("all"), z.array(z.string())]);

const Whoami = z.object({
  name: z.string().describe("Name of the key or grant; `anonymous` without one, `MCP_API_KEY` for that key."),
  kind: z.string(),
  rights: z.enum(RIGHTS),
  space: z.string().describe("The space this request writes to."),
  reads: Spaces.describe("The spaces this request reads."),
  may_write: Spaces.describe("Spaces it may choose to write to."),
  may_read: Spaces.describe("Spaces it may choose to read."),
}).openapi("Whoami");

/** Adds the routes. */
export function addKeys(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "post",
    path: "/api/keys",
    operationId: "createKey",
    tag: "access",
    summary: "Make a named key",
    description: "As soon as there is a key every request needs one, unless MCP_ALLOW_ANONYMOUS_ACCESS is true.",
    body: CreateKeyInput.openapi("CreateKey", { example: { name: "laptop", rights: "write" } }),
    strict: true,
    answer: NewKey,
    answers: "The key with its token, which is shown this once.",
    problems: [400, 409, 503],
  }, ({ body }, runtime) => {
    refuseStrangers(runtime, settings.anonymous);
    return createKey(runtime, body);
  });

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/keys",
    operationId: "listKeys",
    tag: "access",
    summary: "List the named keys",
    answer: KeysOutput.extend({ keys: z.array(Key) }).openapi("Keys"),
    answers: "The keys without their tokens, in the order they were made.",
    problems: [503],
  }, (_input, runtime) => listKeys(runtime));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/keys/{id}/rotate",
    operationId: "rotateKey",
    tag: "access",
    summary: "Give a key a new token",
    body: RotateKeyInput.openapi("RotateKey"),
    strict: true,
    answer: NewKey,
    answers: "The key with its new token; the old one is valid for a while.",
    problems: [404, 409, 503],
  }, ({ path, body }, runtime) => rotateKey(runtime, path("id"), body));

  addEndpoint(app, settings, {
    method: "delete",
    path: "/api/keys/{id}",
    operationId: "revokeKey",
    tag: "access",
    summary: "End a key",
    description: "Its requests are refused and its streams end within two seconds, on every replica.",
    answer: RevokeKeyOutput.openapi("KeyRevoked"),
    answers: "It ended.",
    problems: [404, 409, 503],
  }, ({ path }, runtime) => revokeKey(runtime, path("id")));

  addEndpoint(app, settings, {
    method: "get",
    path: "/api/whoami",
    operationId: "whoami",
    tag: "access",
    summary: "What the caller may do",
    answer: Whoami,
    answers: "The caller's rights and spaces.",
    infallible: true,
  }, (_input, { caller: { name, kind, rights, scope, spaces, writes } }) =>
    Promise.resolve({
      name,
      kind,
      rights,
      space: scope.write,
      reads: scope.read === "all" ? "all" as const : [...scope.read],
      may_write: rights === "read" ? [] : writes === "all" ? "all" as const : [...writes],
      may_read: spaces === "all" ? "all" as const : [...spaces],
    }));
}

/** Where everyone may call without a key, the first who comes could make one and shut all others out. */
function refuseStrangers({ caller }: Runtime, anonymous = false): void {
  if (caller.kind !== "anonymous" || !anonymous) return;
  throw new MemoryError(
    "refused",
    "Cannot create a key for a caller without one while MCP_ALLOW_ANONYMOUS_ACCESS is true: run `unimem keys create`",
  );
}
