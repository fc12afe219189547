/** What a new user is told to type works: the commands of the first page, taken from it. */

import { assert, assertEquals } from "@std/assert";
import { start, testEnvironment, within } from "../helpers/process.ts";

const ROOT = new URL("../../", import.meta.url);

/** The commands in a page's blocks of shell, each a line with those that it goes on in. */
async function commands(page: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(page, ROOT));
  const blocks = [...text.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block]) => block!);
  return blocks.flatMap((block) => block.replaceAll("\\\n", "").split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

for (const page of ["docs/start.md"]) {
  Deno.test(`the calls that ${page} shows store a memory, and find it`, async () => {
    const calls = (await commands(page)).filter((command) => command.startsWith("curl "));
    assert(calls.length >= 2, `${calls.length} calls`);
    const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
    try {
      await using service = await start("http", testEnvironment(folder));
      const answers = [];
      for (const call of calls) {
        const command = call.replaceAll("http://127.0.0.1:8000", service.http);
        const { code, stdout } = await within(
          new Deno.Command("sh", { args: ["-c", command] }).output(),
          command,
        );
        assertEquals(code, 0, command);
        answers.push(JSON.parse(new TextDecoder().decode(stdout)));
      }
      assertEquals(answers[0].success, true);
      assertEquals(
        answers[1].results[0].memory.content_hash,
        answers[0].content_hash,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  Deno.test(`the tasks that ${page} names start, with the arguments shown`, async () => {
    const { tasks } = JSON.parse(
      await Deno.readTextFile(new URL("deno.json", ROOT)),
    ) as {
      tasks: Record<string, unknown>;
    };
    const named = (await commands(page)).map((command) => /deno(?:@[\d.]+)? task ([\w:]+)(.*)$/.exec(command))
      .filter((match) => match !== null);
    assert(named.length >= 1);
    for (const [, task, args] of named) {
      assert(task! in tasks, task);
      if (task !== "unimem") continue;
      // Without --write, so that it only shows what it would do.
      const words = args!.trim().split(/\s+/).filter((word) => word !== "--write");
      const folder = await Deno.makeTempDir({ prefix: "unimem-test-" });
      try {
        const { code, stderr } = await within(
          new Deno.Command(Deno.execPath(), {
            args: ["task", "unimem", ...words],
            cwd: ROOT,
            env: {
              ...testEnvironment(folder, {
                MCP_HTTP_PORT: "8000",
                MCP_SERVER_PORT: "8001",
              }),
              HOME: folder,
              DENO_DIR: Deno.env.get("DENO_DIR") ??
                `${Deno.env.get("HOME")}/.cache/deno`,
            },
            clearEnv: true,
          }).output(),
          words.join(" "),
        );
        assertEquals(code, 0, new TextDecoder().decode(stderr));
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
  });
}
