/**
 * A store whose calls are counted, timed and traced, whichever driver is behind it.
 *
 * @module
 */

import { type Outcome, outcomeOf } from "../telemetry/outcome.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { Capabilities } from "./contract/capabilities.ts";
import type { MemoryStore, StoreSpaces } from "./contract/spaces.ts";
import type { MemoryStorage } from "./contract/storage.ts";
import { intercept } from "./intercept.ts";

type Call = (...args: unknown[]) => unknown;

/** The store with its calls measured, those of its views too; the same in everything else. */
export function measuredStorage(store: MemoryStore, telemetry: Telemetry): MemoryStore {
  telemetry.metrics.observe("unimem_store_opens_total", () => store.opens);
  const meters = new Map<string, Meter>();
  const measure = (name: string, member: unknown) =>
    typeof member === "function" ? measured(name, member as Call, meters, telemetry) : member;
  const parts = Object.entries(store.capabilities).map(([name, part]: [string, object]) => {
    return [name, name === "outbox" ? part : intercept(part, measure)]; // the outbox's calls don't reach the store
  });
  const capabilities = Object.fromEntries(parts) as Capabilities;
  const view = <T extends MemoryStorage>(of: T, spaces?: StoreSpaces): T =>
    intercept(of, (name, member) => {
      if (name === "capabilities") return capabilities;
      return name === "spaces" ? spaces : measure(name, member);
    });
  const spaces = intercept(store.spaces, (name, member) => {
    if (name !== "within") return measure(`spaces.${name}`, member);
    return (...args: Parameters<StoreSpaces["within"]>) => view(store.spaces.within(...args));
  });
  return view(store, spaces);
}

/** What counts and times the calls of one method. */
interface Meter {
  observe(seconds: number): void;
  end(outcome: Outcome): void;
}

function meterOf(method: string, { metrics }: Telemetry): Meter {
  const duration = metrics.histogram("unimem_store_call_duration_seconds").with(method);
  const ended = metrics.counter("unimem_store_calls_total"), ok = ended.with(method, "ok");
  return {
    observe: (seconds) => duration.observe(seconds),
    end: (outcome) => (outcome === "ok" ? ok : ended.with(method, outcome)).add(),
  };
}

/** @param meters Made so far, by method: views come and go, and count together. */
function measured(method: string, call: Call, meters: Map<string, Meter>, telemetry: Telemetry): Call {
  const { tracer } = telemetry, meter = meters.get(method) ?? meterOf(method, telemetry);
  meters.set(method, meter);
  const attributes = { "store.method": method };
  return (...args) => {
    const began = performance.now();
    const result = tracer === null
      ? call(...args)
      : tracer.call(`store ${method}`, attributes, async () => await call(...args));
    if (!(result instanceof Promise)) return result;
    const end = (outcome: Outcome) => {
      meter.observe((performance.now() - began) / 1000);
      meter.end(outcome);
    };
    return result.then((value) => (end("ok"), value), (error) => {
      end(outcomeOf(error));
      throw error;
    });
  };
}
