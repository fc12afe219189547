/** What callers of one space see and do of another, over each kind of store. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { json, type KeyedService, keyedService } from "./service.ts";
import { EventReader } from "../http/event_reader.ts";
import { memory } from "../storage/fixtures.ts";
import { type Qdrant, QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { qdrantDefaults } from "../../src/storage/qdrant/settings.ts";

let server: Promise<Qdrant> | undefined;
let collections = 0;
addEventListener("unload", () => void server?.then((running) => running.kill("SIGKILL")));

/** Opens a service over an empty store. */
type Open = () => Promise<KeyedService>;

const STORES: { name: string; open: Open; ignore: boolean }[] = [
  { name: "SQLite", open: () => keyedService(), ignore: false },
  {
    name: "Qdrant",
    open: async () => {
      const { url } = await (server ??= startQdrant());
      const store = { ...qdrantDefaults(url), backend: "qdrant" as const, collection: `access_${++collections}` };
      return await keyedService({ store });
    },
    ignore: QDRANT_BIN === undefined,
  },
];

function overEach(name: string, body: (open: Open) => Promise<void>): void {
  for (const store of STORES) {
    Deno.test({ name: `${store.name}: ${name}`, ignore: store.ignore, fn: () => body(store.open) });
  }
}

/** Two projects and those who work on them, with a memory in each. */
async function twoProjects(open: Open) {
  const service = await open();
  const alpha = (await service.key({ rights: "write", write: ["alpha"] })).token;
  const beta = (await service.key({ rights: "write", write: ["beta"] })).token;
  const both = (await service.key({ rights: "write", write: ["alpha"], read: ["beta"] })).token;
  const admin = (await service.key({ rights: "admin" })).token;
  const stored = await service.rest(alpha, "POST", "/api/memories", {
    content: "Alpha's secret plan.",
    tags: ["plan"],
  });
  assertEquals(stored.status, 200, JSON.stringify(stored.json));
  return { service, alpha, beta, both, admin, hash: stored.json.content_hash as string };
}

const tool = async (service: KeyedService, token: string, name: string, args: object, path?: string) =>
  (await service.call(token, "tools/call", { name, arguments: args }, path)).json.result;

overEach("what is in one space can't be found, read, changed or seen from another, over REST", async (open) => {
  const { service, alpha, beta, hash } = await twoProjects(open);
  await using _ = service;
  const short = hash.slice(0, 12);
  for (
    const [method, path, body] of [
      ["GET", `/api/memories/${hash}`],
      ["GET", `/api/memories/${short}`],
      ["PUT", `/api/memories/${hash}`, { tags: ["mine"] }],
      ["DELETE", `/api/memories/${hash}`],
      ["DELETE", `/api/memories/${hash}?permanent=true`],
      ["GET", `/api/memories/${hash}/relations`],
      ["DELETE", `/api/memories/${hash}/supersede`],
    ] as const
  ) {
    const { status, json } = await service.rest(beta, method, path, body);
    assertEquals([status, JSON.stringify(json).includes("secret")], [404, false], `${method} ${path}`);
  }
  const empty: [string, string, object | undefined, (json: Record<string, unknown>) => unknown, unknown][] = [
    ["GET", "/api/memories", undefined, (json) => json.total, 0],
    ["POST", "/api/search", { query: "secret plan" }, (json) => (json.results as []).length, 0],
    ["POST", "/api/search", { query: "secret", mode: "exact" }, (json) => (json.results as []).length, 0],
    ["POST", "/api/search/by-tag", { tags: ["plan"] }, (json) => (json.results as []).length, 0],
    ["GET", "/api/tags", undefined, (json) => (json.tags as []).length, 0],
    ["GET", "/api/manage/tags/stats", undefined, (json) => (json.tags as []).length, 0],
    ["GET", "/api/manage/duplicates", undefined, (json) => (json.groups as []).length, 0],
    ["GET", "/api/analytics/overview", undefined, (json) => json.total_memories, 0],
    ["GET", "/api/analytics/audit-trail", undefined, (json) => json.total_operations, 0],
    [
      "GET",
      "/api/health/detailed",
      undefined,
      (json) => (json.storage as { total_memories: number }).total_memories,
      0,
    ],
    ["GET", "/mcp/health", undefined, (json) => (json.statistics as { total_memories: number }).total_memories, 0],
  ];
  for (const [method, path, body, figure, expected] of empty) {
    const { status, json } = await service.rest(beta, method, path, body);
    assertEquals([status, figure(json)], [200, expected], `${path}: ${JSON.stringify(json).slice(0, 300)}`);
    assert(!JSON.stringify(json).includes(hash), path);
  }
  const { storage, embedding } = (await service.rest(beta, "GET", "/api/health/detailed")).json;
  // A text that another space holds is in the cache of embeddings.
  await service.rest(beta, "POST", "/api/search", { query: "Alpha's secret plan." });
  assertEquals((await service.rest(beta, "GET", "/api/health/detailed")).json.embedding.counters, embedding.counters);
  assertEquals([embedding.counters.cache_hits, embedding.counters.model_runs], [0, 0]);
  assertEquals([storage.database_path, storage.database_size_bytes, storage.details], [null, null, {}]);
  // The same text is another memory there, with its own tags.
  const own = await service.rest(beta, "POST", "/api/memories", { content: "Alpha's secret plan.", tags: ["copied"] });
  assertEquals([own.json.success, own.json.content_hash, own.json.memory.tags], [true, hash, ["copied"]]);
  assertEquals((await service.rest(beta, "DELETE", `/api/memories/${hash}`)).status, 200);
  const left = (await service.rest(alpha, "GET", `/api/memories/${hash}`)).json;
  assertEquals([left.tags, left.space], [["plan"], "alpha"]);
  assertEquals((await service.rest(alpha, "GET", "/api/manage/trash")).json.total, 0);
});

overEach(
  "what is in one space can't be reached from another by tools, resources, prompts and completion",
  async (open) => {
    const { service, alpha, beta, hash } = await twoProjects(open);
    await using _ = service;
    const calls: [string, object][] = [
      ["search", { query: "secret plan" }],
      ["search", { tags: ["plan"] }],
      ["fetch", { id: hash }],
      ["retrieve_memory", { query: "secret plan" }],
      ["search_by_tag", { tags: ["plan"] }],
      ["list_memories", {}],
      ["update_memory", { content_hash: hash, tags: ["mine"] }],
      ["delete_memory", { content_hash: hash }],
      ["relation", { action: "list", content_hash: hash }],
      ["memory_contradictions", {}],
      ["find_duplicates", {}],
    ];
    for (const [name, args] of calls) {
      const text = JSON.stringify(await tool(service, beta, name, args));
      assert(!/secret plan\.|Alpha's/.test(text), `${name}: ${text}`);
      const rpc = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } };
      const plain = JSON.stringify((await service.rest(beta, "POST", "/mcp", rpc)).json);
      assert(!/secret plan\.|Alpha's/.test(plain), `POST /mcp ${name}: ${plain}`);
    }
    for (
      const [method, params] of [
        ["resources/list", {}],
        ["resources/read", { uri: "memory://recent" }],
        ["resources/read", { uri: "tag://plan" }],
        ["resources/read", { uri: `memory://${hash}` }],
        ["prompts/get", { name: "recall", arguments: { task: "the secret plan" } }],
        ["completion/complete", {
          ref: { type: "ref/prompt", name: "recall" },
          argument: { name: "tag", value: "pl" },
        }],
      ] as const
    ) {
      const text = JSON.stringify((await service.call(beta, method, params)).json);
      assert(!/Alpha's|"plan"|tag:\/\/plan"?,"name/.test(text), `${method}: ${text}`);
    }
    assertEquals((await service.rest(alpha, "GET", `/api/memories/${hash}`)).status, 200);
  },
);

overEach("events of a space reach those who read it, and of a search only who made it", async (open) => {
  const { service, alpha, beta, both } = await twoProjects(open);
  await using _ = service;
  const follow = async (token: string, last?: string) => {
    const headers = json(token, last === undefined ? {} : { "last-event-id": last });
    return new EventReader(await service.app.request("/api/events", { headers }));
  };
  await using ofAlpha = await follow(alpha);
  await using ofBeta = await follow(beta);
  await using ofBoth = await follow(both);
  const begin = (await ofBeta.next())!.id!;
  await ofAlpha.next();
  await ofBoth.next();
  await service.rest(alpha, "POST", "/api/search", { query: "what nobody else may know" });
  await service.rest(alpha, "POST", "/api/memories", { content: "A fact of alpha." });
  await service.rest(beta, "POST", "/api/memories", { content: "A fact of beta." });
  const seen = async (reader: EventReader, count: number) =>
    (await reader.take(count)).map(({ type, data }) => `${type} ${data.content_preview ?? data.query}`);
  assertEquals(await seen(ofAlpha, 2), [
    "search_completed what nobody else may know",
    "memory_stored A fact of alpha.",
  ]);
  assertEquals(await seen(ofBeta, 1), ["memory_stored A fact of beta."]);
  assertEquals(await seen(ofBoth, 2), ["memory_stored A fact of alpha.", "memory_stored A fact of beta."]);
  await using again = await follow(beta, begin);
  await again.next();
  assertEquals(await seen(again, 1), ["memory_stored A fact of beta."]);
  const stats = (await service.rest(beta, "GET", "/api/events/stats")).json;
  assertEquals(stats.connections.length, 2);
});

overEach("a result has the turns around it, whichever of the caller's spaces it is in", async (open) => {
  const { service, alpha, beta, both } = await twoProjects(open);
  await using _ = service;
  // One conversation in each space, of the same name.
  for (const [token, name] of [[alpha, "Alpha"], [beta, "Beta"]] as const) {
    for (const [at, say] of ["asks", "answers with kiwi", "thanks"].entries()) {
      const memory = { content: `${name} ${say}.`, conversation_id: "talk", created_at: 1_700_000_000 + at };
      assertEquals((await service.rest(token, "POST", "/api/memories", memory)).status, 200);
    }
  }
  const found = await tool(service, both, "search", { query: "kiwi", mode: "exact", context: 1, output: "json" });
  type Turns = { content: string }[];
  type Result = { content: string; before?: Turns; after?: Turns };
  const shown = (found.structuredContent.results as Result[]).map(({ content, before = [], after = [] }) =>
    [...before, { content }, ...after].map((turn) => turn.content)
  );
  assertEquals(
    shown.toSorted(),
    ["Alpha", "Beta"].map((name) => {
      return [`${name} asks.`, `${name} answers with kiwi.`, `${name} thanks.`];
    }),
  );
  for (const { id, content } of found.structuredContent.results) {
    const { content: [{ text }] } = await tool(service, both, "fetch", { id, context: 1 });
    assertStringIncludes(text, `${content.split(" ")[0]} thanks.`);
  }
});

overEach("an upload is known in its own space alone", async (open) => {
  const { service, alpha, beta } = await twoProjects(open);
  await using _ = service;
  const form = new FormData();
  form.set("file", new File(["The plan is to meet at noon."], "plan.txt"));
  const sent = await service.app.request("/api/documents/upload", {
    method: "POST",
    headers: { authorization: `Bearer ${alpha}` },
    body: form,
  });
  const { upload_id } = await sent.json();
  const status = async (token: string) =>
    (await service.rest(token, "GET", `/api/documents/status/${upload_id}`)).status;
  assertEquals([await status(alpha), await status(beta)], [200, 404]);
  assertEquals((await service.rest(beta, "GET", "/api/documents/history")).json.uploads, []);
  assertEquals((await service.rest(beta, "DELETE", `/api/documents/remove/${upload_id}`)).status, 404);
  const content = (await service.rest(beta, "GET", `/api/documents/search-content/${upload_id}`)).json;
  assert(!JSON.stringify(content).includes("plan.txt") && content.total_found === 0);
  assertEquals(await status(alpha), 200);
});

overEach("a caller chooses among its spaces by path or header, and others aren't there for it", async (open) => {
  const { service, alpha, both, admin, hash } = await twoProjects(open);
  await using _ = service;
  const total = async (token: string, path: string, headers?: HeadersInit) => {
    const { status, json } = await service.rest(token, "GET", path, undefined, headers);
    return status === 200 ? json.total : status;
  };
  await service.rest(both, "POST", "/s/alpha/api/memories", { content: "Second of alpha." });
  assertEquals(await total(both, "/api/memories"), 2);
  assertEquals(await total(both, "/s/alpha/api/memories"), 2);
  assertEquals(await total(both, "/s/beta/api/memories"), 0);
  assertEquals(await total(both, "/api/memories", { "X-Unimem-Space": "beta" }), 0);
  assertEquals(await total(both, "/api/memories", { "X-Unimem-Space": " beta , alpha " }), 2);
  assertEquals(await total(both, "/s/beta,alpha/api/memories"), 2);
  assertEquals(await total(both, "/s/beta/api/memories", { "X-Unimem-Space": "alpha" }), 400);
  assertEquals(await total(both, "/s/beta/api/memories", { "X-Unimem-Space": "beta" }), 0);
  for (const name of ["gamma", "default", "Beta", "a%00b", "", "alpha,gamma", "x".repeat(65)]) {
    assertEquals(await total(alpha, `/s/${name}/api/memories`), 404, name);
    if (name !== "a%00b" && name !== "") {
      assertEquals(await total(alpha, "/api/memories", { "X-Unimem-Space": name }), 404, name);
    }
  }
  assertEquals(await total(admin, "/api/memories"), 0);
  assertEquals(await total(admin, "/s/alpha/api/memories"), 2);
  assertEquals(await total(admin, "/s/alpha,beta/api/memories"), 2);
  // What a key may only read it can't write to, which is a matter of rights.
  const refused = await service.rest(both, "POST", "/s/beta/api/memories", { content: "x" });
  assertEquals([refused.status, refused.json.detail.error], [403, "insufficient_scope"]);
  // By hash the writing space comes first, then the others.
  assertEquals((await service.rest(both, "GET", `/s/beta,alpha/api/memories/${hash}`)).json.space, "alpha");
  assertEquals((await service.rest(both, "DELETE", `/s/alpha/api/memories/${hash}`)).status, 200);
  assertEquals((await service.call(both, "tools/list", {}, "/s/gamma/mcp")).status, 404);
  assertEquals(
    (await service.mcp.fetch(new Request("http://localhost/s/gamma/sse", { headers: json(both) }))).status,
    404,
  );
});

overEach("the path of an SSE stream names its space for the messages too", async (open) => {
  const { service, admin } = await twoProjects(open);
  await using _ = service;
  const stream = await service.mcp.fetch(new Request("http://localhost/s/alpha/sse", { headers: json(admin) }));
  const reader = stream.body!.getReader();
  const { value } = await reader.read();
  assertStringIncludes(new TextDecoder().decode(value), "data: /s/alpha/messages?sessionId=");
  await reader.cancel();
});

overEach(
  "messages of an SSE stream have the rights of its spaces, whatever space their own requests name",
  async (open) => {
    const { service, both, admin } = await twoProjects(open);
    await using _ = service;
    const stream = await service.mcp.fetch(new Request("http://localhost/s/beta/sse", { headers: json(both) }));
    const reader = stream.body!.getReader(), { value } = await reader.read();
    const id = /sessionId=([\w-]+)/.exec(new TextDecoder().decode(value))![1]!;
    const total = async () => (await service.rest(admin, "GET", "/s/beta/api/memories")).json.total;
    const before = await total(),
      params = { name: "store_memory", arguments: { content: "Into beta, by its stream." } };
    for (
      const [path, headers] of [["", {}], ["/s/alpha", {}], ["", { "X-Unimem-Space": "alpha,beta" }], [
        "/s/beta",
        {},
      ]] as const
    ) {
      const answer = await service.mcp.fetch(
        new Request(`http://localhost${path}/messages?sessionId=${id}`, {
          method: "POST",
          headers: json(both, headers),
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
        }),
      );
      assertEquals([answer.status, (await answer.json()).detail?.error], [403, "insufficient_scope"], path);
    }
    assertEquals(await total(), before);
    await reader.cancel();
  },
);

overEach(
  "tools take a space where the caller reads more than one, and have no such argument otherwise",
  async (open) => {
    const { service, alpha, beta, both } = await twoProjects(open);
    await using _ = service;
    await service.rest(beta, "POST", "/api/memories", { content: "Beta's own plan.", tags: ["plan"] });
    const schema = async (token: string) => {
      const { tools } = (await service.call(token, "tools/list")).json.result;
      return tools.find(({ name }: { name: string }) => name === "search").inputSchema.properties.space;
    };
    assertEquals([await schema(alpha), (await schema(both)).enum], [undefined, ["alpha", "beta"]]);
    const found = async (args: object) =>
      (await tool(service, both, "search", { tags: ["plan"], output: "json", ...args })).structuredContent.results
        .length;
    assertEquals([await found({}), await found({ space: "beta" }), await found({ space: "alpha" })], [2, 1, 1]);
    assertEquals((await tool(service, both, "search", { query: "x", space: "gamma" })).isError, true);
    const written = await tool(service, both, "store_memory", { content: "Into beta.", space: "beta" });
    assertEquals(written.isError, true);
    assertStringIncludes(written.content[0].text, 'the right "write" in space "beta"');
    const rpc = (args: object) =>
      service.rest(both, "POST", "/mcp", {
        ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
        params: { name: "store_memory", arguments: args },
      });
    assertStringIncludes((await rpc({ content: "Into beta.", space: "beta" })).json.error.message, '"write"');
    assertEquals((await service.rest(beta, "GET", "/api/memories")).json.total, 1);
  },
);

overEach("each result of a tool says its space, in words where the caller reads more than one", async (open) => {
  const { service, alpha, beta, both, hash } = await twoProjects(open);
  await using _ = service;
  const { content_hash } =
    (await service.rest(beta, "POST", "/api/memories", { content: "Beta's plan.", tags: ["plan"] })).json;
  const key = (id: string) => id.slice(0, 10);
  const calls: [string, Record<string, unknown>][] = [
    ["search", { tags: ["plan"] }],
    ["search", { tags: ["plan"], detail: "ids" }],
    ["retrieve_memory", { query: "plan" }],
    ["search_by_tag", { tags: ["plan"] }],
    ["list_memories", {}],
    ["list_memories", { detail: "ids" }],
  ];
  for (const [name, args] of calls) {
    type Item = { id?: string; content_hash?: string; space?: string };
    const { structuredContent, content: [{ text }] } = await tool(service, both, name, { ...args, output: "compact" });
    const items: Item[] = structuredContent.results ?? structuredContent.memories;
    const spaces = Object.fromEntries(items.map(({ id, content_hash, space }) => [id ?? content_hash, space]));
    assertEquals(spaces, { [hash]: "alpha", [content_hash]: "beta" }, name);
    for (const [id, space] of [[hash, "alpha"], [content_hash, "beta"]]) {
      const line = text.split("\n").find((line: string) => line.includes(key(id)));
      assertStringIncludes(line, `space ${space}`, name);
    }
    // Who reads one space knows it.
    const own = await tool(service, alpha, name, { ...args, output: "compact" });
    assertEquals([own.content[0].text.includes("space alpha"), own.content[0].text.includes(key(hash))], [false, true]);
  }
  for (const [id, space] of [[hash, "alpha"], [content_hash, "beta"]]) {
    assertEquals((await tool(service, both, "fetch", { id })).structuredContent.metadata.space, space);
  }
});

overEach("what changes many memories touches the writing space alone", async (open) => {
  const { service, beta, both, alpha } = await twoProjects(open);
  await using _ = service;
  // The same text in both spaces: only beta's has the tag.
  await service.rest(beta, "POST", "/api/memories", { content: "Shared text.", tags: ["drop"] });
  await service.rest(alpha, "POST", "/api/memories", { content: "Shared text.", tags: ["keep"] });
  const dry = await service.rest(both, "POST", "/api/manage/bulk-delete", { tag: "drop", dry_run: true });
  assertEquals(dry.json.affected_count, 0);
  await service.rest(both, "POST", "/api/manage/bulk-delete", { tag: "drop" });
  await service.rest(both, "PUT", "/api/manage/tags/drop?new_tag=gone");
  await service.rest(both, "POST", "/api/manage/cleanup-duplicates");
  await service.rest(both, "DELETE", "/api/manage/trash");
  const tags = async (token: string) =>
    (await service.rest(token, "GET", "/api/memories")).json.memories.map(({ tags }: { tags: string[] }) => tags);
  assertEquals(await tags(beta), [["drop"]]);
  assertEquals(await tags(alpha), [["keep"], ["plan"]]);
});

overEach(
  "admins of all spaces list, make, rename, move, merge and delete them, with a count to confirm",
  async (open) => {
    const { service, alpha, admin, hash } = await twoProjects(open);
    await using _ = service;
    const as = (method: string, path: string, body?: object) => service.rest(admin, method, `/api/spaces${path}`, body);
    const counts = async () => {
      const { json } = await as("GET", "");
      return Object.fromEntries(
        json.spaces.map(({ name, memories }: { name: string; memories: number }) => [name, memories]),
      );
    };
    assertEquals(await counts(), { default: 0, alpha: 1 });
    assertEquals((await as("POST", "", { name: "gamma" })).json.success, true);
    assertEquals((await as("POST", "", { name: "gamma" })).json.success, false);
    assertEquals((await as("POST", "", { name: "No" })).status, 422);
    assertEquals((await as("PUT", "/gamma", { name: "delta" })).status, 200);
    assertEquals((await as("PUT", "/gamma", { name: "x" })).status, 404);
    assertEquals((await as("PUT", "/delta", { name: "alpha" })).status, 409);
    assertEquals((await as("PUT", "/default", { name: "x" })).status, 422);
    const moved = await as("POST", "/alpha/move", { to: "delta", content_hashes: [hash.slice(0, 12)] });
    assertEquals([moved.status, moved.json.affected_count], [200, 1], JSON.stringify(moved.json));
    assertEquals(await counts(), { default: 0, alpha: 0, delta: 1 });
    assertEquals((await service.rest(alpha, "GET", `/api/memories/${hash}`)).status, 404);
    assertEquals((await as("POST", "/delta/move", { to: "alpha", tags: ["plan"], confirm_count: 7 })).status, 400);
    assertEquals((await as("POST", "/delta/move", { to: "alpha" })).status, 400);
    assertEquals(
      (await as("POST", "/delta/move", { to: "alpha", tags: ["plan"], confirm_count: 1 })).json.affected_count,
      1,
    );
    const dry = await as("POST", "/alpha/merge", { into: "default", dry_run: true });
    assertEquals(dry.json.affected_count, 1);
    assertEquals((await as("POST", "/alpha/merge", { into: "default" })).status, 400);
    assertEquals((await as("POST", "/alpha/merge", { into: "default", confirm_count: 1 })).json.affected_count, 1);
    assertEquals(await counts(), { default: 1, delta: 0 });
    await service.rest(admin, "POST", "/s/delta/api/memories", { content: "To be deleted." });
    assertEquals((await as("DELETE", "/delta")).status, 400);
    assertEquals((await as("DELETE", "/delta?confirm_count=2")).status, 400);
    assertEquals((await as("DELETE", "/delta?confirm_count=1")).json.affected_count, 1);
    assertEquals((await service.rest(admin, "GET", "/s/delta/api/manage/trash")).json.total, 1);
    assertEquals((await as("DELETE", "/default?confirm_count=1")).status, 422);
    assertEquals((await as("DELETE", "/nowhere")).status, 404);
    const bound = (await service.key({ rights: "admin", write: ["alpha"] })).token;
    for (const [method, path] of [["GET", ""], ["POST", ""], ["DELETE", "/delta"], ["POST", "/alpha/merge"]] as const) {
      assertEquals(
        (await service.rest(bound, method, `/api/spaces${path}`, method === "GET" ? undefined : {})).status,
        403,
      );
    }
  },
);

overEach("an export has the chosen space and nothing else", async (open) => {
  const { service, admin, beta } = await twoProjects(open);
  await using _ = service;
  await service.rest(beta, "POST", "/api/memories", { content: "Beta's own." });
  const lines = async (path: string) => {
    const response = await service.app.request(path, { headers: json(admin) });
    return await response.text();
  };
  assert(!/Alpha|Beta/.test(await lines("/api/export")));
  assert((await lines("/s/beta/api/export")).includes("Beta's own."));
  assert(!(await lines("/s/beta/api/export")).includes("Alpha"));
  assertEquals((await service.rest(beta, "GET", "/api/export")).status, 403);
});

overEach(
  "a short id that means memories of several read spaces is refused with their keys, and none where it means one",
  async (open) => {
    const { service, alpha, both } = await twoProjects(open);
    await using _ = service;
    const short = "abcdef0123", ends = ["a", "b", "c"].map((digit) => `${short}${digit.repeat(54)}`);
    const [ofAlpha, ofBeta, ofBoth] = ends as [string, string, string];
    const put = async (space: string, key: string, content: string) => {
      const made = memory(1, { content_hash: key, content });
      await service.runtime.storage.spaces.within({ write: space, read: [space] }).store([{
        memory: made,
        vectors: null,
      }]);
    };
    await put("alpha", ofAlpha, "Of alpha.");
    await put("beta", ofBeta, "Of beta.");
    const named = (text: string) => ends.filter((key) => text.includes(key));
    const read = await service.rest(both, "GET", `/api/memories/${short}`);
    assertEquals([read.status, named(read.json.detail)], [409, [ofAlpha, ofBeta]]);
    const fetched = await tool(service, both, "fetch", { id: short });
    assertEquals([fetched.isError, named(fetched.content[0].text)], [true, [ofAlpha, ofBeta]]);
    const resource = await service.call(both, "resources/read", { uri: `memory://${short}` });
    assertEquals(named(JSON.stringify(resource.json.error)), [ofAlpha, ofBeta]);
    // Who doesn't read the other space learns nothing of it.
    assertEquals((await service.rest(alpha, "GET", `/api/memories/${short}`)).json.content, "Of alpha.");
    assertEquals((await service.rest(both, "GET", `/s/beta/api/memories/${short}`)).json.content, "Of beta.");

    // The same memory in both spaces is one: that of the writing space.
    await put("alpha", ofBoth, "Of both.");
    await put("beta", ofBoth, "Of both.");
    assertEquals((await service.rest(both, "GET", `/api/memories/${ofBoth.slice(0, 12)}`)).json.space, "alpha");
    // Changes look in the writing space alone, where more digits tell two apart.
    assertEquals((await service.rest(both, "DELETE", `/api/memories/${short}`)).status, 409);
    const params = { name: "delete_memory", arguments: { content_hash: short } };
    const rpc = await service.rest(both, "POST", "/mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
    assertEquals(named(rpc.json.error.message), [ofAlpha, ofBoth]);
    assertEquals((await service.rest(both, "DELETE", `/api/memories/${ofBoth.slice(0, 12)}`)).status, 200);
    assertEquals((await service.rest(both, "DELETE", `/api/memories/${short}`)).status, 200);
    const left = (await service.rest(both, "GET", "/s/beta/api/memories")).json.memories;
    assertEquals(left.map(({ content_hash }: { content_hash: string }) => content_hash).sort(), [ofBeta, ofBoth]);
    // The trash of a space is told apart by the same rule.
    const restore = (content_hashes: string[]) =>
      service.rest(both, "POST", "/api/manage/trash/restore", { content_hashes });
    const ambiguous = await restore([short]);
    assertEquals([ambiguous.status, named(ambiguous.json.detail)], [409, [ofAlpha, ofBoth]]);
    assertEquals((await restore([ofAlpha.slice(0, 12)])).status, 200);
    assertEquals((await service.rest(alpha, "GET", `/api/memories/${short}`)).json.content, "Of alpha.");
  },
);

overEach(
  "an import gives lines to the spaces that their fields name, where the caller may write, and counts them",
  async (open) => {
    const { service, admin } = await twoProjects(open);
    await using _ = service;
    const bound = (await service.key({ rights: "admin", write: ["alpha", "gamma"], read: ["beta"] })).token;
    const send = async (token: string, path: string, lines: object[]) => {
      const headers = json(token, {});
      headers.set("content-type", "application/x-ndjson");
      const body = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      return await (await service.app.request(path, { method: "POST", headers, body })).json();
    };
    const total = async (space: string) => (await service.rest(admin, "GET", `/s/${space}/api/memories`)).json.total;
    const lines = [
      { content: "One.", owner: "gamma" },
      { content: "One.", metadata: { owner: "alpha" } },
      { content: "Two.", owner: "beta" },
      { content: "Three.", owner: "delta" },
      { content: "Four." },
    ];
    const report = await send(bound, "/api/import?spaces_by=owner", lines);
    assertEquals([report.success, report.stored, report.faults], [false, 3, 2]);
    assertEquals(report.errors, [
      { place: "Line 3", message: 'Cannot import it into space "beta": the caller may not write there' },
      { place: "Line 4", message: 'Cannot import it into space "delta": the caller may not write there' },
    ]);
    assertEquals(report.spaces, [
      { name: "gamma", stored: 1, present: 0, trashed: 0 },
      { name: "alpha", stored: 2, present: 0, trashed: 0 },
    ]);
    assertEquals([await total("gamma"), await total("alpha"), await total("beta"), await total("delta")], [1, 3, 0, 0]);
    // Without being asked, everything goes where the caller writes.
    const plain = await send(bound, "/s/gamma/api/import", lines);
    assertEquals([plain.stored, plain.spaces, await total("gamma")], [3, [], 4]);
    // An export of two spaces goes back to both.
    const exported = await service.app.request("/s/alpha,gamma/api/export", { headers: json(admin) });
    const all = (await exported.text()).trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(all[0].spaces, ["alpha", "gamma"]);
    for (const name of ["alpha", "gamma"]) {
      const count = await total(name);
      await service.rest(admin, "DELETE", `/api/spaces/${name}?confirm_count=${count}`);
      await service.rest(admin, "DELETE", `/s/${name}/api/manage/trash`);
    }
    const back = await send(admin, "/api/import?spaces_by=space", all.filter(({ kind }) => kind !== "trailer"));
    assertEquals([back.stored, await total("alpha"), await total("gamma"), await total("default")], [7, 3, 4, 0]);
    const { status, json: faults } = await service.rest(admin, "POST", "/api/import?spaces_by=", "");
    assertEquals([status >= 400, JSON.stringify(faults).length > 0], [true, true]);
  },
);
