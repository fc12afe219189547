/** What can be checked of the container without an engine: the steps of the Dockerfile, taken in a clean folder. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { testEnvironment, until } from "../helpers/process.ts";
import { freePort } from "../helpers/qdrant.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Instructions with their continuation lines joined. */
async function instructions(): Promise<{ name: string; rest: string }[]> {
  const text = (await Deno.readTextFile(join(ROOT, "Dockerfile"))).replaceAll(/^#.*\n|^\s+#.*\n/gm, "");
  return text.replaceAll(/\\\n\s*/g, " ").split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [, name, rest] = /^(\w+)\s+(.*)$/.exec(line)!;
    return { name: name!, rest: rest! };
  });
}

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) await copy(join(from, name), join(to, name));
}

Deno.test("the Dockerfile's last stage runs as another user than root and holds no build step", async () => {
  const steps = await instructions(), last = steps.slice(steps.findLastIndex(({ name }) => name === "FROM"));
  assertEquals(steps.filter(({ name }) => name === "FROM").length, 2);
  const user = last.find(({ name }) => name === "USER")?.rest;
  assert(user !== undefined && !/^(root|0)\b/.test(user));
  assert(last.filter(({ name }) => name === "RUN").every(({ rest }) => !/install|apt|cache|npm/.test(rest)));
  assert(last.some(({ name }) => name === "HEALTHCHECK"));
  assert(steps.filter(({ name }) => name === "FROM").every(({ rest }) => /:\d+\.\d+\.\d+/.test(rest)), "pinned images");
});

Deno.test("the Dockerfile's steps, taken in a clean folder, give a service that its health check finds healthy", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-image-" }), app = join(folder, "app");
  try {
    await Deno.mkdir(app);
    const steps = await instructions(),
      run = (command: string[], env: Record<string, string>) =>
        new Deno.Command(command[0]!, { args: command.slice(1), cwd: app, env, clearEnv: true, stderr: "piped" });
    const env = testEnvironment(join(folder, "data"));
    for (const { name, rest } of steps) {
      if (name === "COPY" && !rest.startsWith("--from")) {
        const paths = rest.split(/\s+/), target = join(app, paths.pop()!);
        for (const path of paths) {
          await copy(
            join(ROOT, path),
            target.endsWith("/") ? join(target, path) : paths.length > 1 ? join(target, path) : target,
          );
        }
      } else if (name === "RUN" && rest.startsWith("deno ")) {
        const { code, stderr } = await run(rest.split(/\s+/), env).output();
        assertEquals(code, 0, new TextDecoder().decode(stderr));
      }
    }
    const entry: string[] = JSON.parse(steps.find(({ name }) => name === "ENTRYPOINT")!.rest);
    const command: string[] = JSON.parse(steps.find(({ name }) => name === "CMD")!.rest);
    const port = String(freePort());
    const check = steps.find(({ name }) => name === "HEALTHCHECK")!.rest.replace(/^.*?CMD /, "").replace("8000", port);
    const child = new Deno.Command(entry[0]!, {
      args: [...entry.slice(1), ...command],
      cwd: app,
      env: { ...env, MCP_HTTP_PORT: port },
      clearEnv: true,
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const healthy = () => run(JSON.parse(check), env).output().then(({ code }) => code);
      await until(healthy, (code) => code === 0, "the health check to succeed");
    } finally {
      child.kill("SIGTERM");
      await child.status;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
