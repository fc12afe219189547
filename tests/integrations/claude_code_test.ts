/** The plugin for Claude Code: its files as Claude Code reads them, and each hook that it names run as it would be. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse as parseYaml } from "@std/yaml";
import { join } from "node:path";
import { ROOT } from "../../build/file_set.ts";
import { TOOLS } from "../../src/tools/table.ts";
import { CLIENT_HOOKS } from "../../src/cli/connect/hooks.ts";
import { readEvent } from "../../src/hooks/event.ts";
import { HookFolder } from "../../src/hooks/folder.ts";
import { VERSION } from "../../src/version.ts";
import { inFolder } from "../helpers/folder.ts";
import { start, testEnvironment, until, within } from "../helpers/process.ts";
import { claudeLine } from "../hooks/transcripts.ts";

const PLUGIN = join(ROOT, "integrations", "claude-code"), WINDOWS = Deno.build.os === "windows";
const read = (path: string) => Deno.readTextFile(join(PLUGIN, path));
const json = async (path: string) => JSON.parse(await read(path));

interface Hooks {
  hooks: Record<string, { hooks: { type: string; command: string; timeout: number }[] }[]>;
}

Deno.test("the plugin's manifest and the marketplace name it as Claude Code wants, in the project's version", async () => {
  const manifest = await json(".claude-plugin/plugin.json");
  const marketplace = JSON.parse(await Deno.readTextFile(join(ROOT, ".claude-plugin", "marketplace.json")));
  assertMatch(manifest.name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
  assertEquals(manifest.version, VERSION);
  const [plugin] = marketplace.plugins;
  assertEquals([plugin.name, join(ROOT, plugin.source)], [manifest.name, PLUGIN]);
  assertEquals([typeof marketplace.name, typeof marketplace.owner.name], ["string", "string"]);
  // Components lie where Claude Code looks for them, so that the manifest needn't name them.
  for (const path of ["hooks/hooks.json", ".mcp.json", "commands/remember.md", "commands/recall.md"]) {
    assert((await Deno.stat(join(PLUGIN, path))).isFile, path);
  }
});

Deno.test("the plugin's hooks are those that connect sets up, and the commands' tools exist", async () => {
  const { hooks } = await json("hooks/hooks.json") as Hooks, connected = CLIENT_HOOKS["claude-code"];
  if (!("events" in connected)) throw new Error("Claude Code takes entries");
  assertEquals(Object.keys(hooks), [...connected.events]);
  for (const [event, [entry]] of Object.entries(hooks)) {
    const [{ type, command, timeout }] = entry!.hooks as [{ type: string; command: string; timeout: number }];
    assertEquals([type, timeout], ["command", 10]);
    const [, path, name] = /^sh "\$\{CLAUDE_PLUGIN_ROOT\}\/(\S+)" (\w+)$/.exec(command)!;
    assert((await Deno.stat(join(PLUGIN, path!))).isFile);
    assertEquals(name, readEvent("claude-code", event, {}, "/")!.name);
  }
  for (const command of ["remember", "recall"]) {
    const [, head, text] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(await read(`commands/${command}.md`))!;
    const { description } = parseYaml(head!) as { description: string };
    assert(description.length > 20);
    assertStringIncludes(text!, "$ARGUMENTS");
    const tools = [...text!.matchAll(/`([a-z]+(?:_[a-z]+)*)`/g)].map(([, name]) => name!).filter((name) =>
      name !== "unimem" && name !== "memory_type"
    );
    for (const name of tools) assert(TOOLS.some((tool) => tool.name === name), name);
    assert(tools.length > 0);
  }
});

/** Runs a hook's command as Claude Code does, with the input on standard input. */
async function runCommand(command: string, input: unknown, env: Record<string, string>) {
  const child = new Deno.Command("sh", {
    args: ["-c", command],
    env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(input))).catch(() => {}); // it may not read it
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await within(child.output(), command);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/**
 * A folder with a command `unimem` that runs the hook as the real one does, but with time: one that runs out of it says
 * nothing, as it must, and a busy machine would decide the test.
 */
async function commandIn(folder: string): Promise<string> {
  const bin = join(folder, "bin"), path = join(bin, "unimem"), main = join(ROOT, "src", "hooks", "main.ts");
  const words = [Deno.execPath(), "run", "--quiet", "-A", "--config", join(ROOT, "deno.json"), main, "--data", folder];
  await Deno.mkdir(bin);
  await Deno.writeTextFile(
    path,
    `#!/bin/sh\n[ "$1 $2 $4 $5" = "hook run --client claude-code" ] || exit 9\n` +
      `exec ${words.map((word) => `'${word}'`).join(" ")} --client claude-code --budget 60000 "$3"\n`,
  );
  await Deno.chmod(path, 0o755);
  return bin;
}

Deno.test({
  name: "each hook of the plugin runs: without the command quietly, with it the session is kept and memories come back",
  ignore: WINDOWS,
  fn: () =>
    inFolder(async (folder) => {
      const { hooks } = await json("hooks/hooks.json") as Hooks, transcript = join(folder, "s.jsonl");
      await Deno.writeTextFile(transcript, `${claudeLine("s", "user", "What a plugin takes")}\n`);
      const inputOf = (event: string) => ({
        session_id: "s",
        transcript_path: transcript,
        cwd: folder,
        hook_event_name: event,
        prompt: "Which database does Atlas keep its invoices in?",
      });
      // Packages are where they always are.
      const env = { ...testEnvironment(folder), CLAUDE_PLUGIN_ROOT: PLUGIN, PATH: "/usr/bin:/bin" };
      for (const [event, [entry]] of Object.entries(hooks)) {
        const { code, out, err } = await runCommand(entry!.hooks[0]!.command, inputOf(event), env);
        assertEquals([code, err], [0, ""], event);
        if (event === "SessionStart") assertStringIncludes(JSON.parse(out).systemMessage, "not on the PATH");
        else assertEquals(out, "");
      }
      assertEquals(new HookFolder(folder).waiting(), []);

      const bin = await commandIn(folder), found = { ...env, PATH: `${bin}:${env.PATH}` };
      await using service = await start("unified", testEnvironment(folder));
      await until(
        async () => (await (await fetch(`${service.http}/api/health`)).json()).embedding.state,
        (state) => state === "ready",
        "the model",
      );
      await fetch(`${service.http}/api/memories`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ content: "Atlas keeps its invoices in PostgreSQL 17.", tags: ["pinned"] }),
      }).then((answer) => answer.body?.cancel());
      await until(
        async () => (await (await fetch(`${service.http}/api/health`)).json()).embedding.pending ?? 0,
        (pending) => pending === 0,
        "the vectors",
      );
      const said: Record<string, string> = {};
      for (const [event, [entry]] of Object.entries(hooks)) {
        const { code, out, err } = await runCommand(entry!.hooks[0]!.command, inputOf(event), found);
        assertEquals([code, err], [0, ""], event);
        said[event] = out;
      }
      for (const event of ["SessionStart", "UserPromptSubmit"]) {
        const { hookSpecificOutput } = JSON.parse(said[event]!);
        assertEquals(hookSpecificOutput.hookEventName, event);
        assertStringIncludes(hookSpecificOutput.additionalContext, "PostgreSQL 17");
      }
      assertEquals([said.Stop, said.PreCompact, said.SessionEnd], ["", "", ""]);
      assertEquals(new HookFolder(folder).waiting(), []);
      assertEquals(new HookFolder(folder).status("claude-code").captured, 1);
    }),
});

Deno.test("the plugin's server is reached at its default address, with the header that it sends without a key", () =>
  inFolder(async (folder) => {
    const { mcpServers: { unimem } } = await json(".mcp.json");
    /** As Claude Code fills variables in. */
    const filled = (text: string, env: Record<string, string>) =>
      text.replaceAll(/\$\{(\w+):-([^}]*)\}/g, (_, name, fallback) => env[name] ?? fallback);
    assertEquals(filled(unimem.url, {}), "http://127.0.0.1:8001/mcp");
    await using service = await start("unified", testEnvironment(folder));
    const answer = await fetch(filled(unimem.url, { UNIMEM_MCP_URL: `${service.mcp}/mcp` }), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...Object.fromEntries(Object.entries<string>(unimem.headers).map(([name, value]) => [name, filled(value, {})])),
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "claude-code", version: "1" } },
      }),
    });
    assertEquals(answer.status, 200);
    assertStringIncludes(await answer.text(), '"unimem"');
  }));
