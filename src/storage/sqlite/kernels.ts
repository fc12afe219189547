/**
 * The inner loops of vector search as WebAssembly, which has the 16-byte instructions JavaScript lacks: comparing
 * 100,000 signatures takes 0.4 ms instead of 2.2, a dot product of 384 codes 30 ns instead of 400. kernels.wat is the
 * source.
 *
 * @module
 */

/** Functions over one memory; all positions are byte addresses, all vectors padded to multiples of 16 bytes. */
export interface Kernels {
  /** Hamming distances, as 16-bit numbers at `out`, between a signature and `count` others that follow each other. */
  hamming(signatures: number, count: number, bytes: number, query: number, out: number): void;
  /** Dot products, as 32-bit integers at `out`, of a 16-bit query and the 8-bit codes at each of `count` addresses. */
  dots(addresses: number, count: number, bytes: number, query: number, out: number): void;
  /** Signature of `bytes` codes: one bit for each, whether it is above zero. */
  signs(codes: number, bytes: number, out: number): void;
}

const COMPILED = [
  "AGFzbQEAAAABDwJgBX9/f39/AGADf39/AAIRAQVpbmRleAZtZW1vcnkCAAEDBAMAAAEHGgMHaGFtbWluZwAABGRvdHMAAQVzaWducwACCoQD",
  "A48BAgF/AXsgAUUEQA8LA0D9DAAAAAAAAAAAAAAAAAAAAAAhBkEAIQUDQCAGIAAgBWr9AAQAIAMgBWr9AAQA/VH9Yv19/Y4BIQYgBUEQaiIF",
  "IAJJDQALIAb9fyEGIAQgBv0bACAG/RsBaiAG/RsCIAb9GwNqajsBACAEQQJqIQQgACACaiEAIAFBAWsiAQ0ACwutAQIDfwJ7IAFFBEAPCwNA",
  "IAAoAgAhBSAFIAJqIQYgAyEH/QwAAAAAAAAAAAAAAAAAAAAAIQgDQCAF/QAEACEJIAggCf2HASAH/QAEAP26ASAJ/YgBIAf9AAQQ/boB/a4B",
  "/a4BIQggB0EgaiEHIAVBEGoiBSAGSQ0ACyAEIAj9GwAgCP0bAWogCP0bAiAI/RsDamo2AgAgBEEEaiEEIABBBGohACABQQFrIgENAAsLQgEB",
  "fyAAIAFqIQMDQCACIAD9AAQA/QwAAAAAAAAAAAAAAAAAAAAA/Sf9ZDsBACACQQJqIQIgAEEQaiIAIANJDQALCw==",
];

let compiled: WebAssembly.Module | undefined;

/** The kernels, bound to `memory`. */
export function kernelsOver(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(COMPILED.join("")));
  return new WebAssembly.Instance(compiled, { index: { memory } }).exports as unknown as Kernels;
}
