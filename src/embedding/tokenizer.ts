/**
 * The model's tokenizer: text to token ids within the model's window, and tokens counted for chunking.
 * `@huggingface/tokenizers` is the tokenizer inside transformers.js, used here without the rest of that package.
 *
 * @module
 */

import { Tokenizer } from "@huggingface/tokenizers";

/**
 * UTF-16 units of a query looked at for each token of the window. English has about 4.5 a token; the rest of a longer
 * query would be cut off anyway, and needn't be tokenised first.
 */
const UNITS_PER_TOKEN = 64;
/** Token ids of texts, with the tokens the model wants around each. */
export class TextTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #head: number[];
  readonly #tail: number[];
  /** Most tokens of text that fit the window beside the model's own. */
  readonly budget: number;

  /**
   * @param files parsed `tokenizer.json` and `tokenizer_config.json`.
   * @param window most tokens in a run, those around the text included.
   */
  constructor(files: { tokenizer: object; config: object }, window: number) {
    this.#tokenizer = new Tokenizer(files.tokenizer, files.config);
    const bare = this.#ids("a"), whole = this.#tokenizer.encode("a").ids;
    const at = whole.findIndex((_, index) => bare.every((id, offset) => whole[index + offset] === id));
    this.#head = whole.slice(0, at);
    this.#tail = whole.slice(at + bare.length);
    this.budget = window - this.#head.length - this.#tail.length;
  }

  /** Tokens of a sanitised text, without those around it. */
  count(text: string): number {
    return this.#ids(text).length;
  }

  /** Ids of a sanitised text's beginning, as much as fits the window. */
  encode(text: string): number[] {
    return this.#wrap(this.#ids(text.slice(0, this.budget * UNITS_PER_TOKEN)).slice(0, this.budget));
  }

  /** Ids of a sanitised text, or undefined when it doesn't fit the window. */
  encodeWhole(text: string): number[] | undefined {
    if (text.length > this.budget * UNITS_PER_TOKEN) return undefined;
    const ids = this.#ids(text);
    return ids.length <= this.budget ? this.#wrap(ids) : undefined;
  }

  #ids(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  #wrap(ids: number[]): number[] {
    return [...this.#head, ...ids, ...this.#tail];
  }
}
