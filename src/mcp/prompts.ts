/**
 * Prompts that a person picks in a client: what is known before a task, and what was learnt after it.
 *
 * @module
 */

import { MemoryError } from "../errors.ts";
import { MemoryView, normaliseTags } from "../memory/schemas.ts";
import { beginningOf, fit } from "../memory/sizing.ts";
import { briefing } from "../operations/briefing.ts";
import { find } from "../operations/find.ts";
import { shownKeys } from "../operations/keys.ts";
import type { Runtime } from "../operations/runtime.ts";
import { framed } from "../memory/framing.ts";
import { framedMemory } from "./resources.ts";

/** Memories recalled, and tokens they may cost. */
const RECALLED = 10, RECALL_TOKENS = 3000;

const TAG = { name: "tag", description: "Only memories of this project or topic.", required: false };

/** The answer to `prompts/list`. */
export const PROMPTS = [
  {
    name: "recall",
    title: "Recall before a task",
    description: "Brings what is remembered about a task into the conversation.",
    arguments: [{ name: "task", description: "What you are about to do.", required: true }, TAG],
  },
  {
    name: "briefing",
    title: "Briefing at the start",
    description: "Brings what to know when a session starts: what the project is, decisions, what is open.",
    arguments: [],
  },
  {
    name: "summarise",
    title: "Summarise what was learnt",
    description: "Has the agent store what this conversation taught it, one fact per memory.",
    arguments: [{ ...TAG, description: "Tag for the new memories, such as the project." }],
  },
];

/**
 * A prompt with its arguments filled in.
 *
 * @throws {MemoryError} `not_found` for an unknown prompt; `invalid_input` without a required argument.
 */
export async function getPrompt(runtime: Runtime, name: string, args: Record<string, string>) {
  const prompt = PROMPTS.find((prompt) => prompt.name === name);
  if (!prompt) {
    throw new MemoryError("not_found", `Cannot get prompt "${name.slice(0, 100)}": there is none of that name`);
  }
  const text = name === "recall"
    ? await recall(runtime, args)
    : name === "briefing"
    ? (await briefing(runtime)).text || "Nothing is remembered yet."
    : summarise(args);
  return {
    description: prompt.description,
    messages: [{ role: "user" as const, content: { type: "text" as const, text } }],
  };
}

async function recall(runtime: Runtime, { task = "", tag }: Record<string, string>): Promise<string> {
  const query = beginningOf(task.trim(), 10_000);
  if (query === "") {
    throw new MemoryError("invalid_input", "Cannot get prompt recall: task is required", { field: "task" });
  }
  const tags = normaliseTags(tag === undefined ? [] : [tag]);
  const { results, notice } = await find(runtime, {
    query,
    mode: "hybrid",
    page: 1,
    page_size: RECALLED,
    min_similarity: 0,
    context: 0,
    match_all: false,
    ...(tags.length > 0 ? { tags } : {}),
  });
  const short = await shownKeys(runtime, results.map(({ memory }) => memory.content_hash));
  const { items } = fit(
    results.map(({ memory }) => [() => framedMemory(memory satisfies MemoryView, `id ${short(memory.content_hash)}`)]),
    RECALL_TOKENS,
  );
  const unsearched = notice === null ? "" : ` Not everything was searched. ${notice}.`;
  if (items.length === 0) return `Task: ${query}\n\nNothing is remembered about it yet.${unsearched}`;
  return framed(
    `Task: ${query}\n\nThese memories may bear on it; call search for more.${unsearched} There are ${items.length}`,
    items,
    { ends: true },
  );
}

function summarise({ tag }: Record<string, string>): string {
  const tagged = tag?.trim() ? ` Tag each with "${tag.trim()}".` : "";
  return "Look back over this conversation and store with store_memory what is worth keeping for later sessions: " +
    "decisions and their reasons, preferences, corrections, how problems were solved. One fact per memory, " +
    `understandable alone, with names and dates.${tagged} Call search first: leave out what is known, and where a fact ` +
    "has changed, store the new one and call memory_supersede. End with a list of what you stored.";
}
