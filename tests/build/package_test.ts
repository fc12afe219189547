/**
 * The npm packages, as far as they can be tried without a registry: laid out beside each other as npm installs them, with
 * the Deno that runs the tests in the place of the one that npm fetches.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { libraryManifest, machinesOf, mainManifest, nodeName } from "../../build/package_manifest.ts";
import { filesBelow, stagePackages } from "../../build/package_stage.ts";
import { taskWords } from "../../build/task.ts";
import { TARGETS, thisMachine } from "../../build/targets.ts";
import { VERSION } from "../../src/version.ts";
import { testEnvironment, within } from "../helpers/process.ts";

const PROJECT = { version: VERSION, license: "Apache-2.0", repository: "" };
const ADDRESS = "https://git.example/unimem";
const MACHINE = thisMachine(), WINDOWS = Deno.build.os === "windows";
const hasNode = await new Deno.Command("node", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success, () => false);

Deno.test("a package of a copy without an address is private, which npm refuses to publish", () => {
  const machines = machinesOf(Object.values(TARGETS));
  const all = (repository: string) => [
    mainManifest({ ...PROJECT, repository }, machines),
    ...Object.values(TARGETS).map((target) => libraryManifest({ ...PROJECT, repository }, target)),
  ];
  for (const manifest of all("")) assertEquals([manifest.private, manifest.repository], [true, undefined]);
  for (const manifest of all(ADDRESS)) {
    assertEquals([manifest.private, manifest.repository], [undefined, { type: "git", url: `git+${ADDRESS}` }]);
  }
});

Deno.test("npm installs the libraries of one machine, with a Deno of the version that runs the tests, and no scripts", () => {
  const machines = machinesOf(Object.values(TARGETS)), main = mainManifest(PROJECT, machines);
  const manifests = Object.values(TARGETS).map((target) => libraryManifest(PROJECT, target));
  assertEquals(main.optionalDependencies, Object.fromEntries(manifests.map(({ name }) => [name, VERSION])));
  for (const manifest of manifests) {
    assertEquals(Object.values(manifest.dependencies as Record<string, string>), [Deno.version.deno]);
    assertEquals([(manifest.os as string[]).length, (manifest.cpu as string[]).length], [1, 1]);
  }
  for (const manifest of [main, ...manifests]) assertEquals(manifest.scripts, undefined);
});

/** Lays packages out as npm would, with a stand-in for Deno's package, and gives the path of the command. */
async function installed(folder: string): Promise<string> {
  const modules = join(folder, "node_modules"), target = TARGETS[MACHINE!]!;
  await stagePackages(modules, PROJECT);
  const deno = join(modules, ...machinesOf([target])[nodeName(target)]!.deno.split("/"));
  await Deno.mkdir(deno, { recursive: true });
  await Deno.writeTextFile(join(deno, "package.json"), "{}");
  await Deno.copyFile(Deno.execPath(), join(deno, WINDOWS ? "deno.exe" : "deno"));
  return join(modules, "unimem", "bin", "unimem.mjs");
}

Deno.test({
  name: "the package's command sets the program up once, passes arguments, folder and exit codes on, and stops cleanly",
  ignore: MACHINE === undefined || !hasNode,
  fn: async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "unimem-npm-" }));
    try {
      const command = await installed(folder), caller = join(folder, "caller"), data = join(folder, "data");
      await Deno.mkdir(caller);
      const env = {
        ...testEnvironment(data),
        ...{ HOME: folder, USERPROFILE: folder, LOCALAPPDATA: folder, XDG_CACHE_HOME: join(folder, "cache") },
      };
      delete (env as Record<string, string>).DENO_DIR;
      const options = { cwd: caller, env, clearEnv: true, stdin: "null", stdout: "piped", stderr: "piped" } as const;
      const run = async (...args: string[]) => {
        const output = await within(new Deno.Command("node", { args: [command, ...args], ...options }).output(), "run");
        const [out, err] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
        return { code: output.code, out: out!.trim(), err: err! };
      };
      const sum = async () => {
        const files = await filesBelow(join(folder, "node_modules", "unimem"));
        return await Promise.all(files.sort().map(async (path) => [path, (await Deno.stat(path)).mtime?.getTime()]));
      };
      const before = await sum();
      const first = await run("version");
      assertEquals([first.code, first.out], [0, VERSION], first.err);
      assertStringIncludes(first.err, `Setting up Unimem ${VERSION} in `);
      const second = await run("version");
      assertEquals([second.code, second.out, second.err], [0, VERSION, ""]);
      assertEquals((await run("no-such-command")).code, 2);

      await Deno.writeTextFile(join(caller, "note.md"), "# Otters\n\nThe otter sleeps on its back.\n");
      const imported = await run("import", "--from", "markdown", "./note.md");
      assertEquals(imported.code, 0, imported.err);
      const found = await run("search", "where does the otter sleep");
      assertStringIncludes(found.out, "otter sleeps", found.err);
      const settings = await run("connect", "claude-desktop");
      assertStringIncludes(settings.out, JSON.stringify(command), settings.err);

      const child = new Deno.Command("node", { args: [command, "unified"], ...options, stdout: "null" }).spawn();
      let said = "";
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        said += text;
        if (/INFO MCP on /.test(said)) child.kill("SIGTERM");
      }
      const { code } = await within(child.status, "the service to stop");
      if (!WINDOWS) assertEquals(code, 0, said);
      assertEquals(await sum(), before, "the package itself stays as npm installed it");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "the package's command may do what the task may, and names the package that is missing",
  ignore: MACHINE === undefined || !hasNode,
  fn: async () => {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "unimem-npm-" }));
    try {
      await stagePackages(folder, PROJECT);
      const { flags, denyWrite } = JSON.parse(await Deno.readTextFile(join(folder, "unimem", "program.json")));
      const task = (await taskWords("unimem")).filter((word) => word.startsWith("--"));
      const wanted = task.filter((word) => !/^--(allow-run|deny-write)=/.test(word));
      assertEquals(flags.filter((flag: string) => !["--frozen", "--cached-only"].includes(flag)), wanted);
      assert(task.includes(`--deny-write=${denyWrite.join(",")}`));

      const apart = join(folder, "apart");
      await Deno.mkdir(apart);
      await Deno.rename(join(folder, "unimem"), join(apart, "unimem"));
      const { code, stderr } = await new Deno.Command("node", {
        args: [join(apart, "unimem", "bin", "unimem.mjs"), "version"],
        stdout: "null",
        stderr: "piped",
      }).output();
      const name = machinesOf([TARGETS[MACHINE!]!])[nodeName(TARGETS[MACHINE!]!)]!.libraries;
      assertEquals(code, 1);
      assertStringIncludes(new TextDecoder().decode(stderr), `Cannot start: the package ${name} is missing`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
