/** The process that parses documents, beside a real service in each way of starting it. */

import { assert, assertEquals } from "@std/assert";
import { inFolder } from "./helpers/folder.ts";
import { type Running, running, start, testEnvironment, until, within } from "./helpers/process.ts";
import { canLookAtProcesses, commandLine, descendants, parsersOf, runs } from "./helpers/tree.ts";
import { pdfBombs } from "./hostile/documents.ts";
import { parseExposition } from "./telemetry/exposition.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const ignore = !canLookAtProcesses;

/** Uploads a file and gives the upload's id. */
async function upload(http: string, name: string, content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const form = new FormData();
  form.append("file", new File([content], name));
  const answer = await fetch(`${http}/api/documents/upload`, { method: "POST", body: form });
  const body = await answer.json();
  assertEquals(answer.status, 200, JSON.stringify(body));
  return body.upload_id;
}

const statusOf = async (http: string, id: string) => await (await fetch(`${http}/api/documents/status/${id}`)).json();

/** An upload's status once it is over. */
const finished = (http: string, id: string) =>
  until(() => statusOf(http, id), ({ completed_at }) => completed_at !== null, "the document");

/** Uploads a note and checks that it was stored. */
async function storesDocument(http: string): Promise<void> {
  const status = await finished(http, await upload(http, "note.md", "# Otters\n\nThe otter sleeps on its back.\n"));
  assertEquals([status.status, status.errors, status.chunks_stored], ["completed", [], 1]);
}

/** The process below a service that parses. */
async function parserOf({ pid }: { pid: number }): Promise<number> {
  const [found, ...others] = await until(() => parsersOf(pid), (all) => all.length > 0, "the process");
  assertEquals(others, []);
  return found!.pid;
}

/** A test of a service that has stored a document, and of the process that read it. */
function testBesideParser(name: string, body: (service: Running, parser: number) => Promise<void>): void {
  Deno.test({
    name,
    ignore,
    fn: () =>
      inFolder(async (folder) => {
        await using service = await start("unified", testEnvironment(folder));
        await storesDocument(service.http);
        await body(service, await parserOf(service));
      }),
  });
}

Deno.test({
  name: "a service starts no process before the first document, counts its memory, and ends it when it stops",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      await using service = await start("unified", testEnvironment(folder));
      const metrics = async () => parseExposition(await (await fetch(`${service.http}/metrics`)).text());
      assertEquals(await parsersOf(service.pid), []);
      assertEquals((await metrics()).sum("unimem_document_parser_bytes"), 0);
      await storesDocument(service.http);
      const parser = await parserOf(service);
      const { sum } = await metrics(), inside = sum("unimem_document_parser_bytes");
      assert(inside > 30e6, `${inside} bytes`);
      assert(sum("process_resident_memory_bytes") > inside + 30e6);
      service.kill("SIGTERM");
      assertEquals(await service.exit(), 0, service.log());
      assertEquals(await runs(parser), false);
    }),
});

Deno.test({
  name: "a killed service leaves no process behind, in the middle of a document or between two",
  ignore,
  fn: async () => {
    const bomb = (await pdfBombs(256)).get("chained")!;
    for (const isBusy of [true, false]) {
      await inFolder(async (folder) => {
        await using service = await start("unified", testEnvironment(folder));
        if (isBusy) await upload(service.http, "b.pdf", bomb);
        else await storesDocument(service.http);
        const parser = await parserOf(service);
        service.kill("SIGKILL");
        await service.exit();
        await until(() => runs(parser), (running) => !running, "the end of the process");
      });
    }
  },
});

Deno.test({
  name: "a service stops at once in the middle of a document, and names it",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      await using service = await start("unified", testEnvironment(folder));
      await upload(service.http, "b.pdf", (await pdfBombs(256)).get("chained")!);
      const parser = await parserOf(service);
      service.kill("SIGTERM");
      assertEquals(await service.exit(), 0, service.log());
      assertEquals(await runs(parser), false);
      assert(/ended early: stored nothing; not stored: b\.pdf/.test(service.log()), service.log());
    }),
});

testBesideParser(
  "while a process hangs the service answers, and once it is gone the next document is stored",
  async (service, parser) => {
    Deno.kill(parser, "SIGSTOP");
    const hanging = await upload(service.http, "hangs.txt", "words");
    await until(() => statusOf(service.http, hanging), ({ status }) => status === "processing", "its turn");
    for (let i = 0; i < 20; i++) {
      const answer = await within(fetch(`${service.http}/api/health`), "liveness");
      await answer.body?.cancel();
      assertEquals(answer.status, 200);
    }
    assertEquals((await statusOf(service.http, hanging)).status, "processing");
    const next = await upload(service.http, "next.txt", "The next one.");
    Deno.kill(parser, "SIGKILL");
    const failed = await finished(service.http, hanging);
    assertEquals([failed.status, failed.errors], ["failed", [
      'Cannot read "hangs.txt": its parser ended with SIGKILL',
    ]]);
    assertEquals((await finished(service.http, next)).status, "completed");
  },
);

testBesideParser("a process that doesn't end by itself is killed when the service stops", async (service, parser) => {
  Deno.kill(parser, "SIGSTOP");
  service.kill("SIGTERM");
  assertEquals(await service.exit(), 0, service.log());
  assertEquals(await runs(parser), false);
});

testBesideParser(
  "a signal to the whole group stops the service cleanly, whatever the process reads",
  async (service, parser) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.kill(parser, signal);
    await storesDocument(service.http);
    assertEquals(await parserOf(service), parser);
  },
);

Deno.test({
  name: "without the right to run its own binary a service says so in the upload's status, and does all else",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const env = testEnvironment(folder),
        child = new Deno.Command(Deno.execPath(), {
          args: ["run", "--quiet", "--no-prompt", "--config", `${ROOT}deno.json`]
            .concat(["--allow-net", "--allow-env", "--allow-sys", "--allow-read", "--allow-write", "--allow-ffi"])
            .concat([`${ROOT}src/main.ts`, "http"]),
          env,
          clearEnv: true,
          stderr: "piped",
        }).spawn();
      await using service = await running(child, "http");
      const status = await finished(service.http, await upload(service.http, "a.txt", "words"));
      assertEquals(status.errors.length, 1);
      assert(status.errors[0].includes(`may not run ${Deno.execPath()}`), status.errors[0]);
      const answer = await fetch(`${service.http}/api/health`);
      await answer.body?.cancel();
      assertEquals(answer.status, 200);
    }),
});

/** Ways to start a service whose Deno isn't the one on the PATH, or isn't there at all. */
const WAYS: Record<string, (folder: string) => Promise<{ path: string; command: string; args: string[] }>> = {
  "deno task": (folder) => Promise.resolve({ path: folder, command: Deno.execPath(), args: ["task", "--quiet"] }),
  // npx puts a script named deno on the PATH, which starts a binary that lies elsewhere.
  "npx, whose deno on the PATH is a script": async (folder) => {
    await Deno.writeTextFile(`${folder}/deno`, `#!/bin/sh\nexec "${Deno.execPath()}" "$@"\n`, { mode: 0o755 });
    return { path: folder, command: `${folder}/deno`, args: ["task", "--quiet"] };
  },
  "a link to Deno on the PATH": async (folder) => {
    await Deno.symlink(Deno.execPath(), `${folder}/deno`);
    return { path: folder, command: `${folder}/deno`, args: ["task", "--quiet"] };
  },
};

for (const [way, make] of Object.entries(WAYS)) {
  Deno.test({
    name: `started by ${way}, a service may run its own binary and nothing else, and stores documents`,
    ignore,
    fn: () =>
      inFolder(async (folder) => {
        const bin = `${folder}/bin`;
        await Deno.mkdir(bin);
        const { path, command, args } = await make(bin);
        const child = new Deno.Command(command, {
          args: [...args, "--cwd", ROOT, "unified"],
          env: { ...testEnvironment(folder), PATH: `${path}:/usr/bin:/bin` },
          clearEnv: true,
          cwd: folder,
          stdin: "null",
          stdout: "null",
          stderr: "piped",
        }).spawn();
        await using task = await running(child, "unified");
        await storesDocument(task.http);
        const own = await until(() => serviceOf(task), (pid) => pid !== null, "the service");
        const rights = (await commandLine(own!)).filter((word) => word.startsWith("--allow-run"));
        assertEquals(rights, ["--allow-run=/proc/self/exe"]);
        const parser = await parserOf({ pid: own! });
        task.kill("SIGTERM");
        await task.exit();
        await until(() => runs(parser), (running) => !running, "the end of the process");
      }),
  });
}

/** The process that serves, below the one that runs its task. */
async function serviceOf({ pid }: Running): Promise<number | null> {
  for (const below of [{ pid }, ...await descendants(pid)]) {
    const words = await commandLine(below.pid);
    if (words.includes("src/main.ts") && words.includes("run")) return below.pid;
  }
  return null;
}
