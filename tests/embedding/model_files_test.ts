import { assert, assertEquals, assertRejects } from "@std/assert";
import { createEmbeddingService, type LocalSettings } from "../../src/embedding/factory.ts";
import { placeOf, readModelFolder } from "../../src/embedding/model_files.ts";
import { MemoryError } from "../../src/errors.ts";

const MODEL = new URL("../../models/all-MiniLM-L6-v2/", import.meta.url);

function settingsOf(model: string, more: Partial<LocalSettings> = {}): LocalSettings {
  return {
    provider: "local",
    model,
    cacheFolder: "/nonexistent/cache",
    offline: true,
    threads: 1,
    cacheBytes: 0,
    queueLimit: 10,
    ...more,
  };
}

/** A copy of the bundled model, to break or to rename. */
async function withCopy(name: string, body: (folder: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "unimem-model-" });
  const folder = `${parent}/${name}`;
  try {
    await Deno.mkdir(`${folder}/onnx`, { recursive: true });
    for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model_quantized.onnx"]) {
      await Deno.copyFile(new URL(file, MODEL), `${folder}/${file}`);
    }
    await body(folder);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

/** The error loading ends with; it must be about configuration and name the setting. */
async function failureOf(settings: LocalSettings): Promise<string> {
  const service = createEmbeddingService(settings);
  try {
    const error = await assertRejects(() => service.ready(), MemoryError);
    assertEquals(error.code, "configuration", error.message);
    assert(error.message.includes("MCP_MEMORY_EMBEDDING_MODEL"), error.message);
    assertEquals(service.status.error, error.message);
    return error.message;
  } finally {
    await service.close();
  }
}

Deno.test("the bundled model is found under the names deployments know it by", async () => {
  for (const model of ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", "Xenova/all-MiniLM-L6-v2"]) {
    const place = await placeOf(settingsOf(model));
    assertEquals(place.kind, "bundled");
    const files = await readModelFolder(model, place);
    assertEquals([files.name, files.label, files.window, files.pooling], [
      "all-MiniLM-L6-v2",
      "all-MiniLM-L6-v2",
      256,
      "mean",
    ]);
  }
});

Deno.test("a folder is told from a Hugging Face id, and anything else is refused", async () => {
  assertEquals(await placeOf(settingsOf("intfloat/e5-small", { cacheFolder: "/c" })), {
    kind: "hub",
    id: "intfloat/e5-small",
    folder: "/c/intfloat/e5-small",
  });
  for (const model of ["/srv/model", "./model", "../model"]) {
    assertEquals(await placeOf(settingsOf(model)), { kind: "folder", folder: model });
  }
  assert((await failureOf(settingsOf("what is this?"))).startsWith('Cannot use "what is this?" as an embedding model'));
  assert((await failureOf(settingsOf("../../etc/x y"))).includes("../../etc/x y"));
});

Deno.test("a model folder that doesn't exist is named", async () => {
  assertEquals(
    await failureOf(settingsOf("/nonexistent/model")),
    "Cannot find the embedding model folder /nonexistent/model, check MCP_MEMORY_EMBEDDING_MODEL",
  );
  const missing = await failureOf(settingsOf("all-MiniLM-L6-v2", { modelsFolder: "/nonexistent/models" }));
  assert(missing.includes("/nonexistent/models/all-MiniLM-L6-v2"), missing);
});

Deno.test("a file missing from a model folder is named", async () => {
  for (const file of ["onnx/model_quantized.onnx", "tokenizer.json", "config.json", "tokenizer_config.json"]) {
    await withCopy("model", async (folder) => {
      await Deno.remove(`${folder}/${file}`);
      const message = await failureOf(settingsOf(folder));
      assert(message.includes(folder) && message.includes(file), message);
    });
  }
});

Deno.test("a file of a model folder that isn't what it should be is named", async () => {
  for (const file of ["onnx/model_quantized.onnx", "tokenizer.json", "config.json", "tokenizer_config.json"]) {
    await withCopy("model", async (folder) => {
      await Deno.writeTextFile(`${folder}/${file}`, "<html>Not here</html>");
      const message = await failureOf(settingsOf(folder));
      assert(message.includes(`${folder}/${file}`), message);
    });
  }
});

Deno.test("a truncated model is refused, not loaded", async () => {
  await withCopy("model", async (folder) => {
    await Deno.truncate(`${folder}/onnx/model_quantized.onnx`, 10_000_000);
    assert((await failureOf(settingsOf(folder))).includes("model_quantized.onnx"));
  });
});

Deno.test("a model that isn't downloaded can't be used offline, and the message says why", async () => {
  const message = await failureOf(settingsOf("intfloat/e5-small"));
  assert(message.includes("HF_HUB_OFFLINE") && message.includes("intfloat/e5-small"), message);
});

Deno.test("a folder of the user's is loaded, with the prefixes its name asks for", async () => {
  await withCopy("e5-copy", async (folder) => {
    const service = createEmbeddingService(settingsOf(folder));
    const plain = createEmbeddingService(settingsOf("all-MiniLM-L6-v2"));
    try {
      const [identity, bundled] = await Promise.all([service.ready(), plain.ready()]);
      assertEquals(identity.name, folder);
      // Same weights, other name: vectors must not be compared, because the prefixes differ.
      assertEquals(identity.id, bundled.id.replace("all-MiniLM-L6-v2", "e5-copy"));
      assertEquals(await service.embedQuery("a cat"), await plain.embedQuery("query: a cat"));
      assertEquals(await service.embedPassage("a cat"), await plain.embedPassage("passage: a cat"));
    } finally {
      await Promise.all([service.close(), plain.close()]);
    }
  });
});

Deno.test("pooling that sentence-transformers recorded is used", async () => {
  await withCopy("model", async (folder) => {
    await Deno.mkdir(`${folder}/1_Pooling`);
    await Deno.writeTextFile(`${folder}/1_Pooling/config.json`, JSON.stringify({ pooling_mode_cls_token: true }));
    const files = await readModelFolder(folder, { kind: "folder", folder });
    assertEquals(files.pooling, "cls");
  });
});
