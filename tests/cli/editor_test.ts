/** `unimem edit` with a program as editor, on a terminal. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { taskFlags, testEnvironment } from "../helpers/process.ts";
import { fromFileUrl } from "../helpers/paths.ts";
import { type Ended, ended, inFolder, json } from "./command.ts";

const MAIN = fromFileUrl(new URL("../../src/main.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));
const BEFORE = "Staging runs PostgreSQL 16";

/** Runs a command on a terminal of its own; what it says comes as output, with the terminal's line breaks. */
async function onTerminal(env: Record<string, string>, ...args: string[]): Promise<Ended> {
  const words = [Deno.execPath(), "run", "--config", CONFIG, ...await taskFlags(), MAIN, ...args];
  const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", line, "/dev/null"],
    env: { ...env, SHELL: "/bin/sh" },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return await ended(child, `unimem ${args.join(" ")}`);
}

/** Whether there is the `script` of util-linux, which gives a program a terminal. */
async function hasTerminals(): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("script", { args: ["--version"], stderr: "null" }).output();
    return new TextDecoder().decode(stdout).includes("util-linux");
  } catch {
    return false;
  }
}

Deno.test({
  name: "edit runs VISUAL or EDITOR as a shell would, and stores what the editor left",
  ignore: !await hasTerminals(),
  fn: () =>
    inFolder(async (folder) => {
      const data = `${folder}/data`,
        tools = `${folder}/a folder`,
        rest = `${folder}/temporary`,
        told = `${folder}/told`;
      await Deno.mkdir(tools);
      await Deno.mkdir(rest);
      const editor = async (name: string, body: string) => {
        await Deno.writeTextFile(`${tools}/${name}`, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
        return `'${tools}/${name}'`;
      };
      const { content_hash } = await json(data, "store", BEFORE, "--tag", "infra");
      const edit = async (variables: Record<string, string>, key = content_hash) =>
        await onTerminal(testEnvironment(data, { TMPDIR: rest, ...variables }), "edit", key.slice(0, 10));
      const unchanged = async () => {
        assertEquals((await json(data, "list")).memories.map(({ content }: { content: string }) => content), [BEFORE]);
        assertEquals(await Array.fromAsync(Deno.readDir(rest)), [], "no text is left behind");
      };

      const failing = await edit({ EDITOR: await editor("failing", 'echo changed > "$1"; exit 3') });
      assertEquals(failing.code, 1, failing.out);
      assertStringIncludes(failing.out, "ended with 3; nothing was changed");
      await unchanged();
      const missing = await edit({ EDITOR: `${tools}/none` });
      assertEquals(missing.code, 1, missing.out);
      await unchanged();
      const same = await edit({ EDITOR: await editor("same", ":") });
      assertEquals(same.code, 0, same.out);
      assertStringIncludes(same.out, "The text is the same: nothing changed");
      await unchanged();
      const emptied = await edit({ EDITOR: await editor("emptied", 'echo > "$1"') });
      assertEquals(emptied.code, 2, emptied.out);
      assertStringIncludes(emptied.out, "Cannot store an empty text");
      await unchanged();

      // VISUAL comes first; words and quotes in it are a shell's.
      const good = await editor(
        "good",
        `printf '%s\\n' "$1" "$2" > '${told}'; stat -c %a "$3" >> '${told}'; sed -i 's/16/17/' "$3"`,
      );
      const edited = await edit({ EDITOR: "false", VISUAL: `${good} --wait "two words"` });
      assertEquals(edited.code, 0, edited.out);
      assertEquals((await Deno.readTextFile(told)).split("\n"), ["--wait", "two words", "600", ""]);
      const { memories: [memory] } = await json(data, "list");
      assertEquals([memory.content, memory.tags], ["Staging runs PostgreSQL 17", ["infra"]]);
      assertEquals((await json(data, "get", content_hash)).superseded_by, memory.content_hash);
      assertEquals(await Array.fromAsync(Deno.readDir(rest)), []);

      const none = await edit({}, memory.content_hash);
      assertEquals(none.code, 2);
      assertStringIncludes(none.out, "EDITOR names no program");
    }),
});
