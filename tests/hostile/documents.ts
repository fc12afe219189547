/**
 * Files made to cost their reader more than they cost their sender.
 *
 * @module
 */

import { zipSync } from "fflate";
import { utf8 } from "../documents/helpers.ts";

/** A PDF of one page. */
export interface PdfBomb {
  /** What stands before the page's content, filters included. */
  description: string;
  content: Uint8Array;
}

/** A PDF whose page holds the given content. */
export function pdf({ description, content }: PdfBomb, extra: string[] = []): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [], offsets: number[] = [];
  let size = 0;
  const add = (part: string | Uint8Array) => {
    const bytes = typeof part === "string" ? utf8(part) : part;
    parts.push(bytes);
    size += bytes.length;
  };
  add("%PDF-1.7\n");
  const objects = [
    ["<< /Type /Catalog /Pages 2 0 R >>"],
    ["<< /Type /Pages /Kids [3 0 R] /Count 1 >>"],
    ["<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << >> >>"],
    [`<< ${description} /Length ${content.length} >>\nstream\n`, content, "\nendstream"],
    ...extra.map((text) => [text]),
  ];
  objects.forEach((object, i) => {
    offsets.push(size);
    add(`${i + 1} 0 obj\n`);
    object.forEach(add);
    add("\nendobj\n");
  });
  const table = size;
  add(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`);
  for (const offset of offsets) add(`${String(offset).padStart(10, "0")} 00000 n \n`);
  add(`trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** PDFs whose page unpacks to `megabytes`, each naming its filters in another way that a look from outside misses. */
export async function pdfBombs(megabytes: number): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const blanks = new Uint8Array(1 << 20).fill(0x20);
  const once = await deflated(ReadableStream.from(Array<Uint8Array<ArrayBuffer>>(megabytes).fill(blanks)));
  const twice = await deflated(ReadableStream.from([once]));
  return new Map([
    ["by name", pdf({ description: "/Filter /FlateDecode", content: once })],
    ["by reference", pdf({ description: "/Filter 5 0 R", content: once }, ["/FlateDecode"])],
    ["behind padding", pdf({ description: `/Filter /FlateDecode ${" ".repeat(4096)}`, content: once })],
    ["in hexadecimal digits", pdf({ description: "/Filter /#46lateDecod#65", content: once })],
    ["chained", pdf({ description: "/Filter [/Fl /Fl]", content: twice })],
    ["chained by reference", pdf({ description: "/Filter 5 0 R", content: twice }, ["[/FlateDecode /FlateDecode]"])],
    ["as an image", pdf({ description: "/Subtype /Image /Filter /FlateDecode", content: once })],
  ]);
}

async function deflated(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream.pipeThrough(new CompressionStream("deflate"))).arrayBuffer());
}

/** A Word document of a body, and of styles where it has any. */
export function docx(body: string, styles?: string): Uint8Array<ArrayBuffer> {
  const xml = (name: string, text: string) =>
    utf8(
      `<?xml version="1.0"?><w:${name} xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">${text}</w:${name}>`,
    );
  return zipSync({
    "word/document.xml": xml("document", `<w:body>${body}</w:body>`),
    ...(styles === undefined ? {} : { "word/styles.xml": xml("styles", styles) }),
  }) as Uint8Array<ArrayBuffer>;
}

/** Repeats a text up to about `length` characters. */
function filled(text: string, length: number): string {
  return text.repeat(Math.ceil(length / text.length));
}

/** A paragraph of a Word document. */
const paragraph = (inside: string) => `<w:p><w:r>${inside}</w:r></w:p>`;

/** Hostile shapes by the file they come in; each makes a file whose text is about `length` characters. */
export const HOSTILE_FILES: Record<string, (length: number) => [name: string, bytes: Uint8Array<ArrayBuffer>]> = {
  "a heading, blanks, a line separator": (n) => ["a.md", utf8(`# ${" ".repeat(n)}\u2028x`)],
  "a heading of blanks and marks": (n) => ["a.md", utf8(`# a${filled(" #", n)}x`)],
  "headings": (n) => ["a.md", utf8(filled("# a\n", n))],
  "headings of one word and blanks": (n) => ["a.md", utf8(filled(`# a${" ".repeat(60)}b\n`, n))],
  "underlines": (n) => ["a.md", utf8(`a\n${"=".repeat(n)}x`)],
  "a fence and a line separator": (n) => ["a.md", utf8(`${"`".repeat(n)}\u2028x`)],
  "opening brackets": (n) => ["a.md", utf8(`# ${"[".repeat(n)}\n\nx`)],
  "opening brackets in text": (n) => ["a.md", utf8("[".repeat(n))],
  "brackets before one address": (n) => ["a.md", utf8(`${"[".repeat(n / 2)}](${"a".repeat(n / 2)}`)],
  "links that never end": (n) => ["a.md", utf8(filled("[a](", n))],
  "links across lines": (n) => ["a.md", utf8(filled("[a](b\n", n))],
  "stars": (n) => ["a.md", utf8(filled(`# ${"*a ".repeat(100)}\n`, n))],
  "stars and backticks": (n) => ["a.md", utf8(filled(`# ${"*a` ".repeat(100)}\n`, n))],
  "underscores": (n) => ["a.md", utf8(filled(`# ${"_a ".repeat(100)}\n`, n))],
  "a title of blanks": (n) => ["a.md", utf8(`---\ntitle: "a${" ".repeat(n)}b\n---\nx`)],
  "front matter that never ends": (n) => ["a.md", utf8(`---\n${filled("a: b\n", n)}`)],
  "blank lines": (n) => ["a.md", utf8(`a${filled(" \n", n)}b`)],
  "blanks": (n) => ["a.txt", utf8(`a${" ".repeat(n)}b`)],
  "digits of a list": (n) => ["a.md", utf8(filled(`${"1".repeat(n)}\n`, n))],
  "one JSON value of blanks": (n) => ["a.json", utf8(JSON.stringify({ a: `a${" ".repeat(n)}b` }))],
  "one JSON line of blanks": (n) => ["a.jsonl", utf8(JSON.stringify({ a: `a${"\n ".repeat(n / 2)}b` }))],
  "long JSON keys around many values": (n) => {
    const inner = `[${filled("{},1,", n / 4).slice(0, -1)}]`;
    return ["a.json", utf8(`{"${"k".repeat(n / 2)}":${inner}}`)];
  },
  "many JSON lists": (n) => ["a.json", utf8(`[${filled("[[]],", n).slice(0, -1)}]`)],
  "JSON that never ends": (n) => ["a.json", utf8("[".repeat(n))],
  "quotes in CSV": (n) => ["a.csv", utf8(`a,b\n${filled('"a" x,', n)}`)],
  "doubled quotes in CSV": (n) => ["a.csv", utf8(`a,b\n"${filled('""', n)}"\n`)],
  "blanks after a quote in CSV": (n) => ["a.csv", utf8(`a,b\n"x"${" ".repeat(n)}\n`)],
  "CSV fields of blanks": (n) => ["a.csv", utf8(`a,b\nx${" ".repeat(n)}y,z\n`)],
  "long names over many CSV rows": (n) => ["a.csv", utf8(`${"n".repeat(n / 2)},b\n${filled("1,2\n", n / 2)}`)],
  "CSV rows": (n) => ["a.csv", utf8(`a,b\n${filled("1,2\n", n)}`)],
  "non-breaking blanks in HTML": (n) => ["a.html", utf8(`<p>a${filled("&nbsp;", n)}b`)],
  "preformatted blanks in HTML": (n) => ["a.html", utf8(`<pre>a${filled(" \n", n)}b</pre>`)],
  "line breaks in HTML": (n) => ["a.html", utf8(`<p>a${filled("<br> ", n)}b`)],
  "unclosed elements": (n) => ["a.html", utf8(`${filled("<b>", n)}x`)],
  "unclosed elements and others that close": (
    n,
  ) => ["a.html", utf8(filled("<b>", n / 2) + filled("</i>", n / 2) + "x")],
  "nested lists": (n) => ["a.html", utf8(filled("<ul><li>a", n))],
  "nested tables in HTML": (n) => ["a.html", utf8(filled("<table><tr><td>a", n))],
  "attributes": (n) => ["a.html", utf8(`<p ${Array.from({ length: n / 8 }, (_, i) => `a${i}=1`).join(" ")}>x`)],
  "comments that never end": (n) => ["a.html", utf8(`x${filled("<!--", n)}`)],
  "tags that never end": (n) => ["a.html", utf8(`x${filled("<a", n)}`)],
  "ampersands": (n) => ["a.html", utf8(filled("&a", n))],
  "hidden elements": (n) => ["a.html", utf8(`x${filled("<p hidden>", n)}`)],
  "line breaks in Word": (n) => ["a.docx", docx(paragraph(`<w:t>a</w:t>${filled("<w:br/>", n)}<w:t>b</w:t>`))],
  "blanks in Word": (n) => ["a.docx", docx(paragraph(`<w:t>a${" ".repeat(n)}b</w:t>`))],
  "a chain of styles": (n) => {
    const count = Math.ceil(n / 70);
    const styles = Array.from(
      { length: count },
      (_, i) => `<w:style w:styleId="s${i}"><w:basedOn w:val="s${i + 1}"/></w:style>`,
    );
    return ["a.docx", docx(paragraph("<w:t>a</w:t>"), styles.join(""))];
  },
  "nested tables in Word": (n) => ["a.docx", docx(filled(`<w:tbl><w:tr><w:tc>${paragraph("<w:t>a</w:t>")}`, n))],
  "unclosed elements in Word": (n) => ["a.docx", docx(filled("<w:x>", n))],
  "outline levels in Word": (n) => [
    "a.docx",
    docx(
      Array.from(
        { length: n / 80 },
        (_, i) => `<w:p><w:pPr><w:outlineLvl w:val="${i / n}"/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>`,
      ).join(""),
    ),
  ],
};
