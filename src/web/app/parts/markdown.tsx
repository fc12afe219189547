/**
 * Markdown as elements. The parser's tokens become elements of a fixed list, never HTML text: what a memory holds can't
 * become anything else. HTML in it is shown as it is written. Links go only to web and mail addresses; images only to data that
 * stand in the text itself.
 *
 * @module
 */

import MarkdownIt from "markdown-it";
import { type ComponentChildren, h } from "preact";
import { t } from "../text.ts";
import { Code } from "./code.tsx";

interface Token {
  type: string;
  tag: string;
  nesting: number;
  content: string;
  info: string;
  attrGet(name: string): string | null;
  children: Token[] | null;
}

/** Longer texts are shown as they are: nobody reads them formatted, and parsing takes time. UTF-16 units. */
const LONGEST = 100_000;
const parser = new MarkdownIt({ html: false, linkify: false, breaks: true });
const BLOCKS: Record<string, string> = {
  p: "p",
  ul: "ul",
  ol: "ol",
  li: "li",
  blockquote: "blockquote",
  table: "table",
  thead: "thead",
  tbody: "tbody",
  tr: "tr",
  th: "th",
  td: "td",
  strong: "strong",
  em: "em",
  s: "s",
};
const LINK = /^(https?:\/\/|mailto:)/i;
const IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[a-z0-9+/=]+$/i;

/** A text as formatted elements. */
export function Markdown({ text }: { text: string }) {
  if (text.length > LONGEST) return <p class="plain" dir="auto">{text}</p>;
  const tokens = parser.parse(text, {}) as Token[];
  numberHeadings(tokens);
  return <div class="markdown" dir="auto">{elementsOf(tokens)}</div>;
}

/** Elements of a list of tokens, in which opening and closing ones stand in pairs. */
function elementsOf(tokens: Token[]): ComponentChildren[] {
  const stack: { token: Token | null; children: ComponentChildren[] }[] = [{ token: null, children: [] }];
  for (const token of tokens) {
    if (token.nesting === 1) {
      stack.push({ token, children: [] });
    } else if (token.nesting === -1 && stack.length > 1) {
      const { token: opened, children } = stack.pop()!;
      stack.at(-1)!.children.push(wrapped(opened!, children));
    } else {
      stack.at(-1)!.children.push(single(token));
    }
  }
  return stack[0]!.children;
}

/**
 * Levels of headings below the page's own, without gaps whatever the levels in the text, as those who read by headings
 * expect: a text that begins with `###` has `h2` there.
 */
function numberHeadings(tokens: Token[]): void {
  const above: number[] = [];
  for (const token of tokens) {
    const level = /^h([1-6])$/.exec(token.tag)?.[1];
    if (level === undefined || token.nesting !== 1) continue;
    while (above.length > 0 && above.at(-1)! >= Number(level)) above.pop();
    above.push(Number(level));
    token.tag = `h${above.length + 1}`;
  }
}

function wrapped(token: Token, children: ComponentChildren[]): ComponentChildren {
  if (token.type === "link_open") {
    const href = token.attrGet("href") ?? "";
    if (!LINK.test(href)) return <span>{children}</span>;
    return <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a>;
  }
  const tag = token.type === "heading_open" ? token.tag : BLOCKS[token.tag];
  if (tag === undefined) return <span>{children}</span>;
  if (tag === "ol") return <ol start={Number(token.attrGet("start") ?? 1)}>{children}</ol>;
  if (tag === "table") {
    return (
      <div class="scroll" tabIndex={0} role="region" aria-label={t("table")}>
        <table>{children}</table>
      </div>
    );
  }
  return h(tag, tag === "p" || tag === "li" ? { dir: "auto" } : {}, children);
}

function single(token: Token): ComponentChildren {
  switch (token.type) {
    case "inline":
      return elementsOf(token.children ?? []);
    case "fence":
    case "code_block":
      return <Code text={token.content} language={token.info.trim().split(/\s/)[0] ?? ""} />;
    case "code_inline":
      return <code>{token.content}</code>;
    case "softbreak":
    case "hardbreak":
      return <br />;
    case "hr":
      return <hr />;
    case "image": {
      const source = token.attrGet("src") ?? "", alt = token.content;
      return IMAGE.test(source) ? <img src={source} alt={alt} /> : <span class="muted">[{alt || source}]</span>;
    }
    default:
      return token.content;
  }
}
