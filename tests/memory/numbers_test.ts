import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isPlain, plainNumber } from "../../src/memory/numbers.ts";

/** Reads a number as an integer and a power of ten, each a double. */
function readApart(text: string): number {
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text)!;
  const power = Number(exponent) - fraction.length, integer = Number(whole + fraction);
  const value = power < 0 ? integer / 10 ** -power : integer * 10 ** power;
  return sign === "-" ? -value : value;
}

Deno.test("a plain number comes back from readers that take integer and power apart, and is as near as can be", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const plain = plainNumber(value);
    assertEquals(plainNumber(plain), plain);
    if (!isPlain(value)) return assertEquals(plain, value);
    if (!Number.isInteger(value)) assertEquals(readApart(JSON.stringify(plain)), plain);
    assert(Math.abs(plain - value) <= Math.abs(value) * 1e-14);
  }));
});

Deno.test("times stay what they are to the microsecond", () => {
  assertEquals(plainNumber(1764050000.1234567), 1764050000.123457);
  assertEquals(plainNumber(1764050000.123456), 1764050000.123456);
  assertEquals(plainNumber(0.1 + 0.2), 0.3);
});
