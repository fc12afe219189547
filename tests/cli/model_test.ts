import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openStorage } from "../../src/storage/factory.ts";
import { type Running, start, testEnvironment, until } from "../helpers/process.ts";
import { QDRANT_BIN, startQdrant } from "../helpers/qdrant.ts";
import { testRuntime } from "../helpers/runtime.ts";
import { inFolder, unimemIn } from "./command.ts";

const BUNDLED = new URL("../../models/all-MiniLM-L6-v2/", import.meta.url);
const MULTILINGUAL = "intfloat/multilingual-e5-small";

/** Puts the bundled model's files into a folder: under another name they are another model. */
async function copyModel(folder: string): Promise<string> {
  await Deno.mkdir(`${folder}/onnx`, { recursive: true });
  for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model_quantized.onnx"]) {
    await Deno.copyFile(new URL(file, BUNDLED), `${folder}/${file}`);
  }
  return folder;
}

// deno-lint-ignore no-explicit-any -- answers of any route
type Json = any;

async function jsonOf(env: Record<string, string>, ...args: string[]): Promise<Json> {
  const { code, out, err } = await unimemIn(env, ...args, "--json");
  assertEquals(code, 0, `${args.join(" ")}: ${out}${err}`);
  return JSON.parse(out);
}

async function ask(service: Running, method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await fetch(`${service.http}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, ...await answer.json() };
}

const TEXTS = ["The boat lies in the bay", "Dinner is at eight", "Ada keeps bees on the roof"];

/** The stores that every test goes over. */
const STORES = [
  { backend: "SQLite", ignore: false, open: () => Promise.resolve({ env: {}, close: () => Promise.resolve() }) },
  {
    backend: "Qdrant",
    ignore: QDRANT_BIN === undefined,
    open: async () => {
      const server = await startQdrant();
      return { env: { MCP_QDRANT_URL: server.url }, close: () => server[Symbol.asyncDispose]() };
    },
  },
];

for (const { backend, ignore, open } of STORES) {
  Deno.test({
    name: `a running service follows the model that was chosen, and the next one too (${backend})`,
    ignore,
    fn: () =>
      inFolder(async (folder) => {
        const { env: where, close } = await open();
        try {
          const model = await copyModel(`${folder}/multilingual-tiny`);
          const env = testEnvironment(folder, { ...where, MCP_BACKGROUND_LEASE_SECONDS: "2" });
          const served = (service: Running) =>
            until(
              async () => (await ask(service, "GET", "/api/health/detailed")).embedding,
              ({ model: now, coverage }) => now === model && coverage.embedded === TEXTS.length,
              "the service to serve the chosen model",
            );
          {
            await using service = await start("http", env);
            for (const content of TEXTS) await ask(service, "POST", "/api/memories", { content });
            await until(
              async () => (await ask(service, "GET", "/api/health/detailed")).embedding.coverage,
              ({ embedded }) => embedded === TEXTS.length,
              "the first vectors",
            );
            const before = await jsonOf(env, "model");
            assertEquals([before.model, before.chosen_by, before.serving], [
              "all-MiniLM-L6-v2",
              "default",
              "all-MiniLM-L6-v2",
            ]);

            const changed = await jsonOf(env, "model", model);
            assertEquals(changed.model, model);
            await served(service);
            const found = await ask(service, "POST", "/api/search", { query: "boat", mode: "semantic" });
            assertEquals([found.status, found.results.length, found.notice], [200, TEXTS.length, null]);
            const { content_hash } = await ask(service, "POST", "/api/memories", { content: "Another one" });
            await ask(service, "DELETE", `/api/memories/${content_hash}`);
            service.kill("SIGTERM");
            assertEquals(await service.exit(), 0);
          }
          const after = await jsonOf(env, "model");
          assertEquals([after.model, after.chosen_by, after.serving, after.languages, after.embedded], [
            model,
            "store",
            model,
            "some hundred languages",
            TEXTS.length,
          ]);
          await using service = await start("http", env);
          await served(service);
          // A command searches with it too.
          const byCommand = await jsonOf(env, "search", "boat", "--mode", "semantic");
          assertEquals([byCommand.results.length, byCommand.notice], [TEXTS.length, null]);

          assertEquals((await jsonOf(env, "model", "default")).model, "all-MiniLM-L6-v2");
          await until(
            async () => (await ask(service, "GET", "/api/health/detailed")).embedding,
            ({ model: now, coverage }) => now === "all-MiniLM-L6-v2" && coverage.embedded === TEXTS.length,
            "the service to serve the default model again",
          );
          assertEquals((await jsonOf(env, "model")).chosen_by, "default");
        } finally {
          await close();
        }
      }),
  });
}

Deno.test("`multilingual` is E5 with its prefixes, is made by the command where no service runs, and is kept in a backup", () =>
  inFolder(async (folder) => {
    await copyModel(`${folder}/models/${MULTILINGUAL}`); // as if it had been downloaded
    const env = testEnvironment(folder, { HF_HUB_OFFLINE: "1", MCP_BACKGROUND_LEASE_SECONDS: "2" });
    for (const content of TEXTS) await jsonOf(env, "store", content);
    assertEquals(await jsonOf(env, "model", "multilingual"), {
      model: MULTILINGUAL,
      memories: TEXTS.length,
      embedded: TEXTS.length,
      background: false,
    });
    await using test = await testRuntime();
    const { configured } = test.runtime.embeddings;
    const hashes = (await jsonOf(env, "list")).memories.map((memory: Json) => memory.content_hash);
    const contents = (await jsonOf(env, "list")).memories.map((memory: Json) => memory.content);
    const storage = await openStorage({ backend: "sqlite", path: `${folder}/unimem.db` });
    try {
      for (const [i, set] of (await storage.vectors(hashes)).entries()) {
        const [expected] = await configured.embedPassage(`passage: ${contents[i]}`);
        assert(cosine(set!.chunks[0]!, expected!) > 0.99, contents[i]);
      }
    } finally {
      await storage.close();
    }
    assertEquals((await jsonOf(env, "doctor")).checks.find(({ name }: Json) => name === "model").state, "ok");
    await jsonOf(env, "backup");
    await jsonOf(env, "model", "default");
    assertEquals((await jsonOf(env, "model")).model, "all-MiniLM-L6-v2");
    await jsonOf(env, "restore", "latest", "--replace");
    const restored = await jsonOf(env, "model");
    assertEquals([restored.model, restored.chosen_by], [MULTILINGUAL, "store"]);
    // A copy goes where its source goes.
    const other = `${folder}/other/unimem.db`;
    await Deno.mkdir(`${folder}/other`);
    await jsonOf(env, "copy", "--to", `sqlite:${other}`);
    assertEquals((await jsonOf({ ...env, SQLITEVEC_PATH: other }, "model")).model, MULTILINGUAL);
  }));

Deno.test("a model that can't be had changes nothing and says why", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder, { HF_HUB_OFFLINE: "1" });
    await jsonOf(env, "store", TEXTS[0]!);
    const names = { multilingual: MULTILINGUAL, "./none": `${folder}/none`, "what is this?": "what is this?" };
    for (const [name, named] of Object.entries(names)) {
      const refused = await unimemIn(env, "model", name, "--json");
      assertEquals(refused.code, 2, name);
      const { message } = JSON.parse(refused.err).error;
      assertStringIncludes(message, "nothing was changed");
      if (name !== "./none") assertStringIncludes(message, named);
      assert(!message.includes("MCP_MEMORY_EMBEDDING_MODEL"), message);
    }
    assertEquals((await jsonOf(env, "model")).chosen_by, "default");
  }));

Deno.test("a setting that names the model comes first, and is named", () =>
  inFolder(async (folder) => {
    const model = await copyModel(`${folder}/tiny`);
    await jsonOf(testEnvironment(folder), "store", TEXTS[0]!);
    const environment = testEnvironment(folder, { MCP_MEMORY_EMBEDDING_MODEL: "all-MiniLM-L6-v2" });
    const refused = await unimemIn(environment, "model", model);
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.err, "MCP_MEMORY_EMBEDDING_MODEL is set in the environment");
    assertEquals((await jsonOf(environment, "model")).chosen_by, "MCP_MEMORY_EMBEDDING_MODEL");
    assertEquals((await jsonOf(testEnvironment(folder), "model")).chosen_by, "default");

    const remote = testEnvironment(folder, {
      MCP_EMBEDDING_URL: "http://127.0.0.1:1/v1",
      MCP_MEMORY_EMBEDDING_MODEL: "far",
    });
    const also = await unimemIn(remote, "model", "multilingual");
    assertEquals(also.code, 1);
    assertStringIncludes(also.err, "MCP_EMBEDDING_URL is set in the environment");

    await Deno.writeTextFile(`${folder}/.env`, "MCP_MEMORY_EMBEDDING_MODEL=all-MiniLM-L6-v2\n");
    const byFile = await unimemIn(testEnvironment(folder), "model", "default");
    assertEquals(byFile.code, 1);
    assertStringIncludes(byFile.err, `${folder}/.env`);

    // What was chosen before counts again once the setting is gone, and not while it is there.
    await Deno.remove(`${folder}/.env`);
    assertEquals((await jsonOf(testEnvironment(folder), "model", model)).embedded, 1);
    const set = await jsonOf(environment, "model");
    assertEquals([set.model, set.serving], ["all-MiniLM-L6-v2", model]);
  }));

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
