/**
 * Which document a memory is a chunk of.
 *
 * @module
 */

import type { Memory } from "../shapes.ts";

const UPLOAD = "upload_id:", FILE = "source_file:";

/** The upload and the file's name; null for a memory that no document made. */
export function uploadOf({ tags }: Pick<Memory, "tags">): { id: string; name: string } | null {
  const id = tags.find((tag) => tag.startsWith(UPLOAD))?.slice(UPLOAD.length);
  const name = tags.find((tag) => tag.startsWith(FILE))?.slice(FILE.length);
  return id === undefined ? null : { id, name: name ?? id };
}
