/**
 * What a model expects beyond its files: texts put before queries and passages, and how token vectors become one.
 * Model cards state these; the files transformers.js loads don't, so well-known families are recognised by name.
 *
 * @module
 */

import type { TextKind } from "./provider.ts";

/** How token vectors become the text's vector: their mean, the first token's, or the last token's. */
export type Pooling = "mean" | "cls" | "last";

/** Conventions of a model family. */
export interface ModelProfile {
  prefix: Record<TextKind, string>;
  pooling: Pooling;
}

const RETRIEVAL_TASK = "Given a web search query, retrieve relevant passages that answer the query";
const REPRESENT = "Represent this sentence for searching relevant passages: ";

/** First match counts. Prefixes and pooling are from each family's model card. */
const FAMILIES: { name: RegExp; query: string; passage: string; pooling: Pooling }[] = [
  {
    name: /\be5-(base|large)-instruct\b/,
    query: `Instruct: ${RETRIEVAL_TASK}\nQuery: `,
    passage: "",
    pooling: "mean",
  },
  { name: /\be5\b/, query: "query: ", passage: "passage: ", pooling: "mean" },
  { name: /\bnomic-embed-text\b/, query: "search_query: ", passage: "search_document: ", pooling: "mean" },
  {
    name: /\bbge-(small|base|large)-zh\b/,
    query: "为这个句子生成表示以用于检索相关文章：",
    passage: "",
    pooling: "cls",
  },
  { name: /\bbge-(small|base|large)-en\b/, query: REPRESENT, passage: "", pooling: "cls" },
  { name: /\bbge-m3\b/, query: "", passage: "", pooling: "cls" },
  { name: /\b(mxbai-embed-(x?small|large)|snowflake-arctic-embed)\b/, query: REPRESENT, passage: "", pooling: "cls" },
  { name: /\bgte-(base|large|multilingual)\b.*(v1\.5|multilingual)/, query: "", passage: "", pooling: "cls" },
  {
    name: /\bqwen3-embedding\b/,
    query: `Instruct: ${RETRIEVAL_TASK}\nQuery:`,
    passage: "",
    pooling: "last",
  },
];

/**
 * Conventions of the model with this name or folder; without a known family no prefixes and the mean.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(profileOf("intfloat/e5-small").prefix.query, "query: ");
 * assertEquals(profileOf("all-MiniLM-L6-v2").prefix.query, "");
 * ```
 */
export function profileOf(model: string): ModelProfile {
  // Only the last part of an id or path names the model: a folder called `e5-tests` above it says nothing.
  const name = model.toLowerCase().split(/[/\\]/).filter((part) => part !== "").at(-1) ?? "";
  const family = FAMILIES.find((candidate) => candidate.name.test(name));
  return family === undefined
    ? { prefix: { query: "", passage: "" }, pooling: "mean" }
    : { prefix: { query: family.query, passage: family.passage }, pooling: family.pooling };
}
