/**
 * Key pages look as they did, in both themes. After a change that is meant: UNIMEM_KEEP_LOOKS=1 deno task test
 * tests/web/look_test.ts, and a look at what changed.
 */

import { assert } from "@std/assert";
import { fill } from "./store_fixture.ts";
import { SETTLED } from "./browser.ts";
import { difference, keepLook, lookOf, readLook } from "./look.ts";
import { inBrowser } from "./served.ts";

/** Share of a page that may look different. Another font comes to 0.007, a page that lies under the navigation to 0.018. */
const TOLERATED = 0.012;
const FOLDER = new URL("./looks/", import.meta.url);
const isKept = Deno.env.get("UNIMEM_KEEP_LOOKS") === "1";

inBrowser("key pages look as they did, whatever the font", async (served, context) => {
  const { page, client } = served, { decision } = await fill(client);
  await page.resize(1280, 864);
  const pages = {
    home: "/",
    memories: "/memories",
    memory: `/memory?hash=${decision}`,
    review: "/review",
    conversations: "/conversations",
    conversation: "/conversation?id=ship-talk",
  };
  for (const [name, path] of Object.entries(pages)) {
    for (const theme of ["light", "dark"]) {
      await context.step(`${name}, ${theme}`, async () => {
        await served.open(path);
        await page.run(`document.documentElement.dataset.theme = ${JSON.stringify(theme)}`);
        await page.until(`document.querySelector("#navigation .dot.healthy") !== null && ${SETTLED}`);
        await page.run(`document.activeElement.blur()`);
        const file = new URL(`${name}-${theme}.png`, FOLDER), now = await lookOf(page);
        if (isKept) await keepLook(page, file, now);
        const kept = await readLook(page, file), change = difference(kept, now);
        assert(change <= TOLERATED, `${change} of ${name} looks different in the ${theme}`);
        await page.run(`document.body.style.fontFamily = "serif"`);
        const inSerif = difference(kept, await lookOf(page));
        assert(inSerif <= TOLERATED, `${inSerif} of ${name} looks different in another font`);
        await page.run(`document.body.style.fontFamily = ""`);
        for (const fault of FAULTS) {
          await page.run(fault);
          const broken = difference(kept, await lookOf(page));
          assert(broken > TOLERATED, `${fault}: ${broken} of ${name} looks different`);
          await page.run(
            `document.querySelector("main").removeAttribute("style"), document.querySelector("#navigation").removeAttribute("style"), document.querySelector(".laid-over")?.remove()`,
          );
        }
      });
    }
  }
});

/** What must not pass for the page. */
const FAULTS = [
  `document.querySelector("main").style.marginInlineStart = "-12rem"`,
  `document.querySelector("#navigation").style.display = "none"`,
  `document.body.append(Object.assign(document.createElement("div"), {
    className: "laid-over",
    style: "position: fixed; inset: 8rem 10rem auto 30rem; height: 16rem; background: light-dark(#57606a, #9aa3ad)",
  }))`,
];
