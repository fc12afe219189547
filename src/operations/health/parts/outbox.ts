/**
 * The outbox: whether writes that wait for the store find room, get away, and are taken.
 *
 * @module
 */

import { definePart, works } from "../part.ts";

/** Seconds a write may wait for a store that works before something must be wrong. */
const PATIENCE_SECONDS = 60;

export const outbox = definePart({
  name: "outbox",
  judge(_, { runtime: { storage: { outbox } }, others }) {
    if (outbox === null) return { state: "off", message: "No outbox; writes are refused while the store is away" };
    const { pending, limit, bytes, limit_bytes, set_aside, oldest_seconds, error, refused } = outbox.figures;
    const shown = `${pending} of ${limit} writes wait, ${set_aside} set aside`;
    if (set_aside > 0) {
      return {
        state: "degraded",
        message: shown,
        action: "See why with `unimem outbox list`, then send them again with `unimem outbox retry` or drop them",
      };
    }
    if (pending >= limit || bytes >= 0.95 * limit_bytes) {
      return {
        state: "degraded",
        message: `${shown}: it is full, and writes are refused`,
        action: "Bring the store back, or raise MCP_OUTBOX_MAX_ITEMS and MCP_OUTBOX_MAX_BYTES",
      };
    }
    // While the store is away waiting is what the outbox is for.
    const isStuck = (oldest_seconds ?? 0) > PATIENCE_SECONDS && works(others.get("store"));
    if (isStuck || (error !== null && (pending === 0 && refused > 0))) {
      return {
        state: "degraded",
        message: `${shown}${error === null ? "" : `: ${error}`}`,
        action: "Check the outbox's disk and what the store says of the first write",
      };
    }
    return { state: "healthy", message: shown };
  },
});
