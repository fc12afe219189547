/**
 * Candidates: sentences in captured turns that look like a decision, a preference, a correction, a fix or a task. They
 * are found when they are asked for, and become memories only when they are confirmed. Nothing is merged or deleted.
 *
 * @module
 */

import { z } from "zod";
import { MemoryError } from "../errors.ts";
import { CANDIDATE_KINDS } from "../memory/candidate_rules.ts";
import { candidateSentences } from "../memory/candidates.ts";
import { fold } from "../memory/fold.ts";
import { contentHash } from "../memory/hash.ts";
import type { Memory } from "../memory/memory.ts";
import { roleOf } from "../memory/role.ts";
import { Content, Instant, isoTime, NewMemoryType, NewTagList } from "../memory/schemas.ts";
import { DEFAULT_SPACE } from "../memory/space.ts";
import { statedTime } from "../memory/time_expression.ts";
import { TURN_TYPE } from "../memory/turn.ts";
import { TimeSlice } from "../yielding.ts";
import { fullKey, shownKeys } from "./keys.ts";
import { addRelation } from "./relation.ts";
import type { Runtime } from "./runtime.ts";
import { store } from "./store.ts";

/** Type of the relation from a confirmed fact to the turn it was said in. */
export const CITES = "cites";

/** Turns read in one step. */
const STEP = 100;
/** Metadata key on a turn, with the sentence's index behind it: `dropped`, or the content_hash of what was confirmed. */
const RESOLVED = "unimem_candidate_";
const DROPPED = "dropped";

const CandidateKind = z.enum(CANDIDATE_KINDS);

export const CandidatesInput = z.object({
  limit: z.int().min(1).max(100).default(20).describe("Most candidates to answer with, 1 to 100."),
  scan: z.int().min(1).max(2000).default(500).describe("Captured turns to read at most, newest first."),
  created_before: Instant.nullish().describe("Start here instead of at the newest: next_before of the answer before."),
});
export type CandidatesInput = z.infer<typeof CandidatesInput>;

const Candidate = z.object({
  id: z.string().describe("Names the candidate: the turn's key and where the sentence begins in it."),
  kind: CandidateKind.describe("What the sentence looks like."),
  text: z.string().describe("The sentence, as it was said."),
  event: z.object({
    words: z.string().describe("The words that name the time."),
    from_iso: z.string(),
    before_iso: z.string().describe("When the period has ended."),
  }).nullable().describe("When it was or will be by its own words, as they were meant when it was said: a suggestion."),
  turn: z.string().describe("content_hash of the turn it was said in."),
  role: z.string().nullable().describe("Who said it: user or assistant; null where that isn't known."),
  conversation_id: z.string().nullable(),
  created_at: z.number().describe("When it was said, in Unix seconds."),
  created_at_iso: z.string(),
});
export type Candidate = z.infer<typeof Candidate>;

export const CandidatesOutput = z.object({
  candidates: z.array(Candidate),
  count: z.int(),
  scanned: z.int().describe("Turns that were read."),
  next_before: z.number().nullable().describe("Pass as created_before to look at older ones; null at the end."),
});
export type CandidatesOutput = z.infer<typeof CandidatesOutput>;

/** Open candidates in the turns of the space that is written to, last said first. Changes nothing. */
export async function candidates(runtime: Runtime, input: CandidatesInput): Promise<CandidatesOutput> {
  const { limit } = input, found: Candidate[] = [], seen = new Set<string>(), timeSlice = new TimeSlice();
  let before = input.created_before ?? null, scanned = 0, ended = false, isFull = false;
  while (!ended && !isFull && scanned < input.scan) {
    const size = Math.min(STEP, input.scan - scanned);
    const filter = { memory_type: TURN_TYPE, superseded: false, ...before === null ? {} : { created_before: before } };
    const { memories } = await runtime.storage.list({ filter, offset: 0, limit: size });
    ended = memories.length < size;
    for (const turn of memories) {
      await timeSlice.yieldIfDue();
      const open = (await openIn(runtime, turn)).filter(({ text }) => !seen.has(fold(text)));
      isFull = found.length > 0 && found.length + open.length > limit;
      if (isFull) break;
      found.push(...open.slice(0, limit));
      for (const { text } of open) seen.add(fold(text));
      before = turn.created_at;
      scanned++;
    }
  }
  const short = await shownKeys(runtime, found.map(({ turn }) => turn));
  const shown = found.map(({ id, ...candidate }) => ({ id: `${short(candidate.turn)}.${id}`, ...candidate }));
  return { candidates: shown, count: shown.length, scanned, next_before: ended && !isFull ? null : before };
}

/** Candidates of a turn that nothing was decided about; of each, `id` is the index at which it begins. */
async function openIn(runtime: Runtime, turn: Memory): Promise<Candidate[]> {
  if ((turn.space ?? DEFAULT_SPACE) !== runtime.storage.scope.write) return [];
  const role = roleOf(turn);
  const open = candidateSentences(turn.content, role).filter(({ start }) => resolutionOf(turn, start) === null);
  if (open.length === 0) return [];
  // What is kept in the same words needs no confirming.
  const kept = await runtime.storage.getByHash(open.map(({ kind, text }) => contentHash(wordsOf(text, kind, turn))));
  const unknown = open.filter((_, i) => !kept[i] || kept[i].memory_type === TURN_TYPE);
  return await Promise.all(unknown.map(async ({ kind, text, start }) => ({
    id: String(start),
    kind,
    text,
    event: await eventIn(runtime, text, turn),
    turn: turn.content_hash,
    role,
    conversation_id: turn.conversation_id,
    created_at: turn.created_at,
    created_at_iso: isoTime(turn.created_at),
  })));
}

/** The period that a sentence of a turn is about, past or to come, by its words. */
async function eventIn({ settings }: Runtime, text: string, { created_at }: Memory): Promise<Candidate["event"]> {
  const said = new Date(created_at * 1000);
  if (Number.isNaN(said.getTime())) return null;
  const found = await statedTime(text, said, settings.timeZone);
  if (found === null) return null;
  const { words, period: { from, before } } = found;
  return { words, from_iso: isoTime(from), before_iso: isoTime(before) };
}

/** A fact's words: what is the whole turn needs others, since contents are what memories are known by. */
function wordsOf(text: string, kind: Candidate["kind"], turn: Memory): string {
  if (contentHash(text) !== turn.content_hash) return text;
  return `${kind[0]!.toUpperCase()}${kind.slice(1)}: ${text}`;
}

/** Whether a fact was confirmed that cites this turn. */
export function isCited({ metadata }: Memory): boolean {
  return Object.entries(metadata).some(([key, value]) => key.startsWith(RESOLVED) && value !== DROPPED);
}

function resolutionOf({ metadata }: Memory, start: number): string | null {
  const value = metadata[`${RESOLVED}${start}`];
  return typeof value === "string" ? value : null;
}

export const ResolveCandidateInput = z.object({
  id: z.string().trim().toLowerCase().max(100).describe("The candidate's id."),
  action: z.enum(["confirm", "edit", "drop"])
    .describe("confirm: keep it as it was said; edit: keep it in the words of content; drop: offer it no more."),
  content: Content.nullish().describe("The fact in better words, understandable alone; for edit."),
  tags: NewTagList.default([]),
  memory_type: NewMemoryType.nullish().describe("Kind of memory it becomes; the candidate's kind without it."),
});
export type ResolveCandidateInput = z.infer<typeof ResolveCandidateInput>;

export const ResolveCandidateOutput = z.object({
  success: z.boolean().describe("Whether anything changed; false when it was decided already."),
  message: z.string(),
  id: z.string(),
  content_hash: z.string().nullable().describe("Key of the memory it became; null when dropped."),
  turn: z.string().describe("content_hash of the turn it was said in."),
});
export type ResolveCandidateOutput = z.infer<typeof ResolveCandidateOutput>;

/**
 * Keeps or drops a candidate. What is kept becomes a memory of its own that cites the turn; the turn stays as it is.
 *
 * @throws {MemoryError} `not_found` where the turn has no such candidate; `invalid_input` for `edit` without content, or
 * content without `edit`.
 */
export async function resolveCandidate(
  runtime: Runtime,
  input: ResolveCandidateInput,
): Promise<ResolveCandidateOutput> {
  const { id, action } = input, [, key = "", start = -1] = parsedId(id);
  if ((action === "edit") !== (input.content != null)) {
    const reason = action === "edit" ? "content is required to edit" : `content is for edit, not for ${action}`;
    throw new MemoryError("invalid_input", `Cannot ${action} candidate ${id}: ${reason}`, { field: "content" });
  }
  const content_hash = await fullKey(runtime, key, { field: () => "id" });
  const [turn] = await runtime.storage.getByHash([content_hash]);
  const isOwn = turn?.memory_type === TURN_TYPE && (turn.space ?? DEFAULT_SPACE) === runtime.storage.scope.write;
  const sentence = isOwn
    ? candidateSentences(turn.content, roleOf(turn)).find((candidate) => candidate.start === start)
    : undefined;
  if (!turn || sentence === undefined) {
    throw new MemoryError("not_found", `Cannot ${action} candidate ${id}: there is none of that id`, {
      field: "id",
      value: id,
    });
  }
  const answer = { id, turn: turn.content_hash }, before = resolutionOf(turn, start);
  if (before !== null) {
    const was = before === DROPPED ? "dropped" : "confirmed";
    return {
      ...answer,
      success: false,
      message: `The candidate was ${was} already`,
      content_hash: before === DROPPED ? null : before,
    };
  }
  if (action === "drop") {
    await mark(runtime, turn, start, DROPPED);
    return { ...answer, success: true, message: "Dropped the candidate", content_hash: null };
  }
  const text = input.content ?? sentence.text, event = await eventIn(runtime, text, turn);
  const stored = await store(runtime, {
    content: wordsOf(text, sentence.kind, turn),
    tags: input.tags,
    memory_type: input.memory_type ?? sentence.kind,
    metadata: event === null
      ? {}
      : { event_words: event.words, event_from: event.from_iso, event_before: event.before_iso },
    created_at: turn.created_at,
  });
  const fact = stored.content_hash!;
  if (stored.queued) {
    throw new MemoryError("unavailable", `Cannot ${action} candidate ${id}: the store is away`, {
      retryAfterSeconds: 5,
    });
  }
  await addRelation(runtime, { content_hash: fact, target_hash: turn.content_hash, relation_type: CITES });
  await mark(runtime, turn, start, fact);
  const message = stored.duplicate
    ? "Confirmed the candidate; the memory was there already"
    : "Confirmed the candidate";
  return { ...answer, success: true, message, content_hash: fact };
}

/** The digits of the turn's key, and where the sentence begins, in an id; empty for another text. */
function parsedId(id: string): [string, string, number] | [] {
  const [, key, start] = /^([0-9a-f]{10,64})\.(\d{1,9})$/.exec(id) ?? [];
  return key === undefined ? [] : [id, key, Number(start)];
}

/** Notes on the turn what was decided; each sentence under a key of its own, so that no decision loses another. */
async function mark(runtime: Runtime, turn: Memory, start: number, value: string): Promise<void> {
  await runtime.storage.update(turn.content_hash, { metadata: { [`${RESOLVED}${start}`]: value } }, runtime.now());
  runtime.activity.changed("update", [turn.content_hash], `candidate ${value === DROPPED ? "dropped" : "confirmed"}`);
}
