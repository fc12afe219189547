/**
 * Who may call a listener. REST and MCP share these checks; each is a plain function from a request to a refusal, or
 * to null when the request may go on.
 *
 * @module
 */

import { BodyReader } from "./body.ts";
import { type CorsFacts, createCors } from "./cors.ts";
import { createHosts } from "./hosts.ts";
import type { Caller } from "./caller.ts";
import { createIdentify, insufficientScope, type TokenVerifier } from "./key.ts";
import type { EndpointContext, PublicEndpoints } from "./public_endpoints.ts";
import { createProxyCheck } from "./proxy.ts";
import { may, type Need } from "./rights.ts";
import { withChosenSpaces } from "./space.ts";
import { WrongKeys } from "./wrong_keys.ts";

/** The settings of one listener's access. */
export interface AccessSettings {
  /**
   * Key that may do everything; null for none. Where there is one, or a verifier accepts tokens, every request needs a
   * token, except where a route is public.
   */
  apiKey: string | null;
  /** Know other tokens: keys of the store, an OAuth server's. None by default. */
  verifiers?: readonly TokenVerifier[];
  /** Parameters of `WWW-Authenticate` in refusals; values without quotes. None by default. */
  challenge?: (request: Request) => Readonly<Record<string, string>>;
  /** What the public address has after its host, such as `/memory`; nothing by default. */
  basePath?: string;
  /** What is answered without a token besides probes and pages; nothing by default. */
  endpoints?: PublicEndpoints;
  /**
   * Names the Host header may hold besides the loopback names: `name` for any port, `name:port` for one, `*` for any name.
   */
  allowedHosts: readonly string[];
  /** Other origins whose web pages may call, such as `https://app.example.com`; `*` for any. Empty: none. */
  corsOrigins: readonly string[];
  /** Whether everybody who can reach the service may use it without a key, through a proxy too. False by default. */
  anonymous?: boolean;
  /** Largest request body, in bytes. */
  maxBodyBytes: number;
  /** Event streams, SSE streams and MCP sessions that one address may have, of each; half of the most by default. */
  maxPerAddress?: number;
  /** Bytes of bodies in memory at once over all requests; as much as `Bodies` takes by default. */
  maxInFlightBytes?: number;
  /** Reads the bodies of all listeners of a process; each has its own by default. */
  bodies?: BodyReader;
  /** Remembers who sent wrong keys to them; each has its own by default. */
  wrongKeys?: WrongKeys;
}

/** The settings with what bounds the requests to all listeners of a process together; hand the same to each. */
export function sharedAccess(settings: AccessSettings): AccessSettings {
  return { ...settings, bodies: new BodyReader(settings.maxInFlightBytes), wrongKeys: new WrongKeys() };
}

/** What a request is for, as far as access depends on it. */
export interface Purpose {
  /** Asks whether the service lives or is ready; load balancers ask that through anything. */
  probe: boolean;
  /** May change something whatever its method. */
  guarded: boolean;
  /** Where it came from; undefined where it came over no socket. */
  address?: string | undefined;
}

/**
 * The checks of one listener. Every request runs `checkCaller`; all but public routes run `identify`, and `authorise` before
 * what needs a right.
 */
export interface Access {
  /** Refuses a foreign Host (DNS rebinding), proxy or Origin with 403, and answers CORS preflights. */
  checkCaller: (request: Request, purpose: Purpose) => Response | null;
  /**
   * Who calls, within the spaces that the request chooses. Refuses a missing or wrong token with 401, and with 429 for a
   * time after too many wrong ones from an address; 503 while that is unknown; 404 for spaces the caller can't see.
   *
   * @param prefix `/s/NAME` at the beginning of the path; empty without it.
   */
  identify: (request: Request, address: string | undefined, prefix: string) => Promise<Caller | Response>;
  /** Answers what the settings' public endpoints serve, once `checkCaller` let it pass; null for every other path. */
  answerPublic: (
    request: Request,
    path: string,
    address: string | undefined,
    readBody: EndpointContext["readBody"],
  ) => Promise<Response> | null;
  /** Refuses with 403 what a caller's right or spaces don't suffice for. */
  authorise: (request: Request, caller: Caller, need: Need) => Response | null;
  /** Adds the CORS headers the request's origin is entitled to; refusals carry them already. Gives back `response`. */
  withCors: (request: Request, response: Response) => Response;
}

/** A request that was refused. */
export interface Refused {
  /** 401, 403, 404 for a space that the caller can't see, or 429. */
  status: number;
  address: string | undefined;
  /** Null where it isn't known who calls. */
  caller: Caller | null;
}

/** Callbacks of a listener's checks. */
export interface AccessHooks {
  /** Addresses this process listens on now, such as `http://127.0.0.1:8000`: their pages are its own. */
  listeners: () => Iterable<string>;
  /** Called with every wrong key and the address it came from. */
  onWrongKey: (address: string | undefined) => void;
  /** Called with every request that is refused, but for those that a store which is away keeps from being judged. */
  onRefused?: (refused: Refused) => void;
  /** The way by which the listener's callers come. */
  channel: Caller["channel"];
}

/** Prepares a listener's checks once, so that each request only compares. */
export function createAccess(settings: AccessSettings, facts: CorsFacts, hooks: AccessHooks): Access {
  const hosts = createHosts(settings.allowedHosts);
  const cors = createCors(settings.corsOrigins, facts, hosts, hooks.listeners);
  const { apiKey, anonymous = false, verifiers = [], challenge = () => ({}), wrongKeys = new WrongKeys() } = settings;
  const isOpen = () => apiKey === null && !anonymous && verifiers.every(({ accepts }) => accepts === "none");
  const checkProxy = createProxyCheck(isOpen);
  const { channel, onWrongKey, onRefused = () => {} } = hooks;
  const noted = (response: Response | null, address: string | undefined, caller: Caller | null = null) => {
    if (response !== null && response.status >= 400 && response.status < 500) {
      onRefused({ status: response.status, address, caller });
    }
    return response;
  };
  const identify = createIdentify({ apiKey, verifiers, anonymous, challenge, channel, wrongKeys, onWrongKey });
  return {
    checkCaller: (request, { probe, guarded, address }) =>
      noted(hosts.check(request) ?? (probe ? null : checkProxy(request)) ?? cors.check(request, guarded), address),
    identify: async (request, address, prefix) => {
      const caller = await identify(request, address);
      if (caller instanceof Response) {
        noted(caller, address);
        return cors.decorate(request, caller);
      }
      const within = withChosenSpaces(caller, request, prefix);
      if (within instanceof Response) {
        noted(within, address, caller);
        return cors.decorate(request, within);
      }
      // The machine's user calls REST by commands.
      const way = caller.kind === "local" && channel === "rest" ? "cli" : channel;
      return { ...within, channel: way, ...address === undefined ? {} : { address } };
    },
    answerPublic: (request, path, address, readBody) => {
      if (!settings.endpoints?.serves(path)) return null;
      const signIn = async (key: string) => {
        const caller = await identify(carrying(key, request.url), address);
        if (caller instanceof Response) noted(caller, address);
        return caller;
      };
      return settings.endpoints.answer(request, path, { address, readBody, signIn })
        .then((response) => cors.decorate(request, response));
    },
    authorise: (request, caller, need) =>
      may(caller, need)
        ? null
        : cors.decorate(request, noted(insufficientScope(need, challenge(request)), caller.address, caller)!),
    withCors: cors.decorate,
  };
}

/** A request that carries a key. A header's characters are its bytes. */
function carrying(key: string, url: string): Request {
  const bytes = String.fromCharCode(...new TextEncoder().encode(key.slice(0, 4000)));
  const plain = /^[^\0\r\n]*$/.test(bytes) ? bytes : "";
  // Without one it would be a request of an unknown caller, which an open service takes.
  return new Request(url, { headers: { authorization: `Bearer ${plain.trim() || "-"}` } });
}
