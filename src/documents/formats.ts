/**
 * Which format a file has: by its extension, checked against what its first bytes say.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import type { DocumentLimits, Format } from "./document.ts";

const FORMATS: Readonly<Record<string, Format>> = {
  ".pdf": "pdf",
  ".docx": "docx",
  ".md": "markdown",
  ".markdown": "markdown",
  ".html": "html",
  ".htm": "html",
  ".txt": "text",
  ".text": "text",
  ".log": "text",
  ".rst": "text",
  ".csv": "csv",
  ".tsv": "csv",
  ".json": "json",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
};

/** Extensions of the formats that can be read, with their dot. */
const SUPPORTED_EXTENSIONS: readonly string[] = Object.keys(FORMATS);

/** First bytes of formats that are often given a wrong name. */
const SIGNATURES: [kind: string, bytes: number[]][] = [
  ["a PDF file", [0x25, 0x50, 0x44, 0x46, 0x2d]],
  ["a ZIP archive", [0x50, 0x4b, 0x03, 0x04]],
  ["an encrypted or old Office file", [0xd0, 0xcf, 0x11, 0xe0]],
  ["a PNG image", [0x89, 0x50, 0x4e, 0x47]],
  ["a JPEG image", [0xff, 0xd8, 0xff]],
  ["a GIF image", [0x47, 0x49, 0x46, 0x38]],
  ["a gzip file", [0x1f, 0x8b, 0x08]],
  ["a Windows program", [0x4d, 0x5a, 0x90, 0x00]],
  ["a Linux program", [0x7f, 0x45, 0x4c, 0x46]],
];
/** A PDF may begin with some bytes of another program's header. */
const PDF_HEADER_WITHIN = 1024;

/**
 * The last part of a path in either notation, without characters that no file name holds. Neutralises `../` and
 * absolute paths from a client's file names.
 */
export function baseName(path: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what this is about
  const name = path.toWellFormed().replace(/[\x00-\x1f\x7f]/g, "").split(/[/\\]/).at(-1)!.trim();
  return name === "" || name === "." || name === ".." ? "document" : name.slice(-200).toWellFormed();
}

/** A file name's extension in lower case with its dot, or an empty text. */
export function extensionOf(fileName: string): string {
  const name = baseName(fileName), dot = name.lastIndexOf(".");
  const extension = dot < 1 ? "" : name.slice(dot).toLowerCase();
  return extension.length < 2 || /\s/.test(extension) ? "" : extension;
}

/**
 * The format a file name promises.
 *
 * @throws {MemoryError} `unsupported`, naming the extension and the supported ones.
 */
export function formatOf(fileName: string): Format {
  const extension = extensionOf(fileName);
  const format = Object.hasOwn(FORMATS, extension) ? FORMATS[extension] : undefined;
  if (format !== undefined) return format;
  const what = extension === "" ? "it has no file extension" : `unsupported file type ${extension}`;
  throw new MemoryError(
    "unsupported",
    `Cannot read "${baseName(fileName)}": ${what}. Supported: ${SUPPORTED_EXTENSIONS.join(", ")}`,
    { field: "file", value: baseName(fileName) },
  );
}

/**
 * Checks what can be checked without parsing a document.
 *
 * @param name May be a path; only its last part counts.
 * @throws {MemoryError} `unsupported` for a type that can't be read, `too_large`, or `invalid_input` for an empty one and
 * one whose content is of another type.
 */
export function checkDocument(
  bytes: Uint8Array,
  name: string,
  { maxBytes }: DocumentLimits,
): { fileName: string; format: Format } {
  const fileName = baseName(name), format = formatOf(fileName);
  if (bytes.length > maxBytes) {
    throw overLimit(fileName, `it has ${bytes.length} bytes; the limit is ${maxBytes}`);
  }
  if (bytes.length === 0) throw unreadable(fileName, "it is empty");
  checkContent(bytes, format, fileName);
  return { fileName, format };
}

/**
 * Checks that a file's first bytes agree with its format.
 *
 * @throws {MemoryError} `invalid_input`, saying what the file looks like instead.
 */
function checkContent(bytes: Uint8Array, format: Format, fileName: string): void {
  const kind = kindOf(bytes);
  if (format === "pdf") {
    if (kind === "a PDF file" || findsPdfHeader(bytes)) return;
    throw wrongContent(fileName, "is not a PDF file", kind);
  }
  if (format === "docx") {
    if (kind === "a ZIP archive") return;
    if (kind === "an encrypted or old Office file") {
      throw wrongContent(
        fileName,
        "is encrypted, or a file of an older Word; save it as .docx without a password",
        null,
      );
    }
    throw wrongContent(fileName, "is not a Word document", kind);
  }
  if (kind !== null) throw wrongContent(fileName, "is not text", kind);
}

/** What a file is by its first bytes; null when they say nothing. */
function kindOf(bytes: Uint8Array): string | null {
  return SIGNATURES.find(([, signature]) => signature.every((byte, i) => bytes[i] === byte))?.[0] ?? null;
}

function findsPdfHeader(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(0, PDF_HEADER_WITHIN)).includes("%PDF-");
}

function wrongContent(fileName: string, what: string, kind: string | null): MemoryError {
  return unreadable(fileName, kind === null ? `it ${what}` : `it ${what} but ${kind}`);
}

/** The error for a document that can't be read: `Cannot read "x.pdf": …`. */
export function unreadable(fileName: string, reason: string, cause?: unknown): MemoryError {
  return new MemoryError("invalid_input", `Cannot read "${fileName}": ${reason}`, {
    field: "file",
    value: fileName,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The error for a document over a limit. */
export function overLimit(fileName: string, reason: string): MemoryError {
  return new MemoryError("too_large", `Cannot read "${fileName}": ${reason}`, { field: "file", value: fileName });
}
