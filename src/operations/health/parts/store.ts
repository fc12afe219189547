/**
 * The store: whether it answers, and what hinders it.
 *
 * @module
 */

import { MemoryError } from "../../../errors.ts";
import type { StoreCondition } from "../../../storage/storage.ts";
import { definePart } from "../part.ts";

/** What was seen: its condition, or why there is none. */
type Observed = { condition: StoreCondition } | { error: string };

export const store = definePart<Observed>({
  name: "store",
  essential: true,
  observe: (_, { condition }) =>
    condition().then(
      (condition) => ({ condition }),
      // Only texts written for clients are shown.
      (error) => ({ error: error instanceof MemoryError ? error.message : "Cannot reach the store" }),
    ),
  judge(observed, { runtime: { storage } }) {
    if ("error" in observed) {
      return {
        state: "unhealthy",
        message: observed.error,
        action: storage.backend === "qdrant"
          ? "Start Qdrant, and check MCP_QDRANT_URL and the network to it; the service recovers by itself"
          : "Check the database file and its disk",
      };
    }
    const { troubles, facts } = observed.condition;
    // A full disk is the disk's fault, and told there.
    const own = troubles.filter(({ kind }) => kind !== "full");
    const trouble = own.find(({ severity }) => severity === "unhealthy") ?? own[0];
    if (trouble !== undefined) {
      const { severity, message, action, since } = trouble;
      return { state: severity, message, action, ...(since === undefined ? {} : { since }) };
    }
    const shown = Object.entries(facts).filter(([, value]) => value !== null)
      .map(([name, value]) => factText(name, value));
    return { state: "healthy", message: [storage.backend, `opened ${times(storage.opens)}`, ...shown].join(", ") };
  },
});

function factText(name: string, value: unknown): string {
  const words = name.replace(/_bytes$/, "").replaceAll("_", " ");
  return name.endsWith("_bytes") ? `${words} ${(Number(value) / 1e6).toFixed(1)} MB` : `${words} ${value}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
