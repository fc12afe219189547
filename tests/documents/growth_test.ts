/** What a document costs grows with its length and no faster, whatever it holds. */

import { AssertionError } from "@std/assert";
import { DEFAULT_LIMITS } from "../../src/documents/document.ts";
import { DocumentBuilder } from "../../src/documents/builder.ts";
import { baseName, extensionOf } from "../../src/documents/formats.ts";
import { linksOf, plainHeading } from "../../src/documents/markdown.ts";
import { parseDocument } from "../../src/documents/parse.ts";
import { addPages, lineOf, type TextItem } from "../../src/documents/parsers/pdf_layout.ts";
import { chunksOf, factsOf } from "../../src/documents/read.ts";
import { trimBlock } from "../../src/documents/text.ts";
import { MemoryError } from "../../src/errors.ts";
import { chunkText } from "../../src/memory/chunking.ts";
import { docx, HOSTILE_FILES } from "../hostile/documents.ts";
import { assertLinear as assertFunctionLinear, growthExponent, type GrowthOptions, LINEAR } from "../hostile/growth.ts";
import { HOSTILE_SHAPES } from "../hostile/shapes.ts";
import { utf8 } from "./helpers.ts";

type File = [name: string, bytes: Uint8Array<ArrayBuffer>];

/** Reads a file to its chunks, or to the error it is refused with. */
async function read([name, bytes]: File): Promise<void> {
  try {
    const document = await parseDocument(bytes, name, DEFAULT_LIMITS);
    factsOf(document);
    for (const _ of chunksOf(document, { size: 1000, overlap: 200 }));
  } catch (error) {
    if (!(error instanceof MemoryError) || error.code === "internal") throw error;
  }
}

/** Fails when what files cost grows faster than their length. */
async function assertLinear(
  shapes: Iterable<[name: string, make: (size: number) => File]>,
  options?: GrowthOptions,
): Promise<void> {
  const faults: string[] = [];
  for (const [name, make] of shapes) {
    let growth = await growthExponent(read, make, options);
    if (growth.exponent > LINEAR) growth = await growthExponent(read, make, options);
    if (growth.exponent <= LINEAR) continue;
    const times = growth.times.map(({ size, ms }) => `${size}: ${ms.toFixed(1)} ms`).join(", ");
    faults.push(`${name}: exponent ${growth.exponent.toFixed(2)} (${times})`);
  }
  if (faults.length > 0) throw new AssertionError(`The cost grows faster than the file:\n${faults.join("\n")}`);
}

for (const extension of ["md", "html", "csv", "json", "jsonl", "docx"]) {
  Deno.test(`files made to be slow as .${extension} are read in time that grows with their length`, () =>
    assertLinear(
      Object.entries(HOSTILE_FILES).filter(([, make]) => make(64)[0] === `a.${extension}`),
    ));
}

/** Bytes of the largest file of each shape: there are hundreds, and a square shows at this size. */
const SHAPE_SIZE = 16 * 1024;

/** Where a text of any shape stands in a file of each format. */
const PLACES: Record<string, (text: string) => File> = {
  "Markdown": (text) => ["a.md", utf8(text)],
  "a Markdown heading": (text) => ["a.md", utf8(`# x ${text.replaceAll("\n", " ")} y`)],
  "front matter": (text) => ["a.md", utf8(`---\ntitle: ${text}\n---\n\nwords`)],
  "HTML": (text) => ["a.html", utf8(`<p>x${text}y</p>`)],
  "preformatted HTML": (text) => ["a.html", utf8(`<pre>x${text}y</pre>`)],
  "an HTML heading": (text) => ["a.html", utf8(`<h1>x${text}y</h1>`)],
  "an HTML cell": (text) => ["a.html", utf8(`<table><tr><td>x${text}y</table>`)],
  "plain text": (text) => ["a.txt", utf8(`x${text}y`)],
  "CSV": (text) => ["a.csv", utf8(text)],
  "a quoted CSV field": (text) => ["a.csv", utf8(`a,b\n"x${text.replaceAll('"', '""')}y",1\n`)],
  "a CSV header": (text) => ["a.csv", utf8(`"${text.replaceAll('"', '""')}",b\n1,2\n`)],
  "a JSON value": (text) => ["a.json", utf8(JSON.stringify({ a: `x${text}y` }))],
  "a JSON key": (text) => ["a.json", utf8(JSON.stringify({ [text]: [1, { a: 2 }] }))],
  "JSON": (text) => ["a.json", utf8(text)],
  "JSON lines": (text) => ["a.jsonl", utf8(text)],
  "Word": (text) => ["a.docx", docx(`<w:p><w:r><w:t>x${xmlText(text)}y</w:t></w:r></w:p>`)],
};

function xmlText(text: string): string {
  return text.toWellFormed().replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

for (const [place, put] of Object.entries(PLACES)) {
  Deno.test(`${place} of any shape is read in time that grows with its length`, () =>
    assertLinear(HOSTILE_SHAPES.map(({ name, make }) => [name, (size) => put(make(size))]), { largest: SHAPE_SIZE }));
}

/** What reads a document's text beside the parsers, or a file's name. */
const FUNCTIONS: Record<string, (text: string) => unknown> = {
  "links in Markdown": (text) => linksOf(text).reduce((count) => count + 1, 0),
  "a heading's words": plainHeading,
  "a block's ends": (text) => trimBlock(`x${text}y`),
  "chunks": (text) =>
    chunkText(text, { countTokens: (part) => part.trim().length + 1, budget: 101, overlap: 50 }).reduce(
      (count) => count + 1,
      0,
    ),
  "a file's name": (text) => extensionOf(baseName(text)),
};

for (const [what, read] of Object.entries(FUNCTIONS)) {
  Deno.test(`${what} of any shape are found in time that grows with their length`, () =>
    assertFunctionLinear(read, HOSTILE_SHAPES, { largest: 4 * SHAPE_SIZE }));
}

/** Texts on a PDF's pages, as its library gives them, one unit of `size` each. */
const PAGES: Record<string, (size: number) => TextItem[][]> = {
  "lines of one paragraph": (size) => [items(size, (i) => [700 - i, "word", true])],
  "words cut at every line's end": (size) => [items(size, (i) => [700 - i, "word-", true])],
  "texts of one line": (size) => [items(size, () => [700, "a", false])],
  "blank texts": (size) => [items(size, () => [700, " ", false])],
  "lines of many sizes": (size) => [items(size, (i) => [-i * 20, "word", true], (i) => i / 4)],
  "pages of one line": (size) => items(size, () => [700, "word", true]).map((item) => [item]),
  "columns": (size) => [items(size, (i) => [i % 2 * 500, "word", true])],
};

function items(
  count: number,
  make: (i: number) => [y: number, str: string, hasEOL: boolean],
  height: (i: number) => number = () => 1,
): TextItem[] {
  return Array.from({ length: count }, (_, i) => {
    const [y, str, hasEOL] = make(i);
    return { str, transform: [1, 0, 0, 1, 0, y], height: height(i), hasEOL };
  });
}

Deno.test("a PDF's texts are put together in time that grows with their number", async () => {
  const join = (pages: TextItem[][]) => {
    try {
      const builder = new DocumentBuilder({ fileName: "a.pdf", limits: DEFAULT_LIMITS });
      addPages(builder, pages.map(lineOf));
      builder.finish();
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
    }
  };
  for (const [name, make] of Object.entries(PAGES)) {
    let growth = await growthExponent(join, make, { largest: 4 * SHAPE_SIZE });
    if (growth.exponent > LINEAR) growth = await growthExponent(join, make, { largest: 4 * SHAPE_SIZE });
    if (growth.exponent > LINEAR) throw new AssertionError(`${name}: ${JSON.stringify(growth)}`);
  }
});
