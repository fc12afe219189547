import { assert, assertEquals, assertRejects } from "@std/assert";
import { createEmbeddingService, type LocalSettings } from "../../src/embedding/factory.ts";
import { MemoryError } from "../../src/errors.ts";

const MODEL = new URL("../../models/all-MiniLM-L6-v2/", import.meta.url);

/** A hub on this machine that knows two models, `acme/tiny` and `acme/exported`, and a folder for downloads. */
async function withHub(
  body: (
    parts: { hub: string; settings: LocalSettings; requests: string[]; fail: (status: number) => void },
  ) => Promise<
    void
  >,
): Promise<void> {
  const cacheFolder = await Deno.makeTempDir({ prefix: "unimem-hub-" });
  const requests: string[] = [];
  let failing: number | undefined;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    requests.push(`${request.method} ${pathname}`);
    if (failing !== undefined) return new Response("no", { status: failing });
    const [, model, name] = pathname.match(/^\/acme\/(tiny|exported)\/resolve\/main\/(.+)$/) ?? [];
    // One repository has int8 weights under the name of transformers.js, the other under that of sentence-transformers.
    const weights = model === "tiny" ? "onnx/model_quantized.onnx" : "onnx/model_qint8_avx512_vnni.onnx";
    const file = name === weights ? "onnx/model_quantized.onnx" : name?.endsWith(".onnx") ? undefined : name;
    try {
      if (file === undefined) throw new Error("unknown file");
      const path = new URL(file, MODEL);
      const { size } = await Deno.stat(path);
      const opened = request.method === "HEAD" ? null : (await Deno.open(path)).readable;
      return new Response(opened, { headers: { "content-length": String(size) } });
    } catch {
      return new Response("Not found", { status: 404 });
    }
  });
  try {
    await body({
      hub: `http://127.0.0.1:${server.addr.port}/`,
      requests,
      fail: (status) => failing = status,
      settings: {
        provider: "local",
        model: "acme/tiny",
        cacheFolder,
        offline: false,
        threads: 1,
        cacheBytes: 0,
        queueLimit: 10,
      },
    });
  } finally {
    await server.shutdown();
    await Deno.remove(cacheFolder, { recursive: true });
  }
}

Deno.test("a Hugging Face model is downloaded once, with progress, and then used without network", async () => {
  await withHub(async ({ hub, settings, requests }) => {
    const shares: number[] = [];
    const service = createEmbeddingService(settings, { hub, onProgress: (share) => shares.push(share) });
    const identity = await service.ready();
    assert(/^local:acme\/tiny:384:[0-9a-f]{12}$/.test(identity.id), identity.id);
    assertEquals((await service.embedQuery("hello")).length, 384);
    await service.close();
    assert(shares.length > 2 && shares.at(-1) === 1, `${shares.length} reports, last ${shares.at(-1)}`);
    assert(shares.every((share, index) => share >= (shares[index - 1] ?? 0)), "progress never goes back");

    const before = requests.length;
    const offline = createEmbeddingService({ ...settings, offline: true }, { hub });
    assertEquals((await offline.ready()).id, identity.id);
    await offline.close();
    assertEquals(requests.length, before);
  });
});

Deno.test("int8 weights as sentence-transformers exports them are taken, and nothing larger", async () => {
  await withHub(async ({ hub, settings, requests }) => {
    const service = createEmbeddingService({ ...settings, model: "acme/exported" }, { hub });
    assert((await service.ready()).id.startsWith("local:acme/exported:384:"));
    assertEquals((await service.embedQuery("hello")).length, 384);
    await service.close();
    const asked = requests.filter((request) => request.endsWith(".onnx")).map((request) => request.split("/").at(-1));
    assertEquals([...new Set(asked)], ["model_quantized.onnx", "model_qint8_avx512_vnni.onnx"]);
  });
});

Deno.test("a model that the hub doesn't have is a configuration error that names it", async () => {
  await withHub(async ({ hub, settings }) => {
    const service = createEmbeddingService({ ...settings, model: "acme/unknown" }, { hub });
    const error = await assertRejects(() => service.ready(), MemoryError, "acme/unknown");
    assertEquals(error.code, "configuration", error.message);
    await service.close();
  });
});

Deno.test("a hub that is down is unavailable for now, and the next load tries again", async () => {
  await withHub(async ({ hub, settings, fail }) => {
    fail(503);
    const service = createEmbeddingService(settings, { hub });
    const error = await assertRejects(() => service.ready(), MemoryError, "acme/tiny");
    assertEquals(error.code, "unavailable", error.message);
    await service.close();
  });
});

Deno.test("a hub that can't be reached is unavailable for now", async () => {
  await withHub(async ({ settings }) => {
    const service = createEmbeddingService(settings, { hub: "http://127.0.0.1:1/" });
    const error = await assertRejects(() => service.ready(), MemoryError, "acme/tiny");
    assertEquals(error.code, "unavailable", error.message);
    await service.close();
  });
});
