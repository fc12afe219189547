/**
 * Exporting everything as JSON Lines, page by page, so that the size of the store doesn't matter.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { z } from "zod";
import type { Memory } from "../../memory/memory.ts";
import type { Runtime } from "../runtime.ts";
import {
  type CheckpointLine,
  encodeVector,
  FORMAT,
  FORMAT_VERSION,
  type HeaderLine,
  type TrailerLine,
} from "./format.ts";
import { relationsOf } from "./walk.ts";

/** Memories read between two pauses. */
const AT_ONCE = 200;

export const ExportInput = z.object({
  vectors: z.boolean().default(false).describe("Whether memories carry their vectors; four times as large with them."),
  trash: z.boolean().default(true).describe("Whether what is in the trash comes along."),
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
}

/** The model whose vectors an export would carry now, and how much there is. */
export async function exportHeader(runtime: Runtime, { vectors }: ExportInput): Promise<HeaderLine> {
  const [{ active, memories }, { total }] = await Promise.all([
    runtime.storage.vectorCoverage(),
    runtime.storage.trashed({ offset: 0, limit: 0 }),
  ]);
  const created_at = runtime.now();
  return {
    kind: "header",
    format: FORMAT,
    version: FORMAT_VERSION,
    created_at,
    unimem: runtime.version,
    memories,
    trashed: total,
    vectors: vectors && active !== null,
    model: active,
  };
}

/**
 * The file in pieces. What changes meanwhile is in it as it was when its turn came; memories that were there from the
 * beginning to the end are in it exactly once.
 *
 * @param part What an earlier, stopped call wrote; only what follows is yielded.
 */
export async function* exportMemories(
  runtime: Runtime,
  input: ExportInput,
  part?: ExportedPart,
): AsyncGenerator<ExportChunk> {
  const { storage } = runtime;
  const hash = part?.hash ?? createHash("sha256");
  const header = await exportHeader(runtime, input);
  const written = { memories: part?.checkpoint.memories ?? 0, trashed: 0, relations: 0 };
  const chunk = (lines: object[]): ExportChunk => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    hash.update(text);
    return { text, done: written.memories, total: Math.max(written.memories, header.memories ?? 0) };
  };

  if (part === undefined) yield chunk([header]);
  let after = part?.checkpoint.after ?? null;
  for (let more = part?.checkpoint.stage !== "rest"; more;) {
    const { memories, next } = await storage.scan(after, AT_ONCE);
    const lines: object[] = await memoryLines(runtime, memories, header.vectors);
    written.memories += memories.length;
    more = next !== null;
    after = next;
    const stage = more ? "memories" : "rest";
    lines.push({ kind: "checkpoint", stage, after, memories: written.memories } satisfies CheckpointLine);
    yield chunk(lines);
  }
  if (input.trash) {
    for (let offset = 0;; offset += AT_ONCE) {
      const { items } = await storage.trashed({ offset, limit: AT_ONCE });
      written.trashed += items.length;
      yield chunk(items.map(({ memory, deleted_at, reason }) => ({ kind: "trashed", ...memory, deleted_at, reason })));
      if (items.length < AT_ONCE) break;
    }
  }
  // They follow all memories, for both ends must be there first.
  for await (const relations of relationsOf(storage)) {
    written.relations += relations.length;
    yield chunk(relations.map((relation) => ({ kind: "relation", ...relation })));
  }
  yield chunk([{ kind: "trailer", ...written, sha256: hash.copy().digest("hex") } satisfies TrailerLine]);
}

async function memoryLines(runtime: Runtime, memories: Memory[], withVectors: boolean): Promise<object[]> {
  if (!withVectors) return memories.map((memory) => ({ kind: "memory", ...memory }));
  const vectors = await runtime.storage.vectors(memories.map(({ content_hash }) => content_hash));
  return memories.map((memory, i) => {
    const chunks = vectors[i]?.chunks.map(encodeVector);
    return { kind: "memory", ...memory, ...(chunks ? { vectors: chunks } : {}) };
  });
}
