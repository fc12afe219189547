/**
 * The official Python client against a started service. Without a Python that has the package `mcp`, named by MCP_PYTHON, or
 * without a browser, it is reported as ignored.
 */

import { assert, assertEquals } from "@std/assert";
import { inFolder } from "../helpers/folder.ts";
import { start, testEnvironment, within } from "../helpers/process.ts";
import { CHROMIUM, openPage } from "../web/browser.ts";
import { ADMIN_KEY } from "./flow.ts";

const PYTHON = Deno.env.get("MCP_PYTHON");

Deno.test({
  name: "the official Python client registers, is agreed to, widens, renews, and asks again once it is revoked",
  ignore: PYTHON === undefined || CHROMIUM === undefined,
  fn: () =>
    inFolder(async (folder) => {
      await using service = await start(
        "unified",
        testEnvironment(folder, { MCP_OAUTH_ENABLED: "true", MCP_API_KEY: ADMIN_KEY }),
      );
      await using page = await openPage();
      const child = new Deno.Command(PYTHON!, {
        args: [new URL("python_client.py", import.meta.url).pathname, `${service.mcp}/mcp`],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const faults = new Response(child.stderr).text();
      const input = child.stdin.getWriter();
      const agree = async (address: string, rights: string) => {
        await page.goto(address);
        await page.until(`document.querySelector("[name=rights][value=${rights}]") !== null`);
        await page.run(`document.querySelector("[name=rights][value=${rights}]").click()`);
        await page.run(`document.querySelector("[name=key]").focus()`);
        await page.type(ADMIN_KEY);
        await page.press("Enter");
      };
      const events: Record<string, unknown>[] = [];
      let asked = 0, rest = "";
      const talk = async () => {
        for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop()!;
          for (const event of lines.map((line) => JSON.parse(line))) {
            events.push(event);
            if (event.event === "ask") await agree(event.address, asked++ === 0 ? "read" : "write");
            if (event.event !== "ready") continue;
            const admin = { authorization: `Bearer ${ADMIN_KEY}` };
            const { grants } = await (await fetch(`${service.http}/api/grants`, { headers: admin })).json();
            assertEquals(grants.map((grant: { client: string }) => grant.client), ["Python client"]);
            const revoked = await fetch(`${service.http}/api/grants/${grants[0].id}`, {
              method: "DELETE",
              headers: admin,
            });
            assertEquals(revoked.status, 200);
            await revoked.body?.cancel();
            await new Promise((resolve) => setTimeout(resolve, 1500));
            await input.write(new TextEncoder().encode("\n"));
          }
        }
      };
      await within(talk(), "the client");
      await input.close().catch(() => {});
      await child.status;
      const of = (name: string) => events.filter(({ event }) => event === name);
      assertEquals(of("stored"), [{ event: "stored", error: false }], await faults);
      assertEquals(of("renewed"), [{ event: "renewed", changed: true, found: true }]);
      // Asked at first, for more, and after the revocation.
      assertEquals(of("ask").length, 3, JSON.stringify(events));
      assertEquals(of("tokens").map(({ scope }) => scope), ["read", "read write", "read write", "read write"]);
      assert((of("tools")[0]!.names as string[]).includes("search"));
    }),
});
