/**
 * Examines a Qdrant server and the collection without changing anything.
 *
 * @module
 */

import { NAMED_ONLY } from "../../embedding/embedder.ts";
import { errorText, MemoryError } from "../../errors.ts";
import type { StoreExamination } from "../examination.ts";
import { unescapeText } from "../escape.ts";
import type { Facts } from "./facts.ts";
import { RESERVED_ID } from "./layout.ts";
import type { QdrantSettings } from "./settings.ts";

/** The first version that ranks by words itself. */
const REQUIRED = "1.18";
/** Contents that are looked at, and characters of each. */
const TEXTS = 100, TEXT = 1000;

/** A server's answer, as far as it is read here. */
interface Answer {
  version?: string;
  result?: {
    status?: string;
    points_count?: number;
    config?: { params?: { vectors?: { size?: number } | Record<string, { size?: number }> } };
    local_shards?: { state: string }[];
    remote_shards?: { state: string }[];
    payload?: ReservedPayload;
    points?: { payload?: { content?: unknown } | null }[];
  };
}

/** The reserved point's payload, as far as it is read here; notes are in fields of their own. */
interface ReservedPayload {
  unimem?: Facts;
  embedding_model?: string;
  vector_size?: number;
  [field: string]: unknown;
}

/**
 * Examines server and collection.
 *
 * @throws {MemoryError} what is wrong: `unavailable` when it doesn't answer, else `configuration`.
 */
export async function examineServer(settings: QdrantSettings): Promise<StoreExamination> {
  const warnings: StoreExamination["warnings"] = [], asked = Date.now();
  const root = await get(settings, ""), collection = `collections/${encodeURIComponent(settings.collection)}`;
  const date = Date.parse(root.date ?? "");
  const clock_ahead = Number.isNaN(date) ? null : (date + 500 - (asked + Date.now()) / 2) / 1000;
  const version = root.body.version ?? "unknown";
  if (older(version, REQUIRED)) {
    throw new MemoryError("configuration", `Cannot use Qdrant ${version}: Unimem needs ${REQUIRED} or newer`);
  }
  const nothing = { memories: null, newest: null, model: null, texts: [], notes: {}, clock_ahead, warnings };
  const found = await get(settings, collection);
  if (found.status === 404) {
    return { ...nothing, message: `Qdrant ${version}; the service makes the collection when it starts` };
  }
  const { status = "unknown", points_count: inMain = 0, config } = found.body.result ?? {};
  const reserved = (await get(settings, `${collection}/points/${RESERVED_ID}`)).body.result?.payload;
  const inSpaces = reserved?.unimem?.spaces ? (await get(settings, `${collection}_spaces`)).body.result : undefined;
  // One of them names the spaces.
  const points_count = inMain + Math.max(0, (inSpaces?.points_count ?? 1) - 1);
  const cluster = (await get(settings, `${collection}/cluster`)).body.result ?? {};
  const shards = [...cluster.local_shards ?? [], ...cluster.remote_shards ?? []];
  const missing = shards.filter(({ state }) => state !== "Active");
  if (status === "red" || missing.length > 0) {
    warnings.push({
      message: status === "red"
        ? "Qdrant reports that optimising the collection failed"
        : `${missing.length} of ${shards.length} replicas don't serve`,
      action: "Look at Qdrant's log and at its nodes",
    });
  }
  const size = (config?.params?.vectors as { size?: number } | undefined)?.size;
  if (size !== undefined && settings.dimensions !== null && size !== settings.dimensions) {
    warnings.push({
      message: `Its vectors have ${size} dimensions and the configured model's ${settings.dimensions}`,
      action: "Set MCP_MEMORY_EMBEDDING_MODEL to the model that made them, unless you mean to re-embed",
    });
  }
  return {
    ...nothing,
    memories: Math.max(0, points_count - (reserved === undefined ? 0 : 1)),
    model: modelOf(reserved),
    texts: await textsOf(settings, collection),
    notes: notesOf(reserved ?? {}),
    message: `Qdrant ${version}, ${points_count} points, status ${status}`,
  };
}

/** The model whose vectors searches use, from what Unimem or the Python service keeps in the reserved point. */
function modelOf(payload: ReservedPayload | undefined): StoreExamination["model"] {
  if (payload === undefined) return null;
  const { unimem, embedding_model: name, vector_size: dimensions = 0 } = payload;
  const active = unimem?.models.find(({ id }) => id === unimem.active);
  if (active !== undefined) return { id: active.id, name: active.name, dimensions: active.dimensions };
  return name === undefined ? null : { id: `${NAMED_ONLY}${name}`, name, dimensions };
}

/** The beginnings of some contents. Points come in the order of their ids, which are of hashes: any of them, that is. */
async function textsOf(settings: QdrantSettings, collection: string): Promise<string[]> {
  const asked = { limit: TEXTS, with_payload: ["content"], with_vector: false };
  const points = (await get(settings, `${collection}/points/scroll`, asked)).body.result?.points ?? [];
  return points.flatMap(({ payload }) => typeof payload?.content === "string" ? [payload.content.slice(0, TEXT)] : []);
}

function notesOf(payload: ReservedPayload): Record<string, string> {
  const notes = Object.entries(payload).filter(([key, value]) => key.startsWith("note_") && typeof value === "string");
  return Object.fromEntries(notes.map(([key, value]) => [key.slice("note_".length), unescapeText(value as string)]));
}

async function get(
  settings: QdrantSettings,
  path: string,
  body?: unknown,
): Promise<{ status: number; date: string | null; body: Answer }> {
  const { url, apiKey, timeoutMs } = settings;
  let response: Response;
  try {
    response = await fetch(`${url.replace(/\/$/, "")}/${path}`, {
      headers: {
        ...(apiKey === null ? {} : { "api-key": apiKey }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    throw new MemoryError("unavailable", `Cannot reach Qdrant: it does not answer (${errorText(error)})`, {
      cause: error,
    });
  }
  const text = await response.text();
  if (response.status === 401 || response.status === 403) {
    throw new MemoryError("configuration", "Cannot use Qdrant: it refuses the API key; set MCP_QDRANT_API_KEY");
  }
  if (!response.ok && response.status !== 404) {
    throw new MemoryError("unavailable", `Cannot use Qdrant: it answers with status ${response.status}`);
  }
  try {
    return { status: response.status, date: response.headers.get("date"), body: JSON.parse(text) };
  } catch (error) {
    if (response.status === 404) return { status: 404, date: null, body: {} };
    throw new MemoryError("configuration", "Cannot use MCP_QDRANT_URL: what answers there is not Qdrant", {
      cause: error,
    });
  }
}

function older(version: string, required: string): boolean {
  const [a, b] = [version, required].map((text) => text.split(".").map(Number));
  return a![0]! < b![0]! || (a![0] === b![0] && a![1]! < b![1]!);
}
