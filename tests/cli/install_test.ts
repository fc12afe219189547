import { assertEquals } from "@std/assert";
import { fromFileUrl } from "../helpers/paths.ts";
import { testEnvironment } from "../helpers/process.ts";
import { VERSION } from "../../src/version.ts";
import { ended, inFolder } from "./command.ts";

Deno.test({
  name: "the install task puts a command on the PATH that works in any folder",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const env = testEnvironment(folder, { DENO_INSTALL_ROOT: `${folder}/root` });
      const run = async (command: string, args: string[], cwd: string) =>
        await ended(
          new Deno.Command(command, { args, cwd, env, clearEnv: true, stdout: "piped", stderr: "piped" }).spawn(),
          `${command} ${args.join(" ")}`,
        );
      const project = fromFileUrl(new URL("../../", import.meta.url)), unimem = `${folder}/root/bin/unimem`;
      const installed = await run(Deno.execPath(), ["task", "--quiet", "install"], project);
      assertEquals(installed.code, 0, installed.err);
      assertEquals((await run(unimem, ["version"], folder)).out.trim(), VERSION);
      assertEquals((await run(unimem, ["store", "From anywhere"], folder)).code, 0);
      const done = await run(unimem, ["reembed", "--json"], folder);
      assertEquals([done.code, JSON.parse(done.out).embedded], [0, 1], done.err);
    }),
});
