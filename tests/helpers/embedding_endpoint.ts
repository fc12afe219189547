/**
 * An OpenAI-compatible embedding endpoint for tests: knows any model, counts who had what embedded, and takes its time.
 *
 * @module
 */

import type { ModelIdentity } from "../../src/embedding/embedder.ts";

/** A running endpoint. */
export interface EmbeddingEndpoint extends AsyncDisposable {
  url: string;
  /** Texts embedded, by the caller's API key and the model. */
  texts(key: string, model: string): string[];
  /** What a service on this endpoint calls a model. */
  identity(model: string): ModelIdentity;
}

/** A unit vector that depends on the text alone. */
export function vectorOf(text: string): number[] {
  let state = 7;
  for (let i = 0; i < text.length; i++) state = (Math.imul(state, 31) + text.charCodeAt(i)) >>> 0;
  const values = [1, 2, 3].map((step) => Math.sin(state * step));
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

/**
 * Starts an endpoint.
 *
 * @param delayMs Milliseconds that each request for a model takes.
 */
export function startEmbeddingEndpoint(delayMs: (model: string) => number): EmbeddingEndpoint {
  const seen = new Map<string, string[]>(), at = (key: string, model: string) => `${key} ${model}`;
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { model, input } = await request.json() as { model: string; input: string[] };
    const key = at(request.headers.get("authorization")?.replace("Bearer ", "") ?? "", model);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => (timers.delete(timer), resolve()), delayMs(model));
      timers.add(timer);
    });
    seen.set(key, [...seen.get(key) ?? [], ...input]);
    return Response.json({ data: input.map((text, index) => ({ index, embedding: vectorOf(text) })) });
  });
  const host = `127.0.0.1:${server.addr.port}`;
  return {
    url: `http://${host}/v1`,
    texts: (key, model) => seen.get(at(key, model)) ?? [],
    identity: (name) => ({ id: `openai:${host}:${name}:3`, name, provider: "openai", dimensions: 3 }),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      timers.forEach(clearTimeout);
    },
  };
}
