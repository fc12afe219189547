/** OAuth in a started service: behind a TLS proxy with a path, on open streams, in the audit log. */

// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { startService } from "../../src/unified.ts";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfig } from "../../src/config.ts";
import { createLogger } from "../../src/operations/logger.ts";
import { inFolder } from "../helpers/folder.ts";
import { testEnvironment, until } from "../helpers/process.ts";
import { ADMIN_KEY, Flow, REDIRECT } from "./flow.ts";
import { bearer } from "./service.ts";

/** Runs `body` over a started service. */
async function started(
  env: Record<string, string>,
  body: (service: { http: string; mcp: string }, folder: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const all = testEnvironment(folder, { MCP_OAUTH_ENABLED: "true", MCP_API_KEY: ADMIN_KEY, ...env });
    const config = parseConfig(all, { os: Deno.build.os, cores: navigator.hardwareConcurrency });
    const service = await startService(config, { http: true, mcp: true }, createLogger("error", () => {}));
    try {
      await body({ http: service.http!, mcp: service.mcp! }, folder);
    } finally {
      await service.stop();
    }
  });
}

const file = (type: string) => new URL(`../access/fixtures/localhost.${type}`, import.meta.url);

/**
 * A proxy that ends TLS and serves `/memory` of its host by the two ports, as the Caddyfile of docs/oauth.md says: the path
 * is taken away, or left where it is; the metadata at the host's root is handed on.
 */
function proxy(target: () => { http: string; mcp: string }, strips: boolean) {
  return Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: Deno.readTextFileSync(file("pem")),
    key: Deno.readTextFileSync(file("key")),
    onListen: () => {},
  }, async (request) => {
    const { pathname, search, host } = new URL(request.url);
    const isMetadata = /^\/\.well-known\/oauth-[a-z-]+\/memory/.test(pathname);
    if (!isMetadata && !pathname.startsWith("/memory/")) return new Response("elsewhere", { status: 404 });
    const own = pathname.replace(/^\/memory/, ""), { http, mcp } = target();
    const base = /^(\/s\/[^/]+)?\/(mcp|sse|messages)$/.test(own) ? mcp : http;
    const headers = new Headers(request.headers);
    // Wrong on purpose, as a careless proxy or an attacker before it would send them.
    headers.set("x-forwarded-host", "attacker.example");
    headers.set("x-forwarded-proto", "http");
    headers.set("x-forwarded-prefix", "/other");
    headers.set("host", host);
    const path = isMetadata || !strips ? pathname : own;
    const body = request.body === null ? {} : { body: await request.bytes() };
    return await fetch(base + path + search, { method: request.method, headers, redirect: "manual", ...body });
  });
}

for (const strips of [true, false]) {
  const how = strips ? "takes a path away" : "leaves a path where it is";
  Deno.test(`behind a TLS proxy that ${how}, clients find everything under the public address`, async () => {
    let target = { http: "", mcp: "" };
    const front = proxy(() => target, strips);
    const origin = `https://localhost:${front.addr.port}`, base = `${origin}/memory`;
    const client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(file("pem"))] });
    const through: typeof fetch = (input, init) => fetch(input, { ...init, client } as object);
    try {
      await started({ MCP_PUBLIC_URL: base }, async (service) => {
        target = service;
        const refused = await through(`${base}/mcp`, { method: "POST" });
        await refused.body?.cancel();
        const metadata = `${origin}/.well-known/oauth-protected-resource/memory/mcp`;
        assertStringIncludes(refused.headers.get("www-authenticate")!, `resource_metadata="${metadata}"`);
        const resource = await (await through(metadata)).json();
        assertEquals([resource.resource, resource.authorization_servers], [`${base}/mcp`, [base]]);
        const server = await (await through(`${origin}/.well-known/oauth-authorization-server/memory`)).json();
        assertEquals([server.issuer, server.token_endpoint], [base, `${base}/oauth/token`]);

        const flow = new Flow((path, init) => through(`${base}${path}`, { redirect: "manual", ...init }));
        const tokens = await flow.tokens({ query: { resource: `${base}/mcp` } });
        const transport = new StreamableHTTPClientTransport(new URL(`${base}/mcp`), {
          fetch: through,
          requestInit: { headers: bearer(tokens.access_token) },
        });
        const streamable = new Client({ name: "test", version: "1" });
        await streamable.connect(transport);
        assert((await streamable.listTools()).tools.length > 0);
        await streamable.close();

        // Older clients are told where to post.
        const older = await flow.tokens({ query: { resource: `${base}/sse` } });
        const headers = bearer(older.access_token);
        const sse = new SSEClientTransport(new URL(`${base}/sse`), {
          fetch: through,
          requestInit: { headers },
          eventSourceInit: {
            fetch: (input: string | URL | Request, init?: RequestInit) =>
              through(input, { ...init, headers: { ...init?.headers as object, ...headers } }),
          },
        });
        const old = new Client1({ name: "test", version: "1" });
        // deno-lint-ignore no-explicit-any -- the first SDK's types don't fit its own transport with exact optional properties
        await old.connect(sse as any);
        assert((await old.listTools()).tools.length > 0);
        await old.close();

        // The page's form leads back below the path, from a browser's own origin.
        const { client_id } = await flow.register();
        const page = await flow.open({
          response_type: "code",
          client_id,
          redirect_uri: REDIRECT,
          code_challenge: "x".repeat(43),
          code_challenge_method: "S256",
        });
        assertStringIncludes(page.headers.get("set-cookie")!, "Path=/memory/oauth;");
        assertStringIncludes(page.headers.get("set-cookie")!, "; Secure");
        const answer = await flow.send(page, {}, { origin, "sec-fetch-site": "same-origin" });
        assertEquals(new URL(answer.headers.get("location")!).searchParams.get("iss"), base);
      });
    } finally {
      client.close();
      await front.shutdown();
    }
  });
}

Deno.test("a revoked grant's open streams end, and the audit log has its whole life", async () => {
  await started({}, async ({ http, mcp }, folder) => {
    const ask = (path: string, init?: RequestInit) => fetch(`${http}${path}`, { redirect: "manual", ...init });
    const flow = new Flow(ask);
    const { access_token, refresh_token, client_id } = await flow.tokens();
    const sse = new Flow((path, init) => fetch(`${mcp}${path}`, { redirect: "manual", ...init }));
    const other = await sse.tokens({ client_id });
    const stream = await fetch(`${mcp}/sse`, {
      headers: { ...bearer(other.access_token), accept: "text/event-stream" },
    });
    assertEquals(stream.status, 200);
    assertEquals((await ask("/api/memories", { headers: bearer(access_token) })).status, 200);
    const admin = bearer(ADMIN_KEY);
    const { grants } = await (await ask("/api/grants", { headers: admin })).json();
    const ended = stream.text();
    for (const { id } of grants) {
      await (await ask(`/api/grants/${id}`, { method: "DELETE", headers: admin })).body?.cancel();
    }
    assertStringIncludes(await ended, "event: endpoint");
    assertEquals((await ask("/api/grants", { headers: bearer(access_token) })).status, 401);
    assertEquals((await flow.refresh(client_id, refresh_token)).status, 400);

    const again = await flow.tokens({ client_id });
    await flow.refresh(client_id, again.refresh_token);
    await flow.refresh(client_id, again.refresh_token);
    const page = await flow.open({
      response_type: "code",
      client_id,
      code_challenge: "x".repeat(43),
      code_challenge_method: "S256",
    });
    await (await flow.send(page, { key: "wrong" })).body?.cancel();
    const read = async () => {
      let text = "";
      for await (const { name } of Deno.readDir(`${folder}/audit`)) {
        if (name.endsWith(".jsonl")) text += await Deno.readTextFile(`${folder}/audit/${name}`);
      }
      return text;
    };
    const text = await until(read, (all) => /"oauthConsent".*"unauthorized"/.test(all), "the audit log");
    assertStringIncludes(text, '"action":"oauthConsent"');
    assertStringIncludes(text, '"action":"oauthTokenReuse"');
    for (const secret of [access_token, refresh_token, ADMIN_KEY]) assertEquals(text.includes(secret), false);
  });
});
