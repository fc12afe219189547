/**
 * The consent page against pages that mean harm, in a real browser. Without one the test is reported as ignored: set
 * CHROMIUM_BIN to run it.
 */

// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { appOver } from "../http/client.ts";
import { assertEquals } from "@std/assert";
import { until } from "../helpers/process.ts";
import { CHROMIUM, openPage } from "../web/browser.ts";
import { authorization, pkce } from "./flow.ts";
import { openService } from "./service.ts";

const serve = (handle: (request: Request) => Response | Promise<Response>) =>
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handle);

Deno.test({
  name: "another page can neither send the form, nor read it, nor frame it",
  ignore: CHROMIUM === undefined,
  fn: async () => {
    await using service = await openService();
    const statuses: number[] = [];
    const app = appOver(service.runtime, service.access);
    const own = serve(async (request) => {
      const response = await app.fetch(request);
      if (request.method === "POST") statuses.push(response.status);
      return response;
    });
    const url = `http://127.0.0.1:${own.addr.port}`;
    const { client_id } = await service.flow.register();
    const query = new URLSearchParams(authorization(client_id, (await pkce()).challenge)).toString();
    const html = { headers: { "content-type": "text/html" } };
    // Another port of the same host: the same site, so that its requests carry the cookie.
    const attacker = serve((request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/frame") return new Response(`<iframe src="${url}/oauth/authorize?${query}"></iframe>`, html);
      return new Response(
        `<form method="post" action="${url}/oauth/authorize">
          <input name="request" value="${query.replaceAll("&", "&amp;")}"><input name="csrf" value="guess">
          <input name="rights" value="write"><input name="write" value="default"><input name="key" value="guess">
          <input name="decision" value="allow"></form>`,
        html,
      );
    });
    try {
      await using page = await openPage();
      await page.goto(`${url}/oauth/authorize?${query}`);
      await page.until(`document.querySelector("[name=csrf]") !== null`);
      const elsewhere = `http://127.0.0.1:${attacker.addr.port}`;

      await page.goto(`${elsewhere}/form`);
      await page.until(`document.querySelector("form")?.action.startsWith("http")`);
      const read = await page.run<string>(
        `fetch("${url}/oauth/authorize?${query}", { credentials: "include" }).then((r) => r.text(), () => "unreadable")`,
      );
      assertEquals(read, "unreadable");
      await page.run(`document.querySelector("form").submit()`);
      await page.until(`location.port === "${own.addr.port}" && document.readyState === "complete"`);
      assertEquals(statuses, [403]);

      page.faults.length = 0;
      await page.goto(`${elsewhere}/frame`);
      const refused = (faults: string[]) => faults.some((fault) => /frame/i.test(fault));
      await until(() => Promise.resolve(page.faults), refused, "the refusal to show the page in a frame");
      assertEquals(await service.oauth.grants.list(), []);
    } finally {
      await own.shutdown();
      await attacker.shutdown();
    }
  },
});
