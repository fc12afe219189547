/**
 * Logs wrong keys, alike for both ports.
 *
 * @module
 */

import type { Logger } from "./logger.ts";
import type { Runtime } from "./runtime.ts";

/** What counts and logs wrong keys that came to a surface, with the address they came from. */
export function noteWrongKey(
  { telemetry }: Runtime,
  surface: "rest" | "mcp",
  log: Pick<Logger, "warning">,
): (address: string | undefined) => void {
  return (address = "unknown") => {
    telemetry.metrics.counter("unimem_wrong_keys_total").with(surface).add();
    log.warning(`Refused a wrong API key from ${address}`, { request: telemetry.requests.id, client: address });
  };
}
