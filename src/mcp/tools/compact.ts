/**
 * Results as text for a model to read: one line of facts and the content for each, without what says nothing.
 *
 * @module
 */

import { relevanceText } from "../../memory/relevance.ts";
import { fact, type Framed, framed, tagFacts } from "../framing.ts";
import type { SearchAnswer, SearchResult } from "./search.ts";

/** A search's answer as text. */
export function compactText(answer: SearchAnswer): string {
  const { results, total, page, total_pages, omitted, truncated, how, notice, relevant } = answer;
  const head = [`${results.length} of ${total} memories`];
  if (total_pages > 1) head.push(`page ${page} of ${total_pages}`);
  if (relevant !== undefined && total > 0) head.push(relevanceText(relevant, total));
  if (omitted) head.push(`${omitted} omitted to keep within max_tokens`);
  else if (truncated) head.push("some shortened to keep within max_tokens");
  if (how) head.push(how);
  if (notice) head.push(notice);
  return framed(head.join("; "), results.map(resultText));
}

function resultText(result: SearchResult): Framed {
  const {
    id,
    similarity_score,
    relevance,
    tags = [],
    memory_type,
    created_at_iso,
    conversation_id,
    content,
    content_length,
  } = result;
  const facts = [
    similarity_score == null ? null : similarity_score.toFixed(2),
    relevance == null ? null : `relevance ${relevance.toFixed(2)}`,
    created_at_iso?.slice(0, 10),
    memory_type && fact(memory_type),
    ...tagFacts(tags),
    conversation_id && `conversation ${fact(conversation_id)}`,
    result.superseded_by && `superseded by ${result.superseded_by}`,
    result.passage && `matched at ${result.passage.start}–${result.passage.end}`,
    content_length && `${content_length} characters in all`,
    result.origin,
  ].filter(Boolean);
  const { before = [], after = [] } = result, text = content ?? result.title;
  const turns = (name: "before" | "after", list: typeof before) =>
    list.map((turn) => ({ name, text: turn.content ?? turn.id }));
  return {
    facts: `id ${id}${facts.length > 0 ? ` (${facts.join(" ")})` : ""}`,
    parts: before.length + after.length === 0
      ? [{ text }]
      : [...turns("before", before), { name: "text", text }, ...turns("after", after)],
  };
}
