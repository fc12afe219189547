/**
 * The official TypeScript client against a real service, with a person's part done in a real browser. Without a browser the
 * tests are reported as ignored: set CHROMIUM_BIN to run them.
 */

import {
  Client,
  type OAuthClientProvider,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
// First of ours, because its packages give zod's schemas the methods that describe them in OpenAPI.
import { openService } from "./service.ts";
import { createMcpListener } from "../../src/mcp/listener.ts";
import { createLogger } from "../../src/operations/logger.ts";
import { inFolder } from "../helpers/folder.ts";
import { spawn, start, testEnvironment } from "../helpers/process.ts";
import { CHROMIUM, openPage, type Page } from "../web/browser.ts";
import { ADMIN_KEY } from "./flow.ts";

/** What a client keeps, in memory. */
class Provider implements OAuthClientProvider {
  readonly redirectUrl: string;
  readonly clientMetadataUrl?: string;
  information: StoredOAuthClientInformation | undefined;
  kept: StoredOAuthTokens | undefined;
  verifier = "";
  /** Where the client sent its user last. */
  asked: URL | undefined;

  constructor(redirectUrl: string, clientMetadataUrl?: string) {
    this.redirectUrl = redirectUrl;
    if (clientMetadataUrl !== undefined) this.clientMetadataUrl = clientMetadataUrl;
  }
  get clientMetadata() {
    return { client_name: "Official client", redirect_uris: [this.redirectUrl], token_endpoint_auth_method: "none" };
  }
  state = () => "state-of-the-client";
  clientInformation = () => this.information;
  saveClientInformation = (information: StoredOAuthClientInformation) => void (this.information = information);
  tokens = () => this.kept;
  saveTokens = (tokens: StoredOAuthTokens) => void (this.kept = tokens);
  redirectToAuthorization = (url: URL) => void (this.asked = url);
  saveCodeVerifier = (verifier: string) => void (this.verifier = verifier);
  codeVerifier = () => this.verifier;
  invalidateCredentials = (what: string) => {
    if (what === "all" || what === "tokens") this.kept = undefined;
  };
}

/** Where a client's answer arrives. */
function callback(): { url: string; next: () => Promise<URLSearchParams>; close: () => Promise<void> } {
  let arrived = Promise.withResolvers<URLSearchParams>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const url = new URL(request.url);
    if (url.pathname !== "/callback") return new Response("Done.", { headers: { "content-type": "text/html" } });
    arrived.resolve(url.searchParams);
    return new Response(null, { status: 302, headers: { location: "/done" } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/callback`,
    next: async () => {
      const answer = await arrived.promise;
      arrived = Promise.withResolvers();
      return answer;
    },
    close: () => server.shutdown(),
  };
}

/** The owner's part: reads the page, chooses, signs in, presses the button. */
async function agree(page: Page, url: URL, choose: { rights: string; press?: "allow" | "deny"; key?: string }) {
  await page.goto(url.href);
  await page.until(`document.querySelector("form")?.action.endsWith("/oauth/authorize")`);
  // Its style sheet is there.
  await page.until(`getComputedStyle(document.querySelector("main")).borderRadius === "12px"`);
  await page.run(`document.querySelector("[name=rights][value=${choose.rights}]").click()`);
  await page.run(`document.querySelector("[name=key]").focus()`);
  await page.type(choose.key ?? ADMIN_KEY);
  if (choose.press === "deny") await page.run(`document.querySelector("[value=deny]").click()`);
  else await page.press("Enter");
}

const textOf = (result: unknown) => JSON.stringify(result);

/** Everything a client goes through, from knowing only the address. */
async function wholeLife(
  mcp: string,
  page: Page,
  provider: Provider,
  answers: ReturnType<typeof callback>,
  revokeAll: () => Promise<void>,
): Promise<void> {
  const transport = () => new StreamableHTTPClientTransport(new URL(`${mcp}/mcp`), { authProvider: provider });
  const client = () => new Client({ name: "official", version: "1" });

  // Discovery, and registration or the document; the client stops where a person is needed.
  const first = transport();
  await assertRejects(() => client().connect(first), Error);
  const asked = provider.asked!;
  assertEquals(asked.searchParams.get("code_challenge_method"), "S256");
  assertEquals(asked.searchParams.get("resource"), `${mcp}/mcp`);

  // A wrong key shows the form again; a refusal goes to the client.
  await agree(page, asked, { rights: "read", key: "wrong" });
  await page.until(`document.querySelector("[role=alert]") !== null`);
  await agree(page, asked, { rights: "read", press: "deny" });
  assertEquals((await answers.next()).get("error"), "access_denied");

  await agree(page, asked, { rights: "read" });
  const answer = await answers.next();
  assertEquals(answer.get("state"), "state-of-the-client");
  await first.finishAuth(answer);
  assertEquals(provider.kept?.scope, "read");

  // A call within what was given, and one beyond it: the client asks for more, and gets it.
  const reading = client(), reader = transport();
  await reading.connect(reader);
  assertStringIncludes(textOf(await reading.callTool({ name: "search", arguments: { query: "tea" } })), "[");
  const store = { name: "store_memory", arguments: { content: "Tea is at four." } };
  provider.asked = undefined;
  await assertRejects(() => reading.callTool(store), Error);
  assertEquals((provider.asked as URL | undefined)?.searchParams.get("scope"), "read write");
  await agree(page, provider.asked!, { rights: "write" });
  await reader.finishAuth(await answers.next());
  assertEquals(provider.kept?.scope, "read write");
  const stored = await reading.callTool(store);
  assertEquals(stored.isError ?? false, false, textOf(stored));

  // An access token that has ended is renewed without anybody's help.
  const before = provider.kept!;
  provider.kept = { ...before, access_token: "uma_aaaaaaaaaaaaaaaa_" + "x".repeat(43) };
  const found = await reading.callTool({ name: "search", arguments: { query: "when is tea" } });
  assertStringIncludes(textOf(found), "Tea is at four.");
  assert(provider.kept!.refresh_token !== before.refresh_token);

  // Taken back, the client is told to ask again.
  await revokeAll();
  provider.asked = undefined;
  await assertRejects(() => reading.callTool({ name: "search", arguments: { query: "tea" } }), Error);
  assert(provider.asked);
  await reading.close();
  assertEquals(page.faults.filter((fault) => !/status of 40[03]|favicon/.test(fault)), []);
}

Deno.test({
  name: "the official client registers with a started service, is agreed to, widens, renews, and is revoked",
  ignore: CHROMIUM === undefined,
  fn: () =>
    inFolder(async (folder) => {
      const env = testEnvironment(folder, { MCP_OAUTH_ENABLED: "true", MCP_API_KEY: ADMIN_KEY });
      await using service = await start("unified", env);
      await using page = await openPage();
      const answers = callback();
      try {
        await wholeLife(service.mcp, page, new Provider(answers.url), answers, async () => {
          const admin = { authorization: `Bearer ${ADMIN_KEY}` };
          const { grants } = await (await fetch(`${service.http}/api/grants`, { headers: admin })).json();
          assertEquals(grants.map((grant: { client: string }) => grant.client), ["Official client"]);
          const list = await (await spawn(["grants", "list"], env, { stdout: "piped" })).output();
          assertMatch(
            new TextDecoder().decode(list.stdout),
            /^[a-z0-9]{16} {2}Official client \([a-z0-9]{4}\) {2}write {2}default {2}since \d{4}-\d\d-\d\d, used /,
          );
          const command = await spawn(["grants", "revoke", grants[0].id], env, { stdout: "piped" });
          const { code, stdout } = await command.output();
          assertEquals([code, new TextDecoder().decode(stdout)], [0, `Revoked ${grants[0].id}\n`]);
          await new Promise((resolve) => setTimeout(resolve, 1500));
        });
      } finally {
        await answers.close();
      }
    }),
});

Deno.test({
  name: "the official client that has a document needs no registration",
  ignore: CHROMIUM === undefined,
  fn: async () => {
    const answers = callback(), id = "https://client.example/oauth.json";
    const document = { client_id: id, client_name: "Official client", redirect_uris: ["http://127.0.0.1/callback"] };
    const fetchDocument = (url: string) =>
      Promise.resolve({
        status: 200,
        contentType: "application/json",
        maxAge: null,
        text: JSON.stringify(url === id ? document : {}),
      });
    await using service = await openService({ options: { fetchDocument } });
    const listener = createMcpListener(service.runtime, {
      access: service.access,
      serverName: "unimem",
      log: createLogger("error", () => {}),
    });
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, listener.fetch);
    const mcp = `http://127.0.0.1:${server.addr.port}`;
    try {
      await using page = await openPage();
      const provider = new Provider(answers.url, id);
      await wholeLife(mcp, page, provider, answers, async () => {
        for (const grant of await service.oauth.grants.list()) await service.oauth.grants.revoke(grant.id);
      });
      assertEquals(provider.information?.client_id, id);
      assertEquals(await service.runtime.storage.note("oauth_clients"), null);
    } finally {
      await listener.close();
      await server.shutdown();
      await answers.close();
    }
  },
});
