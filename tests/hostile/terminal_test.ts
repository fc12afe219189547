import { assert, assertStringIncludes } from "@std/assert";
import { inFolder, unimem } from "../cli/command.ts";

Deno.test("a content can't give orders to the terminal that prints it", async () => {
  await inFolder(async (folder) => {
    await unimem(folder, "store", "crane \u001b[2J\u001b]0;title\u0007 \u009b2J\rover\nsecond line");
    for (const args of [["list"], ["list", "--full"], ["search", "crane", "--mode", "exact", "--full"]]) {
      const { code, out } = await unimem(folder, ...args);
      assert(code === 0, `${args.join(" ")}: ${code}`);
      assertStringIncludes(out, "crane \ufffd[2J\ufffd]0;title\ufffd");
      // deno-lint-ignore no-control-regex -- control characters are what this is about
      assert(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(out), JSON.stringify(out));
    }
  });
});
