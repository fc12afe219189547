/**
 * Restoring a backup. A store that is a file is replaced in one step by a new file that was made and checked beside it.
 * A Qdrant collection is emptied and filled; a stopped run goes on where it was.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { dirname } from "node:path";
import { localCaller } from "../../access/caller.ts";
import { errorText, MemoryError } from "../../errors.ts";
import { makePrivateFile } from "../../private_files.ts";
import type { SnapshotFacts, StoreFiles } from "../../storage/files.ts";
import { importFile } from "../moving/import_file.ts";
import { callerRuntime } from "../caller_runtime.ts";
import type { Runtime, ServiceRuntime } from "../runtime.ts";
import { freeName, remove, withFolder } from "./folder.ts";
import { emptyStore, RestoreNote, withoutService } from "./refill.ts";
import { writeBackup } from "./create.ts";
import { type VerifiedBackup, verifyBackup } from "./verify.ts";

/** How and where to restore. */
export interface RestoreOptions {
  /** Whether a store with memories may be replaced; it is kept aside. */
  replace: boolean;
  signal?: AbortSignal | undefined;
  onProgress?: (step: "check" | "copy" | "import", done: number, total: number) => void;
}

/** What a restore did. */
export interface RestoreReport extends Omit<VerifiedBackup, "format"> {
  /** The file that keeps the store as it was before; null when it was empty. */
  aside: string | null;
  /** Whether an earlier run had begun it. */
  resumed: boolean;
}

/** Runs `body` over the embedded store at `path`, which is opened for it. */
export type WithRuntime = <T>(path: string, body: (runtime: ServiceRuntime) => Promise<T>) => Promise<T>;

/** Ending of the new file while it is made. */
const RESTORING = ".restoring";

/**
 * Restores into the embedded store at `path`, from either kind of backup.
 *
 * @throws {MemoryError} `invalid_input`, before anything is touched, for a file that isn't a sound backup; `conflict`
 * when a process has the store open; `refused` when the store holds memories and `replace` isn't set.
 */
export async function restoreFile(
  files: StoreFiles,
  withRuntime: WithRuntime,
  file: string,
  path: string,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { signal, onProgress } = options;
  onProgress?.("check", 0, 1);
  const backup = await verifyBackup(files, file, signal);
  const store = await files.take(path);
  const part = path + RESTORING;
  try {
    const before = await holds(store.inspect(signal), path, options.replace);
    await remove(part, ...leftovers(part));
    if (backup.format === "db") await copy(backup, part, options);
    else await withRuntime(part, (runtime) => fill(runtime, backup, options));
    await remove(...leftovers(part));
    await sync(part);
    signal?.throwIfAborted();
    const aside = before ? freeName(dirname(path), "db", new Date(), "-replaced") : null;
    await store.replace(part, aside);
    return { ...report(backup), aside, resumed: false };
  } catch (error) {
    await remove(part, ...leftovers(part)).catch(() => {}); // the next run removes it
    throw error;
  } finally {
    store.release();
  }
}

/**
 * Restores an export into the store of `runtime`. What the store held is backed up to `folder` first; `leaseMs` is the
 * time after which a service that shares the store counts as gone.
 *
 * @throws {MemoryError} as `restoreFile`.
 */
export async function restoreInto(
  files: StoreFiles,
  runtime: ServiceRuntime,
  file: string,
  { folder, leaseMs, ...options }: RestoreOptions & { folder: string; leaseMs: number },
): Promise<RestoreReport> {
  const { signal, onProgress } = options;
  onProgress?.("check", 0, 1);
  const backup = await verifyBackup(files, file, signal);
  if (backup.format === "db") {
    throw new MemoryError(
      "invalid_input",
      `Cannot restore "${file}" into Qdrant: it is a copy of an embedded store; restore it there, and take it over with ` +
        "`unimem copy`",
      { value: file },
    );
  }
  return await withFolder(folder, () =>
    withoutService(runtime, leaseMs, async () => {
      const note = await RestoreNote.read(runtime, backup.sha256), resumed = note.stage !== null, { sha256 } = backup;
      if (!resumed) {
        const { url, collection } = (await runtime.storage.stats()).details;
        const holdsAny = await holds(countsOf(runtime), `${url}/${collection}`, options.replace);
        const aside = holdsAny ? (await writeBackup(runtime, { folder, keep: null, signal }, "-replaced")).file : null;
        await note.write({ sha256, stage: "clearing", aside });
      }
      if (note.stage === "clearing") {
        await emptyStore(runtime, signal);
        await note.write({ sha256, stage: "filling", aside: note.aside });
      }
      await fill(runtime, backup, options);
      await note.remove();
      return { ...report(backup), aside: note.aside, resumed };
    }));
}

/** Whether there is something to keep aside; refuses where it may not be replaced. */
async function holds(inspecting: Promise<SnapshotFacts | null>, store: string, replace: boolean): Promise<boolean> {
  let reason: string;
  try {
    const facts = await inspecting;
    if (facts === null || facts.memories + facts.trashed === 0) return false;
    reason = `it holds ${facts.memories} memories, and ${facts.trashed} in the trash`;
  } catch (error) {
    if (!(error instanceof MemoryError) || error.code !== "invalid_input") throw error;
    reason = errorText(error);
  }
  if (replace) return true;
  throw new MemoryError(
    "refused",
    `Cannot replace the store "${store}": ${reason}; with --replace it is kept aside and replaced`,
    { value: store },
  );
}

/** Copies the checked bytes and no others. */
async function copy({ file, sha256, bytes }: VerifiedBackup, part: string, { signal, onProgress }: RestoreOptions) {
  const hash = createHash("sha256");
  let done = 0;
  makePrivateFile(part);
  using target = await Deno.open(part, { write: true, truncate: true });
  for await (const chunk of hashed(await Deno.open(file), hash)) {
    signal?.throwIfAborted();
    for (let at = 0; at < chunk.length;) at += await target.write(chunk.subarray(at));
    onProgress?.("copy", done += chunk.length, bytes);
  }
  checkUnchanged(file, hash, sha256);
}

async function* hashed(file: Deno.FsFile, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of file.readable) {
    hash.update(chunk);
    yield chunk;
  }
}

/** @throws {MemoryError} `conflict` when what was read isn't what was checked before. */
function checkUnchanged(file: string, hash: Hash, sha256: string): void {
  if (hash.digest("hex") === sha256) return;
  throw new MemoryError("conflict", `Cannot restore "${file}": it changed while it was read`, { value: file });
}

async function fill(
  runtime: ServiceRuntime,
  backup: VerifiedBackup,
  { signal, onProgress }: RestoreOptions,
): Promise<void> {
  const total = backup.memories + backup.trashed + backup.relations, hash = createHash("sha256");
  const own = callerRuntime(runtime, localCaller("cli"));
  const done = await importFile(own, hashed(await Deno.open(backup.file), hash), {
    asWritten: true,
    keepSpaces: true,
    signal,
    adoptModel: true,
    onProgress: ({ read }) => onProgress?.("import", read, total),
  });
  checkUnchanged(backup.file, hash, backup.sha256);
  if (done.success) return;
  const [first] = done.errors;
  throw new MemoryError(
    "invalid_input",
    `Cannot restore all of "${backup.file}": ${done.faults} faults, the first at ${first?.place}: ${first?.message}`,
    { value: backup.file },
  );
}

async function countsOf({ storage }: Runtime): Promise<SnapshotFacts> {
  const [{ memories }, { total }] = await Promise.all([
    storage.vectorCoverage(),
    storage.listTrash({ offset: 0, limit: 0 }),
  ]);
  return { memories, trashed: total, relations: 0, schema: 0 };
}

function report({ format: _, ...backup }: VerifiedBackup): Omit<VerifiedBackup, "format"> {
  return backup;
}

async function sync(path: string): Promise<void> {
  using handle = await Deno.open(path, { read: true, write: true });
  await handle.sync();
}

/** What a database leaves beside its file when the process that made it was killed. */
function leftovers(path: string): string[] {
  return ["-wal", "-shm", "-journal", ".lock"].map((ending) => path + ending);
}
