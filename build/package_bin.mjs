#!/usr/bin/env node
/**
 * The command `unimem` of the npm package: starts the program with the Deno that npm installed beside it. Node 20 or
 * later, and nothing but Node's own modules.
 *
 * The program lies in the package as Deno keeps it, and is linked into the user's cache at the first start: Deno runs no
 * TypeScript below `node_modules`, and has to write what V8 compiled to a folder of its own.
 */

import { spawn } from "node:child_process";
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)));
const OWN_IMAGE = "/proc/self/exe";
/** Commands whose first start says where everything is. */
const SERVERS = new Set(["unified", "http"]);
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

try {
  const program = JSON.parse(readFileSync(join(PACKAGE, "program.json"), "utf8"));
  const machine = machineOf(program), deno = denoOf(machine);
  const folder = join(cacheFolder(), `${program.version}-${program.id}-${process.platform}-${process.arch}`);
  const isFirst = !existsSync(folder);
  if (isFirst) setUp(program, machine, folder);
  run(deno, program, folder, isFirst);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

/** The packages that hold what this machine needs. */
function machineOf({ version, machines }) {
  const name = `${process.platform}-${process.arch}`, machine = machines[name];
  if (machine === undefined) {
    throw new Error(`Cannot start on ${name}: Unimem ${version} runs on ${Object.keys(machines).join(", ")}`);
  }
  if (process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime) {
    throw new Error("Cannot start: Deno and ONNX Runtime need glibc, which this Linux doesn't have");
  }
  return machine;
}

/** The folder of a package that npm installed for this one. */
function packageFolder(name, from = PACKAGE) {
  try {
    return dirname(createRequire(join(from, "package.json")).resolve(`${name}/package.json`));
  } catch (cause) {
    throw new Error(
      `Cannot start: the package ${name} is missing; install unimem again, without leaving out optional packages`,
      { cause },
    );
  }
}

/** Path of Deno. It lies in Deno's package for one machine, which needs no install script, as its package for all does. */
function denoOf({ libraries, deno }) {
  return join(packageFolder(deno, packageFolder(libraries)), process.platform === "win32" ? "deno.exe" : "deno");
}

function cacheFolder() {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env, home = homedir();
  if (process.platform === "win32") return join(LOCALAPPDATA ?? join(home, "AppData", "Local"), "unimem", "program");
  if (process.platform === "darwin") return join(home, "Library", "Caches", "unimem");
  return join(XDG_CACHE_HOME?.startsWith("/") ? XDG_CACHE_HOME : join(home, ".cache"), "unimem");
}

/** Links the program's files into `folder`, which is there once all of them are. */
function setUp({ version, files }, { libraries }, folder) {
  const parts = [PACKAGE, packageFolder(libraries)].map((path) => join(path, "program"));
  const begun = `${folder}.${process.pid}`, { isTTY } = process.stderr;
  process.stderr.write(`Setting up Unimem ${version} in ${folder}, once${isTTY ? "" : "\n"}`);
  let done = 0;
  try {
    for (const part of parts) {
      for (const entry of readdirSync(part, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const parent = entry.parentPath ?? entry.path, to = join(begun, parent.slice(part.length));
        mkdirSync(to, { recursive: true, mode: 0o700 });
        linkOrCopy(join(parent, entry.name), join(to, entry.name));
        if (isTTY && ++done % 200 === 0) {
          process.stderr.write(`\rSetting up Unimem ${version} in ${folder}, once: ${done} of ${files} files`);
        }
      }
    }
    if (isTTY) process.stderr.write("\n");
    renameSync(begun, folder);
  } catch (error) {
    rmSync(begun, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(folder)) throw new Error(`Cannot set up Unimem in ${folder}: ${error.message}`, { cause: error });
  }
}

/** A link takes no room; where the file system, or the owner of the file, allows none, a copy does. */
function linkOrCopy(from, to) {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  }
}

/** The words that start this command again, for the settings of clients that do. */
function launcher(version) {
  const own = fileURLToPath(import.meta.url);
  // What npx keeps may be gone tomorrow.
  return own.split(sep).includes("_npx") ? ["npx", "--yes", `unimem@${version}`] : [process.execPath, own];
}

function run(deno, { version, flags, denyWrite }, folder, isFirst) {
  const args = process.argv.slice(2), app = join(folder, "app");
  const command = args.find((arg) => !arg.startsWith("-")) ?? "unified";
  const child = spawn(deno, [
    "run",
    ...flags,
    `--config=${join(app, "deno.json")}`,
    `--deny-write=${denyWrite.map((name) => join(app, name)).join(",")}`,
    `--allow-run=${existsSync(OWN_IMAGE) ? OWN_IMAGE : deno}`,
    join(app, "src", "main.ts"),
    ...args,
  ], {
    stdio: "inherit",
    env: {
      ...process.env,
      DENO_DIR: join(folder, "deno_dir"),
      DENO_NO_UPDATE_CHECK: "1",
      UNIMEM_LAUNCHER: JSON.stringify(launcher(version)),
      ...(isFirst && SERVERS.has(command) ? { UNIMEM_FIRST_START: "1" } : {}),
    },
  });
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      // A terminal sends these two to the child as well, for which a second one means to give up at once.
      if (signal === "SIGTERM" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`Cannot start ${deno}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of SIGNALS) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
