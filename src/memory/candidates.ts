/**
 * Sentences that look like a decision, a preference, a correction, a fix or a task, found by rules in data. Takes time
 * linear in the text: sentences are cut in one pass, and long ones are passed over.
 *
 * @module
 */

import { CANDIDATE_RULES, type CandidateKind, NOT_A_FACT } from "./candidate_rules.ts";
import { fold } from "./fold.ts";
import { labelEnd, type Role } from "./role.ts";

/** A sentence that may be worth keeping. */
export interface CandidateSentence {
  kind: CandidateKind;
  /** As it stands in the text, trimmed. */
  text: string;
  /** Index in the text at which it begins. */
  start: number;
}

/** Characters of a sentence that is looked at: shorter ones say too little alone, longer ones are listings and code. */
const SHORTEST = 16, LONGEST = 320;
/** Words of a sentence at least. */
const FEWEST_WORDS = 4;

/** What ends a sentence where a blank or a closing mark follows, and what does so anywhere. */
const ENDS: ReadonlySet<string> = new Set([".", "!", "?", "…"]);
const AFTER: ReadonlySet<string> = new Set([" ", "\t", '"', "'", ")", "”", "“", "*", "_"]);

/** Candidates of one text at most: more make a listing. */
const MOST = 5;

/**
 * The candidates in a turn of a conversation, in order. Code between fences, quoted lines and tables are left out.
 *
 * @param role Whose words they are. Of an assistant's only fixes count: what else it says it will do is how it answers.
 */
export function candidateSentences(text: string, role: Role | null = null): CandidateSentence[] {
  const found: CandidateSentence[] = [];
  if (role === "tool" || role === "system") return found;
  for (const { text: sentence, start } of sentences(text, labelEnd(text))) {
    const kind = kindOf(sentence, role === "assistant" ? ["fix"] : undefined);
    if (kind !== null) found.push({ kind, text: sentence, start });
    if (found.length === MOST) break;
  }
  return found;
}

/**
 * What a sentence looks like; null for most.
 *
 * @param kinds What it may be; anything without it.
 */
export function kindOf(sentence: string, kinds?: readonly CandidateKind[]): CandidateKind | null {
  if (sentence.length < SHORTEST || sentence.length > LONGEST) return null;
  const plain = fold(sentence).replace(/[’‘]/g, "'").replace(/\*\*|__/g, "").replace(
    /^[-*•>#\d.)\s]{1,8}(?=[^\s\d])/,
    "",
  );
  if (plain.split(" ", FEWEST_WORDS).length < FEWEST_WORDS || NOT_A_FACT.some((pattern) => pattern.test(plain))) {
    return null;
  }
  const isMeant = (kind: CandidateKind) => kinds === undefined || kinds.includes(kind);
  return CANDIDATE_RULES.find(({ kind, pattern }) => isMeant(kind) && pattern.test(plain))?.kind ?? null;
}

/** Sentences of prose with where they begin. */
function* sentences(text: string, begin: number): Generator<{ text: string; start: number }> {
  let isCode = false;
  for (let from = begin; from <= text.length;) {
    const at = text.indexOf("\n", from), end = at < 0 ? text.length : at, line = text.slice(from, end);
    const head = line.trimStart();
    if (head.startsWith("```") || head.startsWith("~~~")) isCode = !isCode;
    else if (!isCode && !head.startsWith("|") && !head.startsWith(">")) yield* sentencesOf(line, from);
    from = end + 1;
  }
}

function* sentencesOf(line: string, offset: number): Generator<{ text: string; start: number }> {
  let from = 0;
  for (let i = 0; i <= line.length; i++) {
    const isEnd = i === line.length || (ENDS.has(line[i]!) && (i + 1 === line.length || AFTER.has(line[i + 1]!)));
    if (!isEnd) continue;
    const raw = line.slice(from, i + 1), text = raw.trim();
    if (text.length >= SHORTEST) yield { text, start: offset + from + (raw.length - raw.trimStart().length) };
    from = i + 1;
  }
}
