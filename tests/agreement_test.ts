/** REST and MCP agree: the same operation over each leaves the same memories in the store. */

import { assertEquals } from "@std/assert";
import { createApp } from "../src/http/app.ts";
import { contentHash } from "../src/memory/hash.ts";
import type { Memory } from "../src/memory/memory.ts";
import type { ServiceRuntime } from "../src/operations/runtime.ts";
import { testRuntime } from "./helpers/runtime.ts";
import { CONNECT, OPEN, serveMcp } from "./mcp/clients.ts";

type Args = Record<string, unknown>;

/** One operation over both surfaces. */
interface Case {
  rest: [method: string, path: string, body?: Args];
  mcp: [tool: string, args: Args];
  agent?: string;
}

const [A, B] = ["The gate code is 4711.", "The gate code is 4712."];
const [a, b] = [contentHash(A), contentHash(B)];

/** What both have before, besides a relation from A to B. */
const BEFORE = [{ content: A, tags: ["x"], metadata: { k: 1 } }, { content: B, tags: ["y"], metadata: {} }];

const CASES: Record<string, Case> = {
  store: {
    rest: ["POST", "/api/memories", { content: "New.", tags: ["n"], memory_type: "note", metadata: { m: [1] } }],
    mcp: ["store_memory", { content: "New.", tags: ["n"], metadata: { m: [1] } }],
    agent: "planner",
  },
  "store what is there": {
    rest: ["POST", "/api/memories", { content: A, tags: ["other"] }],
    mcp: ["store_memory", { content: A, tags: ["other"] }],
  },
  update: {
    rest: ["PUT", `/api/memories/${a}`, { tags: ["z"], memory_type: "decision", metadata: { l: 2 } }],
    mcp: ["update_memory", { content_hash: a, tags: ["z"], memory_type: "decision", metadata: { l: 2 } }],
  },
  delete: { rest: ["DELETE", `/api/memories/${a}`], mcp: ["delete_memory", { content_hash: a }] },
  "delete for good": {
    rest: ["DELETE", `/api/memories/${a}?permanent=true`],
    mcp: ["delete_memory", { content_hash: a, permanent: true }],
  },
  relate: {
    rest: ["POST", `/api/memories/${b}/relations`, { target_hash: a, relation_type: "Supports" }],
    mcp: ["relation", { action: "add", content_hash: b, target_hash: a, relation_type: "Supports" }],
  },
  unrelate: {
    rest: ["DELETE", `/api/memories/${a}/relations?target_hash=${b}`],
    mcp: ["relation", { action: "remove", content_hash: a, target_hash: b }],
  },
  supersede: {
    rest: ["POST", `/api/memories/${a}/supersede`, { new_hash: b, reason: "changed" }],
    mcp: ["memory_supersede", { old_id: a, new_id: b, reason: "changed" }],
  },
  merge: {
    rest: ["POST", "/api/manage/duplicates/merge", { canonical_hash: a, duplicate_hashes: [b] }],
    mcp: ["merge_duplicates", { canonical_hash: a, duplicate_hashes: [b] }],
  },
};

/** Everything stored, without the times that differ between two runs, and the way each memory came. */
async function contentsOf({ storage }: ServiceRuntime) {
  const { memories } = await storage.list({ filter: {}, offset: 0, limit: 100, order: "oldest" });
  const trashed = await storage.listTrash({ offset: 0, limit: 100 });
  const relations = await storage.relations({ limit: 100 });
  const plain = ({ created_at: _, updated_at: __, writer: ___, superseded, ...memory }: Memory) => ({
    ...memory,
    superseded: superseded && { by: superseded.by, reason: superseded.reason },
  });
  return {
    memories: memories.map(plain),
    trashed: trashed.items.map(({ memory, reason }) => ({ memory: plain(memory), reason })),
    relations: relations.map(({ created_at: _, ...relation }) => relation),
  };
}

async function after(run: (runtime: ServiceRuntime) => Promise<void>) {
  await using test = await testRuntime();
  const app = createApp(test.runtime, OPEN);
  for (const memory of BEFORE) await send(app, ["POST", "/api/memories", memory]);
  await test.runtime.storage.relate([{ source: a, target: b, type: "relates_to", created_at: 1 }]);
  await run(test.runtime);
  return await contentsOf(test.runtime);
}

async function send(app: ReturnType<typeof createApp>, [method, path, body]: Case["rest"], agent?: string) {
  const headers = { "content-type": "application/json", host: "localhost", ...(agent ? { "X-Agent-ID": agent } : {}) };
  const response = await app.request(`http://localhost${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assertEquals(response.status, 200, `${method} ${path}: ${await response.text()}`);
}

for (const [name, { rest, mcp, agent }] of Object.entries(CASES)) {
  Deno.test(`REST and MCP agree on what is stored: ${name}`, async () => {
    const overRest = await after((runtime) => send(createApp(runtime, OPEN), rest, agent));
    const overMcp = await after(async (runtime) => {
      const server = serveMcp(runtime);
      const client = await CONNECT["Streamable HTTP 2025-11-25"](server.url, agent ? { "X-Agent-ID": agent } : {});
      const result = await client.call(...mcp);
      assertEquals(result.isError, false, result.content[0]!.text);
      await client.close();
      await server.stop();
    });
    assertEquals(overMcp, overRest);
  });
}
