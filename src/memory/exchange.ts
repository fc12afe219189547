/**
 * Exchanges of a conversation: a message and its answer, or a question and the reply to it.
 *
 * @module
 */

import type { Role } from "./role.ts";

/** What is known of a turn. */
export interface Turn<Id> {
  id: Id;
  /** The turns around it in its conversation; null where there is none. */
  previous: Id | null;
  next: Id | null;
  /** Whose words it holds; null where that isn't known. */
  role: Role | null;
  /** Equal for turns with the same label at their head; null without one. */
  label: string | number | null;
  /** It is short and ends by asking. */
  asks: boolean;
}

/** A result, and the other turn of its exchange where that was found too. */
export interface Paired<T> {
  entry: T;
  /** `part` says what the other turn is. */
  other: { part: "question" | "answer"; entry: T } | null;
}

/** Whether the turn after another one answers it: an assistant answers a user, anyone else a question. */
export function answers(turn: Omit<Turn<unknown>, "id">, next: Omit<Turn<unknown>, "id">): boolean {
  if (turn.role !== null || next.role !== null) return turn.role === "user" && next.role === "assistant";
  return turn.asks && (turn.label === null || turn.label !== next.label);
}

/**
 * Puts both turns of an exchange in the place of the one that ranks higher; each entry is in one exchange at most. The
 * order is that of the entries given, best first.
 */
export function pairExchanges<Id, T>(entries: readonly T[], turnOf: (entry: T) => Turn<Id>): Paired<T>[] {
  const ranks = new Map(entries.map((entry, rank) => [turnOf(entry).id, rank])), taken = new Uint8Array(entries.length);
  const free = (id: Id | null) => {
    const rank = id === null ? undefined : ranks.get(id);
    return rank === undefined || taken[rank] === 1 ? null : rank;
  };
  return entries.flatMap((entry, rank): Paired<T>[] => {
    if (taken[rank] === 1) return [];
    taken[rank] = 1;
    const turn = turnOf(entry), before = free(turn.previous), after = free(turn.next);
    const question = before !== null && answers(turnOf(entries[before]!), turn) ? before : null;
    const answer = after !== null && answers(turn, turnOf(entries[after]!)) ? after : null;
    if (question === null && answer === null) return [{ entry, other: null }];
    const isAnswer = question === null || (answer !== null && answer < question);
    const other = isAnswer ? answer! : question;
    taken[other] = 1;
    return [{ entry, other: { part: isAnswer ? "answer" : "question", entry: entries[other]! } }];
  });
}
