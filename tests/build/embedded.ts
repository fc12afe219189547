/**
 * Reads which files an executable made by `deno compile` holds, in the form Deno 2.9 gives them: metadata, packages,
 * specifiers, redirects, remote modules, then the tree of files as JSON.
 *
 * @module
 */

const MAGIC = new TextEncoder().encode("d3n0l4nd");

/** A folder with its entries, or a file with its offset and size. */
type Entry = { Dir: { n: string; e: Entry[] } } | { File: { n: string; o: [offset: number, size: number] } };

/** Sizes of the embedded files by path, and the facts the executable starts with. */
export interface Embedded {
  sizes: Map<string, number>;
  // deno-lint-ignore no-explicit-any -- Deno's own record, of which a test looks at a few fields.
  metadata: any;
}

/** Reads an executable. */
export async function readEmbedded(path: string): Promise<Embedded> {
  const bytes = await Deno.readFile(path), view = new DataView(bytes.buffer);
  for (let at = find(bytes, MAGIC, 0); at >= 0; at = find(bytes, MAGIC, at + 1)) {
    // The runtime itself holds the same letters: what follows must be a length and JSON.
    const start = at + MAGIC.length, length = Number(view.getBigUint64(start, true));
    if (length > 1e7 || bytes[start + 8] !== 0x7b) continue;
    const metadata = JSON.parse(text(bytes, start + 8, length));
    const sizes = new Map<string, number>();
    walk(JSON.parse(treeAfter(bytes, view, start + 8 + length)), "", sizes);
    return { sizes, metadata };
  }
  throw new Error(`Cannot find embedded files in ${path}`);
}

/** The JSON of the files, which begins with a folder or a file. */
function treeAfter(bytes: Uint8Array, view: DataView, from: number): string {
  for (const word of ['[{"Dir":', '[{"File":']) {
    const at = find(bytes, new TextEncoder().encode(word), from);
    if (at >= 0 && at - from < 1e7) return text(bytes, at, Number(view.getBigUint64(at - 8, true)));
  }
  throw new Error("Cannot find the tree of files");
}

function walk(entries: Entry[], prefix: string, sizes: Map<string, number>): void {
  for (const entry of entries) {
    if ("Dir" in entry) walk(entry.Dir.e, `${prefix}${entry.Dir.n}/`, sizes);
    else if ("File" in entry) sizes.set(prefix + entry.File.n, entry.File.o[1]);
    else throw new Error(`Cannot read ${JSON.stringify(entry)}: neither a folder nor a file`);
  }
}

function find(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0]!, from); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return new TextDecoder().decode(bytes.subarray(at, at + length));
}
