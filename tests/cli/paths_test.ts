/** Every command that takes a path: `./x` and `~/x` mean what they do where it was called, under `deno task` too. */

import { assert, assertEquals } from "@std/assert";
import type { Command } from "commander";
import type { CliContext } from "../../src/cli/context.ts";
import { createProgram } from "../../src/cli/program.ts";
import { fromFileUrl } from "../helpers/paths.ts";
import { spawn, testEnvironment } from "../helpers/process.ts";
import { ended, inFolder } from "./command.ts";

const PROJECT = fromFileUrl(new URL("../../", import.meta.url)).replace(/\/$/, "");
const { denoDir } = JSON.parse(
  new TextDecoder().decode((await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()).stdout),
);

/** The words of each call in their order; P stands for the folder as it is written. What its JSON must hold: the full path. */
const CALLS: readonly [place: string, words: string, key: string | null, path?: string][] = [
  ["documents add <files...>", "documents add P/note.md", null],
  ["hook redact <file>", "hook redact P/note.md", "file", "note.md"],
  ["project [folder]", "project P/sub", "project", "sub"],
  ["export <file>", "export P/out.jsonl", "file", "out.jsonl"],
  ["spaces export <file>", "spaces export default P/space.jsonl", "file", "space.jsonl"],
  ["import <path>", "import P/out.jsonl", null],
  ["copy --to <store>", "copy --to sqlite:P/copy.db", "to", "copy.db"],
  ["copy --from <store>", "copy --from sqlite:P/copy.db --to sqlite:P/second.db", "from", "copy.db"],
  ["backup --folder <path>", "backup --folder P/kept", "file", "kept"],
  ["backup verify [file]", "backup --folder P/kept verify P/kept/a.db", "file", "kept/a.db"],
  ["restore <file>", "restore P/kept/a.db --replace", null],
  ["restore --folder <path>", "restore latest --replace --folder P/kept", null],
  ["audit --path <folder>", "audit --path P/log", "folder", "log"],
  ["audit verify --path <folder>", "audit verify --path P/log", "folder", "log"],
  ["connect --file <path>", "connect cursor --stdio --file P/mcp.json", "file", "mcp.json"],
  ["demo --folder <path>", "demo --fill-only --folder P/demo", "folder", "demo"],
  ["--env-file <path>", "config --env-file P/settings.env", null],
];

/** Arguments and options that take a path, by the word in their angle brackets. */
function placesOf(command: Command, at = ""): string[] {
  const isPath = (text: string) => /^[<[](path|files?|folder|store)(\.\.\.)?[>\]]$/.test(text);
  const found = [
    ...command.registeredArguments.map((argument) => {
      const name = argument.name() + (argument.variadic ? "..." : "");
      return argument.required ? `<${name}>` : `[${name}]`;
    }).filter(isPath),
    ...command.options.filter(({ flags }) => isPath(flags.split(" ").at(-1)!)).map(({ flags }) =>
      flags.split(", ").at(-1)!
    ),
  ];
  return [
    ...found.map((place) => `${at}${place}`),
    ...command.commands.flatMap((sub) => placesOf(sub, `${at}${sub.name()} `)),
  ];
}

Deno.test("every command that takes a path is called below", () => {
  const program = createProgram({ print: () => {} } as unknown as CliContext);
  assertEquals(placesOf(program).sort(), CALLS.map(([place]) => place).sort());
});

for (const [written, where] of [[".", "the caller's folder"], ["~", "the home folder"]] as const) {
  Deno.test(`under deno task ${written}/ is ${where} for every command`, () =>
    inFolder(async (folder) => {
      const caller = `${folder}/caller`, home = `${folder}/home`, root = written === "." ? caller : home;
      for (const made of [caller, home, `${root}/sub`]) await Deno.mkdir(made, { recursive: true });
      await Deno.writeTextFile(`${root}/note.md`, "# A note\n\nThe harbour crane was repaired.\n");
      await Deno.writeTextFile(`${root}/settings.env`, "LOG_LEVEL=debug\n");
      const before = await names(PROJECT);
      // What deno task makes of the place where it was called.
      const env = testEnvironment(`${folder}/data`, { HOME: home, DENO_DIR: denoDir, INIT_CWD: caller });
      const run = async (text: string) => {
        const words = text.replaceAll("P/", `${written}/`).split(" ");
        const child = await spawn([...words, "--json"], env, { stdout: "piped", cwd: PROJECT });
        const { code, out, err } = await ended(child, text);
        assertEquals(code, 0, `${text}: ${err}`);
        return JSON.parse(out);
      };
      await run("store Kept");
      for (const [place, words, key, path] of CALLS) {
        const result = await run(words);
        if (key !== null) assert(result[key].includes(`${root}/${path}`), `${place}: ${result[key]}`);
        if (place === "backup --folder <path>") {
          await Deno.rename(result.file, `${root}/kept/a.db`);
          await Deno.rename(`${result.file}.json`, `${root}/kept/a.db.json`);
        }
        if (place.startsWith("--env-file")) {
          const level = result.settings.find(({ name }: { name: string }) => name === "LOG_LEVEL");
          assertEquals([level.value, level.file], ["debug", `${root}/settings.env`]);
        }
        if (place === "restore <file>") await run("backup --folder P/kept");
      }
      // A path in a variable, too.
      const child = await spawn(["config", "--json"], { ...env, MCP_MEMORY_BASE_DIR: `${written}/data` }, {
        stdout: "piped",
        cwd: PROJECT,
      });
      assertEquals(JSON.parse((await ended(child, "config")).out).effective.baseDir, `${root}/data`);
      assertEquals(await names(PROJECT), before, "nothing in Unimem's own folder");
    }));
}

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}
