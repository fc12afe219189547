/**
 * Turns the elements of a Word document's XML into headings and blocks.
 *
 * @module
 */

import type { DocumentBuilder } from "../builder.ts";
import { oneLine } from "../text.ts";
import { type ElementHandler, readElements } from "./elements.ts";

type Attributes = ReadonlyMap<string, string>;

/** Elements whose text is not part of the document as it reads now. */
const SKIPPED = new Set(["w:del", "w:moveFrom", "mc:Fallback", "w:instrText", "w:rPrChange", "w:pPrChange"]);
/** Tables inside one another; the rows of deeper ones are read as text of the cell they stand in. */
const MAX_TABLE_DEPTH = 8;
/** Lists inside one another that are shown by indentation. */
const SHOWN_DEPTH = 8;

/** What paragraph styles mean, by style id. */
export interface Styles {
  /** Heading levels. */
  levels: Map<string, number>;
  /** Styles of list items. */
  lists: Set<string>;
}

/** Reads the styles part. A style is a heading by its outline level or its English name, which every Word writes. */
export function readStyles(xml: string): Styles {
  const levels = new Map<string, number>();
  const lists = new Set<string>();
  const parents = new Map<string, string>();
  let id = "";
  readElements(xml, {
    open(name, attributes) {
      const value = attributes.get("w:val") ?? "";
      if (name === "w:style") id = attributes.get("w:styleId") ?? "";
      else if (name === "w:name") {
        const level = /^heading ([1-9])$/i.exec(value)?.[1];
        if (level !== undefined) levels.set(id, Number(level));
        else if (/^title$/i.test(value)) levels.set(id, 1);
      } else if (name === "w:outlineLvl") {
        const level = outlineLevel(value);
        if (level !== undefined) levels.set(id, level);
      } else if (name === "w:numPr") lists.add(id);
      else if (name === "w:basedOn") parents.set(id, value);
    },
    text() {},
    close() {},
  }, { xml: true });
  inheritLevels(levels, parents);
  return { levels, lists };
}

/** Gives each style the level of the nearest style it is based on. Each chain is walked once, circles included. */
function inheritLevels(levels: Map<string, number>, parents: Map<string, string>): void {
  const done = new Set<string>();
  for (const style of parents.keys()) {
    const chain: string[] = [];
    let at: string | undefined = style;
    for (; at !== undefined && !done.has(at) && !levels.has(at); at = parents.get(at)) {
      done.add(at);
      chain.push(at);
    }
    const level = at === undefined ? undefined : levels.get(at);
    if (level !== undefined) { for (const below of chain) levels.set(below, level); }
  }
}

/** A heading's level, 1 to 9; undefined for body text. */
function outlineLevel(value: string): number | undefined {
  return /^[0-8]$/.test(value) ? Number(value) + 1 : undefined;
}

/** What is known of the paragraph being read. */
interface Paragraph {
  parts: string[];
  level: number | undefined;
  /** Depth in a list, from 0; undefined outside lists. */
  list: number | undefined;
}

/** Reads one part of the document. */
export class DocxReader implements ElementHandler {
  readonly #builder: DocumentBuilder;
  readonly #styles: Styles;
  /** Open paragraphs: a text box holds paragraphs inside a paragraph. */
  #paragraphs: Paragraph[] = [];
  /** Rows being read, innermost last, each with the texts of its finished cells and of the open one. */
  #rows: { cells: string[]; open: string[] }[] = [];
  /** Open rows that are nested too deep. */
  #deepRows = 0;
  #skipped = 0;
  #inText = false;

  constructor(builder: DocumentBuilder, styles: Styles) {
    this.#builder = builder;
    this.#styles = styles;
  }

  text(data: string): void {
    const paragraph = this.#paragraphs.at(-1);
    if (this.#inText && this.#skipped === 0 && paragraph) paragraph.parts.push(data);
  }

  /** Hands on what an early end left open. */
  flush(): void {
    while (this.#paragraphs.length > 0) this.#endParagraph();
  }

  open(name: string, attributes: Attributes): void {
    if (SKIPPED.has(name)) this.#skipped++;
    if (this.#skipped > 0) return;
    const value = attributes.get("w:val") ?? "";
    const paragraph = this.#paragraphs.at(-1);
    if (name === "w:p") this.#paragraphs.push({ parts: [], level: undefined, list: undefined });
    else if (name === "w:t") this.#inText = true;
    else if (name === "w:tr") this.#openRow();
    else if (paragraph === undefined) return;
    else if (name === "w:pStyle") {
      paragraph.level = this.#styles.levels.get(value);
      if (this.#styles.lists.has(value)) paragraph.list ??= 0;
    } else if (name === "w:outlineLvl") paragraph.level = outlineLevel(value) ?? paragraph.level;
    else if (name === "w:ilvl") paragraph.list = /^\d{1,3}$/.test(value) ? Number(value) : 0;
    else if (name === "w:numPr") paragraph.list ??= 0;
    else if (name === "w:tab") paragraph.parts.push("\t");
    else if (name === "w:br" || name === "w:cr") paragraph.parts.push("\n");
    else if (name === "w:noBreakHyphen") paragraph.parts.push("-");
  }

  close(name: string): void {
    if (SKIPPED.has(name)) {
      this.#skipped--;
      return;
    }
    if (this.#skipped > 0) return;
    if (name === "w:t") this.#inText = false;
    else if (name === "w:p") this.#endParagraph();
    else if (name === "w:tc" && this.#deepRows === 0) {
      const row = this.#rows.at(-1);
      row?.cells.push(row.open.join(" "));
      if (row) row.open = [];
    } else if (name === "w:tr") this.#endRow();
  }

  #endParagraph(): void {
    const open = this.#paragraphs.pop();
    if (open === undefined) return;
    const { level, list } = open, text = open.parts.join("");
    const row = this.#rows.at(-1);
    if (text.trim() === "") return;
    if (row) row.open.push(oneLine(text));
    else if (level !== undefined) this.#builder.heading(level, text);
    else if (list !== undefined) {
      this.#builder.block(`${"  ".repeat(Math.min(list, SHOWN_DEPTH))}- ${text.trim()}`, "\n");
    } else this.#builder.block(text.replace(/[^\S\n]+/g, " "));
  }

  #openRow(): void {
    if (this.#rows.length < MAX_TABLE_DEPTH) this.#rows.push({ cells: [], open: [] });
    else this.#deepRows++;
  }

  /** A row is a line; a row of a table inside a cell goes on in that cell. */
  #endRow(): void {
    if (this.#deepRows > 0) {
      this.#deepRows--;
      return;
    }
    const row = this.#rows.pop();
    const cells = row?.cells ?? [];
    while (cells.at(-1) === "") cells.pop();
    if (cells.length === 0) return;
    const outer = this.#rows.at(-1);
    if (outer) outer.open.push(cells.join(", "));
    else this.#builder.block(cells.join(" | "), "\n");
  }
}
