/** What other places are told of the project, and the workflows that publish, as far as our own code can check them. */

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { parse } from "@std/yaml";
import { strToU8, unzipSync } from "fflate";
import { join } from "node:path";
import { zipOf } from "../../build/bundle.ts";
import { ROOT } from "../../build/file_set.ts";
import {
  BUNDLE_ENTRY,
  bundleManifest,
  bundlePackages,
  formula,
  pluginManifest,
  serverManifest,
} from "../../build/manifests.ts";
import { DENO_VERSION, DESCRIPTION, machinesOf, mainManifest, registryName } from "../../build/package_manifest.ts";
import { projectFacts } from "../../build/package_stage.ts";
import { PLUGIN_FILE } from "../../build/publishing.ts";
import { TARGETS, targetsNamed } from "../../build/targets.ts";
import { SETTINGS } from "../../src/settings.ts";
import { VERSION } from "../../src/version.ts";
import { inFolder } from "../helpers/folder.ts";

/** A placeholder in the place of the project's address. */
const ADDRESS = "https://github.com/someone/something";
const PROJECT = { version: VERSION, license: "Apache-2.0", repository: ADDRESS };
const read = (path: string) => Deno.readTextFile(join(ROOT, path));

Deno.test("the registry's entry has a name that GitHub vouches for, the package's version, and settings that exist", () => {
  const entry = serverManifest(PROJECT) as {
    name: string;
    description: string;
    packages: { version: string; identifier: string; environmentVariables: { name: string }[] }[];
  };
  const [npm] = entry.packages, main = mainManifest(PROJECT, machinesOf(Object.values(TARGETS)));
  assertEquals([entry.name, main.mcpName], ["io.github.someone/something", entry.name]);
  assertMatch(entry.name, /^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/);
  assert(entry.description === DESCRIPTION && DESCRIPTION.length <= 100);
  assertEquals([npm!.identifier, npm!.version], [main.name, VERSION]);
  for (const { name } of npm!.environmentVariables) assert(name in SETTINGS, name);
});

Deno.test("nothing is said in a project's name that has no address, or one that nobody vouches for", async () => {
  for (const repository of ["", "https://git.example/unimem", "https://github.com/x", "http://github.com/a/b"]) {
    assertThrows(() => serverManifest({ ...PROJECT, repository }), Error, "repository");
    assertEquals([registryName(repository), mainManifest({ ...PROJECT, repository }, {}).mcpName], [null, undefined]);
  }
  for (const end of ["", "/", ".git"]) assertEquals(registryName(ADDRESS + end), "io.github.someone/something");
  const { repository } = await projectFacts();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", "--allow-env", "--allow-write=dist,integrations", "build/publishing.ts"],
    cwd: ROOT,
  }).output();
  if (repository === "") {
    assertEquals([success, new TextDecoder().decode(stderr).trim()], [
      false,
      "Cannot make server.json and unimem.rb: repository in deno.json is empty",
    ]);
  }
});

Deno.test("a bundle starts the command that it holds, on the machine that it is for", () => {
  for (const target of Object.values(TARGETS)) {
    const { server, compatibility, version } = bundleManifest(PROJECT, target) as {
      version: string;
      server: { entry_point: string; mcp_config: { command: string; args: string[] } };
      compatibility: { platforms: string[] };
    };
    assertEquals([version, server.entry_point], [VERSION, BUNDLE_ENTRY]);
    assertEquals(server.mcp_config.args, ["${__dirname}/" + BUNDLE_ENTRY, "stdio"]);
    const [main, libraries, deno] = bundlePackages(target);
    assertEquals(main, "unimem");
    assert(libraries!.includes(compatibility.platforms[0]!) && deno!.startsWith(`@deno/${compatibility.platforms[0]}`));
  }
  assert(!("repository" in bundleManifest({ ...PROJECT, repository: "" }, Object.values(TARGETS)[0]!)));
});

Deno.test("a bundle's archive keeps what may be run", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "bin"));
    await Deno.writeTextFile(join(folder, "bin", "deno"), "run me", { mode: 0o755 });
    await Deno.writeTextFile(join(folder, "text"), "read me", { mode: 0o644 });
    const bytes = await zipOf(folder), files = unzipSync(bytes);
    assertEquals(files["bin/deno"], strToU8("run me"));
    // The modes stand in the central directory, behind its signature: names end it.
    const view = new DataView(bytes.buffer, bytes.byteOffset), modes: Record<string, number> = {};
    for (let at = 0; at + 46 <= bytes.length; at++) {
      if (view.getUint32(at, true) !== 0x02014b50) continue;
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + view.getUint16(at + 28, true)));
      modes[name] = view.getUint32(at + 38, true) >>> 16;
    }
    assertEquals(modes, { "bin/deno": 0o100755, text: 0o100644 });
  }));

Deno.test("the formula installs the published package, whose digest it names", () => {
  const text = formula(PROJECT, "a".repeat(64));
  assertStringIncludes(text, `url "https://registry.npmjs.org/unimem/-/unimem-${VERSION}.tgz"`);
  assertStringIncludes(text, `sha256 "${"a".repeat(64)}"`);
  assertStringIncludes(text, `homepage "${ADDRESS}"`);
  assert(!/\$\{|undefined/.test(text), text);
});

Deno.test("the plugin's manifest is the one that is made of deno.json; deno task manifests makes it again", async () => {
  assertEquals(JSON.parse(await read(PLUGIN_FILE)), JSON.parse(JSON.stringify(pluginManifest(await projectFacts()))));
});

Deno.test("executables and bundles are named by the machines there are", () => {
  assertEquals(targetsNamed(["all"]), Object.keys(TARGETS));
  assertEquals(targetsNamed(["unimem-macos-arm64"]), ["unimem-macos-arm64"]);
  assertThrows(() => targetsNamed(["unimem-plan9"]), Error, "unimem-linux-x64");
});

interface Workflow {
  on: { push: { tags?: string[] } };
  permissions: Record<string, string>;
  jobs: Record<string, {
    needs?: string;
    permissions?: Record<string, string>;
    steps: { uses?: string; run?: string; with?: Record<string, string> }[];
  }>;
}

Deno.test("what publishes runs on a tag, asks first whether it may, and may do no more than it must", async () => {
  const { tasks } = JSON.parse(await read("deno.json"));
  for (const name of ["release", "image"]) {
    const { on, permissions, jobs } = parse(await read(`.github/workflows/${name}.yml`)) as Workflow;
    assertEquals([on, permissions], [{ push: { tags: ["v*"] } }, { contents: "read" }], name);
    for (const [id, { needs, steps, permissions = {} }] of Object.entries(jobs)) {
      if (needs !== undefined) assert(needs in jobs, `${id} needs ${needs}`);
      const isChecked = steps.some(({ run }) => run === "deno task release");
      assert(isChecked || needs !== undefined, `${name}: ${id} publishes unchecked`);
      for (const { run = "", uses = "", with: values = {} } of steps) {
        for (const [, task] of run.matchAll(/deno task (\w+)/g)) assert(task! in tasks, `${id}: ${task}`);
        if (uses.startsWith("denoland/setup-deno")) assertEquals(values["deno-version"], `v${DENO_VERSION}`);
        // Provenance is signed with the job's own identity.
        if (/--provenance|attest-build/.test(run + uses)) assertEquals(permissions["id-token"], "write", id);
        if (uses.includes("attest-build")) assertEquals(permissions.attestations, "write", id);
      }
      const build = steps.find(({ uses }) => uses?.startsWith("docker/build-push-action"));
      if (build) assertEquals([build.with!.provenance, build.with!.sbom], ["mode=max", true as unknown as string]);
    }
  }
  const { jobs } = parse(await read(".github/workflows/release.yml")) as { jobs: Record<string, unknown> };
  const { strategy } = jobs.files as { strategy: { matrix: { include: { name: string }[] } } };
  assertEquals(strategy.matrix.include.map(({ name }) => name).sort(), Object.keys(TARGETS).sort());
});
