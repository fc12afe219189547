/**
 * The compiled inner loops of vector search are those of their source.
 */

import { assertEquals } from "@std/assert";
import { KERNELS_MODULE, kernelsModule } from "../../build/kernels.ts";

Deno.test("the committed kernels are compiled from kernels.wat; run `deno task kernels` after a change", async () => {
  assertEquals(await Deno.readTextFile(KERNELS_MODULE), await kernelsModule());
});
