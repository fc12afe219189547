/**
 * A store whose calls are counted, timed and traced, whichever driver is behind it.
 *
 * @module
 */

import { type Outcome, outcomeOf } from "../telemetry/outcome.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Capabilities } from "./contract/capabilities.ts";
import type { MemoryStorage } from "./contract/storage.ts";
import { intercept } from "./intercept.ts";

type Call = (...args: unknown[]) => unknown;

/** The store with its calls measured; the same in everything else. */
export function measuredStorage(storage: MemoryStorage, telemetry: Telemetry): MemoryStorage {
  telemetry.metrics.observe("unimem_store_opens_total", () => storage.opens);
  const measure = (name: string, member: unknown) =>
    typeof member === "function" ? measured(name, member as Call, telemetry) : member;
  const parts = Object.entries(storage.capabilities).map(([name, part]: [string, object]) => {
    return [name, name === "outbox" ? part : intercept(part, measure)]; // the outbox's calls don't reach the store
  });
  const capabilities = Object.fromEntries(parts) as Capabilities;
  return intercept(storage, (name, member) => name === "capabilities" ? capabilities : measure(name, member));
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
