/**
 * Exporting everything as JSON Lines, page by page, so that the size of the store doesn't matter.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { z } from "zod";
import type { ModelIdentity } from "../../embedding/embedder.ts";
import type { Memory } from "../../memory/memory.ts";
import { Instant } from "../../memory/schemas.ts";
import { countsAt } from "../../memory/validity.ts";
import type { MemoryStorage } from "../../storage/contract/storage.ts";
import type { Salvage } from "../../storage/files.ts";
import type { Runtime } from "../runtime.ts";
import {
  type CheckpointLine,
  encodeVector,
  FORMAT,
  FORMAT_VERSION,
  type HeaderLine,
  type TrailerLine,
  type UnreadableLine,
} from "./format.ts";
import { Reading } from "./reading.ts";
import { keyIn } from "./walk.ts";

/** Characters of contents in a chunk; with their vectors it becomes some seven times as large. */
const CHUNK_CHARACTERS = 200_000;

export const ExportInput = z.object({
  vectors: z.boolean().default(false).describe("Whether memories carry their vectors; four times as large with them."),
  trash: z.boolean().default(true).describe("Whether what is in the trash comes along."),
  as_of: Instant.nullish().describe(
    "Only memories that counted at this time, with the relations among them; no trash.",
  ),
});
export type ExportInput = z.infer<typeof ExportInput>;

/** What was written of an export that was stopped. */
export interface ExportedPart {
  /** Of the bytes up to the checkpoint's end. */
  hash: Hash;
  checkpoint: CheckpointLine;
}

/** A piece of an export. */
export interface ExportChunk {
  text: string;
  /** Memories written so far, and how many there were when it began. */
  done: number;
  total: number;
  /** With the last piece of a damaged store's export. */
  leftOut?: LeftOut;
}

export type { Salvage } from "../../storage/files.ts";

/** What an export needs of a runtime. */
export type ExportRuntime = Pick<Runtime, "storage" | "now" | "version">;

/** What an export of a damaged store had to leave out. */
export type LeftOut = Pick<Salvage, "unreadable" | "altered" | "uncertain">;

/** The model whose vectors an export would carry now, and how much there is. */
export async function exportHeader(
  { storage, now, version }: ExportRuntime,
  { vectors }: ExportInput,
): Promise<HeaderLine> {
  const [{ active, memories }, { total }] = await Promise.all([
    storage.vectorCoverage(),
    storage.listTrash({ offset: 0, limit: 0 }),
  ]);
  const counts = { memories, trashed: total }, { read } = storage.scope;
  const spaces = read === "all" ? {} : { spaces: [...read] };
  return { ...beginning({ now, version }), ...counts, ...spaces, vectors: vectors && active !== null, model: active };
}

function beginning({ now, version }: Pick<Runtime, "now" | "version">) {
  return { kind: "header", format: FORMAT, version: FORMAT_VERSION, created_at: now(), unimem: version } as const;
}

/**
 * The file in pieces. What changes meanwhile is in it as it was when its turn came; memories that were there from the
 * beginning to the end are in it exactly once. Of a damaged store it has what can be read, without vectors, and a line
 * for each memory that can't.
 *
 * @param part What an earlier, stopped call wrote; only what follows is yielded.
 */
export async function* exportMemories(
  runtime: ExportRuntime,
  input: ExportInput,
  part?: ExportedPart,
): AsyncGenerator<ExportChunk> {
  await using reading = await Reading.begin(runtime.storage);
  yield* write(runtime, reading, input, part);
}

/** The same of a store that is too damaged to be opened. */
export async function* exportSalvage(
  runtime: Pick<Runtime, "now" | "version">,
  salvage: Salvage,
  input: ExportInput,
): AsyncGenerator<ExportChunk> {
  await using reading = Reading.of(salvage);
  yield* write(runtime, reading, input);
}

async function* write(
  runtime: Pick<Runtime, "now" | "version">,
  reading: Reading,
  input: ExportInput,
  part?: ExportedPart,
): AsyncGenerator<ExportChunk> {
  const hash = part?.hash ?? createHash("sha256");
  const header: HeaderLine = await reading.either(
    (storage) => exportHeader({ ...runtime, storage }, input),
    ({ found: { memories, trashed } }) => {
      return { ...beginning(runtime), memories, trashed, vectors: false, model: null, damaged: true };
    },
  );
  const as_of = input.as_of ?? null, among = new Set<string>();
  const written = { memories: part?.checkpoint.memories ?? 0, trashed: 0, relations: 0 };
  const chunk = (lines: object[]): ExportChunk => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    hash.update(text);
    return { text, done: written.memories, total: Math.max(written.memories, header.memories ?? 0) };
  };

  if (part === undefined) yield chunk([header]);
  if (part?.checkpoint.stage !== "rest") {
    for await (const { memories, next } of reading.memories(part?.checkpoint.after ?? null)) {
      const counted = as_of === null ? memories : memories.filter((memory) => countsAt(memory, as_of));
      if (as_of !== null) { for (const { space, content_hash } of counted) among.add(keyIn(space, content_hash)); }
      for (const group of bySize(counted, ({ content }) => content.length)) {
        const lines = await reading.either(
          (storage) => memoryLines(storage, group, header.vectors ? header.model ?? null : null),
          () => group.map(memoryLine),
        );
        written.memories += group.length;
        yield chunk(lines);
      }
      // Nothing goes on from a damaged store.
      if (reading.salvage === null) {
        const stage = next === null ? "rest" : "memories";
        yield chunk(
          [{ kind: "checkpoint", stage, after: next, memories: written.memories } satisfies CheckpointLine],
        );
      }
    }
  }
  if (input.trash && as_of === null) {
    for await (const items of reading.trashed()) {
      written.trashed += items.length;
      for (const group of bySize(items, ({ memory }) => memory.content.length)) {
        yield chunk(
          group.map(({ memory, ...trashed }) => ({ kind: "trashed", ...memory, ...trashed })),
        );
      }
    }
  }
  for await (const all of reading.relations()) {
    const relations = as_of === null
      ? all
      : all.filter(({ space, source, target }) => [source, target].every((end) => among.has(keyIn(space, end))));
    written.relations += relations.length;
    yield chunk(relations.map((relation) => ({ kind: "relation", ...relation })));
  }
  const { salvage } = reading;
  const trailer = { kind: "trailer", ...written } as const;
  if (salvage === null) return yield chunk([{ ...trailer, sha256: digestOf(hash) } satisfies TrailerLine]);
  const { unreadable, altered, uncertain } = salvage;
  yield chunk(unreadable.map((memory) => ({ kind: "unreadable", ...memory } satisfies UnreadableLine)));
  const counts = { unreadable: unreadable.length, altered: altered.length, uncertain };
  const last = chunk([{ ...trailer, ...counts, sha256: digestOf(hash) } satisfies TrailerLine]);
  yield { ...last, leftOut: { unreadable, altered, uncertain } };
}

/** Items in order, in groups of which none but a single one is larger than a chunk may be. */
function* bySize<T>(items: readonly T[], sizeOf: (item: T) => number): Generator<T[]> {
  let group: T[] = [], size = 0;
  for (const item of items) {
    if (group.length > 0 && size + sizeOf(item) > CHUNK_CHARACTERS) {
      yield group;
      group = [];
      size = 0;
    }
    group.push(item);
    size += sizeOf(item);
  }
  if (group.length > 0) yield group;
}

function digestOf(hash: Hash): string {
  return hash.copy().digest("hex");
}

function memoryLine(memory: Memory): object {
  return { kind: "memory", ...memory };
}

/** @param model The one whose vectors come along: the store may be switched to another in the middle. */
async function memoryLines(
  storage: MemoryStorage,
  memories: Memory[],
  model: ModelIdentity | null,
): Promise<object[]> {
  if (model === null) return memories.map(memoryLine);
  const vectors = await storage.vectors(memories.map(({ content_hash }) => content_hash));
  return memories.map((memory, i) => {
    const set = vectors[i], chunks = set?.model === model.id ? set.chunks.map(encodeVector) : undefined;
    return { ...memoryLine(memory), ...(chunks ? { vectors: chunks } : {}) };
  });
}
