/**
 * The documentation's site: `deno task site` builds it from the pages in this folder, with a search that needs no
 * network.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { type DefaultTheme, defineConfig } from "vitepress";
import { PARTS } from "./parts.ts";

const DOCS = new URL("../", import.meta.url);
const { version, repository } = JSON.parse(readFileSync(new URL("../deno.json", DOCS), "utf8")) as {
  version: string;
  repository: string;
};

function item(page: string): DefaultTheme.SidebarItem {
  const title = /^# (.*)$/m.exec(readFileSync(new URL(`${page}.md`, DOCS), "utf8"))![1]!.replaceAll("`", "");
  return { text: title, link: `/${page}` };
}

const sidebar: DefaultTheme.SidebarItem[] = Object.entries(PARTS).map(([text, pages]) => ({
  text,
  items: pages.map((page) => {
    if (page !== "rest") return item(page);
    const resources = readdirSync(new URL("rest/", DOCS)).sort();
    return {
      ...item(page),
      collapsed: true,
      items: resources.map((name) => item(`rest/${name.replace(/\.md$/, "")}`)),
    };
  }),
}));

/** The only markup that pages use: comments and addresses. Anything else in angle brackets, such as `<id>`, is words. */
const MARKUP = /^(?:<!--[^]*-->|<a id="[\w-]+">|<\/a>)$/;

/** A markdown-it token, as far as it is read. */
interface Token {
  type: string;
  tag: string;
  content: string;
  children: Token[] | null;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
}

/** Links out of this folder lead to the project's address, and are plain words where it has none yet. */
function outsideLinks(tokens: readonly Token[]): void {
  for (const { children } of tokens) {
    let closing = false;
    for (const token of children ?? []) {
      const target = token.type === "link_open" ? token.attrGet("href") ?? "" : "";
      if (target.startsWith("../") && !/^\.\.\/rest\.md/.test(target)) {
        if (repository !== "") token.attrSet("href", `${repository}/blob/v${version}/${target.slice(3)}`);
        else [token.type, token.tag, token.content, closing] = ["text", "", "", true];
      } else if (token.type === "link_close" && closing) {
        [token.type, token.tag, token.content, closing] = ["text", "", "", false];
      }
    }
  }
}

export default defineConfig({
  title: "Unimem",
  description: "Shared memory for AI agents",
  lang: "en",
  base: process.env.UNIMEM_SITE_BASE ?? "/",
  cacheDir: new URL("node_modules/.cache", import.meta.url).pathname,
  srcExclude: ["generator/**", "monitoring/**"],
  lastUpdated: false,
  ignoreDeadLinks: "localhostLinks",
  markdown: {
    languageAlias: { caddyfile: "nginx" },
    config: (md) => {
      md.core.ruler.push("outside_links", (state) => outsideLinks(state.tokens));
      md.renderer.rules.html_inline = (tokens, index) => {
        const { content } = tokens[index]!;
        return MARKUP.test(content) ? content : md.utils.escapeHtml(content);
      };
    },
  },
  // The packages lie beside this file, where the pages don't find them: a package.json in docs/ would be Deno's too.
  vite: {
    plugins: [{
      name: "vue-beside-the-config",
      enforce: "pre",
      resolveId: (source, _importer, { ssr }) =>
        ssr && /^vue(\/server-renderer)?$/.test(source) ? { id: source, external: true } : null,
    }],
  },
  themeConfig: {
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    nav: [{ text: version, link: "/compatibility" }],
    ...repository === "" ? {} : { socialLinks: [{ icon: "github", link: repository }] },
  },
});
