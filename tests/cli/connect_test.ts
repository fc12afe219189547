/** Settings of clients, printed and written by the real command. */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parse as parseYaml } from "@std/yaml";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "jsonc-parser";
import { parse as parseToml } from "smol-toml";
import type { Server, Settings } from "../../src/cli/connect/client.ts";
import { CLIENTS } from "../../src/cli/connect/table.ts";
import { edited, editedWithout } from "../../src/cli/connect/edit.ts";
import { entryAt, withEntry } from "../../src/cli/connect/formats.ts";
import { MemoryError } from "../../src/errors.ts";
import { CLIENT_FILES } from "./client_files.ts";
import { spawn, start, testEnvironment } from "../helpers/process.ts";
import { freePort } from "../helpers/qdrant.ts";
import { ended, inFolder, unimemIn } from "./command.ts";

const KEY = "not-for-anyones-eyes";
/** Each format's own parser. */
const PARSERS = {
  json: (text: string) => parse(text) ?? {},
  toml: (text: string) => parseToml(text, { integersAsBigInt: "asNeeded" }),
  yaml: parseYaml,
};
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
      }),
    );
    for (const id of ["cursor", "codex", "goose", "continue", "langgraph"]) {
      const shown = JSON.parse((await unimemIn(env, "connect", id, "--json", "--show-key")).out);
      assertEquals([shown.client, JSON.stringify(shown.settings).includes(KEY)], [id, true]);
    }
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

/** The entry that a client is given. */
function entryOf(id: string, server: Server): Extract<Settings, { entry: unknown }> {
  const settings = CLIENTS[id]!.settings("unimem", server);
  if (settings.format === "text" || settings.format === "file") throw new Error(`${id} has no entry`);
  return settings;
}

Deno.test("forty files of clients keep all they say when an entry comes in", () => {
  const http: Server = { kind: "http", url: "http://127.0.0.1:8001/mcp", key: "k" };
  const stdio: Server = { kind: "stdio", command: "/bin/deno", args: ["task", "unimem", "stdio"], env: { A: "b c" } };
  let count = 0;
  for (const [id, texts] of Object.entries(CLIENT_FILES)) {
    for (const text of texts) {
      count++;
      for (const server of [http, stdio]) {
        const settings = entryOf(id, server);
        const { path, entry } = settings, parse = PARSERS[settings.format], before = text.replace("\ufeff", "");
        const { text: after, outcome } = edited(text, settings, "file");
        const found = parse(after.replace("\ufeff", "")), what = `${id}: ${JSON.stringify(text)}\n${after}`;
        assertEquals(entryAt(found, path), entry, what);
        assertEquals(withEntry(found, path, null), withEntry(parse(before) ?? {}, path, null), what);
        assertEquals(outcome, entryAt(parse(before), path) === undefined ? "added" : "replaced", what);
        assertEquals([after.startsWith("\ufeff"), /[^\r]\n/.test(after)], [
          text.startsWith("\ufeff"),
          /[^\r]\n/.test(text) || !text.includes("\r\n"),
        ], what);
        assert(settings.format !== "toml" || !/,\s*\}/.test(after), what); // of TOML 1.1
        for (const [comment] of text.matchAll(/(\/\/|\/\*|#) \w[\w ]*/g)) assertStringIncludes(after, comment);
        assertEquals(edited(after, settings, "file"), { text: after, outcome: "unchanged" }, what);
        // And out again: all else is as it was.
        const out = editedWithout(after, settings.format, path, "file"), left = parse(out.replace("\ufeff", "")) ?? {};
        assertEquals(entryAt(left, path), undefined, `${what}\n${out}`);
        assertEquals(withEntry(left, path, null), withEntry(parse(before) ?? {}, path, null), `${what}\n${out}`);
        for (const [comment] of text.matchAll(/(\/\/|\/\*|#) \w[\w ]*/g)) assertStringIncludes(out, comment);
      }
    }
  }
  assert(count >= 40, `${count} files`);
  assertEquals(Object.keys(CLIENT_FILES).length, 12);
});

Deno.test("a file that can't be read, or not be changed alone, is left as it is", () => {
  const settings = entryOf("codex", { kind: "http", url: "http://127.0.0.1:8001/mcp", key: null });
  for (const text of ["a = ", "[a]\nb=1\n[a]\n", "mcp_servers = 1\n", "[[mcp_servers]]\na=1\n"]) {
    const error = assertThrows(() => edited(text, settings, "config.toml"), MemoryError);
    assertEquals([error.code, error.message.includes("config.toml")], ["conflict", true], text);
  }
});

Deno.test("names are taken in any case, and the file for all projects where there is one", () =>
  inFolder(async (folder) => {
    const env = environment(folder);
    assertStringIncludes((await unimemIn(env, "connect", "Claude-Code", "--user")).out, `${folder}/.claude.json`);
    const { code, err } = await unimemIn(env, "connect", "cursor", "--user");
    assertEquals([code, err.includes("--user")], [2, true]);
  }));

Deno.test("files lie where each platform keeps them", () => {
  const place = { home: "/h", appData: "C:\\R", cwd: "/p", launcher: [], packaged: false };
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
    assertEquals(given.MCP_API_KEY, undefined); // no key is asked for there
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

Deno.test("--test stores and finds a memory by the started command, and says what failed", () =>
  inFolder(async (folder) => {
    const env = environment(folder);
    const { code, out, err } = await unimemIn(env, "connect", "claude-code", "--stdio", "--test", "--json");
    assertEquals(code, 0, err);
    const { trial, entry } = JSON.parse(out);
    assertEquals([trial.server.startsWith("unimem "), entry], [true, "added"]);
    const port = freePort(), refused = environment(folder, { MCP_SERVER_PORT: String(port) });
    const failed = await unimemIn(refused, "connect", "cursor", "--test");
    assertEquals(failed.code, 3);
    assertStringIncludes(failed.err, `Cannot reach http://127.0.0.1:${port}/mcp`);
  }));

Deno.test("under deno task a project's file is that of the folder it was called in", () =>
  inFolder(async (folder) => {
    const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "--config", config, "unimem", "connect", "claude-code"],
      cwd: folder,
      env: environment(folder, { PATH: Deno.env.get("PATH") ?? "" }),
      clearEnv: true,
    }).output();
    assertEquals([success, new TextDecoder().decode(stdout).split(":\n", 1)[0]], [
      true,
      join(await Deno.realPath(folder), ".mcp.json"),
    ]);
  }));

Deno.test("a client gets a space by its address or MCP_SPACE, and a key of its own by its variable or itself", () =>
  inFolder(async (folder) => {
    const token = "um_0123456789ab_not-for-anyones-eyes", env = environment(folder, { ATLAS_KEY: token });
    const args = ["--space", "atlas,shared", "connect"];
    await Promise.all(
      Object.entries(CLIENTS).map(async ([id, client]) => {
        const key = client.stdioOnly ? [] : ["--key", "ATLAS_KEY"];
        const { code, out, err } = await unimemIn(env, ...args, id, ...key);
        assertEquals([code, err], [0, ""], id);
        assert(!out.includes(token) && !out.includes("MCP_API_KEY"), out);
        assertStringIncludes(out, client.stdioOnly ? '"MCP_SPACE": "atlas,shared"' : "/s/atlas,shared/mcp");
        if (!client.stdioOnly && id !== "chatgpt") assertStringIncludes(out, "ATLAS_KEY");
      }),
    );
    const shown = JSON.parse((await unimemIn(env, ...args, "codex", "--key", "ATLAS_KEY", "--show-key", "--json")).out);
    assertEquals(shown.settings.entry, {
      url: "http://127.0.0.1:8123/s/atlas,shared/mcp",
      http_headers: { Authorization: `Bearer ${token}` },
    });
    for (
      const [options, reason] of [
        [["cursor", "--key", token], "name the variable that holds the key"],
        [["cursor", "--key", "NOT_SET", "--show-key"], "NOT_SET is not set here"],
        [["claude-desktop", "--key", "ATLAS_KEY"], "asks for no key"],
        [["cursor", "--key", "-"], "standard input holds no key"],
      ] as const
    ) {
      const { code, out, err } = await unimemIn(env, "connect", ...options);
      assertEquals([code, out], [2, ""]);
      assertStringIncludes(err, reason);
      assert(!err.includes(token), err);
    }
  }));

Deno.test("--test with a client's own key and space works where they fit, and says what is refused where they don't", () =>
  inFolder(async (folder) => {
    const port = String(freePort()), env = environment(folder, { MCP_SERVER_PORT: port });
    const made = await unimemIn(env, "keys", "create", "atlas", "--rights", "write", "--write", "atlas", "--json");
    const { token } = JSON.parse(made.out);
    await using _ = await start("unified", env);
    const given = { ...env, ATLAS_KEY: token };
    const tried = (space: string) =>
      unimemIn(given, "--space", space, "connect", "cursor", "--key", "ATLAS_KEY", "--test", "--json");
    const fits = await tried("atlas");
    assertEquals(fits.code, 0, fits.err);
    assertEquals(JSON.parse(fits.out).server.url, `http://127.0.0.1:${port}/s/atlas/mcp`);
    assertEquals((await tried("other")).code, 3);
    const child = await spawn(["--space", "atlas", "connect", "cursor", "--key", "-", "--test"], env, {
      stdin: "piped",
      stdout: "piped",
    });
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(`${token}\n`));
    await writer.close();
    assertEquals((await ended(child, "connect")).code, 0);
  }));
