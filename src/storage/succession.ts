/**
 * What becomes of memories that another one had replaced when that one goes: they are current again, or replaced by what
 * had replaced it. The trash keeps what they were, so that taking it back brings that back too.
 *
 * @module
 */

import type { Memory, Supersession } from "../memory/memory.ts";
import type { Replaced } from "./contract/trash.ts";

/**
 * What replaces the memories that `gone` had replaced: what was given, else what had replaced it; null where that isn't
 * stored.
 */
export function successorOf(
  gone: Pick<Memory, "content_hash" | "superseded">,
  given: string | null,
  isStored: (hash: string) => boolean,
): string | null {
  const by = given ?? gone.superseded?.by ?? null;
  return by !== null && by !== gone.content_hash && isStored(by) ? by : null;
}

/** What a memory is replaced by once what replaced it has gone. */
export function released({ content_hash, superseded }: Memory, by: string | null): Supersession | null {
  return by === null || by === content_hash || superseded === undefined ? null : { ...superseded, by };
}

/** The memories as the trash keeps them; null without any. */
export function replacedBy(by: string | null, memories: readonly Memory[]): Replaced | null {
  const kept = memories.flatMap(({ content_hash: hash, superseded }) =>
    superseded === undefined ? [] : [{ hash, at: superseded.at, reason: superseded.reason }]
  );
  return kept.length === 0 ? null : { by, memories: kept };
}

/** What a memory is replaced by once what had replaced it is back; undefined where that has changed since. */
export function replacedAgain(
  memory: Memory,
  by: string,
  replaced: Replaced,
): Supersession | undefined {
  const kept = replaced.memories.find(({ hash }) => hash === memory.content_hash);
  if (kept === undefined || (memory.superseded?.by ?? null) !== replaced.by) return undefined;
  return { by, at: kept.at, reason: kept.reason };
}
