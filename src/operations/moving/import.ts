/**
 * Importing memories from an export, or from entries that an importer of another format made. What is stored already
 * stays as it is, so that an import can be run again: after a stop it goes on where nothing is stored yet.
 *
 * @module
 */

import { z } from "zod";
import type { ModelIdentity } from "../../embedding/embedder.ts";
import { errorText, MemoryError } from "../../errors.ts";
import { InexactNumber } from "../../memory/exact_json.ts";
import { OWN_LINE, parseBoundedJson } from "../../memory/json_shape.ts";
import { contentHash } from "../../memory/hash.ts";
import type { Memory, Writer } from "../../memory/memory.ts";
import type { VectorSet } from "../../storage/contract/vectors.ts";
import { changedEvent, storedEvents } from "../event_types.ts";
import { TimeSlice, yieldToEventLoop } from "../../yielding.ts";
import type { Runtime } from "../runtime.ts";
import { lengthFault } from "../split.ts";
import { importWriter } from "../writer.ts";
import { cleanLine } from "./clean.ts";
import { ContentLine, decodeVector, type MemoryLine } from "./format.ts";
import { spaceOf, type Target, Targets } from "./owners.ts";
import { type Brought, isPlausible, VectorTrust } from "./vector_trust.ts";

/** Entries stored in one transaction, and characters of content in them. */
const AT_ONCE = 200;
const CHARACTERS_AT_ONCE = 500_000;
/** Entries that wait for others of their spaces, and characters of content in them. */
const WAITING = 10 * AT_ONCE, CHARACTERS_WAITING = 4 * CHARACTERS_AT_ONCE;
/** Spaces that a report lists. */
const SPACES_LISTED = 1000;
/** Faults that a report lists; it counts all of them. */
const FAULTS_LISTED = 100;
/** Notes that a report lists. */
const NOTES_LISTED = 100;

/** Something to import. */
export interface Entry {
  /** Where it stands, for messages: `Line 12`, `Row 7`, `notes/plan.md`. */
  place: string;
  /** A `ContentLine`, still to be checked. */
  value?: unknown;
  /** Why it can't be read, instead of a value. */
  fault?: string;
  /** Why it is no memory, instead of a value: something of the source that an import leaves out on purpose. */
  left?: string;
  /** What of the value was understood in another way than it was written, such as a date that is none. */
  note?: string;
  /** Whose it is in the source; it goes to a space of that name. Without one it goes where the caller writes. */
  owner?: string | undefined;
}

export const ImportReport = z.object({
  success: z.boolean().describe("Whether everything was read and nothing had a fault."),
  message: z.string(),
  read: z.int().describe("Memories, trashed memories and relations that were looked at."),
  stored: z.int(),
  present: z.int().describe("Memories and trash that were there already and stay as they are."),
  trashed: z.int().describe("Memories put into the trash."),
  relations: z.int().describe("Relations added."),
  vectors: z.int().describe("Stored memories whose vectors came along; the others get theirs in the background."),
  faults: z.int().describe("Entries that were not imported."),
  errors: z.array(z.object({ place: z.string(), message: z.string() }))
    .describe(`The first ${FAULTS_LISTED} faults.`),
  cleaned: z.int().describe(
    "Entries imported without what no new memory may have, such as line breaks in tags; see notes.",
  ),
  left_out: z.record(z.string(), z.int())
    .describe("What of the source is no memory and was left out on purpose: how many, by what they are."),
  notes: z.array(z.object({ place: z.string(), message: z.string() }))
    .describe(`What was imported otherwise than it was written, the first ${NOTES_LISTED}.`),
  spaces: z.array(z.object({ name: z.string(), stored: z.int(), present: z.int(), trashed: z.int() }))
    .describe(`What went into each space, the first ${SPACES_LISTED}; empty unless owners were given spaces.`),
});
export type ImportReport = z.infer<typeof ImportReport>;

/** How an import goes, besides what it imports. */
export interface ImportOptions {
  /** The model that made the entries' vectors; null when they have none. */
  model?: ModelIdentity | null;
  /** Takes that model for the store's own where it has none yet, whatever the settings ask for. */
  adoptModel?: boolean;
  /**
   * Keeps keys, vectors, tags, types, ids and metadata as they are written, though a new memory may not have them: for a
   * restore of what this operator's own store held.
   */
  asWritten?: boolean;
  /** Name of the file or folder, for who wrote what has no writer of its own; the caller's name without one. */
  file?: string | undefined;
  /** Keeps the writers that the entries name: where they are an own export, and the caller has the whole store. */
  keepWriters?: boolean;
  /** The field that says whose a line of a file is; importers of other programs' data give owners by themselves. */
  spacesBy?: string | undefined;
  /** Takes the entries' vectors over when a sample of them is right, instead of making all again. */
  trustVectors?: boolean;
  /** From 0 to below 1: which memories are in that sample. */
  random?: () => number;
  /** Called after each transaction; `total` is known where the source announces how much it holds. */
  onProgress?: (report: ImportReport, total: number | undefined) => void;
  signal?: AbortSignal | undefined;
}

/** A report in the making. */
export class Report implements ImportReport {
  success = true;
  message = "";
  read = 0;
  stored = 0;
  present = 0;
  trashed = 0;
  relations = 0;
  vectors = 0;
  faults = 0;
  errors: { place: string; message: string }[] = [];
  cleaned = 0;
  left_out: Record<string, number> = {};
  notes: { place: string; message: string }[] = [];
  spaces: ImportReport["spaces"] = [];
  /** Memories that the source announces. */
  total: number | undefined;

  /** A copy of how it stands. */
  now(): ImportReport {
    const { total: _, ...report } = this;
    return report;
  }

  /** Counts memories that were dealt with. */
  count(counts: { stored?: number; present?: number; trashed?: number }, space: string | null): void {
    const { stored = 0, present = 0, trashed = 0 } = counts;
    this.stored += stored;
    this.present += present;
    this.trashed += trashed;
    if (space === null) return;
    let row = this.spaces.find(({ name }) => name === space);
    if (row === undefined) {
      if (this.spaces.length === SPACES_LISTED) return;
      this.spaces.push(row = { name: space, stored: 0, present: 0, trashed: 0 });
    }
    row.stored += stored;
    row.present += present;
    row.trashed += trashed;
  }

  left(reason: string): void {
    this.left_out[reason] = (this.left_out[reason] ?? 0) + 1;
  }

  note(place: string, message: string): void {
    if (this.notes.length < NOTES_LISTED) this.notes.push({ place, message });
  }

  fault(place: string, message: string): void {
    this.faults++;
    this.success = false;
    if (this.errors.length < FAULTS_LISTED) this.errors.push({ place, message });
  }

  /** The report with its message. */
  finish(): ImportReport {
    const parts = [`Stored ${this.stored} memories`, `${this.present} were there already`];
    if (this.trashed > 0) parts.push(`${this.trashed} went to the trash`);
    if (this.relations > 0) parts.push(`${this.relations} relations added`);
    if (this.cleaned > 0) parts.push(`${this.cleaned} were cleaned`);
    if (this.faults > 0) parts.push(this.faults === 1 ? "1 fault" : `${this.faults} faults`);
    return { ...this.now(), message: parts.join("; ") };
  }
}

/**
 * Imports entries in order, in transactions of some hundred. An entry with a fault is reported and left out; an entry
 * is imported whole or not at all.
 *
 * @throws {MemoryError} `unavailable` when the store can't be reached; what was imported before stays.
 */
export async function importEntries(
  runtime: Runtime,
  entries: AsyncIterable<Entry>,
  options: ImportOptions = {},
  report = new Report(),
): Promise<ImportReport> {
  const { asWritten = false, onProgress, signal } = options;
  const run = await beginRun(runtime, options, report), targets = new Targets(runtime, asWritten);
  const timeSlice = new TimeSlice(), open = new Set<Target>();
  let kind: ContentLine["kind"] | undefined, waiting = 0, characters = 0;
  const flush = async (which: Iterable<Target> = [...open]) => {
    for (const target of which) {
      await importGroup(target, run, targets, report);
      waiting -= target.group.length;
      characters -= target.characters;
      [target.group, target.characters] = [[], 0];
      open.delete(target);
    }
    onProgress?.(report.now(), report.total);
    signal?.throwIfAborted();
    await yieldToEventLoop();
  };
  for await (const { place, value, fault, left, note, owner } of entries) {
    // Entries that are left out fill no group, and there may be millions of them.
    if (timeSlice.isDue) {
      signal?.throwIfAborted();
      await timeSlice.yieldIfDue();
    }
    if (left !== undefined) {
      report.left(left);
      continue;
    }
    if (note !== undefined) report.note(place, note);
    // A note about the source as a whole.
    if (note !== undefined && value === undefined && fault === undefined) continue;
    report.read++;
    const changes: string[] = [];
    const checked = fault ?? check(runtime, asWritten ? value : cleanLine(value, changes));
    if (typeof checked === "string") {
      report.fault(place, checked);
      continue;
    }
    const target = placeOf(checked, owner, targets);
    if (target === null) {
      report.fault(place, `Cannot import it into space "${spaceOf(owner!)}": the caller may not write there`);
      continue;
    }
    if (owner !== undefined && owner !== target.space && !run.named.has(owner)) {
      if (run.named.size < NOTES_LISTED) run.named.add(owner);
      report.note(place, `What belongs to ${JSON.stringify(owner.slice(0, 100).toWellFormed())} is in ${target.space}`);
    }
    if (changes.length > 0) {
      report.cleaned++;
      report.note(place, changes.join("; "));
    }
    // Relations need the memories before them, so kinds don't mix.
    if (kind !== undefined && kind !== checked.kind) await flush();
    kind = checked.kind;
    target.group.push({ place, line: checked });
    open.add(target);
    waiting++;
    if (checked.kind !== "relation") {
      target.characters += checked.content.length;
      characters += checked.content.length;
      if (run.bySpace) targets.placed(checked.content_hash ?? contentHash(checked.content), target);
    }
    if (target.group.length >= AT_ONCE || target.characters >= CHARACTERS_AT_ONCE) await flush([target]);
    else if (waiting >= WAITING || characters >= CHARACTERS_WAITING) await flush();
  }
  await flush();
  for (const { hashes, runtime: { storage } } of targets.all) {
    for (const hash of await hashes?.finish(storage) ?? []) {
      report.note(`Memory ${hash}`, "Memories of the file replace each other in a circle: this one was made current");
    }
  }
  return report.finish();
}

/** Where a line goes; null where the caller may not write. */
function placeOf(line: ContentLine, owner: string | undefined, targets: Targets): Target | null {
  if (owner !== undefined) return targets.of(owner);
  return line.kind === "relation" ? targets.ofRelation(line) : targets.own;
}

/** What one import goes by. */
interface Run {
  /** The model of the vectors that are taken over; null when none are. */
  model: ModelIdentity | null;
  /** Null where they are taken without a look. */
  trust: VectorTrust | null;
  /** Whether owners get spaces of their own. */
  bySpace: boolean;
  /** Owners whose spaces have other names, of which the report has a note. */
  named: Set<string>;
  /** Of memories without one of their own; null for a restore, which adds none. */
  writer: Writer | null;
  keepWriters: boolean;
}

async function beginRun(
  runtime: Runtime,
  options: ImportOptions,
  report: Report,
): Promise<Run> {
  const { model = null, adoptModel = false, asWritten = false, trustVectors = false, random } = options;
  const spaces = { bySpace: options.spacesBy !== undefined, named: new Set<string>() };
  if (asWritten) {
    const inUse = model && await modelInUse(runtime, model, adoptModel);
    return { model: inUse, trust: null, writer: null, keepWriters: true, ...spaces };
  }
  const shared = { writer: importWriter(runtime, options.file), keepWriters: options.keepWriters ?? false, ...spaces };
  const usable = model && trustVectors ? await modelInUse(runtime, model, false) : null;
  if (usable === null) {
    if (model && trustVectors) {
      report.note("Header", `Vectors of ${model.name} are not those the store uses: left behind`);
    }
    return { model: null, trust: null, ...shared };
  }
  const { configured } = runtime.embeddings;
  if (configured.identity?.id === usable.id) {
    return { model: usable, trust: new VectorTrust(configured, random), ...shared };
  }
  report.note("Header", `Vectors can't be checked without the model ${usable.name}: left behind`);
  return { model: null, trust: null, ...shared };
}

/** The line, or what is wrong with it. */
function check(runtime: Runtime, value: unknown): ContentLine | string {
  const parsed = ContentLine.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const at = issue?.path.join(".") ?? "";
    return `Cannot import it: ${at === "" ? "" : `${at} `}${
      issue?.message.replace(/^Invalid input: /, "") ?? "is wrong"
    }`;
  }
  const { data } = parsed, fault = data.kind === "relation" ? null : lengthFault(runtime, data.content);
  if (fault !== null) {
    return `Cannot import ${fault}; MCP_SQLITEVEC_MAX_CONTENT_LENGTH and MCP_ENABLE_AUTO_SPLIT set another`;
  }
  return data;
}

/** The model when its vectors are those the store serves. */
async function modelInUse(
  { embeddings, storage }: Runtime,
  model: ModelIdentity,
  adopt: boolean,
): Promise<ModelIdentity | null> {
  try {
    // A new store learns its model here; later calls only ask.
    const active = await storage.registerModel(adopt ? model : await embeddings.configured.ready());
    return active.id === model.id && active.dimensions === model.dimensions ? active : null;
  } catch (error) {
    if (error instanceof MemoryError && error.code === "unavailable") await storage.ping();
    return null; // vectors are then computed again
  }
}

async function importGroup(target: Target, run: Run, targets: Targets, report: Report): Promise<void> {
  const { runtime, group, hashes } = target, { storage } = runtime, space = run.bySpace ? target.space : null;
  const keyed = async (memories: Memory[]) => {
    await hashes?.assign(storage, memories, (position) => {
      report.note(group[position]!.place, "Its content_hash is not that of its content and was computed again");
    });
    return memories;
  };
  const relations = group.flatMap(({ place, line }) => line.kind === "relation" ? [{ place, line }] : []);
  if (relations.length > 0) {
    const outcomes = await storage.relate(relations.map(({ line: { source, target, type, created_at } }) => {
      const ends = { source: hashes?.of(source) ?? source, target: hashes?.of(target) ?? target };
      return { ...ends, type, created_at: created_at ?? runtime.now() };
    }));
    outcomes.forEach((outcome, i) => {
      if (outcome === "added") report.relations++;
      else if (outcome === "duplicate") report.present++;
      else if (targets.crosses(relations[i]!.line)) report.left("relations between memories of different spaces");
      else report.fault(relations[i]!.place, "Cannot import the relation: one of its memories isn't stored");
    });
    return;
  }
  const trashed = group.flatMap(({ line }) =>
    line.kind === "trashed"
      ? [{
        memory: memoryOf(runtime, line, run),
        deleted_at: line.deleted_at,
        reason: line.reason,
        ...(line.replaced === undefined ? {} : { replaced: line.replaced }),
      }]
      : []
  );
  if (trashed.length > 0) {
    await keyed(trashed.map(({ memory }) => memory));
    const brought = (await storage.importTrashed(trashed)).filter(Boolean).length;
    report.count({ trashed: brought, present: trashed.length - brought }, space);
    return;
  }
  const all: Brought[] = [], timeSlice = new TimeSlice();
  for (const { place, line } of group) {
    if (line.kind !== "memory") continue;
    all.push({ place, memory: memoryOf(runtime, line, run), vectors: vectorsOf(line, run.model) });
    await timeSlice.yieldIfDue();
  }
  await keyed(all.map(({ memory }) => memory));
  // A second run finds nearly all of them here, which is cheaper than to prepare them for the store.
  const known = await storage.getByHash(all.map(({ memory }) => memory.content_hash));
  const items = all.filter((_, i) => known[i] === null);
  if (run.trust !== null) await checkVectors(items, run, report);
  const outcomes = items.length > 0 ? await storage.store(items) : [];
  const added = items.filter((_, i) => outcomes[i] === "stored");
  report.count({ stored: added.length, present: all.length - added.length }, space);
  report.vectors += added.filter(({ vectors }) => vectors !== null).length;
  const memories = added.map(({ memory }) => memory);
  hashes?.stored(memories);
  run.trust?.took(added.flatMap(({ memory, vectors }) => vectors === null ? [] : [memory]), storage);
  if (added.some(({ vectors }) => vectors === null)) runtime.health.coverage.changed();
  if (memories.length > 0) {
    const events = memories.length > 20 ? [changedEvent("stored", memories.length)] : storedEvents(memories);
    runtime.events.publish(...events);
  }
  runtime.activity.changed("store", memories.map(({ content_hash }) => content_hash), "import");
}

/** Takes away vectors that can't be right; all of the file once a sample shows wrong ones. */
async function checkVectors(items: Brought[], run: Run, report: Report): Promise<void> {
  for (const item of items) {
    if (isPlausible(item)) continue;
    report.note(
      item.place,
      `It has ${item.vectors!.chunks.length} vectors, more than its content can have: left behind`,
    );
    item.vectors = null;
  }
  const trust = run.trust!, { id, name } = run.model!;
  const wrong = await trust.wrong(items);
  if (wrong === null) return;
  for (const item of items) item.vectors = null;
  [run.model, run.trust] = [null, null];
  report.note(
    wrong.place,
    `Its vectors are not those that ${name} gives for its content: all vectors of the file are left behind`,
  );
  report.vectors -= await trust.replace(id);
}

function memoryOf(
  runtime: Runtime,
  line: Exclude<ContentLine, { kind: "relation" }>,
  { writer, keepWriters }: Run,
): Memory {
  const created_at = line.created_at ?? runtime.now();
  return {
    content: line.content,
    content_hash: line.content_hash ?? contentHash(line.content),
    tags: line.tags,
    memory_type: line.memory_type ?? null,
    metadata: line.metadata,
    conversation_id: line.conversation_id ?? null,
    created_at,
    updated_at: line.updated_at ?? created_at,
    ...(line.superseded === undefined ? {} : { superseded: line.superseded }),
    ...writerField(keepWriters && line.writer !== undefined ? withoutUndefined(line.writer) : writer),
  };
}

function writerField(writer: Writer | null): { writer?: Writer } {
  return writer === null ? {} : { writer };
}

function withoutUndefined({ name, channel, client }: NonNullable<MemoryLine["writer"]>): Writer {
  if (client === undefined) return { name, channel };
  const { name: program, version } = client;
  return { name, channel, client: { name: program, ...version === undefined ? {} : { version } } };
}

function vectorsOf({ vectors }: MemoryLine, model: ModelIdentity | null): VectorSet | null {
  if (model === null || vectors === undefined || vectors.length === 0) return null;
  const chunks = vectors.map((text) => decodeVector(text, model.dimensions)).filter((chunk) => chunk !== null);
  return chunks.length === vectors.length ? { model: model.id, chunks } : null;
}

/** What a value read from a text is, or why it can't be. */
export function parseJson(text: string): { value: unknown } | { fault: string } {
  try {
    return { value: parseBoundedJson(text, OWN_LINE) };
  } catch (error) {
    return { fault: jsonFault(error) };
  }
}

/** Why a text can't be read, from what its parsing threw. */
export function jsonFault(error: unknown): string {
  if (error instanceof MemoryError || error instanceof InexactNumber) return `Cannot import it: ${error.message}`;
  return `Cannot read it as JSON: ${errorText(error).replace(/, ".*$|\.\.\..*$/s, "").slice(0, 120)}`;
}
