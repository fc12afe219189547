import { assert, assertEquals, assertRejects } from "@std/assert";
import { createEmbeddingService, type LocalSettings } from "../../src/embedding/factory.ts";
import { MemoryError } from "../../src/errors.ts";

const MODEL = new URL("../../models/all-MiniLM-L6-v2/", import.meta.url);

/** A hub on this machine that knows one model, `acme/tiny`, and a folder for downloads. */
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
    const file = pathname.match(/^\/acme\/tiny\/resolve\/main\/(.+)$/)?.[1];
    try {
      if (file === undefined) throw new Error("unknown model");
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
