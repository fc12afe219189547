/** Settings of clients, printed and written by the real command. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, join } from "node:path";
import { parse } from "jsonc-parser";
import { CLIENTS, type Server } from "../../src/cli/connect/clients.ts";
import { edited } from "../../src/cli/connect/edit.ts";
import { testEnvironment } from "../helpers/process.ts";
import { inFolder, unimemIn } from "./command.ts";

const KEY = "not-for-anyones-eyes", SHOWN = ["--show-key"];
/** Packages are where they always are, though the home folder is another. */
const { denoDir } = JSON.parse(
  new TextDecoder().decode((await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout),
);
const environment = (folder: string, extra = {}) =>
  testEnvironment(folder, { HOME: folder, DENO_DIR: denoDir, MCP_SERVER_PORT: "8123", MCP_API_KEY: KEY, ...extra });

Deno.test("every client's settings have the service's address and no secret unless it is asked for", () =>
  inFolder(async (folder) => {
    const env = environment(folder);
    await Promise.all(
      Object.entries(CLIENTS).map(async ([id, client]) => {
        const { code, out, err } = await unimemIn(env, "connect", id);
        assertEquals([code, err], [0, ""], id);
        assert(!out.includes(KEY), id);
        assertStringIncludes(out, client.stdioOnly ? '"stdio"' : "http://127.0.0.1:8123/mcp");
        const json = JSON.parse((await unimemIn(env, "connect", id, "--json", ...client.httpOnly ? [] : SHOWN)).out);
        assertEquals([json.client, JSON.stringify(json).includes(KEY)], [id, !client.httpOnly]);
      }),
    );
    const { out } = await unimemIn(env, "connect", "cursor", "--json");
    assert(!out.includes(KEY), out);
    const wide = await unimemIn(environment(folder, { MCP_SERVER_HOST: "0.0.0.0" }), "connect", "json");
    assertStringIncludes(wide.out, '"url": "http://127.0.0.1:8123/mcp"');
    assertEquals((await unimemIn(environment(folder, { MCP_SERVER_PORT: "0" }), "connect", "json")).code, 2);
    assertEquals((await unimemIn(env, "connect", "chatgpt", "--write")).code, 2);
    assertEquals((await unimemIn(env, "connect", "chatgpt", "--stdio")).code, 2);
  }));

Deno.test("--write keeps everything else, the old file too, and replaces an entry only when told to", () =>
  inFolder(async (folder) => {
    const env = environment(folder), file = `${folder}/.cursor/mcp.json`;
    const before =
      '{\n    // mine\n    "mcpServers": {\n        "other": { "command": "x" }, // stays\n    },\n    "a": 1\n}\n';
    await Deno.mkdir(`${folder}/.cursor`);
    await Deno.writeTextFile(file, before);
    const write = async (...args: string[]) => {
      const { code, out, err } = await unimemIn(env, "connect", "cursor", "--write", "--json", ...args);
      return { code, ...JSON.parse(code === 0 ? out : err) };
    };
    const first = await write(), text = await Deno.readTextFile(file);
    assertEquals([first.code, first.outcome, await Deno.readTextFile(first.kept)], [0, "added", before]);
    for (const kept of ["// mine", "// stays", '"other": { "command": "x" }', '"a": 1']) {
      assertStringIncludes(text, kept);
    }
    assertEquals(parse(text).mcpServers.unimem, {
      url: "http://127.0.0.1:8123/mcp",
      headers: { Authorization: "Bearer ${env:MCP_API_KEY}" },
    });
    assertEquals((await write()).outcome, "unchanged");
    const refused = await write("--show-key");
    assertEquals([refused.code, refused.error.code], [1, "refused"]);
    assertEquals(await Deno.readTextFile(file), text);
    assertEquals((await write("--show-key", "--yes")).outcome, "replaced");
    assertStringIncludes(await Deno.readTextFile(file), KEY);

    await Deno.writeTextFile(file, "{ broken");
    assertEquals((await write()).error.code, "conflict");
    assertEquals(await Deno.readTextFile(file), "{ broken");
  }));

Deno.test("Codex's TOML keeps its other sections", () => {
  const server: Server = { kind: "http", url: "http://127.0.0.1:8001/mcp", key: "MCP_API_KEY" };
  const settings = CLIENTS.codex!.settings("unimem", server),
    before = 'model = "x"\n\n[mcp_servers.other]\ncommand = "y"\n';
  const added = edited(before, settings, "config.toml");
  assertEquals(
    added.text,
    `${before}\n[mcp_servers.unimem]\nurl = "http://127.0.0.1:8001/mcp"\nbearer_token_env_var = "MCP_API_KEY"\n`,
  );
  assertEquals(edited(added.text, settings, "config.toml").outcome, "unchanged");
  const other = CLIENTS.codex!.settings("unimem", { ...server, url: "http://127.0.0.1:9/mcp" });
  const replaced = edited(`${added.text}\n[mcp_servers.unimem.tools]\na = 1\n\n[last]\nb = 2\n`, other, "config.toml");
  assertEquals(replaced.outcome, "replaced");
  assertEquals(
    replaced.text,
    `${before}\n[mcp_servers.unimem]\nurl = "http://127.0.0.1:9/mcp"\nbearer_token_env_var = "MCP_API_KEY"\n\n[last]\nb = 2\n`,
  );
});

Deno.test("files lie where each platform keeps them", () => {
  const place = { home: "/h", appData: "C:\\R", cwd: "/p", launcher: [] };
  const at = (os: string, id: string) =>
    CLIENTS[id]!.file!({ ...place, os, ...os === "windows" ? { home: "C:\\h" } : {} });
  assertEquals(at("linux", "claude-desktop"), "/h/.config/Claude/claude_desktop_config.json");
  assertEquals(at("darwin", "claude-desktop"), "/h/Library/Application Support/Claude/claude_desktop_config.json");
  assertEquals(at("windows", "claude-desktop"), "C:\\R\\Claude\\claude_desktop_config.json");
  assertEquals(at("darwin", "zed"), "/h/.config/zed/settings.json");
  assertEquals(at("windows", "cursor"), "C:\\h\\.cursor\\mcp.json");
  assertEquals(at("linux", "claude-code"), "/p/.mcp.json");
});

Deno.test("a command that a client is given starts the service with the same settings", () =>
  inFolder(async (folder) => {
    const env = environment(folder), file = join(folder, "desktop.json");
    const { code } = await unimemIn(env, "connect", "claude-desktop", "--write", "--file", file, "--show-key");
    assertEquals(code, 0);
    const { command, args, env: given } = parse(await Deno.readTextFile(file)).mcpServers.unimem;
    assertEquals(given.MCP_MEMORY_BASE_DIR, folder);
    assertEquals(given.MCP_API_KEY, KEY);
    const child = new Deno.Command(command, {
      args,
      cwd: dirname(file),
      env: { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "", ...given },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
    const request = { jsonrpc: "2.0", id: 1, method: "initialize", params };
    await writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await reader.read();
    assertEquals(JSON.parse(value!.split("\n")[0]!).result.serverInfo.name, "unimem");
    await writer.close();
    await reader.cancel();
    await child.status;
  }));
