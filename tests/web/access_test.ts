/**
 * Keys, spaces and rights on the dashboard.
 */

import { assert, assertEquals } from "@std/assert";
import { type KeyedService, keyedService } from "../access/service.ts";
import { CHROMIUM, SETTLED } from "./browser.ts";
import { closed, HANDS, inDialog, inMain, opened } from "./hands.ts";
import { onPage, type Served } from "./served.ts";

/** Runs a test in the browser, over a service that knows named keys. */
function withKeys(name: string, test: (served: Omit<Served, "client">, service: KeyedService) => Promise<void>): void {
  Deno.test({
    name,
    ignore: CHROMIUM === undefined,
    fn: async () => {
      await using service = await keyedService();
      await onPage(service.app, service.runtime.events, (served) => test(served, service));
    },
  });
}

for (const [by, handOf] of Object.entries(HANDS)) {
  withKeys(
    `the first key is made, used by the tab, others get new tokens and are ended, ${by}`,
    async (served, service) => {
      const { page } = served, { press, choose } = handOf(page);
      const rows = (count: number) => `${closed} && document.querySelectorAll("tbody tr").length === ${count}`;
      await served.open("/access");
      await press(inMain("New key"));
      await page.until(`document.querySelector("dialog .banner")?.textContent.includes("first key")`);
      await press(inDialog("Name"));
      await page.type("mine");
      await choose(inDialog("May"), "admin");
      await press(inDialog("New key"));
      await page.until(`document.querySelector("dialog pre")?.textContent.startsWith("um_")`);
      const token = await served.text("dialog pre");
      await press(inDialog("Copy"));
      await page.until(rows(1));
      assertEquals(await page.run("navigator.clipboard.readText()"), token);
      assertEquals((await service.rest(null, "GET", "/api/memories")).status, 401);
      assertEquals((await service.rest(token, "GET", "/api/memories")).status, 200);
      const reader = await service.key({ name: "reader", rights: "read" });
      await page.goto(`${served.url}/access?again`);
      await page.until(`${SETTLED} && ${rows(2)}`);
      await press(inMain("New token for reader"));
      await page.until(opened);
      await press(inDialog("New token"));
      await page.until(`document.querySelector("dialog pre")?.textContent.startsWith("um_")`);
      const renewed = await served.text("dialog pre");
      await press(inDialog("Cancel"));
      await page.until(rows(2));
      for (const one of [reader.token, renewed]) {
        assertEquals((await service.rest(one, "GET", "/api/memories")).status, 200);
      }
      await press(inMain("End the key reader"));
      await page.until(opened);
      await press(inDialog("End"));
      await page.until(rows(1));
      assertEquals((await service.rest(renewed, "GET", "/api/memories")).status, 401);
      await press(inMain("Audit log"));
      await page.until(`${SETTLED} && document.querySelector(".tabs [aria-current]").textContent === "Audit log"`);
    },
  );
}

withKeys("what a key may not do isn't shown, and its spaces are chosen in the address", async (served, service) => {
  const { page } = served, space = { "X-Unimem-Space": "team" };
  await service.rest(null, "POST", "/api/memories", { content: "Kept in default" });
  await service.rest(null, "POST", "/api/memories", { content: "Kept in team" }, space);
  const { token } = await service.key({ name: "reader", rights: "read", read: ["default", "team"] });
  await page.goto(`${served.url}/docs`);
  await page.run(`sessionStorage.setItem("unimem-key", ${JSON.stringify(token)})`);
  await served.open("/memories?space=team");
  await page.until(
    `document.querySelectorAll(".memory").length === 1 && document.querySelector("#navigation input") !== null`,
  );
  assert((await served.text(".memory")).includes("Kept in team"));
  const buttons = await page.run<string[]>(`[...document.querySelectorAll("header button, main .actions *")]
    .filter((e) => e.checkVisibility()).map((e) => e.textContent.trim())`);
  assertEquals(buttons, ["Search", "Open", "Similar"]);
  await page.click({ name: "Tags", within: "#navigation" });
  await page.until(`location.pathname === "/tags" && location.search === "?space=team"`);
  await page.click({ name: "Access", within: "#navigation" });
  await page.until(`${SETTLED} && document.querySelector("main").textContent.includes("shown to admins")`);
  assertEquals(await page.run(`document.querySelectorAll("main .tabs").length`), 0);
});
