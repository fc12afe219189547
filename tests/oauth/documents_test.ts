/** Clients by their documents: fetched from a real TLS server, and only from where it is safe. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import * as jose from "jose";
import { ASSERTION_TYPE } from "../../src/oauth/client_assertion.ts";
import { isPublic, publicFetch } from "../../src/oauth/public_fetch.ts";
import { ClientDocuments, isDocumentId } from "../../src/oauth/client_documents.ts";
import type { Fetched } from "../../src/oauth/public_fetch.ts";
import { authorization, pkce, REDIRECT } from "./flow.ts";
import { openService } from "./service.ts";

const ID = "https://client.example/oauth/client.json";
const DOCUMENT = { client_id: ID, client_name: "Documented", redirect_uris: [REDIRECT] };
const served = (document: unknown, more: Partial<Fetched> = {}): Fetched => ({
  status: 200,
  contentType: "application/json",
  maxAge: null,
  text: typeof document === "string" ? document : JSON.stringify(document),
  ...more,
});

Deno.test("a client is known by its document, which its host vouches for", async () => {
  await using service = await openService({ options: { fetchDocument: () => Promise.resolve(served(DOCUMENT)) } });
  const tokens = await service.flow.tokens({ client_id: ID });
  const page = await service.flow.open(authorization(ID, (await pkce()).challenge));
  assertStringIncludes(page.html, "<strong>client.example</strong> vouches for it");
  assertEquals((await service.flow.refresh(ID, tokens.refresh_token)).status, 200);
  assertEquals((await service.oauth.grants.list())[0]!.client_id, ID);
});

Deno.test("installations that share a document are told apart by the browser of the person who agreed", async () => {
  await using service = await openService({ options: { fetchDocument: () => Promise.resolve(served(DOCUMENT)) } });
  const agree = async (cookie: string) => {
    const { verifier, challenge } = await pkce();
    const page = await service.flow.open(authorization(ID, challenge));
    const answer = await service.flow.send({ ...page, cookie: `${cookie}${page.cookie}` });
    const code = new URL(answer.headers.get("location")!).searchParams.get("code")!;
    assertEquals((await service.flow.redeem(ID, code, verifier)).status, 200);
    return `${answer.headers.get("set-cookie")!.split(";")[0]!}; `;
  };
  const browser = await agree("");
  await agree(browser);
  assertEquals((await service.oauth.grants.list()).length, 1);
  await agree("");
  assertEquals((await service.oauth.grants.list()).length, 2);
});

Deno.test("a document that doesn't say what it must makes no client", async () => {
  for (
    const [answer, reason] of [
      [served({ ...DOCUMENT, client_id: "https://client.example/other.json" }), "its client_id is not its address"],
      [served({ ...DOCUMENT, client_id: undefined }), "its client_id is not its address"],
      [served({ ...DOCUMENT, redirect_uris: [] }), "redirect_uris"],
      [served({ ...DOCUMENT, redirect_uris: ["javascript:alert(1)"] }), "redirect_uris"],
      [served({ ...DOCUMENT, client_secret: "x" }), "has a secret"],
      [served({ ...DOCUMENT, token_endpoint_auth_method: "client_secret_basic" }), "by a secret"],
      [served("[]"), "not a JSON object"],
      [served("{"), "not JSON"],
      [served(DOCUMENT, { contentType: "text/html" }), "not JSON"],
      [served(DOCUMENT, { status: 404 }), "answers 404"],
      [served(DOCUMENT, { status: 302 }), "answers 302"],
    ] as [Fetched, string][]
  ) {
    await using service = await openService({ options: { fetchDocument: () => Promise.resolve(answer) } });
    const page = await service.flow.open(authorization(ID, (await pkce()).challenge));
    assertEquals([page.status, page.headers.get("location")], [reason === "redirect_uris" ? 400 : 401, null], reason);
    assertStringIncludes(page.html, reason);
  }
});

Deno.test("documents are kept for as long as they say, within bounds, and one lookup serves all who ask meanwhile", async () => {
  let asked = 0, now = 0, answer = served(DOCUMENT, { maxAge: 3600 });
  const documents = new ClientDocuments(() => {
    asked++;
    return Promise.resolve(answer);
  }, () => now);
  await Promise.all([documents.find(ID), documents.find(ID), documents.find(ID)]);
  assertEquals(asked, 1);
  now = 3_599_000;
  await documents.find(ID);
  assertEquals(asked, 1);
  now = 3_601_000;
  answer = served(DOCUMENT, { status: 500, maxAge: 0 });
  await assertRejects(() => documents.find(ID));
  await assertRejects(() => documents.find(ID));
  assertEquals(asked, 2);
  now += 31_000;
  answer = served(DOCUMENT, { maxAge: 1e9 });
  await documents.find(ID);
  now += 25 * 3_600_000;
  await documents.find(ID);
  assertEquals(asked, 4);
});

Deno.test("only https addresses in one spelling, with a path, are documents", () => {
  for (const id of ["https://a.example/x", "https://a.example:8443/x/y.json", "https://a.example/x?y=z"]) {
    assertEquals(isDocumentId(id), true, id);
  }
  for (
    const id of [
      "http://a.example/x",
      "https://a.example",
      "https://a.example/",
      "https://a.example/x#y",
      "https://a.example/../x",
      "https://a.example/a/./b",
      "https://A.example/x",
      "https://a.example:443/x",
      "https://u@a.example/x",
      "https://a.example\\x",
      "https:a.example/x",
      "ftp://a.example/x",
      "mcp_client_x",
    ]
  ) assertEquals(isDocumentId(id), false, id);
});

Deno.test("addresses that are not the internet's are told apart, however they are written", () => {
  for (
    const address of [
      ...[
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
      ],
      ...[
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
      ],
      ...["64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "2001::1", "x"],
    ]
  ) assertEquals(isPublic(address), false, address);
  for (const address of ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450::1"]) {
    assertEquals(isPublic(address), true, address);
  }
});

Deno.test("a document is fetched from the address that was checked, over TLS, without redirects, within bounds", async () => {
  const file = (type: string) => Deno.readTextFile(new URL(`../access/fixtures/localhost.${type}`, import.meta.url));
  const ca = await file("pem");
  const never = Promise.withResolvers<Response>();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: ca,
    key: await file("key"),
    onListen: () => {},
  }, (request) => {
    const { pathname, host } = new URL(request.url);
    switch (pathname) {
      case "/redirect":
        return Response.redirect(`https://${host}/client.json`, 302);
      case "/long":
        return new Response("x".repeat(100_000));
      case "/slow":
        return never.promise;
      default:
        return Response.json({ ok: pathname }, { headers: { "cache-control": "public, max-age=60" } });
    }
  });
  try {
    const at = (path: string) => `https://localhost:${server.addr.port}${path}`;
    const resolve = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
    const fetch = publicFetch({ allowLoopback: true, ca, resolve });
    const found = await fetch(at("/client.json"));
    assertEquals([found.status, found.maxAge, JSON.parse(found.text)], [200, 60, { ok: "/client.json" }]);
    assertEquals((await fetch(at("/redirect"))).status, 302);
    await assertRejects(() => fetch(at("/long")), Error, "more than 65536 bytes");
    await assertRejects(
      () => publicFetch({ allowLoopback: true, ca, resolve, timeoutMs: 200 })(at("/slow")),
      Error,
      "too long",
    );
    // As the service fetches: nothing of this machine, whatever its name says.
    await assertRejects(() => publicFetch({ ca, resolve })(at("/client.json")), Error, "not on the internet");
    await assertRejects(() => publicFetch()(`https://127.0.0.1:${server.addr.port}/x`), Error, "not on the internet");
    await assertRejects(
      () => publicFetch()(`https://[::ffff:7f00:1]:${server.addr.port}/x`),
      Error,
      "not on the internet",
    );
    await assertRejects(() => publicFetch()(`https://localhost:${server.addr.port}/x`), Error, "not on the internet");
    const both = () => Promise.resolve([{ address: "1.1.1.1", family: 4 }, { address: "10.0.0.1", family: 4 }]);
    await assertRejects(() => publicFetch({ resolve: both })(at("/x")), Error, "not on the internet");
    // A certificate of another name, or of no authority.
    await assertRejects(() => publicFetch({ allowLoopback: true, resolve })(at("/x")), Error, "can't be reached");
    const other = `https://other.example:${server.addr.port}/x`;
    await assertRejects(() => publicFetch({ allowLoopback: true, ca, resolve })(other), Error, "can't be reached");
  } finally {
    never.resolve(new Response());
    await server.shutdown();
  }
});

/** A client with a key of its own, whose document says so. */
async function keyedClient({ byAddress = false } = {}) {
  const { publicKey, privateKey } = await jose.generateKeyPair("ES256", { extractable: true });
  let jwk = { ...await jose.exportJWK(publicKey), kid: "first" }, key = privateKey, kid = "first", asked = 0;
  const address = "https://client.example/keys.json";
  const document = () => ({
    ...DOCUMENT,
    token_endpoint_auth_method: "private_key_jwt",
    ...byAddress ? { jwks_uri: address } : { jwks: { keys: [jwk] } },
  });
  const fetchDocument = (url: string) => {
    if (url === address) asked++;
    return Promise.resolve(served(url === address ? { keys: [jwk] } : document()));
  };
  return {
    fetchDocument,
    asked: () => asked,
    /** Takes another key. */
    change: async () => {
      const pair = await jose.generateKeyPair("ES256", { extractable: true });
      [kid, key] = ["second", pair.privateKey];
      jwk = { ...await jose.exportJWK(pair.publicKey), kid };
    },
    prove: async (claims: jose.JWTPayload = {}, signedBy?: jose.CryptoKey | Uint8Array, alg = "ES256") => {
      const payload = { iss: ID, sub: ID, aud: "http://localhost", jti: crypto.randomUUID(), ...claims };
      const token = new jose.SignJWT(payload).setProtectedHeader({ alg, kid }).setIssuedAt();
      if (!("exp" in claims)) token.setExpirationTime("1m");
      return { client_assertion_type: ASSERTION_TYPE, client_assertion: await token.sign(signedBy ?? key) };
    },
  };
}

/** A code for the client, agreed to by a person. */
async function codeFor(service: Awaited<ReturnType<typeof openService>>) {
  const { verifier, challenge } = await pkce();
  return { verifier, code: (await service.flow.consent(authorization(ID, challenge))).get("code")! };
}

Deno.test("a client whose document names a key proves itself by it, each time and by each of its tokens once", async () => {
  const client = await keyedClient();
  await using service = await openService({ options: { fetchDocument: client.fetchDocument } });
  const { code, verifier } = await codeFor(service),
    redeem = async (more: Record<string, string>) => {
      const answer = await service.flow.redeem(ID, code, verifier, more);
      return { status: answer.status, json: await answer.json() };
    };
  const stranger = await jose.generateKeyPair("ES256");
  const secret = new TextEncoder().encode(JSON.stringify((await client.prove()).client_assertion)),
    now = Date.now() / 1000;
  const good = await client.prove();
  for (
    const [name, more] of Object.entries({
      "no proof": {},
      "a secret": { client_secret: "x" },
      "another's key": await client.prove({}, stranger.privateKey),
      "a shared key": await client.prove({}, secret, "HS256"),
      "no signature": { ...good, client_assertion: new jose.UnsecuredJWT({ iss: ID, sub: ID }).encode() },
      "another audience": await client.prove({ aud: "https://elsewhere.example" }),
      "another issuer": await client.prove({ iss: "https://elsewhere.example/c.json" }),
      "another subject": await client.prove({ sub: "https://elsewhere.example/c.json" }),
      "no id": await client.prove({ jti: undefined as unknown as string }),
      "expired": await client.prove({ exp: Math.floor(now) - 60 }),
      "good for a day": await client.prove({ exp: Math.floor(now) + 86_400 }),
      "no end": await client.prove({ exp: undefined as unknown as number }),
      "a cut one": { ...good, client_assertion: good.client_assertion.slice(0, -3) },
    })
  ) {
    const { status, json } = await redeem(more as Record<string, string>);
    assertEquals([name, status, json.error], [name, 401, "invalid_client"]);
  }
  const wrongType = await redeem({
    ...good,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
  });
  assertEquals([wrongType.status, wrongType.json.error], [400, "invalid_request"]);
  // What failed neither used the code up nor ended anything.
  const tokens = await redeem(good);
  assertEquals(tokens.status, 200, JSON.stringify(tokens.json));
  const { refresh_token } = tokens.json;
  const refresh = async (more: Record<string, string>) => (await service.flow.refresh(ID, refresh_token, more)).status;
  assertEquals([await refresh({}), await refresh(good)], [401, 401]);
  assertEquals(await refresh(await client.prove({ aud: "http://localhost/oauth/token" })), 200);
  const revoke = async (more: Record<string, string>) =>
    (await service.flow.post("/oauth/revoke", { token: tokens.json.access_token, client_id: ID, ...more })).status;
  assertEquals([await revoke({}), (await service.oauth.grants.list()).length], [401, 1]);
  assertEquals([await revoke(await client.prove()), (await service.oauth.grants.list()).length], [200, 0]);
});

Deno.test("keys at an address are fetched when they are needed, and again when the client has others", async () => {
  const client = await keyedClient({ byAddress: true });
  await using service = await openService({ options: { fetchDocument: client.fetchDocument } });
  const first = await codeFor(service);
  assertEquals(client.asked(), 0);
  const tokens = await (await service.flow.redeem(ID, first.code, first.verifier, await client.prove())).json();
  const refreshed = await service.flow.refresh(ID, tokens.refresh_token, await client.prove());
  assertEquals([refreshed.status, client.asked()], [200, 1]);
  const { refresh_token } = await refreshed.json();
  await client.change();
  assertEquals((await service.flow.refresh(ID, refresh_token, await client.prove())).status, 401);
  service.pass(31);
  assertEquals((await service.flow.refresh(ID, refresh_token, await client.prove())).status, 200);
  assertEquals(client.asked(), 2);
});

Deno.test("a document that asks for a proof by a key and names none makes no client", async () => {
  for (
    const keys of [{}, { jwks: {} }, { jwks: { keys: [] } }, { jwks: { keys: ["x"] } }, { jwks_uri: "nowhere" }, {
      jwks_uri: 7,
    }]
  ) {
    const document = { ...DOCUMENT, token_endpoint_auth_method: "private_key_jwt", ...keys };
    await using service = await openService({ options: { fetchDocument: () => Promise.resolve(served(document)) } });
    const page = await service.flow.open(authorization(ID, (await pkce()).challenge));
    assertEquals(page.status, 401, JSON.stringify(keys));
    assertStringIncludes(page.html, "names none");
  }
});
