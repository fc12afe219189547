/**
 * Sending documents, with progress while the file is on its way.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { expectUpload } from "../live.ts";
import { send } from "../parts/send.ts";
import { enteredTags } from "../parts/tag_field.tsx";
import { changed } from "../store/changed.ts";

/** A file that is being sent, or could not be. */
export interface Sending {
  id: number;
  name: string;
  /** 0 to 1. */
  sent: number;
  error: string | null;
  /** Sends it again. */
  again: () => void;
}

/** Names of files that are read. */
export const ACCEPTED = ".pdf,.docx,.md,.markdown,.html,.htm,.txt,.csv,.json,.jsonl";
/** Files on their way at once. */
const AT_ONCE = 2;

/** Tags that new uploads get, and one that is typed but not entered yet. */
export const uploadTags = signal<string[]>([]), typedTag = signal("");
export const sending = signal<Sending[]>([]);
let last = 0;

/** Sends files, some at once. Their way through the service is told by events. */
export async function uploadFiles(files: readonly File[]): Promise<void> {
  const waiting = files.map((file) => {
    const id = ++last;
    const again = () => void sendOne(id, file);
    return { file, entry: { id, name: file.name, sent: 0, error: null, again } };
  });
  sending.value = [...sending.value, ...waiting.map(({ entry }) => entry)];
  const next = async (): Promise<void> => {
    const one = waiting.shift();
    if (one === undefined) return;
    await sendOne(one.entry.id, one.file);
    return await next();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

async function sendOne(id: number, file: File): Promise<void> {
  const update = (change: Partial<Sending>) =>
    sending.value = sending.value.map((entry) => entry.id === id ? { ...entry, ...change } : entry);
  update({ sent: 0, error: null });
  const form = new FormData(), tags = enteredTags(uploadTags, typedTag);
  if (tags.length > 0) form.append("tags", tags.join(","));
  form.append("file", file);
  try {
    const { upload_id } = await send<{ upload_id: string }>("/api/documents/upload", form, (sent) => update({ sent }));
    expectUpload(upload_id);
    dismissSending(id);
    changed();
  } catch (error) {
    update({ error: (error as Error).message });
  }
}

/** Takes a file off the list of those being sent. */
export function dismissSending(id: number): void {
  sending.value = sending.value.filter((entry) => entry.id !== id);
}
