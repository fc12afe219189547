/** Attacks on the authorization server: each gets nothing, and costs the one who is attacked nothing. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ADMIN_KEY, authorization, base64url, pkce, REDIRECT } from "../oauth/flow.ts";
import { bearer, openService, type TestService } from "../oauth/service.ts";

const works = async (service: TestService, token: string): Promise<boolean> => {
  const response = await service.rest("/api/memories", { headers: bearer(token) });
  await response.body?.cancel();
  return response.status === 200;
};
const errorOf = async (response: Response): Promise<string> => (await response.json()).error;

/** A code that a person agreed to, with what its client knows. */
async function issued(service: TestService, query: Record<string, string> = {}) {
  const { client_id } = await service.flow.register(), { verifier, challenge } = await pkce();
  const answer = await service.flow.consent(authorization(client_id, challenge, query));
  return { client_id, verifier, challenge, code: answer.get("code")! };
}

Deno.test("code injection: a stolen code is worth nothing to another client, verifier or redirect URI, and still works for its own", async () => {
  await using service = await openService();
  const { client_id, verifier, code } = await issued(service);
  const attacker = await service.flow.register(), other = await pkce();
  for (
    const response of [
      await service.flow.redeem(attacker.client_id, code, verifier),
      await service.flow.redeem(client_id, code, other.verifier),
      await service.flow.redeem(client_id, code, ""),
      await service.flow.redeem(client_id, code, "short"),
      await service.flow.redeem(client_id, code, verifier, { redirect_uri: "http://127.0.0.1:6666/callback" }),
      await service.flow.redeem(client_id, code, verifier, { redirect_uri: "https://attacker.example/" }),
    ]
  ) {
    assertEquals(response.status, 400);
    assert(["invalid_grant", "invalid_request"].includes(await errorOf(response)));
  }
  assertEquals((await service.flow.redeem(client_id, code, verifier)).status, 200);
});

Deno.test("code replay: a code that comes twice ends what it gave", async () => {
  await using service = await openService();
  const tokens = await service.flow.tokens();
  assertEquals(await works(service, tokens.access_token), true);
  const again = await service.flow.redeem(tokens.client_id, tokens.code, tokens.verifier);
  assertEquals([again.status, await errorOf(again)], [400, "invalid_grant"]);
  assertEquals(await works(service, tokens.access_token), false);
  assertEquals((await service.flow.refresh(tokens.client_id, tokens.refresh_token)).status, 400);
});

Deno.test("code race: of many who come with one code at once at most one gets tokens, and they end", async () => {
  await using service = await openService();
  const { client_id, verifier, code } = await issued(service);
  const answers = await Promise.all(Array.from({ length: 8 }, () => service.flow.redeem(client_id, code, verifier)));
  const won = answers.filter(({ status }) => status === 200);
  assertEquals(won.length, 1);
  assertEquals(await works(service, (await won[0]!.json()).access_token), false);
});

Deno.test("code expiry: a code is worth nothing after its time", async () => {
  await using service = await openService();
  const { client_id, verifier, code } = await issued(service);
  service.pass(601);
  assertEquals(await errorOf(await service.flow.redeem(client_id, code, verifier)), "invalid_grant");
});

Deno.test("PKCE downgrade: no challenge, plain, an unnamed method and malformed challenges are refused before anybody is asked", async () => {
  await using service = await openService();
  const { client_id } = await service.flow.register(), { verifier, challenge } = await pkce();
  const { code_challenge: _, code_challenge_method: __, ...without } = authorization(client_id, challenge);
  for (
    const pair of [
      {},
      { code_challenge: verifier, code_challenge_method: "plain" },
      { code_challenge: challenge },
      { code_challenge: challenge, code_challenge_method: "s256" },
      { code_challenge: challenge, code_challenge_method: "none" },
      { code_challenge: "", code_challenge_method: "S256" },
      { code_challenge: "short", code_challenge_method: "S256" },
      { code_challenge: challenge + "=", code_challenge_method: "S256" },
      { code_challenge_method: "S256" },
    ]
  ) {
    const page = await service.flow.open({ ...without, ...pair } as Record<string, string>);
    assertEquals(page.status, 303, JSON.stringify(pair));
    assertEquals(new URL(page.headers.get("location")!).searchParams.get("error"), "invalid_request");
  }
  // The form carries the request again, where it could be changed as well.
  const page = await service.flow.open(authorization(client_id, challenge));
  const changed = page.fields.request!.replace("S256", "plain");
  assertEquals((await service.flow.send(page, { request: changed })).status, 403);
});

Deno.test("redirect URI tricks: only what is registered, character by character, but for a loopback port", async () => {
  await using service = await openService();
  const redirect_uris = ["https://app.example/cb", "http://127.0.0.1/cb", "http://[::1]:80/cb"];
  const { client_id } = await service.flow.register({ redirect_uris }), { challenge } = await pkce();
  const tricks = [
    "https://app.example/cb/",
    "https://app.example/cb?x=1",
    "https://app.example/cb#x",
    "https://app.example/CB",
    "https://APP.example/cb",
    "https://app.example:443/cb",
    "https://app.example./cb",
    "https://app.example@attacker.example/cb",
    "https://app.example.attacker.example/cb",
    "https://app.example%2f@attacker.example/cb",
    "https://app.example\\@attacker.example/cb",
    "https://app.example/../cb",
    "https://app.example/cb/../../x",
    "https://app.example/cb%00",
    "https://app.example/cb\n",
    "//app.example/cb",
    "http://app.example/cb",
    "javascript:alert(1)//https://app.example/cb",
    "http://127.0.0.1.attacker.example/cb",
    "http://127.0.0.1:80@attacker.example/cb",
    "http://127.0.0.1:1234/other",
    "http://127.0.0.1:1234/cb?x",
    "http://127.0.0.2/cb",
    "http://2130706433/cb",
    "http://0x7f.1/cb",
    "http://localhost/cb",
    "http://127.0.0.1:999999/cb",
    "https://127.0.0.1/cb",
  ];
  for (const redirect_uri of tricks) {
    const page = await service.flow.open(authorization(client_id, challenge, { redirect_uri }));
    assertEquals([page.status, page.headers.get("location")], [400, null], redirect_uri);
  }
  for (const redirect_uri of [...redirect_uris, "http://127.0.0.1:43210/cb", "http://[::1]:5/cb", "http://[::1]/cb"]) {
    assertEquals((await service.flow.open(authorization(client_id, challenge, { redirect_uri }))).status, 200);
  }
});

Deno.test("redirect URIs that lead nowhere good can't be registered", async () => {
  await using service = await openService();
  for (
    const uri of [
      "javascript:alert(1)",
      "JavaScript:alert(1)",
      "data:text/html,x",
      "file:///etc/passwd",
      "vbscript:x",
      "blob:https://a.example/x",
      "http://app.example/cb",
      "http://192.168.1.1/cb",
      "https://app.example/#x",
      "https://user:pass@app.example/",
      "https://*.example/cb",
      "https://app.example/a b",
      "https://app.example/\r\nSet-Cookie: a=b",
      "https:app.example",
      "https:///app.example",
      "/relative",
      "",
      "https://app.example/" + "x".repeat(3000),
    ]
  ) {
    const response = await service.rest("/oauth/register", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ redirect_uris: ["https://fine.example/cb", uri] }),
    });
    assertEquals([response.status, await errorOf(response)], [400, "invalid_redirect_uri"], uri);
  }
});

Deno.test("mix-up: every answer names its issuer, which no header can change", async () => {
  await using service = await openService({
    settings: { publicUrl: "https://memory.example/team" },
    allowedHosts: ["memory.example"],
  });
  const evil = {
    host: "memory.example",
    "x-forwarded-host": "attacker.example",
    "x-forwarded-proto": "http",
    "x-forwarded-prefix": "/attacker",
    "x-forwarded-port": "666",
    forwarded: "host=attacker.example;proto=http",
    "x-original-url": "https://attacker.example/",
  };
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  const query = new URLSearchParams(authorization(client_id, challenge));
  const opened = await service.rest(`/oauth/authorize?${query}`, { headers: evil });
  assertEquals(opened.status, 200);
  assertStringIncludes(
    opened.headers.get("set-cookie")!,
    "Path=/team/oauth; Max-Age=3600; HttpOnly; SameSite=Strict; Secure",
  );
  assertEquals((await opened.text()).includes("attacker"), false);
  for (
    const path of [
      "/.well-known/oauth-authorization-server",
      "/.well-known/oauth-authorization-server/team",
      "/.well-known/oauth-protected-resource",
      "/.well-known/oauth-protected-resource/team/mcp",
      "/.well-known/oauth-protected-resource/mcp",
    ]
  ) {
    const text = await (await service.rest(path, { headers: evil })).text();
    assertEquals(text.includes("attacker"), false, path);
    const document = JSON.parse(text);
    assertEquals(document.issuer ?? document.authorization_servers[0], "https://memory.example/team");
    if (path.endsWith("mcp")) assertEquals(document.resource, "https://memory.example/team/mcp");
  }
  const refused = await service.mcp("/mcp", { method: "POST", headers: evil });
  await refused.body?.cancel();
  assertStringIncludes(
    refused.headers.get("www-authenticate")!,
    'resource_metadata="https://memory.example/.well-known/oauth-protected-resource/team/mcp"',
  );
  const page = await service.flow.open(authorization(client_id, challenge));
  const answer = await service.flow.send(page, {}, { ...evil, origin: "https://memory.example" });
  assertEquals(new URL(answer.headers.get("location")!).searchParams.get("iss"), "https://memory.example/team");
});

Deno.test("audience: a token for one resource is worth nothing at another, nor is one asked for elsewhere", async () => {
  await using service = await openService();
  const { access_token } = await service.flow.tokens({ query: { resource: "http://localhost/mcp" } });
  assertEquals(await works(service, access_token), false);
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  for (
    const resource of [
      "https://other.example",
      "http://localhost.attacker.example/mcp",
      "http://localhost:1/mcp",
      "https://localhost/mcp",
      "http://localhost/mcp#x",
      "http://localhost/mcp?x",
      "http://user@localhost/mcp",
      "mcp",
    ]
  ) {
    const page = await service.flow.open(authorization(client_id, challenge, { resource }));
    assertEquals(new URL(page.headers.get("location")!).searchParams.get("error"), "invalid_target", resource);
  }
  const { code, verifier, client_id: mine } = await issued(service, { resource: "http://localhost/mcp" });
  const widened = await service.flow.redeem(mine, code, verifier, { resource: "http://localhost" });
  assertEquals([widened.status, await errorOf(widened)], [400, "invalid_target"]);
});

Deno.test("refresh reuse: the second use of a refresh token ends the family, whoever was first", async () => {
  await using service = await openService();
  const tokens = await service.flow.tokens();
  const second = await (await service.flow.refresh(tokens.client_id, tokens.refresh_token)).json();
  const third = await (await service.flow.refresh(tokens.client_id, second.refresh_token)).json();
  assertEquals(await works(service, third.access_token), true);
  assertEquals(await errorOf(await service.flow.refresh(tokens.client_id, tokens.refresh_token)), "invalid_grant");
  assertEquals(await works(service, third.access_token), false);
  assertEquals((await service.flow.refresh(tokens.client_id, third.refresh_token)).status, 400);
});

Deno.test("refresh race: of many at once one gets tokens, and the family ends", async () => {
  await using service = await openService();
  const { client_id, refresh_token } = await service.flow.tokens();
  const answers = await Promise.all(Array.from({ length: 6 }, () => service.flow.refresh(client_id, refresh_token)));
  assertEquals(answers.filter(({ status }) => status === 200).length, 1);
  assertEquals(await service.oauth.grants.list(), []);
});

Deno.test("a refresh token is worth nothing to another client, as an access token, or with letters changed, and stays whole", async () => {
  await using service = await openService();
  const tokens = await service.flow.tokens(), other = await service.flow.register();
  assertEquals((await service.flow.refresh(other.client_id, tokens.refresh_token)).status, 400);
  assertEquals(await works(service, tokens.refresh_token), false);
  const changed = tokens.refresh_token.slice(0, -2) + (tokens.refresh_token.endsWith("AA") ? "BB" : "AA");
  assertEquals((await service.flow.refresh(tokens.client_id, changed)).status, 400);
  assertEquals((await service.flow.refresh(tokens.client_id, tokens.access_token)).status, 400);
  assertEquals((await service.flow.refresh(tokens.client_id, tokens.refresh_token)).status, 200);
});

Deno.test("consent forged from another origin: without the page's cookie and proof, or from elsewhere, the form is refused", async () => {
  await using service = await openService();
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  const page = await service.flow.open(authorization(client_id, challenge));
  const elsewhere = await service.flow.open(authorization(client_id, (await pkce()).challenge));
  for (
    const [what, send] of Object.entries({
      "no cookie": () => service.flow.send({ ...page, cookie: "" }),
      "another page's cookie": () => service.flow.send({ ...page, cookie: elsewhere.cookie }),
      "another page's proof": () => service.flow.send(page, { csrf: elsewhere.fields.csrf! }),
      "no proof": () => service.flow.send(page, { csrf: "" }),
      "another request under the same proof": () => service.flow.send(page, { request: elsewhere.fields.request! }),
      "another origin": () => service.flow.send(page, {}, { origin: "https://attacker.example" }),
      "no origin": () => service.flow.send(page, {}, { origin: "null" }),
      "another site": () => service.flow.send(page, {}, { "sec-fetch-site": "cross-site" }),
      "a sibling's site": () => service.flow.send(page, {}, { "sec-fetch-site": "same-site" }),
      "another port's page": () => service.flow.send(page, {}, { origin: "http://localhost:9999" }),
    })
  ) {
    const response = await send();
    assertEquals([response.status, response.headers.get("location")], [403, null], what);
    await response.body?.cancel();
  }
  assertEquals(
    (await service.flow.send(page, {}, { origin: "http://localhost", "sec-fetch-site": "same-origin" })).status,
    303,
  );
});

Deno.test("registration alone gives nothing: no grant type, no token, no scope", async () => {
  await using service = await openService();
  const client = await service.flow.register({ token_endpoint_auth_method: "client_secret_post", scope: "admin" });
  const id = { client_id: client.client_id, client_secret: client.client_secret! };
  for (
    const form of [
      { grant_type: "client_credentials", scope: "write" },
      { grant_type: "password", username: "admin", password: ADMIN_KEY },
      { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "x" },
      { grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", subject_token: ADMIN_KEY },
    ]
  ) {
    const response = await service.flow.post("/oauth/token", { ...form, ...id } as Record<string, string>);
    assertEquals([response.status, await errorOf(response)], [400, "unsupported_grant_type"]);
  }
  assertEquals(await works(service, client.client_secret!), false);
  assertEquals(await works(service, client.registration_access_token), false);
});

Deno.test("scope widening: neither a refresh nor a form gets more than the owner gave", async () => {
  await using service = await openService();
  const { client_id, refresh_token } = await service.flow.tokens({
    query: { scope: "read write admin" },
    form: { rights: "read" },
  });
  for (const scope of ["write", "admin", "read write", "read admin"]) {
    const response = await service.flow.refresh(client_id, refresh_token, { scope });
    assertEquals([response.status, await errorOf(response)], [400, "invalid_scope"]);
  }
  const renewed = await (await service.flow.refresh(client_id, refresh_token)).json();
  assertEquals(renewed.scope, "read");
});

Deno.test("a token in a query is no token, and a secret in one gets none", async () => {
  await using service = await openService();
  const tokens = await service.flow.tokens();
  for (const name of ["access_token", "token", "key", "api_key"]) {
    const value = name === "api_key" ? ADMIN_KEY : tokens.access_token;
    const rest = await service.rest(`/api/memories?${name}=${value}`);
    const mcp = await service.mcp(`/sse?${name}=${value}`);
    assertEquals([rest.status, mcp.status], [401, 401]);
    await rest.body?.cancel();
    await mcp.body?.cancel();
  }
  const query = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: tokens.client_id,
    refresh_token: tokens.refresh_token,
  });
  const response = await service.flow.post(`/oauth/token?${query}`, {});
  assertEquals([response.status, await errorOf(response)], [400, "invalid_request"]);
});

Deno.test("an outside token, none of ours, is refused by the built-in server", async () => {
  await using service = await openService();
  const json = (value: unknown) => base64url(new TextEncoder().encode(JSON.stringify(value)));
  const claims = json({ iss: "http://localhost", aud: "http://localhost", scope: "admin", exp: 9e9 });
  for (const token of [`${json({ alg: "none" })}.${claims}.`, `${json({ alg: "none" })}.${claims}.x`]) {
    assertEquals(await works(service, token), false);
  }
});

Deno.test("parameters that come twice, and requests without end, are refused", async () => {
  await using service = await openService();
  const { client_id } = await service.flow.register(), { challenge } = await pkce();
  const right = new URLSearchParams(authorization(client_id, challenge)).toString();
  for (const name of ["scope=read", "state=x", "code_challenge=y", "resource=z"]) {
    const page = await service.flow.open(`${right}&${name}&${name}`);
    assertEquals(page.status, 303, name);
    assertEquals(new URL(page.headers.get("location")!).searchParams.get("error"), "invalid_request");
  }
  assertEquals((await service.flow.open(`${right}&redirect_uri=${encodeURIComponent(REDIRECT)}`)).status, 400);
  assertEquals((await service.flow.open(`${right}&x=${"y".repeat(9000)}`)).status, 400);
  const body = JSON.stringify({ redirect_uris: [REDIRECT], junk: "x".repeat(100_000) });
  const large = await service.rest("/oauth/register", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  assertEquals(large.status, 413);
  await large.body?.cancel();
});
