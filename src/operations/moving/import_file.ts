/**
 * Importing a file that `export` wrote: its header decides what can be read, its trailer whether all of it came.
 *
 * @module
 */

import { errorText, MemoryError } from "../../errors.ts";
import { type JsonLimits, OWN_LINE, parseLongJson } from "../../memory/json_shape.ts";
import { DEFAULT_SPACE } from "../../memory/space.ts";
import { TimeSlice } from "../../yielding.ts";
import type { Runtime } from "../runtime.ts";
import { ContentLine, FORMAT, FORMAT_VERSION, HeaderLine, TrailerLine } from "./format.ts";
import {
  type Entry,
  importEntries,
  type ImportOptions,
  type ImportReport,
  jsonFault,
  parseJson,
  Report,
} from "./import.ts";
import { type Line, readLines } from "./lines.ts";
import { ownerIn, SPACE_FIELD } from "./owners.ts";

/** Longest line, in bytes: a content of the default limit with its vectors takes less than a tenth. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Longer lines are read with pauses. */
const LONG_BYTES = 16 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** How a file is imported. */
export interface FileOptions extends Omit<ImportOptions, "model"> {
  /** What a line may hold: one with more is left out, before it is parsed. */
  limits?: JsonLimits;
  /** Gives an export back to the spaces that it names, where the caller may write there. */
  keepSpaces?: boolean;
}

/**
 * Imports an export. A file that ends early, or isn't what was written, is imported as far as it can be read, and the
 * report says so.
 *
 * @throws {MemoryError} `invalid_input`, before anything is stored, for a file that is no export, or one of a newer
 * version; `unavailable` when the store can't be reached.
 */
export async function importFile(
  runtime: Runtime,
  stream: AsyncIterable<Uint8Array>,
  { limits = OWN_LINE, keepSpaces = false, ...options }: FileOptions = {},
): Promise<ImportReport> {
  const report = new Report();
  const lines = readLines(stream, MAX_LINE_BYTES);
  const begun = await begin(lines, limits);
  if ("first" in begun) {
    // Anyone writes such files, so that the writers in them are claims.
    const plain = { ...options, keepWriters: false };
    const entries = withOwners(plainEntries(begun.first, lines, limits), options.spacesBy);
    return await importEntries(runtime, entries, plain, report);
  }
  const { header } = begun, model = header.vectors ? header.model : null;
  if (header.memories !== undefined) report.total = header.memories + (header.trashed ?? 0);
  const spacesBy = options.spacesBy ?? (keepSpaces ? SPACE_FIELD : undefined);
  // An export names every space but one.
  const otherwise = spacesBy === SPACE_FIELD ? DEFAULT_SPACE : undefined;
  const entries = withOwners(entriesOf(lines, report, limits), spacesBy, otherwise);
  return await importEntries(runtime, entries, { ...options, model, spacesBy }, report);
}

/** @param otherwise The owner of what names none. */
async function* withOwners(
  entries: AsyncGenerator<Entry>,
  field: string | undefined,
  otherwise?: string,
): AsyncGenerator<Entry> {
  if (field === undefined) return yield* entries;
  for await (const entry of entries) yield { ...entry, owner: ownerIn(entry.value, field) ?? otherwise };
}

/**
 * Reads all of an export without importing it.
 *
 * @returns how much of each kind it holds.
 * @throws {MemoryError} `invalid_input` when it was cut or changed, or holds what can't be imported.
 */
export async function checkFile(
  stream: AsyncIterable<Uint8Array>,
  file: string,
): Promise<{ memories: number; trashed: number; relations: number }> {
  const report = new Report(), seen = { memory: 0, trashed: 0, relation: 0 };
  const lines = readLines(stream, MAX_LINE_BYTES);
  try {
    const begun = await begin(lines);
    if ("first" in begun) throw noHeader();
  } catch (error) {
    throw new MemoryError("invalid_input", errorText(error).replace("import the file", `use "${file}"`), {
      value: file,
      cause: error,
    });
  }
  for await (const { place, value, fault } of entriesOf(lines, report)) {
    const parsed = ContentLine.safeParse(value);
    if (parsed.success) seen[parsed.data.kind]++;
    else report.fault(place, fault ?? "Cannot read it as a memory, a trashed one or a relation");
  }
  const [first] = report.errors;
  if (first === undefined) return { memories: seen.memory, trashed: seen.trashed, relations: seen.relation };
  throw new MemoryError("invalid_input", `Cannot use "${file}": ${first.place}: ${first.message}`, { value: file });
}

/** The header, or the first line of a file of memories without one. */
async function begin(
  lines: AsyncGenerator<Line>,
  limits = OWN_LINE,
): Promise<{ header: HeaderLine } | { first: Line }> {
  const first = await lines.next();
  const value = first.done ? null : await valueOf(first.value.bytes, limits);
  const found = value !== null && "value" in value ? value.value as Partial<HeaderLine> & { content?: unknown } : null;
  if (!first.done && found?.kind !== "header" && typeof found?.content === "string") return { first: first.value };
  if (found?.kind !== "header" || found.format !== FORMAT) throw noHeader();
  if (typeof found.version === "number" && found.version > FORMAT_VERSION) {
    throw new MemoryError(
      "invalid_input",
      `Cannot import the file: it has format version ${found.version}, this version of Unimem reads ${FORMAT_VERSION}`,
      { field: "body", value: found.version },
    );
  }
  const header = HeaderLine.safeParse(found);
  if (header.success) return { header: header.data };
  const wrong = header.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new MemoryError("invalid_input", `Cannot import the file: its header has a wrong ${wrong}`, { field: "body" });
}

function noHeader(): MemoryError {
  return new MemoryError(
    "invalid_input",
    `Cannot import the file: its first line is no header of a ${FORMAT} file, and no memory with its content`,
    { field: "body" },
  );
}

/** JSON Lines of other origin: each a memory, unless its `kind` names another record. */
async function* plainEntries(first: Line, lines: AsyncGenerator<Line>, limits: JsonLimits): AsyncGenerator<Entry> {
  yield* plainEntry(first, limits);
  for await (const line of lines) yield* plainEntry(line, limits);
}

async function* plainEntry({ number, bytes }: Line, limits: JsonLimits): AsyncGenerator<Entry> {
  if (bytes !== null && bytes.every((byte) => byte === 32 || byte === 9 || byte === 13)) return;
  const place = `Line ${number}`, read = await valueOf(bytes, limits);
  // An export of ours that lost its header still has these.
  if ("value" in read && /^(?:checkpoint|trailer)$/.test(String((read.value as { kind?: unknown } | null)?.kind))) {
    return;
  }
  if ("fault" in read) yield { place, fault: read.fault };
  else if (typeof read.value === "object" && read.value !== null) {
    yield { place, value: { kind: "memory", ...read.value } };
  } else yield { place, fault: "Cannot import it: it is no object" };
}

/** The lines between header and trailer; what header and trailer tell goes into the report. */
async function* entriesOf(
  lines: AsyncGenerator<Line>,
  report: Report,
  limits = OWN_LINE,
): AsyncGenerator<Entry> {
  let trailer: TrailerLine | null = null, last = 1;
  const seen = { memory: 0, trashed: 0, relation: 0 };
  for await (const line of lines) {
    const place = `Line ${last = line.number}`;
    if (line.bytes !== null && line.bytes.length === 0) continue;
    if (trailer !== null) {
      report.fault(place, "Cannot import it: it stands after the trailer");
      return;
    }
    const read = await valueOf(line.bytes, limits);
    if ("fault" in read) {
      // A line without its end is not a line with a fault but the place where the file was cut.
      if (line.ended) yield { place, fault: read.fault };
      continue;
    }
    const kind = (read.value as { kind?: unknown } | null)?.kind;
    if (kind === "checkpoint" || kind === "unreadable") continue;
    if (kind === "trailer") {
      trailer = checkTrailer(read.value, line, place, report);
      continue;
    }
    if (kind === "memory" || kind === "trashed" || kind === "relation") seen[kind]++;
    yield { place, value: read.value };
  }
  if (trailer === null) {
    return report.fault(`Line ${last}`, `The file was cut: it ends after line ${last} without a trailer`);
  }
  const counts = [trailer.memories, trailer.trashed, trailer.relations];
  if (counts.join() !== [seen.memory, seen.trashed, seen.relation].join()) {
    report.fault(
      `Line ${last}`,
      `The file was changed: its trailer counts ${trailer.memories} memories, it has ${seen.memory}`,
    );
  }
}

function checkTrailer(value: unknown, line: Line, place: string, report: Report): TrailerLine | null {
  const trailer = TrailerLine.safeParse(value);
  if (!trailer.success) {
    report.fault(place, "Cannot read the trailer");
    return null;
  }
  if (trailer.data.sha256 !== line.hashBefore()) {
    report.fault(place, "The file was changed: its SHA-256 is not that of the trailer");
  }
  return trailer.data;
}

type Read = { value: unknown } | { fault: string };

function valueOf(bytes: Uint8Array | null, limits: JsonLimits): Read | Promise<Read> {
  if (bytes === null) return { fault: `Cannot read it: it has more than ${MAX_LINE_BYTES} bytes` };
  if (bytes.length > LONG_BYTES) return longValueOf(bytes, limits);
  const read = textOf(bytes);
  return typeof read === "string" ? parseJson(read) : read;
}

async function longValueOf(bytes: Uint8Array, limits: JsonLimits): Promise<Read> {
  const timeSlice = new TimeSlice(), pause = () => timeSlice.yieldIfDue();
  const read = textOf(bytes);
  if (typeof read !== "string") return read;
  await pause();
  try {
    const value = await parseLongJson(read, limits, pause);
    await pause();
    return { value };
  } catch (error) {
    return { fault: jsonFault(error) };
  }
}

function textOf(bytes: Uint8Array): string | { fault: string } {
  try {
    const text = utf8.decode(bytes);
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  } catch {
    return { fault: "Cannot read it: it is not UTF-8" };
  }
}
