/**
 * What a reader does on the dashboard, once by mouse and once by the keyboard alone.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { inFolder } from "../helpers/folder.ts";
import { SETTLED } from "./browser.ts";
import { closed, flow, inDialog, inMain, noticed, undo } from "./hands.ts";
import { fill } from "./store_fixture.ts";

const items = (count: number) => `document.querySelectorAll(".memory").length === ${count}`;

flow("a memory is stored, corrected by a newer one, deleted, and all of it undone", async (served, press) => {
  const { page, client } = served;
  await served.open("/memories");
  await press({ name: /New memory$/, within: "header" });
  await page.until(`document.activeElement?.tagName === "TEXTAREA"`);
  await page.type("Deploys run on Thursdays at ten.");
  await page.press("Tab");
  await page.type("deploy");
  await page.press("Enter");
  await page.type("a,b");
  await press(inDialog("Store"));
  await page.until(`${closed} && ${items(1)}`);
  const [stored] = (await client.get("/api/memories")).json.memories;
  assertEquals([stored.content, stored.tags], ["Deploys run on Thursdays at ten.", ["deploy", "a,b"]]);

  await press(inMain(/^Open: Deploys/));
  await page.until(`location.pathname === "/memory" && ${SETTLED}`);
  await press(inMain("Edit"));
  await page.until(`document.activeElement?.tagName === "TEXTAREA"`);
  await page.run(`document.activeElement.select()`);
  await page.type("Deploys run on Fridays at ten.");
  await page.until(`document.querySelectorAll("dialog .field").length === 4`);
  await press(inDialog("Save"));
  await page.until(`${closed} && document.querySelector(".reading")?.textContent.includes("Fridays")`);
  await page.until(`document.querySelector(".history")?.textContent.includes("Thursdays")`);
  assertEquals((await client.get(`/api/memories/${stored.content_hash}`)).json.superseded_by?.length, 64);
  await press(undo);
  await page.until(`document.querySelector(".reading")?.textContent.includes("Thursdays")`);
  assertEquals((await client.get(`/api/memories/${stored.content_hash}`)).json.superseded_by, undefined);

  await press(inMain("Delete"));
  await page.until(`location.pathname === "/memories" && ${noticed("Deleted 1 memory")}`);
  assertEquals((await client.get(`/api/memories/${stored.content_hash}`)).status, 404);
  await press(undo);
  await page.until(`${noticed("Restored 1 memory")} && ${items(1)}`);
  await page.run("history.back()");
  await page.until(
    `location.pathname === "/memory" && document.querySelector(".reading")?.textContent.includes("Thursdays")`,
  );
});

flow("a search shows what matched and why, narrows by chips, and is in the address", async (served, press) => {
  const { page, client } = served;
  await fill(client);
  await served.open("/");
  await press("#query");
  await page.type("how long are backups kept?");
  await page.press("Enter");
  await page.until(
    `location.search.includes("q=how+long") && document.querySelectorAll(".reasons").length > 1 && ${SETTLED}`,
  );
  assertStringIncludes(await served.text(".memory .content"), "Backups are kept");
  assertEquals((await served.text(".memory mark")).toLowerCase(), "backups");
  await press(".reasons summary");
  await page.until(`document.querySelector(".reasons dl").checkVisibility()`);
  assertStringIncludes(await served.text(".reasons dl"), "Meaning");
  assert((await served.text("main")).includes("Weak matches"));
  await press({ name: "note", within: ".memory" });
  await page.until(`location.search.includes("type=note") && ${items(2)}`);
  const address = await page.run<string>("location.href");
  await page.goto(address);
  await page.until(`${SETTLED} && ${items(2)}`);
  await press({ name: "Remove the filter Type: note", within: ".chips" });
  await page.until(`!location.search.includes("type") && ${SETTLED} && !(${items(2)})`);
  await page.run("history.back()");
  await page.until(`location.href === ${JSON.stringify(address)} && ${items(2)}`);
  await press({ name: "Clear", within: ".chips" });
  await page.until(`location.search === "" && ${SETTLED} && document.querySelector("#query").value === ""`);
  await press(inMain(/^Similar to: Backups are kept for 90/));
  await page.until(`location.search.startsWith("?similar=") && ${SETTLED}`);
  await page.until(`document.querySelector(".memory .content")?.textContent.includes("30 days")`);
});

flow("many memories are tagged and deleted at once, and the trash gives them back", async (served, press) => {
  const { page, client } = served;
  for (let i = 0; i < 25; i++) await client.store(`Number ${i} of many`, { tags: i % 2 ? ["odd"] : [] });
  await served.open("/memories");
  await page.until(items(20));
  await press({ name: /Select this page/, within: ".bulk" });
  await page.until(`document.querySelector(".bulk").textContent.includes("20 selected")`);
  await press({ name: "Tags…", within: ".bulk" });
  await press("dialog input");
  await page.type("batch");
  await press(inDialog("Save"));
  await page.until(`${closed} && ${noticed("Changed the tags of 20 memories")}`);
  assertEquals((await client.get("/api/memories?tag=batch")).json.total, 20);
  await press(undo);
  await page.until(noticed("Undone"));
  assertEquals((await client.get("/api/memories?tag=batch")).json.total, 0);
  assertEquals((await client.get("/api/memories?tag=odd")).json.total, 12);
  await press({ name: "Delete", within: ".bulk" });
  await page.until(`${noticed("Deleted 20 memories")} && ${items(5)}`);
  await press({ name: "Trash", within: "#navigation" });
  await page.until(`location.pathname === "/trash" && document.querySelectorAll(".trashed").length === 20`);
  await press(inMain(/^Restore: Number 24/));
  await page.until(`document.querySelectorAll(".trashed").length === 19`);
  await press(inMain(/^Delete for good: Number 23/));
  await page.until(`document.querySelector("dialog") !== null`);
  await press(inDialog("Delete for good"));
  await page.until(`${closed} && document.querySelectorAll(".trashed").length === 18`);
  await press(inMain("Empty the trash"));
  await page.until(`document.querySelector("dialog") !== null`);
  await press(inDialog("Empty the trash"));
  await page.until(`${closed} && document.querySelectorAll(".trashed").length === 0`);
  assertEquals((await client.get("/api/memories")).json.total, 6);
});

flow("a tag is renamed, merged into another and taken off", async (served, press) => {
  const { page, client } = served;
  await client.store("First", { tags: ["alpha"] });
  await client.store("Second", { tags: ["beta", "alpha"] });
  await client.store("Third", { tags: ["gamma"] });
  await served.open("/tags");
  const rename = async (from: string, to: string) => {
    await press(inMain(`Rename the tag ${from}`));
    await page.until(
      `document.activeElement?.closest("dialog") !== null && document.activeElement.tagName === "INPUT"`,
    );
    await page.run("document.activeElement.select()");
    await page.type(to);
  };
  await rename("gamma", "beta");
  await page.until(`document.querySelector("dialog .banner")?.textContent.includes("on 1 memory")`);
  await press(inDialog("Save"));
  await page.until(`${closed} && document.querySelectorAll("tbody tr").length === 2`);
  await press(inMain("Delete the tag alpha"));
  await page.until(`document.querySelector("dialog") !== null`);
  await press(inDialog("Delete"));
  await page.until(`${closed} && document.querySelectorAll("tbody tr").length === 1`);
  assertEquals((await client.get("/api/tags")).json.tags, [{ tag: "beta", count: 2 }]);
});

flow("duplicates are merged after a preview, and taken apart again", async (served, press) => {
  const { page, client } = served, { duplicates } = await fill(client);
  await served.open("/review");
  await page.until(`document.querySelector(".side mark") !== null`);
  const group = duplicates.map((hash) => `.pair[data-group="${hash}"]`).join();
  await press({ name: "Merge 2", within: group });
  await page.until(`document.querySelector("dialog")?.textContent.includes("hours")`);
  await press(inDialog("Merge 2"));
  await page.until(`${closed} && ${noticed("Merged 1 memory")}`);
  const states = async () =>
    await Promise.all(duplicates.map(async (hash) => (await client.get(`/api/memories/${hash}`)).status));
  assertEquals((await states()).toSorted(), [200, 404]);
  await press(undo);
  await page.until(noticed("Undone"));
  assertEquals(await states(), [200, 200]);
  const tags = await Promise.all(duplicates.map(async (hash) => (await client.get(`/api/memories/${hash}`)).json.tags));
  assertEquals(tags, [["office"], ["hours"]]);
});

flow("a contradiction is decided, and undone", async (served, press) => {
  const { page, client } = served;
  await fill(client);
  await served.open("/review?show=contradictions");
  await page.until(`document.querySelector(".pair")?.textContent.includes("30 against 90")`);
  await press(inMain("The right one holds"));
  await page.until(`${noticed("replaced the older")} && document.querySelector(".pair") === null`);
  assertEquals((await client.get("/api/contradictions")).json.count, 0);
  await press(undo);
  await page.until(`document.querySelector(".pair") !== null`);
  await press(inMain("Both hold"));
  await page.until(`${noticed("Both are kept")} && document.querySelector(".pair") === null`);
});

flow("a handbook is uploaded and a line in it found", async (served, press) => {
  const { page, client } = served;
  await served.open("/documents");
  await inFolder(async (folder) => {
    const path = join(folder, "handbook.md");
    const lines = Array.from({ length: 200 }, (_, i) => `## Rule ${i}\n\nRule number ${i} is about topic ${i}.\n`);
    await Deno.writeTextFile(path, `${lines.join("\n")}\n## Holidays\n\nHolidays are asked for two weeks before.\n`);
    await page.chooseFiles("input[type=file]", [path]);
    await page.until(`document.querySelector(".documents .state.completed") !== null`);
  });
  await press(inMain("handbook.md"));
  await page.until(
    `location.pathname === "/document" && document.querySelectorAll(".chunks > li").length > 3 && ${SETTLED}`,
  );
  await press("main [type=search]");
  await page.type("when are holidays asked for");
  await page.press("Enter");
  await page.until(`document.querySelector(".chunks .content")?.textContent.includes("two weeks before")`);
  assertEquals(await page.run(`[...document.querySelectorAll("#navigation a")].length > 5`), true);
  await served.open("/tags");
  assertEquals(await page.run(`document.querySelectorAll("tbody tr").length`), 0);
  await served.open("/documents");
  await press(inMain("Remove handbook.md"));
  await page.until(`document.querySelector("dialog") !== null`);
  await press(inDialog("Remove"));
  await page.until(`${closed} && document.querySelector(".empty") !== null`);
  assertEquals((await client.get("/api/memories")).json.total, 0);
});

flow(
  "a conversation is found by its program, read, searched, forgotten and taken back",
  async (served, press, hand) => {
    const { page, client } = served, { turns, fact } = await fill(client);
    await client.store("Another talk", { conversation_id: "other", metadata: { source: "codex", project: "ferry" } });
    await served.open("/conversations");
    await page.until(`document.querySelectorAll(".conversation").length === 2`);
    await hand.choose({ name: "Program", within: "main" }, "claude-code");
    await page.until(
      `location.search === "?client=claude-code" && document.querySelectorAll(".conversation").length === 1`,
    );
    await press(inMain("Clear"));
    await page.until(`document.querySelectorAll(".conversation").length === 2 && ${SETTLED}`);
    await press(inMain("ferry"));
    await page.until(`location.search === "?project=ferry" && document.querySelectorAll(".conversation").length === 1`);
    await page.run("history.back()");
    await page.until(`document.querySelectorAll(".conversation").length === 2 && ${SETTLED}`);
    await press(inMain(/When do we ship/));
    await page.until(`location.pathname === "/conversation" && document.querySelectorAll(".turn").length === 3`);
    assertEquals(await served.text(".turn.assistant strong"), "Assistant");
    assertStringIncludes(await served.text(".facts"), "claude-code");
    await page.until(`document.querySelector(".came")?.textContent.includes("We ship on Fridays")`);
    await press({ name: "where it was said", within: ".came" });
    await page.until(`document.querySelector(".turn.asked")?.dataset.hash === ${JSON.stringify(turns[1])}`);
    await press(inMain("We ship on Fridays once the tests pass"));
    await page.until(`location.search === ${JSON.stringify(`?hash=${fact}`)} && ${SETTLED}`);
    await page.run("history.back()");
    await page.until(`location.pathname === "/conversation" && document.querySelectorAll(".turn").length === 3`);
    await press("main [type=search]");
    await page.type("tests pass");
    await page.press("Enter");
    await page.until(`location.search.includes("q=tests") && document.querySelector(".turn mark") !== null`);
    await press(inMain("Clear"));
    await page.until(`document.querySelectorAll(".turn").length === 3 && ${SETTLED}`);
    await press(inMain("Forget this conversation"));
    await page.until(`document.querySelector("dialog") !== null`);
    await press(inDialog("Forget this conversation"));
    await page.until(`${closed} && ${noticed("Deleted 3 memories")}`);
    assertEquals((await client.get("/api/memories?conversation_id=ship-talk")).json.total, 0);
    await press(undo);
    await page.until(noticed("Restored 3 memories"));
    assertEquals((await client.get("/api/memories?conversation_id=ship-talk")).json.total, 3);
  },
);

flow("an empty store shows how to begin, with a client's settings that are tested", async (served, press, hand) => {
  const { page } = served;
  served.client.health.listeners.set("MCP", { address: "http://127.0.0.1:8765", state: "open", since: 0 });
  await served.open("/");
  await page.until(`document.querySelector(".client pre") !== null`);
  assertStringIncludes(await served.text(".client pre"), "http://127.0.0.1:8765/mcp");
  await press(inMain("Test it"));
  await page.until(`/answers this page over MCP with \\d+ tools/.test(document.querySelector(".client").textContent)`);
  await press({ name: "Connect", within: "#navigation" });
  await page.until(`location.pathname === "/connect" && document.querySelector(".client pre") !== null`);
  await hand.choose(".client select", "codex");
  await page.until(`document.querySelector(".client pre").textContent.includes("[mcp_servers.unimem]")`);
  await press({ name: "Copy", within: ".client" });
  await page.until(noticed("Copied"));
  assertStringIncludes(await page.run("navigator.clipboard.readText()"), "http://127.0.0.1:8765/mcp");
});
