/** The space of a project. */

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import { projectOf } from "../../src/hooks/project.ts";
import { testEnvironment } from "../helpers/process.ts";
import { inFolder, unimemIn } from "../cli/command.ts";

/** Makes a repository that is fetched from an address. */
async function repository(path: string, url: string): Promise<void> {
  await Deno.mkdir(join(path, ".git"), { recursive: true });
  await Deno.writeTextFile(join(path, ".git", "config"), `[core]\n\tbare = false\n[remote "origin"]\n\turl = ${url}\n`);
}

Deno.test("a repository has one space, however it is fetched and wherever it lies", () =>
  inFolder(async (folder) => {
    const urls = [
      "https://github.com/owner/atlas.git",
      "git@github.com:owner/atlas.git",
      "ssh://git@github.com/owner/atlas",
      "https://user:secret@github.com/owner/atlas/",
    ];
    const spaces = new Set<string>();
    for (const [i, url] of urls.entries()) {
      await repository(join(folder, `r${i}`), url);
      await Deno.mkdir(join(folder, `r${i}`, "src", "deep"), { recursive: true });
      const { key, space } = projectOf(join(folder, `r${i}`, "src", "deep"));
      assertEquals(key, "github.com/owner/atlas", url);
      spaces.add(space);
    }
    assertEquals(spaces.size, 1);
    assertMatch([...spaces][0]!, /^atlas-[0-9a-f]{8}$/);
    await repository(join(folder, "fork"), "https://github.com/another/atlas.git");
    assertNotEquals(projectOf(join(folder, "fork")).space, [...spaces][0]);

    // A worktree belongs to its repository.
    const worktree = join(folder, "tree"), inside = join(folder, "r0", ".git", "worktrees", "tree");
    await Deno.mkdir(inside, { recursive: true });
    await Deno.mkdir(worktree);
    await Deno.writeTextFile(join(worktree, ".git"), `gitdir: ${inside}\n`);
    await Deno.writeTextFile(join(inside, "commondir"), "../..\n");
    assertEquals(projectOf(worktree).space, [...spaces][0]);

    const plain = join(folder, "Mein Projekt (alt)");
    await Deno.mkdir(plain);
    assertMatch(projectOf(plain).space, /^mein-projekt-alt-[0-9a-f]{8}$/);
  }));

Deno.test("unimem project shows the space, and keeps the one that was chosen", () =>
  inFolder(async (folder) => {
    const env = testEnvironment(folder), project = join(folder, "p");
    await repository(project, "https://github.com/owner/atlas.git");
    const run = async (...args: string[]) =>
      JSON.parse((await unimemIn(env, "project", project, "--json", ...args)).out);
    const first = await run();
    assertEquals([first.project, first.chosen], ["github.com/owner/atlas", false]);
    assertEquals((await run("--use", "team")).space, "team");
    assertEquals((await run()).chosen, true);
    assertEquals((await run("--reset")).space, first.space);
    assertEquals((await unimemIn(env, "project", project, "--use", "No Space")).code, 2);
  }));
