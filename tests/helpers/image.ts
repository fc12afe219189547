/**
 * The container image without an engine: the Dockerfile's instructions, and its steps taken in a folder.
 *
 * @module
 */

import { basename, join } from "node:path";
import { freePort } from "./qdrant.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** An instruction with its continuation lines joined. */
export interface Instruction {
  name: string;
  rest: string;
}

/** A folder laid out as the image is. */
export interface Image {
  /** `/app` of the image. */
  app: string;
  /** `/data`. */
  data: string;
  /** `/tmp`. */
  tmp: string;
  /** The image's environment, with its folders where they lie here, and a port of its own. */
  env: Record<string, string>;
  port: number;
  entrypoint: string[];
  healthcheck: string[];
}

/** Instructions of the Dockerfile. */
export async function instructions(): Promise<Instruction[]> {
  const text = (await Deno.readTextFile(join(ROOT, "Dockerfile"))).replaceAll(/^#.*\n|^\s+#.*\n/gm, "");
  return text.replaceAll(/\\\n\s*/g, " ").split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [, name, rest] = /^(\w+)\s+(.*)$/.exec(line)!;
    return { name: name!, rest: rest! };
  });
}

/** Takes the Dockerfile's steps in a folder. Packages come from the cache of whoever runs this: nothing is downloaded. */
export async function layOut(folder: string): Promise<Image> {
  const [app, data, tmp, cache, bin] = ["app", "data", "tmp", "deno-dir", "bin"].map((name) => join(folder, name));
  for (const path of [app!, data!, tmp!, cache!, bin!]) await Deno.mkdir(path);
  await link(Deno.execPath(), join(bin!, "deno"));
  await link(join(await denoDir(), "npm"), join(cache!, "npm"));
  // Rights name the image's folders.
  const places: Record<string, string> = { "/app": app!, "/data": data!, "/tmp": tmp!, "/deno-dir": cache! };
  const here = (word: string) =>
    /^--(allow|deny)-(read|write|ffi)=/.test(word)
      ? word.replaceAll(/\/(?:app|data|tmp|deno-dir)(?=[,/]|$)/g, (place) => places[place]!)
      : word;
  const port = freePort(), steps = await instructions();
  const env: Record<string, string> = { PATH: `${bin}:/usr/bin:/bin`, DENO_DIR: cache!, TMPDIR: tmp! };
  for (const { name, rest } of steps) {
    if (name === "COPY" && !rest.startsWith("--from")) await copyStep(rest, app!);
    else if (name === "RUN" && rest.startsWith("deno ")) {
      await run(rest.split(/\s+/).map(here), app!, { ...env, HOME: data! });
    } else if (name === "ENV") {
      for (const [, key, value] of rest.matchAll(/(\w+)=(\S+)/g)) env[key!] = value === "/data" ? data! : value!;
    }
  }
  const list = (name: string): string[] => JSON.parse(steps.find((step) => step.name === name)!.rest);
  const check = steps.find(({ name }) => name === "HEALTHCHECK")!.rest.replace(/^.*?CMD /, "");
  return {
    app: app!,
    data: data!,
    tmp: tmp!,
    port,
    // Tests listen on this machine alone.
    env: {
      ...env,
      MCP_HTTP_HOST: "127.0.0.1",
      MCP_SERVER_HOST: "127.0.0.1",
      MCP_HTTP_PORT: String(port),
      MCP_SERVER_PORT: "0",
    },
    entrypoint: [...list("ENTRYPOINT"), ...list("CMD")].map(here),
    healthcheck: JSON.parse(check.replace("8000", String(port))),
  };
}

/** Runs a command and fails when it does. */
async function run(command: string[], cwd: string, env: Record<string, string>): Promise<void> {
  const { code, stderr } = await new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd,
    env,
    clearEnv: true,
  }).output();
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${new TextDecoder().decode(stderr)}`);
}

async function copyStep(rest: string, app: string): Promise<void> {
  const paths = rest.split(/\s+/), target = join(app, paths.pop()!);
  for (const path of paths) await copy(join(ROOT, path), target.endsWith("/") ? join(target, basename(path)) : target);
}

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) await copy(join(from, name), join(to, name));
}

/** Takes files over without their bytes where the file system can. */
async function link(from: string, to: string): Promise<void> {
  try {
    await run(["cp", "-al", from, to], "/", { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin" });
  } catch {
    await run(["cp", "-a", from, to], "/", { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin" });
  }
}

async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
