/** `unimem outbox` in a process of its own. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { OutboxFile } from "../../src/storage/outbox/file.ts";
import { spawn, testEnvironment } from "../helpers/process.ts";
import { hashOf, plain } from "../storage/fixtures.ts";

async function unimem(env: Record<string, string>, ...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await (await spawn(args, env, { stdout: "piped" })).output();
  return { code, text: new TextDecoder().decode(code === 0 ? stdout : stderr).trim() };
}

Deno.test("unimem outbox lists what was set aside, sends it again or drops it, and says what is wrong", async () => {
  const folder = await Deno.makeTempDir({ prefix: "unimem-outbox-" });
  try {
    const env = testEnvironment(folder, { MCP_QDRANT_URL: "http://127.0.0.1:9", MCP_OUTBOX_ENABLED: "true" });
    const without = await unimem({ ...env, MCP_OUTBOX_ENABLED: "false" }, "outbox", "list");
    assertEquals(without.code, 2);
    assertStringIncludes(without.text, "MCP_OUTBOX_ENABLED");
    const missing = await unimem(env, "outbox", "list");
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.text, "MCP_OUTBOX_PATH");

    const settings = { path: join(folder, "outbox.db"), maxWrites: 10, maxBytes: 1 << 20 };
    const file = OutboxFile.open(settings, true); // as a running server has it
    await file.add([1, 2, 3].map((number) => ({ kind: "store" as const, ...plain(number) })));
    for (const id of [1, 2]) file.refuse(id, `Cannot store number ${id}`);
    const listed = await unimem(env, "outbox", "list");
    assertEquals(listed.text.split("\n"), [
      "1 writes wait, 2 were set aside",
      `1  store  ${hashOf(1)}  Cannot store number 1`,
      `2  store  ${hashOf(2)}  Cannot store number 2`,
    ]);
    const nothing = await unimem(env, "outbox", "drop");
    assertEquals([nothing.code, nothing.text], [2, "Name the writes, or say --all"]);
    assertEquals((await unimem(env, "outbox", "retry", "one")).code, 2);
    assertEquals((await unimem(env, "outbox", "retry", "1", "--json")).text, '{"count":1}');
    assertEquals((await unimem(env, "outbox", "drop", "--all")).text, "Forgot 1 writes");
    file.refresh();
    assertEquals([file.fill.pending, file.fill.refused], [2, 0]);
    assertEquals(file.take().map(({ write }) => write.kind === "store" && write.memory.content_hash), [
      hashOf(3),
      hashOf(1),
    ]);
    file.close();
    assertStringIncludes((await unimem(env, "outbox", "--help")).text, "Examples:");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
