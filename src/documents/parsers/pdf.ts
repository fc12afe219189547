/**
 * PDF: pages into sections. Faults of the file are named; how text is put together is in
 * `pdf_layout.ts`. How much the file may unpack to is left to the limit on the process that parses it: what a part
 * unpacks to can't be known from outside, since filters may be chained, named by reference, or behind encryption.
 *
 * @module
 */

import { getDocumentProxy } from "unpdf";
import { checkLength, DocumentBuilder, type ParseContext } from "../builder.ts";
import type { Extract } from "../document.ts";
import { overLimit, unreadable } from "../formats.ts";
import { addPages, type Line, lineOf, type TextItem } from "./pdf_layout.ts";

/** Reads a PDF file. */
export async function parsePdf(bytes: Uint8Array, context: ParseContext): Promise<Extract> {
  const { fileName, limits } = context;
  // Its errors come back through promises; its warnings would go to standard output, where answers go.
  const opened = getDocumentProxy(bytes, { verbosity: 0 });
  const document = await opened.catch((error: unknown) => {
    throw openFault(fileName, error);
  });
  try {
    const pages = document.numPages;
    if (pages > limits.maxPages) {
      throw overLimit(fileName, `it has ${pages} pages; the limit is ${limits.maxPages}`);
    }
    const lines: Line[][] = [];
    const unread: number[] = [];
    let length = 0;
    for (let number = 1; number <= pages; number++) {
      const page = await document.getPage(number).then((page) => readPage(page), () => null);
      lines.push(page ?? []);
      length += page?.reduce((sum, line) => sum + line.text.length, 0) ?? 0;
      if (page === null || page.length === 0) unread.push(number);
      checkLength(length, context);
    }
    if (unread.length === pages) {
      throw unreadable(fileName, `none of its ${pages} pages holds text; a scan needs text recognition first`);
    }
    const builder = new DocumentBuilder(context);
    addPages(builder, lines);
    const warnings = unread.length > 0 ? [`No text on ${pageList(unread)} of ${pages}`] : [];
    return builder.finish({ pages, title: await titleOf(document), warnings });
  } finally {
    await document.loadingTask.destroy();
  }
}

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

async function readPage(page: Awaited<ReturnType<Pdf["getPage"]>>): Promise<Line[]> {
  const { items } = await page.getTextContent();
  page.cleanup();
  return lineOf(items.filter((item): item is typeof item & TextItem => "str" in item));
}

async function titleOf(document: Pdf): Promise<string | null> {
  try {
    const { info } = await document.getMetadata();
    const title = (info as { Title?: unknown }).Title;
    return typeof title === "string" && !/^\(?(untitled|anonymous)\)?$/i.test(title.trim()) ? title : null;
  } catch {
    return null;
  }
}

function openFault(fileName: string, error: unknown): Error {
  const name = error instanceof Error ? error.name : "";
  if (name === "PasswordException") return unreadable(fileName, "it is encrypted; save it without a password", error);
  return unreadable(fileName, "it is broken: its structure is not a PDF's", error);
}

function pageList(pages: number[]): string {
  const shown = pages.slice(0, 20).join(", ");
  return `${pages.length === 1 ? "page" : "pages"} ${shown}${pages.length > 20 ? ", …" : ""}`;
}
