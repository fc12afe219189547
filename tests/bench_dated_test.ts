import { assert, assertEquals } from "@std/assert";
import { z } from "zod";

const Dated = z.strictObject({
  docs: z.array(z.strictObject({ t: z.string().min(10), id: z.string().regex(/^[a-z0-9-]+$/), at: z.iso.date() })),
  qs: z.array(z.strictObject({
    q: z.string().min(3),
    ev: z.array(z.string()).min(1),
    cat: z.enum(["now", "state", "before", "order", "when"]),
  })),
});
const [tuned, heldOut] = await Promise.all(["tuned", "held_out"].map(async (name) => {
  const file = new URL(`../bench/dated/${name}.json`, import.meta.url);
  return Dated.parse(JSON.parse(await Deno.readTextFile(file)));
}));

Deno.test("the dated sets have thirty questions each and nothing in common", () => {
  for (const { docs, qs } of [tuned!, heldOut!]) {
    assertEquals(qs.length, 30);
    assertEquals(new Set(qs.map(({ q }) => q)).size, qs.length);
    assertEquals(new Set(docs.map(({ id }) => id)).size, docs.length);
    assertEquals(new Set(docs.map(({ t }) => t)).size, docs.length);
  }
  const texts = new Set(tuned!.docs.map(({ t }) => t)), questions = new Set(tuned!.qs.map(({ q }) => q));
  assertEquals(heldOut!.docs.filter(({ t }) => texts.has(t)), []);
  assertEquals(heldOut!.qs.filter(({ q }) => questions.has(q)), []);
});

Deno.test("every question of the dated sets has evidence that exists, in order of time where an order is asked for", () => {
  for (const { docs, qs } of [tuned!, heldOut!]) {
    const at = new Map(docs.map((doc) => [doc.id, doc.at]));
    for (const { q, ev, cat } of qs) {
      assert(ev.every((id) => at.has(id)), q);
      if (cat !== "order") continue;
      assert(ev.length > 1, q);
      assertEquals(ev.map((id) => at.get(id)!), ev.map((id) => at.get(id)!).toSorted(), q);
    }
  }
});
