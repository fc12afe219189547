/**
 * Keys, spaces and rights on the dashboard.
 */

import { assert, assertEquals } from "@std/assert";
import { type KeyedService, keyedService } from "../access/service.ts";
import { CHROMIUM, SETTLED } from "./browser.ts";
import { onPage, type Served } from "./served.ts";

const closed = `document.querySelector("dialog") === null`;

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

withKeys("the first key is made, used by the tab, and others are ended", async (served, service) => {
  const { page } = served;
  await served.open("/access");
  await page.click({ name: "New key", within: "main" });
  await page.until(`document.querySelector("dialog .banner")?.textContent.includes("first key")`);
  await page.type("mine");
  await page.run(`(() => {
    const select = document.querySelector("dialog select");
    select.value = "admin";
    select.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);
  await page.click({ name: "New key", within: "dialog" });
  await page.until(`document.querySelector("dialog pre")?.textContent.startsWith("um_")`);
  const token = await served.text("dialog pre");
  await page.press("Escape");
  await page.until(`${closed} && document.querySelectorAll("tbody tr").length === 1`);
  assertEquals((await service.rest(null, "GET", "/api/memories")).status, 401);
  assertEquals((await service.rest(token, "GET", "/api/memories")).status, 200);
  await service.key({ name: "reader", rights: "read" });
  await page.goto(`${served.url}/access?again`);
  await page.until(`${SETTLED} && document.querySelectorAll("tbody tr").length === 2`);
  await page.click({ name: "End the key reader", within: "main" });
  await page.until(`document.querySelector("dialog") !== null`);
  await page.click({ name: "End", within: "dialog" });
  await page.until(`${closed} && document.querySelectorAll("tbody tr").length === 1`);
  await page.click({ name: "Audit log", within: "main" });
  await page.until(`${SETTLED} && document.querySelector(".tabs [aria-current]").textContent === "Audit log"`);
});

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
