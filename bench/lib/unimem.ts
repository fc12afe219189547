/**
 * Unimem as its users start it: the `unified` task's own flags, on free ports, with a data folder of its own.
 *
 * @module
 */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { taskWords } from "../../build/task.ts";
import { freePorts, launch, type Running, sleep } from "./process.ts";
import { Rest } from "./rest.ts";

const START_LIMIT_MS = 60_000;
const MODEL_LIMIT_MS = 120_000;

/** A started Unimem. */
export interface Unimem extends Running {
  readonly rest: Rest;
  /** Address of the MCP server's Streamable HTTP endpoint. */
  readonly mcp: string;
}

/** How a task runs the program. */
export interface Task {
  flags: string[];
  env: Record<string, string>;
}

/** Flags and variables of a task in deno.json, so that what is measured is what users run. */
export async function taskOf(name: "unified" | "unimem"): Promise<Task> {
  const words = await taskWords(name), variables = words.slice(0, words.indexOf("deno"));
  return {
    flags: words.filter((word) => word.startsWith("--")),
    env: Object.fromEntries(variables.map((variable) => variable.split("=", 2) as [string, string])),
  };
}

/** Starts Unimem and waits until both ports answer. */
export async function startUnimem(folder: string, env: Record<string, string> = {}): Promise<Unimem> {
  return await startScript(new URL("../../src/main.ts", import.meta.url), await taskOf("unified"), folder, env);
}

/** Starts a script that serves as `unimem unified` does and takes the same environment. */
export async function startScript(
  script: URL,
  task: Task,
  folder: string,
  env: Record<string, string>,
): Promise<Unimem> {
  const [http, mcp] = freePorts(2);
  const rest = new Rest(`http://127.0.0.1:${http}`), endpoint = `http://127.0.0.1:${mcp}/mcp`;
  const running = await launch({
    name: "Unimem",
    command: Deno.execPath(),
    args: ["run", "--config", pathOf("../../deno.json"), ...task.flags, script.pathname, "unified"],
    env: {
      ...task.env,
      MCP_MEMORY_BASE_DIR: folder,
      MCP_HTTP_PORT: String(http),
      MCP_SERVER_PORT: String(mcp),
      NO_COLOR: "1",
      ...env,
    },
    // Away from the project, where a .env file may lie.
    cwd: folder,
    answers: [() => rest.isUp(), () => answersMcp(endpoint)],
    limitMs: START_LIMIT_MS,
  });
  return { ...running, rest, mcp: endpoint };
}

/** Milliseconds until a search by meaning is answered. */
export async function untilMeaning({ rest }: Unimem): Promise<number> {
  const began = performance.now();
  while (!await rest.hasMeaning()) {
    if (performance.now() - began > MODEL_LIMIT_MS) throw new Error(`No search by meaning within ${MODEL_LIMIT_MS} ms`);
    await sleep(3);
  }
  return performance.now() - began;
}

/** Waits until every memory has its vectors. */
export async function untilEmbedded({ rest }: Unimem): Promise<void> {
  const began = performance.now();
  while (true) {
    const { embedding: { coverage } } = await rest.get<
      { embedding: { coverage: { memories: number; embedded: number } | null } }
    >("/api/health/detailed");
    if (coverage !== null && coverage.embedded >= coverage.memories) return;
    if (performance.now() - began > MODEL_LIMIT_MS) throw new Error(`No vectors for all within ${MODEL_LIMIT_MS} ms`);
    await sleep(100);
  }
}

/** An official client over Streamable HTTP. */
export async function connectMcp({ mcp }: Unimem): Promise<Client> {
  const client = new Client({ name: "unimem-bench", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(mcp)) as Transport);
  return client;
}

/** What `retrieve_memory` found. */
export interface Retrieved {
  /** Keys of memories, best first. */
  hashes: string[];
  /** Key of the other turn of each one's exchange; null where none comes along. */
  exchanges: (string | null)[];
  /** How many of all results the service takes for relevant. */
  relevant: number;
}

/** Asks `retrieve_memory`. */
export async function retrieve(client: Client, args: Record<string, unknown>): Promise<Retrieved> {
  const answer = await client.callTool({ name: "retrieve_memory", arguments: { max_tokens: 1_000_000, ...args } });
  if (answer.isError) throw new Error(`retrieve_memory failed: ${JSON.stringify(answer.content)}`);
  const { memories, relevant = 0 } = answer.structuredContent as {
    memories: { content_hash: string; exchange?: { content_hash: string } }[];
    relevant?: number;
  };
  return {
    hashes: memories.map(({ content_hash }) => content_hash),
    exchanges: memories.map(({ exchange }) => exchange?.content_hash ?? null),
    relevant,
  };
}

/** Whether the MCP endpoint takes part in the protocol. */
async function answersMcp(endpoint: string): Promise<boolean> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "probe", version: "1" } },
    }),
    signal: AbortSignal.timeout(START_LIMIT_MS),
  });
  await response.body?.cancel();
  return response.ok;
}

function pathOf(relative: string): string {
  return new URL(relative, import.meta.url).pathname;
}
