/** Every operation that changes something, or takes everything out, leaves an entry, whichever way it is called. */

// First, since it prepares zod for OpenAPI before any schema is made.
import { openClient } from "../http/client.ts";
import { assert, assertEquals } from "@std/assert";
import { createProgram } from "../../src/cli/program.ts";
import { COMMANDS } from "../../src/cli/audited_command.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { includes } from "../../src/access/caller.ts";
import { needOfTool, OPERATIONS, rightOf } from "../../src/access/rights.ts";
import { RPC_TOOLS } from "../../src/http/rpc_tools.ts";
import type { AuditEntry } from "../../src/operations/audit/entry.ts";
import { AuditQuery, readAudit } from "../../src/operations/audit/read.ts";
import { verifyAudit } from "../../src/operations/audit/verify.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { uploadsSettled } from "../../src/operations/documents/upload.ts";
import { TOOLS } from "../../src/tools/table.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { inFolder, json, unimem } from "../cli/command.ts";
import { OPEN, serveMcp, withClient } from "../mcp/clients.ts";
import { testRuntime } from "../helpers/runtime.ts";

/** The entries of a runtime's log, newest first. */
async function entriesOf({ audit }: Runtime, more: Record<string, unknown> = {}): Promise<AuditEntry[]> {
  audit.flush();
  return (await readAudit(audit.state.folder!, AuditQuery.parse({ limit: 1000, ...more }))).entries;
}

const KEY = { authorization: "Bearer a-key-of-some-length" };

const noted = (need: string) => need !== "public" && includes(rightOf(need as "read"), "write");

Deno.test("every route that needs more than reading leaves an entry, and none that reads does", async () => {
  await using client = await openClient();
  const { json: api } = await client.get("/openapi.json");
  for (const [path, methods] of Object.entries(api.paths as Record<string, Record<string, { operationId: string }>>)) {
    for (const [method, { operationId }] of Object.entries(methods)) {
      if (operationId === "streamEvents") continue;
      const before = (await entriesOf(client.runtime)).length;
      const response = await client.app.request(path.replace(/\{\w+\}/g, "0".repeat(64)), {
        method: method.toUpperCase(),
        headers: { "content-type": "application/json" },
        ...method === "get" ? {} : { body: "{}" },
      });
      await response.body?.cancel();
      const added = (await entriesOf(client.runtime)).slice(0, -before || undefined);
      const names = added.map(({ action }) => action);
      assertEquals(names, noted(OPERATIONS[operationId]!) ? [operationId] : [], `${method} ${path}`);
      if (added[0] !== undefined) {
        assertEquals(added[0].outcome === "ok", response.status < 400, `${operationId}: ${added[0].outcome}`);
        assertEquals([added[0].channel, added[0].caller, added[0].space], ["rest", "anonymous", "default"]);
      }
    }
  }
});

Deno.test("an entry says who, what, where and which memories, and nothing of their contents", async () => {
  await using client = await openClient({ http: { apiKey: "a-key-of-some-length" } });
  const sent = { content: "A very secret content", tags: ["secret-tag"], metadata: { secret: "meta" } };
  const { json: stored } = await client.send("POST", "/api/memories", sent, { ...KEY, "x-request-id": "mine" });
  await client.send("POST", "/api/memories", sent, KEY);
  await client.send("DELETE", `/api/memories/${stored.content_hash}`, undefined, KEY);
  await client.send("DELETE", `/api/memories/${"0".repeat(64)}`, undefined, KEY);
  await client.send("POST", "/api/memories", { content: "" }, KEY);
  const entries = (await entriesOf(client.runtime)).reverse();
  assertEquals(entries.map(({ action, outcome, count }) => [action, outcome, count]), [
    ["storeMemory", "ok", 1],
    ["storeMemory", "ok", 0],
    ["deleteMemory", "ok", 1],
    ["deleteMemory", "not_found", 0],
    ["storeMemory", "client_error", 0],
  ]);
  const [first] = entries;
  assertEquals(first!.hashes, [stored.content_hash]);
  assertEquals([first!.request, first!.caller, first!.kind], ["mine", "MCP_API_KEY", "admin-key"]);
  const text = Deno.readTextFileSync(`${client.runtime.audit.state.folder}/audit-000000000001.jsonl`);
  for (const secret of ["secret", "a-key-of-some-length"]) assert(!text.includes(secret), text);
  assertEquals((await verifyAudit(client.runtime.audit.state.folder!)).faults, []);
});

Deno.test("what is done in other spaces than the caller's leaves an entry with their name and its memories", async () => {
  await using client = await openClient();
  const lines = [{ content: "One.", team: "red" }, { content: "Two.", team: "blue" }, { content: "Three." }];
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const { json: report } = await client.send("POST", "/api/import?spaces_by=team", body, {
    "content-type": "application/x-ndjson",
  });
  assertEquals(report.stored, 3);
  const one = contentHash("One."), two = contentHash("Two.");
  const seen = async (count: number) =>
    (await entriesOf(client.runtime)).slice(0, count).map(({ action, space, hashes, count, detail }) => [
      ...[action, space, hashes, count],
      ...detail === undefined ? [] : [detail],
    ]);
  assertEquals(
    (await seen(3)).toSorted(),
    [
      ["importMemories", "red", [one], 1],
      ["importMemories", "blue", [two], 1],
      ["importMemories", "default", [contentHash("Three.")], 1],
    ].toSorted(),
  );
  await client.send("POST", "/api/spaces/red/move", { to: "blue", content_hashes: [one] });
  assertEquals(await seen(1), [["moveMemories", "blue", [one], 1, "From space red to blue"]]);
  await client.send("PUT", "/api/spaces/blue", { name: "green" });
  assertEquals((await seen(1))[0]!.at(-1), "Space blue to green");
  await client.send("DELETE", "/api/spaces/green?confirm_count=2");
  const [deleted] = await entriesOf(client.runtime);
  assertEquals([deleted!.action, deleted!.space, deleted!.count], ["deleteSpace", "green", 2]);
  assertEquals(deleted!.hashes?.toSorted(), [one, two].toSorted());
});

Deno.test("refused requests leave entries: without a key, with a wrong one, from elsewhere", async () => {
  await using client = await openClient({ http: { apiKey: "a-key-of-some-length" } });
  for (let i = 0; i < 5; i++) await client.get("/api/memories");
  await client.get("/api/memories", { authorization: "Bearer wrong" });
  await client.get("/api/memories", { ...KEY, host: "evil.example" });
  client.runtime.audit.flush();
  const entries = (await entriesOf(client.runtime)).reverse();
  assertEquals(entries.map(({ action, outcome, caller, count }) => [action, outcome, caller, count]), [
    ["listMemories", "unauthorized", null, 1],
    ["listMemories", "forbidden", null, 1],
  ]);
  client.runtime.audit.close();
  const all = await entriesOf(client.runtime, { outcome: "unauthorized" });
  assertEquals(all.reduce((sum, { count }) => sum + count, 0), 6);
});

Deno.test("a document leaves an entry when it is taken and one when it is stored, both its uploader's", async () => {
  await using client = await openClient({ http: { apiKey: "a-key-of-some-length" } });
  const form = new FormData();
  form.append("file", new File(["# One\n\nA text.\n\n# Two\n\nAnother."], "note.md"));
  const response = await client.app.request("/api/documents/upload", { method: "POST", headers: KEY, body: form });
  assertEquals(response.status, 200, await response.text());
  await uploadsSettled(client.runtime);
  const entries = await entriesOf(client.runtime, { action: "uploadDocument" });
  assertEquals(entries.map(({ caller, outcome }) => [caller, outcome]), Array(2).fill(["MCP_API_KEY", "ok"]));
  assertEquals(entries.map(({ count }) => count).sort(), [0, 2]);
});

/** Arguments with which tools that may only read change something. */
const CHANGING: Readonly<Record<string, Record<string, string>>> = {
  relation: { action: "add" },
  memory_candidates: { action: "drop" },
};

Deno.test("every tool that changes something leaves an entry with its client, in memory and on POST /mcp", async () => {
  await withClient(async (client, runtime) => {
    for (const { name } of TOOLS) {
      const before = (await entriesOf(runtime)).length;
      const given = CHANGING[name] ?? {};
      await client.call(name, given);
      const added = (await entriesOf(runtime)).slice(0, -before || undefined);
      const expected = noted(needOfTool(name, given) as string) ? [name] : [];
      assertEquals(added.map(({ action }) => action), expected, name);
      if (added[0] !== undefined) assertEquals(added[0].client, { name: "agent-x", version: "1" });
    }
    await client.call("store_memory", { content: "By a tool" });
    const [stored] = await entriesOf(runtime);
    assertEquals([stored!.action, stored!.count, stored!.outcome], ["store_memory", 1, "ok"]);
  }, { name: "agent-x" });

  await using client = await openClient();
  for (const { name } of RPC_TOOLS) {
    const before = (await entriesOf(client.runtime)).length;
    const params = { name, arguments: name === "delete_memory" ? { content_hash: "0".repeat(64) } : {} };
    await client.send("POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
    const added = (await entriesOf(client.runtime)).slice(0, -before || undefined);
    assertEquals(added.map(({ action }) => action), noted(needOfTool(name) as string) ? [name] : [], name);
    if (added[0] !== undefined) assertEquals(added[0].channel, "mcp");
  }
});

Deno.test("calls over the MCP port leave entries with the address, and refusals do", async () => {
  await using opened = await testRuntime();
  const server = serveMcp(opened.runtime, { access: { ...OPEN, apiKey: "a-key-of-some-length" } });
  try {
    const call = (key: string) =>
      fetch(`${server.url}/mcp`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          authorization: `Bearer ${key}`,
        },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "initialize",
          params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "probe", version: "2.1" } },
        }),
      });
    await (await call("wrong")).body?.cancel();
    const answer = await call("a-key-of-some-length"), session = answer.headers.get("mcp-session-id")!;
    await answer.body?.cancel();
    const called = await fetch(`${server.url}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        authorization: "Bearer a-key-of-some-length",
        "mcp-session-id": session,
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 2,
        method: "tools/call",
        params: { name: "store_memory", arguments: { content: "Over the port" } },
      }),
    });
    await called.text();
    const entries = (await entriesOf(opened.runtime)).reverse();
    assertEquals(entries.map(({ action, outcome, address }) => [action, outcome, address]), [
      ["message", "unauthorized", "127.0.0.1"],
      ["store_memory", "ok", "127.0.0.1"],
    ]);
    assertEquals(entries[1]!.client, { name: "probe", version: "2.1" });
  } finally {
    await server.stop();
  }
});

Deno.test("the table of commands has every command and no other", () => {
  const program = createProgram({ print: () => {} } as unknown as CliContext), names: string[] = [];
  const walk = (command: typeof program, words: string[]) => {
    for (const sub of command.commands) {
      names.push([...words, sub.name()].join(" "));
      walk(sub, [...words, sub.name()]);
    }
  };
  walk(program, []);
  assertEquals(Object.keys(COMMANDS).sort(), names.sort());
});

Deno.test("commands that change or take out everything leave an entry, and those that read don't", () =>
  inFolder(async (folder) => {
    const { content_hash } = await json(folder, "store", "By a command");
    await unimem(folder, "list");
    await unimem(folder, "delete", content_hash);
    await unimem(folder, "delete", "0".repeat(64));
    await unimem(folder, "export", `${folder}/all.jsonl`);
    await unimem(folder, "restore", "nothing-there.db");
    const { entries } = await json(folder, "audit");
    assertEquals(
      entries.reverse().map((
        { action, channel, caller, count, outcome }: AuditEntry,
      ) => [action, channel, caller, count, outcome]),
      [
        ["storeMemory", "cli", "local", 1, "ok"],
        ["deleteMemories", "cli", "local", 1, "ok"],
        ["deleteMemories", "cli", "local", 0, "ok"],
        ["export", "cli", "local", 0, "ok"],
        ["restore", "cli", "local", 0, "invalid_input"],
      ],
    );
    assertEquals(entries[0].hashes, [content_hash]);
    assertEquals((await unimem(folder, "audit", "verify")).code, 0);
  }));

Deno.test("a folder that can't be written fails no request, and health says so", async () => {
  await using client = await openClient();
  const folder = client.runtime.audit.state.folder!;
  Deno.writeTextFileSync(folder, "a file where the folder should be");
  assertEquals((await client.send("POST", "/api/memories", { content: "Stored all the same" })).status, 200);
  client.runtime.audit.flush();
  const { json: health } = await client.get("/api/health/detailed");
  const part = health.parts.find(({ name }: { name: string }) => name === "audit");
  assertEquals([health.status, part.state], ["degraded", "degraded"]);
  assert(!part.message.includes(folder), part.message);
  assertEquals((await client.get("/api/health/ready")).status, 200);
  Deno.removeSync(folder);
  assertEquals((await entriesOf(client.runtime)).length, 1);
});

Deno.test("entries about keys name the key and never its token", async () => {
  await using client = await openClient({ http: { apiKey: "a-key-of-some-length" } });
  const { json: made } = await client.send("POST", "/api/keys", { name: "laptop", rights: "write" }, KEY);
  assert(typeof made.token === "string", JSON.stringify(made));
  await client.send("DELETE", `/api/keys/${made.key.id}`, undefined, KEY);
  const entries = (await entriesOf(client.runtime)).reverse();
  assertEquals(entries.map(({ action, outcome, detail }) => [action, outcome, detail]), [
    ["createKey", "ok", `Key ${made.key.id} "laptop", right write`],
    ["revokeKey", "ok", `Key ${made.key.id} "laptop"`],
  ]);
  assert(!JSON.stringify(entries).includes(made.token));
});
