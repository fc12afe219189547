/**
 * Access over real listeners: what sockets and browsers send that `Request` objects can't express.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { inFolder } from "../helpers/folder.ts";
import { spawn, start, testEnvironment, until } from "../helpers/process.ts";
import { CHROMIUM, openPage } from "../web/browser.ts";

/** Sends bytes as they are and gives the answer's head. */
async function exchange(base: string, request: string): Promise<string> {
  using socket = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(base).port) });
  await socket.write(new TextEncoder().encode(request));
  let text = "";
  const buffer = new Uint8Array(1 << 16);
  while (!text.includes("\r\n\r\n")) {
    const length = await socket.read(buffer);
    if (length === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, length));
  }
  return text;
}

Deno.test("a malformed Host gets a 4xx with the usual headers on both ports, whatever hosts are allowed", () =>
  inFolder(async (folder) => {
    for (const [i, allowed] of ["", "*"].entries()) {
      const env = testEnvironment(`${folder}/${i}`, allowed === "" ? {} : { MCP_ALLOWED_HOSTS: allowed });
      await using service = await start("unified", env);
      for (const base of [service.http, service.mcp]) {
        for (const host of ["a, b", "localhost:99999", "localhost:-1", "[", "%zz", "x y", "", "a\tb", "\u00ff"]) {
          for (const target of ["/health", "/mcp", "/api/memories", "//", "/%"]) {
            const answer = await exchange(base, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
            assert(/^HTTP\/1.1 4\d\d /.test(answer), `${base} ${host} ${target}: ${answer}`);
            // What the HTTP parser itself refuses never reaches us.
            if (!answer.startsWith("HTTP/1.1 400 Bad Request\r\ncontent-length: 0")) {
              assertStringIncludes(answer.toLowerCase(), "x-content-type-options: nosniff", host);
            }
          }
        }
        assertStringIncludes(
          await exchange(base, "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"),
          "HTTP/1.1 4",
        );
      }
      assertEquals(/ ERROR |uncaught/i.test(service.log()), false, service.log());
    }
  }));

Deno.test("with TLS both ports say to come back with it, and take http pages for foreign", () =>
  inFolder(async (folder) => {
    const file = (name: string) => new URL(`./fixtures/localhost.${name}`, import.meta.url).pathname;
    const tls = { MCP_HTTPS_ENABLED: "true", MCP_SSL_CERT_FILE: file("pem"), MCP_SSL_KEY_FILE: file("key") };
    await using service = await start("unified", testEnvironment(folder, tls));
    using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(file("pem"))] });
    for (const address of [`${service.http}/api/health`, `${service.http}/api/nope`, `${service.mcp}/nowhere`]) {
      const response = await fetch(address, { client });
      assertEquals(response.headers.get("strict-transport-security"), "max-age=31536000");
      await response.body?.cancel();
    }
    const own = service.http, other = service.mcp;
    for (
      const [origin, status] of [[own, 200], [other, 200], [own.replace("https", "http"), 403], [
        other.replace("https", "http"),
        403,
      ]] as const
    ) {
      const response = await fetch(`${service.http}/api/memories`, {
        client,
        method: "POST",
        headers: { "Content-Type": "application/json", Origin: origin },
        body: JSON.stringify({ content: `From ${origin}` }),
      });
      assertEquals([response.status, typeof await response.text()], [status, "string"], origin);
    }
  }));

Deno.test("a short key is warned of at the start and by the doctor, a long one isn't", () =>
  inFolder(async (folder) => {
    for (const [key, warned] of [["fifteen-letters", true], ["sixteen-letters!", false]] as const) {
      const env = testEnvironment(`${folder}/${key.length}`, { MCP_API_KEY: key });
      await using service = await start("unified", env);
      const doctor = await spawn(["doctor"], env, { stdout: "piped" });
      const said = new TextDecoder().decode((await doctor.output()).stdout);
      assertEquals(said.includes("MCP_API_KEY has fewer than 16 characters"), warned, said);
      // The service had all of the doctor's time to say it.
      assertEquals(/WARN\w* MCP_API_KEY has fewer than 16 characters/.test(service.log()), warned, service.log());
      assertEquals(service.log().includes(key), false);
    }
  }));

Deno.test("one address can't hold all streams of a real service, and wrong keys are counted by it", () =>
  inFolder(async (folder) => {
    const key = "sixteen-letters!";
    const settings = { MCP_API_KEY: key, MCP_MAX_CLIENTS_PER_ADDRESS: "3" };
    await using service = await start("unified", testEnvironment(folder, settings));
    const headers = { "X-API-Key": key };
    for (const [url, status] of [[`${service.http}/api/events`, 429], [`${service.mcp}/sse`, 503]] as const) {
      const opened = [];
      for (let i = 0; i < 3; i++) opened.push(await fetch(url, { headers }));
      assertEquals(opened.map((response) => response.status), [200, 200, 200]);
      const refused = await fetch(url, { headers });
      assertEquals([refused.status, refused.headers.get("retry-after")], [status, "5"], url);
      await Promise.all([...opened, refused].map(({ body }) => body?.cancel()));
    }
    const statuses = [];
    for (let i = 0; i < 12; i++) {
      const base = i % 2 ? service.mcp : service.http;
      const response = await fetch(`${base}/mcp`, { method: "POST", headers: { "X-API-Key": `guess ${i}` } });
      await response.body?.cancel();
      statuses.push(response.status);
    }
    // Both ports count together.
    assertEquals(statuses, [...Array(10).fill(401), 429, 429]);
    const line = "Refused a wrong API key from 127.0.0.1";
    await until(() => Promise.resolve(service.log()), (log) => log.includes(line), "the line in the log");
  }));

/** What a hostile page tries against REST and MCP; each attempt is a script's expression that gives a promise. */
const ATTEMPTS = `
const json = '{"content": "planted"}';
const rpc = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"store_memory","arguments":{"content":"planted"}}}';
const line = '{"kind":"header","format":"unimem-export","version":1}\\n';
const bodies = (text) => [new Blob([text]), text, new TextEncoder().encode(text), new URLSearchParams({ content: text }),
  new Blob([text], { type: "text/plain" }), new Blob([text], { type: "application/json" })];
const form = () => { const form = new FormData(); form.append("file", new Blob(["planted"]), "planted.txt"); return form; };
const files = () => { const form = new FormData(); form.append("files", new Blob(["planted"]), "planted.txt"); return form; };
const attempt = async (url, init) => {
  for (const mode of ["no-cors", "cors"]) await fetch(url, { mode, ...init }).catch(() => {});
};
window.attack = async (rest, mcp, hash) => {
  for (const path of ["/api/memories", "/api/import", "/mcp", "/api/memories/batch"]) {
    for (const body of bodies(path === "/mcp" ? rpc : path === "/api/import" ? line : json)) {
      await attempt(rest + path, { method: "POST", body });
    }
  }
  for (const body of bodies(rpc)) await attempt(mcp + "/mcp", { method: "POST", body });
  await attempt(rest + "/api/documents/upload", { method: "POST", body: form() });
  await attempt(rest + "/api/documents/batch-upload", { method: "POST", body: files() });
  await attempt(rest + "/api/manage/trash", { method: "DELETE" });
  await attempt(rest + "/api/memories/" + hash, { method: "DELETE" });
  await attempt(rest + "/api/manage/bulk-delete", { method: "POST", body: new Blob(['{"tag": "kept"}']) });
  await attempt(mcp + "/sse", {});
  navigator.sendBeacon(rest + "/api/memories", new Blob([json]));
  await new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    frame.srcdoc = "<script>fetch('" + rest + "/api/memories', { method: 'POST', mode: 'no-cors', body: new Blob(['" +
      json + "']) }).finally(() => parent.postMessage('done', '*'))<" + "/script>";
    addEventListener("message", done, { once: true });
    document.body.append(frame);
  });
  await new Promise((done) => {
    const target = document.createElement("iframe");
    target.name = "target";
    document.body.append(target);
    const element = document.createElement("form");
    Object.assign(element, { action: rest + "/api/memories", method: "POST", enctype: "text/plain", target: "target" });
    const input = document.createElement("input");
    Object.assign(input, { name: '{"content": "planted", "x": "', value: '"}' });
    element.append(input);
    document.body.append(element);
    target.onload = done;
    element.submit();
  });
};
document.documentElement.dataset.ready = "true";
`;

Deno.test({
  name: "a page on another port of this machine can't store, import, upload or delete, in a real browser",
  ignore: CHROMIUM === undefined,
  fn: () =>
    inFolder(async (folder) => {
      await using service = await start("unified", testEnvironment(folder));
      const kept = await fetch(`${service.http}/api/memories`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ content: "Kept whatever pages try.", tags: ["kept"] }),
      });
      const { content_hash } = await kept.json();
      const server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen: () => {} },
        ({ url }) =>
          url.endsWith(".js")
            ? new Response(ATTEMPTS, { headers: { "Content-Type": "text/javascript" } })
            : new Response("<!doctype html><body><script src=/attack.js></script>", {
              headers: { "Content-Type": "text/html" },
            }),
      );
      try {
        await using page = await openPage();
        await page.goto(`http://127.0.0.1:${server.addr.port}/`);
        await page.until("document.documentElement.dataset.ready === 'true'");
        await page.run(`attack("${service.http}", "${service.mcp}", "${content_hash}")`);
        const refused = service.log().split("\n").filter((line) => /\b(status=403|"status":403)/.test(line)).length;
        assert(refused >= 30, `${refused} were refused:\n${service.log()}`);
        const { memories } = await (await fetch(`${service.http}/api/memories`)).json();
        assertEquals(memories.map(({ content }: { content: string }) => content), ["Kept whatever pages try."]);
        assertEquals((await (await fetch(`${service.http}/api/documents/history`)).json()).uploads, []);

        // The same page's script, on the service's own page, is trusted.
        await page.goto(`${service.http}/docs`);
        await page.until("document.readyState === 'complete'");
        const stored = `fetch("/api/memories", { method: "POST", headers: { "Content-Type": "application/json" },
          body: '{"content": "From the own page."}' }).then((response) => response.status)`;
        assertEquals(await page.run(stored), 200);
      } finally {
        await server.shutdown();
      }
    }),
});
