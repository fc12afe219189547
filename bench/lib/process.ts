/**
 * Starts a service in a process of its own, tells when it answers, and stops it by its own id.
 *
 * @module
 */

import { onInterrupt } from "./interrupt.ts";

/** How to start a service and tell that it serves. */
export interface Launch {
  /** What it is, for messages. */
  name: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  /** Probes that must each succeed once. */
  answers: (() => Promise<boolean>)[];
  /** Milliseconds to wait for that. */
  limitMs: number;
}

/** A started service. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** Milliseconds from the command until every probe had succeeded. */
  readonly startMs: number;
  /** Asks it to stop, and ends it after a grace period. Idempotent. */
  stop(): Promise<void>;
  /** Ends it at once, without a word to it. Idempotent. */
  kill(): Promise<void>;
}

const PROBE_EVERY_MS = 3;
const STOP_MS = 10_000;
const LOG_CHARACTERS = 8000;

/** Environment variables a service needs of the caller's; its settings are given one by one. */
const KEPT = ["PATH", "HOME", "DENO_DIR", "TMPDIR", "SYSTEMROOT", "LOCALAPPDATA", "LD_LIBRARY_PATH"];

/** Starts a service and waits until it answers. */
export async function launch({ name, command, args, env, cwd, answers, limitMs }: Launch): Promise<Running> {
  const kept = Object.fromEntries(KEPT.map((key) => [key, Deno.env.get(key)] as const).filter(isSet));
  const began = performance.now();
  const child = new Deno.Command(command, {
    args,
    env: { ...kept, ...env },
    clearEnv: true,
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "", expected = false, ended: Deno.CommandStatus | undefined;
  const forget = onInterrupt(() => ended ?? child.kill("SIGKILL"));
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      text = (text + chunk).slice(-LOG_CHARACTERS);
    }
  })();
  const state = () => {
    const how = ended === undefined ? "runs" : `ended with ${ended.signal ?? `code ${ended.code}`}`;
    return `${name} ${how}; it said:\n${text}`;
  };
  const exited = child.status.then(async (status) => {
    ended = status;
    forget();
    await reading;
    // Whoever waits for an answer only sees a refused connection.
    if (!expected) console.error(state());
  });
  const stop = async () => {
    expected = true;
    if (ended === undefined) child.kill("SIGTERM");
    const timer = setTimeout(() => ended ?? child.kill("SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  const kill = async () => {
    expected = true;
    if (ended === undefined) child.kill("SIGKILL");
    await exited;
  };
  const waiting = new Set(answers);
  while (waiting.size > 0) {
    for (const probe of waiting) if (await probe().catch(() => false)) waiting.delete(probe);
    if (waiting.size === 0) break;
    if (ended !== undefined || performance.now() - began > limitMs) {
      const problem = ended === undefined ? `${name} did not answer within ${limitMs} ms. ` : "";
      await stop();
      throw new Error(problem + state());
    }
    await sleep(PROBE_EVERY_MS);
  }
  const startMs = performance.now() - began;
  return { pid: child.pid, startMs, stop, kill, [Symbol.asyncDispose]: stop };
}

/** Ports that are free now, on the loopback address. */
export function freePorts(count: number): number[] {
  // Held together, so that no two are the same.
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

/** Milliseconds in which a service that collects garbage when it is idle does so; wait for them to see what it keeps. */
export const SETTLE_MS = 5000;

/** Resident memory of a process once it had time to tidy up, in bytes. */
export async function settledBytes(pid: number): Promise<number> {
  await sleep(SETTLE_MS);
  return await residentBytes(pid);
}

/** Resident memory of a process and of all below it, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  // Not from /proc: Deno lets no process look there that hasn't all rights.
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "pid=,ppid=,rss="] }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  let bytes = 0;
  for (const waiting = [pid]; waiting.length > 0;) {
    const at = waiting.pop();
    for (const [own, parent, kilobytes] of lines) {
      if (own === at) bytes += kilobytes! * 1024;
      if (parent === at) waiting.push(own!);
    }
  }
  return bytes;
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs `body` with a folder that goes away afterwards. */
export async function inTemporaryFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder();
  return await body(folder.path);
}

/** A folder that goes away when it is disposed of. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "unimem-bench-" });
  const forget = onInterrupt(() => Deno.removeSync(path, { recursive: true }));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
      forget();
    },
  };
}

function isSet(entry: readonly [string, string | undefined]): entry is [string, string] {
  return entry[1] !== undefined;
}
