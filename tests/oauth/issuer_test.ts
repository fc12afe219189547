/** Tokens of an issuer of the operator's choice: a real one on a loopback port, over the real listeners. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import * as jose from "jose";
import type { IssuerSettings } from "../../src/oauth/settings.ts";
import { bearer, callTool, openService, type ServiceOptions, type TestService } from "./service.ts";

/** An issuer. */
interface TestIssuer extends AsyncDisposable {
  url: string;
  /** What it publishes; may be changed. */
  jwks: { keys: jose.JWK[] };
  metadata: Record<string, unknown>;
  status: number;
  asked: string[];
  key: { privateKey: jose.CryptoKey; kid: string };
  rotate(): Promise<void>;
  sign(claims?: Record<string, unknown>, header?: Partial<jose.JWTHeaderParameters>): Promise<string>;
}

async function openIssuer(path = ""): Promise<TestIssuer> {
  const asked: string[] = [];
  let count = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    if (issuer.status !== 200) return new Response("down", { status: issuer.status });
    if (pathname === `${path}/keys`) return Response.json(issuer.jwks);
    if (pathname === `/.well-known/oauth-authorization-server${path}`) return Response.json(issuer.metadata);
    return new Response("", { status: 404 });
  });
  const url = `http://127.0.0.1:${server.addr.port}${path}`;
  const issuer: TestIssuer = {
    url,
    asked,
    status: 200,
    jwks: { keys: [] },
    metadata: { issuer: url, jwks_uri: `${url}/keys` },
    key: undefined as unknown as TestIssuer["key"],
    rotate: async () => {
      const { publicKey, privateKey } = await jose.generateKeyPair("ES256", { extractable: true });
      const kid = `k${++count}`;
      issuer.key = { privateKey, kid };
      issuer.jwks = { keys: [{ ...await jose.exportJWK(publicKey), kid, alg: "ES256", use: "sig" }] };
    },
    sign: (claims = {}, header = {}) =>
      new jose.SignJWT({ iss: url, aud: "http://localhost", sub: "ada", scope: "read write", ...claims })
        .setProtectedHeader({ alg: "ES256", kid: issuer.key.kid, typ: "at+jwt", ...header })
        .setIssuedAt().setExpirationTime((claims.exp as number | undefined) ?? "5m").sign(issuer.key.privateKey),
    [Symbol.asyncDispose]: async () => await server.shutdown(),
  };
  await issuer.rotate();
  return issuer;
}

async function over(issuer: TestIssuer, settings: Partial<IssuerSettings> = {}, more: ServiceOptions = {}) {
  return await openService({
    ...more,
    settings: {
      server: null,
      issuer: {
        issuer: issuer.url,
        audience: [],
        rightsClaim: "scope",
        rights: { read: "read", write: "write", admin: "admin" },
        spacesClaim: null,
        spaces: ["default"],
        ...settings,
      },
    },
  });
}

const status = async (service: TestService, token: string, path = "/api/memories"): Promise<number> => {
  const response = await service.rest(path, { headers: bearer(token) });
  await response.body?.cancel();
  return response.status;
};

Deno.test("an issuer's token opens both ports, with the rights that its scope says", async () => {
  await using issuer = await openIssuer("/realm");
  await using service = await over(issuer);
  const token = await issuer.sign();
  assertEquals(await status(service, token), 200);
  const called = await callTool(service.mcp, token, "store_memory", { content: "By an issuer's token." });
  assertEquals(called.status, 200);
  await called.body?.cancel();
  const reader = await issuer.sign({ scope: "openid read" });
  const refused = await callTool(service.mcp, reader, "store_memory", { content: "x" });
  await refused.body?.cancel();
  assertEquals(refused.status, 403);
  assertStringIncludes(refused.headers.get("www-authenticate")!, 'scope="read write"');
  const metadata = await (await service.mcp("/.well-known/oauth-protected-resource/mcp")).json();
  assertEquals(metadata.authorization_servers, [issuer.url]);
  // No server of our own.
  assertEquals(await status(service, token, "/.well-known/oauth-authorization-server"), 404);
  assertEquals((await service.flow.post("/oauth/token", {})).status, 401);
});

Deno.test("a token with another issuer, audience, time or key is refused", async () => {
  await using issuer = await openIssuer();
  await using service = await over(issuer);
  const now = Math.floor(Date.now() / 1000);
  const stranger = await jose.generateKeyPair("ES256");
  const signed = async (claims: Record<string, unknown>) => await issuer.sign(claims);
  for (
    const [what, token] of Object.entries({
      issuer: await signed({ iss: "https://other.example" }),
      "no issuer": await signed({ iss: undefined }),
      audience: await signed({ aud: "https://other.example/mcp" }),
      "an audience whose name begins alike": await signed({ aud: "http://localhost.other.example" }),
      "no audience": await signed({ aud: undefined }),
      "another endpoint's audience": await signed({ aud: "http://localhost/mcp" }),
      expired: await signed({ exp: now - 120 }),
      "not yet": await signed({ nbf: now + 600 }),
      "bound to a key": await signed({ cnf: { jkt: "x" } }),
      "no scope of ours": await signed({ scope: "openid" }),
      "another key": await new jose.SignJWT({ iss: issuer.url, aud: "http://localhost", scope: "admin" })
        .setProtectedHeader({ alg: "ES256", kid: issuer.key.kid }).setExpirationTime("5m").sign(stranger.privateKey),
      "an unknown key": await issuer.sign({}, { kid: "nope" }),
      "no token": "x.y.z",
    })
  ) assertEquals(await status(service, token), 401, what);
  assertEquals(await status(service, await signed({ aud: ["x", "http://localhost"] })), 200);
  assertEquals(await status(service, await signed({ exp: now - 10 })), 200, "clocks differ");
});

Deno.test("alg none, and the public key as a shared secret, are refused", async () => {
  await using issuer = await openIssuer();
  const { publicKey, privateKey } = await jose.generateKeyPair("RS256", { extractable: true });
  const jwk = await jose.exportJWK(publicKey);
  issuer.jwks.keys.push({ ...jwk, kid: "rsa" }, { kty: "oct", k: "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", kid: "oct" });
  await using service = await over(issuer);
  const claims = { iss: issuer.url, aud: "http://localhost", scope: "admin", exp: Math.floor(Date.now() / 1000) + 300 };
  const encode = (value: unknown) => jose.base64url.encode(JSON.stringify(value));
  const pem = new TextEncoder().encode(await jose.exportSPKI(publicKey));
  const der = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
  const hmac = (secret: Uint8Array, kid: string) =>
    new jose.SignJWT(claims).setProtectedHeader({ alg: "HS256", kid }).sign(secret);
  const oct = new TextEncoder().encode("secret-secret-secret-secret");
  for (
    const [what, token] of Object.entries({
      none: `${encode({ alg: "none", kid: "rsa" })}.${encode(claims)}.`,
      "none with a signature": `${encode({ alg: "none", kid: "rsa" })}.${encode(claims)}.AAAA`,
      "None": `${encode({ alg: "None", kid: "rsa" })}.${encode(claims)}.AAAA`,
      "the PEM as a secret": await hmac(pem, "rsa"),
      "the DER as a secret": await hmac(der, "rsa"),
      "a published secret": await hmac(oct, "oct"),
      "a key of its own": await new jose.SignJWT(claims).setProtectedHeader({ alg: "RS256", jwk, kid: "x" }).sign(
        privateKey,
      ),
    })
  ) {
    assertEquals(await status(service, token), 401, what);
  }
  const right = await new jose.SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "rsa" }).sign(privateKey);
  assertEquals(await status(service, right), 200);
});

Deno.test("keys are fetched once, and again for a key that is new", async () => {
  await using issuer = await openIssuer();
  let passed = 0;
  await using service = await over(issuer, {}, { options: { clock: () => performance.now() + passed } });
  for (let i = 0; i < 5; i++) assertEquals(await status(service, await issuer.sign()), 200);
  assertEquals(issuer.asked.filter((path) => path === "/keys").length, 1);
  const old = await issuer.sign();
  await issuer.rotate();
  const fresh = await issuer.sign();
  // Unknown keys can't make the service ask the issuer again and again.
  for (let i = 0; i < 5; i++) assertEquals(await status(service, fresh), 401);
  assertEquals(issuer.asked.filter((path) => path === "/keys").length, 1);
  const { now } = Date;
  try {
    Date.now = () => now() + 31_000;
    assertEquals(await status(service, fresh), 200);
    assertEquals(await status(service, old), 401);
  } finally {
    Date.now = now;
  }
  passed = 3_700_000;
  assertEquals(await status(service, await issuer.sign()), 200);
  assertEquals(issuer.asked.filter((path) => path.startsWith("/.well-known")).length, 2);
});

Deno.test("an issuer that is away is 503, not 401, and known keys go on without it", async () => {
  await using issuer = await openIssuer();
  await using service = await over(issuer);
  issuer.status = 500;
  const token = await issuer.sign();
  assertEquals(await status(service, token), 503);
  issuer.status = 200;
  service.pass(10);
  assertEquals(await status(service, token), 200);
  issuer.status = 500;
  service.pass(4000);
  assertEquals(await status(service, token), 200);
});

Deno.test("metadata of another issuer, or that names an unsafe address, is not used", async () => {
  for (
    const metadata of [{ issuer: "https://other.example" }, { jwks_uri: "http://192.0.2.1/keys" }, { jwks_uri: 5 }]
  ) {
    await using issuer = await openIssuer();
    Object.assign(issuer.metadata, metadata);
    await using service = await over(issuer);
    assertEquals(await status(service, await issuer.sign()), 503);
    assertEquals(issuer.asked.includes("/keys"), false);
  }
});

Deno.test("claims become rights and spaces as the settings say", async () => {
  await using issuer = await openIssuer();
  await using service = await over(issuer, {
    audience: ["api://memory"],
    rightsClaim: "roles",
    rights: { "Memory.Reader": "read", "Memory.Owner": "admin" },
    spacesClaim: "memory_spaces",
    spaces: [],
  });
  const verify = async (claims: Record<string, unknown>) => {
    const token = await issuer.sign({ aud: "api://memory", scope: "read write admin", ...claims });
    const caller = await service.oauth.verify(token, new Request("http://localhost/api/memories"));
    return caller && [caller.name, caller.rights, caller.scope, caller.spaces, caller.writes];
  };
  assertEquals(await verify({ roles: ["Memory.Reader", "x"], memory_spaces: ["work", "home"] }), [
    "ada (issuer)",
    "read",
    { write: "work", read: ["work", "home"] },
    ["work", "home"],
    ["work"],
  ]);
  assertEquals((await verify({ roles: "Memory.Owner", memory_spaces: "*" }))?.slice(1), [
    "admin",
    { write: "default", read: ["default"] },
    "all",
    "all",
  ]);
  assertEquals(await verify({ memory_spaces: "work" }), null);
  assertEquals(await verify({ roles: ["write"], memory_spaces: "work" }), null);
  assertEquals(await verify({ roles: ["Memory.Reader"] }), null);
  assertEquals(await verify({ roles: ["Memory.Reader"], memory_spaces: ["No Space"] }), null);
});
