/**
 * The ways clients are connected, against how many may be.
 *
 * @module
 */

import { definePart } from "../part.ts";

/** Shares of the limit at which a transport counts as nearly full, and at which it no longer does. */
const CROWDED = 0.9, ROOMY = 0.7;

export const transports = definePart({
  name: "transports",
  judge(_, { runtime: { health }, before }) {
    const all = [...health.transports].map(([name, use]) => ({ name, ...use() }));
    if (all.length === 0) return { state: "off", message: "No transport that keeps clients connected" };
    const bound = before?.state === "degraded" ? ROOMY : CROWDED;
    const crowded = all.filter(({ open, limit }) => limit !== null && open >= limit * bound);
    const shown = (some: typeof all) =>
      some.map(({ name, open, limit }) => `${name}: ${open}${limit === null ? "" : ` of ${limit}`}`).join(", ");
    if (crowded.length === 0) return { state: "healthy", message: shown(all) };
    return {
      state: "degraded",
      message: `Nearly all places for clients are taken (${shown(crowded)})`,
      action: "Look for clients that open sessions and never close them; others are refused or lose theirs",
    };
  },
});
