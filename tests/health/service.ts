/**
 * What the surfaces of a running service, and the doctor beside it, say is broken.
 *
 * @module
 */

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { assertEquals } from "@std/assert";
import { type Running, spawn, until, within } from "../helpers/process.ts";

/** A part or a check, as far as tests look at it. */
export interface Said {
  name: string;
  state: string;
  message: string;
  action: string | null;
}

const FINE = new Set(["healthy", "off", "ok", "skipped"]);
export const broken = (
  parts: Said[],
) => [...new Set(parts.filter(({ state }) => !FINE.has(state)).map(({ name }) => name))];

/** The parts over REST. */
export async function restParts(service: Running): Promise<Said[]> {
  return (await (await fetch(`${service.http}/api/health/detailed`)).json()).parts;
}

/** The parts over MCP. */
export async function mcpParts(service: Running): Promise<Said[]> {
  const client = new Client({ name: "test", version: "1" });
  await within(client.connect(new StreamableHTTPClientTransport(new URL(`${service.mcp}/mcp`)) as Transport), "MCP");
  try {
    const { structuredContent } = await client.callTool({ name: "check_database_health", arguments: {} });
    return (structuredContent as { parts: Said[] }).parts;
  } finally {
    await client.close();
  }
}

/** The parts that the metrics say are not as they should be. */
export async function measuredParts(service: Running): Promise<string[]> {
  const text = await (await fetch(`${service.http}/metrics`)).text();
  const lines = text.matchAll(/^unimem_health_state\{part="(\w+)",state="(\w+)"\} 1$/gm);
  return [...lines].filter(([, , state]) => !FINE.has(state!)).map(([, part]) => part!);
}

/** Runs `doctor --json`. */
export async function doctor(env: Record<string, string>): Promise<{ code: number; checks: Said[] }> {
  const child = await spawn(["doctor", "--json"], env, { stdout: "piped" });
  const { code, stdout } = await within(child.output(), "doctor");
  return { code, checks: JSON.parse(new TextDecoder().decode(stdout)).checks };
}

/** The environment with which a doctor finds a running service. */
export function beside(service: Running, env: Record<string, string>): Record<string, string> {
  return { ...env, MCP_HTTP_PORT: new URL(service.http).port, MCP_SERVER_PORT: new URL(service.mcp).port };
}

/** Waits until the service names exactly these parts, and checks that MCP, the metrics and the doctor do too. */
export async function namesOnly(service: Running, env: Record<string, string>, ...names: string[]): Promise<void> {
  await until(() => restParts(service), (parts) => broken(parts).join() === names.join(), `only ${names} to be named`);
  assertEquals(broken(await mcpParts(service)), names);
  assertEquals(await measuredParts(service), names);
  const { code, checks } = await doctor(beside(service, env));
  assertEquals(broken(checks), names, JSON.stringify(checks));
  const worst = checks.some(({ state }) => state === "failed");
  assertEquals(code, worst ? 1 : 0);
  for (const { action, name } of checks.filter(({ state }) => state === "failed")) {
    assertEquals(typeof action, "string", `${name} says nothing to do`);
  }
}

/** The status of the readiness probe, which must be the same on both ports. */
export async function readiness(service: Running): Promise<number> {
  const statuses = await Promise.all(
    [`${service.http}/api/health/ready`, `${service.mcp}/health/ready`].map(async (url) => {
      const response = await fetch(url);
      await response.body?.cancel();
      return response.status;
    }),
  );
  assertEquals(statuses[0], statuses[1]);
  return statuses[0]!;
}

/** Stores a memory over REST; the answer's status and body. */
export async function store(
  service: Running,
  content: string,
): Promise<{ status: number; headers: Headers; detail: string }> {
  const response = await fetch(`${service.http}/api/memories`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ content }),
  });
  const { detail = "" } = await response.json();
  return { status: response.status, headers: response.headers, detail };
}

/** How many memories there are. */
export async function total(service: Running): Promise<number> {
  return (await (await fetch(`${service.http}/api/memories`)).json()).total;
}
