/**
 * Mixed load for as long as told, with clients of every bad kind beside the good ones: 1,000 event streams that are read,
 * some that aren't, requests whose headers or bodies never end, and uploads of documents. Shows whether memory returns
 * to its plateau, whether an answer is lost, and how much later than an idle process the service says that it lives.
 *
 * Usage: soak.ts [MINUTES]. Exit code 1 when it doesn't hold what it should; the figures are printed as JSON.
 *
 * @module
 */

import { freePorts, inTemporaryFolder, residentBytes, sleep } from "../lib/process.ts";
import { median, percentile } from "../lib/stats.ts";
import { questionAt, textAt } from "../lib/texts.ts";
import type { LoopDelays } from "../lib/loop_delay.ts";
import { startScript, taskOf, type Unimem, untilMeaning } from "../lib/unimem.ts";

const minutes = Number(Deno.args[0] ?? 30);
const READERS = 1000, DEAF = 20, HALF_HEADERS = 100, HALF_BODIES = 50;
/** Memories kept at once: older ones are looked up and deleted for good, so that the store stays as large as it was. */
const KEPT = 500;
/** The part of the run before memory is looked at, and how much it may grow after that. */
const WARM_UP = 0.3, MAX_GROWTH = 1.1;
const MAX_EXCESS_MS = 250, SETTLE_MS = 60_000, PATIENCE_MS = 60_000;
const encoder = new TextEncoder();

const mb = (bytes = 0) => Math.round(bytes / 2 ** 20);

/** What happened so far. */
const seen = { stores: 0, searches: 0, calls: 0, uploads: 0, refused: 0, events: 0, reopened: 0, lost: [] as string[] };
let over = false;

/** Repeats something at a pace until the run is over. A failure of a request that should be answered is a loss. */
async function repeat(pauseMs: number, what: string, run: () => Promise<void>): Promise<void> {
  while (!over) {
    const began = performance.now();
    await run().catch((error) => over || seen.lost.push(`${what}: ${error instanceof Error ? error.message : error}`));
    await sleep(Math.max(1, pauseMs - (performance.now() - began)));
  }
}

/** A request that must be answered; null where the service asks to come back later. */
async function ask(url: string, init: RequestInit = {}): Promise<Response | null> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (response.ok) return response;
  const text = await response.text();
  if (![429, 503].includes(response.status) || !response.headers.has("retry-after")) {
    throw new Error(`${init.method ?? "GET"} ${new URL(url).pathname} answered ${response.status}: ${text}`);
  }
  seen.refused++;
  return null;
}

const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
  body: JSON.stringify(body),
});

/** Stores, and later looks up and deletes what was answered. */
async function write(base: string, kept: string[]): Promise<void> {
  const response = await ask(
    `${base}/api/memories`,
    json("POST", { content: `${textAt(seen.stores++)} ${seen.stores}` }),
  );
  if (response !== null) kept.push((await response.json()).content_hash);
  if (kept.length <= KEPT) return;
  const hash = kept.shift()!;
  await (await ask(`${base}/api/memories/${hash}`))?.body?.cancel();
  await (await ask(`${base}/api/memories/${hash}?permanent=true`, { method: "DELETE" }))?.body?.cancel();
}

async function search(base: string): Promise<void> {
  const body = { query: questionAt(seen.searches++), n_results: 10 };
  await (await ask(`${base}/api/search`, json("POST", body)))?.body?.cancel();
}

/** A session over MCP, with some calls in it. */
async function callTools(mcp: string): Promise<void> {
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "soak", version: "1" } };
  const opened = await ask(mcp, json("POST", { jsonrpc: "2.0", id: 1, method: "initialize", params }));
  await opened?.body?.cancel();
  const session = opened?.headers.get("mcp-session-id");
  if (!session) return;
  for (let id = 2; id < 12 && !over; id++) {
    const call = { name: "search", arguments: { query: questionAt(seen.calls++) } };
    const init = json("POST", { jsonrpc: "2.0", id, method: "tools/call", params: call });
    (init.headers as Record<string, string>)["Mcp-Session-Id"] = session;
    await (await ask(mcp, init))?.body?.cancel();
    await sleep(100);
  }
  await (await ask(mcp, { method: "DELETE", headers: { "Mcp-Session-Id": session } }))?.body?.cancel();
}

/** Uploads a document, waits for it and removes it with its memories. */
async function upload(base: string): Promise<void> {
  const form = new FormData(), number = seen.uploads++;
  const text = Array.from({ length: 60 }, (_, i) => `## Part ${i}\n\n${textAt(number * 60 + i)}`).join("\n\n");
  form.append("file", new File([`# Document ${number}\n\n${text}`], `soak-${number}.md`));
  const response = await ask(`${base}/api/documents/upload`, { method: "POST", body: form });
  if (response === null) return;
  const { upload_id } = await response.json(), began = performance.now();
  for (let done = false; !done && !over;) {
    const status = await (await ask(`${base}/api/documents/status/${upload_id}`))?.json();
    done = status?.completed_at !== null && status !== undefined;
    if (done && status.status !== "completed") throw new Error(`Upload ended as ${status.status}: ${status.errors}`);
    if (performance.now() - began > PATIENCE_MS * 2) throw new Error("Upload did not end");
    await sleep(200);
  }
  await (await ask(`${base}/api/documents/remove/${upload_id}`, { method: "DELETE" }))?.body?.cancel();
}

/** Keeps a socket open that has sent `text`, and opens it again when the service has ended it. */
async function hold(port: number, text: string, reads: boolean): Promise<void> {
  const buffer = new Uint8Array(1 << 14);
  while (!over) {
    try {
      using socket = await Deno.connect({ hostname: "127.0.0.1", port });
      sockets.add(socket);
      await socket.write(encoder.encode(text));
      if (reads) { for (let n; (n = await socket.read(buffer)) !== null;) seen.events += n > 0 ? 1 : 0; }
      else while (!over) await sleep(1000);
    } catch {
      // Ended, by the service or because the run is over.
    }
    if (over) return;
    seen.reopened++;
    await sleep(500);
  }
}
const sockets = new Set<Deno.TcpConn>();

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const HALF_BODY = "Content-Type: application/json\r\nContent-Length: 9000000\r\n\r\n{";

/** Every client that holds a connection, good or bad. */
function holders(rest: number, mcp: number): Promise<void>[] {
  const many = (count: number, make: (i: number) => Promise<void>) => Array.from({ length: count }, (_, i) => make(i));
  return [
    ...many(
      READERS,
      (i) => i % 2 ? hold(mcp, get("/sse"), true) : hold(rest, get("/api/events?types=memory_stored"), true),
    ),
    ...many(DEAF, (i) => i % 2 ? hold(mcp, get("/sse"), false) : hold(rest, get("/api/events"), false)),
    ...many(HALF_HEADERS, (i) => hold(i % 2 ? mcp : rest, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Half: ", true)),
    ...many(
      HALF_BODIES,
      (i) => hold(i % 2 ? mcp : rest, `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${HALF_BODY}`, true),
    ),
  ];
}

/** Starts a script of this folder. */
function tool(name: string, args: string[], stdout: "piped" | "null"): Deno.ChildProcess {
  const script = new URL(name, import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net=127.0.0.1", script, ...args],
    stdin: "null",
    stdout,
  }).spawn();
}

/** Megabytes: resident, of V8's heap in use, and resident beside that heap. */
interface Memory {
  resident: number;
  heapUsed: number;
  beside: number;
}

/**
 * What a stretch of time held. V8 lets its heap grow to several times what lives in it before it collects everything,
 * every few minutes here; the least in use is nearest to what lives.
 */
function figuresOf(memory: Memory[]): { resident: number; live: number; beside: number } {
  return {
    resident: median(memory.map(({ resident }) => resident)),
    live: Math.min(...memory.map(({ heapUsed }) => heapUsed)),
    beside: median(memory.map(({ beside }) => beside)),
  };
}

/** How much later than an idle server the service said that it lives, at each moment, in milliseconds. */
function excess(lines: string[]): { excess: number[]; unanswered: number } {
  const probes = lines.map((line) => JSON.parse(line) as { at: number; service: number | null; idle: number | null });
  // What slows the machine slows both, though not always in the very same probe.
  const nearby = (at: number) =>
    Math.max(...probes.filter((other) => Math.abs(other.at - at) <= 500).map(({ idle }) => idle ?? 0));
  const answered = probes.filter((probe) => probe.service !== null);
  return {
    excess: answered.map(({ at, service }) => service! - nearby(at)),
    unanswered: probes.length - answered.length,
  };
}

async function run(service: Unimem, watch: string): Promise<boolean> {
  const { base } = service.rest, rest = Number(new URL(base).port), mcp = Number(new URL(service.mcp).port);
  const [idlePort] = freePorts(1), seconds = minutes * 60;
  const idle = tool("idle_server.ts", [String(idlePort)], "null");
  const memory: Memory[] = [], kept: string[] = [];
  /** The longest that the service's thread computed without a pause, in each sample; a busy machine doesn't add to it. */
  const computing: number[] = [];
  const megabytes = async () => Math.round(await residentBytes(service.pid) / 2 ** 20);
  const held = holders(rest, mcp);
  const load = [
    ...Array.from({ length: 4 }, () => repeat(800, "store", () => write(base, kept))),
    ...Array.from({ length: 4 }, () => repeat(800, "search", () => search(base))),
    ...Array.from({ length: 2 }, () => repeat(1000, "MCP", () => callTools(service.mcp))),
    repeat(10_000, "upload", () => upload(base)),
  ];
  await sleep(2000);
  // What opening all connections at once took is no part of what follows.
  await (await fetch(watch, { method: "POST" })).body?.cancel();
  const prober = tool("liveness.ts", [`${base}/api/health`, `http://127.0.0.1:${idlePort}/`, String(seconds)], "piped");
  const printed = new Response(prober.stdout).text();
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    await sleep(5000);
    const delays: LoopDelays & { memory: Record<string, number> } = await (await fetch(watch)).json();
    await (await fetch(watch, { method: "POST" })).body?.cancel();
    const { heapUsed = 0, heapTotal = 0 } = delays.memory, resident = await megabytes();
    memory.push({ resident, heapUsed: mb(heapUsed), beside: resident - mb(heapTotal) });
    if (delays.maxComputing !== null) computing.push(Math.round(delays.maxComputing));
    console.error(
      `${Math.round((performance.now() - began) / 1000)} s, ${memory.at(-1)} MB, ${
        computing.at(-1)
      } ms computing, heap ${mb(delays.memory.heapUsed)} of ${mb(delays.memory.heapTotal)} MB, external ${
        mb(delays.memory.external)
      } MB, ${JSON.stringify(seen)}`,
    );
  }
  const probes = excess((await printed).trim().split("\n"));
  // What is under way gets its answer before the sockets go.
  over = true;
  await Promise.all(load);
  for (const socket of sockets) {
    try {
      socket.close();
    } catch { /* it had ended */ }
  }
  await Promise.all(held);
  for (const hash of kept) {
    const found = await fetch(`${base}/api/memories/${hash}`);
    await found.body?.cancel();
    if (!found.ok) seen.lost.push(`memory ${hash}: ${found.status}`);
  }
  await sleep(SETTLE_MS);
  idle.kill();
  await idle.status;

  const loaded = memory.slice(Math.floor(memory.length * WARM_UP)), third = Math.ceil(loaded.length / 3);
  const plateau = figuresOf(loaded.slice(0, third)), end = figuresOf(loaded.slice(-third)), rested = await megabytes();
  const worst = Math.max(...probes.excess);
  const holds = {
    no_answer_lost: seen.lost.length === 0 && probes.unanswered === 0,
    memory_returns: end.live <= plateau.live * MAX_GROWTH && end.beside <= plateau.beside * MAX_GROWTH &&
      rested <= plateau.resident * MAX_GROWTH,
    liveness: worst <= MAX_EXCESS_MS,
  };
  console.log(JSON.stringify(
    {
      minutes,
      ...seen,
      lost: seen.lost.slice(0, 20),
      lost_count: seen.lost.length,
      memory_mb: { plateau, end, most: Math.max(...memory.map(({ resident }) => resident)), rested },
      liveness_excess_ms: {
        probes: probes.excess.length,
        p50: percentile(probes.excess, 0.5),
        p99: percentile(probes.excess, 0.99),
        max: worst,
        over: probes.excess.filter((ms) => ms > MAX_EXCESS_MS).length,
      },
      longest_computing_ms: { median: median(computing), max: Math.max(...computing) },
      holds,
    },
    null,
    2,
  ));
  return Object.values(holds).every((held) => held);
}

await inTemporaryFolder(async (folder) => {
  // All clients are at one address here.
  const [watchPort] = freePorts(1);
  // All access, since what the thread computed is read from /proc.
  const task = await taskOf("unified");
  const flags = [...task.flags.filter((flag) => flag.startsWith("--v8-flags")), "--allow-all"];
  const script = new URL("./watched.ts", import.meta.url);
  await using service = await startScript(script, { ...task, flags }, folder, {
    LOG_LEVEL: "warning",
    MCP_MAX_CLIENTS_PER_ADDRESS: "2000",
    BENCH_WATCH_PORT: String(watchPort),
  });
  await untilMeaning(service);
  if (!await run(service, `http://127.0.0.1:${watchPort}/`)) Deno.exitCode = 1;
});
