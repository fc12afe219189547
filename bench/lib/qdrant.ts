/**
 * A real Qdrant server in a process of its own. `QDRANT_BIN` names its executable.
 *
 * @module
 */

import { qdrantDefaults, type QdrantSettings } from "../../src/storage/qdrant/settings.ts";
import { freePorts, launch, type Running, sleep } from "./process.ts";

/** Milliseconds a server may take to have a collection of a million memories open again. */
const START_LIMIT_MS = 300_000;
/** Milliseconds a call may take while the server indexes. */
const PATIENCE_MS = 120_000;
/** It is done when it said so this often in a row: between two of its steps it says so too. */
const SETTLED_POLLS = 4, POLL_MS = 1000;

/** A started server. */
export interface Qdrant extends Running {
  readonly url: string;
}

/** What the server says of a collection. */
export interface CollectionState {
  status: "green" | "yellow" | "grey" | "red";
  points: number;
  indexed: number;
  segments: number;
}

/** Path of the server's executable; undefined where there is none. */
export function qdrantBinary(): string | undefined {
  return Deno.env.get("QDRANT_BIN");
}

/** How a server is started. */
export interface QdrantOptions {
  /** 19 leaves the machine to all others; 0 by default. */
  niceness?: number;
  /** Free ones by default. */
  port?: number;
  grpcPort?: number;
}

/** Starts a server over a folder. */
export async function startQdrant(folder: string, options: QdrantOptions = {}): Promise<Qdrant> {
  const { niceness = 0 } = options;
  const binary = qdrantBinary();
  if (binary === undefined) throw new Error("Set QDRANT_BIN to the path of a Qdrant server");
  const free = freePorts(2), http = options.port ?? free[0]!, grpc = options.grpcPort ?? free[1]!;
  const url = `http://127.0.0.1:${http}`;
  await Deno.mkdir(folder, { recursive: true });
  const running = await launch({
    name: "Qdrant",
    command: niceness === 0 ? binary : "nice",
    args: niceness === 0 ? [] : ["-n", String(niceness), binary],
    env: {
      QDRANT__SERVICE__HOST: "127.0.0.1",
      QDRANT__SERVICE__HTTP_PORT: String(http),
      QDRANT__SERVICE__GRPC_PORT: String(grpc),
      QDRANT__STORAGE__STORAGE_PATH: `${folder}/storage`,
      QDRANT__STORAGE__SNAPSHOTS_PATH: `${folder}/snapshots`,
      QDRANT__TELEMETRY_DISABLED: "true",
      QDRANT__LOG_LEVEL: "ERROR",
    },
    cwd: folder,
    answers: [() => isReady(url)],
    limitMs: START_LIMIT_MS,
  });
  return { ...running, url };
}

/** Settings of a store on a server: the defaults, save that a call may wait for a server that indexes meanwhile. */
export function qdrantSettings(url: string): QdrantSettings & { backend: "qdrant" } {
  return { ...qdrantDefaults(url), backend: "qdrant", timeoutMs: PATIENCE_MS };
}

/** Waits until the server has nothing left to index or to merge. */
export async function untilIndexed(url: string, progress: (text: string) => void): Promise<void> {
  for (let settled = 0, polls = 0; settled < SETTLED_POLLS; polls++) {
    await sleep(POLL_MS);
    const state = await collectionState(url);
    settled = state.status === "green" ? settled + 1 : 0;
    if (polls % 30 === 29) progress(`The server indexes: ${state.segments} segments, ${state.status}`);
  }
}

/** How far a collection is. */
export async function collectionState(url: string, collection = "memories"): Promise<CollectionState> {
  const answer = await fetch(`${url}/collections/${collection}`);
  const { result } = await answer.json();
  return {
    status: result.status,
    points: result.points_count,
    indexed: result.indexed_vectors_count,
    segments: result.segments_count,
  };
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/readyz`);
  await answer.body?.cancel();
  return answer.ok;
}
