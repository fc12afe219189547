import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { demoMemories } from "../../src/operations/demo/fill.ts";
import { spawn, testEnvironment } from "../helpers/process.ts";
import { fill, inFolder, json, unimem } from "./command.ts";

Deno.test("the demo holds 200 different memories, none from the future", () => {
  const now = 1_790_000_000, memories = demoMemories(now);
  assert(memories.length >= 200, `${memories.length} memories`);
  assertEquals(new Set(memories.map(({ content_hash }) => content_hash)).size, memories.length);
  assertEquals(memories.filter(({ created_at }) => created_at > now), []);
});

Deno.test("the demo fills a folder once, and leaves one with other memories alone", async () => {
  await inFolder(async (folder) => {
    const made = await json(folder, "demo", "--folder", `${folder}/trial`, "--fill-only");
    assert(made.memories >= 200 && made.documents === 2, JSON.stringify(made));
    const again = await json(folder, "demo", "--folder", `${folder}/trial`, "--fill-only");
    assertEquals([again.memories, again.documents], [0, 0]);
    await fill(`${folder}/own`, 3);
    const { code, err } = await unimem(folder, "demo", "--folder", `${folder}/own`, "--fill-only");
    assertEquals(code, 1);
    assertStringIncludes(err, "it holds 3 other memories");
  });
});

Deno.test("the demo serves what it made, whatever store the settings name", async () => {
  await inFolder(async (folder) => {
    const env = {
      ...testEnvironment(folder),
      MCP_MEMORY_STORAGE_BACKEND: "qdrant",
      MCP_QDRANT_URL: "http://127.0.0.1:9",
    };
    const child = await spawn(["demo", "--folder", `${folder}/trial`], env, { stdout: "null" });
    try {
      const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
      let said = "";
      while (!/REST on (http:\/\/[\d.:]+)/.test(said)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`It ended: ${said}`);
        said += value;
      }
      const [, address] = /REST on (http:\/\/[\d.:]+)/.exec(said)!;
      const { total } = await (await fetch(`${address}/api/memories`)).json();
      assert(total >= 200, `${total} memories`);
      await reader.cancel();
    } finally {
      child.kill("SIGTERM");
      await child.status;
    }
  });
});
