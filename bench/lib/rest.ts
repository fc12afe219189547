/**
 * The REST calls that Unimem and its peer share, and a pool of clients to make them.
 *
 * @module
 */

/** Milliseconds an answer may take. */
const PATIENCE_MS = 120_000;

/** A memory to store. */
export interface NewMemory {
  content: string;
  tags?: string[];
  memory_type?: string;
  conversation_id?: string;
  /** ISO 8601. */
  created_at?: string;
}

/** A REST service. */
export class Rest {
  readonly base: string;

  constructor(base: string) {
    this.base = base;
  }

  /** Whether it was stored; false when it was there already. */
  async store(memory: NewMemory): Promise<boolean> {
    return (await this.post<{ success: boolean }>("/api/memories", memory)).success;
  }

  /** Stores a batch and gives the number stored. */
  async storeBatch(memories: NewMemory[]): Promise<number> {
    return (await this.post<{ stored: number }>("/api/memories/batch", { memories })).stored;
  }

  /** Contents found, best first. */
  async search(query: string, limit: number): Promise<string[]> {
    const answer = await this.post<{ results: { memory: { content: string } }[] }>("/api/search", {
      query,
      n_results: limit,
    });
    return answer.results.map((hit) => hit.memory.content);
  }

  /** Keys of the ten memories whose cosine to the query is largest; looked for among the best 100 by meaning. */
  async nearest(query: string, where: Record<string, unknown>): Promise<string[]> {
    const { results } = await this.post<
      { results: { memory: { content_hash: string }; scores: { semantic: number | null } }[] }
    >("/api/search", { query, mode: "semantic", n_results: 100, ...where });
    const cosineOf = ({ scores }: typeof results[number]) => scores.semantic ?? -1;
    return results.toSorted((a, b) => cosineOf(b) - cosineOf(a)).slice(0, 10).map((hit) => hit.memory.content_hash);
  }

  /** Whether a search by meaning is answered. */
  async hasMeaning(): Promise<boolean> {
    const response = await this.#send("/api/search", { query: "anything at all", mode: "semantic" });
    await response.body?.cancel();
    return response.ok;
  }

  /** Whether the service answers at all. */
  async isUp(): Promise<boolean> {
    const response = await fetch(`${this.base}/api/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await response.body?.cancel();
    return response.ok;
  }

  /** The answer to a JSON body. */
  async post<T>(path: string, body: unknown): Promise<T> {
    const response = await this.#send(path, body);
    if (!response.ok) throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`);
    return await response.json();
  }

  /** The answer to a GET. */
  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.base}${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return await response.json();
  }

  #send(path: string, body: unknown): Promise<Response> {
    return fetch(`${this.base}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  }
}

/** Works through items with a number of clients, each taking the next when it is done. */
export async function withClients<T>(
  clients: number,
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: clients }, async () => {
    while (next < items.length) {
      const index = next++;
      await work(items[index]!, index);
    }
  }));
}

/** Milliseconds that a call takes. */
export async function timed(call: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await call();
  return performance.now() - began;
}
