/**
 * Compiles the inner loops of vector search. The result is committed, so that the service needs no compiler.
 *
 * @module
 */

import loadWabt from "wabt";

const FOLDER = new URL("../src/storage/sqlite/", import.meta.url);
/** The module that {@link kernelsModule} makes. */
export const KERNELS_MODULE = new URL("kernels.gen.ts", FOLDER);
/** Characters of a line of base64. */
const WIDTH = 108;

/**
 * A module with the compiled code of `kernels.wat`.
 *
 * @throws {Error} naming the line that can't be compiled.
 */
export async function kernelsModule(): Promise<string> {
  const wabt = await loadWabt(), source = await Deno.readTextFile(new URL("kernels.wat", FOLDER));
  const parsed = wabt.parseWat("kernels.wat", source, { simd: true });
  try {
    parsed.validate();
    const code = parsed.toBinary({}).buffer.toBase64();
    const lines = Array.from(
      { length: Math.ceil(code.length / WIDTH) },
      (_, i) => code.slice(i * WIDTH, (i + 1) * WIDTH),
    );
    return [
      "// Made from kernels.wat by `deno task kernels`.",
      "",
      "/** The module `kernels.wat`, compiled, in base64. */",
      "export const COMPILED = `",
      ...lines,
      '`.replaceAll("\\n", "");',
      "",
    ].join("\n");
  } finally {
    parsed.destroy();
  }
}

if (import.meta.main) await Deno.writeTextFile(KERNELS_MODULE, await kernelsModule());
