/** The built-in authorization server over the real listeners: what clients ask of it, one by one. */

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { ADMIN_KEY, authorization, Flow, pkce, REDIRECT } from "./flow.ts";
import { bearer, callTool, openService } from "./service.ts";

Deno.test("both ports say where tokens come from, and for what", async () => {
  await using service = await openService();
  for (
    const [ask, path, metadata, resource] of [
      [service.rest, "/api/memories", "/.well-known/oauth-protected-resource", "http://localhost"],
      [service.rest, "/mcp", "/.well-known/oauth-protected-resource/mcp", "http://localhost/mcp"],
      [service.mcp, "/mcp", "/.well-known/oauth-protected-resource/mcp", "http://localhost/mcp"],
      [service.mcp, "/sse", "/.well-known/oauth-protected-resource/sse", "http://localhost/sse"],
      [service.mcp, "/s/work/mcp", "/.well-known/oauth-protected-resource/s/work/mcp", "http://localhost/s/work/mcp"],
    ] as const
  ) {
    const method = path.endsWith("/mcp") ? "POST" : "GET";
    const refused = await ask(path, { method });
    await refused.body?.cancel();
    assertEquals(refused.status, 401, path);
    const challenge = refused.headers.get("www-authenticate")!;
    assertStringIncludes(challenge, `resource_metadata="http://localhost${metadata}"`);
    assertStringIncludes(challenge, 'scope="read write"');
    const answer = await ask(metadata);
    assertEquals(answer.status, 200);
    const document = await answer.json();
    assertEquals([document.resource, document.authorization_servers], [resource, ["http://localhost"]]);
    assertEquals(document.bearer_methods_supported, ["header"]);
    const server = await (await ask("/.well-known/oauth-authorization-server")).json();
    assertEquals([server.issuer, server.code_challenge_methods_supported], ["http://localhost", ["S256"]]);
    assertEquals(server.authorization_response_iss_parameter_supported, true);
    assertEquals(server.client_id_metadata_document_supported, true);
    for (const at of ["/.well-known/oauth-authorization-server/mcp", "/.well-known/openid-configuration"]) {
      assertEquals({ ...await (await ask(at)).json(), ...server }.token_endpoint, "http://localhost/oauth/token");
    }
  }
});

Deno.test("a wrong token is told apart from none", async () => {
  await using service = await openService();
  const refused = await service.rest("/api/memories", { headers: bearer("uma_aaaaaaaaaaaaaaaa_" + "x".repeat(43)) });
  assertEquals(refused.status, 401);
  assertStringIncludes(refused.headers.get("www-authenticate")!, 'error="invalid_token"');
  assertStringIncludes(refused.headers.get("www-authenticate")!, "resource_metadata=");
  await refused.body?.cancel();
});

Deno.test("without OAuth none of its addresses is there, and refusals name none", async () => {
  await using service = await openService();
  const { openClient } = await import("../http/client.ts");
  await using plain = await openClient({ http: { apiKey: ADMIN_KEY } });
  for (const path of ["/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"]) {
    assertEquals((await plain.get(path, bearer(ADMIN_KEY))).status, 404);
    const served = await service.rest(path);
    assertEquals(served.status, 200);
    await served.body?.cancel();
  }
  assertEquals((await plain.send("POST", "/oauth/register", {}, bearer(ADMIN_KEY))).status, 404);
  assertEquals((await plain.get("/api/memories")).headers.get("www-authenticate"), "Bearer");
});

Deno.test("a code gives tokens that both ports take, until the grant is revoked", async () => {
  await using service = await openService();
  const { flow, oauth } = service;
  const tokens = await flow.tokens();
  assertEquals([tokens.token_type, tokens.expires_in, tokens.scope], ["Bearer", 3600, "read write"]);
  const stored = await service.rest("/api/memories", {
    method: "POST",
    headers: { ...bearer(tokens.access_token), "content-type": "application/json" },
    body: JSON.stringify({ content: "Stored with a token." }),
  });
  assertEquals((await stored.json()).success, true);
  const called = await callTool(service.mcp, tokens.access_token, "search", { query: "token" });
  assertStringIncludes(await called.text(), "Stored with a token.");

  const [grant] = await oauth.grants.list();
  assertEquals(grant!.name, `Tester (${grant!.id.slice(0, 4)})`);
  assertEquals([grant!.client, grant!.rights, grant!.approved_by], ["Tester", "write", "MCP_API_KEY"]);
  assertEquals(await oauth.grants.revoke(grant!.id), true);
  for (const ask of [service.rest, service.mcp]) {
    const refused = await callTool(ask, tokens.access_token, "search", { query: "token" });
    assertEquals(refused.status, 401);
    await refused.body?.cancel();
  }
  assertEquals((await flow.refresh(tokens.client_id, tokens.refresh_token)).status, 400);
});

Deno.test("tokens are kept as hashes only", async () => {
  await using service = await openService();
  const { client_secret } = await service.flow.register({ token_endpoint_auth_method: "client_secret_basic" });
  const tokens = await service.flow.tokens();
  await service.flow.refresh(tokens.client_id, tokens.refresh_token);
  const kept = [await service.runtime.storage.note("oauth_grants"), await service.runtime.storage.note("oauth_clients")]
    .join();
  for (const secret of [tokens.access_token, tokens.refresh_token, tokens.code, client_secret!, ADMIN_KEY]) {
    assertEquals(kept.includes(secret.slice(-43)), false);
  }
});

Deno.test("a token stops at its time, and a refresh gives the next one", async () => {
  await using service = await openService();
  const tokens = await service.flow.tokens();
  service.pass(3601);
  assertEquals((await service.rest("/api/memories", { headers: bearer(tokens.access_token) })).status, 401);
  const renewed = await (await service.flow.refresh(tokens.client_id, tokens.refresh_token)).json();
  assert(renewed.access_token !== tokens.access_token && renewed.refresh_token !== tokens.refresh_token);
  assertEquals((await service.rest("/api/memories", { headers: bearer(renewed.access_token) })).status, 200);
  service.pass(91 * 24 * 3600);
  assertEquals((await service.flow.refresh(tokens.client_id, renewed.refresh_token)).status, 400);
  assertEquals(await service.oauth.grants.list(), []);
});

Deno.test("a refresh may ask for less, and the next one for all again", async () => {
  await using service = await openService();
  const tokens = await service.flow.tokens();
  const less = await (await service.flow.refresh(tokens.client_id, tokens.refresh_token, { scope: "read" })).json();
  assertEquals(less.scope, "read");
  const refused = await service.rest("/api/memories", {
    method: "POST",
    headers: { ...bearer(less.access_token), "content-type": "application/json" },
    body: JSON.stringify({ content: "x" }),
  });
  assertEquals(refused.status, 403);
  const all = await (await service.flow.refresh(tokens.client_id, less.refresh_token)).json();
  assertEquals(all.scope, "read write");
});

Deno.test("a reader's token lists what it may call, and learns what more takes", async () => {
  await using service = await openService();
  const { access_token } = await service.flow.tokens({ form: { rights: "read" } });
  for (const ask of [service.rest, service.mcp]) {
    const read = await callTool(ask, access_token, "search", { query: "x" });
    assertEquals(read.status, 200);
    await read.body?.cancel();
    const refused = await callTool(ask, access_token, "store_memory", { content: "x" });
    assertEquals(refused.status, 403);
    const challenge = refused.headers.get("www-authenticate")!;
    assertStringIncludes(challenge, 'error="insufficient_scope"');
    assertStringIncludes(challenge, 'scope="read write"');
    assertStringIncludes(challenge, 'resource_metadata="http://localhost/.well-known/oauth-protected-resource/mcp"');
    assertEquals(challenge.match(/scope=/g)!.length, 1);
    await refused.body?.cancel();
  }
});

Deno.test("RFC 7009: a client ends its grant by either token, and only its own", async () => {
  await using service = await openService();
  const { flow } = service;
  for (const kind of ["access_token", "refresh_token"] as const) {
    const tokens = await flow.tokens(), other = await flow.register();
    const revoke = (client_id: string) => flow.post("/oauth/revoke", { token: tokens[kind], client_id });
    assertEquals((await revoke(other.client_id)).status, 200);
    assertEquals((await service.rest("/api/memories", { headers: bearer(tokens.access_token) })).status, 200);
    assertEquals((await revoke(tokens.client_id)).status, 200);
    assertEquals((await service.rest("/api/memories", { headers: bearer(tokens.access_token) })).status, 401);
    assertEquals((await revoke(tokens.client_id)).status, 200);
  }
  assertEquals((await flow.post("/oauth/revoke", { token: "x", client_id: "unknown" })).status, 401);
});

Deno.test("RFC 7591 and 7592: a client registers, reads its registration and removes it", async () => {
  await using service = await openService();
  const { flow, rest } = service;
  const client = await flow.register({ client_name: "A\u202Eb\n c", scope: "read" });
  assertMatch(client.client_id, /^mcp_client_[a-z0-9]{16}$/);
  assertEquals(client.registration_client_uri, `http://localhost/oauth/register/${client.client_id}`);
  const path = new URL(client.registration_client_uri).pathname;
  const read = await rest(path, { headers: bearer(client.registration_access_token) });
  const registration = await read.json();
  assertEquals([registration.client_id, registration.client_name, registration.scope], [
    client.client_id,
    "Ab c",
    "read",
  ]);
  assertEquals("client_secret" in registration, false);
  // Not as other callers are named.
  const { client_name } = await flow.register({ client_name: " Local" }) as unknown as { client_name: string };
  assertEquals(client_name, 'A program called "Local"');
  for (const method of ["GET", "DELETE"]) {
    const refused = await rest(path, { method, headers: bearer("wrong") });
    assertEquals(refused.status, 401);
    await refused.body?.cancel();
  }
  const { access_token } = await flow.tokens({ client_id: client.client_id });
  const removed = await rest(path, { method: "DELETE", headers: bearer(client.registration_access_token) });
  assertEquals(removed.status, 204);
  assertEquals((await rest("/api/memories", { headers: bearer(access_token) })).status, 401);
  const page = await flow.open(authorization(client.client_id, (await pkce()).challenge));
  assertEquals(page.status, 401);
});

Deno.test("a client with a secret proves itself by it, as it says", async () => {
  await using service = await openService();
  const { flow } = service;
  for (const method of ["client_secret_basic", "client_secret_post", undefined]) {
    const client = await flow.register({ token_endpoint_auth_method: method });
    const { verifier, challenge } = await pkce();
    const code = (await flow.consent(authorization(client.client_id, challenge))).get("code")!;
    const form = { grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: REDIRECT };
    const id = { client_id: client.client_id };
    assertEquals((await flow.post("/oauth/token", { ...form, ...id })).status, 401);
    assertEquals((await flow.post("/oauth/token", { ...form, ...id, client_secret: "wrong" })).status, 401);
    const basic = { authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}` };
    const right = method === "client_secret_post"
      ? await flow.post("/oauth/token", { ...form, ...id, client_secret: client.client_secret! })
      : await flow.post("/oauth/token", form, basic);
    assertEquals(right.status, 200, await right.text());
  }
});

Deno.test("what can't be registered is refused by its name", async () => {
  await using service = await openService();
  for (
    const [metadata, code] of [
      [{}, "invalid_redirect_uri"],
      [{ redirect_uris: [] }, "invalid_redirect_uri"],
      [{ redirect_uris: "https://a.example/" }, "invalid_redirect_uri"],
      [{ redirect_uris: [REDIRECT], grant_types: ["client_credentials"] }, "invalid_client_metadata"],
      [{ redirect_uris: [REDIRECT], response_types: ["token"] }, "invalid_client_metadata"],
      [{ redirect_uris: [REDIRECT], token_endpoint_auth_method: "private_key_jwt" }, "invalid_client_metadata"],
      [{ redirect_uris: [REDIRECT], client_name: "x".repeat(201) }, "invalid_client_metadata"],
      ["no object", "invalid_client_metadata"],
      [undefined, "invalid_client_metadata"],
    ] as const
  ) {
    const response = await service.rest("/oauth/register", {
      method: "POST",
      headers: { "content-type": "application/json" },
      ...metadata === undefined ? { body: "{" } : { body: JSON.stringify(metadata) },
    });
    assertEquals([response.status, (await response.json()).error], [400, code], JSON.stringify(metadata));
  }
});

Deno.test("RFC 7592: a client changes its registration, and nothing that isn't its own", async () => {
  await using service = await openService();
  const { rest, flow } = service;
  const client = await flow.register({ client_name: "Before" }), other = await flow.register();
  const path = new URL(client.registration_client_uri).pathname, { client_id } = client;
  const put = async (body: unknown, token = client.registration_access_token) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await rest(path, { method: "PUT", headers: bearer(token), body: text });
    return { status: answer.status, json: await answer.json() };
  };
  const wanted = { client_id, client_name: "After", redirect_uris: ["https://after.example/back"] };
  for (
    const [body, code] of [
      [{ ...wanted, client_id: other.client_id }, "invalid_client_metadata"],
      [{ ...wanted, client_id: undefined }, "invalid_client_metadata"],
      [{ ...wanted, redirect_uris: ["javascript:alert(1)"] }, "invalid_redirect_uri"],
      [{ ...wanted, redirect_uris: [] }, "invalid_redirect_uri"],
      [{ ...wanted, client_secret: "of its own choice" }, "invalid_client_metadata"],
      [{ ...wanted, grant_types: ["client_credentials"] }, "invalid_client_metadata"],
      ["{", "invalid_client_metadata"],
      ["null", "invalid_client_metadata"],
    ] as const
  ) {
    const { status, json } = await put(body);
    assertEquals([status, json.error], [400, code], JSON.stringify(body));
  }
  for (const token of ["wrong", "", other.registration_access_token]) {
    assertEquals((await put(wanted, token)).status, 401);
  }
  const page = async (redirect_uri: string) =>
    await flow.open(authorization(client_id, (await pkce()).challenge, { redirect_uri }));
  assertStringIncludes((await page(REDIRECT)).html, "Before");

  const changed = await put({ ...wanted, token_endpoint_auth_method: "client_secret_post" });
  assertEquals([changed.status, changed.json.client_name, changed.json.redirect_uris], [
    200,
    "After",
    wanted.redirect_uris,
  ]);
  assertMatch(changed.json.client_secret, /^[\w-]{43}$/);
  assertEquals((await page(REDIRECT)).status, 400);
  assertStringIncludes((await page("https://after.example/back")).html, "After");
  // From then on its secret is needed; told again, it stays as it is.
  assertEquals((await flow.redeem(client_id, "x", "y".repeat(43))).status, 401);
  const { client_secret } = changed.json;
  assertEquals((await flow.redeem(client_id, "x", "y".repeat(43), { client_secret })).status, 400);
  const again = await put({ ...wanted, client_secret, token_endpoint_auth_method: "client_secret_basic" });
  assertEquals([again.status, again.json.client_secret], [200, undefined]);
  assertEquals((await flow.redeem(client_id, "x", "y".repeat(43), { client_secret })).status, 400);
});

Deno.test("registrations without a grant make room, those with one stay", async () => {
  await using service = await openService();
  const tokens = await service.flow.tokens();
  let first = "";
  for (let i = 0; i < 310; i++) {
    const { client_id } = await service.flow.register();
    if (i === 0) first = client_id;
  }
  const renewed = await service.flow.refresh(tokens.client_id, tokens.refresh_token);
  assertEquals(renewed.status, 200);
  assertEquals((await service.flow.open(authorization(first, (await pkce()).challenge))).status, 401);
  const kept = JSON.parse((await service.runtime.storage.note("oauth_clients"))!);
  assertEquals(kept.length, 301);
});

Deno.test("a token endpoint says in RFC 6749's words what it doesn't take", async () => {
  await using service = await openService();
  const { flow } = service, { client_id } = await flow.register();
  for (
    const [form, code] of [
      [{ grant_type: "client_credentials", client_id }, "unsupported_grant_type"],
      [{ grant_type: "password", client_id, username: "a", password: "b" }, "unsupported_grant_type"],
      [{ client_id }, "invalid_request"],
      [{ grant_type: "authorization_code", client_id }, "invalid_request"],
      [{ grant_type: "authorization_code", client_id, code: "x", code_verifier: "y" }, "invalid_grant"],
      [{ grant_type: "refresh_token", client_id, refresh_token: "x" }, "invalid_grant"],
      [
        { grant_type: "refresh_token", client_id, refresh_token: "x", resource: "https://other.example/" },
        "invalid_target",
      ],
    ] as [Record<string, string>, string][]
  ) {
    const response = await flow.post("/oauth/token", form);
    assertEquals(response.headers.get("cache-control"), "no-store");
    assertEquals([response.status, (await response.json()).error], [400, code]);
  }
  const json = await service.rest("/oauth/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ grant_type: "refresh_token", client_id, refresh_token: "x" }),
  });
  assertEquals([json.status, (await json.json()).error], [400, "invalid_request"]);
  const get = await service.rest("/oauth/token?grant_type=refresh_token");
  assertEquals([get.status, get.headers.get("allow")], [405, "POST"]);
  await get.body?.cancel();
});

Deno.test("the same grant works from another process over the same store, and its revocation arrives within two seconds", async () => {
  await using service = await openService();
  const { OAuth } = await import("../../src/oauth/oauth.ts"), { OWN } = await import("./service.ts");
  const other = new OAuth(service.runtime.storage, OWN);
  const request = new Request("http://localhost/mcp");
  assertEquals(await other.verify("uma_aaaaaaaaaaaaaaaa_" + "x".repeat(43), request), null);
  const first = await service.flow.tokens();
  await other.verify(first.access_token, request);
  // Made elsewhere a moment ago, in a grant that is known already.
  const tokens = await (await service.flow.refresh(first.client_id, first.refresh_token)).json();
  const caller = await other.verify(tokens.access_token, request);
  assertMatch(caller!.name, /^Tester \([a-z0-9]{4}\)$/);
  assertEquals([caller?.kind, caller?.rights], ["grant", "write"]);
  await service.oauth.grants.revoke((await service.oauth.grants.list())[0]!.id);
  const since = performance.now();
  while (await other.verify(tokens.access_token, request) !== null) await new Promise((r) => setTimeout(r, 20));
  assert(performance.now() - since < 2000);
  assertEquals(caller?.ended?.aborted, true);
});

Deno.test("while the store is away known grants are believed for ten minutes, and unknown ones not refused", async () => {
  const { Grants } = await import("../../src/oauth/grants.ts"), { memoryNotes } = await import("./memory_notes.ts");
  const notes = memoryNotes();
  let now = 1000;
  const grants = new Grants(notes, { code: 60, access: 3600 }, () => now, () => now * 1000);
  const { verifier, challenge } = await pkce();
  const code = await grants.create({
    client_id: "c",
    client_name: "C",
    browser: null,
    redirect_uri: REDIRECT,
    challenge,
    rights: "read",
    spaces: { write: "default", read: [] },
    resource: "http://localhost",
    approved_by: "a",
  });
  const { access_token } = await grants.redeem(code, verifier, REDIRECT, { client_id: "c" });
  notes.away = true;
  now += 500;
  assertEquals((await grants.verify(access_token, "http://localhost/mcp"))?.name.slice(0, 2), "C ");
  // It may have been given elsewhere meanwhile.
  const unknown = access_token.slice(0, -3) + "xyz";
  await assertRejects(() => grants.verify(unknown, "http://localhost/mcp"), Error, "Cannot reach the store");
  now += 200;
  let thrown: unknown;
  await grants.verify(access_token, "http://localhost/mcp").catch((error) => thrown = error);
  assertEquals((thrown as { code?: string }).code, "unavailable");
});

Deno.test("a second consent to the same program takes the first one's place, and its tokens go on", async () => {
  await using service = await openService();
  const first = await service.flow.tokens({ form: { rights: "read" } });
  const second = await service.flow.tokens({ client_id: first.client_id, form: { rights: "write" } });
  const [grant, ...more] = await service.oauth.grants.list();
  assertEquals([grant!.rights, more.length], ["write", 0]);
  const request = new Request("http://localhost/mcp");
  const callers = await Promise.all([first, second].map((t) => service.oauth.verify(t.access_token, request)));
  assertEquals(callers.map((caller) => caller!.rights), ["read", "write"]);
  assertEquals(callers[0]!.id, callers[1]!.id);
  assertEquals((await service.flow.refresh(first.client_id, first.refresh_token)).status, 200);
  assertEquals((await service.flow.refresh(first.client_id, second.refresh_token)).status, 200);
  // Another address is another grant, and so is another client.
  await service.flow.tokens({ client_id: first.client_id, query: { resource: "http://localhost/mcp" } });
  await service.flow.tokens();
  assertEquals((await service.oauth.grants.list()).length, 3);
});

Deno.test("a flow that begins at the MCP port ends there", async () => {
  await using service = await openService();
  const tokens = await new Flow(service.mcp).tokens({ query: { resource: "http://localhost/mcp" } });
  const called = await callTool(service.mcp, tokens.access_token, "store_memory", { content: "From the MCP port." });
  assertEquals(called.status, 200);
  await called.body?.cancel();
});
