import { assert, assertEquals } from "@std/assert";
import { memoryAt, mixedVectors } from "../../bench/lib/large_memories.ts";
import { gaussian, seeded } from "../../bench/lib/random.ts";
import { toUnitLength } from "../../bench/lib/vectors.ts";

const random = seeded(3);
const embedded = Array.from(
  { length: 5 },
  () => toUnitLength(Float32Array.from({ length: 8 }, () => gaussian(random))),
);

Deno.test("a smaller store has the first vectors of a larger one, those of embedded texts in front", () => {
  const few = [...mixedVectors(embedded, 12)], many = [...mixedVectors(embedded, 40)];
  assertEquals(few, many.slice(0, 12));
  assertEquals(few.slice(0, 5), embedded);
});

Deno.test("memories of a large store differ, and turns of a conversation follow each other", () => {
  const memories = Array.from({ length: 100 }, (_, i) => memoryAt(i));
  assertEquals(new Set(memories.map(({ content_hash }) => content_hash)).size, 100);
  assertEquals(new Set(memories.map(({ conversation_id }) => conversation_id)).size, 5);
  assert(memories.every(({ created_at }, i) => i === 0 || created_at > memories[i - 1]!.created_at));
});
