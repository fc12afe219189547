/**
 * The processes above this one. A server on standard input and output ends with its client; where another process holds
 * its input open, as wrappers such as npx may do, the end of the input never comes, and the client's own end is what
 * there is to see.
 *
 * On Linux every process can be looked up. Elsewhere, and where glibc is missing, only the parent is seen: a process
 * whose parent ends gets another one, save on Windows.
 *
 * @module
 */

import { basename } from "node:path";
import { openLibc } from "./tuning/libc.ts";

/** Milliseconds between two looks. */
const LOOK_MS = 2000;
/** Processes that are looked at, at most. */
const MOST = 32;

/** A process as the system describes it. */
export interface ProcessFacts {
  pid: number;
  parent: number;
  /** When it started, in the system's own unit: a later process may get the same number. */
  started: string;
  /** File name of its program. */
  program: string;
  args: string[];
}

/** What a process is to the one below it. */
type Role = "launcher" | "runtime" | "shell" | "other";

/** Programs that start another one and wait for it, and are never a client. */
const WAITERS = new Set(["timeout", "setsid", "sudo", "doas", "tini", "dumb-init", "strace"]);
const SHELLS = new Set(["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"]);

/**
 * The processes above `pid` whose end means that its client has gone: its parent, every Node and Deno above it, and what
 * started a launcher such as npx or `deno task`. Process 1 never counts: in a container it may well be the parent.
 */
export function clientProcesses(pid: number, find: (pid: number) => ProcessFacts | null): ProcessFacts[] {
  const found: ProcessFacts[] = [];
  // A program that isn't just a launcher may be the client, and live longer than the shell it was started from.
  let onlyLaunchers = true;
  let at = find(pid)?.parent ?? 0;
  for (let i = 0; i < MOST && at > 1; i++) {
    const process = find(at);
    if (process === null) break;
    const role = roleOf(process);
    if (i === 0 || onlyLaunchers || role === "launcher" || role === "runtime") found.push(process);
    if (role === "other") break;
    if (role === "runtime") onlyLaunchers = false;
    at = process.parent;
  }
  return found;
}

function roleOf({ program, args }: ProcessFacts): Role {
  // npm puts its own name and command in the place of its arguments.
  if (/^(npm|npx|pnpm|yarn)\b/.test(args[0] ?? "")) return "launcher";
  if (WAITERS.has(program)) return "launcher";
  const [first = ""] = args.slice(1).filter((arg) => !arg.startsWith("-"));
  if (program === "deno") return first === "task" ? "launcher" : "runtime";
  if (program === "node" || program === "bun") {
    const launches =
      /[/\\](_npx|node_modules[/\\](\.bin|deno|@deno|unimem))[/\\]|(^|[/\\])(npx|npm|pnpm|yarn|unimem)(-cli)?(\.c?js)?$/;
    return launches.test(first) ? "launcher" : "runtime";
  }
  // One without a command is a terminal of the user.
  if (SHELLS.has(program)) return first !== "" ? "shell" : "other";
  return "other";
}

/** Waits until a client process ends. */
export interface ClientWatch {
  /** Resolves with the number of the process that ended. */
  gone: Promise<number>;
  stop(): void;
}

/** Watches the processes above this one, as they are now. */
export function watchClient(): ClientWatch {
  const { promise: gone, resolve } = Promise.withResolvers<number>();
  const find = processTable(), parent = Deno.ppid;
  const watched = find === null ? [] : clientProcesses(Deno.pid, find);
  const timer = setInterval(() => {
    // A parent that was gone before can't be known; it may have been process 1 all along.
    if (parent > 1 && Deno.ppid !== parent) return resolve(parent);
    const ended = watched.find(({ pid, started }) => find!(pid)?.started !== started);
    if (ended !== undefined) resolve(ended.pid);
  }, LOOK_MS);
  Deno.unrefTimer(timer);
  return { gone, stop: () => clearInterval(timer) };
}

/**
 * Reads `/proc`, by the C library: Deno lets only processes with every right read there. Null where that isn't possible.
 */
function processTable(): ((pid: number) => ProcessFacts | null) | null {
  const libc = openLibc({
    open: { parameters: ["buffer", "i32"], result: "i32" },
    read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
    readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  });
  if (libc === null) return null;
  const { open, read, close, readlink } = libc, buffer = new Uint8Array(4096);
  const path = (text: string) => new TextEncoder().encode(`${text}\0`);
  const text = (length: number | bigint) => new TextDecoder().decode(buffer.subarray(0, Math.max(0, Number(length))));
  const contents = (file: string): string => {
    const descriptor = open(path(file), 0);
    if (descriptor < 0) return "";
    try {
      return text(read(descriptor, buffer, BigInt(buffer.length)));
    } finally {
      close(descriptor);
    }
  };
  return (pid) => {
    const stat = contents(`/proc/${pid}/stat`);
    // The name, in parentheses, may hold anything; proc(5) numbers the fields after it from 3.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "), [state, parent] = fields, started = fields[19];
    if (started === undefined || state === "Z" || state === "X") return null;
    const args = contents(`/proc/${pid}/cmdline`).split("\0");
    const link = text(readlink(path(`/proc/${pid}/exe`), buffer, BigInt(buffer.length))).replace(/ \(deleted\)$/, "");
    return { pid, parent: Number(parent), started, program: basename(link || args[0]!), args };
  };
}
