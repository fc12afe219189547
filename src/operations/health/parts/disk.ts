/**
 * Room on the disk that holds the data.
 *
 * @module
 */

import { statfs } from "node:fs/promises";
import type { StoreTrouble } from "../../../storage/storage.ts";
import { definePart, type Finding } from "../part.ts";

const MB = 2 ** 20;
/** Free space below which it is time to act: a tenth of the disk, but no more than room for a checkpoint and a copy. */
const LOW_SHARE = 0.1, LOW_BYTES = 1024 * MB;
/** Below a tenth of that a write may fail any moment: the write-ahead log alone may grow to 64 MB. */
const CRITICAL = 0.1;
/** Space must exceed a bound by so much before the state improves. */
const MARGIN = 1.2;

/** Room on a disk, in bytes. */
export interface DiskSpace {
  total: number;
  free: number;
}

interface Observed {
  space: DiskSpace | null;
  /** A write that failed for want of room. */
  full: StoreTrouble | undefined;
}

/** Room on the disk of a folder; null when it can't be told. */
export async function diskSpace(folder: string): Promise<DiskSpace | null> {
  const found = await statfs(folder).catch(() => null);
  return found && { total: found.blocks * found.bsize, free: found.bavail * found.bsize };
}

/** What is said of a disk. `before` is the state it was found in the last time. */
export function judgeSpace({ total, free }: DiskSpace, before?: string): Finding {
  const low = Math.min(LOW_BYTES, total * LOW_SHARE), critical = low * CRITICAL;
  const message = `${megabytes(free)} of ${megabytes(total)} free`;
  const below = (bound: number, ...worse: string[]) => free < bound * (worse.includes(before ?? "") ? MARGIN : 1);
  const action = "Free space on the disk that holds the data, or move the data to a larger one";
  if (below(critical, "unhealthy")) return { state: "unhealthy", message: `Only ${message}`, action };
  if (below(low, "unhealthy", "degraded")) return { state: "degraded", message: `Only ${message}`, action };
  return { state: "healthy", message };
}

export const disk = definePart<Observed>({
  name: "disk",
  async observe({ health }, { condition }) {
    const [space, troubles] = await Promise.all([
      diskSpace(health.settings.dataFolder),
      condition().then(({ troubles }) => troubles, () => []),
    ]);
    return { space, full: troubles.find(({ kind }) => kind === "full") };
  },
  judge({ space, full }, { before }) {
    if (full !== undefined) {
      const { message, action, since } = full;
      return { state: "unhealthy", message, action, ...(since === undefined ? {} : { since }) };
    }
    return space === null
      ? { state: "off", message: "No data on a disk of this machine" }
      : judgeSpace(space, before?.state);
  },
});

function megabytes(bytes: number): string {
  return bytes < 10_000 * MB ? `${Math.floor(bytes / MB)} MB` : `${Math.floor(bytes / 2 ** 30)} GB`;
}
