/**
 * Moves turns to the trash that hooks captured long ago, never silently: the log and an event say so, and a note in the
 * store, which the briefing, health and `doctor` show for a while.
 *
 * @module
 */

import { z } from "zod";
import type { Memory } from "../memory/memory.ts";
import { isoTime } from "../memory/schemas.ts";
import { DEFAULT_SPACE } from "../memory/space.ts";
import { TURN_TYPE } from "../memory/turn.ts";
import type { MemoryStorage } from "../storage/contract/storage.ts";
import type { Job } from "./background/background.ts";
import { isCited } from "./candidates.ts";
import { changedEvent } from "./event_types.ts";
import { moveToTrash } from "./expire_memories.ts";
import type { Logger } from "./logger.ts";
import type { Runtime, ServiceRuntime } from "./runtime.ts";

/** Milliseconds between two looks, and turns read at once. */
const INTERVAL_MS = 86_400_000, AT_ONCE = 250;
const DAY_SECONDS = 86_400;
/** What the trash says of them. */
export const ARCHIVED = "archived";
/** Name of the note in the store, and days for which what it says is shown. */
const NOTE = "archived_turns", SHOWN_DAYS = 7;

/** Per space, what was archived last: how many turns, and on which day. */
const Note = z.record(z.string(), z.object({ turns: z.int(), day: z.iso.date() }));
type Note = z.infer<typeof Note>;

/** Which turns are archived. */
interface Which {
  /** Clients whose turns are meant, by `metadata.source`: what an import of other conversations brought stays. */
  sources: readonly string[];
  /** Unix seconds. */
  now?: number;
  signal?: AbortSignal;
}

/** The background job. */
export function archiveTurnsJob(runtime: ServiceRuntime, log: Logger, sources: readonly string[]): Job {
  return {
    name: "archive old turns",
    everyMs: INTERVAL_MS,
    run: async (signal) => {
      for (const [space, turns] of await archiveTurns(runtime, { sources, signal })) {
        log.info(`Moved ${messageOf(runtime, turns)} of the space ${space} to the trash`);
      }
      runtime.health.archived = archivedText(await noteIn(runtime.storage));
    },
  };
}

/**
 * Moves turns to the trash that were both said and stored, or changed, longer ago than the setting says. Those that
 * somebody tagged, or from which a fact was confirmed, stay, and all of them where the trash keeps nothing.
 *
 * @returns how many were moved, by space.
 */
export async function archiveTurns(
  runtime: ServiceRuntime,
  { sources, now = Date.now() / 1000, signal }: Which,
): Promise<ReadonlyMap<string, number>> {
  const { turnDays = 0, trashDays } = runtime.settings, before = now - turnDays * DAY_SECONDS;
  const moved = new Map<string, number>();
  if (turnDays === 0 || trashDays === 0) return moved;
  for (const source of sources) {
    const filter = { memory_type: TURN_TYPE, metadata: { source }, created_before: before };
    for (let kept = 0; !signal?.aborted;) {
      const { memories } = await runtime.storage.list({ filter, offset: kept, limit: AT_ONCE });
      kept += memories.length;
      const old = memories.filter((turn) => turn.updated_at < before && turn.tags.length === 0 && !isCited(turn));
      for (const [space, group] of Map.groupBy(old, ({ space = DEFAULT_SPACE }: Memory) => space)) {
        const { gone, events } = await moveToTrash(runtime, space, group, { at: now, reason: ARCHIVED });
        kept -= gone.length;
        if (gone.length === 0) continue;
        events.publish(changedEvent("deleted", gone.length, `${messageOf(runtime, gone.length)} archived`));
        moved.set(space, (moved.get(space) ?? 0) + gone.length);
      }
      if (memories.length < AT_ONCE) break;
    }
  }
  if (moved.size > 0) await tell(runtime.storage, moved, now);
  return moved;
}

/** What was archived lately in the space that is written to, in words; null where nothing was. */
export async function archivedIn({ storage }: Runtime): Promise<string | null> {
  const { write } = storage.scope, note = await noteIn(storage);
  return Object.hasOwn(note, write) ? archivedText({ [write]: note[write]! }) : null;
}

/** The same of all spaces, from the notes of a store by name. */
export function archivedOf(notes: Readonly<Record<string, string>>): string | null {
  return archivedText(parsed(notes[NOTE] ?? null));
}

function archivedText(note: Note, now = Date.now() / 1000): string | null {
  const lately = Object.values(note).filter(({ day }) => isShown(day, now)), [first] = lately;
  if (first === undefined) return null;
  const turns = lately.reduce((sum, entry) => sum + entry.turns, 0);
  const day = lately.reduce((last, entry) => entry.day > last ? entry.day : last, first.day);
  return `${countOf(turns, "old ")} archived, last on ${day}: \`unimem trash\` lists and restores what went`;
}

function isShown(day: string, now: number): boolean {
  return Date.parse(day) / 1000 > now - (SHOWN_DAYS + 1) * DAY_SECONDS;
}

function messageOf({ settings: { turnDays } }: Runtime, turns: number): string {
  return `${countOf(turns)} older than ${turnDays} days`;
}

function countOf(turns: number, kind = ""): string {
  return `${turns} ${kind}${turns === 1 ? "turn" : "turns"}`;
}

/** Adds to the note; those of one day count together, and older ones go. */
async function tell(storage: MemoryStorage, moved: ReadonlyMap<string, number>, now: number): Promise<void> {
  const day = isoTime(now).slice(0, 10);
  for (;;) {
    const text = await storage.note(NOTE);
    const note = Object.fromEntries(Object.entries(parsed(text)).filter(([, entry]) => isShown(entry.day, now)));
    for (const [space, turns] of moved) {
      const before = Object.hasOwn(note, space) && note[space]!.day === day ? note[space]!.turns : 0;
      note[space] = { turns: before + turns, day };
    }
    if (await storage.changeNote(NOTE, text, JSON.stringify(note))) return;
  }
}

async function noteIn(storage: MemoryStorage): Promise<Note> {
  return parsed(await storage.note(NOTE));
}

function parsed(text: string | null): Note {
  try {
    return Note.parse(JSON.parse(text ?? "{}"));
  } catch {
    return {}; // of another version
  }
}
