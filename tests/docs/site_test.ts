import { assert, assertEquals, assertRejects } from "@std/assert";
import { buildSite } from "../../build/site.ts";
import { PARTS } from "../../docs/.vitepress/parts.ts";
import { exists } from "../clients/tools.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const ignore = !exists(new URL(".vitepress/node_modules/.bin/vitepress", DOCS));

/** All files below a folder, as paths from it. */
function filesIn(folder: string, under = ""): string[] {
  return [...Deno.readDirSync(`${folder}/${under}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(folder, `${under}${name}/`) : [under + name]
  );
}

Deno.test("every page of the documentation stands in one part of the site", () => {
  const pages = [...Deno.readDirSync(DOCS)].map(({ name }) => name).filter((name) => name.endsWith(".md"));
  const placed = ["index.md", ...Object.values(PARTS).flat().map((page) => `${page}.md`)];
  assertEquals([...placed].sort(), pages.sort());
});

Deno.test("the first page leads to every other one", async () => {
  const text = await Deno.readTextFile(new URL("index.md", DOCS));
  const named = [...text.matchAll(/\]\(([\w-]+)\.md\)/g)].map(([, page]) => page!);
  assertEquals(named.sort(), Object.values(PARTS).flat().sort());
});

Deno.test("the site isn't built into the project", async () => {
  await assertRejects(() => buildSite("docs/site"), Error, "it lies in the project");
});

Deno.test({
  name: "the site is built with every page, a search and no address of others (npm ci in docs/.vitepress)",
  ignore,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "unimem-site-" });
    try {
      await buildSite(folder);
      const files = filesIn(folder);
      const expected = filesIn(DOCS.pathname).filter((name) => /^(rest\/)?[\w-]+\.md$/.test(name))
        .map((name) => name.replace(/\.md$/, ".html"));
      assertEquals(expected.filter((name) => !files.includes(name)), []);
      assert(files.some((name) => /@localSearchIndex/.test(name)), "no search index");
      // What a browser loads by itself; links that a reader follows may lead anywhere.
      for (const name of files.filter((name) => /\.(html|css)$/.test(name))) {
        const text = await Deno.readTextFile(`${folder}/${name}`);
        const tags = text.match(/<(?:script|link|img)\b[^>]*>/g) ?? [];
        assertEquals(tags.filter((tag) => /(?:src|href)="https?:/.test(tag)), [], name);
        assertEquals(text.match(/url\(["']?https?:/), null, name);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
