import { assert, assertEquals, assertThrows } from "@std/assert";
import { place, planeOf } from "../../src/memory/projection.ts";

/** Vectors around three corners of a space, with little of anything else. */
function corners(count: number): { vector: Float32Array; corner: number }[] {
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  return Array.from({ length: count }, (_, n) => {
    const vector = Float32Array.from({ length: 64 }, () => random() * 0.05);
    vector[20 * (n % 3)]! += 1;
    return { vector, corner: n % 3 };
  });
}

Deno.test("what is alike lies together on the plane, and what isn't lies apart", () => {
  const given = corners(300), plane = planeOf(given.map(({ vector }) => vector));
  const placed = given.map(({ vector, corner }) => ({ corner, at: place(plane, vector) }));
  const middles = [0, 1, 2].map((corner) => {
    const own = placed.filter((point) => point.corner === corner);
    return [0, 1].map((i) => own.reduce((sum, { at }) => sum + at[i]!, 0) / own.length) as [number, number];
  });
  const distance = ([a, b]: readonly number[], [c, d]: readonly number[]) => Math.hypot(a! - c!, b! - d!);
  for (const { corner, at } of placed) {
    const nearest = middles.map((middle) => distance(middle, at)).reduce(
      (best, far, i, all) => far < all[best]! ? i : best,
      0,
    );
    assertEquals(nearest, corner);
    assert(Math.abs(at[0]) < 1.5 && Math.abs(at[1]) < 1.5);
  }
});

Deno.test("one vector, equal vectors and none have a defined place", () => {
  const one = new Float32Array([1, 0, 0]);
  assertEquals(place(planeOf([one]), one).map(Math.abs), [0, 0]);
  assertEquals(place(planeOf([one, one, one]), one).map(Math.abs), [0, 0]);
  assertThrows(() => planeOf([]), RangeError);
});
