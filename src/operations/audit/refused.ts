/**
 * Notes requests that were refused before an operation ran.
 *
 * @module
 */

import type { Refused } from "../../access/access.ts";
import type { Channel } from "../../memory/memory.ts";
import type { Runtime } from "../runtime.ts";
import { auditCaller } from "./audited.ts";

/** What each status is called in an entry. */
const OUTCOMES: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  429: "too_many_requests",
};

/** What takes the refusals of a listener. */
export function noteRefused(
  { audit, telemetry: { requests } }: Pick<Runtime, "audit" | "telemetry">,
  channel: Channel,
): (refused: Refused) => void {
  return ({ status, address, caller }) =>
    audit.refused({
      caller: caller === null ? { name: null, kind: null, address } : { ...auditCaller(caller), address },
      channel,
      action: requests.current?.operation ?? "unknown",
      space: caller?.scope.write ?? null,
      outcome: OUTCOMES[status] ?? `http_${status}`,
      request: requests.current?.id,
    });
}
