/**
 * What the ranking takes of a memory besides its words: the speaker, whose words it holds, and whether it asks.
 *
 * @module
 */

import { labelledRole, type Role, ROLES } from "./role.ts";
import { analyse, asks } from "./text.ts";

/** Type of memories that are turns of conversations: what hooks capture and importers of conversations make. */
export const TURN_TYPE = "turn";

/**
 * A longer turn that ends by asking has said something before. Terms: half of the evidence in sessions with an
 * assistant ends by asking, 9 % among turns of one sentence.
 */
const SHORT_TURN = 40;

/** Features of a text, as they are indexed. */
export interface TurnFeatures {
  /** Terms of the label that names the speaker, such as `caroline` for `Caroline: I went …`; none without one. */
  speaker: readonly string[];
  /** Features as bits: see `featureBits`. */
  bits: number;
}

/** Lowest two bits and one more: the role that the label names, 0 for none, else its place in `ROLES` from 1. */
const ROLE_MASK = 7;
/** A name stands at the head: one to three words with capitals, and a colon. */
const NAMED = 8;
/** One word in lower case and a colon stand at the head, which may be a name. */
const PERHAPS_NAMED = 16;
const ASKS = 32;

/** Analyses the head and the end of a text. `length` is the number of its terms. */
export function turnFeatures(text: string, length: number): TurnFeatures {
  const role = labelledRole(text), label = role === null ? labelOf(text) : null;
  const named = label === null ? 0 : label.isName ? NAMED : PERHAPS_NAMED;
  const bits = (role === null ? 0 : ROLES.indexOf(role) + 1) | named | (length <= SHORT_TURN && asks(text) ? ASKS : 0);
  return { speaker: label?.terms ?? [], bits };
}

/** The role that the label names. */
export function roleIn(bits: number): Role | null {
  return ROLES[(bits & ROLE_MASK) - 1] ?? null;
}

/** A short turn that ends by asking. */
export function asksIn(bits: number): boolean {
  return (bits & ASKS) !== 0;
}

/** Whether a label may name who speaks. */
export function mayName(bits: number): boolean {
  return (bits & (NAMED | PERHAPS_NAMED)) !== 0;
}

/**
 * Whether a turn's label names who speaks. `elise: Hi` may be a name or anything else, so that it counts only where the
 * turns around it are labelled too.
 *
 * @param isAmongLabelled Whether one of the turns around it may name who speaks, by `mayName`.
 */
export function isNamed(bits: number, isAmongLabelled: () => boolean): boolean {
  return (bits & NAMED) !== 0 || ((bits & PERHAPS_NAMED) !== 0 && isAmongLabelled());
}

/** `Caroline: I went …`, `Dr. Ana Ruiz: …` and `elise: Hi`. A label is never longer than the part that is looked at. */
const LABEL = /^(\p{L}[^\s:：]{0,29}(?: \p{L}[^\s:：]{0,29}){0,2})(?::\s|：)/u;
const LONGEST_HEAD = 128;
const CAPITALS = /^[\p{Lu}\p{Lo}]\S*(?: [\p{Lu}\p{Lo}]\S*)*$/u;

function labelOf(text: string): { terms: string[]; isName: boolean } | null {
  const label = LABEL.exec(text.slice(0, LONGEST_HEAD).trimStart())?.[1];
  if (label === undefined) return null;
  const isName = CAPITALS.test(label);
  return isName || !label.includes(" ") ? { terms: analyse(label), isName } : null;
}
