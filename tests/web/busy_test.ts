/**
 * Others change sixty memories a second while someone reads, selects and writes: nothing is lost, closed or moved.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { TestClient } from "../http/client.ts";
import { type Page, SETTLED } from "./browser.ts";
import { fill } from "./store_fixture.ts";
import { inBrowser } from "./served.ts";

const PER_SECOND = 60, SECONDS = 3;
/** Changes on their way at most: a slow machine makes fewer. */
const MOST_WAITING = 200;
/** Milliseconds without news after which no more come. */
const QUIET_MS = 1000;
const NEWS = `document.querySelector(".news")?.textContent ?? " "`;

/** What is to be seen of the page and what the reader did on it; what tells of news and how long ago something was aside. */
const STATE = `(() => {
  const main = document.querySelector("main").cloneNode(true);
  for (const element of main.querySelectorAll(".news, time, datalist")) element.replaceChildren();
  const dialog = document.querySelector("dialog");
  const fields = [...document.querySelectorAll("main input, main select, main textarea")];
  return JSON.stringify([
    scrollY,
    main.innerHTML,
    dialog?.open,
    [...document.querySelectorAll("details")].map(({ open }) => open),
    fields.filter((field) => field !== document.activeElement).map(({ value, checked }) => [value, checked]),
  ]);
})()`;

/** What other programs do: they store, tag, delete and talk. */
async function change(client: TestClient, number: number): Promise<void> {
  const stored = await client.store(`Told by another client, ${number}`, {
    tags: ["office", `new-${number % 7}`],
    ...number % 3 === 0 ? { conversation_id: number % 2 ? "ship-talk" : `talk-${number % 5}` } : {},
  });
  if (number % 4 === 0) await client.send("PUT", `/api/memories/${stored}`, { tags: ["changed"] });
  if (number % 5 === 0) await client.send("DELETE", `/api/memories/${stored}`);
}

/** Runs something while others make their changes; how many they made. */
async function whileOthersChange(client: TestClient, run: () => Promise<void>): Promise<number> {
  let sent = 0, waiting = 0, isOver = false;
  const began = performance.now(), changes: Promise<void>[] = [];
  const writing = (async () => {
    while (!isOver) {
      const due = Math.floor((performance.now() - began) * PER_SECOND / 1000);
      for (; sent < due && waiting < MOST_WAITING; sent++) {
        waiting++;
        changes.push(change(client, sent).finally(() => waiting--));
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  await run();
  isOver = true;
  await writing;
  await Promise.all(changes);
  return sent;
}

/** Where two texts begin to differ; null where they don't. */
function differing(now: string, before: string): string | null {
  const at = [...now].findIndex((character, i) => character !== before[i]);
  return now === before ? null : `${before.slice(at - 80, at + 200)} became ${now.slice(at - 80, at + 200)}`;
}

/** Waits until no more news come in. */
async function quiet(page: Page): Promise<void> {
  for (let before = ""; before === "" || before !== await page.run(NEWS);) {
    before = await page.run<string>(NEWS) || " ";
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
}

interface Reading {
  at: string;
  /** What the reader does before the others begin. */
  begin: (page: Page) => Promise<void>;
}

inBrowser("pages with lists stay as they are while others make sixty changes a second", async (served, context) => {
  const { page, client } = served, filled = await fill(client);
  for (let i = 0; i < 30; i++) {
    await client.store(`Memory ${i} to read: ${"some words that make it long ".repeat(8)}`, {
      tags: [`tag-${i}`],
      ...i < 12 ? { conversation_id: `read-${i}` } : {},
    });
  }
  for (let i = 0; i < 12; i++) {
    const hash = await client.store(`Thrown away ${i}: ${"words ".repeat(40)}`);
    await client.send("DELETE", `/api/memories/${hash}`);
  }
  const field = (selector: string) => (page: Page) => page.click(selector);
  const readings: Reading[] = [
    {
      at: "/memories",
      begin: async (page) => {
        await page.click({ name: /^Select: Memory 25/, within: "main" });
        await page.click({ name: /^Edit: Memory 24/, within: "main" });
        await page.until(`document.activeElement?.tagName === "TEXTAREA"`);
      },
    },
    { at: "/memories?q=backups", begin: field("#query") },
    { at: "/conversations", begin: field("#query") },
    { at: "/conversation?id=ship-talk", begin: field("main [type=search]") },
    {
      at: "/tags",
      begin: async (page) => {
        await page.click({ name: "Rename the tag tag-9", within: "main" });
        await page.until(
          `document.activeElement?.closest("dialog") !== null && document.activeElement.value === "tag-9"`,
        );
      },
    },
    {
      at: "/trash",
      begin: async (page) => {
        await page.click(".trashed:nth-child(5) summary");
        await page.click("#query");
      },
    },
    {
      at: "/documents",
      begin: async (page) => {
        await page.click("main summary");
        await page.click("main .field input");
      },
    },
    { at: `/document?id=${filled.upload}`, begin: field("main [type=search]") },
    {
      at: `/memory?hash=${filled.decision}`,
      begin: async (page) => {
        await page.click({ name: "Link with another", within: "main" });
        await page.until(`document.activeElement?.closest("dialog input")`);
      },
    },
    { at: "/review", begin: field("#query") },
    { at: "/map", begin: field("#query") },
  ];
  for (const { at, begin } of readings) {
    await context.step(at, async () => {
      await served.open(at);
      await page.until(`document.querySelector("#navigation .health") !== null`);
      await page.run("scrollTo({ top: 150, behavior: 'instant' })");
      await begin(page);
      await page.run("document.activeElement.select()");
      const before = await page.run<string>(STATE);
      let typed = "";
      const made = await whileOthersChange(client, async () => {
        const end = Date.now() + SECONDS * 1000;
        for (let i = 0; Date.now() < end; i++) {
          await page.type(String(i % 10));
          typed += i % 10;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        // What the last of them changed has been heard of as well.
        await page.until(`document.querySelector(".news button") !== null || ${JSON.stringify(at)} === "/map"`);
      });
      assert(made > 30, `${made} changes`);
      assertEquals(differing(await page.run(STATE), before), null);
      assertEquals(await page.run("document.activeElement.value"), typed);
      if (at === "/map") return;
      await quiet(page);
      assertMatch(await served.text(".news"), /^\d+ new changes, show$/);
      await page.press("Escape");
      await page.run(`document.querySelector(".news button").click()`);
      await page.until(`document.querySelector(".news").textContent === "" && ${SETTLED}`);
    });
  }
  assertEquals(page.faults, []);
});
