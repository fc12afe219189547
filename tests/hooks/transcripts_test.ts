/** Transcripts of each client's format, in several versions, while they grow, are cut, resumed, forked and compacted. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import type { HookClient } from "../../src/hooks/event.ts";
import { HookFolder } from "../../src/hooks/folder.ts";
import { runHook } from "../../src/hooks/hook.ts";
import { inFolder, unimemIn } from "../cli/command.ts";
import { testEnvironment } from "../helpers/process.ts";

const SECRET = `ghp_${"a1B2c3D4e5".repeat(4).slice(0, 36)}`;

/** A session's lines in one version of a client's format, and what is to be stored of them. */
interface Session {
  client: HookClient;
  /** Name of the transcript. */
  file: string;
  lines: string[];
  /** Role and content of each turn. */
  turns: [role: string, content: string][];
}

/** Seconds of a day after a fixed time, as clients write them. */
const at = (second: number) => new Date(Date.UTC(2026, 5, 1, 9, 0, second)).toISOString();

/** Claude Code: messages as text or blocks, calls and results of tools, and records of its own. */
function claude(session: string, version: "1.0" | "2.1"): Session {
  let count = 0;
  const line = (type: string, message: unknown, more = {}) => {
    const common = { sessionId: session, cwd: "/home/ada/atlas", gitBranch: "main", userType: "external" };
    return JSON.stringify({
      ...common,
      version,
      type,
      uuid: `${session}-${++count}`,
      timestamp: at(count),
      message,
      ...more,
    });
  };
  const user = (content: unknown, more = {}) => line("user", { role: "user", content }, more);
  const assistant = (content: unknown[]) => line("assistant", { role: "assistant", model: "claude-opus", content });
  const text = (text: string) => ({ type: "text", text });
  return {
    client: "claude-code",
    file: `${session}.jsonl`,
    lines: [
      ...version === "2.1" ? [JSON.stringify({ type: "file-history-snapshot", messageId: "m", snapshot: {} })] : [],
      user(version === "2.1" ? [text("Where do we deploy?")] : "Where do we deploy?"),
      assistant([{ type: "thinking", thinking: "Hm" }]),
      assistant([text("I'll look."), {
        type: "tool_use",
        id: `${session}-t1`,
        name: "Bash",
        input: { command: "ls  deploy" },
      }]),
      user([{ type: "tool_result", tool_use_id: `${session}-t1`, content: "eu.yaml" }]),
      assistant([{ type: "tool_use", id: `${session}-t2`, name: "Read", input: { file_path: `/etc/${SECRET}` } }]),
      user([{ type: "tool_result", tool_use_id: `${session}-t2`, content: "No such file", is_error: true }]),
      assistant([text("To Frankfurt.")]),
      user("<command-name>/compact</command-name>"),
      ...version === "2.1"
        ? [JSON.stringify({ type: "system", subtype: "compact_boundary", uuid: "b", sessionId: session, content: "x" })]
        : [],
      user("This session is continued: …", { isCompactSummary: true }),
      user("Of a helper", { isSidechain: true }),
      user(`The token is ${SECRET}, use it.`),
      user("Yes"),
      user("Yes"),
    ],
    turns: [
      ["user", "Where do we deploy?"],
      ["assistant", "I'll look."],
      ["tool", "[tool] Bash ls deploy: done"],
      ["tool", "[tool] Read /etc/[redacted: GitHub token]: failed"],
      ["assistant", "To Frankfurt."],
      ["user", "The token is [redacted: GitHub token], use it."],
      ["user", "Yes"],
      ["user", "Yes"],
    ],
  };
}

/** Codex CLI: items with and without an envelope, and calls in several forms. */
function codex(session: string, version: "old" | "new"): Session {
  let second = 0;
  const envelope = (type: string, payload: unknown) => JSON.stringify({ timestamp: at(++second), type, payload });
  const item = (payload: Record<string, unknown>) =>
    version === "new" ? envelope("response_item", payload) : JSON.stringify(payload);
  const message = (role: string, text: string) =>
    item({ type: "message", role, content: [{ type: role === "assistant" ? "output_text" : "input_text", text }] });
  const meta = { id: session, timestamp: at(0), cwd: "/home/ada/atlas" };
  return {
    client: "codex",
    file: `rollout-2026-06-01T09-00-00-${session}.jsonl`,
    lines: [
      version === "new"
        ? envelope("session_meta", { ...meta, cli_version: "0.80.0", source: "cli" })
        : JSON.stringify(meta),
      message("user", "<environment_context>\n<cwd>/home/ada</cwd>\n</environment_context>"),
      ...version === "new" ? [envelope("turn_context", { cwd: "/home/ada/atlas", model: "gpt-5-codex" })] : [],
      message("user", "Why does the deploy job fail?"),
      item({ type: "reasoning", summary: [], encrypted_content: "x" }),
      item({
        type: "function_call",
        name: "shell",
        arguments: '{"command":["cat","job.log"]}',
        call_id: `${session}-c1`,
      }),
      item({
        type: "function_call_output",
        call_id: `${session}-c1`,
        output: JSON.stringify({ output: "x", metadata: { exit_code: 1 } }),
      }),
      ...version === "new"
        ? [
          item({ type: "custom_tool_call", name: "apply_patch", input: "*** Begin Patch", call_id: `${session}-c2` }),
          item({
            type: "custom_tool_call_output",
            call_id: `${session}-c2`,
            output: '{"output":"ok","metadata":{"exit_code":0}}',
          }),
          envelope("event_msg", { type: "agent_message", message: "The token expired." }),
          envelope("compacted", { message: "What came before" }),
        ]
        : [],
      message("assistant", "The token expired."),
      message("user", `password = ${"q9".repeat(6)}Zx`),
      message("user", "Yes"),
      message("user", "Yes"),
    ],
    turns: [
      ["user", "Why does the deploy job fail?"],
      ["tool", "[tool] shell cat job.log: failed with 1"],
      ...version === "new" ? [["tool", "[tool] apply_patch *** Begin Patch: done"] as [string, string]] : [],
      ["assistant", "The token expired."],
      ["user", "password = [redacted: secret]"],
      ["user", "Yes"],
      ["user", "Yes"],
    ],
  };
}

/** Gemini CLI: a message is written again when its calls of tools change, and patches stand between. */
function gemini(session: string): Session {
  let count = 0;
  const line = (type: string, content: unknown, more = {}, id = `${session}-${++count}`) =>
    JSON.stringify({ id, timestamp: at(count), type, content, ...more });
  const call = (id: string, name: string, args: unknown, status: string) => ({
    id,
    name,
    args,
    status,
    timestamp: at(count),
  });
  const looking = (status: string) =>
    line("gemini", "I'll look.", {
      model: "gemini-3-pro",
      toolCalls: [call("k1", "run_shell_command", { command: "ls" }, status)],
    }, "m");
  return {
    client: "gemini-cli",
    file: `session-2026-06-01T09-00-${session}.jsonl`,
    lines: [
      JSON.stringify({
        sessionId: session,
        projectHash: "p",
        startTime: at(0),
        kind: "main",
        directories: ["/home/ada/atlas"],
      }),
      line("user", [{ text: "Where do we deploy?" }]),
      line("info", "Update available"),
      looking("executing"),
      looking("success"),
      JSON.stringify({ $set: { lastUpdated: at(9) } }),
      line("gemini", "", { toolCalls: [call("k2", "read_file", { absolute_path: "/a/b.txt" }, "error")] }),
      line("gemini", "To Frankfurt.", { model: "gemini-3-pro", thoughts: [{ subject: "Hm" }] }),
      JSON.stringify({ $set: { messages: [{ id: "z", type: "user", content: "A summary of all" }] } }),
      line("user", `The token is ${SECRET}.`),
      line("user", "Yes"),
      JSON.stringify({ $rewindTo: `${session}-5` }),
      line("user", "Yes"),
    ],
    turns: [
      ["user", "Where do we deploy?"],
      ["assistant", "I'll look."],
      ["tool", "[tool] run_shell_command ls: done"],
      ["tool", "[tool] read_file /a/b.txt: failed"],
      ["assistant", "To Frankfurt."],
      ["user", "The token is [redacted: GitHub token]."],
      ["user", "Yes"],
      ["user", "Yes"],
    ],
  };
}

const SESSIONS = [
  ...[claude("c10", "1.0"), claude("c21", "2.1"), codex("x-old", "old"), codex("x-new", "new")],
  gemini("gem"),
];

function hookOf(folder: string, client: HookClient, session: string, transcript: string, event = "Stop") {
  const input = { hook_event_name: event, session_id: session, transcript_path: transcript, cwd: folder };
  const call = { client, event: null, dataFolder: folder, cwd: folder, input: JSON.stringify(input) };
  return runHook({ ...call, budgetMs: performance.now() + 60_000 });
}

interface Kept {
  content: string;
  content_hash: string;
  conversation_id: string;
  created_at: number;
  metadata: Record<string, string>;
}

/** What waits for a service, each memory once, as a service would take it. */
function captured(folder: string): Kept[] {
  const all = new Map<string, Kept>();
  for (const { path } of new HookFolder(folder).waiting()) {
    for (const line of Deno.readTextFileSync(path).trim().split("\n")) {
      const kept: Kept = JSON.parse(line);
      if (!all.has(kept.content_hash)) all.set(kept.content_hash, kept);
    }
  }
  return [...all.values()].sort((a, b) => a.created_at - b.created_at);
}

const shown = (all: Kept[]) => all.map(({ metadata, content }) => [metadata.role, content]);

for (const { client, file, lines, turns } of SESSIONS) {
  Deno.test(`${file} is captured as it grows by halves of lines, whatever event and however often`, () =>
    inFolder(async (folder) => {
      const path = join(folder, file);
      for (const line of lines) {
        await Deno.writeTextFile(path, line.slice(0, line.length / 2), { append: true });
        await hookOf(folder, client, file, path, "PreCompact");
        await Deno.writeTextFile(path, `${line.slice(line.length / 2)}\n`, { append: true });
        await hookOf(folder, client, file, path);
        await hookOf(folder, client, file, path);
      }
      const kept = captured(folder);
      assertEquals(shown(kept), turns);
      const session = /(?:c\d+|x-\w+|gem)(?=\.jsonl$)/.exec(file)![0];
      assertEquals(new Set(kept.map(({ conversation_id }) => conversation_id)), new Set([`${client}:${session}`]));
      assertEquals(kept[0]!.metadata.project, "/home/ada/atlas");
      const { failures } = new HookFolder(folder).status(client);
      assertEquals(failures, 0);
    }));
}

Deno.test("several sessions of several clients at once are each captured whole", () =>
  inFolder(async (folder) => {
    const all = SESSIONS.flatMap((session) => [0, 1].map((copy) => ({ ...session, file: `${copy}-${session.file}` })));
    const own = all.map((session, i) => ({
      ...session,
      lines: session.lines.map((line) => line.replaceAll(/\b(c10|c21|x-old|x-new|gem|k1|k2|m)\b(?!ini)/g, `$1n${i}`)),
    }));
    await Promise.all(own.map(async ({ client, file, lines }) => {
      const path = join(folder, file);
      for (const line of lines) {
        await Deno.writeTextFile(path, `${line}\n`, { append: true });
        await Promise.all([hookOf(folder, client, file, path), hookOf(folder, client, file, path)]);
      }
      await hookOf(folder, client, file, path, "SessionEnd");
    }));
    const byConversation = Map.groupBy(captured(folder), ({ conversation_id }) => conversation_id);
    assertEquals(byConversation.size, own.length);
    const found = [...byConversation.values()].map((kept) => JSON.stringify(shown(kept))).toSorted();
    assertEquals(found, own.map(({ turns }) => JSON.stringify(turns)).toSorted());
  }));

Deno.test("forks and resumed sessions store what they repeat once, and what is new under their own session", () =>
  inFolder(async (folder) => {
    const write = (file: string, lines: string[]) => Deno.writeTextFile(join(folder, file), `${lines.join("\n")}\n`);
    const first = claude("c10", "1.0");
    await write("c10.jsonl", first.lines);
    await hookOf(folder, "claude-code", "c10", join(folder, "c10.jsonl"));
    // A fork has the turns under their own ids, and a session id of its own.
    const more = {
      type: "user",
      uuid: "new",
      sessionId: "fork",
      timestamp: at(50),
      message: { content: "In the fork" },
    };
    const copied = first.lines.map((line) => line.replace('"sessionId":"c10"', '"sessionId":"fork"'));
    await write("fork.jsonl", [...copied, JSON.stringify(more)]);
    await hookOf(folder, "claude-code", "fork", join(folder, "fork.jsonl"));

    const second = codex("x-new", "new"), file = "rollout-2026-06-01T10-00-00-x-fork.jsonl";
    await write(second.file, second.lines);
    await hookOf(folder, "codex", "x-new", join(folder, second.file));
    // Codex copies all lines under the time of the fork, the former session's own words among them.
    const meta = { timestamp: at(100), type: "session_meta", payload: { id: "x-fork", forked_from_id: "x-new" } };
    const restamped = second.lines.map((line) => JSON.stringify({ ...JSON.parse(line), timestamp: at(100) }));
    const said = { type: "message", role: "user", content: [{ type: "input_text", text: "In the fork too" }] };
    const last = JSON.stringify({ timestamp: at(200), type: "response_item", payload: said });
    await write(file, [JSON.stringify(meta), ...restamped, last]);
    await hookOf(folder, "codex", "x-fork", join(folder, file));

    const kept = captured(folder);
    assertEquals(kept.length, first.turns.length + 1 + second.turns.length + 1);
    assertEquals(
      kept.filter(({ content }) => content.startsWith("In the")).map(({ conversation_id }) => conversation_id),
      [
        "claude-code:fork",
        "codex:x-fork",
      ],
    );
  }));

Deno.test("a hook that is killed at any moment loses nothing and stores nothing twice", {
  ignore: Deno.build.os === "windows",
}, () =>
  inFolder(async (folder) => {
    const { lines, turns } = claude("c21", "2.1"), path = join(folder, "c21.jsonl");
    const main = new URL("../../src/hooks/main.ts", import.meta.url).pathname;
    const args = ["run", "--quiet", "--no-prompt", "-A", main, "--client", "claude-code", "--data", folder];
    const input = { hook_event_name: "Stop", session_id: "c21", transcript_path: path, cwd: folder };
    const killed: string[] = [];
    for (const [i, line] of lines.entries()) {
      await Deno.writeTextFile(path, `${line}\n`, { append: true });
      const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(JSON.stringify(input))).then(() => writer.close()).catch(() => {});
      const timer = setTimeout(() => {
        try {
          child.kill("SIGKILL");
        } catch {
          // It has ended by itself.
        }
      }, 40 * (i + 1));
      killed.push(String((await child.status).signal));
      clearTimeout(timer);
    }
    assert(killed.includes("SIGKILL"), "at least one was killed");
    await hookOf(folder, "claude-code", "c21", path);
    assertEquals(shown(captured(folder)), turns);
  }));

Deno.test("an import of the same transcripts stores what capture stores, and nothing of it again", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder);
    for (const { client, file, lines, turns } of [claude("c21", "2.1"), codex("x-new", "new"), gemini("gem")]) {
      await Deno.mkdir(join(folder, client));
      const path = join(folder, client, file);
      await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
      const importing = async () => {
        const { code, out, err } = await unimemIn(env, "import", "--from", client, path, "--json");
        assertEquals([code, err], [0, ""]);
        return JSON.parse(out) as { stored: number; present: number; left_out: Record<string, number> };
      };
      const report = await importing();
      assertEquals([report.stored, report.present], [turns.length, 0]);
      assert(
        Object.keys(report.left_out).some((reason) => reason.startsWith("secrets")),
        JSON.stringify(report.left_out),
      );
      await hookOf(folder, client, file, path);
      for (const { path } of new HookFolder(folder).waiting()) {
        const { code, out } = await unimemIn(env, "import", path, "--json");
        assertEquals([code, JSON.parse(out).stored, JSON.parse(out).present], [0, 0, turns.length]);
        await Deno.remove(path);
      }
      assertEquals((await importing()).present, turns.length);
    }
  }));
