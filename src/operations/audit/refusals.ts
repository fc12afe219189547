/**
 * Refused requests for the audit log. The first of a kind is written at once; what follows within a minute is counted and
 * written as one entry, so that a flood of refused requests can't push everything else out of the log.
 *
 * @module
 */

import type { AuditDraft } from "./entry.ts";

/** Milliseconds over which refusals of a kind are counted together. */
const PERIOD_MS = 60_000;
/** Kinds that are distinguished within such a time. Those beyond are counted together, without their addresses. */
const MOST_KINDS = 200;

interface Tally {
  draft: AuditDraft;
  /** Those after the first. */
  more: number;
}

/** Counts refusals, by who was refused what and why. */
export class Refusals {
  readonly #note: (draft: AuditDraft) => void;
  readonly #tallies = new Map<string, Tally>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(note: (draft: AuditDraft) => void) {
    this.#note = note;
  }

  /** Takes a refusal. */
  add(draft: AuditDraft): void {
    const { caller: { name, kind, address }, channel, action, outcome } = draft;
    let key = JSON.stringify([name, kind, address, channel, action, outcome]), kept = draft;
    if (!this.#tallies.has(key) && this.#tallies.size >= MOST_KINDS) {
      const { request: _, ...others } = draft;
      kept = { ...others, caller: { name: null, kind: null }, action: "many", detail: "From many addresses" };
      key = JSON.stringify([outcome]);
    }
    const tally = this.#tallies.get(key);
    if (tally !== undefined) tally.more++;
    else {
      this.#tallies.set(key, { draft: kept, more: 0 });
      this.#note({ ...kept, count: 1 });
    }
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.flush(), PERIOD_MS);
      Deno.unrefTimer(this.#timer);
    }
  }

  /** Writes what was counted. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { draft: { request: _, ...draft }, more } of this.#tallies.values()) {
      if (more > 0) this.#note({ ...draft, count: more, detail: "Within a minute of the one before" });
    }
    this.#tallies.clear();
  }
}
