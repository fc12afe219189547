import { assertEquals } from "@std/assert";
import { releaseProblems } from "../../build/release.ts";

const READY = {
  version: "1.4.0",
  repository: "https://git.example/unimem",
  changelog: "# Changelog\n\n## [Unreleased]\n\n## [1.4.0] - 2026-03-02\n\n- x\n\n## [1.3.0] - 2026-01-02\n",
  tags: ["latest", "v1.4.0"],
  changed: false,
};

Deno.test("a commit can be released when version, changelog and tag agree and the project has an address", () => {
  assertEquals(releaseProblems(READY), []);
  assertEquals(releaseProblems({ ...READY, version: "1.3.0", tags: ["v1.3.0"] }), []);
});

Deno.test("each thing that is missing for a release is named", () => {
  const cases: [Partial<typeof READY>, string][] = [
    [{ version: "1.4" }, 'version "1.4" in deno.json is no semantic version'],
    [{ repository: "" }, 'repository "" in deno.json is no https URL: fill in the project\'s address'],
    [{ repository: "https://" }, 'repository "https://" in deno.json is no https URL: fill in the project\'s address'],
    [{ changelog: "## [Unreleased]\n" }, 'CHANGELOG.md has no section "## [1.4.0] - YYYY-MM-DD"'],
    [{ changelog: "## [1.4.0]\n" }, "CHANGELOG.md's section of 1.4.0 has no date"],
    [{ tags: ["v1.3.0"] }, "the commit has no tag v1.4.0"],
    [{ changed: true }, "files differ from the commit"],
  ];
  for (const [change, problem] of cases) {
    assertEquals(releaseProblems({ ...READY, ...change }).includes(problem), true, problem);
  }
});

Deno.test("a copy of the project without an address can't be released", async () => {
  const { repository, version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals(typeof repository, "string");
  const problems = releaseProblems({ ...READY, version, repository: "" });
  assertEquals(problems.some((problem) => problem.includes("repository")), true);
});
