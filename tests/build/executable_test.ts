/**
 * The executable, as far as it can be tried without Deno's runtime for executables: the files that are embedded, laid
 * out in an empty folder, and nothing else to run the service from.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { APP, fileSet, MAIN } from "../../build/file_set.ts";
import { compile, type Layout, layOut, runFlags } from "../../build/layout.ts";
import { TARGETS, thisMachine } from "../../build/targets.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from "../../src/storage/sqlite/migrations.ts";
import { VERSION } from "../../src/version.ts";
import { readEmbedded } from "./embedded.ts";
import { fixture } from "../documents/helpers.ts";
import { type Running, running, testEnvironment, until, within } from "../helpers/process.ts";

/** Most bytes of an executable. */
const LIMIT = 260e6;
const MACHINE = thisMachine();
const ELSEWHERE = MACHINE === undefined;

/** A laid out program and a folder for its data. */
interface Place {
  layout: Layout;
  data: string;
}

/** The program is laid out once for all tests, which only read it. */
let laidOut: Promise<Layout> | undefined;

async function layOutOnce(): Promise<Layout> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-executable-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return await layOut(await fileSet(TARGETS[MACHINE!]!), join(folder, "program"));
}

async function inLayout(body: (place: Place) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "unimem-data-" });
  try {
    await body({ layout: await (laidOut ??= layOutOnce()), data });
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

/** Runs the laid out program. It may read itself and its data, write its data, and reach this machine alone. */
async function spawn({ layout, data }: Place, args: string[], env: Record<string, string> = {}) {
  const program = join(layout.app, "..");
  const engine = (await runFlags(TARGETS[MACHINE!]!)).filter((flag) => !/^--(allow-(?!run)|no-)/.test(flag));
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--cached-only", "--no-remote", "--no-prompt", "--config", join(layout.app, "deno.json")],
      ...engine,
      ...["--allow-net=127.0.0.1", "--allow-env", "--allow-sys", `--allow-ffi=${program}`],
      ...[`--allow-read=${program},${data}`, `--allow-write=${data}`],
      join(layout.app, MAIN),
      ...args,
    ],
    cwd: data,
    env: { ...testEnvironment(data), HOME: data, DENO_DIR: layout.denoDir, ...env },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(place: Place, args: string[]): Promise<string> {
  const { code, stdout, stderr } = await within((await spawn(place, args)).output(), args.join(" "));
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

async function serving(place: Place, body: (service: Running) => Promise<void>): Promise<void> {
  const child = await spawn(place, ["unified"]);
  const silent = child.stdout.cancel();
  await using service = await running(child, "unified");
  await body(service);
  service.kill("SIGTERM");
  assertEquals(await service.exit(), 0, service.log());
  await silent;
  assertEquals(/error|denied|requires/i.test(service.log()), false, service.log());
}

async function ask(base: string, path: string, body?: unknown) {
  const form = body instanceof FormData;
  const response = await fetch(base + path, {
    ...(body === undefined ? {} : { method: "POST", body: form ? body : JSON.stringify(body) }),
    ...(body === undefined || form ? {} : { headers: { "content-type": "application/json" } }),
  });
  const answer = await response.json();
  assertEquals(response.status, 200, JSON.stringify(answer));
  return answer;
}

const modelReady = ({ http }: Running) =>
  until(() => ask(http, "/api/health"), ({ embedding }) => embedding.state === "ready", "the model");

const first = (answer: { results: { memory: { content: string } }[] }) => answer.results[0]?.memory.content;

Deno.test({
  name: "the embedded files alone run the service: REST, MCP, meaning, documents and commands",
  ignore: ELSEWHERE,
  fn: () =>
    inLayout(async (place) => {
      assertEquals(await run(place, ["version"]), VERSION);
      await serving(place, async (service) => {
        const { http, mcp } = service;
        await modelReady(service);
        await ask(http, "/api/memories", { content: "Kiran prefers the blue logo for the launch page." });
        await ask(http, "/api/memories", { content: "Invoices are kept in PostgreSQL." });
        const meant = await ask(http, "/api/search", { query: "favourite colour of the emblem", mode: "semantic" });
        assertStringIncludes(first(meant)!, "blue logo");

        const client = new Client({ name: "test", version: "1" });
        await within(client.connect(new StreamableHTTPClientTransport(new URL(`${mcp}/mcp`)) as Transport), "MCP");
        const found = await client.callTool({ name: "retrieve_memory", arguments: { query: "which database?" } });
        assertStringIncludes(JSON.stringify(found.structuredContent), "PostgreSQL");
        await client.close();

        const form = new FormData();
        form.append("file", new File([await fixture("three-pages.pdf")], "manual.pdf"));
        const { upload_id } = await ask(http, "/api/documents/upload", form);
        const done = await until(
          () => ask(http, `/api/documents/status/${upload_id}`),
          ({ completed_at }) => completed_at !== null,
          "the document",
        );
        assertEquals([done.status, done.chunks_stored], ["completed", 3]);
        for (const page of ["/", "/docs", "/web/app.js"]) {
          const response = await fetch(http + page);
          assertEquals(response.status, 200, page);
          assert((await response.text()).length > 100, page);
        }
      });
      assertStringIncludes(await run(place, ["search", "who leads the edge team"]), "Lin leads the edge team");
    }),
});

Deno.test({
  name: "the embedded files hold what is loaded on first use: transformers.js, importers",
  ignore: ELSEWHERE,
  fn: () =>
    inLayout(async (place) => {
      const { layout, data } = place;
      const modules = ["@huggingface/transformers", "fflate", "htmlparser2"];
      const script = join(layout.app, "probe.ts");
      await Deno.writeTextFile(script, modules.map((name) => `await import(${JSON.stringify(name)});`).join("\n"));
      const { code, stderr } = await within(
        new Deno.Command(Deno.execPath(), {
          args: ["run", "--cached-only", "--no-remote", "--no-prompt", "--allow-env", "--allow-sys"]
            .concat([`--allow-ffi=${layout.denoDir}`, `--allow-read=${join(layout.app, "..")}`, script]),
          cwd: data,
          env: { ...testEnvironment(data), DENO_DIR: layout.denoDir },
          clearEnv: true,
          stdout: "null",
          stderr: "piped",
        }).output(),
        "the packages to load",
      );
      await Deno.remove(script);
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      await Deno.writeTextFile(join(data, "notes.md"), "# Notes\n\nThe deploy window is Thursday.\n");
      await run(place, ["import", "--from", "markdown", join(data, "notes.md")]);
      assertStringIncludes(await run(place, ["list"]), "Thursday");
    }),
});

Deno.test({
  name: "a store of the oldest schema is brought up to date, and a later start finds all of it",
  ignore: ELSEWHERE,
  fn: () =>
    inLayout(async (place) => {
      const content = "Written by an older version.", path = join(place.data, "unimem.db");
      {
        using database = new DatabaseSync(path);
        database.exec(MIGRATIONS[0]!);
        database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
        database.prepare(
          "INSERT INTO memories (content_hash, content, tags, metadata, created_at, updated_at, revision) " +
            "VALUES (?, ?, '[]', '{}', 1, 1, 1)",
        ).run(contentHash(content), content);
      }
      for (const start of ["first", "later"]) {
        await serving(place, async (service) => {
          await modelReady(service);
          const found = await until(
            () => ask(service.http, "/api/search", { query: "who wrote this with a former release?" }),
            (answer) => first(answer) === content,
            `the old memory at the ${start} start`,
          );
          assertEquals(found.results.length, 1);
        });
      }
      using database = new DatabaseSync(path, { readOnly: true });
      assertEquals(database.prepare("PRAGMA user_version").get()!.user_version, SCHEMA_VERSION);
    }),
});

Deno.test({
  name: "deno compile embeds exactly these files, and the executable stays within 260 MB",
  ignore: ELSEWHERE,
  fn: () =>
    inLayout(async ({ layout, data }) => {
      const target = TARGETS[MACHINE!]!, files = await fileSet(target), output = join(data, "unimem");
      // Deno itself stands in for its smaller runtime, which isn't needed to see what is embedded: an upper bound.
      await compile(layout, files, target, output, Deno.execPath());
      const { sizes, metadata } = await readEmbedded(output);
      const place = (path: string) =>
        path.startsWith(".deno_compile_node_modules/localhost/")
          ? path.replace(".deno_compile_node_modules/localhost", "deno_dir/npm/registry.npmjs.org")
          : `${APP}/${path}`;
      const embedded = new Set([...sizes.keys()].map(place)), wanted = new Set(files.files.map((file) => file.place));
      assertEquals([...wanted.difference(embedded)], [], "left out");
      assertEquals([...embedded.difference(wanted)], [], "embedded besides");
      for (const [path, size] of sizes) {
        assertEquals(size, (await Deno.stat(join(layout.app, "..", place(path)))).size, path);
      }
      const { size } = await Deno.stat(output);
      assert(size < LIMIT, `${size} bytes`);
      assertEquals(metadata.permissions.allow_net, []);
      assertEquals(metadata.permissions.allow_run, Deno.build.os === "linux" ? ["/proc/self/exe"] : []);
      assert(typeof metadata.self_extracting === "string");
    }),
});

Deno.test("each target has its own libraries and no other's", async () => {
  for (const [name, target] of Object.entries(TARGETS)) {
    const { files } = await fileSet(target), places = files.map(({ place }) => place);
    const libraries = places.filter((place) => /\.(node|dll|dylib|so(\.\d+)*)$/.test(place));
    assertEquals(
      libraries.map((place) => place.split("/napi-v6/")[1]).sort(),
      target.libraries.map((library) => `${target.folder}/${library}`).sort(),
      name,
    );
    assert(places.includes(`${APP}/models/all-MiniLM-L6-v2/onnx/model_quantized.onnx`));
    const sizes = await Promise.all(files.map(async ({ source }) => (await Deno.stat(source)).size));
    assert(sizes.reduce((sum, size) => sum + size) < 100e6, name);
  }
});
