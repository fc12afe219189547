/**
 * What admins look after on the dashboard, and what others don't see of it.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { keyedService } from "../access/service.ts";
import { createLogger } from "../../src/operations/logger.ts";
import { inFolder } from "../helpers/folder.ts";
import { CHROMIUM, SETTLED } from "./browser.ts";
import { cards, closed, flow, inDialog, inMain, noticed, says } from "./hands.ts";
import { inBrowser, onPage } from "./served.ts";

flow("a backup is made, checked and downloaded", async (served, press) => {
  const { page, client } = served;
  await client.store("There");
  await served.open("/moving");
  await press({ name: "Backups", within: "#navigation" });
  await page.until(`${SETTLED} && ${says("No backups yet")}`);
  await press(inMain("Make a backup"));
  await page.until(`${cards(1)} && ${noticed("checked it")}`);
  const [backup] = (await client.get("/api/backups")).json.backups;
  await press(inMain(`Check ${backup.name}`));
  await page.until(says("It is sound: 1 memories", "main .documents"));
  await page.run(`URL.createObjectURL = (blob) => (window.saved = blob.size, "blob:none")`);
  await page.run(`HTMLAnchorElement.prototype.click = function () { window.named = this.download; }`);
  await press(inMain(`Download ${backup.name}`));
  await page.until(`window.saved === ${backup.bytes} && window.named === ${JSON.stringify(backup.name)}`);
});

flow("candidates are kept, kept in other words, and dropped", async (served, press) => {
  const { page, client } = served;
  const turns = [
    "We've decided to use Hono for the API. See you.",
    "We've decided to keep backups for ninety days. Bye.",
    "We've decided to move to Kiel next year. Good night.",
  ];
  for (const content of turns) {
    await client.store(content, { memory_type: "turn", conversation_id: "talk", metadata: { role: "user" } });
  }
  await served.open("/");
  await press({ name: "3 sentences may be worth keeping", within: "main" });
  await page.until(`${SETTLED} && document.querySelectorAll(".candidates > li").length === 3`);
  await press({ name: "Where it was said", within: ".candidates > li:last-child" });
  await page.until(says("See you.", ".candidates > li:last-child details"));
  await press(inMain(/^Keep: We've decided to use Hono/));
  await page.until(`${noticed("Kept as a memory")} && document.querySelectorAll(".candidates > li").length === 2`);
  await press(inMain(/^Drop: We've decided to move to Kiel/));
  await page.until(`${noticed("Dropped")} && document.querySelectorAll(".candidates > li").length === 1`);
  await press(inMain(/^Edit and keep: /));
  await page.until(`document.activeElement?.tagName === "TEXTAREA"`);
  await page.run(`document.activeElement.select()`);
  await page.type("Backups are kept for ninety days.");
  await press(inDialog("Keep"));
  await page.until(`${closed} && ${says("0 candidates")}`);
  const { memories } = (await client.get("/api/memories?page_size=50")).json;
  const kept = memories.filter(({ memory_type }: { memory_type: string }) => memory_type !== "turn");
  assertEquals(kept.map(({ content }: { content: string }) => content).sort(), [
    "Backups are kept for ninety days.",
    "We've decided to use Hono for the API.",
  ]);
  await served.open(`/memory?hash=${kept[0].content_hash}`);
  await page.until(says("cites"));
});

flow("spaces are made, filled, renamed, merged and deleted, each with its number before", async (served, press) => {
  const { page, client } = served;
  for (let i = 0; i < 3; i++) await client.store(`Number ${i}`, { tags: i < 2 ? ["move"] : [] });
  const spaces = async () =>
    (await client.get("/api/spaces")).json.spaces.map(({ name, memories }: { name: string; memories: number }) => [
      name,
      memories,
    ]);
  await served.open("/access");
  await press(inMain("Spaces"));
  await page.until(`${SETTLED} && ${cards(1)}`);
  await press(inMain("New space"));
  await page.until(`document.activeElement?.tagName === "INPUT"`);
  await page.type("Not a name");
  await press(inDialog("New space"));
  assert(await page.run(`document.querySelector("dialog input").matches(":invalid")`));
  await page.tabTo("dialog input");
  await page.run(`document.activeElement.select()`);
  await page.type("team");
  await press(inDialog("New space"));
  await page.until(`${closed} && ${cards(2)}`);

  await press(inMain("Move memories of default"));
  await page.until(`document.activeElement?.closest("dialog") !== null`);
  await page.type("team");
  await page.press("Tab");
  await page.type("move");
  await press(inDialog("Count"));
  await page.until(says("2 memories go to team", "dialog"));
  await press(inDialog("Move memories"));
  await page.until(`${closed} && ${noticed("Moved 2 memories")}`);
  assertEquals(await spaces(), [["default", 1], ["team", 2]]);
  // The row has more buttons by now, which moves the others.
  await page.until(`document.querySelector('[aria-label="Move memories of team"]') !== null`);

  await press(inMain("Rename the space team"));
  await page.until(`document.activeElement?.closest("dialog") !== null`);
  await page.run(`document.activeElement.select()`);
  await page.type("crew");
  await press(inDialog("Save"));
  await page.until(`${closed} && ${says("crew", "main .documents")}`);

  await press(inMain("Delete the space crew"));
  await page.until(says("2 memories of crew go to its trash", "dialog"));
  await page.type("3");
  await press(inDialog("Delete"));
  assert(await page.run(`document.querySelector("dialog input").matches(":invalid")`));
  assertEquals(await spaces(), [["default", 1], ["crew", 2]]);
  await page.tabTo("dialog input");
  await page.run(`document.activeElement.select()`);
  await page.type("2");
  await press(inDialog("Delete"));
  await page.until(`${closed} && ${noticed("Deleted 2 memories")}`);

  await client.send("POST", "/api/memories", { content: "Kept aside" }, { "X-Unimem-Space": "aside" });
  await page.goto(`${served.url}/access?show=spaces&again=1`);
  await page.until(`${SETTLED} && ${cards(3)}`);
  await press(inMain("Merge aside into another space"));
  await page.until(`document.querySelector("dialog input")?.value === "default"`);
  await press(inDialog("Count"));
  await page.until(says("1 memory goes to default", "dialog"));
  await press(inDialog("Merge"));
  await page.until(`${closed} && ${noticed("Moved 1 memories")} && ${cards(2)}`);
  assertEquals((await spaces())[0], ["default", 2]);

  await page.run(`URL.createObjectURL = (blob) => (blob.text().then((text) => window.saved = text), "blob:none")`);
  await page.run(`HTMLAnchorElement.prototype.click = function () { window.named = this.download; }`);
  await press(inMain("Export the space default"));
  await page.until(`window.saved?.includes("Kept aside") && window.named.startsWith("unimem-default-")`);
});

const log = createLogger("info", () => {});
inBrowser("the log's last lines are shown, by level, with requests when asked for", async (served) => {
  const { page } = served;
  log.warning("The disk is nearly full", { free: 12 });
  log.info("Something ordinary");
  await served.open("/service");
  await page.until(`${says("The disk is nearly full free=12", ".log")} && ${says("Something ordinary", ".log")}`);
  assert(!(await served.text(".log")).includes("Request answered"));
  await page.click({ name: "with requests", within: "main" });
  await page.until(`location.search === "?requests=1" && ${says("Request answered", ".log")}`);
  await page.run(`(() => {
    const select = [...document.querySelectorAll("main select")].find((one) => one.textContent.includes("warnings"));
    select.value = "warning";
    select.dispatchEvent(new Event("change", { bubbles: true }));
  })()`);
  await page.until(`location.search.includes("level=warning") && !${says("Something ordinary", ".log")}`);
  await page.until(says("The disk is nearly full", ".log"));
}, { http: { log } });

flow("a call of the API is found, read with its nested types, and tried", async (served, press) => {
  const { page, client } = served;
  await client.store("Deploys run on Thursdays.");
  await served.open("/api/docs");
  await press({ name: "Find a call", within: "main" });
  await page.tabTo({ name: "Find a call", within: "main" });
  await page.type("storeMemory");
  await press({ name: /^POST Store a memory/, within: ".api nav" });
  await page.until(`location.pathname + location.search === "/docs?call=storeMemory"`);
  assertEquals(await served.text(".call h2 code"), "/api/memories");
  // What the answer holds is a type of its own, shown with its fields.
  await page.until(`[...document.querySelectorAll(".call .type-fields .type-fields .name")]
    .some((name) => name.textContent === "content_hash")`);
  await press(".try summary");
  await page.tabTo(".try textarea");
  await page.run(`document.activeElement.select()`);
  await page.type('{"content": "Stored from the page of the API"}');
  await press({ name: "As a command", within: ".try" });
  await page.until(says("curl -X POST", ".try"));
  await press({ name: "Send", within: ".try" });
  await page.until(says("200 in", ".try"));
  assertStringIncludes(await served.text(".try [role=status]"), '"content_hash"');
  assertEquals((await client.get("/api/memories")).json.total, 2);
  await page.run("history.back()");
  await page.until(`location.search === "" && ${says("Choose one to read it")}`);
  await page.goto(`${served.url}/docs#listTags`);
  await page.until(`location.search === "?call=listTags" && ${says("/api/tags", ".call h2")}`);
});

inBrowser(
  "other programs' data are imported, found out or named, with what came of it",
  (served) =>
    inFolder(async (folder) => {
      const { page, client } = served;
      await Deno.writeTextFile(`${folder}/mem0.json`, '[{"memory":"Likes tea","user_id":"ann"}]');
      await Deno.writeTextFile(`${folder}/own.jsonl`, (await client.get("/api/export")).text);
      await Deno.writeTextFile(`${folder}/odd.bin`, "\u0001\u0002");
      await served.open("/moving");
      const kinds = await page.run<string[]>(
        `[...document.querySelectorAll("main select option")].map(({ value }) => value)`,
      );
      const { schema } = (await client.get("/openapi.json")).json.paths["/api/import/files"].post.requestBody
        .content["multipart/form-data"];
      const form = (await client.get("/openapi.json")).json.components.schemas[schema.$ref.split("/").at(-1)];
      assertEquals(kinds.filter(Boolean).sort(), form.properties.kind.enum.toSorted());
      await page.chooseFiles("main input[type=file]", [`${folder}/mem0.json`]);
      await page.until(says("mem0.json: Stored 1 memories"));
      await page.chooseFiles("main input[type=file]", [`${folder}/own.jsonl`]);
      await page.until(says("own.jsonl: Stored 0 memories"));
      await page.chooseFiles("main input[type=file]", [`${folder}/odd.bin`]);
      await page.until(noticed("name its kind"));
      assertEquals((await client.get("/api/memories")).json.memories[0].content, "Likes tea");
      assert(page.faults.every((fault) => fault.includes("/api/import/files")), page.faults.join());
    }),
);

Deno.test({
  name: "what only admins may do isn't shown to others, on the page or in the navigation",
  ignore: CHROMIUM === undefined,
  fn: async () => {
    await using service = await keyedService();
    const turn = { content: "We've decided to use Hono for the API.", memory_type: "turn" };
    await service.rest(null, "POST", "/api/memories", turn);
    const { token: reader } = await service.key({ rights: "read" });
    const { token: admin } = await service.key({ rights: "admin", write: ["default"] });
    await onPage(service.app, service.runtime.events, async (served) => {
      const { page } = served;
      const links = () =>
        page.run<string[]>(`[...document.querySelectorAll("#navigation nav a")].map((link) => link.textContent)`);
      const as = async (token: string, path: string) => {
        await page.goto(`${served.url}/docs`);
        await page.until(`document.readyState === "complete"`);
        await page.run(`sessionStorage.setItem("unimem-key", ${JSON.stringify(token)})`);
        await served.open(path);
        await page.until(`document.querySelector("#navigation .health")?.textContent.includes("memor")`);
      };
      await as(reader, "/review?show=candidates");
      await page.until(`document.querySelectorAll(".candidates > li").length === 1`);
      assertEquals(await page.run(`document.querySelectorAll(".candidates button").length`), 0);
      assertEquals((await links()).filter((name) => /Backups|Import/.test(name)), []);
      await served.open("/backups");
      await page.until(says("shown to admins of all of them"));
      assertEquals(await page.run(`document.querySelectorAll("main button").length`), 0);
      await served.open("/service");
      await page.until(`${SETTLED} && ${says("Health")}`);
      assertEquals(await page.run(`document.querySelectorAll(".log").length`), 0);

      await as(admin, "/access?show=spaces");
      await page.until(says("shown to admins"));
      assertEquals(await page.run(`document.querySelectorAll("main .documents, main .tabs").length`), 0);
      const shown = await links();
      assertEquals([shown.includes("Import and export"), shown.includes("Backups")], [true, false]);
      // Nothing was asked for that would have been refused.
      assertEquals(page.faults.filter((fault) => fault.includes("403")), []);
    });
  },
});
