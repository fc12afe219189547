/**
 * Qdrant's REST API, as far as the driver uses it. Types come from the client that Qdrant publishes. Requests are made
 * here, because that client looks at every single number of what it sends and gets (it tells whole numbers beyond 2^53
 * apart, which JSON clients don't), and a search or a batch of vectors is mostly numbers.
 *
 * @module
 */

import type { QdrantClient } from "@qdrant/js-client-rest";

type Published = ReturnType<QdrantClient["api"]>;

/** Method and path of each call, below `/collections/NAME`. */
const ENDPOINTS = {
  getCollection: "GET ",
  createCollection: "PUT ",
  updateCollection: "PATCH ",
  collectionExists: "GET /exists",
  collectionClusterInfo: "GET /cluster",
  createFieldIndex: "PUT /index",
  createVectorName: "PUT /vectors/{vector_name}",
  deleteVectorName: "DELETE /vectors/{vector_name}",
  getPoints: "POST /points",
  upsertPoints: "PUT /points",
  deletePoints: "POST /points/delete",
  setPayload: "POST /points/payload",
  updateVectors: "PUT /points/vectors",
  deleteVectors: "POST /points/vectors/delete",
  batchUpdate: "POST /points/batch",
  scrollPoints: "POST /points/scroll",
  countPoints: "POST /points/count",
  queryPoints: "POST /points/query",
  queryBatchPoints: "POST /points/query/batch",
  facet: "POST /facet",
} as const;

/** Fields of a call that go into the URL. */
const PARAMETERS = ["wait", "ordering", "consistency", "timeout"];

/** An answer; `data` is the JSON document. */
export interface ApiAnswer {
  data: unknown;
  headers: Headers;
}

/** The calls, with the fields that the server's OpenAPI document says. */
export type Api = {
  [name in keyof typeof ENDPOINTS]: (fields: Parameters<Published[name]>[0], init: RequestInit) => Promise<ApiAnswer>;
};

/** The server answered with another status than success. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  /** @param retryAfter Seconds; null where the server doesn't say. */
  constructor(readonly status: number, readonly data: unknown, readonly retryAfter: number | null) {
    super(`Qdrant answered ${status}`);
  }
}

/** @param base URL without a slash at its end. */
export function createApi(base: string, headers: Record<string, string>): Api {
  const calls = Object.entries(ENDPOINTS).map(([name, endpoint]) => {
    const [method, path] = endpoint.split(" ") as [string, string];
    return [name, (fields: Record<string, unknown>, init: RequestInit) => {
      const { collection_name, vector_name, ...rest } = fields, query = new URLSearchParams();
      for (const parameter of PARAMETERS) {
        if (rest[parameter] !== undefined) query.set(parameter, String(rest[parameter]));
        delete rest[parameter];
      }
      const encoded = path.replace("{vector_name}", encodeURIComponent(String(vector_name)));
      const url = `${base}/collections/${encodeURIComponent(String(collection_name))}${encoded}`;
      const hasBody = method !== "GET" && method !== "DELETE";
      return send(query.size > 0 ? `${url}?${query}` : url, {
        ...init,
        method,
        headers: hasBody ? { ...headers, "content-type": "application/json" } : headers,
        ...(hasBody ? { body: JSON.stringify(rest) } : {}),
      });
    }];
  });
  return Object.fromEntries(calls);
}

/** @throws {ApiError} unless the answer is a success. */
async function send(url: string, init: RequestInit): Promise<ApiAnswer> {
  const answer = await fetch(url, init), { headers } = answer;
  if (answer.ok) return { data: await answer.json(), headers };
  const text = await answer.text(), seconds = Number(headers.get("retry-after") ?? NaN);
  throw new ApiError(answer.status, parsed(text), Number.isFinite(seconds) ? seconds : null);
}

/** What a proxy says for the server needn't be JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
