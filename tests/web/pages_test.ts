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

const AXE = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ": " + node.html.slice(0, 200))))`;

inBrowser("every page in each width, theme and language", async (served, context) => {
  const { page, client, url } = served, filled = await fill(client);
  const at: Partial<Record<typeof PAGE_PATHS[number], string>> = {
    "/memories": "/memories?q=backups",
    "/memory": `/memory?hash=${filled.decision}`,
    "/conversation": "/conversation?id=ship-talk",
    "/document": `/document?id=${filled.upload}`,
    "/review": "/review?show=contradictions",
  };
  const addresses = [
    ...PAGE_PATHS.map((path) => at[path] ?? path),
    "/memories?view=lines&tag=backup",
    "/review",
    "/memory?hash=0",
    "/map?show=graph&tag=backup",
  ];
  for (const address of addresses) {
    await context.step(address, async () => {
      await served.open(address);
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
        }
      }
      assert((await page.run<string>("document.title")).endsWith("Unimem"));
      // A browser counts every answer of 404 as a fault.
      assertEquals(page.faults.splice(0).filter((fault) => !fault.endsWith("/api/memories/0")), []);
    });
  }
  assertEquals(page.requests.filter((asked) => !asked.startsWith(url) && !/^(data|blob|about):/.test(asked)), []);
  assert(page.requests.length > addresses.length, "requests are seen");
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
