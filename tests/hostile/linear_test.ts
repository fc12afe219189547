/**
 * Every function that reads a stored text, a query, a tag, metadata or a file's name takes time that grows with its
 * length only. Those of the analyser are tested in `tests/memory/text_test.ts`, those of documents beside their parsers.
 */

import { chunkText } from "../../src/memory/chunking.ts";
import { InexactNumber } from "../../src/memory/exact_json.ts";
import { disagreements, statementOf } from "../../src/memory/disagreement.ts";
import { contentHash } from "../../src/memory/hash.ts";
import { cleanMetadata, metadataFault } from "../../src/memory/metadata.ts";
import { labelledRole } from "../../src/memory/role.ts";
import { cleanName, normaliseTags } from "../../src/memory/schemas.ts";
import { estimateTokens, snippetOf, titleOf } from "../../src/memory/sizing.ts";
import { temporalIntent } from "../../src/memory/temporal.ts";
import { spanIn } from "../../src/memory/time/extract.ts";
import { parseInstant } from "../../src/memory/time/instant.ts";
import { turnFeatures } from "../../src/memory/turn.ts";
import { TextTokenizer } from "../../src/embedding/tokenizer.ts";
import { sanitise } from "../../src/embedding/sanitise.ts";
import { markingsOf, splitNote } from "../../src/importers/front_matter.ts";
import { tagsOf } from "../../src/importers/importer.ts";
import { parsePythonJson } from "../../src/importers/python.ts";
import { fact, framed } from "../../src/memory/framing.ts";
import { Tags } from "../../src/tools/fields.ts";
import { parseUri } from "../../src/tools/uris.ts";
import { cleanLine } from "../../src/operations/moving/clean.ts";
import { splitContent } from "../../src/operations/split.ts";
import { escapeText, unescapeText } from "../../src/storage/escape.ts";
import { wholeWords } from "../../src/storage/sqlite/text_scans.ts";
import { indexTerms } from "../../src/storage/index_terms.ts";
import { assertLinear, type GrowthOptions } from "./growth.ts";

const FUNCTIONS: Record<string, (text: string) => unknown> = {
  "a title": titleOf,
  "a snippet": (text) => snippetOf(text),
  "a snippet around a query": (text) => snippetOf(text, text.slice(0, 10_000)),
  "a snippet around a word": (text) => snippetOf(text, "a lorem x"),
  "a snippet around characters of a script without spaces": (text) => snippetOf(text, "谁修理了港口的起重机"),
  "what a question asks of time": temporalIntent,
  "tokens of an answer": estimateTokens,
  "what two texts disagree in": (text) => disagreements(statementOf(text), statementOf(`${text} no 7`)),
  "a turn's features": (text) => turnFeatures(text, text.length),
  "a role": labelledRole,
  "a hash": (text) => contentHash(text),
  "a hash with metadata": (text) => contentHash("a", { [text.slice(0, 1000)]: text }),
  "chunks": (text) => [...chunkText(text, { countTokens: (part) => part.length, budget: 250, overlap: 50 })],
  "a point in time": parseInstant,
  "a period in a question": spanIn,
  "a clean name": cleanName,
  "tags": (text) => normaliseTags(text.split(",")),
  "tags of a tool": (text) => {
    try {
      Tags.safeParse(text);
    } catch (error) {
      if (!(error instanceof InexactNumber)) throw error; // refused by name before it comes here
    }
  },
  "tags of an import": tagsOf,
  "metadata": (text) => metadataFault({ text, list: [...text.slice(0, 50_000)] }, { isNew: true }),
  "metadata of an import": (text) =>
    cleanMetadata(Object.fromEntries(text.split(" ").map((key) => [key, text.length]))),
  "a line of an import": (text) => cleanLine({ tags: [text], memory_type: text, metadata: { text } }, []),
  "parts of a long content": (text) => splitContent(text, { maxLength: 1000, overlap: 50, preserveBoundaries: true }),
  "the text that SQLite keeps": (text) => unescapeText(escapeText(text)),
  "words of a verbatim search": wholeWords,
  "index terms": indexTerms,
  "sanitised text": sanitise,
  "a note": (text) => splitNote(`---\n${text}\n---\n${text}`),
  "a note's tags and links": markingsOf,
  "JSON of Python": (text) => parsePythonJson(`[NaN, ${text}`),
  "a fact": fact,
  "framed memories": (text) => framed(text, [{ facts: text, parts: [{ text }] }]),
  "an address": (text) => parseUri(`tag://${text}`),
};
/** Functions that take long for each character, with the length of the largest text. */
const SHORTER = { largest: 16 * 1024 };
const LARGEST: Record<string, GrowthOptions> = {
  "index terms": SHORTER,
  "what two texts disagree in": SHORTER,
  "a hash with metadata": SHORTER,
  "metadata of an import": SHORTER,
  "JSON of Python": SHORTER,
};

for (const [name, run] of Object.entries(FUNCTIONS)) {
  Deno.test(`${name}: time grows with the text's length only`, () => assertLinear(run, undefined, LARGEST[name]));
}

Deno.test("tokens of the bundled model: time grows with the text's length only", async () => {
  const read = async (name: string) =>
    JSON.parse(await Deno.readTextFile(new URL(`../../models/all-MiniLM-L6-v2/${name}`, import.meta.url)));
  const files = { tokenizer: await read("tokenizer.json"), config: await read("tokenizer_config.json") };
  const tokenizer = new TextTokenizer(files, 256);
  await assertLinear((text) => tokenizer.encodeWhole(text) ?? tokenizer.encode(text), undefined, {
    largest: 16 * 1024,
  });
});
