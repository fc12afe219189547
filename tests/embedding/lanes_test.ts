import { assertEquals } from "@std/assert";
import { Lanes } from "../../src/embedding/lanes.ts";

Deno.test("queries overtake passages, and each lane keeps its order", () => {
  const lanes = new Lanes<string>();
  for (const item of ["p1", "p2"]) lanes.push("passage", item);
  for (const item of ["q1", "q2"]) lanes.push("query", item);
  assertEquals(lanes.size, 4);
  assertEquals(lanes.drain(), ["q1", "q2", "p1", "p2"]);
  assertEquals(lanes.next(), undefined);
});

Deno.test("an endless stream of queries lets a waiting passage through after four", () => {
  const lanes = new Lanes<string>();
  for (let i = 0; i < 20; i++) lanes.push("query", "q");
  lanes.push("passage", "p1");
  lanes.push("passage", "p2");
  const order = lanes.drain().join("");
  assertEquals(order.slice(0, 12), "qqqqp1qqqqp2");
});

Deno.test("a begun item goes back to the head of its lane", () => {
  const lanes = new Lanes<string>();
  for (const item of ["p1", "p2"]) lanes.push("passage", item);
  const begun = lanes.next()!;
  lanes.putBack("passage", begun);
  assertEquals(lanes.drain(), ["p1", "p2"]);
  lanes.putBack("passage", "p0");
  assertEquals(lanes.drain(), ["p0"]);
});

Deno.test("a batch holds one kind only", () => {
  const lanes = new Lanes<string>();
  for (const item of ["p1", "p2", "p3"]) lanes.push("passage", item);
  lanes.push("query", "q1");
  assertEquals(lanes.nextBatch(10), ["q1"]);
  assertEquals(lanes.nextBatch(2), ["p1", "p2"]);
  assertEquals(lanes.nextBatch(2), ["p3"]);
});

Deno.test("a long queue gives back the memory of what was taken", () => {
  const lanes = new Lanes<number>();
  for (let i = 0; i < 5000; i++) lanes.push("passage", i);
  for (let i = 0; i < 5000; i++) assertEquals(lanes.next(), i);
  assertEquals(lanes.size, 0);
});
