/** How commands and hooks find a running service. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { runHook } from "../src/hooks/hook.ts";
import {
  CHALLENGE_HEADER,
  findService,
  PROOF_HEADER,
  proofOf,
  readServiceFile,
  serviceFileOf,
} from "../src/operations/service_file.ts";
import { unimem } from "./cli/command.ts";
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

Deno.test("a program that has a killed service's port by now gets no token, of commands or of hooks", () =>
  inFolder(async (folder) => {
    const sent: string[] = [];
    // It says what a living service says, and repeats whatever it is asked.
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const headers = [...request.headers];
      sent.push(`${request.method} ${request.url} ${JSON.stringify(headers)} ${await request.text()}`);
      const echo = Object.fromEntries(headers.filter(([name]) => name.startsWith("x-unimem")));
      const proof = request.headers.get(CHALLENGE_HEADER) ?? "";
      return Response.json({ status: "healthy", kind: "local" }, { headers: { ...echo, [PROOF_HEADER]: proof } });
    });
    const token = "um_local_of-one-that-was-killed", url = `http://127.0.0.1:${server.addr.port}`;
    const file = { pid: 1, url, token, started_at: "2026-01-01T00:00:00Z", version: "1" };
    await Deno.writeTextFile(serviceFileOf(folder), JSON.stringify(file), { mode: 0o600 });
    assertEquals(await findService(folder), null);
    const { code, out } = await unimem(folder, "store", "Of this folder alone");
    assertEquals(code, 0, out);
    const event = { hook_event_name: "UserPromptSubmit", session_id: "s", cwd: folder, prompt: "What is secret here?" };
    const hook = { client: "claude-code", event: null, dataFolder: folder, cwd: folder } as const;
    assertEquals(await runHook({ ...hook, input: JSON.stringify(event), budgetMs: performance.now() + 60_000 }), "");
    assert(sent.length >= 3, sent.join("\n"));
    for (const request of sent) {
      assert(!/authorization|um_local|secret|Of this folder/i.test(request), request);
    }
  }));

Deno.test("a service proves to know its token, and to none that doesn't ask for it", () =>
  inFolder(async (folder) => {
    await using service = await start("unified", testEnvironment(folder));
    const { token } = (await findService(folder))!;
    const ask = async (path: string, challenge?: string) => {
      const headers = challenge === undefined ? {} : { [CHALLENGE_HEADER]: challenge };
      const answer = await fetch(`${service.http}${path}`, { headers });
      await answer.body?.cancel();
      return answer.headers.get(PROOF_HEADER);
    };
    assertEquals(await ask("/api/health", "one"), await proofOf(token, "one"));
    assertEquals(await ask("/api/health", "two"), await proofOf(token, "two"));
    assertEquals([await ask("/api/health"), await ask("/api/health/ready", "one")], [null, null]);
    assertEquals((await ask("/api/health", "x".repeat(5000)))?.length, 64);
  }));
