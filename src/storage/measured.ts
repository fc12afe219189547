/**
 * A store whose calls are counted, timed and traced, whichever driver is behind it.
 *
 * @module
 */

import { type Outcome, outcomeOf } from "../telemetry/outcome.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { MemoryStorage } from "./storage.ts";

type Call = (...args: unknown[]) => unknown;

/** The store with its calls measured; the same in everything else. */
export function measuredStorage(storage: MemoryStorage, telemetry: Telemetry): MemoryStorage {
  const calls = new Map<PropertyKey, Call>();
  telemetry.metrics.observe("unimem_store_opens_total", () => storage.opens);
  // A proxy, so that a method that is added to the contract is measured without anybody thinking of it.
  return new Proxy(storage, {
    get: (target, name) => {
      const known = calls.get(name);
      if (known !== undefined) return known;
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      const call = measured(String(name), member.bind(target) as Call, telemetry);
      calls.set(name, call);
      return call;
    },
  });
}

function measured(method: string, call: Call, { metrics, tracer }: Telemetry): Call {
  const duration = metrics.histogram("unimem_store_call_duration_seconds").with(method);
  const ended = metrics.counter("unimem_store_calls_total"), ok = ended.with(method, "ok");
  const attributes = { "store.method": method };
  return (...args) => {
    const began = performance.now();
    const result = tracer === null
      ? call(...args)
      : tracer.call(`store ${method}`, attributes, async () => await call(...args));
    if (!(result instanceof Promise)) return result;
    const end = (outcome: Outcome) => {
      duration.observe((performance.now() - began) / 1000);
      (outcome === "ok" ? ok : ended.with(method, outcome)).add();
    };
    return result.then((value) => (end("ok"), value), (error) => {
      end(outcomeOf(error));
      throw error;
    });
  };
}
