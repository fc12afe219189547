/** Commands beside a running service, with one on another machine, and without any. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { serviceFileOf } from "../../src/operations/service_file.ts";
import { inFolder } from "../helpers/folder.ts";
import { type Running, spawn, start, testEnvironment, until } from "../helpers/process.ts";
import { ended, json, unimem, unimemIn } from "./command.ts";

const KEY = "a-key-that-is-long-enough";

/** Requests that the service answered, by operation, as its metrics count them. */
async function answered({ http }: Running, operation: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`, { headers: { authorization: `Bearer ${KEY}` } })).text();
  const lines = text.split("\n").filter((line) => line.includes(`"${operation}"`) && /_count|_total/.test(line));
  return lines.reduce((most, line) => Math.max(most, Number(line.split(" ").at(-1))), 0);
}

Deno.test("commands run in the service of their data folder, whose answers and errors are those of the store itself", () =>
  inFolder(async (folder) => {
    const alone = await json(folder, "store", "Staging runs PostgreSQL 16", "--tag", "infra");
    const wrong = ["get 0000000000", "list --limit 1000", "search x --min-score 7", "delete 0000000000"];
    const results = async () => {
      const all = [];
      for (const text of wrong) all.push(await unimem(folder, ...text.split(" "), "--json"));
      return all;
    };
    const before = await results(), listed = await json(folder, "list");
    await using service = await start(
      "unified",
      testEnvironment(folder, { MCP_API_KEY: KEY, MCP_METRICS_ENABLED: "true" }),
    );
    const beside = await json(folder, "list");
    assertEquals(beside, listed);
    assertEquals(await results(), before);
    assertEquals(beside.memories[0].content_hash, alone.content_hash);
    assert(await answered(service, "listMemories") >= 1, "the service answered");
    const { out } = await unimem(folder, "search", "which database does staging use?");
    assertStringIncludes(out, alone.content_hash.slice(0, 10));
    const edited = await json(folder, "edit", alone.content_hash.slice(0, 10), "Staging runs PostgreSQL 17");
    const { superseded_by } = await json(folder, "get", alone.content_hash);
    assertEquals(superseded_by, edited.content_hash);
    assertEquals((await json(folder, "get", edited.content_hash)).tags, ["infra"]);
    assertEquals(JSON.parse((await unimem(folder, "open", "--json")).out).url, `${service.http}/`);
  }));

Deno.test("what a service that was killed left behind leads nowhere else", () =>
  inFolder(async (root) => {
    const [mine, other] = [`${root}/mine`, `${root}/other`];
    await json(mine, "store", "Mine alone");
    // Open, as a service without keys is: it takes any token.
    await using service = await start("unified", testEnvironment(other));
    const file = JSON.parse(await Deno.readTextFile(serviceFileOf(other)));
    delete file.store;
    await Deno.writeTextFile(serviceFileOf(mine), JSON.stringify({ ...file, token: "um_local_of-one-that-ended" }));
    assertEquals((await json(mine, "list")).total, 1);
    // Another store in the same folder has no service of its own.
    const env = testEnvironment(other, { SQLITEVEC_PATH: `${other}/second.db` });
    assertEquals((await unimemIn(env, "store", "In the second")).code, 0);
    assertEquals((await json(other, "list")).total, 0);
    assert(service.http !== "");
  }));

Deno.test("--server works with a service elsewhere, by a key of the environment or of login", () =>
  inFolder(async (root) => {
    const [there, here] = [`${root}/there`, `${root}/here`];
    await using service = await start("unified", testEnvironment(there, { MCP_API_KEY: KEY }));
    const at = ["--server", service.http];
    const refused = await unimem(here, ...at, "list");
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.err, `unimem login ${service.http}`);
    const login = async (key: string) => {
      const child = await spawn(["login", `${service.http}/`], testEnvironment(here), {
        stdin: "piped",
        stdout: "piped",
      });
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(`${key}\n`));
      await writer.close();
      return await ended(child, "login");
    };
    assertEquals((await login("wrong")).code, 2);
    assertEquals(await Deno.stat(`${here}/logins.json`).catch(() => null), null);
    assertEquals((await login(KEY)).code, 0);
    if (Deno.build.os !== "windows") assertEquals((await Deno.stat(`${here}/logins.json`)).mode! & 0o777, 0o600);
    assertEquals((await unimem(here, ...at, "store", "From elsewhere")).code, 0);
    assertEquals((await unimem(here, "logout", service.http)).code, 0);
    assertEquals((await unimem(here, ...at, "list")).code, 2);
    const env = testEnvironment(here, { UNIMEM_SERVER: service.http, UNIMEM_API_KEY: KEY });
    assertEquals(JSON.parse((await unimemIn(env, "list", "--json")).out).total, 1);
    const reembed = await unimemIn(env, "reembed");
    assertEquals(reembed.code, 2);
    assertStringIncludes(reembed.err, service.http);
    const away = await unimem(here, "--server", "http://127.0.0.1:9", "list");
    assertEquals(away.code, 3, away.err);
    // No store was made here meanwhile.
    assertEquals(await Deno.stat(`${here}/unimem.db`).catch(() => null), null);
  }));

Deno.test("a look at a store that isn't there makes none", () =>
  inFolder(async (folder) => {
    const empty = `${folder}/none`;
    for (const args of [["list"], ["search", "x"], ["stats"]]) {
      const { code, out } = await unimem(empty, ...args);
      assertEquals(code, 0);
      assertStringIncludes(out, "There is no store yet");
    }
    assertEquals((await json(empty, "list")).total, 0);
    assertEquals((await json(empty, "stats")).total_memories, 0);
    for (const list of ["keys list", "grants list", "spaces list", "tags list", "trash list", "documents list"]) {
      assertEquals((await unimem(empty, ...list.split(" "))).code, 0, list);
    }
    for (const args of [["get", "0000000000"], ["optimize"], ["delete", "0000000000"]]) {
      const { code, err } = await unimem(empty, ...args);
      assertEquals(code, 1);
      assertStringIncludes(err, "There is no store yet");
    }
    assertEquals(await Deno.stat(empty).catch(() => null), null);
  }));

Deno.test("events are followed until Ctrl-C", () =>
  inFolder(async (folder) => {
    await using service = await start("unified", testEnvironment(folder, { MCP_API_KEY: KEY }));
    const child = await spawn(["events", "--type", "memory_stored", "--json"], testEnvironment(folder), {
      stdout: "piped",
    });
    let text = "";
    const reading = (async () => {
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) text += part;
    })();
    let count = 0;
    await until(async () => {
      await json(folder, "store", `Crane ${count++}`);
      return text;
    }, (text) =>
      text.includes("\n"), "an event");
    const [event] = text.split("\n").map((line) =>
      line && JSON.parse(line)
    );
    assertEquals(event.type, "memory_stored");
    assert(service.http !== "");
    child.kill("SIGINT");
    await reading;
    await child.stderr.cancel();
    await child.status;
  }));

Deno.test("documents are read into memories and removed, with a service and without", () =>
  inFolder(async (folder) => {
    const file = `${folder}/crane.md`;
    await Deno.writeTextFile(file, "# Crane\n\nThe harbour crane was repaired in March.\n");
    const round = async () => {
      const { uploads: [upload] } = await json(folder, "documents", "add", file, "--tag", "manuals");
      assertEquals([upload.status, upload.documents[0].filename], ["completed", "crane.md"]);
      assertEquals((await json(folder, "list", "--tag", "manuals")).total, upload.chunks_stored);
      assertEquals((await json(folder, "documents", "list")).uploads[0].upload_id, upload.upload_id);
      assertEquals(
        (await json(folder, "documents", "remove", upload.upload_id)).memories_deleted,
        upload.chunks_stored,
      );
    };
    await round();
    await using service = await start("unified", testEnvironment(folder));
    await round();
    assert(service.http !== "");
  }));

Deno.test("keys, spaces, grants, tags, the audit log and figures are those of the service, here and elsewhere", () =>
  inFolder(async (root) => {
    const [there, here] = [`${root}/there`, `${root}/here`];
    await json(there, "store", "A turn to confirm", "--tag", "old");
    await json(there, "store", "Another", "--tag", "scratch", "--conversation", "c1");
    const alone = await json(there, "stats");
    assertEquals(alone.service, null);
    await using service = await start("unified", testEnvironment(there, { MCP_API_KEY: KEY }));
    const elsewhere = testEnvironment(here, { UNIMEM_SERVER: service.http, UNIMEM_API_KEY: KEY });
    const remote = async (...args: string[]) => {
      const { code, out, err } = await unimemIn(elsewhere, ...args, "--json");
      assertEquals(code, 0, `${args.join(" ")}: ${err}`);
      return JSON.parse(out);
    };
    for (const run of [(...args: string[]) => json(there, ...args), remote]) {
      const { service: url, size_bytes, ...figures } = await run("stats");
      assertEquals(url, service.http);
      assert(size_bytes > 0);
      assertEquals([figures.total_memories, figures.backend, figures.details.path], [2, "sqlite", alone.details.path]);
      const { token } = await run("keys", "create", "laptop", "--rights", "read", "--expires", "30");
      assert(token.startsWith("um_"));
      assertEquals((await run("keys", "list")).keys[0].name, "laptop");
      await run("keys", "revoke", "laptop");
      await run("spaces", "create", "a");
      await run("spaces", "rename", "a", "b");
      assert((await run("spaces", "list")).spaces.some(({ name }: { name: string }) => name === "b"));
      await run("spaces", "delete", "b");
      assertEquals((await run("grants", "list")).grants, []);
      assertEquals((await run("tags", "rename", "old", "new", "--yes")).affected_count, 1);
      assertEquals((await run("tags", "rename", "new", "old", "--yes")).affected_count, 1);
      assertEquals((await run("conversations")).conversations[0].conversation_id, "c1");
      assertEquals((await run("candidates", "list")).count, 0);
      const { entries, folder } = await run("audit", "--action", "createKey", "--limit", "1");
      assertEquals([entries.length, folder], [1, `${there}/audit`]);
      await run("optimize");
      assertEquals((await run("delete", "--tag", "scratch", "--dry-run")).affected_count, 1);
      // Both say what was done in the service.
    }
    assert(await answered(service, "createKey") >= 2);
    const kept = await unimem(there, "delete", "--tag", "scratch");
    assertEquals([kept.code, (await json(there, "list")).total], [1, 2]);
    assertEquals((await remote("delete", "--tag", "scratch", "--yes")).affected_count, 1);
    assertEquals((await json(there, "list")).total, 1);
    assertEquals((await unimemIn(elsewhere, "audit", "verify")).code, 2);
    assertEquals(await Deno.stat(`${here}/unimem.db`).catch(() => null), null);
  }));

Deno.test("a candidate is kept in other words or dropped on the command line", () =>
  inFolder(async (folder) => {
    const turn = "User: We decided to use PostgreSQL 16 for staging. I always prefer tabs over spaces.";
    await json(folder, "store", turn, "--type", "turn", "--meta", "role=user", "--conversation", "c");
    const { candidates } = await json(folder, "candidates", "list");
    assert(candidates.length >= 1, JSON.stringify(candidates));
    const listed = await unimem(folder, "candidates", "list");
    assertStringIncludes(listed.out, candidates[0].id);
    const kept = await json(
      folder,
      "candidates",
      "keep",
      candidates[0].id,
      "--text",
      "Staging: PostgreSQL 16",
      "--tag",
      "x",
    );
    const memory = await json(folder, "get", kept.content_hash);
    assertEquals([memory.content, memory.tags], ["Staging: PostgreSQL 16", ["x"]]);
    const { candidates: left } = await json(folder, "candidates", "list");
    assertEquals(left.length, candidates.length - 1);
    for (const { id } of left) await json(folder, "candidates", "drop", id);
    assertEquals((await json(folder, "candidates", "list")).count, 0);
    assertEquals((await unimem(folder, "candidates", "drop", "nothing")).code, 1);
  }));
