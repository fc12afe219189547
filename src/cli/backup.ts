/**
 * `backup` and `restore`.
 *
 * @module
 */

import type { Command } from "commander";
import { MemoryError } from "../errors.ts";
import type { RestoreReport } from "../operations/backup/restore.ts";
import { type CliContext, examples, megabytes, pathOf, show, withRuntime } from "./context.ts";
import { type Progress, progress } from "./progress.ts";

interface Options {
  keep?: string;
  folder?: string;
  replace?: boolean;
  json?: boolean;
}

/** Adds the commands. */
export function addBackup(program: Command, context: CliContext): void {
  const backup = program.command("backup").description("make a backup of everything, and look after backups")
    .option("--keep <number>", "delete the oldest backups beyond this many afterwards")
    .option("--folder <path>", "where backups are, instead of MCP_MEMORY_BACKUPS_PATH")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["backup", "backup --keep 14", "backup list", "backup verify latest"]))
    .action((options: Options) => runBackup(context, options));
  backup.command("list").description("the backups there are, newest first")
    .addHelpText("after", examples(["backup list", "backup list --json"]))
    .action((_: Options, command: Command) => runList(context, command.optsWithGlobals()));
  backup.command("verify").argument("[file]", "a path, a name in the backup folder, or latest", "latest")
    .description("read all of a backup and say whether it can be restored")
    .addHelpText("after", examples(["backup verify", "backup verify /mnt/usb/unimem-20260401T020000.000Z.db"]))
    .action((file: string, _: Options, command: Command) => runVerify(context, file, command.optsWithGlobals()));

  program.command("restore").argument("<file>", "a path, a name in the backup folder, or latest")
    .description("put a backup in the store's place")
    .option("--replace", "even if the store holds memories; it is kept aside")
    .option("--folder <path>", "where backups are, instead of MCP_MEMORY_BACKUPS_PATH")
    .option("--json", "print the result as JSON")
    .addHelpText("after", examples(["restore latest", "restore --replace unimem-20260401T020000.000Z.db"]))
    .action((file: string, options: Options) => runRestore(context, named(context, file), options));
}

function folderOf(context: CliContext, { folder }: Options): string {
  return folder === undefined ? context.config().backups.folder : pathOf(context, folder);
}

async function runBackup(context: CliContext, options: Options): Promise<void> {
  const { createBackup } = await import("../operations/backup/create.ts");
  const keep = options.keep === undefined ? null : wholeNumber("--keep", options.keep);
  const folder = folderOf(context, options);
  let bar: Progress | undefined;
  try {
    const made = await withRuntime(context, (runtime) =>
      createBackup(runtime, {
        folder,
        keep,
        signal: context.signal,
        onProgress: (done, total, unit) => (bar ??= progress(context, "Backing up", unit)).at(done, total),
      }));
    bar?.end();
    show(context, options.json, made, () => [
      `Backed up ${made.manifest.memories} memories and ${made.manifest.trashed} in the trash to ${made.file}, ${
        megabytes(made.bytes)
      }`,
      ...made.deleted.map((file) => `Deleted ${file}`),
    ]);
  } finally {
    bar?.end();
  }
}

async function runList(context: CliContext, options: Options): Promise<void> {
  const { listBackups } = await import("../operations/backup/folder.ts");
  const folder = folderOf(context, options), backups = await listBackups(folder);
  show(
    context,
    options.json,
    { folder, backups },
    () =>
      backups.length === 0 ? [`No backups in ${folder}`] : backups.map(({ file, created_at, bytes, manifest }) => {
        const time = new Date(created_at * 1000).toISOString().slice(0, 16).replace("T", " ");
        const holds = manifest === null ? "no checksum" : `${manifest.memories} memories`;
        return `${time}  ${megabytes(bytes).padStart(10)}  ${holds.padEnd(16)}  ${file}`;
      }),
  );
}

async function runVerify(context: CliContext, name: string, options: Options): Promise<void> {
  const [{ findBackup }, { verifyBackup }] = await Promise.all([
    import("../operations/backup/folder.ts"),
    import("../operations/backup/verify.ts"),
  ]);
  const file = await findBackup(folderOf(context, options), named(context, name));
  const found = await verifyBackup(context.storeFiles, file, context.signal);
  show(context, options.json, found, () => [
    `${file} is sound: ${found.memories} memories, ${found.trashed} in the trash, ${found.relations} relations`,
    ...(found.checksum === "missing" ? ["There is no checksum beside it: a changed text would not be noticed"] : []),
  ]);
}

async function runRestore(context: CliContext, name: string, options: Options): Promise<void> {
  const [{ findBackup }, { restoreFile, restoreInto }] = await Promise.all([
    import("../operations/backup/folder.ts"),
    import("../operations/backup/restore.ts"),
  ]);
  const config = context.config(), { storage } = config, folder = folderOf(context, options);
  const file = await findBackup(folder, name), { storeFiles } = context;
  let bar: Progress | undefined, step = "";
  const restoring = {
    replace: options.replace ?? false,
    signal: context.signal,
    onProgress: (now: "check" | "copy" | "import", done: number, total: number) => {
      if (now !== step) {
        bar?.end();
        bar = progress(context, "Restoring", now === "copy" ? "bytes" : "entries");
        step = now;
      }
      if (now !== "check") bar?.at(done, total);
    },
  };
  let done: RestoreReport;
  try {
    done = storage.backend === "qdrant"
      ? await withRuntime(
        context,
        (runtime) => restoreInto(storeFiles, runtime, file, { ...restoring, folder, leaseMs: config.leaseMs }),
      )
      : await restoreFile(
        storeFiles,
        (path, body) => withRuntime({ ...context, config: () => ({ ...config, storage: { ...storage, path } }) }, body),
        file,
        storage.path,
        restoring,
      );
  } finally {
    bar?.end();
  }
  show(context, options.json, done, () => [
    `Restored ${done.memories} memories, ${done.trashed} in the trash and ${done.relations} relations from ${file}${
      done.resumed ? ", going on where an earlier run stopped" : ""
    }`,
    ...(done.aside === null ? [] : [`What was there before is kept in ${done.aside}`]),
  ]);
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new MemoryError("invalid_input", `Cannot use ${option} "${text}": it takes a whole number from 1`, {
    field: option,
    value: text,
  });
}

/** The backup's path, or the word for the newest. */
function named(context: CliContext, name: string): string {
  return name === "latest" ? name : pathOf(context, name);
}
