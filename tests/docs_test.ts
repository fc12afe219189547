import { assertEquals, assertStringIncludes } from "@std/assert";
import { settingsPage } from "../docs/generate.ts";
import { SETTINGS } from "../src/settings.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../${path}`, import.meta.url));

/** Text without the wrapping, blanks and dashes that a formatter chooses. */
const plain = (markdown: string) => markdown.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim();

Deno.test("the settings reference is the generated one; run `deno task docs` after a change", async () => {
  assertEquals(plain(await read("docs/settings.md")), plain(settingsPage()));
});

Deno.test("every setting is documented", async () => {
  const page = await read("docs/settings.md");
  for (const name of Object.keys(SETTINGS)) assertStringIncludes(page, `\`${name}\``);
});

Deno.test("every page the README names exists", async () => {
  const readme = await read("README.md");
  for (const [, path] of readme.matchAll(/\]\(((?:docs|bench)\/[^)#]+|[A-Z]+\.md)\)/g)) await read(path!);
});
