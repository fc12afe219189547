/** Clients by their documents: fetched from a real TLS server, and only from where it is safe. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
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
