/**
 * How the hooks of a data folder fare: what `hook status` and `doctor` show.
 *
 * @module
 */

import { HOOK_CLIENTS } from "./event.ts";
import type { ClientStatus, HookFolder } from "./folder.ts";

/** A client's hooks. */
export interface ClientReport extends ClientStatus {
  /** What keeps capture or recall from working now, in words; null where the last call of each kind worked. */
  fault: string | null;
}

/** All hooks. */
export interface HookReport {
  paused: boolean;
  /** Captures that wait for a service, and their bytes. */
  waiting: number;
  waiting_bytes: number;
  /** Clients that have called a hook. */
  clients: ClientReport[];
}

/** Reads the state of all clients. */
export function hookReport(folder: HookFolder): HookReport {
  const waiting = folder.waiting();
  return {
    paused: folder.isPaused(),
    waiting: waiting.length,
    waiting_bytes: waiting.reduce((sum, { size }) => sum + size, 0),
    clients: HOOK_CLIENTS.map((client) => folder.status(client)).filter(({ called_at }) => called_at !== null)
      .map((status) => ({ ...status, fault: faultOf(status) })),
  };
}

/** Lines for people about one client. */
export function linesOf({ client, captured, captured_at, recalled_at, failures, fault }: ClientReport): string[] {
  return [
    `${client}: ${captured} turns captured, last ${captured_at ?? "never"}; recalled last ${recalled_at ?? "never"}`,
    ...fault === null ? [] : [`  Does not work: ${fault}`],
    ...failures === 0 ? [] : [`  ${failures} failures in all`],
  ];
}

/** A failure counts until a call of the same kind has worked. */
function faultOf({ captured_at, recalled_at, failure, failed_at, failed_event }: ClientStatus): string | null {
  if (failure === null || failed_at === null) return null;
  const isRecall = failed_event === "prompt" || failed_event === "start";
  const worked = isRecall ? recalled_at : captured_at;
  if (worked !== null && worked > failed_at) return null;
  return `${isRecall ? "recall" : "capture"} at ${failed_at}: ${failure}`;
}
