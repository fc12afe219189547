/**
 * Reads HTML and XML as elements that open and close, in one pass whatever their nesting.
 *
 * @module
 */

import { Tokenizer, type TokenizerCallbacks } from "htmlparser2";

/** Callbacks of a reader, in the file's order. Every element that opens closes, at the file's end at the latest. */
export interface ElementHandler {
  /** @param attributes The first value of each name. */
  open(name: string, attributes: ReadonlyMap<string, string>): void;
  text(data: string): void;
  close(name: string): void;
}

/**
 * Elements inside one another; one that is nested deeper closes the innermost before it opens, as browsers do from 512
 * on. What is left open, such as a `<font>` in every line of an old page, then costs nothing.
 */
const MAX_DEPTH = 512;

const VOID = new Set("area base basefont br col embed frame hr img input link meta param source track wbr".split(" "));
const HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"];
/** Elements of HTML that end those before them, which needn't be closed. */
const ENDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["tr", new Set(["tr", "th", "td"])],
  ["th", new Set(["th", "td"])],
  ["td", new Set(["th", "td"])],
  ["tbody", new Set(["thead", "tbody", "tr", "th", "td"])],
  ["tfoot", new Set(["thead", "tbody", "tr", "th", "td"])],
  ["li", new Set(["li"])],
  ["dt", new Set(["dt", "dd"])],
  ["dd", new Set(["dt", "dd"])],
  ["option", new Set(["option"])],
  ...HEADINGS.map((name) => [name, new Set([...HEADINGS, "p"])] as const),
  ...("p address article aside blockquote details div dl fieldset figcaption figure footer form header hr main nav ol pre " +
    "section table ul").split(" ").map((name) => [name, new Set(["p"])] as const),
]);

/** Calls a handler for each element of a text. */
export function readElements(text: string, handler: ElementHandler, { xml = false } = {}): void {
  const reader = new ElementReader(text, handler, xml);
  const tokenizer = new Tokenizer({ xmlMode: xml }, reader);
  tokenizer.write(text);
  tokenizer.end();
}

class ElementReader implements TokenizerCallbacks {
  readonly #source: string;
  readonly #handler: ElementHandler;
  readonly #xml: boolean;
  /** Open elements, innermost last, and how many there are of each name. */
  readonly #open: string[] = [];
  readonly #counts = new Map<string, number>();
  #name = "";
  #attributes = new Map<string, string>();
  #attribute = "";
  #value: string[] = [];

  constructor(source: string, handler: ElementHandler, xml: boolean) {
    this.#source = source;
    this.#handler = handler;
    this.#xml = xml;
  }

  onopentagname(start: number, end: number): void {
    this.#name = this.#nameAt(start, end);
    this.#attributes = new Map();
  }

  onattribname(start: number, end: number): void {
    this.#attribute = this.#nameAt(start, end);
    this.#value = [];
  }

  onattribdata(start: number, end: number): void {
    this.#value.push(this.#source.slice(start, end));
  }

  onattribentity(code: number): void {
    this.#value.push(String.fromCodePoint(code));
  }

  onattribend(): void {
    if (!this.#attributes.has(this.#attribute)) this.#attributes.set(this.#attribute, this.#value.join(""));
  }

  onopentagend(): void {
    const name = this.#name, ended = this.#xml ? undefined : ENDS.get(name);
    if (ended !== undefined) { while (this.#open.length > 0 && ended.has(this.#open.at(-1)!)) this.#closeInnermost(); }
    while (this.#open.length >= MAX_DEPTH) this.#closeInnermost();
    this.#open.push(name);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    this.#handler.open(name, this.#attributes);
    if (!this.#xml && VOID.has(name)) this.#closeInnermost();
  }

  onselfclosingtag(): void {
    this.onopentagend();
    if (this.#xml) this.#closeInnermost();
  }

  onclosetag(start: number, end: number): void {
    const name = this.#nameAt(start, end);
    // One that nothing opened closes nothing.
    if ((this.#counts.get(name) ?? 0) === 0) return;
    while (this.#open.at(-1) !== name) this.#closeInnermost();
    this.#closeInnermost();
  }

  ontext(start: number, end: number): void {
    this.#handler.text(this.#source.slice(start, end));
  }

  ontextentity(code: number): void {
    this.#handler.text(String.fromCodePoint(code));
  }

  oncdata(start: number, end: number, endOffset: number): void {
    // In HTML this is a comment.
    if (this.#xml) this.ontext(start, end - endOffset);
  }

  oncomment(): void {}
  ondeclaration(): void {}
  onprocessinginstruction(): void {}

  onend(): void {
    while (this.#open.length > 0) this.#closeInnermost();
  }

  #closeInnermost(): void {
    const name = this.#open.pop()!;
    this.#counts.set(name, this.#counts.get(name)! - 1);
    this.#handler.close(name);
  }

  #nameAt(start: number, end: number): string {
    const name = this.#source.slice(start, end);
    return this.#xml ? name : name.toLowerCase();
  }
}
