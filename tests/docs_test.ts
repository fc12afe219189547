import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { PAGES } from "../docs/generate.ts";
import { mcpOffer } from "../docs/generator/mcp_page.ts";
import { apiDocument, REST_PAGES } from "../docs/generator/rest_page.ts";
import { SETTINGS } from "../src/settings.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../${path}`, import.meta.url));

/** Text without the wrapping, blanks and dashes that a formatter chooses. */
const plain = (markdown: string) => markdown.replace(/-{3,}/g, "---").replace(/\s+/g, " ").trim();

for (const [name, page] of Object.entries(PAGES)) {
  Deno.test(`docs/${name} is the generated one; run \`deno task docs\` after a change`, async () => {
    const [kept, made] = [plain(await read(`docs/${name}`)), plain(await page())];
    // The first difference alone; whole pages would fill the screen.
    const at = [...made].findIndex((char, i) => char !== kept[i]);
    const here = (text: string) => text.slice(Math.max(0, at - 40), at + 80);
    if (kept !== made) assertEquals(here(kept), here(made));
    assertEquals(kept.length, made.length);
  });
}

Deno.test("every setting is documented", async () => {
  const page = await read("docs/settings.md");
  for (const name of Object.keys(SETTINGS)) assertStringIncludes(page, `\`${name}\``);
});

Deno.test("every route, its parameters and its body are documented", async () => {
  const pages = await Promise.all(Object.keys(REST_PAGES).map((name) => read(`docs/${name}`)));
  const page = pages.join("\n"), overview = await read("docs/rest.md");
  const { paths } = await apiDocument();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { parameters = [], requestBody }] of Object.entries(operations)) {
      const title = `### \`${method.toUpperCase()} ${path}\``;
      assertStringIncludes(page, title);
      assertStringIncludes(overview, `[\`${method.toUpperCase()} ${path}\`](rest/`);
      const section = page.slice(page.indexOf(title) + title.length).split("\n#")[0]!;
      for (const { name } of parameters) assertStringIncludes(section, `\`${name}\``, title);
      if (requestBody) assertStringIncludes(section, "Body: ", title);
    }
  }
});

Deno.test("every tool, its arguments, every resource and every prompt are documented", async () => {
  const page = await read("docs/mcp.md");
  const { tools, templates, prompts } = await mcpOffer();
  for (const { name, inputSchema } of tools) {
    const title = `### \`${name}\``;
    assertStringIncludes(page, title);
    const section = page.slice(page.indexOf(title) + title.length).split("\n#")[0]!;
    for (const argument of Object.keys(inputSchema.properties ?? {})) {
      assertStringIncludes(section, `\`${argument}\``, title);
    }
  }
  for (const { uriTemplate } of templates) assertStringIncludes(page, `\`${uriTemplate}\``);
  for (const { name } of prompts) assertStringIncludes(page, `### \`${name}\``);
});

Deno.test("every link inside a generated page leads to a section of it", async () => {
  for (const name of Object.keys(PAGES)) {
    const page = await read(`docs/${name}`);
    const sections = new Set([...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title!.toLowerCase()));
    for (const [, target] of page.matchAll(/\]\(#([^)]+)\)/g)) {
      assert(sections.has(target!), `${name} has no ${target}`);
    }
  }
});

/** Paths of this project, wherever a page names one, and files at its top that links or code name. */
const PATHS = /(?<![\w/.:-])((?:src|tests|docs|bench|build|models|\.github)\/[\w./-]*)/g;
const AT_THE_TOP = /[`(]((?:[A-Z]+\.md)|deno\.json|import_map\.json|deno\.lock)[`)]/g;

for (const page of ["CONTRIBUTING.md", "ARCHITECTURE.md", "README.md", "SECURITY.md"]) {
  Deno.test(`every file and every task that ${page} names exists`, async () => {
    const text = await read(page);
    const named = [...text.matchAll(PATHS), ...text.matchAll(AT_THE_TOP)].map(([, path]) => path!.replace(/\.$/, ""));
    const missing: string[] = [];
    for (const path of named) {
      await Deno.stat(new URL(`../${path}`, import.meta.url)).catch(() => missing.push(path));
    }
    assertEquals(missing, []);
    const { tasks } = JSON.parse(await read("deno.json")) as { tasks: Record<string, unknown> };
    const asked = [...text.matchAll(/deno(?:@[\d.]+)? task (?!--)([a-z][\w:]*)/g)].map(([, task]) => task!);
    assertEquals(asked.filter((task) => tasks[task] === undefined), []);
    if (page === "CONTRIBUTING.md") assert(named.length >= 40 && asked.length >= 5, `${named.length} ${asked.length}`);
  });
}

Deno.test("every page the README names exists", async () => {
  const readme = await read("README.md");
  for (const [, path] of readme.matchAll(/\]\(((?:docs|bench)\/[^)#]+|[A-Z]+\.md)\)/g)) await read(path!);
});
