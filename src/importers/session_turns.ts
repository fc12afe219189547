/**
 * Turns of a coding agent's transcript, line by line and without secrets: the same for a hook, which goes on later where
 * it has been, and for an import of whole files.
 *
 * @module
 */

import type { Entry } from "../operations/moving/import.ts";
import { Conversation } from "./conversation.ts";
import type { OmitTurn } from "./importer.ts";
import { redact, type Redactions } from "./secrets.ts";
import type { SessionFormat, SessionMemory, SessionReader, TranscriptTurn } from "./session_formats.ts";

/** Most characters of one turn, and of the line for a call of a tool. */
const MAX_TURN = 100_000, MAX_CALL = 240;

/** What an earlier reader of the same file knew. */
export interface ReadBefore {
  memory: SessionMemory;
  /** Unix seconds of the last turn that was taken. */
  last: number;
}

/** What a line holds. */
export interface LineTurns {
  /** The turn, and one for each call of a tool that has ended. */
  entries: Entry[];
  /** Why there is no turn in it; null where there is one, and for a line that says nothing. */
  left: string | null;
  redactions: Redactions;
}

/** Reads one transcript, in order. */
export class SessionTurns {
  readonly #source: string;
  readonly #reader: SessionReader;
  readonly #now: () => number;
  readonly #omit: OmitTurn;
  readonly #isUntimed: boolean;
  readonly #untimedAt: number;
  #conversation: { id: string; turns: Conversation } | null = null;
  #last: number;

  /** @param now Unix seconds: when the turns are stored, and when they were said where a transcript has no times. */
  constructor(
    { source, untimed, begin }: SessionFormat,
    fileName: string,
    { before, project, now = () => Date.now() / 1000, omit = ({ text }) => text, untimedAt = 0 }: {
      before?: ReadBefore | undefined;
      /** The session's folder, where its transcript names none. */
      project?: string;
      now?: () => number;
      omit?: OmitTurn | undefined;
      /** Unix seconds for turns of a transcript without times; `now` counts without it. */
      untimedAt?: number;
    } = {},
  ) {
    this.#omit = omit;
    this.#source = source;
    this.#isUntimed = untimed === true;
    this.#untimedAt = untimedAt;
    this.#reader = begin(fileName, before?.memory);
    if (project !== undefined) this.#reader.memory.facts.project ??= project;
    this.#last = before?.last ?? 0;
    this.#now = now;
  }

  /** What a later reader of the same file must know. */
  get known(): ReadBefore {
    return { memory: this.#reader.memory, last: this.#last };
  }

  /**
   * Reads a line.
   *
   * @param number Its number in the file, from 1.
   * @param place Where it stands, for messages.
   */
  async read(line: Record<string, unknown>, number: number, place = ""): Promise<LineTurns> {
    const turn = this.#reader.line(line, number), calls = this.#reader.calls(line);
    const entries: Entry[] = [], redactions: Redactions = {};
    for (const each of [...typeof turn === "object" && turn !== null ? [turn] : [], ...calls]) {
      const kept = this.#omit(each, this.#reader.memory.facts.project);
      if (kept === null || kept.trim() === "") continue;
      const found = await redact(kept);
      for (const [kind, count] of Object.entries(found.redactions)) redactions[kind] = (redactions[kind] ?? 0) + count;
      const text = each.role === "tool" ? shortened(found.text) : bounded(found.text);
      entries.push(this.#entryOf({ ...each, text }, place));
    }
    return { entries, left: typeof turn === "string" && calls.length === 0 ? turn : null, redactions };
  }

  #entryOf(turn: TranscriptTurn, place: string): Entry {
    const { id, facts, began } = this.#reader.memory;
    const at = turn.at ?? ((this.#isUntimed ? this.#untimedAt : this.#last) || began || this.#now());
    if (this.#conversation?.id !== id) {
      this.#conversation = { id, turns: new Conversation(this.#source, id, this.#last, { ...facts }) };
    }
    const { turns } = this.#conversation, entry = turns.entryOf({ place, ...turn, at });
    this.#last = turns.last;
    // A turn is as old as what is kept of it: a session of last year that is captured today isn't archived tomorrow.
    return { ...entry, value: { ...entry.value as Record<string, unknown>, updated_at: this.#now() } };
  }
}

/** The line for a call, cut before how it ended. */
function shortened(line: string): string {
  if (line.length <= MAX_CALL) return line;
  const outcome = /: (?:done|cancelled|failed(?: with -?\d+)?)$/.exec(line.slice(-40))?.[0] ?? "";
  return `${line.slice(0, MAX_CALL).toWellFormed()} [cut]${outcome}`;
}

function bounded(text: string): string {
  if (text.length <= MAX_TURN) return text;
  return `${text.slice(0, MAX_TURN).toWellFormed()}\n[cut: ${text.length - MAX_TURN} more characters]`;
}
