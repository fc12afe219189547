import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { TOOLS } from "../../src/tools/table.ts";
import { unimem } from "../cli/command.ts";
import { spawn, taskArguments, testEnvironment, within } from "../helpers/process.ts";

/** What one run of the command gave. */
interface Run {
  code: number;
  /** Lines of standard output, parsed. */
  messages: { id?: number | string; result?: Record<string, unknown>; error?: { code: number } }[];
}

/** Runs `unimem stdio` in a fresh data folder, with `lines` as all of its input. */
async function run(
  lines: (object | string)[],
  settings: Record<string, string> = {},
  options: string[] = [],
): Promise<Run> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  try {
    const child = await spawn(["stdio", ...options], testEnvironment(folder, { LOG_LEVEL: "debug", ...settings }), {
      stdin: "piped",
      stdout: "piped",
    });
    const writer = child.stdin.getWriter();
    for (const line of lines) {
      const text = typeof line === "string" ? line : JSON.stringify({ jsonrpc: "2.0", ...line });
      await writer.write(new TextEncoder().encode(`${text}\n`));
    }
    await writer.close();
    const { code, stdout } = await within(child.output(), "stdio to end");
    const text = new TextDecoder().decode(stdout);
    const messages = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
    return { code, messages };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const INITIALIZE = {
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};
const INITIALIZED = { method: "notifications/initialized" };
const call = (id: number, name: string, args: Record<string, unknown>, _meta?: Record<string, unknown>) => ({
  id,
  method: "tools/call",
  params: { name, arguments: args, ..._meta ? { _meta } : {} },
});
/** What every request carries from 2026-07-28 on. */
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

Deno.test("stdio: an official client starts the command, calls tools and ends it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  const transport = new StdioClientTransport({
    command: Deno.execPath(),
    args: await taskArguments("stdio"),
    cwd: new URL("../..", import.meta.url).pathname,
    env: testEnvironment(folder),
    stderr: "ignore",
  });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport as unknown as Parameters<Client["connect"]>[0]);
  assertEquals((await client.listTools()).tools.length, 15);
  await client.callTool({ name: "store_memory", arguments: { content: "Said over stdio." } });
  const listed = await client.callTool({ name: "list_memories", arguments: {} });
  assertEquals((listed.structuredContent as { total: number }).total, 1);
  await client.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("stdio: requests piped in are all answered before the end of input ends the process", async () => {
  const { code, messages } = await run([
    INITIALIZE,
    INITIALIZED,
    call(2, "store_memory", { content: "Piped in." }),
    "nonsense",
    call(3, "check_database_health", {}),
  ]);
  assertEquals([code, messages.map((message) => message.id).sort()], [0, [1, 2, 3]]);
  const stored = messages.find((message) => message.id === 2)!.result!.structuredContent as {
    result: { success: boolean };
  };
  assertEquals(stored.result.success, true);
});

Deno.test("stdio: a client of the stateless era needs no handshake", async () => {
  const { code, messages } = await run([
    { id: 1, method: "server/discover", params: { _meta: ENVELOPE } },
    call(2, "list_memories", {}, ENVELOPE),
  ]);
  assertEquals([code, messages.length], [0, 2]);
  assertEquals(messages[0]!.result!.supportedVersions, ["2026-07-28"]);
  assertEquals((messages[1]!.result!.structuredContent as { total: number }).total, 0);
});

Deno.test("stdio: ChatGPT gets its shape in both eras, others compact text, and a setting chooses the tools", async () => {
  const store = (id: number, meta?: Record<string, unknown>) =>
    call(id, "store_memory", { content: "Piped in." }, meta);
  const search = (id: number, meta?: Record<string, unknown>) => call(id, "search", { query: "piped" }, meta);
  const as = (name: string) => ({
    ...INITIALIZE,
    params: { ...INITIALIZE.params, clientInfo: { name, version: "1" } },
  });
  const envelope = (name: string) => ({
    ...ENVELOPE,
    "io.modelcontextprotocol/clientInfo": { name, version: "1" },
  });
  const textOf = (messages: { id?: unknown; result?: Record<string, unknown> }[], id: number) =>
    (messages.find((message) => message.id === id)!.result!.content as { text: string }[])[0]!.text;
  for (
    const lines of [
      (name: string) => [as(name), INITIALIZED, store(2), search(3)],
      (name: string) => [store(2, envelope(name)), search(3, envelope(name))],
    ]
  ) {
    const connector = await run(lines("openai-mcp")), other = await run(lines("test"));
    assertEquals(Object.keys(JSON.parse(textOf(connector.messages, 3))), ["results"]);
    assertEquals(/^(?:1 of 1|No memories)/.test(textOf(other.messages, 3)), true);
  }
  const { messages } = await run([as("test"), INITIALIZED, { id: 2, method: "tools/list", params: {} }], {
    MCP_TOOLS: "core",
  });
  assertEquals((messages.find((message) => message.id === 2)!.result!.tools as unknown[]).length, 5);
});

Deno.test("stdio: the process ends when its client goes without a word", async () => {
  assertEquals((await run([])).code, 0);
});

Deno.test("stdio: a line of too many keys, values or levels is refused under its id, and the next ones are answered", async () => {
  const keys = Object.fromEntries(Array.from({ length: 300_000 }, (_, n) => [`k${n}`, n]));
  const { id: _, ...bare } = call(0, "store_memory", { content: "a", metadata: keys });
  const { code, messages } = await run([
    INITIALIZE,
    INITIALIZED,
    call(2, "store_memory", { content: "a", metadata: keys }),
    { ...bare, id: 'the "third"' },
    call(4, "store_memory", { content: "a", tags: Array.from({ length: 400_000 }, () => "a") }),
    `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
    call(6, "store_memory", { content: `x${"n".repeat(60_000)} null`, tags: null }),
  ]);
  assertEquals(code, 0);
  const refused = messages.filter(({ error }) => error !== undefined);
  assertEquals(refused.map(({ id, error }) => [id, error!.code]), [2, 'the "third"', 4, 5].map((id) => [id, -32602]));
  const stored = messages.find(({ id }) => id === 6)!.result!.structuredContent as { result: { success: boolean } };
  assertEquals(stored.result.success, true);
});

Deno.test("stdio: a line of more than 16 MiB is refused under its id, and the next ones are answered", async () => {
  const long = "x".repeat(17 * 1024 * 1024), params = { name: "store_memory", arguments: { content: long } };
  const { code, messages } = await run([
    INITIALIZE,
    INITIALIZED,
    { id: "first", method: "tools/call", params },
    // As the official clients write it.
    JSON.stringify({ method: "tools/call", params, jsonrpc: "2.0", id: 3 }),
    `${long}${long}`,
    call(4, "check_database_health", {}),
  ]);
  assertEquals(code, 0);
  const refused = messages.filter(({ error }) => error !== undefined);
  assertEquals(refused.map(({ id, error }) => [id, error!.code]), ["first", 3, null].map((id) => [id, -32600]));
  assertEquals(messages.filter(({ id }) => id === 4).map(({ result }) => result?.isError ?? false), [false]);
});

Deno.test("stdio: --tools chooses the tools, whatever the settings say", async () => {
  const list = [INITIALIZE, INITIALIZED, { id: 2, method: "tools/list" }, call(3, "list_memories", {})];
  const named = async (options: string[], settings: Record<string, string> = {}) => {
    const { code, messages } = await run(list, settings, options);
    assertEquals(code, 0);
    const { tools } = messages.find(({ id }) => id === 2)!.result as { tools: { name: string }[] };
    const { isError } = messages.find(({ id }) => id === 3)!.result as { isError: boolean };
    return { count: tools.length, isError };
  };
  assertEquals(await named(["--tools", "core"]), { count: 5, isError: true });
  assertEquals(await named(["--tools=CORE"]), { count: 5, isError: true });
  assertEquals(await named(["--tools", "full"], { MCP_TOOLS: "core" }), { count: TOOLS.length, isError: false });
});

Deno.test("stdio: a profile that isn't known, and one that isn't named, end with 2 before anything is opened", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  try {
    for (
      const [options, reason] of [
        [["--tools", "tiny"], 'Cannot serve --tools "tiny": the profiles are full, core'],
        [["--tools"], "argument missing"],
        [["--tool", "core"], "unknown option '--tool'. Did you mean --tools?"],
      ] as const
    ) {
      const { code, err } = await unimem(folder, "stdio", ...options);
      assertEquals(code, 2, err);
      assertStringIncludes(err, reason);
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
