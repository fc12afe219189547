/**
 * Every page of the dashboard in every width, theme and language: axe finds nothing, nothing is wider than the screen,
 * nothing comes from elsewhere.
 */

import axe from "axe-core/axe.min.js" with { type: "text" };
import { assert, assertEquals } from "@std/assert";
import { PAGE_PATHS } from "../../src/web/paths.ts";
import { ATTACK, fill } from "./store_fixture.ts";
import { type Page, SETTLED } from "./browser.ts";
import { inBrowser } from "./served.ts";

const WIDTHS = [["desktop", 1280, 860], ["tablet", 820, 1100], ["phone", 360, 740]] as const;
const THEMES = ["light", "dark"] as const, LANGUAGES = ["en", "de"] as const;

/** Links within sentences need no room around them; everything else that is pressed does. */
const SMALL_TARGETS =
  `[...document.querySelectorAll("button, .button, select, summary, input:not([type=hidden]), nav a")]
  .filter((e) => e.checkVisibility() && !e.closest(".hidden"))
  .map((e) => e.type === "checkbox" ? e.closest("label") ?? e : e)
  .filter((e) => { const { width, height } = e.getBoundingClientRect(); return height < 43.5 || width < 43.5; })
  .map((e) => e.outerHTML.slice(0, 120))`;

/**
 * Texts and controls that something else lies over: at three points of each, what is there must be itself, what it is in,
 * or what is in it. What scrolls out of its box and what is behind the header is left out.
 */
const COVERED = `(() => {
  const header = document.querySelector("body header").getBoundingClientRect().bottom, found = [];
  const boxOf = (element) => {
    let [left, top, right, bottom] = [0, 0, innerWidth, innerHeight];
    for (let at = element; at; at = at.parentElement) {
      if (getComputedStyle(at).overflow === "visible") continue;
      const box = at.getBoundingClientRect();
      [left, top, right, bottom] =
        [Math.max(left, box.left), Math.max(top, box.top), Math.min(right, box.right), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom };
  };
  const look = (element, rect) => {
    const box = boxOf(element), isInHeader = element.closest("header") !== null;
    for (const share of [0.1, 0.5, 0.9]) {
      const x = rect.left + share * rect.width, y = rect.top + rect.height / 2;
      if (x < box.left || x >= box.right || y < box.top || y >= box.bottom || y < header && !isInHeader) continue;
      const there = document.elementFromPoint(x, y);
      if (there === null || element.contains(there) || there.contains(element)) continue;
      found.push(element.outerHTML.slice(0, 120) + " is behind " + there.outerHTML.slice(0, 120));
    }
  };
  const before = scrollY, end = document.documentElement.scrollHeight;
  for (let top = 0; top < end; top += innerHeight / 2) {
    scrollTo({ top, behavior: "instant" });
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (node.data.trim() === "" || element.closest("script, style, svg, option, .hidden, .skip, [aria-hidden=true]")) continue;
      if (!element.checkVisibility({ visibilityProperty: true })) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) if (rect.width > 2) look(element, rect);
    }
    for (const element of document.querySelectorAll("input, select, textarea, canvas")) {
      if (element.checkVisibility({ visibilityProperty: true })) look(element, element.getBoundingClientRect());
    }
  }
  scrollTo({ top: before, behavior: "instant" });
  return [...new Set(found)];
})()`;

const AXE = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html.slice(0, 200))))`;

inBrowser("every page in each width, theme and language", async (served, context) => {
  const { page, client, url } = served, filled = await fill(client);
  await client.store("We've decided to use Hono for the API. See you.", { memory_type: "turn" });
  await client.send("POST", "/api/backups");
  await client.send("POST", "/api/spaces", { name: "team" });
  // Every page has its address here; a page that is new doesn't compile without one.
  const at: Record<typeof PAGE_PATHS[number], string> = {
    "/": "/",
    "/conversations": "/conversations",
    "/documents": "/documents",
    "/insights": "/insights",
    "/map": "/map",
    "/tags": "/tags",
    "/trash": "/trash",
    "/moving": "/moving",
    "/backups": "/backups",
    "/service": "/service",
    "/access": "/access",
    "/connect": "/connect",
    "/docs": "/docs",
    "/memories": "/memories?q=backups",
    "/memory": `/memory?hash=${filled.decision}`,
    "/conversation": "/conversation?id=ship-talk",
    "/document": `/document?id=${filled.upload}`,
    "/review": "/review",
  };
  const addresses = [
    ...PAGE_PATHS.map((path) => at[path]),
    "/memories?view=lines&tag=backup",
    "/memory?hash=0",
    "/conversation?id=ship-talk&q=friday",
    "/map?show=graph&tag=backup",
    "/review?show=candidates",
    "/access?show=spaces",
    "/access?show=grants",
    "/access?show=audit",
    "/service?requests=1",
    "/docs?call=search",
    "/docs?call=uploadDocument",
  ];
  for (const address of addresses) {
    await context.step(address, async () => {
      await served.open(address);
      // Parts of a page that have an address of their own come after it.
      const tabs = await page.run<string[]>(
        `[...document.querySelectorAll("main .tabs a")].map(({ pathname, search }) => pathname + search)`,
      );
      addresses.push(...tabs.filter((tab) => !addresses.includes(tab) && !tab.endsWith("show=graph")));
      await page.run(axe + "; true");
      for (const [name, width, height] of WIDTHS) {
        await page.resize(width, height);
        for (const theme of THEMES) {
          const language = LANGUAGES[(THEMES.indexOf(theme) + WIDTHS.findIndex(([w]) => w === name)) % 2]!;
          await choose(page, theme, "document.documentElement.dataset.theme");
          await choose(page, language, "document.documentElement.lang");
          const here = `${address} ${name} ${theme} ${language}`;
          assertEquals(await page.run(AXE), [], here);
          const wide = await page.run<number>("document.documentElement.scrollWidth");
          assert(wide <= width, `${here} is ${wide} pixels wide`);
          if (name === "phone") assertEquals(await page.run(SMALL_TARGETS), [], here);
          assertEquals(await page.run(COVERED), [], here);
        }
      }
      assert((await page.run<string>("document.title")).endsWith("Unimem"));
      // A browser counts every answer of 404 as a fault.
      assertEquals(page.faults.splice(0).filter((fault) => !fault.endsWith("/api/memories/0")), []);
    });
  }
  assertEquals(page.requests.filter((asked) => !asked.startsWith(url) && !/^(data|blob|about):/.test(asked)), []);
  assert(page.requests.length > addresses.length, "requests are seen");
  // What is laid over something is seen, so that nothing found means something.
  await served.open("/tags");
  await page.run(
    `document.querySelector("main h1").style.marginBottom = "-3rem"; document.querySelector("main .fields").style.background = "red"`,
  );
  assert((await page.run<string[]>(COVERED)).length > 0, "a heading under other things is seen");
});

/** Chooses in the navigation, as a reader does. */
async function choose(page: Page, value: string, where: string): Promise<void> {
  await page.run(`(() => {
    const select = [...document.querySelectorAll("#navigation select")]
      .find((select) => [...select.options].some((option) => option.value === ${JSON.stringify(value)}));
    select.value = ${JSON.stringify(value)};
    select.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);
  await page.until(`${where} === ${JSON.stringify(value)} && ${SETTLED}`);
}

inBrowser("what memories hold is shown as text, and Markdown only as its own elements", async (served) => {
  const { page, client } = served, { decision } = await fill(client);
  await served.open(`/memory?hash=${decision}`);
  assertEquals(await served.text(".reading strong"), "Thursdays");
  assertEquals(await served.text(".reading .code .keyword"), "const");
  assertEquals(await page.run(`[...document.querySelectorAll(".reading a")].map((a) => [a.href, a.rel, a.target])`), [
    ["https://plans.example/deploys", "noopener noreferrer nofollow", "_blank"],
  ]);
  assertEquals(await page.run(`[...document.querySelectorAll(".reading img")].map((img) => img.src)`), [
    "data:image/png;base64,iVBORw0KGgo=",
  ]);
  assert((await served.text(".reading")).includes(ATTACK));
  assertEquals(await page.run(`[...document.querySelectorAll("main .tag")].map((tag) => tag.textContent)`), [
    "deploy",
    ATTACK,
    "a,b",
  ]);
  for (const path of ["/", "/memories", "/tags", "/insights"]) {
    await served.open(path);
    assertEquals(await page.run(`document.querySelectorAll("main img, main script").length`), 0, path);
    assert((await served.text("main")).includes("<img src=x"), path);
    assert(!(await page.run<string>("document.title")).includes("owned"));
  }
  assertEquals(page.requests.filter((asked) => asked.includes("elsewhere")), []);
  assertEquals(page.faults, []);
});
