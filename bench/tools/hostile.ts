/**
 * How long hostile input keeps the service from answering a liveness probe, beside a process that does nothing but
 * answer, probed at the same times: what both are late by is the machine's, the rest is the service's. "computed" is the
 * longest that the service's main thread computed without answering, which waiting for a core doesn't add to.
 *
 * Usage: hostile.ts [PATTERN], where only kinds whose name holds the pattern are sent.
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
  "metadata of 600,000 keys": () =>
    post("/api/memories", {
      content: "keys",
      metadata: Object.fromEntries(Array.from({ length: 600_000 }, (_, i) => [`k${i}`, 1])),
    }),
  ...Object.fromEntries([".md", ".html", ".txt", ".csv", ".json"].map((type) => [`documents: ${type}`, async () => {
    for (const { make } of shapes) await upload(`shape${type}`, make(120_000).toWellFormed());
    await sleep(5000);
  }])),
};

for (const [name, send] of Object.entries(KINDS)) {
  if (name !== "nothing" && !name.includes(Deno.args[0] ?? "")) continue;
  const [ours, theirs] = [probe(`${base}/api/health`), probe(idle.url)];
  await sleep(QUIET_MS);
  await fetch(watch, { method: "POST" });
  const began = performance.now();
  await send();
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
