/**
 * DOCX: a ZIP archive of XML parts. Reads the text, the headings by their styles, lists, tables and notes.
 *
 * @module
 */

import { checkTime, DocumentBuilder, type ParseContext } from "../builder.ts";
import type { Extract } from "../document.ts";
import { overLimit, unreadable } from "../formats.ts";
import { DocxReader, readStyles } from "./docx_reader.ts";

const BODY = "word/document.xml", STYLES = "word/styles.xml", PROPERTIES = "docProps/core.xml";
const NOTES = ["word/footnotes.xml", "word/endnotes.xml"];
const WANTED = new Set([BODY, STYLES, PROPERTIES, ...NOTES]);

/** Reads a Word document. */
export async function parseDocx(bytes: Uint8Array, context: ParseContext): Promise<Extract> {
  const parts = await unzip(bytes, context);
  const body = parts.get(BODY);
  if (body === undefined) throw unreadable(context.fileName, "it is not a Word document: it has no text part");
  if (!/<\/(?:\w+:)?document>\s*$/.test(body)) {
    throw unreadable(context.fileName, "it is broken: its text ends too early");
  }

  const { Parser } = await import("htmlparser2");
  const builder = new DocumentBuilder(context);
  const styles = readStyles(parts.get(STYLES) ?? "", Parser);
  for (const [name, text] of parts) {
    if (name !== BODY && !NOTES.includes(name)) continue;
    const reader = new DocxReader(builder, styles);
    const parser = new Parser(reader.handler, { xmlMode: true });
    for (let at = 0; at < text.length; at += 65536) {
      checkTime(context);
      parser.write(text.slice(at, at + 65536));
    }
    parser.end();
    reader.flush();
  }
  const title = /<dc:title>([^<]*)<\/dc:title>/.exec(parts.get(PROPERTIES) ?? "")?.[1] ?? null;
  return builder.finish({ title: title && unescape(title) });
}

/** The parts that hold text, the body first. */
async function unzip(bytes: Uint8Array, context: ParseContext): Promise<Map<string, string>> {
  const { unzipSync } = await import("fflate");
  const { maxUnpackedBytes } = context.limits;
  let unpacked = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      // Room is made for the size a part announces and no more is ever written, so a false size costs nothing.
      filter: ({ name, originalSize }) => {
        if (!WANTED.has(name)) return false;
        unpacked += originalSize;
        if (unpacked <= maxUnpackedBytes) return true;
        throw overLimit(context.fileName, `it unpacks to more than ${Math.round(maxUnpackedBytes / 1024 / 1024)} MB`);
      },
    });
  } catch (error) {
    if (unpacked > maxUnpackedBytes) throw error;
    throw unreadable(context.fileName, "it is broken: it is not a whole ZIP archive", error);
  }
  const utf8 = new TextDecoder();
  const order = [BODY, ...NOTES, STYLES, PROPERTIES].filter((name) => files[name] !== undefined);
  return new Map(order.map((name) => [name, utf8.decode(files[name])]));
}

function unescape(text: string): string {
  const names: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => names[name]!);
}
