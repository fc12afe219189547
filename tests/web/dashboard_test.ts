/**
 * The dashboard in a real browser. Without one the tests are reported as ignored: set CHROMIUM_BIN to run them.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type ClientOptions, openClient } from "../http/client.ts";
import { CHROMIUM, openPage, type Page } from "./browser.ts";

const READY = "document.documentElement.dataset.ready === 'true'";
const ATTACK = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

/** Runs a test in the browser, over a listener with an empty store. */
function inBrowser(
  name: string,
  options: ClientOptions,
  test: (page: Page, url: string, client: Awaited<ReturnType<typeof openClient>>) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: CHROMIUM === undefined,
    fn: async () => {
      await using client = await openClient(options);
      const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (r) => client.app.fetch(r));
      try {
        await using page = await openPage();
        await test(page, `http://127.0.0.1:${server.addr.port}/`, client);
      } finally {
        client.events.close();
        await server.shutdown();
      }
    },
  });
}

const text = (page: Page, selector: string) =>
  page.run<string>(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ""`);
const click = (page: Page, selector: string) => page.run(`document.querySelector(${JSON.stringify(selector)}).click()`);
const cards = (count: number) => `document.querySelectorAll(".memory").length === ${count}`;

inBrowser("a memory is stored, found, changed and deleted by keyboard and mouse", {}, async (page, url, client) => {
  await page.goto(url);
  await page.until(READY);
  assertStringIncludes(await text(page, "#summary"), "Nothing is stored yet");

  await click(page, "#new");
  await page.type("Deploys run on Thursdays at ten.");
  await page.press("Tab");
  await page.type("deploy");
  await page.press("Enter");
  await page.type("a,b");
  await click(page, "dialog .primary");
  await page.until(cards(1));
  const [stored] = (await client.get("/api/memories")).json.memories;
  assertEquals([stored.content, stored.tags], ["Deploys run on Thursdays at ten.", ["deploy", "a,b"]]);

  await client.store("Kiran prefers the blue logo.", { tags: ["design"] });
  await page.until(cards(2));
  await page.run(`document.body.focus(); dispatchEvent(new KeyboardEvent("keydown", { key: "/" }))`);
  await page.type("when do deploys run?");
  await page.press("Enter");
  await page.until(`document.querySelectorAll(".reasons").length > 0`);
  assertStringIncludes(await text(page, ".memory .content"), "Deploys run on Thursdays");
  assertStringIncludes(await text(page, ".memory .reasons"), "Meaning");
  assertEquals(await text(page, ".memory mark"), "Deploys");

  await click(page, "[data-action=edit]");
  await page.type("ops");
  await page.press("Enter");
  await click(page, "dialog .primary");
  await page.until(`[...document.querySelectorAll(".memory .tag")].some((tag) => tag.textContent === "ops")`);
  const changed = (await client.get(`/api/memories/${stored.content_hash}`)).json;
  assertEquals([changed.tags, changed.memory_type ?? ""], [["deploy", "a,b", "ops"], ""]);

  await click(page, "[data-action=delete]");
  await click(page, "dialog .danger");
  await page.until(`document.querySelector("#notices").textContent.includes("Deleted")`);
  assertEquals((await client.get(`/api/memories/${stored.content_hash}`)).status, 404);
  await page.run(`[...document.querySelectorAll(".notice button")].find((b) => b.textContent === "Undo").click()`);
  await page.until(`document.querySelector("#notices").textContent.includes("Restored")`);
  assertEquals((await client.get(`/api/memories/${stored.content_hash}`)).json.tags, ["deploy", "a,b", "ops"]);
  assertEquals(page.faults, []);
});

inBrowser("memories, tags and types are shown as text, whatever they hold", {}, async (page, url, client) => {
  const tags = [`"><b onclick='x'>tag</b>`, 'it\'s "quoted"', ATTACK];
  await client.store(ATTACK, { tags, memory_type: ATTACK, metadata: { [ATTACK]: ATTACK } });
  await page.goto(url);
  await page.until(READY);
  await client.store(`Told live: ${ATTACK}`);
  await page.until(`document.querySelector("#events").textContent.includes("Told live")`);
  await page.until(cards(2));
  await page.run(`document.querySelector("#query").value = ${JSON.stringify(ATTACK)}`);
  await page.run(`document.querySelector("#search").requestSubmit()`);
  await page.until(`document.querySelectorAll(".reasons").length > 0`);
  await click(page, `[data-action=edit]`);
  await page.press("Escape");
  await page.run(`[...document.querySelectorAll("#tags .tag")].find((t) => t.textContent.startsWith("it's")).click()`);
  await page.until(`document.querySelector("#tags [aria-pressed=true]") && ${cards(1)}`);
  assertEquals(await text(page, ".memory .content"), ATTACK);
  assertEquals(await page.run(`[...document.querySelectorAll(".memory .tag")].map((t) => t.textContent)`), tags);
  assertEquals(await page.run(`document.querySelectorAll("main img, main script, main b, #live img").length`), 0);
  assertEquals(await page.run("document.title"), "Unimem");
  assertEquals(page.faults, []);
});

inBrowser("the dot shows how the service fares, and what to mend first", {}, async (page, url, client) => {
  await page.goto(url);
  await page.until(`document.querySelector("#health .dot").className === "dot healthy"`);
  assertEquals(await page.run(`document.querySelector("#health").title`), "");
  client.health.transports.set("SSE", () => ({ open: 10, limit: 10 }));
  await new Promise((resolve) => setTimeout(resolve, 1100)); // a look serves for a second
  await page.goto(`${url}?again`);
  await page.until(`document.querySelector("#health .dot").className === "dot degraded"`);
  assertStringIncludes(await page.run<string>(`document.querySelector("#health").title`), "SSE: 10 of 10");
  assertStringIncludes(await text(page, "#facts"), "Fault: transports");
  assertEquals(page.faults, []);
});

const key = "schlüssel";
inBrowser(
  "a key is asked for, tried again when wrong, and kept in the tab",
  { http: { apiKey: key } },
  async (page, url) => {
    await page.goto(url);
    for (const typed of ["wrong", key]) {
      const hint = typed === key ? "not accepted" : "stays in this browser tab";
      await page.until(`document.querySelector("dialog")?.textContent.includes("${hint}")`);
      await page.type(typed);
      await page.press("Enter");
    }
    await page.until(READY);
    await page.until(`document.querySelector("#live-state").textContent === "live"`);
    assertStringIncludes(await text(page, "#health"), "0 memories");
    assertEquals(await page.run(`sessionStorage.getItem("unimem-key")`), key);
    assertEquals(await page.run(`JSON.stringify(localStorage).includes("schl")`), false);
    await page.goto(`${url}?again`);
    await page.until(READY);
    assertEquals(await page.run(`document.querySelector("dialog")`), null);
  },
);

inBrowser(
  "leaving the question for the key leaves it until asked again",
  { http: { apiKey: key } },
  async (page, url) => {
    await page.goto(url);
    await page.until(`document.querySelector("dialog")`);
    await page.press("Escape");
    await page.until(READY);
    assertStringIncludes(await text(page, "#summary"), "Cannot go on without the API key");
    await new Promise((resolve) => setTimeout(resolve, 3500));
    assertEquals(await page.run(`document.querySelector("dialog")`), null);
    await click(page, "#key");
    await page.until(`document.querySelector("dialog")`);
  },
);

inBrowser(
  "50 memories fit a phone and a desktop, page by page, with names for everything",
  {},
  async (page, url, client) => {
    for (let i = 0; i < 50; i++) {
      await client.store(`${"unbroken".repeat(i % 10)} memory ${i}`, { tags: ["long-tag-".repeat(i % 20) + i, "all"] });
    }
    for (const [width, height] of [[360, 740], [768, 1024], [1280, 860]] as const) {
      await page.resize(width, height);
      await page.goto(`${url}?${width}`);
      await page.until(`location.search === "?${width}" && ${READY} && ${cards(20)}`);
      assert(await page.run<number>("document.documentElement.scrollWidth") <= width, `wider than ${width} pixels`);
    }
    assertStringIncludes(await text(page, "#summary"), "1–20 of 50 memories");
    await page.run(`[...document.querySelectorAll("#pages button")].at(-1).click()`);
    await page.until(`document.querySelector("#summary").textContent.startsWith("21–40")`);
    const nameless = await page.run<string[]>(`
    [...document.querySelectorAll("button, input, select, textarea, a")].filter((e) =>
      !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels?.length)).map((e) => e.outerHTML)`);
    assertEquals(nameless, []);
    assert(await page.run(`document.querySelectorAll("h1").length === 1 && document.documentElement.lang === "en"`));
    assertEquals(page.faults, []);
  },
);

inBrowser("the documentation page shows every call of the document", {}, async (page, url, client) => {
  const { paths } = (await client.get("/openapi.json")).json;
  const calls = Object.values(paths).flatMap((operations) => Object.keys(operations as object)).length;
  await page.goto(`${url}docs`);
  await page.until(`document.querySelectorAll("section").length === ${calls}`);
  assertEquals(page.faults, []);
});

inBrowser("a search shows an exchange as one card, and the passage of a long memory", {}, async (page, url, client) => {
  const filler = "Nothing of note happened on that day. ".repeat(100);
  await client.store("User: How is the barometer calibrated?", { conversation_id: "c", created_at: 1_700_000_000 });
  const answer = await client.store(`Assistant: ${filler}The barometer is calibrated by the altitude. ${filler}`, {
    conversation_id: "c",
    created_at: 1_700_000_001,
  });
  await client.store("Kiran prefers the blue logo.");
  await page.goto(url);
  await page.until(READY);
  await page.run(`document.body.focus(); dispatchEvent(new KeyboardEvent("keydown", { key: "/" }))`);
  await page.type("how is the barometer calibrated now?");
  await page.press("Enter");
  await page.until(`document.querySelectorAll(".exchange").length === 1`);
  await page.until(cards(2));
  const card = await text(page, ".memory");
  for (const part of ["How is the barometer calibrated?", "…The barometer is calibrated by the altitude."]) {
    assertStringIncludes(card, part);
  }
  assertStringIncludes(await text(page, "#summary"), "Newer before older");
  // Both turns can be changed and deleted.
  assertEquals(await page.run(`document.querySelector(".memory").querySelectorAll("[data-action=delete]").length`), 2);
  await click(page, `[data-hash="${answer}"] [data-action=expand]`);
  await page.until(`document.querySelector('[data-hash="${answer}"] .content').textContent.length > 3000`);
});
