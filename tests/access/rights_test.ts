// First, because its packages give zod's schemas the methods that describe them in OpenAPI, and only those made later.
import { openClient } from "../http/client.ts";
import { assertEquals } from "@std/assert";
import { anonymousCaller, type Caller, guestCaller, RIGHTS } from "../../src/access/caller.ts";
import {
  EVENTS,
  may,
  type Need,
  needOfEvent,
  needOfMessages,
  needOfOperation,
  needOfTool,
  OPERATIONS,
  PROMPTS,
  RESOURCES,
  TOOLS,
} from "../../src/access/rights.ts";
import { RPC_TOOLS } from "../../src/http/rpc_tools.ts";
import { PROMPTS as SERVED_PROMPTS } from "../../src/mcp/prompts.ts";
import { RESOURCE_TEMPLATES } from "../../src/mcp/resources.ts";
import { EVENT_TYPES } from "../../src/operations/event_types.ts";
import { TOOLS as SERVED_TOOLS } from "../../src/tools/table.ts";
import { BRIEFING_URI, RECENT_URI } from "../../src/tools/uris.ts";

const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

Deno.test("the table of rights has every route of the API, tool, prompt, resource and event, and no other", async () => {
  await using client = await openClient();
  const { json } = await client.get("/openapi.json");
  const routes = Object.values(json.paths).flatMap((methods) => Object.values(methods as object)) as {
    operationId: string;
    security?: unknown[];
  }[];
  assertEquals(sorted(Object.keys(OPERATIONS)), sorted(routes.map(({ operationId }) => operationId)));
  const open = routes.filter(({ security }) => security?.length === 0).map(({ operationId }) => operationId);
  assertEquals(sorted(Object.keys(OPERATIONS).filter((name) => OPERATIONS[name] === "public")), sorted(open));
  assertEquals(sorted(Object.keys(TOOLS)), sorted([...SERVED_TOOLS, ...RPC_TOOLS].map(({ name }) => name)));
  assertEquals(sorted(Object.keys(PROMPTS)), sorted(SERVED_PROMPTS.map(({ name }) => name)));
  const templates = RESOURCE_TEMPLATES.map(({ uriTemplate }) => uriTemplate);
  assertEquals(sorted(Object.keys(RESOURCES)), sorted([...templates, RECENT_URI, BRIEFING_URI]));
  assertEquals(sorted(Object.keys(EVENTS)), sorted(EVENT_TYPES));
});

Deno.test("tools that change something need more than reading, and those that don't need no more", () => {
  for (const { name, annotations } of SERVED_TOOLS) {
    if (["relation", "memory_candidates"].includes(name)) continue;
    assertEquals(needOfTool(name) === "read", annotations.readOnlyHint, name);
  }
  for (const action of ["list", "get"]) assertEquals(needOfTool("relation", { action }), "read");
  assertEquals(needOfTool("memory_candidates", {}), "read");
  for (const action of ["confirm", "edit", "drop", "List", ["list"]]) {
    assertEquals(needOfTool("memory_candidates", { action }), "write", String(action));
  }
  for (const action of ["add", "remove", "List", "", undefined, ["list"]]) {
    assertEquals(needOfTool("relation", { action }), "write", String(action));
  }
});

Deno.test("each right includes the ones before, and what concerns the whole store needs all spaces", () => {
  const needs: Need[] = ["public", "read", "write", "admin"];
  for (const [i, rights] of RIGHTS.entries()) {
    const caller: Caller = { ...anonymousCaller("rest"), rights };
    assertEquals(needs.filter((need) => may(caller, need)), needs.slice(0, i + 2));
    const bound: Caller = { ...caller, spaces: ["a"], writes: ["a"] };
    assertEquals(needs.filter((need) => may(bound, need)), needs.slice(0, i + 2));
    assertEquals(may(bound, "read everywhere") || may(bound, "admin everywhere"), false);
    assertEquals(may(caller, "read everywhere"), true);
    assertEquals(may(caller, "admin everywhere"), rights === "admin");
  }
  assertEquals(may({ ...anonymousCaller("rest"), writes: ["a"] }, "admin everywhere"), false);
  assertEquals(may(guestCaller("rest"), "admin"), false);
});

Deno.test("what isn't in the table needs everything", () => {
  for (const name of ["toString", "__proto__", "unheard_of", ""]) {
    assertEquals([needOfOperation(name), needOfTool(name), needOfEvent(name)], Array(3).fill("admin everywhere"));
  }
});

Deno.test("a list of messages needs the most that one of them does", () => {
  const call = (name: unknown, args: unknown = {}) => ({ method: "tools/call", params: { name, arguments: args } });
  assertEquals(needOfMessages([call("search"), { method: "tools/list" }, call("store_memory")]), "write");
  assertEquals(needOfMessages([call("search"), call("relation", { action: "list" })]), "read");
  assertEquals(needOfMessages(call("relation")), "write");
  for (const odd of [null, 7, "x", {}, [null], { method: "tools/call" }, call(7), call("relation", null)]) {
    assertEquals(["read", "write"].includes(needOfMessages(odd)), true);
  }
});
