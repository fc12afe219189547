/**
 * Files from the service: read whole, so that the key goes along, and saved by the reader.
 *
 * @module
 */

import { problemText, request } from "../api.ts";
import { saveAs } from "./actions.ts";

/** What differs from one download to another. */
interface Download {
  path: string;
  /** Name of the file that is saved. */
  name: string;
  type: string;
  headers?: Record<string, string>;
  /** Told of the bytes so far. */
  onProgress: (bytes: number) => void;
}

/** Reads an answer to its end and lets the reader save it. Throws with what the service said. */
export async function download({ path, name, type, headers = {}, onProgress }: Download): Promise<void> {
  onProgress(0);
  const response = await request("GET", path, { headers });
  if (!response.ok) throw new Error(problemText(await response.json().catch(() => null), response.status));
  const reader = response.body!.getReader(), parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    onProgress(size += value.length);
  }
  saveAs(name, new Blob(parts, { type }));
}
