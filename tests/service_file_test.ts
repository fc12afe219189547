/** How commands and hooks find a running service. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { findService, readServiceFile, serviceFileOf } from "../src/operations/service_file.ts";
import { inFolder } from "./helpers/folder.ts";
import { start, testEnvironment } from "./helpers/process.ts";

const stats = (url: string, token?: string) =>
  fetch(`${url}/api/memories`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

Deno.test("a service is found by its file, whose token stands for the machine's user while it runs", () =>
  inFolder(async (folder) => {
    const key = "a-key-that-is-long-enough";
    let url = "", token = "";
    {
      await using service = await start("unified", testEnvironment(folder, { MCP_API_KEY: key }));
      const found = await findService(folder);
      if (found === null) throw new Error("The service was not found");
      ({ url, token } = found);
      assertEquals([url, found.pid], [service.http, service.pid]);
      if (Deno.build.os !== "windows") assertEquals((await Deno.stat(serviceFileOf(folder))).mode! & 0o777, 0o600);
      const statuses = [];
      for (const given of [token, key, `${token}x`, undefined]) {
        const answer = await stats(url, given);
        await answer.body?.cancel();
        statuses.push(answer.status);
      }
      assertEquals(statuses, [200, 200, 401, 401]);
      const stored = await fetch(`${url}/api/memories`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ content: "Told by a command" }),
      });
      assertEquals(stored.status, 200);
      await stored.body?.cancel();
      service.kill("SIGTERM");
      assertEquals(await service.exit(), 0);
    }
    assertEquals([await readServiceFile(folder), await findService(folder)], [null, null]);
    {
      await using service = await start("unified", testEnvironment(folder, { MCP_API_KEY: key }));
      service.kill("SIGKILL");
      await service.exit();
      assert(await readServiceFile(folder) !== null, "a killed service leaves its file");
      assertEquals(await findService(folder), null);
    }
    await using service = await start("unified", testEnvironment(folder, { MCP_API_KEY: key }));
    const next = await findService(folder);
    assertEquals([next?.url, next?.token === token], [service.http, false]);
  }));

Deno.test("a damaged file names no service", () =>
  inFolder(async (folder) => {
    for (const text of ["", "{", "{}", '{"pid":1,"url":"nothing","token":"a","started_at":"","version":"1"}']) {
      await Deno.writeTextFile(serviceFileOf(folder), text, { mode: 0o600 });
      assertEquals(await findService(folder), null, text);
    }
  }));

Deno.test("a file that another user may have put there names no service, nor does a link or a pipe", {
  ignore: Deno.build.os === "windows",
}, () =>
  inFolder(async (folder) => {
    const path = serviceFileOf(folder), other = join(folder, "planted.json");
    const text = JSON.stringify({ pid: 1, url: "http://127.0.0.1:1", token: "a", started_at: "", version: "1" });
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    assert(await readServiceFile(folder) !== null);
    for (const mode of [0o644, 0o660, 0o602]) {
      await Deno.chmod(path, mode);
      assertEquals(await readServiceFile(folder), null, mode.toString(8));
    }
    await Deno.remove(path);
    await Deno.writeTextFile(other, text, { mode: 0o600 });
    await Deno.symlink(other, path);
    assertEquals(await readServiceFile(folder), null);
    await Deno.remove(path);
    assert((await new Deno.Command("mkfifo", { args: ["-m", "600", path] }).output()).success);
    assertEquals(await readServiceFile(folder), null);
  }));
