/**
 * Which embedding model a store's owner chose by `unimem model`. It is kept in the store, since the vectors are: every
 * process that shares the store follows it, a running one within seconds, and a backup brings it along. A setting that
 * names a model comes first. Only local models can be chosen: nothing of the store is sent anywhere by it.
 *
 * @module
 */

import { z } from "zod";
import type { MemoryStorage } from "../storage/contract/storage.ts";
import type { Runtime } from "./runtime.ts";

/** Name of the note in the store. */
const NOTE = "embedding_model";
/** Name of the note with the progress of a re-embedding. */
const PROGRESS_NOTE = "reembedding";

const Note = z.object({ model: z.string().min(1) });
const Progress = z.object({ model: z.string(), done: z.int(), total: z.int() });

/** How many memories have vectors of the model that is about to take over, of how many. */
export type ReembeddingNote = z.infer<typeof Progress>;

/** The model that was chosen for the store, a Hugging Face id or an absolute folder; null for the default. */
export async function chosenModel(storage: MemoryStorage): Promise<string | null> {
  return read(Note, await storage.note(NOTE))?.model ?? null;
}

/** The model that was chosen for a store, from its notes by name. */
export function choiceIn(notes: Readonly<Record<string, string>>): string | null {
  return read(Note, notes[NOTE] ?? null)?.model ?? null;
}

/** Chooses the model of the store; null for the default. Of several who choose at once, the last one decides. */
export async function chooseModel(storage: MemoryStorage, model: string | null): Promise<void> {
  while (!await put(storage, NOTE, model === null ? null : { model }));
}

/** How far a re-embedding is, whichever process does it; null while none was begun. */
export async function reembeddingOf(storage: MemoryStorage): Promise<ReembeddingNote | null> {
  return read(Progress, await storage.note(PROGRESS_NOTE));
}

/** Publishes the progress of a re-embedding to the other processes; null when it has ended. */
export async function noteReembedding(storage: MemoryStorage, progress: ReembeddingNote | null): Promise<void> {
  await put(storage, PROGRESS_NOTE, progress);
}

/**
 * Makes the configured model the one that was chosen for the store, where no setting names one. The one before goes on
 * serving searches, if it does, until the new one's vectors are there.
 */
export async function followChoice({ storage, embeddings }: Runtime): Promise<void> {
  const { open } = embeddings;
  if (open === undefined) return;
  const chosen = await chosenModel(storage), former = embeddings.configured;
  if (chosen === (embeddings.chosen ?? null)) return;
  embeddings.configured = open(chosen);
  embeddings.chosen = chosen;
  // One that loads can't be interrupted, and a download takes minutes.
  if (embeddings.serving !== former) void former.close();
}

/** Writes a note; false where another process changed it in between. */
async function put(storage: MemoryStorage, name: string, value: unknown): Promise<boolean> {
  return await storage.changeNote(name, await storage.note(name), value === null ? null : JSON.stringify(value));
}

function read<T>(schema: z.ZodType<T>, text: string | null): T | null {
  if (text === null) return null;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null; // not one of ours
  }
}
