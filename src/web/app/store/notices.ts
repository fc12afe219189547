/**
 * Short messages at the edge of the page, some with a way back.
 *
 * @module
 */

import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  text: string;
  kind: "done" | "fault";
  action?: { label: string; run: () => void | Promise<void> };
}

/** Milliseconds; one with a way back stays longer. */
const SHOWN_MS = 8000, SHOWN_WITH_ACTION_MS = 20_000;
let last = 0;

export const notices = signal<Notice[]>([]);

export function notify(text: string, action?: Notice["action"], kind: Notice["kind"] = "done"): void {
  const notice: Notice = { id: ++last, text, kind, ...(action ? { action } : {}) };
  notices.value = [...notices.value.slice(-3), notice];
  setTimeout(() => dismiss(notice.id), action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Runs something and shows what went wrong with it; undefined then. */
export async function orNotify<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if ((error as Error).name !== "AbortError") notify((error as Error).message, undefined, "fault");
    return undefined;
  }
}
