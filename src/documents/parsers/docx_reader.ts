/**
 * Turns the elements of a Word document's XML into headings and blocks.
 *
 * @module
 */

import type { Parser } from "htmlparser2";
import type { DocumentBuilder } from "../builder.ts";

type Attributes = Record<string, string>;
type ParserClass = typeof Parser;

/** Elements whose text is not part of the document as it reads now. */
const SKIPPED = new Set(["w:del", "w:moveFrom", "mc:Fallback", "w:instrText", "w:rPrChange", "w:pPrChange"]);

/** What paragraph styles mean, by style id. */
export interface Styles {
  /** Heading levels. */
  levels: Map<string, number>;
  /** Styles of list items. */
  lists: Set<string>;
}

/** Reads the styles part. A style is a heading by its outline level or its English name, which every Word writes. */
export function readStyles(xml: string, ParserClass: ParserClass): Styles {
  const levels = new Map<string, number>();
  const lists = new Set<string>();
  const parents = new Map<string, string>();
  let id = "";
  const parser = new ParserClass({
    onopentag(name, attributes) {
      const value = attributes["w:val"] ?? "";
      if (name === "w:style") id = attributes["w:styleId"] ?? "";
      else if (name === "w:name") {
        const level = /^heading (\d)$/i.exec(value)?.[1];
        if (level !== undefined) levels.set(id, Number(level));
        else if (/^title$/i.test(value)) levels.set(id, 1);
      } else if (name === "w:outlineLvl" && Number(value) < 9) levels.set(id, Number(value) + 1);
      else if (name === "w:numPr") lists.add(id);
      else if (name === "w:basedOn") parents.set(id, value);
    },
  }, { xmlMode: true });
  parser.end(xml);
  for (const style of parents.keys()) {
    const seen = new Set<string>();
    for (let at: string | undefined = style; at !== undefined && !seen.has(at); at = parents.get(at)) {
      seen.add(at);
      const level = levels.get(at);
      if (level !== undefined) {
        levels.set(style, level);
        break;
      }
    }
  }
  return { levels, lists };
}

/** What is known of the paragraph being read. */
interface Paragraph {
  text: string;
  level: number | undefined;
  /** Depth in a list, from 0; undefined outside lists. */
  list: number | undefined;
}

/** Reads one part of the document. */
export class DocxReader {
  readonly #builder: DocumentBuilder;
  readonly #styles: Styles;
  /** Open paragraphs: a text box holds paragraphs inside a paragraph. */
  #paragraphs: Paragraph[] = [];
  /** Rows being read, innermost last, each with the texts of its finished cells and of the open one. */
  #rows: { cells: string[]; open: string[] }[] = [];
  #skipped = 0;
  #inText = false;

  constructor(builder: DocumentBuilder, styles: Styles) {
    this.#builder = builder;
    this.#styles = styles;
  }

  readonly handler = {
    onopentag: (name: string, attributes: Attributes) => this.#open(name, attributes),
    ontext: (text: string) => {
      const paragraph = this.#paragraphs.at(-1);
      if (this.#inText && this.#skipped === 0 && paragraph) paragraph.text += text;
    },
    onclosetag: (name: string) => this.#close(name),
  };

  /** Hands on what an early end left open. */
  flush(): void {
    while (this.#paragraphs.length > 0) this.#endParagraph();
  }

  #open(name: string, attributes: Attributes): void {
    if (SKIPPED.has(name)) this.#skipped++;
    if (this.#skipped > 0) return;
    const value = attributes["w:val"] ?? "";
    const paragraph = this.#paragraphs.at(-1);
    if (name === "w:p") this.#paragraphs.push({ text: "", level: undefined, list: undefined });
    else if (name === "w:t") this.#inText = true;
    else if (name === "w:tr") this.#rows.push({ cells: [], open: [] });
    else if (paragraph === undefined) return;
    else if (name === "w:pStyle") {
      paragraph.level = this.#styles.levels.get(value);
      if (this.#styles.lists.has(value)) paragraph.list ??= 0;
    } else if (name === "w:outlineLvl" && Number(value) < 9) paragraph.level = Number(value) + 1;
    else if (name === "w:ilvl") paragraph.list = Number(value) || 0;
    else if (name === "w:numPr") paragraph.list ??= 0;
    else if (name === "w:tab") paragraph.text += "\t";
    else if (name === "w:br" || name === "w:cr") paragraph.text += "\n";
    else if (name === "w:noBreakHyphen") paragraph.text += "-";
  }

  #close(name: string): void {
    if (SKIPPED.has(name)) {
      this.#skipped--;
      return;
    }
    if (this.#skipped > 0) return;
    if (name === "w:t") this.#inText = false;
    else if (name === "w:p") this.#endParagraph();
    else if (name === "w:tc") {
      const row = this.#rows.at(-1);
      row?.cells.push(row.open.join(" "));
      if (row) row.open = [];
    } else if (name === "w:tr") this.#endRow();
  }

  #endParagraph(): void {
    const { text, level, list } = this.#paragraphs.pop()!;
    const row = this.#rows.at(-1);
    if (text.trim() === "") return;
    if (row) row.open.push(text.replace(/\s+/g, " ").trim());
    else if (level !== undefined) this.#builder.heading(level, text);
    else if (list !== undefined) this.#builder.block(`${"  ".repeat(Math.min(list, 8))}- ${text.trim()}`, "\n");
    else this.#builder.block(text.replace(/[^\S\n]+/g, " "));
  }

  /** A row is a line; a row of a table inside a cell goes on in that cell. */
  #endRow(): void {
    const row = this.#rows.pop();
    const cells = row?.cells ?? [];
    while (cells.at(-1) === "") cells.pop();
    if (cells.length === 0) return;
    const outer = this.#rows.at(-1);
    if (outer) outer.open.push(cells.join(", "));
    else this.#builder.block(cells.join(" | "), "\n");
  }
}
