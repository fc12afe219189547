/**
 * A store on a network that can be cut: for tests of what happens while it is away.
 *
 * @module
 */

import { MemoryError } from "../../src/errors.ts";
import type { StoreSpaces } from "../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../src/storage/contract/storage.ts";
import { override } from "../../src/storage/intercept.ts";

/** The switch of a network. */
export class Network {
  away = false;
  /** Calls that came through, in order: the method and, of writes, the keys. */
  readonly calls: string[] = [];
  /** Fails a call before it reaches the store; null lets it through. */
  fault: (method: string, args: unknown[]) => Error | null = () => null;
  /** Whether calls that change something are made and their answers lost. */
  losesAnswers = false;

  readonly #held = new Map<string, (held: { release(): void }) => void>();

  /** Holds the answer of the next call of a method back, once it was made, until it is released. */
  hold(method: string): Promise<{ release(): void }> {
    const { promise, resolve } = Promise.withResolvers<{ release(): void }>();
    this.#held.set(method, resolve);
    return promise;
  }

  /** The store as it is seen over this network. */
  over<T extends MemoryStorage>(storage: T): T {
    return new Proxy(storage, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        if (name === "spaces") return this.#spaces(value as StoreSpaces);
        if (typeof value !== "function") return value;
        if (name === "close") return () => value.call(target);
        return async (...args: unknown[]) => {
          if (this.away) throw outage();
          const fault = this.fault(String(name), args);
          if (fault !== null) throw fault;
          this.calls.push(`${String(name)} ${keysOf(args[0])}`.trim());
          const result = await value.apply(target, args);
          const made = this.#held.get(String(name));
          if (made !== undefined) {
            this.#held.delete(String(name));
            await new Promise<void>((release) => made({ release }));
          }
          if (this.away || (this.losesAnswers && CHANGES.has(String(name)))) throw outage();
          return result;
        };
      },
    });
  }

  #spaces(spaces: StoreSpaces): StoreSpaces {
    return override(spaces, { within: (scope) => this.over(spaces.within(scope)) });
  }

  /** Writes that came through. */
  get writes(): string[] {
    return this.calls.filter((call) => CHANGES.has(call.split(" ")[0]!));
  }
}

const CHANGES = new Set(["store", "update", "delete", "trash"]);

export function outage(): MemoryError {
  return new MemoryError("unavailable", "Cannot reach the store: it does not answer", { retryAfterSeconds: 1 });
}

/** The numbers of `hashOf` in a call's first argument. */
function keysOf(argument: unknown): string {
  const keys = Array.isArray(argument) ? argument : [argument];
  return keys.map((key) => {
    const hash = typeof key === "string" ? key : (key as { memory?: { content_hash: string } })?.memory?.content_hash;
    return /^[0-9a-f]{64}$/.test(hash ?? "") ? String(parseInt(hash!.slice(0, 32), 16)) : "";
  }).join(",");
}
