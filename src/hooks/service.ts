/**
 * Calls of hooks to the running service, each within the time that is left.
 *
 * @module
 */

import { findService, type ServiceFile } from "../operations/service_file.ts";

/** Time that a hook has, counted from the start of its process. */
export class Budget {
  readonly #ends: number;

  /** @param ms Milliseconds from `performance.timeOrigin` on. */
  constructor(ms: number) {
    this.#ends = ms;
  }

  /** Milliseconds left, at least 1. */
  get left(): number {
    return Math.max(1, this.#ends - performance.now());
  }
}

/** What a call of the service gave. */
export interface Answer {
  status: number;
  body: unknown;
}

/** The service of a data folder. */
export class HookService {
  readonly #found: Pick<ServiceFile, "url" | "token">;

  private constructor(found: Pick<ServiceFile, "url" | "token">) {
    this.#found = found;
  }

  /** The service that runs over the folder; null where none answers. */
  static async find(dataFolder: string, budget: Budget): Promise<HookService | null> {
    const found = await findService(dataFolder, { patienceMs: budget.left });
    return found && new HookService(found);
  }

  /**
   * Calls a route.
   *
   * @param spaces The space to write to, and others to read, separated by commas.
   * @returns null where nothing answers in time.
   */
  async call(
    path: string,
    body: { json: unknown } | { lines: string } | null,
    { spaces, budget }: { spaces: string; budget: Budget },
  ): Promise<Answer | null> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#found.token}`, "x-unimem-space": spaces };
    if (body !== null) headers["content-type"] = "json" in body ? "application/json" : "application/x-ndjson";
    try {
      const answer = await fetch(this.#found.url + path, {
        method: body === null ? "GET" : "POST",
        headers,
        signal: AbortSignal.timeout(budget.left),
        ...body === null ? {} : { body: "json" in body ? JSON.stringify(body.json) : body.lines },
      });
      return { status: answer.status, body: await answer.json() };
    } catch {
      return null;
    }
  }
}
