/**
 * Taking memories out and in, and sending documents, once by mouse and once by the keyboard alone.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { inFolder } from "../helpers/folder.ts";
import { closed, flow, inDialog, inMain, opened } from "./hands.ts";
import { inBrowser } from "./served.ts";

const stored = `document.querySelectorAll(".documents .state.completed").length`;

flow("an export is saved, and read in again after all was lost", async (served, press) => {
  const { page, client } = served;
  const kept = [await client.store("First, kept", { tags: ["a,b"] }), await client.store("Second, kept")];
  await inFolder(async (folder) => {
    await page.saveTo(folder);
    await served.open("/moving");
    await press(inMain("Export"));
    const name = `unimem-export-${new Date().toISOString().slice(0, 10)}.jsonl`, path = join(folder, name);
    for (let tries = 0; tries < 300; tries++) {
      if (await Deno.readTextFile(path).then((text) => text.includes("Second, kept"), () => false)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assertStringIncludes(await Deno.readTextFile(path), "First, kept");
    for (const hash of kept) await client.send("DELETE", `/api/memories/${hash}`);
    await client.send("DELETE", "/api/manage/trash");
    await page.chooseFilesBy(() => press("main input[type=file]"), [path]);
    await page.until(`document.querySelector("main [role=status] .facts") !== null`);
  });
  const { memories } = (await client.get("/api/memories")).json;
  assertEquals(memories.map(({ content, tags }: Record<string, unknown>) => [content, tags]), [
    ["Second, kept", []],
    ["First, kept", ["a,b"]],
  ]);
});

flow("documents are chosen for upload, get tags, and are removed", async (served, press) => {
  const { page, client } = served;
  await served.open("/documents");
  await press("main summary");
  await press("main .field input");
  await page.type("rules");
  await page.press("Enter");
  await inFolder(async (folder) => {
    const paths = ["one.md", "two.txt"].map((name) => join(folder, name));
    for (const path of paths) await Deno.writeTextFile(path, `# Rules\n\nRules of ${path.slice(-7)}\n`);
    await page.chooseFilesBy(() => press(inMain("Upload documents")), paths);
    await page.until(`${stored} === 2`);
  });
  assertEquals((await client.get("/api/memories?tag=rules")).json.total, 2);
  // What was sent from here is no news.
  assertEquals(await served.text(".news"), "");
  await press(inMain("Remove one.md"));
  await page.until(opened);
  await press(inDialog("Remove"));
  await page.until(`${closed} && ${stored} === 1`);
});

inBrowser("files that are dropped on any page are uploaded", async (served) => {
  const { page, client } = served;
  await client.store("There before");
  await served.open("/memories");
  await inFolder(async (folder) => {
    const path = join(folder, "dropped.md");
    await Deno.writeTextFile(path, "# Dropped\n\nIt fell from above.\n");
    await page.dropFiles([path]);
    await page.until(`location.pathname === "/documents" && ${stored} === 1`);
  });
  assertEquals((await client.get("/api/memories")).json.total, 2);
  assertEquals(page.faults, []);
});
