/**
 * Compiles kernels.wat and prints the text of the constant in kernels.ts. Run by hand after a change of kernels.wat:
 * `deno run -A --no-lock src/storage/sqlite/build_kernels.ts`. The compiler isn't a dependency of Unimem.
 */

const { default: load } = await import("npm:wabt@1.0.39" as string);
const wabt = await load();
const source = await Deno.readTextFile(new URL("./kernels.wat", import.meta.url));
const { buffer } = wabt.parseWat("kernels.wat", source, { simd: true }).toBinary({});
console.log(buffer.toBase64().match(/.{1,108}/g).map((part: string) => `  "${part}",`).join("\n"));
