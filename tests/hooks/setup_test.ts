/** Hooks set up in clients' files, and the command that is written there. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { HookFolder } from "../../src/hooks/folder.ts";
import { testEnvironment } from "../helpers/process.ts";
import { inFolder, unimemIn } from "../cli/command.ts";
import { claudeLine } from "./transcripts.ts";

Deno.test("hooks come beside those of others, run, and go again", () =>
  inFolder(async (folder) => {
    const { denoDir } = JSON.parse(
      new TextDecoder().decode(
        (await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout,
      ),
    );
    const env = testEnvironment(folder, { HOME: folder, DENO_DIR: denoDir, MCP_SERVER_PORT: "8123" }),
      file = join(folder, ".claude", "settings.json");
    const before =
      '{\n  // mine\n  "model": "x",\n  "hooks": {\n    "Stop": [{ "hooks": [{ "type": "command", "command": "say done" }] }]\n  }\n}\n';
    await Deno.mkdir(join(folder, ".claude"));
    await Deno.writeTextFile(file, before);
    const connect = async (...args: string[]) => {
      const { code, out, err } = await unimemIn(env, "connect", "claude-code", "--user", "--with-hooks", ...args);
      assertEquals([code, err], [0, ""]);
      return out;
    };
    assertStringIncludes(await connect(), "UserPromptSubmit");
    assertEquals(await Deno.readTextFile(file), before, "nothing is written unasked");
    await connect("--write");
    await connect("--write", "--yes");
    const text = await Deno.readTextFile(file), { hooks } = JSON.parse(text.replace("// mine", ""));
    assertStringIncludes(text, "// mine");
    assertEquals(Object.values<unknown[]>(hooks).map((list) => list.length).sort((a, b) => b - a), [2, 1, 1, 1, 1]);
    assertEquals(hooks.Stop[0].hooks[0].command, "say done");

    const command: string = hooks.Stop[1].hooks[0].command, transcript = join(folder, "s.jsonl");
    await Deno.writeTextFile(transcript, `${claudeLine("s", "user", "What a hook takes")}\n`);
    const child = new Deno.Command("sh", {
      args: ["-c", command],
      env,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
    })
      .spawn();
    const writer = child.stdin.getWriter();
    const input = { hook_event_name: "Stop", session_id: "s", transcript_path: transcript, cwd: folder };
    await writer.write(new TextEncoder().encode(JSON.stringify(input)));
    await writer.close();
    const { code, stdout } = await child.output();
    assertEquals([code, stdout.length], [0, 0]);
    const { failure } = new HookFolder(folder).status("claude-code"), [waiting] = new HookFolder(folder).waiting();
    // On a busy machine its time may be up before it is done; then the next one does it.
    assert(waiting !== undefined || failure === "Its time was up", failure ?? "nothing was captured");
    if (waiting !== undefined) assertStringIncludes(await Deno.readTextFile(waiting.path), "What a hook takes");
    assertStringIncludes((await unimemIn(env, "hook", "status")).out, waiting === undefined ? "claude-code" : "wait");

    await connect("--remove");
    const after = JSON.parse((await Deno.readTextFile(file)).replace("// mine", ""));
    assertEquals(after, JSON.parse(before.replace("// mine", "")));
    assertEquals(JSON.parse(await Deno.readTextFile(join(folder, ".claude.json"))), { mcpServers: {} });
    const { code: refused, err } = await unimemIn(env, "connect", "zed", "--with-hooks");
    assertEquals([refused, err.includes("claude-code")], [2, true]);
  }));
