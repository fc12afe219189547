/**
 * What someone who sees the product for the first time wants to do, over the demo as it is started by its command, with
 * the mouse on what is to be seen, and no address typed.
 */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { inFolder } from "../helpers/folder.ts";
import { spawn, testEnvironment } from "../helpers/process.ts";
import { CHROMIUM, openPage, type Page, SETTLED, type Target } from "./browser.ts";
import { closed, inDialog, inMain, noticed } from "./hands.ts";

const inNavigation = (name: string): Target => ({ name, within: "#navigation" });

/** A task, and what is done for it. */
type Task = (page: Page, folder: string) => Promise<void>;

const TASKS: Record<string, Task> = {
  "find a decision": async (page) => {
    await page.click("#query");
    await page.type("why did we choose PostgreSQL");
    await page.click({ name: "Search", within: "header" });
    await page.until(
      `document.querySelector(".memory .content")?.textContent.startsWith("We chose PostgreSQL over MySQL")`,
    );
    await page.click(inMain(/^Open: We chose PostgreSQL/));
    await page.until(`document.querySelector(".reading")?.textContent.includes("exclusion constraints")`);
  },
  "fix a wrong fact": async (page) => {
    await page.click("#query");
    await page.type("how long are logs kept");
    await page.click({ name: "Search", within: "header" });
    await page.click(inMain(/^Edit: Logs are kept for 30 days/));
    await page.until(`document.activeElement?.tagName === "TEXTAREA"`);
    await page.run("document.activeElement.select()");
    await page.type("Logs are kept for 90 days, bookings for ten years as the tax office wants it.");
    await page.click(inDialog("Save"));
    await page.until(`${closed} && document.querySelector(".memory .content")?.textContent.includes("90 days")`);
  },
  "merge duplicates": async (page) => {
    await page.click(inNavigation("Home"));
    await page.click(inMain(/groups of duplicates$/));
    await page.until(`document.querySelector(".pair .side mark") !== null && ${SETTLED}`);
    const summary = `document.querySelector("main .summary").textContent`, before = parseInt(await page.run(summary));
    await page.click({ name: "Merge 2", within: ".pair" });
    await page.click(inDialog("Merge 2"));
    await page.until(`${closed} && ${noticed("Merged 1 memory")}`);
    await page.until(`parseInt(${summary}) === ${before - 1} && ${SETTLED}`);
  },
  "upload a handbook and find a line in it": async (page, folder) => {
    const path = join(folder, "rules.md");
    const rules = Array.from(
      { length: 80 },
      (_, i) => `## Rule ${i}\n\nRule ${i} is about harbour topic number ${i}.\n`,
    );
    await Deno.writeTextFile(path, `${rules.join("\n")}\n## Parking\n\nVisitors park behind the crane.\n`);
    await page.click(inNavigation("Documents"));
    await page.chooseFilesBy(() => page.click(inMain("Upload documents")), [path]);
    await page.until(`document.querySelector(".documents li:has(.completed) strong")?.textContent === "rules.md"`);
    await page.click(inMain("rules.md"));
    await page.click({ name: "Search within this document", within: "main" });
    await page.type("where do visitors park");
    await page.click(inMain("Search"));
    await page.until(`document.querySelector(".chunks .content")?.textContent.includes("behind the crane")`);
  },
  "connect a client": async (page) => {
    await page.click(inNavigation("Connect"));
    await page.until(`document.querySelector(".client pre")?.textContent.includes("/mcp")`);
    await page.click(inMain("Copy"));
    await page.until(noticed("Copied"));
    await page.click(inMain("Test it"));
    await page.until(
      `/answers this page over MCP with \\d+ tools/.test(document.querySelector(".client").textContent)`,
    );
  },
};

Deno.test({
  name: "a newcomer's five tasks are done by clicking what is to be seen",
  ignore: CHROMIUM === undefined,
  fn: async (context) => {
    await inFolder(async (folder) => {
      const child = await spawn(["demo", "--folder", join(folder, "demo")], testEnvironment(folder), {
        stdout: "null",
      });
      try {
        const address = await addressOf(child.stderr);
        while (!await hasVectors(address)) await new Promise((resolve) => setTimeout(resolve, 200));
        await using page = await openPage();
        await page.resize(1280, 860);
        await page.goto(address);
        await page.until(SETTLED);
        for (const [name, task] of Object.entries(TASKS)) await context.step(name, () => task(page, folder));
        assertEquals(page.faults, []);
      } finally {
        child.kill("SIGTERM");
        await child.status;
      }
    });
  },
});

/** Where the service listens, from what it logs; the log is read on, so that it never waits for its reader. */
async function addressOf(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const found = Promise.withResolvers<string>();
  let said = "";
  const reading = stderr.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).pipeTo(
    new WritableStream({
      write: (text) => {
        said = (said + text).slice(-10_000);
        const address = /REST on (http:\/\/[\d.:]+)/.exec(said)?.[1];
        if (address !== undefined) found.resolve(address);
      },
    }),
  );
  reading.then(() => found.reject(new Error(`The demo ended: ${said}`)), found.reject);
  return await found.promise;
}

async function hasVectors(address: string): Promise<boolean> {
  const { embedding: { coverage } } = await (await fetch(`${address}/api/health/detailed`)).json();
  return coverage !== null && coverage.memories > 0 && coverage.embedded === coverage.memories;
}
