/**
 * What is risky in the settings of access. Apart from the checks themselves, which commands needn't load.
 *
 * @module
 */

import type { AccessSettings } from "./access.ts";

/** Keys shorter than this are warned of: a generated one has more, and what people make up is guessed. */
export const SHORT_KEY = 16;
/** Keys shorter than this are refused where others than this machine can reach the service. */
export const TOO_SHORT_KEY = 8;

/** What is risky in the settings without being wrong, and what to do. */
export interface AccessWarning {
  message: string;
  /** Goes on from the message, in lower case. */
  action: string;
}

/** What an operator should know of the settings. */
export function accessWarnings({ apiKey, allowedHosts }: AccessSettings): AccessWarning[] {
  const warnings: AccessWarning[] = [];
  if (apiKey !== null && [...apiKey].length < SHORT_KEY) {
    warnings.push({
      message: `MCP_API_KEY has fewer than ${SHORT_KEY} characters and may be guessed`,
      action: "use a longer one, such as that of `openssl rand -hex 32`",
    });
  }
  if (apiKey === null && allowedHosts.includes("*")) {
    warnings.push({
      message: "MCP_ALLOWED_HOSTS=* without MCP_API_KEY lets any web page read and change the memories, under a name " +
        "that it points at this service (DNS rebinding)",
      action: "name the hosts that clients use, or set MCP_API_KEY",
    });
  }
  return warnings;
}
