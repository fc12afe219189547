/**
 * Whether this commit can be released: `deno task release`. Publishes nothing; whatever publishes runs it first.
 *
 * @module
 */

import { join } from "node:path";
import { ROOT } from "./file_set.ts";

/** What a release is made of. */
export interface ReleaseFacts {
  /** `version` of deno.json. */
  version: string;
  /** `repository` of deno.json: the project's address, an https URL; empty where it has none yet. */
  repository: string;
  /** Text of CHANGELOG.md. */
  changelog: string;
  /** Tags on the commit. */
  tags: readonly string[];
  /** Whether files differ from the commit. */
  changed: boolean;
}

/** Semantic Versioning 2.0.0, without build metadata, which tags of images can't hold. */
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** What keeps a commit from being released; empty when nothing does. */
export function releaseProblems({ version, repository, changelog, tags, changed }: ReleaseFacts): string[] {
  const problems: string[] = [];
  if (!VERSION.test(version)) problems.push(`version "${version}" in deno.json is no semantic version`);
  if (!/^https:\/\/[^\s/]+\/\S+$/.test(repository)) {
    problems.push(`repository "${repository}" in deno.json is no https URL: fill in the project's address`);
  }
  const sections = [...changelog.matchAll(/^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$/gm)];
  const section = sections.find(([, name]) => name === version);
  if (section === undefined) problems.push(`CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD"`);
  else if (section[2] === undefined) problems.push(`CHANGELOG.md's section of ${version} has no date`);
  if (!tags.includes(`v${version}`)) problems.push(`the commit has no tag v${version}`);
  if (changed) problems.push("files differ from the commit");
  return problems;
}

async function git(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command("git", { args, cwd: ROOT }).output();
  if (code !== 0) throw new Error(`git ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

if (import.meta.main) {
  const { version = "", repository = "" } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const problems = releaseProblems({
    version,
    repository,
    changelog: await Deno.readTextFile(join(ROOT, "CHANGELOG.md")),
    tags: await git("tag", "--points-at", "HEAD"),
    changed: (await git("status", "--porcelain")).length > 0,
  });
  for (const problem of problems) console.error(`Cannot release: ${problem}`);
  if (problems.length > 0) Deno.exit(1);
  console.log(`${version} can be released`);
}
