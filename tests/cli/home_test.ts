import { assertEquals, assertStringIncludes } from "@std/assert";
import { testEnvironment } from "../helpers/process.ts";
import { fill, inFolder, unimemIn } from "./command.ts";

Deno.test("~ in path arguments is the home folder, and another user's home is refused by name", () =>
  inFolder(async (folder) => {
    const home = `${folder}/home`, cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
    await fill(`${home}/data`, 2);
    const env = testEnvironment("~/data", { HOME: home, DENO_DIR: cache });
    const run = async (...args: string[]) => {
      const { code, out, err } = await unimemIn(env, ...args, "--json");
      assertEquals(code, 0, `${args.join(" ")}: ${err}`);
      return JSON.parse(out);
    };
    assertEquals((await run("export", "~/out.jsonl")).file, `${home}/out.jsonl`);
    assertEquals((await run("backup", "--folder=~/kept")).file.startsWith(`${home}/kept/`), true);
    await run("copy", "--to", "sqlite:~/copy.db");
    assertEquals((await run("import", "~/out.jsonl")).read, 2);
    for (
      const args of [
        ["export", "~bob/x"],
        ["import", "~bob/x"],
        ["copy", "--to", "sqlite:~bob/x"],
        ["backup", "--folder", "~bob"],
        ["restore", "~bob/x"],
        ["list", "--env-file", "~bob/.env"],
      ]
    ) {
      const { code, err } = await unimemIn(env, ...args);
      assertEquals(code, 2, err);
      assertStringIncludes(err, '"~bob"');
    }
    const left = await Array.fromAsync(Deno.readDir(home), ({ name }) => name);
    assertEquals(left.filter((name) => !name.endsWith(".lock")).sort(), ["copy.db", "data", "kept", "out.jsonl"]);
  }));

Deno.test("settings without effect are named in one warning at the start, values and broken lines unseen", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.env`, "MCP_SERVER_PROT=1\nMCP_API_KEY: s3cret\n", { mode: 0o600 });
    const { code, err } = await unimemIn(testEnvironment(folder, { MCP_HYBRID_BATCH_SIZE: "77" }), "stdio");
    assertEquals(code, 0, err);
    const warnings = err.split("\n").filter((line) => line.includes("WARNING"));
    assertEquals(warnings.length, 1, err);
    for (const part of ["MCP_HYBRID_BATCH_SIZE", "MCP_SERVER_PROT", "MCP_SERVER_PORT", `Line 2 of ${folder}/.env`]) {
      assertStringIncludes(warnings[0]!, part);
    }
    assertEquals(/s3cret|77/.test(warnings[0]!.replace(folder, "")), false, err);
  }));
