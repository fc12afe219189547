/**
 * DOCX: a ZIP archive of XML parts. Reads the text, the headings by their styles, lists, tables and notes.
 *
 * @module
 */

import { unzipSync } from "fflate";
import { DocumentBuilder, type ParseContext } from "../builder.ts";
import type { Extract } from "../document.ts";
import { overLimit, unreadable } from "../formats.ts";
import { DocxReader, readStyles } from "./docx_reader.ts";
import { readElements } from "./elements.ts";

const BODY = "word/document.xml", STYLES = "word/styles.xml", PROPERTIES = "docProps/core.xml";
const NOTES = ["word/footnotes.xml", "word/endnotes.xml"];
const WANTED = new Set([BODY, STYLES, PROPERTIES, ...NOTES]);

/** Characters at a part's end in which its last tag is looked for. */
const LAST_TAG_WITHIN = 64;

/** Reads a Word document. */
export function parseDocx(bytes: Uint8Array, context: ParseContext): Extract {
  const parts = unzip(bytes, context);
  const body = parts.get(BODY);
  if (body === undefined) throw unreadable(context.fileName, "it is not a Word document: it has no text part");
  if (!/<\/(?:\w+:)?document>$/.test(body.trimEnd().slice(-LAST_TAG_WITHIN))) {
    throw unreadable(context.fileName, "it is broken: its text ends too early");
  }
  const builder = new DocumentBuilder(context);
  const styles = readStyles(parts.get(STYLES) ?? "");
  for (const [name, text] of parts) {
    if (name !== BODY && !NOTES.includes(name)) continue;
    const reader = new DocxReader(builder, styles);
    readElements(text, reader, { xml: true });
    reader.flush();
  }
  return builder.finish({ title: titleIn(parts.get(PROPERTIES) ?? "") });
}

/** The title among a document's properties. */
function titleIn(xml: string): string | null {
  let title: string[] | null = null, isOpen = false;
  readElements(xml, {
    open(name) {
      if (name !== "dc:title" || title !== null) return;
      title = [];
      isOpen = true;
    },
    text: (data) => void (isOpen && title?.push(data)),
    close: (name) => void (isOpen &&= name !== "dc:title"),
  }, { xml: true });
  return (title as string[] | null)?.join("") ?? null;
}

/** The parts that hold text, the body first. */
function unzip(bytes: Uint8Array, context: ParseContext): Map<string, string> {
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
