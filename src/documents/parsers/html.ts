/**
 * HTML: the text a reader sees, in sections by heading.
 *
 * @module
 */

import { DocumentBuilder, type ParseContext } from "../builder.ts";
import { decodeText } from "../decode.ts";
import type { Extract } from "../document.ts";
import { oneLine, trimBlock } from "../text.ts";
import { type ElementHandler, readElements } from "./elements.ts";

/** Elements whose content no reader sees, or that repeat on every page of a site. */
const SKIPPED = new Set(
  "script style template noscript svg math iframe object canvas audio video select button nav dialog".split(" "),
);
/** Elements that begin and end a block of their own. */
const BLOCKS = new Set(
  ("address article aside blockquote body caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 " +
    "h5 h6 header hr html legend li main ol p pre search section summary table tbody td tfoot th thead tr ul").split(
      " ",
    ),
);
/** Where a file names its own encoding, near its start. */
const CHARSET = /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]+)/i;
const CHARSET_WITHIN = 2048;
/** Lists inside one another that are shown by indentation. */
const SHOWN_DEPTH = 8;

/** Reads an HTML file. */
export function parseHtml(bytes: Uint8Array, context: ParseContext): Extract {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, CHARSET_WITHIN));
  const { text, encoding } = decodeText(bytes, context.fileName, CHARSET.exec(head)?.[1]);
  const reader = new HtmlReader(new DocumentBuilder(context));
  readElements(text, reader);
  reader.flush();
  return reader.builder.finish({ title: reader.title, encoding });
}

/** Turns tags and texts into headings and blocks. */
class HtmlReader implements ElementHandler {
  readonly builder: DocumentBuilder;
  #title: string[] | null = null;
  #buffer: string[] = [];
  /** How many elements are open inside the outermost skipped one, itself included; 0 outside. */
  #skipping = 0;
  #heading: number | null = null;
  #inTitle = false;
  #preformatted = 0;
  #listDepth = 0;
  /** Cells of the table row being read; null outside. */
  #row: string[] | null = null;
  /** What is put before the next block's text, such as a list mark. */
  #prefix = "";
  #separator = "\n\n";

  constructor(builder: DocumentBuilder) {
    this.builder = builder;
  }

  /** The document's title; null where it has none. */
  get title(): string | null {
    return this.#title?.join("") ?? null;
  }

  open(name: string, attributes: ReadonlyMap<string, string>): void {
    if (this.#skipping > 0 || SKIPPED.has(name) || attributes.has("hidden")) {
      // Every element closes, so the count stays right.
      this.#skipping++;
      return;
    }
    if (name === "title" && this.#title === null) {
      this.#inTitle = true;
      this.#title = [];
    } else if (name === "br") this.#buffer.push("\n");
    else if (name === "img") this.#buffer.push(attributes.get("alt") ? ` ${attributes.get("alt")} ` : "");
    if (!BLOCKS.has(name)) return;
    if (this.#row !== null && name !== "td" && name !== "th" && name !== "tr") {
      this.#buffer.push(" ");
      return;
    }
    // A table inside a table's cell: what its row holds so far comes first.
    if (name === "tr") this.#endRow();
    this.flush();
    if (/^h[1-6]$/.test(name)) this.#heading = Number(name[1]);
    else if (name === "pre") this.#preformatted++;
    else if (name === "ul" || name === "ol") this.#listDepth++;
    else if (name === "tr") this.#row = [];
    if (name === "li") {
      this.#prefix = `${"  ".repeat(Math.max(0, Math.min(this.#listDepth, SHOWN_DEPTH) - 1))}- `;
      this.#separator = "\n";
    }
  }

  text(data: string): void {
    if (this.#skipping > 0) return;
    if (this.#inTitle) this.#title!.push(data);
    else this.#buffer.push(this.#preformatted > 0 ? data : data.replace(/\s+/g, " "));
  }

  close(name: string): void {
    if (this.#skipping > 0) {
      this.#skipping--;
      return;
    }
    if (name === "title") this.#inTitle = false;
    if (!BLOCKS.has(name)) return;
    if (this.#row !== null && name !== "td" && name !== "th" && name !== "tr") return;
    if (this.#row !== null && name !== "tr") {
      this.#row.push(this.#take());
      return;
    }
    if (name === "tr") this.#endRow();
    this.flush();
    if (name === "pre") this.#preformatted = Math.max(0, this.#preformatted - 1);
    else if (name === "ul" || name === "ol") this.#listDepth = Math.max(0, this.#listDepth - 1);
    this.#heading = null;
  }

  /** Hands on the block collected so far. */
  flush(): void {
    if (this.#row !== null) return;
    const text = this.#take();
    if (text === "") return;
    if (this.#heading !== null) this.builder.heading(this.#heading, text);
    else this.builder.block(this.#prefix + text, this.#separator);
    this.#prefix = "";
    this.#separator = "\n\n";
  }

  #endRow(): void {
    if (this.#row === null) return;
    const cells = [...this.#row, this.#take()];
    this.#row = null;
    while (cells.at(-1) === "") cells.pop();
    if (cells.length > 0) this.builder.block(cells.join(" | "), "\n");
  }

  #take(): string {
    const text = this.#buffer.join("");
    this.#buffer = [];
    if (this.#preformatted > 0) return trimBlock(text);
    if (this.#row !== null) return oneLine(text);
    // Lines end at line breaks alone: other white space became a blank.
    return text.split("\n").map(oneLine).join("\n").trim();
  }
}
