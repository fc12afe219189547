import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** Pages whose links are checked: all that people read. */
function pagesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = folder + name;
    if (isDirectory) return /^(node_modules|\..*|pictures|generator)$/.test(name) ? [] : pagesIn(`${path}/`);
    return name.endsWith(".md") ? [path] : [];
  });
}

/** The page without its blocks of code, in which nothing is a link. */
const prose = (text: string) => text.replace(/^( *)(`{3,})[^\n]*\n[^]*?^\1\2/gm, "");

/** Addresses of a page's sections, as GitHub makes them of headings, and those that the page names itself. */
function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>(), found = new Set<string>();
  for (const [, heading] of prose(text).matchAll(/^#{1,6} +(.*)$/gm)) {
    const words = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replace(/[^\p{L}\p{N}\p{M} _-]/gu, "").trim().replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  for (const [, id] of text.matchAll(/<a id="([^"]+)"><\/a>/g)) found.add(id!);
  return found;
}

const PAGES = [
  ...["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md"],
  ...["docs/", "clients/", "examples/"].flatMap(pagesIn),
];

for (const page of PAGES) {
  Deno.test(`every link in ${page} leads somewhere`, async () => {
    const text = await Deno.readTextFile(new URL(page, ROOT)), broken: string[] = [];
    const links = [...prose(text).replace(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    for (const target of links) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, anchor] = target.split("#") as [string, string?];
      const file = path === "" ? new URL(page, ROOT) : new URL(path, new URL(page, ROOT));
      try {
        const { isFile } = await Deno.stat(file);
        if (anchor === undefined || !isFile) continue;
        if (!anchorsOf(await Deno.readTextFile(file)).has(anchor)) broken.push(target);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        broken.push(target);
      }
    }
    assertEquals(broken, []);
  });
}
