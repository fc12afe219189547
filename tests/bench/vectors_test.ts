import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gaussian, seeded } from "../../bench/lib/random.ts";
import { dot, nearest, perturbed, toUnitLength } from "../../bench/lib/vectors.ts";

const random = seeded(5);
const drawn = () => toUnitLength(Float32Array.from({ length: 384 }, () => gaussian(random)));

Deno.test("a perturbed vector has unit length and is near its base", () => {
  const base = drawn(), other = drawn();
  for (let i = 0; i < 50; i++) {
    const vector = perturbed(base, other, random);
    assertAlmostEquals(dot(vector, vector), 1, 1e-5);
    const cosine = dot(vector, base);
    assert(cosine > 0.6 && cosine < 0.99, `${cosine}`);
    assert(cosine > dot(vector, other));
  }
});

Deno.test("the exact scan gives the nearest rows, best first", () => {
  const rows = Array.from({ length: 300 }, drawn), query = drawn();
  const expected = rows.map((row, i) => [dot(row, query), i] as const).sort((a, b) => b[0] - a[0]).map(([, i]) => i);
  const flat = Float32Array.from(rows.flatMap((row) => [...row]));
  assertEquals(nearest(query, flat, 10), expected.slice(0, 10));
  assertEquals(nearest(query, flat, 1000).length, 300);
});
