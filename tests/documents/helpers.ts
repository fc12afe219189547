import { DEFAULT_LIMITS, type DocumentLimits, type ParsedDocument } from "../../src/documents/document.ts";
import { parseDocument } from "../../src/documents/parse.ts";
import { MemoryError } from "../../src/errors.ts";

/** Bytes of a file in `fixtures/`. */
export async function fixture(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(new URL(`./fixtures/${name}`, import.meta.url));
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

export async function parse(
  bytes: Uint8Array<ArrayBuffer> | string,
  name: string,
  limits: Partial<DocumentLimits> = {},
): Promise<ParsedDocument> {
  return await parseDocument(typeof bytes === "string" ? utf8(bytes) : bytes, name, { ...DEFAULT_LIMITS, ...limits });
}

/** What a document is refused with: its code and message. */
export async function refusal(...args: Parameters<typeof parse>): Promise<[code: string, message: string]> {
  try {
    await parse(...args);
  } catch (error) {
    if (error instanceof MemoryError) return [error.code, error.message];
    throw error;
  }
  throw new Error(`${args[1]} was not refused`);
}

/** Sections as `path | page | text`, for comparing at a glance. */
export function outline(document: ParsedDocument): string[] {
  return document.sections.map(({ headings, page, text }) =>
    `${headings.map((heading) => heading.text).join("/")} | ${page ?? ""} | ${text}`
  );
}
