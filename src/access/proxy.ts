/**
 * Requests that came through a proxy. A service without a key trusts what reaches its loopback address; a proxy on the
 * machine, or a tunnel, would extend that trust to everybody who can reach the proxy.
 *
 * @module
 */

import { type Check, refuse } from "./refusal.ts";

/**
 * Refuses what a proxy forwarded, while there is no key and not everybody is meant to have access.
 *
 * @param isOpen Whether that is so now.
 */
export function createProxyCheck(isOpen: () => boolean): Check {
  return (request) => {
    if (!isOpen()) return null;
    for (const name of request.headers.keys()) {
      if (name !== "forwarded" && !name.startsWith("x-forwarded-")) continue;
      const ways =
        "make a key with `unimem keys create`, set MCP_API_KEY, or MCP_ALLOW_ANONYMOUS_ACCESS=true to serve everyone who can reach the proxy";
      return refuse(403, `Cannot serve a request that came through a proxy (${name}) without a key: ${ways}`);
    }
    return null;
  };
}
