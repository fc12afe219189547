/**
 * Takes new turns of a session's transcript, without secrets, to the service, or to the spool while there is none.
 *
 * @module
 */

import { basename } from "node:path";
import { COPILOT_CLI } from "../importers/copilot_session.ts";
import { CURSOR } from "../importers/cursor_session.ts";
import { GEMINI_CLI } from "../importers/gemini_sessions.ts";
import type { OmitTurn } from "../importers/importer.ts";
import { OPENCODE } from "../importers/opencode_session.ts";
import type { Redactions } from "../importers/secrets.ts";
import { CLAUDE_CODE, CODEX, type SessionFormat } from "../importers/session_formats.ts";
import { SessionTurns } from "../importers/session_turns.ts";
import { objectOf } from "../importers/values.ts";
import { TimeSlice } from "../yielding.ts";
import type { HookClient, HookEvent } from "./event.ts";
import { type HookFolder, remove, type SessionState } from "./folder.ts";
import type { Budget, HookService } from "./service.ts";

/** Formats of transcripts; clients without one are not captured. */
const FORMATS: Partial<Record<HookClient, SessionFormat>> = {
  "claude-code": CLAUDE_CODE,
  codex: CODEX,
  cursor: CURSOR,
  "copilot-cli": COPILOT_CLI,
  "gemini-cli": GEMINI_CLI,
  opencode: OPENCODE,
};

/** Bytes of a transcript that are looked at for one step, and most of one line; a longer line is passed over. */
const STEP_BYTES = 1024 * 1024, MAX_LINE_BYTES = 8 * 1024 * 1024;
/** Turns, and characters of them, after which a step ends: little enough to be done in time on a slow machine. */
const STEP_TURNS = 50, STEP_CHARACTERS = 100_000;
const NEWLINE = 10;

/** What a hook captured. */
export interface Captured {
  turns: number;
  /** Why the service stored some of them not, such as for their length; null where it stored all. */
  refused: string | null;
  redactions: Redactions;
  /** Whether some of the turns wait for a service. */
  spooled: boolean;
}

/**
 * Captures what a transcript has got since the last time, by steps each of which is kept, as far as the time lasts; the
 * rest is the next hook's. Twice the same changes nothing: each turn is known by its own id.
 *
 * @returns null where the client's transcripts aren't known, or none is named.
 * @throws {Error} where neither the service nor the spool took the turns; they are taken the next time.
 */
export async function capture(
  event: HookEvent,
  { folder, service, space, budget, omit }: {
    folder: HookFolder;
    service: HookService | null;
    space: string;
    budget: Budget;
    omit?: OmitTurn;
  },
): Promise<Captured | null> {
  const format = FORMATS[event.client];
  if (format === undefined || (event.transcript === null && event.messages === undefined)) return null;
  const all: Captured = { turns: 0, refused: null, redactions: {}, spooled: false }, timeSlice = new TimeSlice();
  for (let took = 0; budget.left > 2 * took;) {
    const began = performance.now(), state = folder.session(event.client, event.session);
    if (state.isForgotten) break;
    const { lines, redactions, next } = await newLines(event, state, { format, omit, timeSlice });
    if (next.offset === state.offset) break;
    for (const [kind, count] of Object.entries(redactions)) all.redactions[kind] = (all.redactions[kind] ?? 0) + count;
    if (lines.length > 0) {
      const text = `${lines.join("\n")}\n`;
      // Once some wait, the others do too, so that they are taken over in order.
      const answer = all.spooled
        ? null
        : await service?.call("/api/import", { lines: text }, { spaces: space, budget });
      if (answer?.status !== 200) {
        folder.spool(space, text);
        all.spooled = true;
      } else all.refused ??= faultIn(answer.body);
    }
    folder.keepSession({ ...folder.session(event.client, event.session), ...next, space });
    all.turns += lines.length;
    took = performance.now() - began;
  }
  return all;
}

/** Whether sessions of a client are captured. */
export function isCaptured(client: HookClient): boolean {
  return FORMATS[client] !== undefined;
}

/** Hands what waits to the service, as far as the time lasts; how much was taken. */
export async function drain(folder: HookFolder, service: HookService, budget: Budget): Promise<number> {
  let taken = 0;
  for (const { path, space } of folder.waiting()) {
    let lines: string;
    try {
      lines = Deno.readTextFileSync(path);
    } catch {
      continue; // another process took it
    }
    const answer = await service.call("/api/import", { lines }, { spaces: space, budget });
    if (answer?.status !== 200) break;
    remove(path);
    taken++;
  }
  return taken;
}

/** The first fault in an import's report. */
function faultIn(report: unknown): string | null {
  const { faults, errors } = report as { faults: number; errors: { message: string }[] };
  return faults === 0 ? null : `The service refused ${faults} of the turns: ${errors[0]?.message}`;
}

/** Lines of a transcript, the last one maybe half written. */
interface Piece {
  /** What the turns without an id of their own are numbered by. */
  name: string;
  bytes: Uint8Array;
  offset: number;
  /** Whether it goes on where the state ended. */
  isSame: boolean;
}

/** What a transcript has got since the state. */
async function pieceOf(path: string, state: SessionState): Promise<Piece> {
  // Opening a pipe would wait for somebody to write.
  if (!(await Deno.stat(path)).isFile) throw new Error(`"${path}" is no file`);
  using file = await Deno.open(path);
  const { size } = await file.stat();
  // A shorter file is another one: the client wrote it again.
  const isSame = size >= state.offset, offset = isSame ? state.offset : 0;
  let bytes = await readFrom(file, offset, Math.min(STEP_BYTES, size - offset));
  if (bytes.length === STEP_BYTES && !bytes.includes(NEWLINE)) {
    bytes = await readFrom(file, offset, Math.min(MAX_LINE_BYTES, size - offset));
  }
  return { name: basename(path), bytes, offset, isSame };
}

/** Messages that a client handed over, those after the last one that was taken, as lines of a transcript. */
function handedOver({ messages = [], session }: HookEvent, { offset, memory }: SessionState): Piece {
  const lines: string[] = [];
  let characters = 0;
  for (const message of messages) {
    const fields = objectOf(message), id = objectOf(fields?.info)?.id ?? fields?.id;
    // Ids of messages grow.
    if (typeof id !== "string" || id <= (memory?.after ?? "")) continue;
    lines.push(`${JSON.stringify(fields)}\n`);
    characters += lines.at(-1)!.length;
    if (characters > STEP_BYTES) break;
  }
  return { name: `${session}.jsonl`, bytes: new TextEncoder().encode(lines.join("")), offset, isSame: true };
}

/** The turns of the lines that are complete and new, and the state after them. */
async function newLines(
  event: HookEvent,
  state: SessionState,
  { format, omit, timeSlice }: { format: SessionFormat; omit: OmitTurn | undefined; timeSlice: TimeSlice },
): Promise<
  { lines: string[]; redactions: Redactions; next: Pick<SessionState, "offset" | "lines" | "memory" | "last"> }
> {
  const { name, bytes, offset, isSame } = event.messages === undefined
    ? await pieceOf(event.transcript!, state)
    : handedOver(event, state);
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const { memory, last } = state, before = isSame && memory !== null ? { memory, last } : undefined;
  const session = new SessionTurns(format, name, { before, omit, project: event.folder });
  let number = isSame ? state.lines : 0;
  const found: string[] = [], redactions: Redactions = {}, utf8 = new TextDecoder();
  let taken = 0, characters = 0;
  for (let start = 0; start < end && found.length < STEP_TURNS && characters < STEP_CHARACTERS;) {
    const stop = bytes.indexOf(NEWLINE, start), line = parsed(utf8.decode(bytes.subarray(start, stop)));
    start = taken = stop + 1;
    number++;
    if (line === null) continue;
    const read = await session.read(line, number);
    for (const [kind, count] of Object.entries(read.redactions)) redactions[kind] = (redactions[kind] ?? 0) + count;
    for (const { value } of read.entries) {
      const text = JSON.stringify(value);
      found.push(text);
      characters += text.length;
    }
    // Nothing of it waits, so that the end of the hook's time would not be seen.
    await timeSlice.yieldIfDue();
  }
  if (end === 0 && bytes.length === MAX_LINE_BYTES) taken = bytes.length;
  return {
    lines: found,
    redactions,
    next: { offset: offset + taken, lines: number, ...session.known },
  };
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return null; // no JSON, or what is left of a line that was too long
  }
}

async function readFrom(file: Deno.FsFile, offset: number, length: number): Promise<Uint8Array> {
  await file.seek(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(Math.max(0, length));
  let at = 0;
  while (at < bytes.length) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes.subarray(0, at);
}
