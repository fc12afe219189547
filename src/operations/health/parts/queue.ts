/**
 * The texts that wait for the model.
 *
 * @module
 */

import { definePart } from "../part.ts";

/** Shares of the limit at which the queue counts as nearly full, and at which it no longer does. */
const CROWDED = 0.8, ROOMY = 0.5;

export const queue = definePart({
  name: "queue",
  judge(_, { runtime: { embeddings: { configured, serving } }, before }) {
    const { queue_depth: depth, queue_limit: limit, queue_wait_ms: wait } = (serving ?? configured).counters;
    const waiting = depth === 0 ? "" : `, about ${(wait / 1000).toFixed(1)} s`;
    const shown = `${depth} of ${limit} texts wait for the model${waiting}`;
    const crowded = before?.state === "degraded" || before?.state === "unhealthy";
    if (depth < limit * (crowded ? ROOMY : CROWDED)) return { state: "healthy", message: shown };
    return {
      state: depth >= limit ? "unhealthy" : "degraded",
      message: depth >= limit ? `${shown}; more are refused with 429` : shown,
      action: "Send less at once, or give the model more cores (MCP_EMBEDDING_THREADS); it drains by itself",
    };
  },
});
