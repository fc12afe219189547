/**
 * The addresses that are listened on.
 *
 * @module
 */

import { definePart } from "../part.ts";

export const listeners = definePart({
  name: "listeners",
  judge(_, { runtime: { health } }) {
    const all = [...health.listeners];
    if (all.length === 0) return { state: "off", message: "No server listens in this process" };
    const lost = all.filter(([, { state }]) => state === "lost");
    if (lost.length === 0) {
      return {
        state: "healthy",
        message: all.map(([name, { address }]) => `${name} on ${address}`).join(", "),
        since: Math.max(...all.map(([, { since }]) => since)),
      };
    }
    return {
      state: lost.length === all.length ? "unhealthy" : "degraded",
      message: lost.map(([name, { address, reason }]) => `${name} does not listen on ${address}: ${reason}`).join("; "),
      action: "Free the port or set another one; the service goes on trying",
      since: Math.min(...lost.map(([, { since }]) => since)),
    };
  },
});
