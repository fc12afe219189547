/**
 * How long hostile input keeps the service from answering a liveness probe, beside a process that does nothing but
 * answer, probed at the same times: what both are late by is the machine's, the rest is the service's. "computed" is the
 * longest that the service's main thread computed without answering, which waiting for a core doesn't add to.
 *
 * Usage: hostile.ts [PATTERN], where only kinds whose name matches the regular expression are sent, in their order.
 *
 * @module
 */

import { HOSTILE_SHAPES } from "../../tests/hostile/shapes.ts";
import type { LoopDelays } from "../lib/loop_delay.ts";
import { freePorts, sleep } from "../lib/process.ts";
import { connectMcp, startScript, taskOf, untilEmbedded, untilMeaning } from "../lib/unimem.ts";

/** Milliseconds between two probes, and of quiet before and after each kind. */
const EVERY_MS = 10, QUIET_MS = 500;
/** Characters of a content, and of a query: the most that are taken. */
const CONTENT = 100_000, QUERY = 10_000;

const wanted = new RegExp(Deno.args[0] ?? "");

/** Shapes that are slow in different ways; a name holds all the words of one of them. */
const TELLING = [
  ...["repeats of U+0020", "repeats of U+000A", "repeats of [", "repeats of ?", "repeats of a", "repeats of U+0301"],
  ...["repeats of U+2028", "repeats of U+6771", "repeats of U+0E33", "repeats of U+FDFA", "repeats of U+1F600"],
  ...["? , repeats of U+0020, x", "a, repeats of U+0020, b", "[ and ] in turn", "# U+0020, repeats of U+0020"],
  ...["words", "different words", "questions", "camel case", "identifiers", "negations", "numbers", "links", "stars"],
];
const shapes = HOSTILE_SHAPES.filter(({ name }) =>
  TELLING.some((telling) => name.replaceAll(" ", "").startsWith(telling.replaceAll(" ", "")))
);

const folder = await Deno.makeTempDir({ prefix: "unimem-hostile-" });
const [watchPort] = freePorts(1), watch = `http://127.0.0.1:${watchPort}/`;
// All access, since what the thread computed is read from /proc.
const task = await taskOf("unified");
const flags = [...task.flags.filter((flag) => flag.startsWith("--v8-flags")), "--allow-all"];
await using unimem = await startScript(new URL("watched.ts", import.meta.url), { ...task, flags }, folder, {
  BENCH_WATCH_PORT: String(watchPort),
  MCP_LOG_LEVEL: "error",
});
const idle = await startIdle();
const mcp = await connectMcp(unimem);
await untilMeaning(unimem);

const base = unimem.rest.base;
const post = async (path: string, body: unknown) => {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
  await answer.arrayBuffer();
  return answer.status;
};
const postMcp = async (body: string) => {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const answer = await fetch(unimem.mcp, { method: "POST", headers, body });
  await answer.arrayBuffer();
  return answer.status;
};
const upload = async (name: string, text: string) => {
  const form = new FormData();
  form.append("file", new File([text], name));
  await (await fetch(`${base}/api/documents/upload`, { method: "POST", body: form })).arrayBuffer();
};
let count = 0;
/** A content that isn't there yet; the number stands where it changes no shape's start or end. */
const unique = (text: string) => {
  const middle = text.length >> 1, number = String(++count);
  return (text.slice(0, middle) + number + text.slice(middle + number.length)).toWellFormed().replaceAll("\0", " ");
};
const texts = () => shapes.map(({ make }) => make(CONTENT));

/** The answer's status, of a body that is sent as it is. */
const send = async (method: string, path: string, body?: string, type = "application/json") => {
  const answer = await fetch(base + path, { method, headers: { "content-type": type }, ...(body ? { body } : {}) });
  await answer.arrayBuffer();
  return answer.status;
};
const get = (path: string) => send("GET", path);
const keyed = (count: number, prefix = "k") =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [prefix + i, i]));
const list = <T>(count: number, value: (n: number) => T) => Array.from({ length: count }, (_, n) => value(n));
const imported = (lines: Iterable<string>) =>
  send("POST", "/api/import", [...lines].join("\n"), "application/x-ndjson");
const hashes = async () => {
  const found = await (await fetch(`${base}/api/memories?page_size=100`)).json() as {
    memories: { content_hash: string }[];
  };
  return found.memories.map(({ content_hash }) => content_hash);
};
/** JSON of many values in ways that cost different parts of a parser, each under 10 MB. Made once, so that it takes no time while it is sent. */
const JSON_BOMBS: Record<string, () => string> = {
  "600,000 keys": () => JSON.stringify({ content: "keys", metadata: keyed(600_000) }),
  "25 objects of 9,999 keys": () =>
    JSON.stringify({
      content: "keys",
      metadata: Object.fromEntries(list(24, (n) => [`o${n}`, keyed(9_999, `k${n}x`)])),
    }),
  "249 objects of 1,000 keys": () =>
    JSON.stringify({ memories: list(249, (n) => ({ content: `m${n}`, metadata: keyed(999, `z${n}x`) })) }),
  "a batch of 1,000 at every limit": () =>
    JSON.stringify({
      memories: list(1000, (n) => ({ content: `b${n}`, tags: list(100, (t) => `t${n}-${t}`), metadata: keyed(100) })),
    }),
  "240,000 empty objects": () => `{"content":"a","metadata":{"a":[${"{},".repeat(240_000)}0]}}`,
  "240,000 numbers of 15 digits and one of 16": () =>
    `{"content":"a","metadata":{"a":[${"123456789012345,".repeat(240_000)}1234567890123456]}}`,
  "megabytes of escapes": () => `{"content":"a","metadata":{"a":"${"\\u0041".repeat(1_600_000)}"}}`,
  "megabytes of escaped quotes": () => `{"content":"a","metadata":{"a":"${'\\"'.repeat(4_800_000)}"}}`,
  "megabytes of blanks": () => `{"content":"a"${" ".repeat(9_900_000)}}`,
  "megabytes of digits": () => `{"content":"a","n":${"1".repeat(9_900_000)}}`,
  "megabytes of strings without commas": () => `[${'""'.repeat(4_900_000)}]`,
  "999 levels, 240 times": () =>
    `{"content":"a","metadata":[${list(240, () => `${"[".repeat(990)}${"]".repeat(990)}`).join()}]}`,
  "240,000 wrong tags": () => `{"content":"a","tags":[${"1,".repeat(240_000)}1]}`,
  "240,000 wrong memories": () => `{"memories":[${"{},".repeat(240_000)}{}]}`,
  "240,000 texts in place of tags": () => `{"content":"a","tags":[${'"a",'.repeat(240_000)}"a"]}`,
  "9,000 unknown fields": () => JSON.stringify({ content: "a", ...keyed(9000, "tagz") }),
  "a large text": () => JSON.stringify({ content: "a".repeat(9_900_000) }),
};

/** What is sent, by name. */
const KINDS: Record<string, () => Promise<unknown>> = {
  "nothing": () => sleep(3000),
  ...Object.fromEntries(shapes.map(({ name, make }) => [
    `store: ${name}`,
    () => post("/api/memories", { content: unique(`x${make(CONTENT - 2)}x`) }),
  ])),
  "batch of every shape": () =>
    post("/api/memories/batch", {
      memories: shapes.map(({ make }) => ({ content: unique(`x${make(CONTENT - 2)}x`) })),
    }),
  "import of every shape": async () => {
    const header = { kind: "header", format: "unimem-export", version: 1, created_at: 0, unimem: "", memories: 0 };
    const lines = [{ ...header, trashed: 0, vectors: false, model: null }].map((line) => JSON.stringify(line));
    for (const text of texts()) lines.push(JSON.stringify({ kind: "memory", content: unique(`x${text.slice(2)}x`) }));
    await (await fetch(`${base}/api/import`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: `${lines.join("\n")}\n`,
    })).arrayBuffer();
  },
  "every vector": () => untilEmbedded(unimem).catch(() => {}),
  ...Object.fromEntries(["hybrid", "exact"].map((mode) => [`search, ${mode}: every shape`, async () => {
    for (const { make } of shapes) {
      const query = `x${make(QUERY - 2)}x`.toWellFormed();
      await post("/api/search", { query, mode, n_results: 100 });
    }
  }])),
  "search: words that every memory holds": async () => {
    for (const query of ["x", "a lorem ipsum dolor", "why not"]) await post("/api/search", { query, n_results: 100 });
  },
  "list of 100": async () => {
    await (await fetch(`${base}/api/memories?page_size=100`)).arrayBuffer();
  },
  "MCP: search in every mode": async () => {
    for (const mode of ["hybrid", "exact", "recent", "scan"]) {
      await mcp.callTool({ name: "search", arguments: { mode, query: "lorem a", page_size: 100, context: 5 } });
    }
  },
  "MCP: recall, and resources": async () => {
    await mcp.getPrompt({ name: "recall", arguments: { task: "lorem a why" } });
    await mcp.readResource({ uri: "memory://recent" });
  },
  "duplicates and contradictions": async () => {
    await (await fetch(`${base}/api/manage/duplicates?limit=200`)).arrayBuffer();
    await mcp.callTool({ name: "memory_contradictions", arguments: { scan: 200 } });
  },
  ...Object.fromEntries(
    Object.entries(JSON_BOMBS).flatMap(([name, make]): [string, () => Promise<unknown>][] => {
      const text = make(), isBatch = text.startsWith('{"memories"');
      const call =
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"store_memory","arguments":${text}}}`;
      return [
        [`JSON, REST: ${name}`, () => send("POST", `/api/memories${isBatch ? "/batch" : ""}`, text)],
        [`JSON, import: ${name}`, () => imported([`{"content":"first of ${name}"}`, text, '{"content":"last"}'])],
        [`JSON, MCP port: ${name}`, () => postMcp(call)],
        [`JSON, /mcp of REST: ${name}`, () => send("POST", "/mcp", call)],
      ];
    }),
  ),
  "240,000 wrong hashes": async () => {
    const content_hashes = list(240_000, () => "x");
    await send("DELETE", "/api/memories/batch", JSON.stringify({ content_hashes }));
    await post("/api/manage/trash/restore", { content_hashes });
    await send("PUT", "/api/memories/batch", `{"updates":[${"{},".repeat(200_000)}{}]}`);
  },
  "JSON-RPC: a list of 60,000 calls": () =>
    send("POST", "/mcp", JSON.stringify(list(60_000, (id) => ({ jsonrpc: "2.0", id, method: "ping" })))),
  "JSON, import: 200,000 lines with faults": () => imported(list(200_000, (n) => `{"content":${n}}`)),
  "JSON, import: millions of empty lines": () => imported(['{"content":"x"}', "\n".repeat(8_000_000)]),
  "JSON, import: 100,000 checkpoints": () =>
    imported([
      '{"content":"y"}',
      ...list(100_000, () => '{"kind":"checkpoint","stage":"memories","after":null,"memories":1}'),
    ]),
  "JSON, import: 100,000 relations": () =>
    imported([
      '{"content":"z"}',
      ...list(100_000, (n) =>
        JSON.stringify({ kind: "relation", source: String(n).padStart(64, "0"), target: "0".repeat(64), type: "x" })),
    ]),
  "JSON, import: 20,000 that replace each other": () =>
    imported(
      list(20_000, (n) =>
        JSON.stringify({
          kind: "memory",
          content: `chain ${n}`,
          content_hash: String(n).padStart(64, "0"),
          superseded: { by: String(n + 1).padStart(64, "0"), at: 1, reason: "" },
        })),
    ),
  "JSON, import: metadata of 64 KB, 500 times": () =>
    imported(
      list(
        500,
        (n) => JSON.stringify({ content: `large ${n}`, metadata: { ...keyed(900), text: "x".repeat(50_000) } }),
      ),
    ),
  "time expressions of every shape": async () => {
    for (const { make } of shapes) await post("/api/search/by-time", { query: `last ${make(100_000)}`.toWellFormed() });
    await post("/api/search/by-time", { query: "last week ".repeat(900_000) });
  },
  "time: a query for meaning in every shape": async () => {
    for (const { make } of shapes) {
      await post("/api/search/by-time", {
        query: "last year",
        semantic_query: `x${make(QUERY - 2)}x`.toWellFormed(),
        n_results: 100,
      });
    }
  },
  "questions with a time in every shape": async () => {
    for (const { make } of shapes) {
      await post("/api/search", {
        query: `x${make(QUERY - 20)}x in May 2024`.toWellFormed(),
        n_results: 100,
        context: 10,
      });
    }
  },
  "search by 10,000 tags": async () => {
    await post("/api/search/by-tag", { tags: list(10_000, String) });
    await post("/api/search", { query: "a", tags: list(10_000, String), match_all: true });
    await get(`/api/memories?tag=${list(5000, String).join(",")}&page_size=100`);
  },
  "tags of every length": async () => {
    for (const size of [256, 257, 100_000]) {
      await post("/api/memories", {
        content: unique("tagged with a long tag ".padEnd(500)),
        tags: list(100, (n) => `${n}`.padEnd(size, "t")),
      });
    }
    await get(`/api/tags/suggest?prefix=${"t".repeat(10_000)}`);
    await get("/api/tags");
    await get("/api/manage/tags/stats");
  },
  "similar to a long memory": async () => {
    for (const hash of (await hashes()).slice(0, 10)) await get(`/api/search/similar/${hash}?n_results=100`);
  },
  "relations of a hub": async () => {
    const all = await hashes(), [hub] = all;
    for (const target_hash of all.slice(1)) {
      await post(`/api/memories/${hub}/relations`, { target_hash, relation_type: "a" });
    }
    await get(`/api/memories/${hub}/relations?depth=5`);
    await mcp.callTool({ name: "relation", arguments: { action: "list", content_hash: hub, depth: 5 } });
  },
  "analytics": async () => {
    for (
      const path of [
        "overview",
        "memory-growth",
        "tag-usage",
        "memory-types",
        "activity-heatmap",
        "top-tags",
        "storage-stats",
        "large-memories",
      ]
    ) {
      await get(`/api/analytics/${path}`);
    }
  },
  "export": () => get("/api/export?vectors=true"),
  "MCP: every tool that reads, with long arguments": async () => {
    const [hash] = await hashes();
    for (const { make } of shapes) {
      const query = `x${make(QUERY - 2)}x`.toWellFormed();
      for (
        const [name, args] of [
          ["retrieve_memory", { query, n_results: 100 }],
          ["search_by_tag", { tags: query.slice(0, 5000) }],
          ["list_memories", { page_size: 100, tag: query.slice(0, 200) }],
        ] as const
      ) await mcp.callTool({ name, arguments: args });
    }
    await mcp.callTool({ name: "fetch", arguments: { id: hash } });
    await mcp.callTool({ name: "list_memories", arguments: { page_size: 100, max_tokens: 1_000_000 } });
  },
  "MCP: prompts and completion of every shape": async () => {
    for (const { make } of shapes) {
      const value = `x${make(QUERY - 2)}x`.toWellFormed();
      await mcp.getPrompt({ name: "recall", arguments: { task: value, tag: value } });
      await mcp.getPrompt({ name: "summarise", arguments: { tag: value } });
      await mcp.complete({ ref: { type: "ref/prompt", name: "recall" }, argument: { name: "tag", value } });
    }
  },
  "update a batch of 1,000": async () => {
    const all = await hashes();
    const updates = list(
      1000,
      (n) => ({ content_hash: all[n % all.length], metadata: { ...keyed(90), [`n${n}`]: "x".repeat(5000) } }),
    );
    await send("PUT", "/api/memories/batch", JSON.stringify({ updates }));
  },
  "long texts to the trash, and back": async () => {
    const content_hashes = await hashes();
    await send("DELETE", "/api/memories/batch", JSON.stringify({ content_hashes }));
    await get("/api/manage/trash?page_size=100");
    await post("/api/manage/trash/restore", { content_hashes });
  },
  "clean up duplicates": () => post("/api/manage/cleanup-duplicates", { near: true, limit: 200 }),
  ...Object.fromEntries([".md", ".html", ".txt", ".csv", ".json"].map((type) => [`documents: ${type}`, async () => {
    for (const { make } of shapes) await upload(`shape${type}`, make(120_000).toWellFormed());
    await sleep(5000);
  }])),
};

for (const [name, run] of Object.entries(KINDS)) {
  if (name !== "nothing" && !wanted.test(name)) continue;
  const [ours, theirs] = [probe(`${base}/api/health`), probe(idle.url)];
  await sleep(QUIET_MS);
  await fetch(watch, { method: "POST" });
  const began = performance.now();
  await run();
  const took = performance.now() - began;
  await sleep(QUIET_MS);
  const [worst, idlest] = await Promise.all([ours(), theirs()]);
  const { maxComputing } = await (await fetch(watch)).json() as LoopDelays;
  const ms = (value: number | null) => `${value?.toFixed(0) ?? "?"} ms`.padStart(8);
  console.log(
    `${name.padEnd(60)} took ${ms(took)}; probe late by ${ms(worst)}, idle process ${ms(idlest)}, computed ${
      ms(maxComputing)
    }`,
  );
}
await mcp.close();
await unimem.stop();
idle.stop();
await Deno.remove(folder, { recursive: true });

/** Probes an address until the function it gives is called; that gives the longest wait for an answer, in ms. */
function probe(url: string): () => Promise<number> {
  let worst = 0, ended = false;
  const running = (async () => {
    while (!ended) {
      const began = performance.now();
      await (await fetch(url)).arrayBuffer();
      worst = Math.max(worst, performance.now() - began);
      await sleep(EVERY_MS);
    }
  })();
  return async () => {
    ended = true;
    await running;
    return worst;
  };
}

/** A process that only answers. */
async function startIdle(): Promise<{ url: string; stop(): void }> {
  const script = 'Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(port) }, ' +
    '() => new Response("ok"))';
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", script], stdout: "piped", env: { NO_COLOR: "1" } })
    .spawn();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    return { url: `http://127.0.0.1:${text.trim()}/`, stop: () => child.kill("SIGKILL") };
  }
  throw new Error("The idle process ended");
}
