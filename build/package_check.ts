/**
 * Tries the packed npm packages as someone who has only Node does: installs them in an empty home with empty caches,
 * starts the service, stores a memory, finds it, stops.
 *
 * @module
 */

import { delimiter, dirname, join } from "node:path";
import { ROOT } from "./file_set.ts";
import { megabytes, type Packed } from "./package_stage.ts";
import { nodeName } from "./package_manifest.ts";
import { TARGETS, thisMachine } from "./targets.ts";

/** Milliseconds a start, a stop or an answer may take. */
const LIMIT_MS = 300_000;

/** A memory, and a question that it answers in other words. */
const CONTENT = "Staging runs PostgreSQL 16 because of logical replication.",
  QUESTION = "which database does staging use?";

/** Variables without which npm and Deno don't reach the registry on some machines. */
const KEPT = [
  ...["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "NPM_CONFIG_REGISTRY"],
  ...["DENO_TLS_CA_STORE", "DENO_CERT", "SYSTEMROOT", "TMPDIR", "TEMP"],
];

/** A step and what it took. */
export interface Step {
  name: string;
  seconds: number;
}

/**
 * Installs and tries the packages, and prints seconds and bytes.
 *
 * @throws {Error} with what npm or the service said, at the first step that fails.
 */
export async function checkPackage(packed: readonly Packed[], print: (line: string) => void): Promise<void> {
  const machine = thisMachine();
  if (machine === undefined) throw new Error("Cannot check the packages: none is for this machine");
  const libraries = `unimem-${nodeName(TARGETS[machine]!)}`;
  const tarballs = packed.filter(({ name }) => name === "unimem" || name === libraries).map(({ path }) => path);
  const home = await Deno.realPath(await Deno.makeTempDir({ prefix: "unimem-home-" }));
  const steps: Step[] = [];
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const begun = performance.now(), result = await work(), seconds = (performance.now() - begun) / 1000;
    steps.push({ name, seconds });
    print(`${name}: ${seconds.toFixed(1)} s`);
    return result;
  };
  try {
    const env = await environment(home), isWindows = Deno.build.os === "windows";
    const npm = isWindows ? "npm.cmd" : "npm", prefix = join(home, "prefix");
    const installed = await timed(
      "npm install -g",
      () => finished(npm, ["install", "--global", "--prefix", prefix, "--no-fund", "--no-audit", ...tarballs], env),
    );
    if (/warn/i.test(installed)) throw new Error(`npm warned: ${installed}`);
    const command = isWindows ? join(prefix, "unimem.cmd") : join(prefix, "bin", "unimem");
    await timed("first start, to an answer", () => storeAndFind(command, env, true));
    await timed("second start, to an answer", () => storeAndFind(command, env, false));
    const wrong = await output(command, ["no-such-command"], env);
    if (wrong.code !== 2) throw new Error(`A wrong command ended with ${wrong.code} instead of 2: ${wrong.said}`);
    print(`installed: ${megabytes(await bytesOn(prefix))}`);
    print(`with npm's cache, the program's folder and the data: ${megabytes(await bytesOn(home))}`);
    const named = tarballs.flatMap((path) => ["--package", path]);
    const ways = {
      npx: [isWindows ? "npx.cmd" : "npx", "--yes", ...named, "unimem"],
      Deno: [Deno.execPath(), "task", "--quiet", "--cwd", ROOT, "unimem"],
    };
    for (const [name, words] of Object.entries(ways)) {
      const empty = join(home, name), own = await environment(empty);
      await Deno.mkdir(empty);
      await timed(`${name} with empty caches, to a stored and found memory`, () => remember(words, own));
      print(`what ${name} then holds: ${megabytes(await bytesOn(empty))}`);
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** An empty home, and Node as the only program that isn't the system's. */
async function environment(home: string): Promise<Record<string, string>> {
  const { stdout } = await new Deno.Command("node", { args: ["-p", "process.execPath"] }).output();
  const node = dirname(new TextDecoder().decode(stdout).trim()), data = join(home, "data");
  const kept = KEPT.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  const path = Deno.build.os === "windows" ? Deno.env.get("PATH")! : [node, "/usr/bin", "/bin"].join(delimiter);
  return {
    ...Object.fromEntries(kept),
    ...{ PATH: path, HOME: home, USERPROFILE: home, LOCALAPPDATA: join(home, "AppData"), LOG_FORMAT: "text" },
    ...{ DENO_DIR: join(home, "deno") },
    ...{ MCP_MEMORY_BASE_DIR: data, MCP_HTTP_PORT: "0", MCP_SERVER_PORT: "0" },
  };
}

/** Starts the service, stores a memory and finds it by what it means, and stops the service. */
async function storeAndFind(command: string, env: Record<string, string>, isFirst: boolean): Promise<void> {
  const child = new Deno.Command(command, { env, clearEnv: true, stdin: "null", stdout: "null", stderr: "piped" })
    .spawn();
  let said = "";
  const address = Promise.withResolvers<string>();
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      said += text;
      const found = /INFO REST on (https?:\/\/[^/,\s]+)/.exec(said)?.[1];
      if (found !== undefined) address.resolve(found);
    }
    address.reject(new Error(`The service ended: ${said}`));
  })();
  const limit = setTimeout(() => address.reject(new Error(`The service doesn't listen: ${said}`)), LIMIT_MS);
  let code: number | undefined;
  try {
    await tryOut(await address.promise);
  } finally {
    clearTimeout(limit);
    child.kill("SIGTERM");
    const killed = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    ({ code } = await child.status);
    clearTimeout(killed);
    await reading;
  }
  if (code !== 0) throw new Error(`The service ended with ${code} after SIGTERM: ${said}`);
  for (const line of ["The dashboard is on ", "Memories are kept in ", "unimem connect "]) {
    if (said.includes(line) !== isFirst) throw new Error(`Only the first start should say "${line}": ${said}`);
  }
}

/** Stores a memory by one command and finds it by another. */
async function remember([command, ...words]: readonly string[], env: Record<string, string>): Promise<void> {
  await finished(command!, [...words, "store", CONTENT], env);
  const found = await finished(command!, [...words, "search", QUESTION], env);
  if (!found.includes("PostgreSQL")) throw new Error(`Not found: ${found}`);
}

/** Stores a memory and finds it by what it means. */
async function tryOut(base: string): Promise<void> {
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(base + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  };
  await post("/api/memories", { content: CONTENT });
  const { results } = await post("/api/search", { query: QUESTION });
  if (!results[0]?.memory.content.includes("PostgreSQL")) throw new Error(`Not found: ${JSON.stringify(results)}`);
}

async function output(command: string, args: string[], env: Record<string, string>) {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, env, clearEnv: true, stdin: "null" })
    .output();
  return { code, said: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
}

/** What a command that has to succeed said. */
async function finished(command: string, args: string[], env: Record<string, string>): Promise<string> {
  const { code, said } = await output(command, args, env);
  if (code !== 0) throw new Error(`${command} ${args[0]} ended with ${code}: ${said}`);
  return said;
}

/** Bytes of all files below a folder; those that are there by several links count once. */
async function bytesOn(folder: string, seen = new Set<string>()): Promise<number> {
  let sum = 0;
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) sum += await bytesOn(path, seen);
    if (!isFile) continue;
    const { size, dev, ino } = await Deno.lstat(path), file = `${dev}:${ino}`;
    if (ino !== null && seen.has(file)) continue;
    seen.add(file);
    sum += size;
  }
  return sum;
}
