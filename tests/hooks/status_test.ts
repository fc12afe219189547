/** What `hook status`, `doctor` and rules of what to ignore make of hooks. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import type { HookClient } from "../../src/hooks/event.ts";
import { HookFolder } from "../../src/hooks/folder.ts";
import { runHook } from "../../src/hooks/hook.ts";
import { inFolder, unimem } from "../cli/command.ts";
import { claudeCall, claudeLine } from "./transcripts.ts";

function stop(folder: string, transcript: string | null, client: HookClient = "claude-code", cwd = folder) {
  const input = JSON.stringify({ hook_event_name: "Stop", session_id: "s", transcript_path: transcript, cwd });
  return runHook({ client, event: null, dataFolder: folder, cwd, input, budgetMs: performance.now() + 60_000 });
}

async function doctorOf(folder: string) {
  const { out } = await unimem(folder, "doctor", "--json");
  const { checks } = JSON.parse(out) as { checks: { name: string; state: string; message: string; action: string }[] };
  return checks.filter(({ name }) => name === "hooks");
}

Deno.test("status and doctor say when capture last worked for each client, and why it doesn't", () =>
  inFolder(async (folder) => {
    assertEquals((await doctorOf(folder)).map(({ state }) => state), ["skipped"]);
    const path = join(folder, "s.jsonl");
    await Deno.writeTextFile(path, `${claudeLine("s", "user", "Something that is said")}\n`);
    await stop(folder, path);
    await stop(folder, null, "codex");
    const { out } = await unimem(folder, "hook", "status");
    assertStringIncludes(out, "claude-code: 1 turns captured, last 20");
    assertStringIncludes(out, "codex named no transcript");
    assertStringIncludes(out, "wait for a service");
    const [claude, codex] = await doctorOf(folder);
    assertEquals([claude!.state, codex!.state], ["ok", "warning"]);
    assertStringIncludes(claude!.message, "claude-code captured last 20");
    assertStringIncludes(codex!.message, "codex named no transcript");

    await stop(folder, join(folder, "gone.jsonl"));
    const broken = JSON.parse((await unimem(folder, "hook", "status", "--json")).out).clients[0];
    assertStringIncludes(broken.fault, "capture at 20");
    await stop(folder, path);
    const mended = JSON.parse((await unimem(folder, "hook", "status", "--json")).out).clients[0];
    assertEquals([mended.fault, mended.failures], [null, 1]);

    await unimem(folder, "hook", "pause");
    const [paused] = await doctorOf(folder);
    assertEquals([paused!.state, paused!.action], ["warning", "Run `unimem hook resume`"]);
  }));

Deno.test("what rules ignore is neither captured nor recalled for, and comes back when they go", () =>
  inFolder(async (folder) => {
    const data = join(folder, "data"), work = join(folder, "work"), secret = join(folder, "private");
    for (const path of [data, work, secret]) await Deno.mkdir(path);
    const rule = async (...words: string[]) => assertEquals((await unimem(data, "hook", "ignore", ...words)).code, 0);
    await rule("add", "project", secret);
    await rule("add", "path", "*/vault/*");
    await rule("add", "text", "Project Borea*");
    const path = join(folder, "s.jsonl");
    const lines = [
      claudeLine("s", "user", "We talk of Project Borea and its budget.\nAnd of the weather (today).", { cwd: work }),
      ...claudeCall("s", "Read", { file_path: "/home/ada/vault/keys.txt" }),
      ...claudeCall("s", "Read", { file_path: "/home/ada/notes.txt" }),
    ];
    await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
    await stop(data, path, "claude-code", work);
    const captured = () =>
      new HookFolder(data).waiting().flatMap(({ path }) => Deno.readTextFileSync(path).trim().split("\n"))
        .map((line) => JSON.parse(line).content);
    const kept = [
      "We talk of [redacted: ignored]\nAnd of the weather (today).",
      "[tool] Read /home/ada/notes.txt: done",
    ];
    assertEquals(captured(), kept);

    const other = join(folder, "other.jsonl");
    await Deno.writeTextFile(other, `${claudeLine("s", "user", "Said in private", { cwd: secret })}\n`);
    await stop(data, other, "claude-code", secret);
    assertEquals(captured(), kept);
    assertEquals(new HookFolder(data).status("claude-code").failures, 0);
    await rule("remove", "project", secret);
    await stop(data, other, "claude-code", secret);
    assertEquals(captured(), [...kept, "Said in private"]);
    assertEquals((await unimem(data, "hook", "ignore", "list")).out, "path */vault/*\ntext Project Borea*\n");
  }));

Deno.test("a session that is forgotten is gone from the store and the spool, and is captured no more", () =>
  inFolder(async (folder) => {
    const say = async (session: string, text: string) => {
      const path = join(folder, `${session}.jsonl`);
      await Deno.writeTextFile(path, `${claudeLine(session, "user", text)}\n`, { append: true });
      const event = { hook_event_name: "Stop", session_id: session, transcript_path: path, cwd: folder };
      const input = JSON.stringify(event), budgetMs = performance.now() + 60_000;
      await runHook({ client: "claude-code", event: null, dataFolder: folder, cwd: folder, input, budgetMs });
    };
    await say("kept", "Something that stays");
    await say("gone", "Something that goes");
    const spool = new HookFolder(folder);
    for (const { path, space } of spool.waiting()) {
      assertEquals((await unimem(folder, "--space", space, "import", path)).code, 0);
      await Deno.remove(path);
    }
    await say("gone", "Something that waits");
    await say("kept", "Something that waits too");
    const { out, code, err } = await unimem(folder, "hook", "forget", "gone");
    assertEquals([code, out, err], [0, "Forgot 2 turns of claude-code:gone\n", ""]);
    await say("gone", "Something after it");
    const [left, ...more] = spool.waiting();
    assertEquals([more, (await Deno.readTextFile(left!.path)).includes("waits too")], [[], true]);
    const listed = await unimem(folder, "--space", left!.space, "list", "--json");
    const { memories } = JSON.parse(listed.out) as { memories: { content: string }[] };
    assertEquals(memories.map(({ content }) => content), ["Something that stays"]);
  }));
