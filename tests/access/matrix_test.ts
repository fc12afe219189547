/** Each right tried on each route and tool, on every way in. */

import { assertEquals } from "@std/assert";
import { json, type KeyedService, keyedService } from "./service.ts";
import { RIGHTS } from "../../src/access/caller.ts";
import { may, needOfOperation, needOfTool, TOOLS } from "../../src/access/rights.ts";
import { callerOf, keysIn } from "../../src/operations/keys/record.ts";
import { TOOLS as SERVED } from "../../src/tools/table.ts";

/** A key of each right for all spaces and for one, with what the table makes of each. */
async function keysOf(service: KeyedService) {
  const made = [];
  for (const rights of RIGHTS) {
    const all = rights === "read" ? { read: "all" as const } : { write: "all" as const };
    made.push(await service.key({ rights, ...all }), await service.key({ rights }));
  }
  const kept = keysIn(await service.runtime.storage.note("access_keys"));
  return made.map(({ token, key }) => {
    const caller = callerOf(kept.find(({ id }) => id === key.id)!);
    const where = caller.spaces === "all" ? "everywhere" : "in default";
    return { token, caller, name: `${key.rights} ${where}` };
  });
}

Deno.test("every route of the API refuses those without its right, and them alone", async () => {
  await using service = await keyedService();
  const keys = await keysOf(service);
  const { json: document } = await service.rest(keys[0]!.token, "GET", "/openapi.json");
  let tried = 0;
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { operationId }] of Object.entries(methods as Record<string, { operationId: string }>)) {
      const need = needOfOperation(operationId), isPublic = need === "public";
      const url = path.replace(/\{\w+\}/g, "nothing"), body = ["get", "delete"].includes(method) ? {} : { body: "{}" };
      const status = async (token: string | null) => {
        const response = await service.app.request(url, {
          method: method.toUpperCase(),
          headers: json(token),
          ...body,
        });
        await response.body?.cancel();
        return response.status;
      };
      assertEquals(await status(null) === 401, !isPublic, `${operationId} without a key`);
      for (const { token, caller, name } of keys) {
        assertEquals(await status(token) === 403, !may(caller, need), `${operationId} with ${name}`);
        tried++;
      }
    }
  }
  assertEquals(tried > 6 * 60, true);
});

Deno.test("every tool refuses those without its right on each way in, and its list has what can be called", async () => {
  await using service = await keyedService();
  for (const { token, caller, name: who } of await keysOf(service)) {
    const legacy = json(token);
    const begun = await service.mcp.fetch(
      new Request("http://localhost/mcp", {
        method: "POST",
        headers: legacy,
        body: JSON.stringify({
          ...{ jsonrpc: "2.0", id: 1, method: "initialize" },
          params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } },
        }),
      }),
    );
    await begun.body?.cancel();
    legacy.set("mcp-session-id", begun.headers.get("mcp-session-id")!);
    const stream = await service.mcp.fetch(new Request("http://localhost/sse", { headers: json(token) }));
    const reader = stream.body!.getReader();
    const address = /data: (\S+)/.exec(new TextDecoder().decode((await reader.read()).value))![1]!;
    const post = async (path: string, headers: Headers, message: object) => {
      const request = new Request(`http://localhost${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify(message),
      });
      const response = await service.mcp.fetch(request);
      await response.body?.cancel();
      return response.status;
    };
    for (const { name } of SERVED) {
      const message = { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name, arguments: {} } };
      const refused = !may(caller, needOfTool(name, {})), said = `${name} with ${who}`;
      assertEquals((await service.call(token, "tools/call", { name, arguments: {} })).status === 403, refused, said);
      assertEquals(await post("/mcp", legacy, message) === 403, refused, `${said}, in a session`);
      assertEquals(await post("/mcp", legacy, [message]) === 403, refused, `${said}, in a list`);
      assertEquals(await post(address, json(token), message) === 403, refused, `${said}, over SSE`);
      assertEquals((await service.rest(token, "POST", "/mcp", message)).status === 403, refused, `${said}, POST /mcp`);
    }
    await reader.cancel();
    const { tools } = (await service.call(token, "tools/list")).json.result;
    const expected = SERVED.filter(({ name }) => typeof TOOLS[name] === "function" || may(caller, needOfTool(name)));
    assertEquals(tools.map(({ name }: { name: string }) => name), expected.map(({ name }) => name), who);
  }
});

Deno.test("metrics are for those who read all spaces, on both ports", async () => {
  await using service = await keyedService();
  for (const { token, caller, name } of await keysOf(service)) {
    const ports = [
      await service.app.request("/metrics", { headers: json(token) }),
      await service.mcp.fetch(new Request("http://localhost/metrics", { headers: json(token) })),
    ];
    for (const response of ports) {
      await response.body?.cancel();
      assertEquals(response.status, may(caller, "read everywhere") ? 200 : 403, name);
    }
  }
});
