/**
 * Links between memories, and the map, once by mouse and once by the keyboard alone.
 */

import { assertEquals } from "@std/assert";
import { SETTLED } from "./browser.ts";
import { closed, flow, inDialog, inMain, noticed, undo } from "./hands.ts";
import { fill } from "./store_fixture.ts";

flow(
  "a memory is linked with another, seen in the graph, and the link taken off and put back",
  async (served, press, hand) => {
    const { page, client } = served;
    const cause = await client.store("The cache holds prices for an hour"),
      effect = await client.store("Prices were wrong on Monday");
    const relations = async () => (await client.get(`/api/memories/${cause}/relations`)).json.relations.length;
    await served.open(`/memory?hash=${cause}`);
    await press(inMain("Link with another"));
    await page.until(
      `document.activeElement?.closest("dialog") !== null && document.activeElement.tagName === "INPUT"`,
    );
    await page.type("no key at all");
    await press(inDialog("Link with another"));
    await page.until(`document.querySelector("dialog .error") !== null`);
    // A browser counts every refusal as a fault.
    assertEquals(page.faults.splice(0).filter((fault) => !fault.includes("422")), []);
    await press(inDialog("The other memory"));
    await page.run("document.activeElement.select()");
    await page.type(`${served.url}/memory?hash=${effect}`);
    await press(inDialog("Kind of link"));
    await page.run("document.activeElement.select()");
    await page.type("supports");
    await press(inDialog("Link with another"));
    await page.until(`${closed} && document.querySelector("main").textContent.includes("supports →")`);
    assertEquals(await relations(), 1);

    await press(inMain("As a picture"));
    await page.until(`location.pathname === "/map" && document.querySelectorAll(".graph circle").length === 2`);
    if (hand.isMouse) await press(".graph g:not(.middle) circle");
    else await press({ name: "Prices were wrong on Monday", within: ".map section" });
    await page.until(`location.search === ${JSON.stringify(`?hash=${effect}`)} && ${SETTLED}`);

    await press(inMain(/^Remove the link with: The cache/));
    await page.until(noticed("Removed the relation"));
    assertEquals(await relations(), 0);
    await press(undo);
    await page.until(`document.querySelector("main").textContent.includes("← supports")`);
    assertEquals(await relations(), 1);
  },
);

flow("the map is narrowed to a group, looked at closer, and leads to a memory", async (served, press, hand) => {
  const { page, client } = served;
  await fill(client);
  await served.open("/map");
  await page.until(`document.querySelectorAll(".map section li").length > 8`);
  await hand.choose(inMain("Coloured by"), "tag");
  await page.until(`location.search.includes("by=tag") && document.querySelector(".tags .tag") !== null && ${SETTLED}`);
  await press({ name: /^backup 2$/, within: ".tags" });
  await page.until(
    `location.search.includes("group=backup") && document.querySelectorAll(".map section li").length === 2`,
  );
  await press(inMain("Nearer"));
  await press(inMain("Nearer"));
  await press(inMain("Farther"));
  await page.until(`document.querySelectorAll(".map section li").length === 2`);
  await press(inMain("By links"));
  await page.until(`location.search === "?show=graph"`);
  await press("main form input");
  await page.type("deploy");
  await press(inMain("Show"));
  await page.until(`location.search.includes("tag=deploy") && document.querySelectorAll(".graph circle").length === 1`);
  await press(inMain("By meaning"));
  await page.until(`location.search === "" && document.querySelectorAll(".map section li").length > 8`);
  await press(".map section li a");
  await page.until(`location.pathname === "/memory" && document.querySelector(".reading") !== null`);
});

flow("theme and language are chosen, and kept after a reload", async (served, press, hand) => {
  const { page, client } = served;
  await client.store("Something");
  await served.open("/memories");
  await hand.choose({ name: "Colours", within: "#navigation" }, "dark");
  await page.until(`document.documentElement.dataset.theme === "dark"`);
  await hand.choose({ name: "Language", within: "#navigation" }, "de");
  await page.until(
    `document.documentElement.lang === "de" && document.querySelector("h1").textContent === "Erinnerungen"`,
  );
  await served.open("/tags");
  assertEquals(await page.run("[document.documentElement.dataset.theme, document.documentElement.lang]"), [
    "dark",
    "de",
  ]);
  await press({ name: "Papierkorb", within: "#navigation" });
  await page.until(`location.pathname === "/trash"`);
});
