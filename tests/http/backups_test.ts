/** Backups over REST: made, listed, checked and downloaded, by those alone who may do everything in all spaces. */

import { openClient } from "./client.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { keyedService } from "../access/service.ts";
import { openStorage } from "../../src/storage/factory.ts";

Deno.test("a backup is made, listed, checked and downloaded, and what is downloaded holds every space", async () => {
  await using client = await openClient();
  assertEquals((await client.get("/api/backups")).json, {
    backups: [],
    folder: `${client.folder}/backups`,
    interval_hours: null,
    keep: 7,
    running: null,
    last_failure: null,
  });
  const hash = await client.store("Kept in default");
  await client.send("POST", "/api/memories", { content: "Kept in team" }, { "X-Unimem-Space": "team" });
  const { status, json: made } = await client.send("POST", "/api/backups");
  assertEquals(status, 200, JSON.stringify(made));
  assertMatch(made.name, /^unimem-\d{8}T\d{6}\.\d{3}Z\.db$/);
  assertEquals([made.format, made.memories, made.trashed, made.relations], ["db", 2, 0, 0]);
  const { json: listed } = await client.get("/api/backups");
  assertEquals([listed.backups, listed.running], [[made], null]);
  const { json: checked } = await client.send("POST", `/api/backups/${made.name}/verify`);
  assertEquals([checked.sound, checked.checksum], [true, "matches"], checked.message);
  assertStringIncludes(checked.message, "2 memories");

  const head = await client.app.request(`/api/backups/${made.name}`, { method: "HEAD" });
  assertEquals([head.status, head.headers.get("content-length"), await head.text()], [200, String(made.bytes), ""]);
  const response = await client.app.request(`/api/backups/${made.name}`);
  assertEquals(response.headers.get("content-disposition"), `attachment; filename="${made.name}"`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  assertEquals(bytes.length, made.bytes);
  await Deno.writeFile(`${client.folder}/restored.db`, bytes);
  const storage = await openStorage({ backend: "sqlite", path: `${client.folder}/restored.db` });
  try {
    assertEquals((await storage.getByHash([hash]))[0]?.content, "Kept in default");
    assertEquals((await storage.stats()).total_memories, 2);
  } finally {
    await storage.close();
  }
});

Deno.test("a changed backup is told from a sound one, and one without its file beside it from both", async () => {
  await using client = await openClient();
  await client.store("There");
  const { json: { name } } = await client.send("POST", "/api/backups"), path = `${client.folder}/backups/${name}`;
  await Deno.remove(`${path}.json`);
  const { json: bare } = await client.send("POST", `/api/backups/${name}/verify`);
  assertEquals([bare.sound, bare.checksum], [true, "missing"]);
  assertEquals((await client.get("/api/backups")).json.backups[0].memories, null);
  await Deno.writeFile(path, new Uint8Array(5000).fill(7));
  const { status, json: broken } = await client.send("POST", `/api/backups/${name}/verify`);
  assertEquals([status, broken.sound, broken.checksum], [200, false, null], broken.message);
});

Deno.test("only backups of the folder are read, whatever stands in the path", async () => {
  await using client = await openClient();
  await client.send("POST", "/api/backups");
  await Deno.writeTextFile(`${client.folder}/backups/notes.txt`, "private");
  await Deno.writeTextFile(`${client.folder}/secret`, "private");
  await Deno.symlink(`${client.folder}/secret`, `${client.folder}/backups/unimem-20260101T000000.000Z.db`);
  const names = [
    "notes.txt",
    ".lock",
    "..%2Fmemories.db",
    "%2E%2E%2Fsecret",
    encodeURIComponent(`${client.folder}/memories.db`),
    "unimem-20260101T000000.000Z.db",
    "unimem-20260101T000000.000Z.db.json",
    "latest",
    "%00",
  ];
  for (const name of names) {
    for (const [method, more] of [["GET", ""], ["POST", "/verify"]] as const) {
      const { status, text } = await client.send(method, `/api/backups/${name}${more}`);
      assertEquals(status, 404, `${method} ${name}: ${text.slice(0, 80)}`);
      assert(!text.includes("private"), name);
    }
  }
});

Deno.test("who may not do everything in all spaces learns nothing of backups", async () => {
  await using service = await keyedService();
  const { token: all } = await service.key({ rights: "admin", write: "all" });
  const { token: one } = await service.key({ rights: "admin", write: ["team"] });
  const { json: { name } } = await service.rest(all, "POST", "/api/backups");
  for (const [method, path] of [["GET", ""], ["POST", ""], ["GET", `/${name}`], ["POST", `/${name}/verify`]] as const) {
    assertEquals((await service.rest(one, method, `/api/backups${path}`)).status, 403, `${method} ${path}`);
  }
  service.runtime.audit.flush();
  const { json: { entries } } = await service.rest(all, "GET", "/api/audit?limit=20");
  const made = entries.find(({ action, outcome }: { action: string; outcome: string }) =>
    action === "makeBackup" && outcome === "ok"
  );
  assertEquals(made.detail, name);
});
