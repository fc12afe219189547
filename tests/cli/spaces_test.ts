import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openStorage } from "../../src/storage/factory.ts";
import { testEnvironment } from "../helpers/process.ts";
import { plain } from "../storage/fixtures.ts";
import { inFolder, json, unimem, unimemIn } from "./command.ts";

Deno.test("--space and MCP_SPACE choose where commands work, and spaces are managed on the command line", () =>
  inFolder(async (folder) => {
    await json(folder, "--space", "alpha", "store", "Alpha's plan.");
    const env = testEnvironment(folder, { MCP_SPACE: "beta" });
    assertEquals((await unimemIn(env, "store", "Beta's plan.")).code, 0);
    const contents = async (...args: string[]) =>
      (await json(folder, ...args, "list")).memories.map(({ content }: { content: string }) => content).sort();
    assertEquals(await contents(), []);
    assertEquals(await contents("--space", "alpha"), ["Alpha's plan."]);
    assertEquals(await contents("--space", "alpha,beta"), ["Alpha's plan.", "Beta's plan."]);
    const listed = await unimem(folder, "spaces", "list");
    assertStringIncludes(listed.out, "alpha  1 memories, 0 in the trash");
    const exported = await unimem(folder, "--space", "beta", "export", "-");
    assert(exported.out.includes("Beta's plan.") && !exported.out.includes("Alpha's"));
    assertEquals((await unimem(folder, "spaces", "merge", "beta", "--into", "alpha")).code, 1);
    const merged = await json(folder, "spaces", "merge", "beta", "--into", "alpha", "--count", "1");
    assertEquals(merged.affected_count, 1);
    assertEquals(await contents("--space", "alpha"), ["Alpha's plan.", "Beta's plan."]);
    const wrong = await unimem(folder, "--space", "No Space", "list");
    assertEquals([wrong.code, wrong.err.includes("--space")], [2, true]);
  }));

Deno.test("a short id that means memories of two spaces is refused with their keys by commands too", () =>
  inFolder(async (folder) => {
    const short = "abcdef0123", keys = ["a", "b"].map((digit) => `${short}${digit.repeat(54)}`);
    const storage = await openStorage({ backend: "sqlite", path: `${folder}/unimem.db` });
    for (const [i, space] of ["alpha", "beta"].entries()) {
      const view = storage.spaces.within({ write: space, read: [space] });
      await view.store([plain(i, { content_hash: keys[i]!, content: `Of ${space}.` })]);
    }
    await storage.close();
    for (const command of [["get"], ["relations", "list"]]) {
      const { code, err } = await unimem(folder, "--space", "alpha,beta", ...command, short);
      assertEquals([code, keys.filter((key) => err.includes(key))], [1, keys], err);
    }
    assertEquals((await json(folder, "--space", "beta", "get", short)).content, "Of beta.");
    // What changes something looks where it writes.
    assertEquals((await unimem(folder, "--space", "alpha,beta", "delete", short)).code, 0);
    assertEquals((await json(folder, "--space", "alpha,beta", "get", short)).content, "Of beta.");
  }));
