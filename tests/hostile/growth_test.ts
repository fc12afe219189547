import { assert, assertEquals, assertRejects } from "@std/assert";
import { assertLinear, growthExponent, LINEAR } from "./growth.ts";
import { HOSTILE_SHAPES } from "./shapes.ts";

const make = (size: number) => " ".repeat(size);

Deno.test("a linear function, one of constant cost and one that waits are found linear", async () => {
  for (
    const run of [
      (text: string) => text.split("").map((character) => character.charCodeAt(0)).length,
      (text: string) => text.length,
      (text: string) => new Promise((done) => setTimeout(() => done(text.length), 1)),
    ]
  ) {
    const { exponent } = await growthExponent(run, make);
    assert(exponent <= LINEAR, `exponent ${exponent}`);
  }
});

Deno.test("a quadratic pattern and a cubic one are found, and end", async () => {
  for (const pattern of [/\s+$/, /^\s*\s*\s*$/]) {
    const { exponent } = await growthExponent((text) => pattern.test(`${text}x`), make);
    assert(exponent > LINEAR, `${pattern}: exponent ${exponent}`);
  }
});

Deno.test("the failure names the shape and the times", async () => {
  const error = await assertRejects(() => assertLinear((text) => /\s+$/.test(`${text}x`), HOSTILE_SHAPES.slice(9, 10)));
  assert(error instanceof Error && /U\+0009: exponent \d\.\d\d \(.*ms/.test(error.message), String(error));
});

Deno.test("hostile shapes have names of their own and the length asked for", () => {
  assertEquals(new Set(HOSTILE_SHAPES.map(({ name }) => name)).size, HOSTILE_SHAPES.length);
  for (const { name, make } of HOSTILE_SHAPES) {
    const { length } = make(4096);
    assert(length <= 4096 && length > 4096 - 64, `${name}: ${length}`);
  }
});
