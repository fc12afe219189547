/**
 * Replays what was recorded of the service Unimem replaces, and compares statuses and shapes. Deliberate differences
 * are listed here by request, with the reasons in `docs/compatibility.md`.
 */

import { assertEquals } from "@std/assert";
import { openClient } from "./client.ts";
import { type Recorded, type Shape, shapeOf } from "./fixtures/derive.ts";
import fixture from "./fixtures/recorded.json" with { type: "json" };

/** How an answer differs on purpose: another status, or other types at some paths (`absent` for a missing key). */
interface Difference {
  status?: number;
  at?: Record<string, string>;
}

const FAULT = { status: 422 };
const DUPLICATE = { at: { content_hash: "string", memory: "object" } };
const DETAILED = { at: { "system.python_version": "absent" } };

/** The differences over both recordings, by request. */
const DIFFERENCES: Record<string, Difference> = {
  health_detailed: DETAILED,
  health_detailed_after: DETAILED,
  store_duplicate: DUPLICATE,
  store_empty_content: FAULT,
  store_blank_content: FAULT,
  search_empty_query: FAULT,
  by_tag_comma: { at: { "results.relevance_reason": "string" } },
  by_time_2_days_ago: { status: 200 },
  by_time_last_quarter: { status: 200 },
  "by_time_2026-11-23": { status: 200 },
  by_time_gibberish_phrase: FAULT,
  by_time_: FAULT,
  similar: { status: 200 },
  analytics_overview: { at: { uptime_seconds: "number" } },
  "analytics_search-analytics": { at: { avg_response_time: "number" } },
  analytics_performance: {
    at: { avg_response_time: "number", memory_usage_mb: "number", storage_latency: "number", error_rate: "number" },
  },
  analytics_breakdown_bogus: FAULT,
  manage_tag_stats: { at: { "tags.last_used": "number" } },
  manage_rename_tag: { status: 200 },
  manage_system_optimize_db: { status: 200 },
  manage_system_rebuild_index: { status: 200 },
  manage_bulk_date: { status: 200 },
  manage_bulk_type: { status: 200 },
  mcp_ping: { at: { result: "object", error: "absent" } },
  mcp_notification: { status: 202 },
  mcp_health_no_auth: { status: 401 },
  delete_again: { status: 404 },
  api_key_x_header: { status: 200 },
};

Deno.test("recorded requests get answers of the recorded status and shape", async (t) => {
  await using client = await openClient();
  for (const recorded of fixture.requests as Recorded[]) {
    await t.step(recorded.name, async () => {
      const query = recorded.query ? `?${new URLSearchParams(recorded.query)}` : "";
      const { status, headers, json } = await client.send(
        recorded.method,
        recorded.path + query,
        recorded.raw ?? recorded.json,
      );
      compare(recorded, status, headers, json);
    });
  }
});

Deno.test("recorded requests with and without credentials get the recorded answers", async (t) => {
  await using client = await openClient({ http: { apiKey: "key" } });
  const credentials: Record<string, HeadersInit> = {
    bad_bearer: { Authorization: "Bearer wrong" },
    api_key_bearer: { Authorization: "Bearer key" },
    api_key_x_header: { "X-API-Key": "key" },
  };
  for (const recorded of fixture.authentication as Recorded[]) {
    await t.step(recorded.name, async () => {
      const { name, method, path } = recorded;
      const { status, headers, json } = await client.send(method, path, recorded.json, credentials[name] ?? {});
      compare(recorded, status, headers, json);
    });
  }
});

function compare({ name, status, shape }: Recorded, got: number, headers: Headers, json: unknown): void {
  const difference = DIFFERENCES[name];
  assertEquals(got, difference?.status ?? status, JSON.stringify(json));
  // Another status brings that status's own shape.
  if (difference?.status !== undefined) return;
  if (shape === "page") assertEquals(headers.get("content-type"), "text/html; charset=utf-8");
  else assertEquals(mismatches(shape, shapeOf(json), ""), difference?.at ?? {});
}

/** Where a shape lacks a recorded key or has another type there. Additional keys are no mismatch. */
function mismatches(recorded: Shape, got: Shape | undefined, path: string): Record<string, string> {
  // JSON-RPC allows only one of the two, and the official client refuses both.
  if (got === undefined && recorded === "null" && (path === "error" || path === "result")) return {};
  if (got === undefined) return { [path]: "absent" };
  if (typeof recorded === "string" || typeof got === "string") {
    // Which memory is shown first, and so whether it has a type, depends on the ranking.
    const untyped = path.endsWith("memory_type") && (recorded === "null" || got === "null");
    return recorded === got || untyped ? {} : { [path]: typeof got === "string" ? got : "object" };
  }
  if (Array.isArray(recorded) !== Array.isArray(got)) return { [path]: Array.isArray(got) ? "list" : "object" };
  if (Array.isArray(recorded) && Array.isArray(got)) {
    const [before, now] = [recorded[0], got[0]];
    return before === undefined || now === undefined ? {} : mismatches(before, now, path);
  }
  return Object.assign(
    {},
    ...Object.entries(recorded).map(([key, value]: [string, Shape]) =>
      mismatches(value, (got as Record<string, Shape>)[key], path === "" ? key : `${path}.${key}`)
    ),
  );
}
