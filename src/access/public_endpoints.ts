/**
 * What a listener answers without a token besides its own probes and pages: an authorization server's endpoints.
 *
 * @module
 */

import type { Caller } from "./caller.ts";

/** What a listener lends for one request. */
export interface EndpointContext {
  /** Address the request came from; undefined where it came over no socket. */
  address: string | undefined;
  /** The request's body. @throws {MemoryError} as `BodyReader.read`. */
  readBody: (maxBytes: number) => Promise<Uint8Array>;
  /** The caller behind a key that a form holds; the refusal of a wrong one. */
  signIn: (key: string) => Promise<Caller | Response>;
}

/** Endpoints of both ports that need no token. */
export interface PublicEndpoints {
  /** Whether a path is one of them. */
  serves(path: string): boolean;
  /** Answers a request to one of them, once its host and its origin have been found fine. */
  answer(request: Request, path: string, context: EndpointContext): Promise<Response>;
}
