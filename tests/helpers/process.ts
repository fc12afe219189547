/**
 * Runs the real command in a process of its own, on free ports and a data folder of its own.
 *
 * @module
 */

import { taskWords } from "../../build/task.ts";

/** Arguments of Deno in a task of deno.json, so that tests run what users run, with its permissions. */
export async function taskArguments(name: "unified" | "stdio"): Promise<string[]> {
  const words = await taskWords(name);
  return words.slice(words.indexOf("deno") + 1);
}

/** Flags of Deno in the tasks that run Unimem. */
export async function taskFlags(): Promise<string[]> {
  return (await taskArguments("unified")).filter((word) => word.startsWith("--"));
}

/** Milliseconds a start, a stop or an answer may take before a test gives up. */
export const PATIENCE_MS = 120_000;

/** A started command. */
export interface Running {
  /** Base URL of the REST server, from its log; undefined where it is off. */
  http: string;
  /** Base URL of the MCP server. */
  mcp: string;
  pid: number;
  /** Everything written to standard error so far. */
  log: () => string;
  kill(signal: Deno.Signal): void;
  /** Waits for the end and gives the exit code. */
  exit(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Environment a command gets: nothing but what is named, a home in `folder`, and free ports. */
export function testEnvironment(folder: string, extra: Record<string, string> = {}): Record<string, string> {
  const kept = ["PATH", "HOME", "DENO_DIR", "TMPDIR", "SYSTEMROOT", "LOCALAPPDATA"];
  const env: Record<string, string> = {};
  for (const name of kept) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return {
    ...env,
    MCP_MEMORY_BASE_DIR: folder,
    MCP_HTTP_PORT: "0",
    MCP_SERVER_PORT: "0",
    NO_COLOR: "1",
    LOG_FORMAT: "text",
    ...extra,
  };
}

/** Spawns `unimem COMMAND` without waiting for anything. */
export async function spawn(
  args: string[],
  env: Record<string, string>,
  stdio: { stdin?: "piped" | "null"; stdout?: "piped" | "null"; cwd?: string } = {},
): Promise<Deno.ChildProcess> {
  const main = new URL("../../src/main.ts", import.meta.url).pathname;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", config, ...(await taskFlags()), main, ...args],
    env,
    clearEnv: true,
    ...stdio.cwd === undefined ? {} : { cwd: stdio.cwd },
    stdin: stdio.stdin ?? "null",
    stdout: stdio.stdout ?? "null",
    stderr: "piped",
  }).spawn();
}

/** Starts `unimem COMMAND` and waits until the servers it announces answer. */
export async function start(command: string, env: Record<string, string>): Promise<Running> {
  return await running(await spawn([command], env), command);
}

/** Waits until the servers that a spawned `unimem COMMAND` announces answer. */
export async function running(child: Deno.ChildProcess, command: string): Promise<Running> {
  let text = "";
  let changed = Promise.withResolvers<void>();
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      changed.resolve();
      changed = Promise.withResolvers();
    }
  })();
  let ended: number | undefined;
  const exited = child.status.then(({ code }) => ended = code);
  const started: Running = {
    http: "",
    mcp: "",
    pid: child.pid,
    log: () => text,
    kill: (signal) => child.kill(signal),
    exit: async () => {
      const code = await within(exited, `the end of ${command}`);
      await reading;
      return code;
    },
    async [Symbol.asyncDispose]() {
      if (ended === undefined) child.kill("SIGKILL");
      await exited;
      await reading;
    },
  };
  const wanted = command === "unified" ? ["REST", "MCP"] : [command === "http" ? "REST" : "MCP"];
  const urls = () => wanted.map((name) => text.match(new RegExp(`INFO ${name} on (https?://[^/,\\s]+)`))?.[1]);
  while (urls().some((url) => url === undefined)) {
    if (ended !== undefined) throw new Error(`${command} ended with ${ended}: ${text}`);
    await within(Promise.race([changed.promise, exited]), `${command} to listen; it said: ${text}`);
  }
  for (const [i, name] of wanted.entries()) started[name === "REST" ? "http" : "mcp"] = urls()[i]!;
  return started;
}

/** Fails a test that waits longer than `PATIENCE_MS`. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${PATIENCE_MS} ms for ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again until `done` says so. */
export async function until<T>(ask: () => Promise<T>, done: (answer: T) => boolean, what: string): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  while (true) {
    const answer = await ask();
    if (done(answer)) return answer;
    if (Date.now() > end) throw new Error(`Waited ${PATIENCE_MS} ms for ${what}; last: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
