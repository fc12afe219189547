// First: operations' schemas are described in OpenAPI, which has to be loaded before they are made.
import { appOver } from "./client.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { MemoryError } from "../../src/errors.ts";
import { Spool } from "../../src/http/spool.ts";
import { uploadsSettled } from "../../src/operations/documents/upload.ts";
import { testRuntime } from "../helpers/runtime.ts";

const words = new TextEncoder().encode("Words of a file.");

/** Names of everything below a folder. */
async function below(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      names.push(name, ...(isDirectory ? await below(`${folder}/${name}`) : []));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names;
}

Deno.test("a spooled file is its owner's alone, is read once written, and goes when removed", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  const spool = new Spool(`${folder}/uploads`, 1000);
  const writer = await spool.create();
  await writer.write(words);
  const file = writer.finish();
  assertEquals([file.size, await file.read(), spool.bytes], [words.length, words, words.length]);
  if (Deno.build.os !== "windows") {
    const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;
    const own = (await below(folder)).find((name) => name.endsWith(".lock"))!.slice(0, -5);
    const [name] = await below(`${folder}/uploads/${own}`);
    assertEquals([await modeOf(`${folder}/uploads`), await modeOf(`${folder}/uploads/${own}`)], [0o700, 0o700]);
    assertEquals(await modeOf(`${folder}/uploads/${own}/${name}`), 0o600);
  }
  await file.remove();
  await file.remove();
  assertEquals(spool.bytes, 0);
  const half = await spool.create();
  await half.write(words);
  await half.discard();
  assertEquals([spool.bytes, (await below(folder)).length], [0, 3]);
  await spool.close();
  assertEquals(await below(folder), []);
  await Deno.remove(folder);
});

Deno.test("leftovers of ended processes are removed, files of running ones stay", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  const running = new Spool(folder, 1000), starting = new Spool(folder, 1000);
  const writer = await running.create();
  await writer.write(words);
  await Deno.mkdir(`${folder}/123-left`);
  await Deno.writeTextFile(`${folder}/123-left/file`, "left");
  await Deno.writeTextFile(`${folder}/123-left.lock`, "");
  await Deno.mkdir(`${folder}/124-left-without-lock`);
  await starting.removeLeftovers();
  assertEquals((await below(folder)).length, 3);
  assertEquals(await writer.finish().read(), words);
  await running.close();
  await starting.close();
  await Deno.remove(folder).catch(() => {});
});

Deno.test("files together have a limit, and a folder that can't be made is an outage", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
  const spool = new Spool(folder, 1000), writer = await spool.create();
  const large = { length: 2 ** 31 } as Uint8Array;
  const error = await assertRejects(() => writer.write(large), MemoryError, "too many files");
  assertEquals(error.code, "unavailable");
  await writer.discard();
  await spool.close();
  await Deno.writeTextFile(`${folder}-file`, "");
  const blocked = await assertRejects(() => new Spool(`${folder}-file/uploads`, 1000).create(), MemoryError);
  assertEquals(blocked.code, "unavailable");
  await Deno.remove(`${folder}-file`);
});

Deno.test("no file of a form stays on disk, however the upload ends", async () => {
  await using test = await testRuntime();
  const { runtime, folder } = test;
  const app = appOver(runtime);
  type Part = [field: string, name: string, content: string];
  const send = async (path: string, files: Part[], fields: Record<string, string> = {}) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    for (const [field, name, content] of files) body.append(field, new File([content], name));
    const response = await app.request(path, { method: "POST", body });
    await response.body?.cancel();
    return response.status;
  };
  const one = "/api/documents/upload", many = "/api/documents/batch-upload";
  const statuses = [
    await send(one, [["file", "a.txt", "Read and stored."]]),
    await send(one, [["file", "a.txt", "One"], ["file", "b.txt", "and one more"], ["other", "c", "d"]]),
    await send(many, [["files", "a.txt", "Batch"], ["files", "b.pdf", "no PDF"]]),
    await send(one, [["file", "a.exe", "MZ"]]),
    await send(one, [["wrong", "a.txt", "x"]]),
    await send(one, [["file", "a.txt", "x"]], { chunk_size: "1" }),
    await send(one, Array.from({ length: 30 }, (_, i): Part => ["file", `${i}.txt`, "x"])),
  ];
  assertEquals(statuses, [200, 200, 200, 415, 422, 422, 413]);
  const broken = await app.request(one, {
    method: "POST",
    headers: { "Content-Type": "multipart/form-data; boundary=b" },
    body: '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhalf of a file',
  });
  assertEquals(broken.status, 422);
  await broken.body?.cancel();
  await uploadsSettled(runtime);
  const left = (await below(`${folder}/uploads`)).filter((name) => /^[0-9a-f-]{36}$/.test(name));
  assertEquals(left, []);
});
