/** Which `.env` files are read, and what is said of those that aren't. */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { dataFolder, isSetting } from "../../src/config.ts";
import { type EnvLayers, mergeLayers, readEnvLayers } from "../../src/config/env_layers.ts";
import { parseEnvText } from "../../src/config/env_file.ts";
import { MemoryError } from "../../src/errors.ts";
import { fromFileUrl } from "../helpers/paths.ts";
import { running, spawn, taskFlags, testEnvironment } from "../helpers/process.ts";
import { type Ended, ended, inFolder } from "./command.ts";

const platform = { os: "linux", cores: 2 };

/** Reads the layers of real files in `folder`: the program in `program`, the working folder `cwd`, the home `home`. */
function layersIn(folder: string, environment: Record<string, string> = {}, named: string | null = null): EnvLayers {
  return readEnvLayers({
    environment: { HOME: `${folder}/home`, ...environment },
    named,
    program: `${folder}/program`,
    cwd: `${folder}/cwd`,
    dataFolder: (layers) => dataFolder(mergeLayers(layers), platform),
    isSetting,
    files: {
      read: Deno.readTextFileSync,
      real: Deno.realPathSync,
      stat: (path) => {
        try {
          return Deno.statSync(path);
        } catch (error) {
          if (error instanceof Deno.errors.NotFound) return undefined;
          throw error;
        }
      },
    },
  });
}

/** Folders for a program, a working folder and a data folder, with a `.env` in each that `texts` names. */
async function inPlaces(
  texts: Record<string, string>,
  body: (folder: string, data: string) => Promise<void> | void,
): Promise<void> {
  await inFolder(async (folder) => {
    const data = `${folder}/home/.local/share/mcp-memory`;
    for (const path of [`${folder}/program`, `${folder}/cwd`, data]) await Deno.mkdir(path, { recursive: true });
    for (const [place, text] of Object.entries(texts)) {
      await Deno.writeTextFile(place === "data" ? `${data}/.env` : `${folder}/${place}`, text);
    }
    await body(folder, data);
  });
}

/** Runs `unimem ARGS` in a working folder. */
async function unimemAt(cwd: string, env: Record<string, string>, ...args: string[]): Promise<Ended> {
  return await ended(await spawn(args, env, { stdout: "piped", cwd }), `unimem ${args.join(" ")}`);
}

Deno.test("the environment comes first, then --env-file, the program's .env, and the data folder's", () =>
  inPlaces({
    "named.env": "MCP_HTTP_PORT=2\nMCP_SERVER_PORT=2\n",
    "program/.env": "MCP_HTTP_PORT=3\nMCP_SERVER_PORT=3\nLOG_LEVEL=error\nmcp_api_key=program\n",
    "cwd/.env": "MCP_HTTP_PORT=4\nNAME=working\n",
    data: "LOG_LEVEL=debug\nLOG_FORMAT=json\nMCP_API_KEY=data\n",
  }, (folder) => {
    const { layers, ignored } = layersIn(folder, { MCP_HTTP_PORT: "1" }, `${folder}/named.env`);
    const { HOME: _, ...merged } = mergeLayers(layers);
    assertEquals(merged, {
      MCP_HTTP_PORT: "1",
      MCP_SERVER_PORT: "2",
      LOG_LEVEL: "error",
      LOG_FORMAT: "json",
      // Names count in any case, so that a layer before wins whatever its spelling.
      MCP_API_KEY: "program",
    });
    assertEquals(ignored, { path: `${folder}/cwd/.env`, names: ["MCP_HTTP_PORT", "NAME"] });
  }));

Deno.test("the data folder is the one known by the files before it; its own .env can't move it", () =>
  inPlaces({ "program/.env": "MCP_MEMORY_BASE_DIR=~/moved" }, async (folder, data) => {
    await Deno.mkdir(`${folder}/home/moved`);
    await Deno.writeTextFile(`${folder}/home/moved/.env`, "NAME=moved");
    assertEquals(mergeLayers(layersIn(folder).layers).NAME, "moved");
    await Deno.remove(`${folder}/program/.env`);
    await Deno.writeTextFile(`${data}/.env`, "MCP_MEMORY_BASE_DIR=/elsewhere");
    const error = assertThrows(() => layersIn(folder), MemoryError, "MCP_MEMORY_BASE_DIR");
    assertEquals(error.code, "configuration");
    // Where the environment names the folder, the line changes nothing.
    assertEquals(layersIn(folder, { MCP_MEMORY_BASE_DIR: data }).ignored, null);
  }));

Deno.test("a .env that is read under another name is not ignored, through links too", () =>
  inPlaces({ "program/.env": "NAME=program" }, async (folder) => {
    await Deno.symlink(`${folder}/program/.env`, `${folder}/cwd/.env`);
    assertEquals(layersIn(folder).ignored, null);
    await Deno.remove(`${folder}/cwd/.env`);
    await Deno.writeTextFile(`${folder}/cwd/.env`, "NAME=working");
    assertEquals(layersIn(folder, {}, `${folder}/cwd/.env`).ignored, null);
    assertEquals(layersIn(folder).ignored?.names, ["NAME"]);
  }));

Deno.test("a .env that holds nothing of ours, is a folder, a pipe or a device, says nothing and stops nothing", () =>
  inPlaces({ "cwd/.env": "DATABASE_URL=postgres://x\nPORT=1" }, async (folder) => {
    assertEquals(layersIn(folder).ignored, null);
    const replace = async (make: (path: string) => Promise<unknown>) => {
      for (const place of ["cwd", "program"]) {
        await Deno.remove(`${folder}/${place}/.env`, { recursive: true }).catch(() => {});
        await make(`${folder}/${place}/.env`);
      }
      return layersIn(folder);
    };
    assertEquals((await replace((path) => Deno.mkdir(path))).layers.length, 1);
    if (Deno.build.os === "windows") return;
    assertEquals((await replace((path) => Deno.symlink("/dev/zero", path))).layers.length, 1);
    assertEquals((await replace((path) => Deno.symlink("/nowhere", path))).layers.length, 1);
    await replace((path) => new Deno.Command("mkfifo", { args: [path] }).output());
  }));

Deno.test("a .env beside the program that can't be read stops the start, and so does a named one that is not there", () =>
  inPlaces({ "program/.env": "x".repeat((1 << 20) + 1) }, (folder) => {
    assertThrows(() => layersIn(folder), MemoryError, `Cannot read ${folder}/program/.env`);
    Deno.removeSync(`${folder}/program/.env`);
    assertThrows(() => layersIn(folder, {}, `${folder}/none`), MemoryError, `Cannot read --env-file ${folder}/none`);
    assertThrows(() => layersIn(folder, {}, folder), MemoryError, "folder");
  }));

Deno.test("lines that set nothing are named by their number, and never shown", () => {
  const text = [
    "\uFEFFMCP_HTTP_PORT=1 # comment",
    "# comment with = sign",
    "",
    "MCP_API_KEY: secret",
    "export NAME = 'a",
    "not = a line of its own",
    "b'",
    "MCP API KEY=secret",
    "export LOG_LEVEL=debug",
    '  SQLITEVEC_PATH="/a b"  # comment',
    'HF_HOME="unclosed',
    "=nothing",
    "nothing",
  ].join("\r\n");
  const { values, malformed } = parseEnvText(text);
  assertEquals(malformed, [4, 8, 11, 12, 13]);
  assertEquals([values.MCP_HTTP_PORT, values.SQLITEVEC_PATH, values.LOG_LEVEL], ["1", "/a b", "debug"]);
});

Deno.test("settings of a .env in the working folder are found however it is written", () =>
  inPlaces({}, async (folder) => {
    const path = `${folder}/cwd/.env`;
    const texts: [text: string, names: string[]][] = [
      ["MCP_OAUTH_ISSUER=https://issuer.example\n", ["MCP_OAUTH_ISSUER"]],
      ["mcp_oauth_secret_key = 's3cret'\n", ["mcp_oauth_secret_key"]],
      ['\uFEFFMCP_API_KEY=k\r\n# more\r\nexport  mcp_http_host="0.0.0.0"\r\n', ["MCP_API_KEY", "mcp_http_host"]],
      ["OTHER='\nMCP_API_KEY=within a text\n'\n", []],
    ];
    for (const [text, names] of texts) {
      await Deno.writeTextFile(`${folder}/elsewhere`, text);
      await Deno.remove(path).catch(() => {});
      await Deno.symlink(`${folder}/elsewhere`, path);
      assertEquals([...layersIn(folder).ignored?.names ?? []].sort(), names, text);
    }
  }));

const HOSTILE = "MCP_EMBEDDING_URL=http://127.0.0.1:9/v1\nMCP_MEMORY_EMBEDDING_MODEL=m\nMCP_MEMORY_BASE_DIR=./stolen\n";

Deno.test("servers refuse to start beside a .env in the working folder that holds settings, and name the way out", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/clone`);
    await Deno.writeTextFile(`${folder}/clone/.env`, HOSTILE);
    const env = testEnvironment(`${folder}/data`);
    for (const command of [["unified"], ["http"], ["mcp"], [], ["--debug", "http"]]) {
      const { code, err } = await unimemAt(`${folder}/clone`, env, ...command);
      assertEquals(code, 2, err);
      assertStringIncludes(err, "--env-file ./.env");
      assertStringIncludes(err, "MCP_EMBEDDING_URL");
      assertEquals(err.includes("127.0.0.1:9"), false, "values stay unseen");
    }
    assertEquals(await Array.fromAsync(Deno.readDir(`${folder}/clone`), ({ name }) => name), [".env"]);
  }));

Deno.test("commands and stdio pass over a .env in the working folder, and say so in one line", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/clone`);
    await Deno.writeTextFile(`${folder}/clone/.env`, HOSTILE);
    const env = testEnvironment(`${folder}/data`), lines = (text: string) => text.trim().split("\n");
    const stored = await unimemAt(`${folder}/clone`, env, "store", "Kept at home");
    assertEquals([stored.code, lines(stored.err).length], [0, 1], stored.err);
    assertStringIncludes(stored.err, `${folder}/clone/.env is not read`);
    const stdio = await unimemAt(`${folder}/clone`, env, "stdio");
    const said = lines(stdio.err).filter((line) => line.includes(".env"));
    assertEquals([stdio.code, said.length], [0, 1], stdio.err);
    const config = await unimemAt(`${folder}/clone`, env, "config", "--json");
    const { effective } = JSON.parse(config.out);
    assertEquals([effective.baseDir, effective.embedding.provider], [`${folder}/data`, "local"]);
    const doctor = await unimemAt(`${folder}/clone`, env, "doctor", "--json");
    const checks = JSON.parse(doctor.out).checks as { name: string; state: string; message: string }[];
    assert(checks.some(({ state, message }) => state === "warning" && message.includes("clone/.env is not read")));
  }));

Deno.test("--env-file reads it for servers and commands alike, before or after the command", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.env`, `MCP_MEMORY_BASE_DIR=${folder}/named\nMCP_HTTP_PORT=0\n`);
    const { MCP_MEMORY_BASE_DIR: _, MCP_HTTP_PORT: __, ...env } = testEnvironment(folder, { HOME: `${folder}/home` });
    env.DENO_DIR ??= `${Deno.env.get("HOME")}/.cache/deno`;
    for (const args of [["--env-file", "./.env", "config", "--json"], ["config", "--json", "--env-file=.env"]]) {
      const { code, out, err } = await unimemAt(folder, env, ...args);
      assertEquals([code, err], [0, ""]);
      const { effective, settings } = JSON.parse(out);
      assertEquals(effective.baseDir, `${folder}/named`);
      const from = (name: string) => {
        const { origin, file } = settings.find((setting: { name: string }) => setting.name === name);
        return [origin, file];
      };
      assertEquals(from("MCP_MEMORY_BASE_DIR"), ["--env-file", args[1] === "./.env" ? "./.env" : ".env"]);
      assertEquals([from("MCP_SERVER_PORT"), from("NAME")], [["environment", null], ["default", null]]);
    }
    await using service = await running(
      await spawn(["http", "--env-file", "./.env"], env, { cwd: folder }),
      "http",
    );
    await (await fetch(`${service.http}/api/health`)).body?.cancel();
    assertEquals((await Deno.stat(`${folder}/named/unimem.db`)).isFile, true);
    for (
      const [args, expected] of [[["--env-file"], "name the file"], [["list", "--env-file=a", "--env-file=b"], "twice"]]
    ) {
      const { code, err } = await unimemAt(folder, env, ...args as string[]);
      assertEquals(code, 2);
      assertStringIncludes(err, expected as string);
    }
  }));

Deno.test({
  name:
    "the .env beside deno.json is read, from any working folder; under deno task the folder it was called in counts for nothing",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      // A project of its own: the sources by a link, a .env beside them.
      await Deno.mkdir(`${folder}/project`);
      await Deno.mkdir(`${folder}/clone`);
      for (const name of ["src", "models", "deno.json", "deno.lock", "import_map.json"]) {
        await Deno.symlink(fromFileUrl(new URL(`../../${name}`, import.meta.url)), `${folder}/project/${name}`);
      }
      await Deno.writeTextFile(`${folder}/project/.env`, `MCP_MEMORY_BASE_DIR=${folder}/beside\n`);
      await Deno.writeTextFile(`${folder}/clone/.env`, HOSTILE);
      const { MCP_MEMORY_BASE_DIR: _, ...env } = testEnvironment(folder);
      const run = async (args: string[]) =>
        await ended(
          new Deno.Command(Deno.execPath(), {
            args,
            cwd: `${folder}/clone`,
            env: { ...env, INIT_CWD: `${folder}/clone` },
            clearEnv: true,
            stdin: "null",
            stdout: "piped",
            stderr: "piped",
          }).spawn(),
          args.join(" "),
        );
      const flags = await taskFlags();
      const direct = await run([
        "run",
        ...flags,
        "--config",
        `${folder}/project/deno.json`,
        `${folder}/project/src/main.ts`,
        "config",
        "--json",
      ]);
      assertEquals(JSON.parse(direct.out).effective.baseDir, `${folder}/beside`, direct.err);
      assertStringIncludes(direct.err, "clone/.env is not read");
      const task = await run(["task", "--quiet", "--cwd", `${folder}/project`, "unimem", "config", "--json"]);
      assertEquals(JSON.parse(task.out).effective.baseDir, `${folder}/beside`, task.err);
    }),
});
