/**
 * The scenarios of the official conformance suite (@modelcontextprotocol/conformance 0.1.16) that apply here, about this
 * server's own resources, prompts and tools: the suite asks for those of its example server. What it asks for beyond
 * that isn't offered: logging, sampling, elicitation, progress, images and audio. The official clients have their say in
 * transports_test.ts and resources_test.ts.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { testRuntime } from "../helpers/runtime.ts";
import { OPEN, openSession, serveMcp, type TestServer } from "./clients.ts";

const HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/** What came back. */
interface Reply {
  status: number;
  session: string | null;
  text: string;
  // deno-lint-ignore no-explicit-any
  json: any;
}
type Send = (body: unknown, headers?: Record<string, string>, init?: RequestInit) => Promise<Reply>;

/** Runs `body` against a real listener; `call` asks within an initialized session and gives the result or the error. */
async function withServer(
  body: (
    server: TestServer,
    send: Send,
    call: (method: string, params?: unknown) => Promise<Reply["json"]>,
  ) => Promise<void>,
): Promise<void> {
  await using test = await testRuntime();
  const server = serveMcp(test.runtime, { access: OPEN });
  const send: Send = async (message, headers = {}, init = {}) => {
    const response = await fetch(`${server.url}/mcp`, {
      method: "POST",
      headers: { ...HEADERS, ...headers },
      ...(message === undefined ? {} : { body: typeof message === "string" ? message : JSON.stringify(message) }),
      ...init,
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") && text !== "";
    const json = isJson ? JSON.parse(text) : null;
    return { status: response.status, session: response.headers.get("mcp-session-id"), text, json };
  };
  const session = await openSession(server.url, false);
  let id = 1;
  const call = async (method: string, params: unknown = {}) => {
    const { json } = await send({ jsonrpc: "2.0", id: ++id, method, params }, { "mcp-session-id": session.id });
    assertEquals([json.jsonrpc, json.id], ["2.0", id]);
    return json.error ?? json.result;
  };
  try {
    await body(server, send, call);
  } finally {
    await server.stop();
  }
}

const initialize = (protocolVersion: string) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion, capabilities: {}, clientInfo: { name: "test", version: "1" } },
});
const ping = (id: number | string) => ({ jsonrpc: "2.0", id, method: "ping" });

Deno.test("initialize agrees on the client's version, or offers the newest where it is unknown", async () => {
  await withServer(async (_server, send) => {
    for (const version of VERSIONS) {
      const { json, session } = await send(initialize(version));
      assertEquals(json.result.protocolVersion, version);
      assert(/^[\x21-\x7e]+$/.test(session!), "A session's id is visible ASCII");
      assertEquals(json.result.serverInfo.name, "unimem");
      for (const capability of ["tools", "resources", "prompts", "completions"]) {
        assert(json.result.capabilities[capability]);
      }
    }
    assertEquals((await send(initialize("1999-01-01"))).json.result.protocolVersion, VERSIONS[0]);
  });
});

Deno.test("a session wants a version it knows in the header", async () => {
  await withServer(async (_server, send) => {
    const session = { "mcp-session-id": (await send(initialize("2025-11-25"))).session! };
    assertEquals((await send(ping(2), { ...session, "mcp-protocol-version": "2025-11-25" })).status, 200);
    assertEquals((await send(ping(3), { ...session, "mcp-protocol-version": "1999-01-01" })).status, 400);
    assertEquals((await send(ping(4), session)).status, 200);
  });
});

Deno.test("ping answers an empty result under the id it was sent, text or number", async () => {
  await withServer(async (_server, send, call) => {
    assertEquals(await call("ping"), {});
    const session = { "mcp-session-id": (await send(initialize("2025-11-25"))).session! };
    assertEquals((await send(ping("a"), session)).json, { jsonrpc: "2.0", id: "a", result: {} });
    assertEquals((await send({ jsonrpc: "2.0", method: "notifications/initialized" }, session)).status, 202);
  });
});

Deno.test("tools list with schemas, answer with text and structure, and fail as results", async () => {
  await withServer(async (_server, _send, call) => {
    const { tools } = await call("tools/list");
    for (const { name, description, inputSchema } of tools) {
      assert(/^[A-Za-z0-9_.-]{1,128}$/.test(name) && description.length > 0, name);
      assertEquals(inputSchema.type, "object", name);
    }
    const stored = await call("tools/call", { name: "store_memory", arguments: { content: "Tea is at four." } });
    assertEquals([stored.content[0].type, stored.structuredContent.result.success], ["text", true]);
    const wrong = await call("tools/call", { name: "store_memory", arguments: {} });
    assertEquals([wrong.isError, wrong.content[0].type], [true, "text"]);
    const unknown = await call("tools/call", { name: "test_error_handling", arguments: {} });
    assert(unknown.isError === true || unknown.code === -32602, JSON.stringify(unknown));
  });
});

Deno.test("resources are listed, read and found by template", async () => {
  await withServer(async (_server, _send, call) => {
    const args = { content: "Deploys run on Thursdays.", tags: ["ops"] };
    const { structuredContent } = await call("tools/call", { name: "store_memory", arguments: args });
    const { resources } = await call("resources/list");
    for (const { uri, name } of resources) {
      assert(URL.canParse(uri) && name.length > 0, uri);
      const [content] = (await call("resources/read", { uri })).contents;
      assertEquals([content.uri, typeof content.text, typeof content.mimeType], [uri, "string", "string"]);
    }
    const { resourceTemplates } = await call("resources/templates/list");
    const values: Record<string, string> = { content_hash: structuredContent.result.content_hash, tag: "ops" };
    for (const { uriTemplate } of resourceTemplates) {
      const uri = uriTemplate.replace(/\{(\w+)\}/g, (_: string, name: string) => values[name]!);
      assertStringIncludes((await call("resources/read", { uri })).contents[0].text, "Thursdays");
    }
    // The SDK sends -32602 for a resource that isn't there, as the specification has it from 2026-07-28 on.
    assertEquals((await call("resources/read", { uri: `memory://${"0".repeat(64)}` })).code, -32602);
    assertEquals((await call("resources/read", { uri: "file:///etc/passwd" })).code, -32602);
  });
});

Deno.test("resources are subscribed to and unsubscribed from, twice without harm", async () => {
  await withServer(async (_server, _send, call) => {
    const uri = "memory://recent";
    for (const method of ["subscribe", "subscribe", "unsubscribe", "unsubscribe"]) {
      assertEquals(await call(`resources/${method}`, { uri }), {});
    }
  });
});

Deno.test("prompts are listed and filled in; unknown ones and missing arguments are refused", async () => {
  await withServer(async (_server, _send, call) => {
    const { prompts } = await call("prompts/list");
    for (const { name, arguments: taken } of prompts) {
      const args = Object.fromEntries(taken.map((argument: { name: string }) => [argument.name, "ops"]));
      const [message] = (await call("prompts/get", { name, arguments: args })).messages;
      assertEquals([message.role, message.content.type], ["user", "text"]);
      // What takes nothing has nothing to say of an empty store.
      assertStringIncludes(message.content.text, taken.length === 0 ? "Nothing is remembered yet" : "ops");
    }
    assertEquals((await call("prompts/get", { name: "recall" })).code, -32602);
    assertEquals((await call("prompts/get", { name: "nope" })).code, -32602);
  });
});

Deno.test("arguments are completed, at most a hundred at a time", async () => {
  await withServer(async (_server, _send, call) => {
    const tags = Array.from({ length: 100 }, (_, i) => `tag-${i}`);
    await call("tools/call", { name: "store_memory", arguments: { content: "Tagged", tags } });
    await call("tools/call", { name: "store_memory", arguments: { content: "Tagged too", tags: ["tag-x", "other"] } });
    const ask = async (ref: unknown, value: string) =>
      (await call("completion/complete", { ref, argument: { name: "tag", value } })).completion;
    const { values, hasMore } = await ask({ type: "ref/prompt", name: "recall" }, "tag");
    assertEquals([values.length, hasMore], [100, true]);
    assertEquals((await ask({ type: "ref/resource", uri: "tag://{tag}" }, "oth")).values, ["other"]);
  });
});

Deno.test("what isn't offered is method not found", async () => {
  await withServer(async (_server, _send, call) => {
    for (const method of ["logging/setLevel", "tasks/list", "nope"]) {
      assertEquals((await call(method, { level: "info" })).code, -32601, method);
    }
  });
});

Deno.test("requests sent at once beside an open stream each get their own answer; a second stream is refused", async () => {
  await withServer(async (server, send) => {
    const session = { "mcp-session-id": (await send(initialize("2025-11-25"))).session! };
    const open = () => fetch(`${server.url}/mcp`, { headers: { accept: "text/event-stream", ...session } });
    const stream = await open(), second = await open();
    await second.body?.cancel();
    assertEquals([stream.status, second.status], [200, 409]);
    const answers = await Promise.all(["a", "b", "c"].map((id) => send(ping(id), session)));
    assertEquals(answers.map(({ status, json }) => [status, json.id]), [[200, "a"], [200, "b"], [200, "c"]]);
    await stream.body?.cancel();
  });
});

Deno.test("DELETE ends a session, whose id is unknown from then on", async () => {
  await withServer(async (server, send) => {
    const session = { "mcp-session-id": (await send(initialize("2025-11-25"))).session! };
    assertEquals((await send(undefined, session, { method: "DELETE" })).status, 200);
    assertEquals((await send(ping(2), session)).status, 404);
    assertEquals((await send(undefined, session, { method: "DELETE" })).status, 404);
    assertEquals((await send(ping(3), { "mcp-session-id": crypto.randomUUID() })).status, 404);
    assertEquals((await send(ping(4))).status, 400);
    assertEquals(server.listener.clients().streamable, 1);
  });
});

Deno.test("a foreign Host or Origin is refused, the machine's own names are served", async () => {
  await withServer(async (server, send) => {
    const { port } = new URL(server.url);
    const raw = async (host: string, origin: string) => {
      const body = JSON.stringify(initialize("2025-11-25"));
      const lines = Object.entries({ ...HEADERS, host, origin, "content-length": body.length, connection: "close" });
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      await connection.write(new TextEncoder().encode(`POST /mcp HTTP/1.1\r\n${head}\r\n${body}`));
      const buffer = new Uint8Array(100);
      const read = await connection.read(buffer);
      return Number(new TextDecoder().decode(buffer.subarray(0, read ?? 0)).split(" ")[1]);
    };
    const own = `127.0.0.1:${port}`, evil = "evil.example.com";
    assertEquals(await raw(own, `http://${own}`), 200);
    assertEquals(await raw(`localhost:${port}`, `http://localhost:${port}`), 200);
    assertEquals(await raw(evil, `http://${evil}`), 403);
    assertEquals(await raw(own, `http://${evil}`), 403);
    assertEquals(await raw(evil, `http://${own}`), 403);
    assertEquals((await send(initialize("2025-11-25"))).status, 200);
  });
});

Deno.test("malformed messages are told in JSON-RPC's words", async () => {
  await withServer(async (_server, send) => {
    const session = { "mcp-session-id": (await send(initialize("2025-11-25"))).session! };
    for (const [body, code] of [["{", -32700], ["", -32700], ["[]", null], ['{"id":1}', null], ["1", null]] as const) {
      const { status, json } = await send(body, session);
      assertEquals([status, json.jsonrpc, Number.isInteger(json.error.code)], [400, "2.0", true], body);
      if (code !== null) assertEquals(json.error.code, code, body);
    }
    assertEquals((await send(ping(2), { ...session, accept: "text/html" })).status, 406);
  });
});

Deno.test("batches are answered whole where the version has them, and initialize stands alone", async () => {
  await withServer(async (_server, send) => {
    const session = { "mcp-session-id": (await send(initialize("2025-03-26"))).session! };
    const headers = { ...session, "mcp-protocol-version": "2025-03-26" };
    const { status, json } = await send([ping(2), ping(3)], headers);
    assertEquals([status, json.map(({ id }: { id: number }) => id)], [200, [2, 3]]);
    assertEquals((await send([initialize("2025-03-26"), ping(2)])).status, 400);
  });
});
