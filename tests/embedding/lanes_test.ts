import { assert, assertEquals } from "@std/assert";
import { PriorityQueue } from "../../src/embedding/priority_queue.ts";

Deno.test("queries overtake passages, and each lane keeps its order", () => {
  const lanes = new PriorityQueue<string>();
  for (const item of ["p1", "p2"]) lanes.push("passage", item);
  for (const item of ["q1", "q2"]) lanes.push("query", item);
  assertEquals(lanes.size, 4);
  assertEquals(lanes.drain(), ["q1", "q2", "p1", "p2"]);
  assertEquals(lanes.next(), undefined);
});

Deno.test("an endless stream of queries lets a waiting passage through after four", () => {
  const lanes = new PriorityQueue<string>();
  for (let i = 0; i < 20; i++) lanes.push("query", "q");
  lanes.push("passage", "p1");
  lanes.push("passage", "p2");
  const order = lanes.drain().join("");
  assertEquals(order.slice(0, 12), "qqqqp1qqqqp2");
});

/** The order in which items are run that need so many runs each; `late` ones come after the first run. */
function orderOf(needs: Record<string, number>, late: Record<string, number> = {}): string {
  const lanes = new PriorityQueue<string>(), runs = new Map<string, number>();
  for (const item of Object.keys(needs)) lanes.push("passage", item);
  let order = "";
  for (let item = lanes.next(); item !== undefined; item = lanes.next()) {
    order += item;
    const done = (runs.get(item) ?? 0) + 1;
    runs.set(item, done);
    if (order.length === 1) { for (const item of Object.keys(late)) lanes.push("passage", item); }
    if (done < (needs[item] ?? late[item]!)) lanes.push("passage", item, done);
  }
  return order;
}

Deno.test("a passage of one run goes before the rest of one that was begun, and a short one before the rest of a long one", () => {
  assertEquals(orderOf({ a: 5 }, { b: 1 }), "abaaaa");
  assertEquals(orderOf({ a: 6 }, { b: 3 }).slice(0, 4), "abab");
  const order = orderOf({ a: 100, b: 100 }, { c: 4 });
  assert(order.lastIndexOf("c") < 16, order);
});

Deno.test("passages of many runs take turns, and an endless stream of short ones leaves them a fifth", () => {
  const order = orderOf({ a: 64, b: 64 });
  for (let at = 0; at < order.length; at += 32) {
    const share = order.slice(at, at + 32).replaceAll("b", "").length;
    assert(share >= 12 && share <= 20, order);
  }
  const lanes = new PriorityQueue<string>();
  lanes.push("passage", "long", 50);
  for (let i = 0; i < 20; i++) lanes.push("passage", "s");
  assertEquals(lanes.nextBatch(10), ["s", "s", "s", "s", "long", "s", "s", "s", "s", "s"]);
});

Deno.test("beside an endless stream of short passages, one of a few runs doesn't wait for the end of long ones", () => {
  const lanes = new PriorityQueue<string>(), order: string[] = [];
  for (let i = 0; i < 30; i++) lanes.push("passage", "long", 200);
  for (let i = 0; i < 30; i++) lanes.push("passage", "longer", 500);
  lanes.push("passage", "few", 1);
  for (let i = 0; i < 200; i++) {
    lanes.push("passage", "short");
    order.push(lanes.next()!);
  }
  assert(order.indexOf("few") >= 0 && order.indexOf("few") < 20, order.join(" "));
  for (const item of ["long", "longer"]) assert(order.filter((other) => other === item).length > 15, order.join(" "));
});

Deno.test("a batch holds one kind only", () => {
  const lanes = new PriorityQueue<string>();
  for (const item of ["p1", "p2", "p3"]) lanes.push("passage", item);
  lanes.push("query", "q1");
  assertEquals(lanes.nextBatch(10), ["q1"]);
  assertEquals(lanes.nextBatch(2), ["p1", "p2"]);
  assertEquals(lanes.nextBatch(2), ["p3"]);
});

Deno.test("a long queue gives back the memory of what was taken", () => {
  const lanes = new PriorityQueue<number>();
  for (let i = 0; i < 5000; i++) lanes.push("passage", i);
  for (let i = 0; i < 5000; i++) assertEquals(lanes.next(), i);
  assertEquals(lanes.size, 0);
});
