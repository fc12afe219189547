/**
 * Starts the service once and uses each of its surfaces, so that Deno keeps what V8 compiled: `warm.ts COMMAND…`. An
 * image is read-only when it runs: what isn't kept there is compiled again at every start.
 *
 * @module
 */

/** Milliseconds the service may take to be ready, and to end. */
const LIMIT_MS = 60_000;
const LOOK_MS = 50;

const folder = await Deno.makeTempDir({ prefix: "unimem-warm-" });
const [rest, mcp] = freePorts(2);
const [command, ...args] = Deno.args;
if (command === undefined) throw new Error("Cannot start the service: name its command");
const child = new Deno.Command(command, {
  args,
  env: {
    HOME: folder,
    MCP_MEMORY_BASE_DIR: folder,
    MCP_HTTP_HOST: "127.0.0.1",
    MCP_SERVER_HOST: "127.0.0.1",
    MCP_HTTP_PORT: String(rest),
    MCP_SERVER_PORT: String(mcp),
  },
  stdout: "null",
}).spawn();
let ended = false;
const exited = child.status.then((status) => (ended = true, status));
try {
  const end = performance.now() + LIMIT_MS;
  while (!await isReady()) {
    if (ended || performance.now() > end) throw new Error(`Service ${ended ? "ended" : "isn't ready"}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await post(`http://127.0.0.1:${rest}/api/memories`, { content: "The otter sleeps on its back" });
  await post(`http://127.0.0.1:${rest}/api/search`, { query: "How does the animal rest?" });
  await readDocument(`http://127.0.0.1:${rest}/api/documents`);
  await post(`http://127.0.0.1:${mcp}/mcp`, {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "warm-up", version: "1" } },
  });
} finally {
  if (!ended) child.kill("SIGTERM");
  const killed = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  await exited;
  clearTimeout(killed);
  await Deno.remove(folder, { recursive: true });
}

async function isReady(): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${rest}/api/health`);
    return (await answer.json()).embedding.state === "ready";
  } catch {
    return false;
  }
}

/** Documents are parsed in another process, whose code is kept too. */
async function readDocument(address: string): Promise<void> {
  const form = new FormData();
  form.append("file", new File(["# Otters\n\nThe otter sleeps on its back"], "otters.md"));
  const { upload_id } = await (await fetch(`${address}/upload`, { method: "POST", body: form })).json();
  const end = performance.now() + LIMIT_MS;
  while (true) {
    const { status, errors } = await (await fetch(`${address}/status/${upload_id}`)).json();
    if (status === "completed") return;
    if (status === "failed" || performance.now() > end) throw new Error(`Document is ${status}: ${errors}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function post(address: string, body: unknown): Promise<void> {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}: ${text}`);
}

function freePorts(count: number): number[] {
  // Held together, so that no two are the same.
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => listener.addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}
