/**
 * What others do while someone reads and writes, and what happens when the service is away or wants a key.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { SETTLED } from "./browser.ts";
import { inBrowser } from "./served.ts";

const items = (count: number) => `document.querySelectorAll(".memory").length === ${count}`;
const LIVE = `document.querySelector("#live-state")?.textContent === "live"`;

inBrowser("changes by others are announced, and touch nothing that is open", async (served) => {
  const { page, client } = served;
  const long = "words of a long memory ".repeat(60);
  for (let i = 0; i < 20; i++) await client.store(`${i}: ${long}`);
  await served.open("/");
  await page.until(LIVE);
  await page.click({ name: "Memories", within: "#navigation" });
  await page.until(`${items(20)} && ${SETTLED}`);
  await page.click({ name: /^Show all of: 15:/, within: "main" });
  await page.click({ name: /^Select: 14:/, within: "main" });
  await page.click({ name: /^Edit: 10:/, within: "main" });
  await page.until(`document.querySelector("dialog textarea") !== null`);
  await page.run(`document.querySelector("dialog textarea").select()`);
  await page.type("half written");
  const state = `JSON.stringify([scrollY, document.querySelector("dialog textarea").value,
    [...document.querySelectorAll(".memory")].map((e) => e.dataset.hash.slice(0, 8) + e.querySelector("input").checked),
    document.querySelectorAll(".memory .body > button").length])`;
  const before = await page.run<string>(state);
  for (let i = 0; i < 60; i++) await client.store(`Told by another client ${i}`);
  await page.until(`document.querySelector(".news").textContent === "60 new changes, show"`);
  assertEquals(await page.run(state), before);
  await page.press("Escape");
  await page.click({ name: "60 new changes, show", within: ".news" });
  await page.until(`document.querySelector("#summary").textContent.includes("of 80 memories")`);
  assertEquals(await served.text(".news"), "");
  assertStringIncludes(await served.text(".bulk"), "1 selected");
  assertEquals(page.faults, []);
});

inBrowser("what the page does itself is no news", async (served) => {
  const { page, client } = served;
  await client.store("One to delete");
  await served.open("/");
  await page.until(LIVE);
  await page.click({ name: "Memories", within: "#navigation" });
  await page.until(items(1));
  await page.click({ name: /^Delete: One/, within: "main" });
  await page.until(`${items(0)} && document.querySelector("#notices").textContent.includes("Deleted")`);
  await client.store("By another");
  await page.until(`document.querySelector(".news").textContent === "1 new change, show"`);
});

inBrowser("going back shows the list where it was left", async (served) => {
  const { page, client } = served;
  for (let i = 0; i < 45; i++) await client.store(`Number ${i}: ${"line of text ".repeat(20)}`);
  await served.open("/memories?page=2");
  await page.run(`scrollTo({ top: 900, behavior: "instant" })`);
  await page.run(
    `[...document.querySelectorAll(".memory a.button")].find((a) => a.getBoundingClientRect().top > 200).click()`,
  );
  await page.until(`location.pathname === "/memory" && ${SETTLED} && scrollY === 0`);
  await page.run("history.back()");
  await page.until(`location.search === "?page=2" && ${items(20)} && scrollY === 900`);
  await page.run("history.forward()");
  await page.until(`location.pathname === "/memory" && document.querySelector(".reading") !== null`);
});

inBrowser("a service that is away is told at once, keeps what was typed, and is found again", async (served) => {
  const { page, client } = served;
  await client.store("Here before");
  await served.open("/memories");
  await page.until(items(1));
  await page.press("Escape");
  await page.click({ name: /New memory$/, within: "header" });
  await page.until(`document.activeElement?.tagName === "TEXTAREA"`);
  await page.type("Written while the service was away");
  served.cut(true);
  await page.until(`document.querySelector("main .banner[role=alert]") !== null`);
  await page.click({ name: "Store", within: "dialog" });
  await page.until(`document.querySelector("dialog .error") !== null`);
  assertEquals(await page.run(`document.querySelector("dialog textarea").value`), "Written while the service was away");
  assertEquals(await page.run(`document.querySelectorAll(".memory").length`), 1);
  served.cut(false);
  await page.until(`document.querySelector("main .banner[role=alert]") === null`);
  await page.click({ name: "Store", within: "dialog" });
  await page.until(`document.querySelector("dialog") === null && ${items(2)}`);
});

inBrowser("a draft that was left is there again, also after a reload", async (served) => {
  const { page } = served;
  await served.open("/memories");
  await page.click({ name: /New memory$/, within: "header" });
  await page.until(`document.activeElement?.tagName === "TEXTAREA"`);
  await page.type("Half a thought");
  await page.press("Escape");
  await page.until(`document.querySelector("dialog") === null`);
  await served.open("/tags");
  await page.click({ name: /New memory$/, within: "header" });
  await page.until(`document.querySelector("dialog textarea")?.value === "Half a thought"`);
});

const key = "schlüssel";
inBrowser("a key is asked for, tried again when wrong, and kept in the tab", async (served) => {
  const { page, url } = served;
  await page.goto(`${url}/`);
  for (const typed of ["wrong", key]) {
    const hint = typed === key ? "not accepted" : "stays in this browser tab";
    await page.until(`document.querySelector("dialog")?.textContent.includes("${hint}")`);
    await page.until(`document.activeElement?.type === "password"`);
    await page.type(typed);
    await page.press("Enter");
  }
  await page.until(`document.querySelector("dialog") === null && ${SETTLED}`);
  await page.until(`document.querySelector(".health").textContent.includes("0 memories")`);
  assertEquals(await page.run(`sessionStorage.getItem("unimem-key")`), key);
  assertEquals(await page.run(`JSON.stringify(localStorage).includes("schl")`), false);
  await page.goto(`${url}/tags`);
  await page.until(SETTLED);
  assertEquals(await page.run(`document.querySelector("dialog")`), null);
}, { http: { apiKey: key } });

inBrowser("leaving the question for the key leaves it until asked again", async (served) => {
  const { page, url } = served;
  await page.goto(`${url}/memories`);
  await page.until(`document.querySelector("dialog")`);
  await page.press("Escape");
  await page.until(`document.querySelector("main .fault")?.textContent.includes("Cannot go on without the API key")`);
  await new Promise((resolve) => setTimeout(resolve, 3500));
  assertEquals(await page.run(`document.querySelector("dialog")`), null);
  await page.click({ name: "Try again", within: "main" });
  await page.until(`document.querySelector("dialog")`);
}, { http: { apiKey: key } });
