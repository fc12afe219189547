/**
 * One memory in the list.
 *
 * @module
 */

import { el, time } from "./dom.js";
import { splitAtWords } from "./fold.js";

/** Characters of a content that are shown until it is opened. */
const SHOWN = 600;
const SCORES = [
  ["semantic", "Meaning", "Similarity of the memory's best part and the question"],
  ["words", "Words", "Share of the question's words, by weight, that the memory holds"],
  ["neighbours", "Around it", "Share of the score that comes from the turns around it"],
];

/** Factors on the score, shown where they lower it. */
const FACTORS = [
  ["speaker", "Someone else speaks", "The question names who speaks, and this is a turn of someone else"],
  ["role", "An assistant speaks", "What an assistant said counts less, unless the question asks for that"],
  ["asking", "Asks", "A short turn that ends by asking counts less"],
];

/** The card of a memory; `hit` is the search's view of it, or null in a listing. */
export function memoryCard(memory, hit, handlers) {
  const { tags, memory_type, metadata, created_at, updated_at } = memory;
  return el(
    "li",
    { class: "memory", "data-hash": memory.content_hash },
    ...contentOf(memory, hit?.passage, handlers),
    hit?.exchange ? exchangeOf(hit.exchange, handlers) : null,
    hit ? reasons(hit) : null,
    el(
      "div",
      { class: "about" },
      memory_type ? el("span", { class: "type" }, memory_type) : null,
      ...tags.map((tag) => el("button", { class: "tag", click: () => handlers.onTag(tag) }, tag)),
      el("span", { class: "when" }, time(created_at), updated_at > created_at ? el("span", {}, ", changed") : null),
      actions(memory, handlers),
    ),
    Object.keys(metadata).length > 0
      ? el("details", {}, el("summary", {}, "Metadata"), el("pre", {}, JSON.stringify(metadata, null, 2)))
      : null,
  );
}

/** The other turn of an exchange: the question before, or the answer after. */
function exchangeOf({ part, memory, passage }, handlers) {
  return el(
    "div",
    { class: "exchange", "data-hash": memory.content_hash },
    el("strong", {}, part === "answer" ? "Answer" : "Question"),
    ...contentOf(memory, passage, handlers),
    el("div", { class: "about" }, el("span", { class: "when" }, time(memory.created_at)), actions(memory, handlers)),
  );
}

/** A content, or of a long one the passage that matched until all of it is asked for. */
function contentOf(memory, passage, { words, expanded, onExpand }) {
  const { content, content_hash } = memory;
  const isLong = content.length > SHOWN && !expanded.has(content_hash);
  const shown = isLong ? excerpt(content, passage ?? { start: 0, end: SHOWN }) : content;
  return [
    el("p", { class: "content" }, ...marked(shown, words)),
    isLong ? button("expand", "Show all", memory, () => onExpand(content_hash)) : null,
  ];
}

function actions(memory, { onEdit, onDelete }) {
  return el(
    "span",
    { class: "actions" },
    button("edit", "Edit", memory, () => onEdit(memory)),
    button("delete", "Delete", memory, () => onDelete(memory)),
  );
}

function button(name, label, { content }, click) {
  return el("button", { "data-action": name, "aria-label": `${label}: ${content.slice(0, 60)}`, click }, label);
}

/** A part of a text, with marks where more comes before and after it. */
function excerpt(text, { start, end }) {
  return `${start > 0 ? "…" : ""}${text.slice(start, end).trim()}${end < text.length ? "…" : ""}`;
}

/** Why it was found: the score and what made it. */
function reasons({ similarity_score, relevance, relevance_reason, scores }) {
  const parts = scores ? SCORES.filter(([name]) => scores[name]) : [];
  const factors = scores ? FACTORS.filter(([name]) => (scores[name] ?? 1) < 1) : [];
  return el(
    "div",
    { class: "reasons", title: relevance_reason ?? "" },
    el("strong", {}, `Score ${(similarity_score ?? 0).toFixed(2)}`),
    relevance == null ? null : el(
      "span",
      { title: "Chance that the search found what was asked for, times the score over the best result's" },
      `Relevance ${relevance.toFixed(2)}`,
    ),
    ...parts.map(([name, label, title]) =>
      el(
        "span",
        { title },
        `${label} ${scores[name].toFixed(2)} `,
        el("meter", { min: "0", max: "1", value: String(scores[name]), "aria-hidden": "true" }),
      )
    ),
    ...factors.map(([name, label, title]) => el("span", { title }, `${label} × ${scores[name].toFixed(2)}`)),
    parts.length === 0 ? el("span", {}, relevance_reason ?? "") : null,
  );
}

/** The text with the words of the query marked. */
function marked(text, words) {
  return splitAtWords(text, words).map((part, index) => index % 2 === 1 ? el("mark", {}, part) : part);
}
