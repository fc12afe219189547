/**
 * What hinders a collection whose server answers: dead replicas, faults of the optimiser, calls that go unanswered.
 *
 * @module
 */

import type { Schemas } from "@qdrant/js-client-rest";
import type { StoreCondition, StoreIssue } from "../contract/maintenance.ts";
import type { Collection } from "./collection.ts";
import { SCHEMA_VERSION } from "./facts.ts";

/** States in which a replica holds back no answer: it serves, or is being brought up to date by the cluster itself. */
const SERVING: ReadonlySet<string> = new Set(["Active", "ActiveRead", "Listener", "Resharding", "ReshardingScaleDown"]);

/** The condition of a store's collections of memories. Throws `unavailable` when the server doesn't answer. */
export async function conditionOf(main: Collection, others: readonly Collection[]): Promise<StoreCondition> {
  const collections = [main, ...others];
  const [infos, replicas] = await Promise.all([
    Promise.all(collections.map((collection) => collection.info())),
    Promise.all(collections.map((collection) => collection.replicas())),
  ]);
  const shards = replicas.flatMap(({ shards }) => shards), { clock_ahead } = replicas[0]!;
  const { figures } = main.connection, troubles: StoreIssue[] = [];
  const missing = shards.filter((state) => !SERVING.has(state));
  if (missing.length > 0) {
    const dead = missing.filter((state) => state === "Dead").length;
    troubles.push({
      kind: "replicas",
      severity: "degraded",
      message: `${missing.length} of ${shards.length} replicas of the collection's shards don't serve` +
        (dead > 0 ? `, ${dead} of them dead` : ""),
      action: "Start the missing Qdrant nodes again, or wait until the cluster has restored the replicas",
    });
  }
  const isFailing = ({ status, optimizer_status: optimiser }: Schemas["CollectionInfo"]) =>
    status === "red" || (typeof optimiser === "object" && "error" in optimiser);
  if (infos.some(isFailing)) {
    troubles.push({
      kind: "failing",
      severity: "degraded",
      message: "Qdrant reports that optimising the collection failed",
      action: "Look at Qdrant's log; a full disk is the usual cause",
    });
  }
  if (figures.circuit !== "closed") {
    troubles.push({
      kind: "unanswered",
      severity: "degraded",
      message: "Qdrant answers again after calls that it left unanswered",
      action: "Nothing; if it comes back often, look at Qdrant's load and at the network",
    });
  }
  return {
    issues: troubles,
    facts: {
      schema_version: SCHEMA_VERSION,
      collection_status: infos[0]!.status,
      replicas: shards.length,
      circuit: figures.circuit,
      retries: figures.retries,
      connections_waiting: figures.waiting,
    },
    ...(clock_ahead === null ? {} : { clock_ahead }),
  };
}
