import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { createEmbeddingService } from "../../src/embedding/factory.ts";
import reference from "./fixtures/reference-embeddings.json" with { type: "json" };

const EMULATOR = "qemu-x86_64";
const MODEL_FOLDER = join(import.meta.dirname!, "../../models/all-MiniLM-L6-v2");
const hasEmulator = Deno.build.os === "linux" && Deno.build.arch === "x86_64" && await canRun(EMULATOR);

async function canRun(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

Deno.test({
  name: `a processor without VNNI gives the reference vectors too (needs ${EMULATOR}, from the package qemu-user)`,
  ignore: !hasEmulator,
  fn: async () => {
    const script = join(import.meta.dirname!, "print_vectors.ts");
    const { success, stdout, stderr } = await new Deno.Command(EMULATOR, {
      // Haswell has AVX2, and neither AVX-512 nor VNNI.
      args: ["-cpu", "Haswell", Deno.execPath(), "run", "-A", script, JSON.stringify(reference.texts)],
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    const { status, vectors } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals([status.state, status.warning], ["ready", undefined]);
    for (const [i, text] of reference.texts.entries()) {
      const found = cosine(vectors[i], reference.int8[i]!), original = cosine(vectors[i], reference.fp32[i]!);
      assert(found >= 0.997, `int8 of ${JSON.stringify(text.slice(0, 40))}: ${found}`);
      assert(original >= 0.97, `fp32 of ${JSON.stringify(text.slice(0, 40))}: ${original}`);
    }
  },
});

/** A folder with the bundled model, whose files are linked, and another reference. */
async function withReference(reference: string | null, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "unimem-model-" });
  try {
    await Deno.mkdir(join(folder, "onnx"));
    for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model_quantized.onnx"]) {
      await Deno.symlink(join(MODEL_FOLDER, file), join(folder, file));
    }
    if (reference !== null) await Deno.writeTextFile(join(folder, "reference.json"), reference);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function serviceOf(folder: string) {
  return createEmbeddingService({
    provider: "local",
    model: folder,
    cacheFolder: folder,
    offline: true,
    threads: 1,
    cacheBytes: 0,
    queueLimit: 10,
  });
}

Deno.test("a model whose vectors differ from its reference on every kernel works, and says so", async () => {
  const other = JSON.stringify({ text: reference.texts[9], vector: reference.int8[10] });
  await withReference(other, async (folder) => {
    const service = serviceOf(folder);
    try {
      await service.ready();
      assert(service.status.warning?.includes("other vectors on this processor"), service.status.warning);
      const vector = Array.from(await service.embedQuery(reference.texts[10]!));
      assert(cosine(vector, reference.int8[10]!) > 0.99);
    } finally {
      await service.close();
    }
  });
});

Deno.test("an int8 model without a reference is compared with itself, and gives its vectors", async () => {
  await withReference(null, async (folder) => {
    const service = serviceOf(folder);
    try {
      await service.ready();
      assertEquals(service.status.warning, undefined);
      assert(cosine(Array.from(await service.embedQuery(reference.texts[8]!)), reference.int8[8]!) > 0.99);
    } finally {
      await service.close();
    }
  });
});
