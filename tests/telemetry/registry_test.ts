import { assert, assertEquals, assertThrows } from "@std/assert";
import { exposition } from "../../src/telemetry/exposition.ts";
import { MAX_SERIES, Registry } from "../../src/telemetry/registry.ts";
import { parseExposition } from "./exposition.ts";

Deno.test("an exposition gives back what was counted, whatever the labels hold", async () => {
  const registry = new Registry(), nasty = 'a "quoted" \\ and\nbroken=},{ value';
  registry.counter("unimem_requests_total").with("rest", nasty, "ok").add(2);
  registry.gauge("unimem_sessions").with("sse").set(-1.5);
  const { sum, types } = parseExposition(await exposition(registry));
  assertEquals(sum("unimem_requests_total", { operation: nasty }), 2);
  assertEquals(sum("unimem_sessions", { transport: "sse" }), -1.5);
  assertEquals(types.get("unimem_request_duration_seconds"), undefined); // nothing was observed yet
});

Deno.test("a histogram counts each value in the first bucket that holds it, bounds included", async () => {
  const registry = new Registry(), values = [0, 0.0005, 0.00051, 1, 59, 61];
  const histogram = registry.histogram("unimem_request_duration_seconds").with("rest", "search");
  for (const value of values) histogram.observe(value);
  const { sum, samples } = parseExposition(await exposition(registry));
  assertEquals(sum("unimem_request_duration_seconds_count"), values.length);
  assertEquals(sum("unimem_request_duration_seconds_sum"), values.reduce((a, b) => a + b));
  for (const { name, labels, value } of samples) {
    if (name !== "unimem_request_duration_seconds_bucket") continue;
    const bound = Number(labels.le!.replace("Inf", "Infinity"));
    assertEquals(value, values.filter((value) => value <= bound).length, labels.le);
  }
});

Deno.test("series of one instrument are bounded, and none of the load is lost", async () => {
  const registry = new Registry(), counter = registry.counter("unimem_requests_total");
  for (let i = 0; i < 3 * MAX_SERIES; i++) counter.with("rest", `operation ${i}`, "ok").add();
  const { sum, samples } = parseExposition(await exposition(registry));
  const series = samples.filter(({ name }) => name === "unimem_requests_total");
  assertEquals(series.length, MAX_SERIES + 1);
  assertEquals(sum("unimem_requests_total"), 3 * MAX_SERIES);
});

Deno.test("a reading that fails leaves out its own instrument alone", async () => {
  const registry = new Registry();
  registry.observe("unimem_memories", () => Promise.reject(new Error("The store is away")));
  registry.observe("unimem_event_streams", () => 3);
  const { types, sum } = parseExposition(await exposition(registry));
  assertEquals(types.has("unimem_memories"), false);
  assertEquals(sum("unimem_event_streams"), 3);
});

Deno.test("a registry that is off takes observations and keeps none", async () => {
  const registry = new Registry(false);
  registry.counter("unimem_requests_total").with("rest", "search", "ok").add();
  assert(!(await exposition(registry)).includes("search"));
});

Deno.test("a wrong number of labels is a fault of the program", () => {
  const counter = new Registry().counter("unimem_requests_total") as unknown as { with(...values: string[]): unknown };
  assertThrows(() => counter.with("rest"), TypeError, "unimem_requests_total takes 3 labels, not 1");
});
