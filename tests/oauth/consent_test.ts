/** The consent page: what it shows, what it lets its owner change, and whom it believes. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ADMIN_KEY, type Ask, authorization, pkce, REDIRECT } from "./flow.ts";
import { bearer, callTool, openService } from "./service.ts";

Deno.test("the page says who asks, for what, and where the answer goes, and runs nothing", async () => {
  await using service = await openService();
  const client = await service.flow.register({ client_name: `<b>Bold</b> & "Co"` });
  const { challenge } = await pkce();
  const page = await service.flow.open(authorization(client.client_id, challenge, { scope: "read write admin" }));
  assertEquals(page.status, 200);
  assertStringIncludes(page.html, "&lt;b&gt;Bold&lt;/b&gt; &amp; &quot;Co&quot; asks for access");
  assertStringIncludes(page.html, "127.0.0.1:7777");
  assertStringIncludes(page.html, "isn't verified");
  assertEquals(/<script|<b>|\son\w+=|https?:\/\/(?!127)/.test(page.html.replace(/value="[^"]*"/g, "")), false);
  const policy = page.headers.get("content-security-policy")!;
  for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]) {
    assertStringIncludes(policy, part);
  }
  assertEquals(/unsafe|\*/.test(policy), false);
  assertEquals([page.headers.get("x-frame-options"), page.headers.get("cache-control")], ["DENY", "no-store"]);
  for (const part of ["HttpOnly", "SameSite=Strict", "Path=/oauth"]) {
    assertStringIncludes(page.headers.get("set-cookie")!, part);
  }
  // Administration is offered, but not chosen for the owner.
  assertStringIncludes(page.html, 'value="write" checked');
  assertStringIncludes(page.html, 'value="admin">');
  const style = await service.rest("/oauth/style.css");
  const css = await style.text();
  assertStringIncludes(css, "--accent");
  assertEquals(/url\(|@import/.test(css), false);
});

Deno.test("an answer names the issuer and the state, and a refusal tells the client only that", async () => {
  await using service = await openService();
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  const allowed = await service.flow.consent(authorization(client_id, challenge));
  assertEquals([allowed.get("iss"), allowed.get("state")], ["http://localhost", "the state"]);
  assert(allowed.get("code"));
  const refused = await service.flow.consent(authorization(client_id, challenge), { decision: "deny", key: "" });
  assertEquals([refused.get("error"), refused.get("state"), refused.get("iss"), refused.get("code")], [
    "access_denied",
    "the state",
    "http://localhost",
    null,
  ]);
  assertEquals((await service.oauth.grants.list()).length, 0);
});

Deno.test("the owner narrows rights and spaces, and can't be made to widen them", async () => {
  await using service = await openService();
  const read = await service.flow.tokens({ form: { rights: "read", write: "work", read: "home, default" } });
  assertEquals(read.scope, "read");
  // A form that was changed to give more than was asked for.
  const wide = await service.flow.tokens({ query: { scope: "read" }, form: { rights: "admin" } });
  assertEquals(wide.scope, "read");
  const all = await service.flow.tokens({ form: { read: "*" } });
  assertEquals(all.scope, "read write");
  const spaces = (await service.oauth.grants.list()).map((grant) => grant.spaces);
  assertEquals(spaces, [
    { write: "default", read: "all" },
    { write: "default", read: [] },
    { write: "work", read: ["home", "default"] },
  ]);
});

Deno.test("a wrong key, no key, and a token in its place give nothing, and the form keeps what was chosen", async () => {
  await using service = await openService();
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  const { access_token } = await service.flow.tokens({
    query: { scope: "admin" },
    form: { rights: "admin", read: "*" },
  });
  for (const key of ["", "wrong", access_token]) {
    const page = await service.flow.open(authorization(client_id, challenge));
    const response = await service.flow.send(page, { key, rights: "read", write: "work" });
    const html = await response.text();
    assertEquals([response.status, response.headers.get("location")], [400, null]);
    assertStringIncludes(html, 'role="alert"');
    assertStringIncludes(html, 'value="read" checked');
    assertStringIncludes(html, 'name="write" value="work"');
    assertEquals(html.includes(key === "" ? "\0" : key), false);
  }
});

Deno.test("the owner may sign in by a named admin key, and gives no more than the key has", async () => {
  await using service = await openService({ apiKey: null });
  const everything = await service.key({ rights: "admin", write: "all", read: "all" });
  const one = await service.key({ name: "work admin", rights: "admin", write: ["work"], read: ["home"] });
  const writer = await service.key({ rights: "write" });
  await service.flow.tokens({ form: { key: everything, read: "*" } });
  await service.flow.tokens({ form: { key: one, write: "work", read: "home" } });
  assertEquals((await service.oauth.grants.list())[0]!.approved_by, "work admin");
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  for (
    const [form, fault] of [
      [{ key: writer }, "not an admin key"],
      [{ key: one }, "can't write to space &quot;default&quot;"],
      [{ key: one, write: "home" }, "can't write to space &quot;home&quot;"],
      [{ key: one, write: "work", read: "other" }, "can't read space &quot;other&quot;"],
      [{ key: one, write: "work", read: "*" }, "doesn't have all spaces"],
      [{ key: ADMIN_KEY }, "not an admin key"],
    ] as [Record<string, string>, string][]
  ) {
    const response = await service.flow.send(await service.flow.open(authorization(client_id, challenge)), form);
    assertEquals(response.status, 400);
    assertStringIncludes((await response.text()).replaceAll("&#39;", "'"), fault);
  }
  assertEquals((await service.oauth.grants.list()).length, 2);
});

Deno.test("spaces that can't be are told on the page", async () => {
  await using service = await openService();
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  for (const form of [{ write: "" }, { write: "No Space" }, { read: "a,..,b" }, { read: "<script>" }]) {
    const page = await service.flow.open(authorization(client_id, challenge));
    const response = await service.flow.send(page, form);
    assertEquals(response.status, 400);
    assertStringIncludes(await response.text(), "is no name of a space");
  }
});

Deno.test("the space in a resource's address is the one that the page offers, and its token is good there only", async () => {
  await using service = await openService();
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  const resource = "http://localhost/s/work/mcp";
  const page = await service.flow.open(authorization(client_id, challenge, { resource }));
  assertStringIncludes(page.html, 'name="write" value="work"');
  const tokens = await service.flow.tokens({ query: { resource }, form: { write: "work" } });
  for (
    const [path, status] of [["/s/work/mcp", 200], ["/mcp", 401], ["/s/home/mcp", 401], ["/sse", 401]] as const
  ) {
    const response = await service.mcp(path, {
      method: path === "/sse" ? "GET" : "POST",
      headers: {
        ...bearer(tokens.access_token),
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      ...path === "/sse" ? {} : {
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "initialize",
          params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } },
        }),
      },
    });
    await response.body?.cancel();
    assertEquals(response.status, status, path);
  }
  const within: Ask = (path, init) => service.mcp(`/s/work${path}`, init);
  const stored = await callTool(within, tokens.access_token, "store_memory", { content: "Stored at work." });
  assertEquals((await stored.json()).result.isError ?? false, false);
  const [memory] = (await service.runtime.storage.list({ filter: {}, offset: 0, limit: 1 })).memories;
  assertEquals([memory!.content, memory!.space], ["Stored at work.", "work"]);
});

Deno.test("a fault in who asks or where to answer is told on a page and sent nowhere", async () => {
  await using service = await openService();
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  for (
    const query of [
      authorization("unknown", challenge),
      authorization(client_id, challenge, { redirect_uri: "https://attacker.example/" }),
      {},
      `client_id=${client_id}&client_id=other&redirect_uri=${encodeURIComponent(REDIRECT)}`,
    ]
  ) {
    const page = await service.flow.open(query);
    assert(page.status >= 400);
    assertEquals(page.headers.get("location"), null);
    assertStringIncludes(page.html, "No access was given");
  }
});

Deno.test("every other fault goes to the client, with the issuer's name", async () => {
  await using service = await openService();
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  const right = authorization(client_id, challenge);
  for (
    const [changes, error] of [
      [{ response_type: "token" }, "unsupported_response_type"],
      [{ scope: "openid email" }, "invalid_scope"],
      [{ resource: "https://other.example/mcp" }, "invalid_target"],
      [{ response_mode: "form_post" }, "invalid_request"],
      [{ request_uri: "https://a.example/r" }, "invalid_request"],
    ] as [Record<string, string>, string][]
  ) {
    const page = await service.flow.open({ ...right, ...changes });
    assertEquals(page.status, 303);
    const answer = new URL(page.headers.get("location")!);
    assertEquals(answer.origin + answer.pathname, REDIRECT);
    assertEquals([answer.searchParams.get("error"), answer.searchParams.get("iss")], [error, "http://localhost"]);
    assertEquals(answer.searchParams.get("state"), "the state");
  }
});

Deno.test("a client with several addresses says which one it means", async () => {
  await using service = await openService();
  const redirect_uris = ["https://a.example/cb?x=1", "cursor://anysphere.cursor/callback", "http://localhost/cb"];
  const { client_id } = await service.flow.register({ redirect_uris }), { challenge } = await pkce();
  const { redirect_uri: _, ...without } = authorization(client_id, challenge);
  assertEquals((await service.flow.open(without)).status, 400);
  for (const redirect_uri of [...redirect_uris, "http://localhost:5000/cb"]) {
    const page = await service.flow.open({ ...without, redirect_uri });
    assertEquals(page.status, 200, redirect_uri);
    const response = await service.flow.send(page, { key: ADMIN_KEY });
    const location = response.headers.get("location")!;
    assert(location.startsWith(redirect_uri + (redirect_uri.includes("?") ? "&" : "?") + "code="), location);
  }
});
