/**
 * Consistent copies of the database file, made and checked in a worker, so that the service goes on meanwhile.
 *
 * @module
 */

import { MemoryError } from "../../errors.ts";
import type { SnapshotFacts } from "../files.ts";
import type { SnapshotAnswer, SnapshotTask } from "./snapshot_worker.ts";

/**
 * Copies the database at `from` to the empty file `to` and looks through the copy.
 *
 * @throws {MemoryError} `unavailable` when it can't be written, or isn't sound.
 */
export async function copyDatabase(from: string, to: string, signal?: AbortSignal): Promise<SnapshotFacts> {
  const answer = await work({ file: to, from, thorough: true }, signal);
  if ("facts" in answer) return answer.facts;
  const reason = "failed" in answer ? answer.failed : `the copy can't be used: ${answer.unsound}`;
  throw new MemoryError("unavailable", `Cannot copy the store to "${to}": ${reason}`, { value: to });
}

/**
 * What a database file holds, unless it isn't sound.
 *
 * @param thorough Whether every page is read, or only what the counts need.
 * @throws {MemoryError} `invalid_input` for a file that is no database of Unimem, damaged or of a newer version.
 */
export async function inspectDatabase(
  file: string,
  thorough: boolean,
  signal?: AbortSignal,
): Promise<SnapshotFacts> {
  const answer = await work({ file, thorough }, signal);
  if ("facts" in answer) return answer.facts;
  const reason = "unsound" in answer ? answer.unsound : answer.failed;
  throw new MemoryError("invalid_input", `Cannot use "${file}": ${reason}`, { value: file });
}

async function work(task: SnapshotTask, signal?: AbortSignal): Promise<SnapshotAnswer> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL("./snapshot_worker.ts", import.meta.url), { type: "module", name: "snapshot" });
  const stop = Promise.withResolvers<never>(), abort = () => stop.reject(signal?.reason);
  signal?.addEventListener("abort", abort);
  try {
    const answered = new Promise<SnapshotAnswer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<SnapshotAnswer>) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new MemoryError("internal", `Cannot look through "${task.file}": ${event.message}`));
      };
      worker.postMessage(task);
    });
    return await Promise.race([answered, stop.promise]);
  } finally {
    signal?.removeEventListener("abort", abort);
    worker.terminate();
  }
}
