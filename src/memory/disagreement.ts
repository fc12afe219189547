/**
 * Whether two texts about the same thing say different things: other numbers, or one of them a negation.
 *
 * @module
 */

import { analyse } from "./text.ts";

/** What two texts disagree in. */
export interface Disagreement {
  kind: "negation" | "numbers";
  /** In words, for the person who decides which of them holds. */
  detail: string;
}

const NEGATION = /\b(?:no longer|not|no|never|none|nobody|nothing|neither|nor|without|cannot|stopped|\w+n['’]t)\b/giu;
const NUMBER = /\d+(?:[.,:/-]\d+)*/g;
/** Numbers that a detail lists, and the characters of each. */
const SHOWN = 20, SHOWN_LENGTH = 40;
/** Least share of words two texts must have in common, numbers and negations aside. */
const SHARED = 0.5;

/** What a text says, as far as it is compared with others. */
export interface Statement {
  /** Its words, numbers and negations aside. */
  words: ReadonlySet<string>;
  negations: readonly string[];
  numbers: ReadonlySet<string>;
}

/** What a text says. Takes a tenth of a second for one of 100,000 characters. */
export function statementOf(text: string): Statement {
  return {
    words: new Set(analyse(text.replace(NEGATION, " ").replace(NUMBER, " "))),
    negations: matchesOf(text, NEGATION),
    numbers: new Set(matchesOf(text, NUMBER)),
  };
}

/** What two texts disagree in; empty when they agree or are about different things. */
export function disagreements(a: Statement, b: Statement): Disagreement[] {
  if (sharedWords(a, b) < SHARED) return [];
  const found: Disagreement[] = [], left = a.negations, right = b.negations;
  // Two negations cancel out often enough to count as none.
  if (left.length % 2 !== right.length % 2) {
    const words = (left.length % 2 === 1 ? left : right).join(", ");
    found.push({ kind: "negation", detail: `Only the ${left.length % 2 === 1 ? "first" : "second"} says "${words}"` });
  }
  const only = [...a.numbers.difference(b.numbers)], other = [...b.numbers.difference(a.numbers)];
  // A number that only one text gives adds to the other; only numbers in each other's place contradict.
  if (only.length > 0 && other.length > 0) {
    found.push({ kind: "numbers", detail: `${listed(only)} against ${listed(other)}` });
  }
  return found;
}

/** The first of many numbers. */
function listed(numbers: readonly string[]): string {
  const shown = numbers.slice(0, SHOWN).map((number) => number.slice(0, SHOWN_LENGTH)).join(", ");
  return numbers.length > SHOWN ? `${shown} and ${numbers.length - SHOWN} more` : shown;
}

/** Share of the words of both that both have. */
function sharedWords({ words: left }: Statement, { words: right }: Statement): number {
  const common = left.intersection(right).size;
  return common / Math.max(1, Math.min(left.size, right.size) + (Math.abs(left.size - right.size) / 2));
}

function matchesOf(text: string, pattern: RegExp): string[] {
  return [...new Set(Array.from(text.matchAll(pattern), ([match]) => match.toLowerCase()))];
}
