/**
 * The embedding model, and the reranker where one is configured.
 *
 * @module
 */

import { definePart } from "../part.ts";

/** What to do about a model whose vectors differ from those it gives on other machines. */
export const DIFFERENT_VECTORS =
  "Run Unimem on another processor, or set MCP_MEMORY_EMBEDDING_MODEL to a model with float weights";

const BY_WORDS = "until then searches go by words alone";

export const model = definePart({
  name: "model",
  judge(_, { runtime: { embeddings: { configured, serving, reranker } } }) {
    const { status } = configured;
    if (status.held) {
      const [message = "", action = ""] = (status.error ?? "").split(/: (?=run )/);
      return {
        state: "degraded",
        message: `${message}; searches go by words alone`,
        action: `${action.charAt(0).toUpperCase()}${action.slice(1)}, or unset MCP_EMBEDDING_URL`,
        since: status.failed_since ?? status.since,
      };
    }
    if (status.state === "failed" || status.failed_since !== undefined) {
      const former = serving !== null && serving !== configured && serving.status.state === "ready";
      return {
        state: former ? "degraded" : "unhealthy",
        message: `Cannot use the embedding model: ${status.error ?? "it failed"}`,
        action: `Put the model's files or its server in order; the service tries again by itself, ${
          former ? "and searches with the former model until then" : BY_WORDS
        }`,
        since: status.failed_since ?? status.since,
      };
    }
    if (status.state === "loading") {
      const share = status.progress === undefined ? "" : `: ${Math.round(status.progress * 100)} %`;
      return { state: "starting", message: `The embedding model is loading${share}; ${BY_WORDS}`, since: status.since };
    }
    if (status.state === "closed") {
      return { state: "off", message: "The embedding model was closed", since: status.since };
    }
    if (status.warning !== undefined) {
      return { state: "degraded", message: status.warning, action: DIFFERENT_VECTORS, since: status.since };
    }
    if (reranker?.status.state === "failed") {
      return {
        state: "degraded",
        message: `Cannot use the reranker: ${reranker.status.error ?? "it failed"}`,
        action: "Check MCP_RERANK_MODEL and start the service again; until then results keep their first order",
        since: reranker.status.since,
      };
    }
    const { cache_error } = configured.counters;
    if (cache_error !== null) {
      return {
        state: "degraded",
        message: cache_error,
        action: "Check MCP_EMBEDDING_CACHE_PATH and its disk; without it embeddings are computed again",
      };
    }
    const { name = "", dimensions = 0 } = configured.identity ?? {};
    const second = reranker === undefined ? "" : `; reranker ${reranker.model} ${reranker.status.state}`;
    return { state: "healthy", message: `${name}, ${dimensions} dimensions${second}`, since: status.since };
  },
});
