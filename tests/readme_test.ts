/** Every command of README.md, as it stands there, in an empty home. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { inFolder } from "./helpers/folder.ts";
import { fromFileUrl } from "./helpers/paths.ts";
import { freePort } from "./helpers/qdrant.ts";
import { running, testEnvironment, until, within } from "./helpers/process.ts";

const PROJECT = fromFileUrl(new URL("../", import.meta.url));
const { denoDir } = JSON.parse(
  new TextDecoder().decode((await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout),
);

/** Commands that aren't run here, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {};

/** Commands of the shell blocks, without the comments at their ends. */
async function commandsIn(page: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${PROJECT}${page}`);
  return [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) =>
    block!.replaceAll("\\\n", " ").split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter(Boolean)
  );
}

Deno.test({
  name: "every command in the README does what it says in an empty home, one after the other",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const home = `${folder}/home`, bin = `${folder}/bin`, rest = freePort(), mcp = freePort();
      for (const made of [home, bin]) await Deno.mkdir(made);
      // What npx fetches is the Deno that runs here.
      const npx =
        `#!/bin/sh\n[ "$1 $2" = "--yes deno@${Deno.version.deno}" ] || exit 9\nshift 2\nexec '${Deno.execPath()}' "$@"\n`;
      await Deno.writeTextFile(`${bin}/npx`, npx, { mode: 0o755 });
      await Deno.symlink(Deno.execPath(), `${bin}/deno`);
      const { MCP_MEMORY_BASE_DIR: _, ...env } = testEnvironment(`${home}/data`, {
        HOME: home,
        DENO_DIR: denoDir,
        PATH: `${bin}:${Deno.env.get("PATH")}`,
        MCP_HTTP_PORT: String(rest),
        MCP_SERVER_PORT: String(mcp),
      });
      const shell = (command: string) =>
        new Deno.Command("sh", {
          args: ["-c", `exec ${command.replaceAll("127.0.0.1:8000", `127.0.0.1:${rest}`)}`],
          cwd: PROJECT,
          env,
          clearEnv: true,
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
        }).spawn();
      const commands = await commandsIn("README.md"), outputs: string[] = [];
      assert(commands.length >= 4, commands.join("\n"));
      const [first, ...others] = commands;
      assertStringIncludes(first!, "task unified");
      const server = shell(first!);
      server.stdout.cancel();
      await using service = await running(server, "unified");
      await until(() => Promise.resolve(service.log()), (log) => log.includes("Ctrl-C stops the service"), "its words");
      assertStringIncludes(service.log(), `The dashboard is on http://127.0.0.1:${rest}`);
      assertStringIncludes(service.log(), `${home}/.local/share/mcp-memory`);
      assertStringIncludes(service.log(), "task unimem connect CLIENT connects a client");
      for (const command of others) {
        if (Object.hasOwn(NOT_RUN, command)) continue;
        const { code, stdout, stderr } = await within(shell(command).output(), command);
        const text = new TextDecoder().decode(stdout);
        assertEquals(code, 0, `${command}: ${text}${new TextDecoder().decode(stderr)}`);
        outputs.push(text);
      }
      const { mcpServers } = JSON.parse(await Deno.readTextFile(`${home}/.claude.json`));
      assertEquals(mcpServers.unimem.url, `http://127.0.0.1:${mcp}/mcp`);
      assertStringIncludes(outputs.at(-1)!, "PostgreSQL 16", "what was stored is found");
      service.kill("SIGTERM");
      await service.exit();
    }),
});

Deno.test("no command is named as not run that the README doesn't have, and it fits on a screen with its picture", async () => {
  const commands = await commandsIn("README.md"), text = await Deno.readTextFile(`${PROJECT}README.md`);
  assertEquals(Object.keys(NOT_RUN).filter((command) => !commands.includes(command)), []);
  const lines = text.split("\n").length;
  assert(lines <= 60, `${lines} lines`);
  assertStringIncludes(text, "![");
});
