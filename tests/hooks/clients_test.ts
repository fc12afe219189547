/** Sessions of Cursor, Copilot CLI and OpenCode: their formats, and their hooks as they are set up. */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { HOOK_CLIENTS, type HookClient, readEvent } from "../../src/hooks/event.ts";
import { HookFolder } from "../../src/hooks/folder.ts";
import { runHook } from "../../src/hooks/hook.ts";
import { agentsSection, withSection } from "../../src/cli/connect/agents_md.ts";
import { carryOut, planHooks } from "../../src/cli/connect/hook_files.ts";
import { CLIENT_HOOKS, hookWords } from "../../src/cli/connect/hooks.ts";
import { opencodePlugin } from "../../src/cli/connect/opencode_plugin.ts";
import type { ClientContext, Place } from "../../src/cli/context.ts";
import { MemoryError } from "../../src/errors.ts";
import { TOOLS } from "../../src/tools/table.ts";
import { spawn, testEnvironment, until } from "../helpers/process.ts";
import { ended, inFolder, unimemIn } from "../cli/command.ts";
import { claudeLine, copilotEvents, cursorLine, openCodeMessages } from "./transcripts.ts";

const BUDGET_MS = 60_000;
/** Packages are where they always are, though the home folder is another. */
const { denoDir } = JSON.parse(
  new TextDecoder().decode((await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout),
);

/** Runs a hook without a service, so that what it captured lies in the spool. */
function hook(folder: string, client: HookClient, event: string | null, input: Record<string, unknown>) {
  const budgetMs = performance.now() + BUDGET_MS;
  return runHook({
    client,
    event,
    dataFolder: folder,
    cwd: folder,
    home: folder,
    input: JSON.stringify(input),
    budgetMs,
  });
}

interface Turn {
  content: string;
  conversation_id: string;
  content_hash: string;
  created_at: number;
  metadata: Record<string, string>;
}

/** What was captured, in order. */
function turnsIn(folder: string): Turn[] {
  return new HookFolder(folder).waiting().flatMap(({ path }) =>
    Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line))
  );
}

Deno.test("Cursor's transcript is captured as it grows, where the editor names it and where its command line doesn't", () =>
  inFolder(async (folder) => {
    const project = join(folder, "work space"),
      lines = [
        cursorLine("user", "Where do we deploy? password: hunter22xyz"),
        cursorLine("assistant", "Let me look.", [["Shell", { command: "cat deploy.md", description: "d" }]]),
        cursorLine("assistant", "", [["Read", { path: "/a/deploy.md" }]]),
        cursorLine("assistant", "To Frankfurt."),
        JSON.stringify({ role: "user", message: { content: [{ type: "text", text: "<system_reminder>Be kind" }] } }),
      ];
    const name = project.replace(/^\//, "").replaceAll(/[^A-Za-z0-9]/g, "-");
    const path = join(folder, ".cursor", "projects", name, "agent-transcripts", "c1", "c1.jsonl");
    await Deno.mkdir(dirname(path), { recursive: true });
    const input = { conversation_id: "c1", workspace_roots: [project], transcript_path: null };
    const before = Date.now() / 1000;
    for (const line of lines) {
      await Deno.writeTextFile(path, line.slice(0, 9), { append: true });
      await hook(folder, "cursor", null, { ...input, hook_event_name: "stop" });
      await Deno.writeTextFile(path, `${line.slice(9)}\n`, { append: true });
      assertEquals(await hook(folder, "cursor", null, { ...input, hook_event_name: "stop" }), "");
      await hook(folder, "cursor", null, { ...input, hook_event_name: "sessionEnd", transcript_path: path });
    }
    const turns = turnsIn(folder);
    assertEquals(turns.map(({ content, metadata }) => `${metadata.role}: ${content}`), [
      "user: Where do we deploy? password: [redacted: secret]",
      "assistant: Let me look.",
      "tool: [tool] Shell cat deploy.md",
      "tool: [tool] Read /a/deploy.md",
      "assistant: To Frankfurt.",
    ]);
    assertEquals(new Set(turns.map(({ conversation_id }) => conversation_id)), new Set(["cursor:c1"]));
    assertEquals(new Set(turns.map(({ metadata }) => metadata.project)), new Set([project]));
    assert(turns.every(({ created_at }, i) => created_at > (turns[i - 1]?.created_at ?? before)));
    assertEquals(new Set(turns.map(({ content_hash }) => content_hash)).size, turns.length);
  }));

Deno.test("Copilot CLI's events are captured at each stop, and at the end, which names no transcript", () =>
  inFolder(async (folder) => {
    const path = join(folder, ".copilot", "session-state", "s-1", "events.jsonl"), events = copilotEvents("s-1", "/p");
    await Deno.mkdir(dirname(path), { recursive: true });
    const input = { sessionId: "s-1", timestamp: 1, cwd: folder };
    for (const [i, line] of events.entries()) {
      await Deno.writeTextFile(path, `${line}\n`, { append: true });
      const isLast = i === events.length - 1;
      if (isLast) await hook(folder, "copilot-cli", "sessionEnd", { ...input, reason: "complete" });
      else await hook(folder, "copilot-cli", "agentStop", { ...input, transcriptPath: path });
    }
    const turns = turnsIn(folder);
    assertEquals(turns.map(({ content, metadata }) => `${metadata.role}: ${content}`), [
      "user: Which port is ours?",
      "tool: [tool] bash grep PORT .env: failed",
      "assistant: It is 8000.",
      "user: Thanks",
    ]);
    assertEquals(turns.map(({ metadata }) => metadata.model), [undefined, undefined, "gpt-x", undefined]);
    const facts = turns.map(({ conversation_id, metadata }) =>
      `${conversation_id} ${metadata.project} ${metadata.branch}`
    );
    assertEquals(new Set(facts), new Set(["copilot-cli:s-1 /p main"]));
    assertEquals(turns[0]!.created_at > 1_790_000_000, true);
  }));

Deno.test("OpenCode's messages, of both versions, are captured once, however often they are handed over", () =>
  inFolder(async (folder) => {
    const said = openCodeMessages("ses_1", 1, [["user", "Tabs or spaces?"], ["assistant", "Spaces."]]);
    const turn = (messages: unknown[]) =>
      hook(folder, "opencode", "turn", { session_id: "ses_1", cwd: folder, messages });
    await turn(said);
    await turn(said);
    const second = {
      id: "msg_000009",
      type: "assistant",
      time: { created: 1_790_000_009_000, completed: 1_790_000_010_000 },
      model: { id: "m2", providerID: "p" },
      content: [
        { type: "text", text: "Two of them." },
        { type: "tool", id: "call_1", name: "shell", state: { status: "error", input: { command: "npm test" } } },
      ],
    };
    await turn([
      ...said,
      { id: "msg_000008", type: "user", time: { created: 1_790_000_008_000 }, text: "How many?" },
      second,
    ]);
    await turn([second, null, 1, { id: 2 }, { type: "user", text: "Without an id" }]);
    assertEquals(turnsIn(folder).map(({ content, metadata }) => [metadata.role, content, metadata.model]), [
      ["user", "Tabs or spaces?", undefined],
      ["assistant", "Spaces.", "m"],
      ["tool", "[tool] read /a/b.ts: done", undefined],
      ["user", "How many?", undefined],
      ["assistant", "Two of them.", "m2"],
      ["tool", "[tool] shell npm test: failed", undefined],
    ]);
  }));

const place = (os: string): Place => ({ os, home: "/h", appData: "/r", cwd: "/p", launcher: [], packaged: false });

Deno.test("every event that a client's hooks are set up for is one that is understood", () => {
  for (const [client, settings] of Object.entries(CLIENT_HOOKS)) {
    if ("text" in settings) continue;
    const names = settings.events.map((event) => readEvent(client as HookClient, event, {}, "/p")?.name);
    assert(names.every((name) => name !== undefined), `${client}: ${names}`);
    assertEquals([names.includes("start"), names.includes("prompt"), names.includes("turn")], [
      settings.briefing,
      settings.recall,
      settings.capture,
    ], client);
  }
});

Deno.test("a path with blanks and quotes stays one word for each shell", () => {
  const words = hookWords("copilot-cli", "/data", ["/a b/it's", "x"]), settings = CLIENT_HOOKS["copilot-cli"];
  if (!("entry" in settings)) throw new Error("Copilot CLI takes entries");
  assertEquals(settings.entry(words, "agentStop", place("linux")), {
    type: "command",
    bash: `"/a b/it's" x hook run --client copilot-cli agentStop`,
    timeoutSec: 10,
  });
  assertEquals(
    settings.entry(words, "agentStop", place("windows")).powershell,
    "& '/a b/it''s' x hook run --client copilot-cli agentStop",
  );
});

/** What commands get, as far as setting up hooks needs it. */
function contextIn(folder: string): ClientContext {
  const reach = () => ({ dataFolder: folder });
  return { reach, place: { ...place(Deno.build.os), home: folder, cwd: folder } } as unknown as ClientContext;
}

Deno.test("hooks come into files as people have them, beside those of others, and go out without a trace", () =>
  inFolder(async (folder) => {
    const context = contextIn(folder), plain = (text: string) => text.replaceAll(/\s/g, "");
    const befores = [
      "",
      '{\n  // mine\n  "version": 1,\n  "hooks": {\n    "stop": [{ "command": "say done" }],\n    "afterFileEdit": []\n  }\n}\n',
      '{ "hooks": { "beforeShellExecution": [ { "command": "audit" } ] } }\n',
    ];
    for (const client of HOOK_CLIENTS) {
      const file = CLIENT_HOOKS[client].file(context.place);
      const read = () => Deno.readTextFile(file).catch(() => "");
      for (const before of "text" in CLIENT_HOOKS[client] ? befores.slice(0, 1) : befores) {
        await Deno.mkdir(dirname(file), { recursive: true });
        if (before !== "") await Deno.writeTextFile(file, before);
        const plan = await planHooks(context, client, {}, false);
        assertEquals([plan.before, await read()], [before, before], "nothing is written unasked");
        await carryOut(plan);
        const once = await read();
        assertEquals((await carryOut(await planHooks(context, client, {}, false))).outcome, "unchanged");
        assertStringIncludes(once, `${client}`);
        for (const kept of ["// mine", "say done", "audit"]) {
          if (before.includes(kept)) assertStringIncludes(once, kept);
        }
        await carryOut(await planHooks(context, client, {}, true));
        assertEquals(plain(await read()), plain(before), client);
        assertEquals((await carryOut(await planHooks(context, client, {}, true))).outcome, "unchanged");
        await Deno.remove(file).catch(() => {});
      }
    }
  }));

Deno.test("connect sets the hooks of Cursor, Copilot CLI and OpenCode up and takes them out, or does nothing at all", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder, { HOME: folder, DENO_DIR: denoDir, MCP_SERVER_PORT: "8123" });
    const files = { cursor: ".cursor/hooks.json", "copilot-cli": ".copilot/hooks/unimem.json" };
    for (const [client, path] of Object.entries(files)) {
      const written = await unimemIn(env, "connect", client, "--with-hooks", "--write", "--json");
      assertEquals([written.code, JSON.parse(written.out).hooks.file], [0, join(folder, path)], written.err);
      const { hooks, version } = JSON.parse(await Deno.readTextFile(join(folder, path)));
      assertEquals([Object.keys(hooks).length, version], [4, 1]);
      assertEquals((await unimemIn(env, "connect", client, "--with-hooks", "--remove")).code, 0);
      assertEquals(await Deno.stat(join(folder, path)).catch(() => null), null);
    }
    const plugin = join(folder, ".config/opencode/plugins/unimem.js"),
      config = join(folder, ".config/opencode/opencode.json");
    await Deno.mkdir(dirname(plugin), { recursive: true });
    await Deno.writeTextFile(plugin, "export default 1;\n");
    const { code, err } = await unimemIn(env, "connect", "opencode", "--with-hooks", "--write");
    assertEquals([code, err.includes("it was not made by connect")], [1, true], err);
    assertEquals([await Deno.readTextFile(plugin), await Deno.stat(config).catch(() => null)], [
      "export default 1;\n",
      null,
    ]);
    const { code: none, err: said } = await unimemIn(env, "connect", "zed", "--with-hooks");
    assertEquals([none, said.includes("agents-md")], [2, true], said);
  }));

Deno.test("the plugin of OpenCode hands prompts and messages to the real hook, in both versions, and never throws", () =>
  inFolder(async (folder) => {
    const words = hookWords("opencode", folder, null), file = join(folder, "unimem.mjs");
    await Deno.writeTextFile(file, opencodePlugin(words));
    const plugin = (await import(pathToFileURL(file).href)).default;
    assertEquals([plugin.id, typeof plugin.server, typeof plugin.setup], ["unimem", "function", "function"]);
    const waiting = () => turnsIn(folder).map(({ content, conversation_id }) => `${conversation_id} ${content}`);

    const data = openCodeMessages("ses_1", 1, [["user", "One fact"], ["assistant", "Noted."]]);
    const client = {
      session: {
        messages: () => Promise.resolve({ data }),
        get: ({ path }: { path: { id: string } }) =>
          Promise.resolve({ data: path.id === "ses_child" ? { parentID: "ses_1" } : {} }),
      },
    };
    const first = await plugin.server({ client, directory: folder });
    await first["chat.message"]({ sessionID: "ses_1" }, {
      parts: [{ type: "text", text: "One fact that is asked for" }],
    });
    const system = ["You are an agent."];
    await first["experimental.chat.system.transform"]({ sessionID: "ses_1" }, { system });
    assertEquals(system, ["You are an agent."], "without a service there is nothing to add");
    const idle = (sessionID: string) =>
      first.event({ event: { type: "session.status", properties: { sessionID, status: { type: "idle" } } } });
    await idle("ses_child");
    assertEquals(waiting(), [], "helpers of an agent are left out");
    await idle("ses_1");
    await idle("ses_1");
    assertEquals(waiting(), [
      "opencode:ses_1 One fact",
      "opencode:ses_1 Noted.",
      "opencode:ses_1 [tool] read /a/b.ts: done",
    ]);

    // Version 2: pages of messages, newest first, and a stream of events.
    const hooks = new Map<string, (event: unknown) => unknown>();
    const messages = Array.from({ length: 3 }, (_, i) => (
      { id: `msg_00000${i}`, type: "user", time: { created: 1_790_000_000_000 + i * 1000 }, text: `Text ${i}` }
    ));
    const ended = Promise.withResolvers<void>();
    const cleanup = await plugin.setup({
      location: { directory: folder },
      message: {
        list: ({ cursor }: { cursor?: string }) => {
          const page = cursor === undefined ? messages.slice(1).reverse() : messages.slice(0, 1);
          return Promise.resolve({ data: page, cursor: cursor === undefined ? { next: "1" } : {} });
        },
      },
      session: {
        get: () => Promise.resolve({ data: {} }),
        hook: (name: string, run: (event: unknown) => unknown) => Promise.resolve(void hooks.set(name, run)),
      },
      event: {
        async *subscribe({ signal }: { signal: AbortSignal }) {
          yield { type: "session.idle", data: { sessionID: "ses_2" } };
          await ended.promise;
          assert(signal.aborted);
        },
      },
    });
    assertEquals([...hooks.keys()].sort(), ["context", "prompt"]);
    const context = { sessionID: "ses_2", system: [] };
    await hooks.get("prompt")!({ sessionID: "ses_2", prompt: { text: "A prompt of some length" } });
    await hooks.get("context")!(context);
    assertEquals(context.system, []);
    const second = await until(
      () => Promise.resolve(waiting().slice(3)),
      (turns) => turns.length > 0,
      "the second session",
    );
    assertEquals(second, [0, 1, 2].map((i) => `opencode:ses_2 Text ${i}`));
    cleanup();
    ended.resolve();

    await Deno.writeTextFile(file, opencodePlugin(["/nowhere/at/all"]));
    const broken = (await import(`${pathToFileURL(file).href}?broken`)).default;
    const third = await broken.server({ client: { session: {} }, directory: folder });
    await third["chat.message"]({ sessionID: "s" }, { parts: [] });
    await third.event({ event: { type: "session.idle", properties: { sessionID: "s" } } });
  }));

Deno.test("instructions for agents come into AGENTS.md and go out again without a trace", () =>
  inFolder(async (folder) => {
    for (const before of ["", "# Mine\n", "No end of line", "# Windows\r\n\r\nText\r\n"]) {
      const once = withSection(before, agentsSection("unimem"), "AGENTS.md");
      const twice = withSection(once, agentsSection("memory"), "AGENTS.md");
      assert(
        twice.startsWith(before) && twice.split("<!-- unimem -->").length === 2 && twice.includes("`memory`"),
        twice,
      );
      assertEquals(/[^\r]\n/.test(twice), !before.includes("\r\n"));
      assertEquals(withSection(twice, null, "AGENTS.md"), before);
      assertEquals(withSection(`${twice}More.\n`, null, "AGENTS.md"), `${before}More.\n`);
      assertEquals(withSection(before, null, "AGENTS.md"), before);
    }
    assertThrows(() => withSection("<!-- unimem -->\nhalf", null, "AGENTS.md"), MemoryError, "AGENTS.md");
    const tools = [...agentsSection("unimem").matchAll(/`([a-z_]+)`/g)].map(([, name]) => name).slice(1);
    for (const name of tools) assert(TOOLS.some((tool) => tool.name === name), name);

    const env = testEnvironment(folder, { HOME: folder, DENO_DIR: denoDir }), file = join(folder, "AGENTS.md");
    const connect = async (...args: string[]) => {
      const { code, out, err } = await unimemIn(env, "connect", "agents-md", "--file", file, ...args);
      assertEquals([code, err], [0, ""]);
      return out;
    };
    assertStringIncludes(await connect(), agentsSection("unimem"));
    await connect("--write");
    assertEquals(await Deno.readTextFile(file), `${agentsSection("unimem")}\n`);
    await connect("--remove");
    assertEquals(await Deno.stat(file).catch(() => null), null);
  }));

Deno.test("the command hook run keeps a session, and ends with 0 whatever the settings say", () =>
  inFolder(async (folder) => {
    const transcript = join(folder, "s.jsonl"), env = testEnvironment(folder);
    await Deno.writeTextFile(transcript, `${claudeLine("s", "user", "What a command takes")}\n`);
    const run = async (more: Record<string, string>) => {
      const args = ["hook", "run", "turn", "--client", "claude-code"];
      const child = await spawn(args, { ...env, ...more }, { stdin: "piped", stdout: "piped" });
      const writer = child.stdin.getWriter();
      await writer.write(
        new TextEncoder().encode(JSON.stringify({ session_id: "s", transcript_path: transcript, cwd: folder })),
      );
      await writer.close();
      return await ended(child, "unimem hook run");
    };
    const wrong = await run({ MCP_QDRANT_TIMEOUT: "soon" });
    assertEquals([wrong.code, wrong.out, wrong.err.includes("MCP_QDRANT_TIMEOUT")], [0, "", true]);
    // On a busy machine its time may be up before it is done; then the next one does it.
    const turns = await until(
      async () => {
        const { code, out, err } = await run({});
        assertEquals([code, out, err], [0, "", ""]);
        return turnsIn(folder);
      },
      (turns) => turns.length > 0,
      "the turn",
    );
    assertEquals(turns.map(({ content }) => content), ["What a command takes"]);
  }));
