/**
 * Fills a store with invented memories, conversations and documents.
 *
 * @module
 */

import { contentHash } from "../../memory/hash.ts";
import { TURN_TYPE } from "../../memory/turn.ts";
import { CITES } from "../candidates.ts";
import { uploadStatus } from "../documents/status.ts";
import { upload } from "../documents/upload.ts";
import { type Entry, importEntries } from "../moving/import.ts";
import type { Runtime } from "../runtime.ts";
import {
  ALIKE,
  CONFIRMED,
  CONTRADICTING,
  DIALOGUES,
  DOCUMENTS,
  FACTS,
  PEOPLE,
  REPLACED,
  TOPICS,
  WEEKS,
} from "./facts.ts";

/** Programs and models that the dialogues were held with, in turn. */
const HELD_IN = [["claude-code", "claude-sonnet-4-5"], ["codex", "gpt-5-codex"]] as const;
const WEEK_NAMES = ["first", "second", "third", "fourth", "last"];
const DAY = 86_400, WEEKS_BACK = 50;
/** Milliseconds between two looks at a document on its way in. */
const LOOK_MS = 50;

interface Line {
  kind: "memory";
  content: string;
  content_hash: string;
  tags: readonly string[];
  memory_type: string;
  created_at: number;
  conversation_id?: string;
  metadata?: Record<string, string>;
  superseded?: { by: string; at: number; reason: string };
}

/** What was stored. */
export interface DemoReport {
  memories: number;
  documents: number;
}

/** The memories, oldest first, as lines of an export. `now` is Unix seconds. */
export function demoMemories(now: number): Line[] {
  const memories: Line[] = [];
  const add = (
    content: string,
    tags: readonly string[],
    memory_type: string,
    daysAgo: number,
    more: Partial<Line> = {},
  ) => {
    // Working hours, spread by the number of what is there so far.
    const hours = 8 + memories.length * 7 % 10,
      at = Math.floor(now / DAY - daysAgo) * DAY + hours * 3600 + memories.length;
    const created_at = Math.min(at, now - 60 + memories.length / 100);
    const line: Line = {
      kind: "memory",
      content,
      content_hash: contentHash(content),
      tags,
      memory_type,
      created_at,
      ...more,
    };
    memories.push(line);
    return line;
  };
  FACTS.forEach(([content, tags, type], i) => add(content, tags, type, 150 - i * 4.3));
  REPLACED.forEach(([older, newer, reason, tags], i) => {
    const by = add(newer, tags, "decision", 12 - i * 2), at = by.created_at;
    add(older, tags, "decision", 120 - i * 9, { superseded: { by: by.content_hash, at, reason } });
  });
  CONTRADICTING.forEach(([first, second, tags], i) => {
    add(first, tags, "reference", 60 - i);
    add(second, tags, "reference", 9 - i);
  });
  ALIKE.forEach(([first, second, tags], i) => {
    add(first, tags, "note", 33 - i);
    add(second, tags, "note", 5 - i);
  });
  for (const [topic, choices] of TOPICS) {
    PEOPLE.forEach((name, i) =>
      add(`${name} likes ${topic} ${choices[i]}.`, [name.toLowerCase(), topic], "preference", 100 - memories.length / 3)
    );
  }
  for (let week = 0; week < WEEKS_BACK; week++) {
    const pick = <T>(list: readonly T[], step: number) => list[week * step % list.length]!;
    const daysAgo = 7 * (WEEKS_BACK - week) - 6, name = weekOf(now - daysAgo * DAY);
    add(
      `${name} the team shipped ${pick(WEEKS.shipped, 3)}; next is ${pick(WEEKS.next, 2)}.`,
      ["weekly", pick(["booking", "kiosk", "mobile"], 1)],
      "note",
      daysAgo,
    );
    if (week % 2 === 0) {
      add(`${name} we learned that ${pick(WEEKS.learned, 1)}.`, ["weekly", "research"], "note", daysAgo - 1);
    }
    if (week % 3 === 0) {
      add(`The risk seen ${lowerFirst(name)} is ${pick(WEEKS.risk, 2)}.`, ["weekly", "risk"], "note", daysAgo - 2);
    }
  }
  DIALOGUES.forEach(([project, turns], i) => {
    const conversation_id = `harbour/${project}`, begun = now - (i * 3 + 1) * DAY - 5 * 3600;
    const [client, model] = HELD_IN[i % HELD_IN.length]!;
    turns.forEach((text, turn) =>
      add(text, ["session", project], TURN_TYPE, 0, {
        conversation_id,
        created_at: begun + turn * 47,
        metadata: {
          client,
          project: `harbour/${project}`,
          ...turn % 2 === 0 ? { role: "user" } : { role: "assistant", model },
        },
      })
    );
  });
  for (const [text, tags, type] of CONFIRMED) add(text, tags, type, 1);
  return memories.sort((a, b) => a.created_at - b.created_at);
}

/** The week of a time in words, such as "In the second week of March". */
function weekOf(seconds: number): string {
  const date = new Date(seconds * 1000), month = date.toLocaleDateString("en", { month: "long", timeZone: "UTC" });
  return `In the ${WEEK_NAMES[Math.floor((date.getUTCDate() - 1) / 7)]} week of ${month}`;
}

const lowerFirst = (text: string) => text[0]!.toLowerCase() + text.slice(1);

/** Stores everything; what is there already stays. Vectors are made by the service. */
export async function fillDemo(runtime: Runtime, now = Date.now() / 1000): Promise<DemoReport> {
  const memories = demoMemories(now);
  const report = await importEntries(runtime, entriesOf(memories), { file: "demo" });
  let documents = 0;
  for (const [name, text] of Object.entries(DOCUMENTS)) {
    const { upload_id } = await upload(runtime, { name, bytes: new TextEncoder().encode(text) }, {
      tags: ["handbook"],
      memory_type: "document",
    });
    while ((await uploadStatus(runtime, upload_id)).completed_at === null) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    documents++;
  }
  return { memories: report.stored, documents };
}

async function* entriesOf(memories: Line[]): AsyncGenerator<Entry> {
  for (const [i, value] of memories.entries()) yield { place: `Memory ${i + 1}`, value };
  const hashOf = (i: number) => contentHash(FACTS[i]![0]);
  // The outage and what was decided after it; how to release and when.
  for (
    const [source, target, relation_type] of [[28, 2, "supports"], [29, 0, "supports"], [27, 4, "relates_to"]] as const
  ) {
    const value = { kind: "relation", source: hashOf(source), target: hashOf(target), type: relation_type };
    yield { place: "Relation", value };
  }
  for (const [text, , , turn] of CONFIRMED) {
    const value = { kind: "relation", source: contentHash(text), target: contentHash(turn), type: CITES };
    yield { place: "Relation", value };
  }
}
