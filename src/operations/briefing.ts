/**
 * The briefing: what an agent should know when a session starts, from what is stored. The same store gives the same text,
 * but for the word that marks the boundaries in it.
 *
 * @module
 */

import { z } from "zod";
import { fact, type Framed, framed, someTagFacts } from "../memory/framing.ts";
import type { Memory, MemoryFilter } from "../memory/memory.ts";
import { roleOf } from "../memory/role.ts";
import { isoTime } from "../memory/schemas.ts";
import { beginningOf, estimateTokens } from "../memory/sizing.ts";
import { DEFAULT_SPACE } from "../memory/space.ts";
import { TURN_TYPE } from "../memory/turn.ts";
import { countsAt, isExpired } from "../memory/validity.ts";
import { archivedIn } from "./archive_turns.ts";
import { candidates } from "./candidates.ts";
import { conflictsAmong, contradictions } from "./contradictions.ts";
import { shownKeys } from "./keys.ts";
import type { Runtime } from "./runtime.ts";

/** Most tokens of the text, and of its first line, by `estimateTokens`. */
const MOST_TOKENS = 1500, HEAD_TOKENS = 130;
/** Tokens of the line that marks an item, besides its facts. */
const LINE_TOKENS = 4;

/** The sections in order: tokens each may take besides what those before it left, and items at most. */
const SECTIONS = {
  pinned: { tokens: 400, items: 8 },
  decisions: { tokens: 350, items: 10 },
  open: { tokens: 220, items: 6 },
  contradictions: { tokens: 220, items: 3 },
  candidates: { tokens: 180, items: 5 },
} as const;
type SectionName = keyof typeof SECTIONS;
const NAMES = Object.keys(SECTIONS) as SectionName[];

/** Characters that an item shows of its text. */
const SHOWN = 400;
/** The tag, and the key of metadata, of memories that say what a project is. */
const PINNED = "pinned";
const DECISIONS = ["decision", "preference"], TASKS = ["task", "todo"];
/** The newest memories that are compared with others for contradictions, and turns that are looked through. */
const COMPARED = 30, TURNS_READ = 100;

const Item = z.object({
  content_hash: z.string().nullable().describe("Key of the memory or the turn."),
  candidate: z.string().optional().describe("Id of the candidate, for one."),
  kind: z.string().nullable().describe("Type of the memory, kind of the candidate, or who spoke."),
  created_at: z.number().describe("Unix seconds."),
  created_at_iso: z.string(),
  text: z.string().describe(`Its text, at most about ${SHOWN} characters.`),
});
type Item = z.infer<typeof Item>;

export const BriefingOutput = z.object({
  text: z.string().describe(`For a model to read, at most ${MOST_TOKENS} tokens; empty when there is nothing to say.`),
  sections: z.array(z.object({
    name: z.enum(NAMES as [SectionName, ...SectionName[]])
      .describe(
        "pinned: what the project is; decisions: the last ones, and preferences; open: tasks, and the end of the " +
          "last session; contradictions that wait for a decision; candidates: sentences to confirm, edit or drop.",
      ),
    items: z.array(Item),
  })),
});
export type BriefingOutput = z.infer<typeof BriefingOutput>;

/** An item with its block in the text. */
interface Entry {
  item: Item;
  block: Framed;
}

/** Makes the briefing of the spaces that are read. An empty store has an empty one. */
export async function briefing(runtime: Runtime): Promise<BriefingOutput> {
  const found = await gather(runtime);
  const chosen: { name: SectionName; entries: Entry[] }[] = [];
  let left = 0;
  for (const name of NAMES) {
    left += SECTIONS[name].tokens;
    const entries: Entry[] = [];
    for (const entry of found[name].slice(0, SECTIONS[name].items)) {
      const { facts, parts } = entry.block;
      const tokens = LINE_TOKENS + estimateTokens(`${facts}\n${parts.map(({ text }) => text).join("\n")}`);
      if (tokens > left) break;
      left -= tokens;
      entries.push(entry);
    }
    if (entries.length > 0) chosen.push({ name, entries });
  }
  if (chosen.length === 0) return { text: "", sections: [] };
  const archived = await archivedIn(runtime);
  let text = textOf(runtime, chosen, archived);
  while (estimateTokens(text) > MOST_TOKENS) {
    const last = chosen.at(-1)!;
    last.entries.pop();
    if (last.entries.length === 0) chosen.pop();
    text = textOf(runtime, chosen, archived);
  }
  return { text, sections: chosen.map(({ name, entries }) => ({ name, items: entries.map(({ item }) => item) })) };
}

/** @param archived What became of old turns, in words. */
function textOf(
  { storage: { scope } }: Runtime,
  chosen: readonly { name: SectionName; entries: Entry[] }[],
  archived: string | null,
): string {
  const has = (name: SectionName) => chosen.some((section) => section.name === name);
  const project = scope.write === DEFAULT_SPACE ? "" : ` of ${fact(scope.write)}`;
  const head = [
    `Briefing${project} from memories; call search for more`,
    ...has("contradictions") ? ["Of a contradicting pair, the user decides which holds: then memory_supersede"] : [],
    ...has("candidates")
      ? [
        "Candidates were said in earlier sessions and aren't kept yet: confirm, edit or drop each by memory_candidates",
      ]
      : [],
    ...archived === null ? [] : [archived],
  ].join(". ");
  return framed(
    beginningOf(head, HEAD_TOKENS * 4),
    chosen.flatMap(({ entries }) => entries.map(({ block }) => block)),
    {
      ends: true,
    },
  );
}

async function gather(runtime: Runtime): Promise<Record<SectionName, Entry[]>> {
  const { storage } = runtime, now = Date.now() / 1000;
  const read = async (filter: MemoryFilter, limit: number) => {
    const { memories } = await storage.list({ filter: { superseded: false, ...filter }, offset: 0, limit });
    return memories.filter((memory) => countsAt(memory, now) && !isExpired(memory, now));
  };
  const tagged = (values: string[]) => ({ tags: { values, match: "any" as const } });
  const [byTag, byMetadata, ofDecisions, ofTasks, newest, turns, offered] = await Promise.all([
    read(tagged([PINNED]), 2 * SECTIONS.pinned.items),
    read({ metadata: { [PINNED]: true } }, 2 * SECTIONS.pinned.items),
    Promise.all([
      ...DECISIONS.map((memory_type) => read({ memory_type }, 2 * SECTIONS.decisions.items)),
      read(tagged(DECISIONS), 2 * SECTIONS.decisions.items),
    ]),
    Promise.all(TASKS.map((memory_type) => read({ memory_type }, SECTIONS.open.items))),
    read({}, COMPARED * 2),
    lastTurns(runtime),
    candidates(runtime, { limit: SECTIONS.candidates.items, scan: 500 }),
  ]);
  const isNote = ({ memory_type }: Memory) => memory_type !== TURN_TYPE;
  const pinned = distinct([...byTag, ...byMetadata]).filter(isNote), isPinned = keysOf(pinned);
  const decided = distinct(ofDecisions.flat()).filter((one) => isNote(one) && !isPinned.has(one.content_hash));
  const tasks = distinct(ofTasks.flat()).filter(({ content_hash }) => !isPinned.has(content_hash));
  const compared = distinct([...newest.filter(isNote), ...pinned, ...decided]).slice(0, COMPARED);
  const pairs = await pairsOf(runtime, compared, now);

  const offers = offered.candidates.slice(0, SECTIONS.candidates.items);
  const short = await shownKeys(
    runtime,
    [...pinned, ...decided, ...tasks, ...turns, ...pairs.flat()].map(({ content_hash }) => content_hash),
  );
  const entry = (memory: Memory, section: string, length = SHOWN): Entry => {
    const { content_hash, memory_type, created_at, space = DEFAULT_SPACE, tags } = memory;
    const kind = memory_type === TURN_TYPE ? roleOf(memory) : memory_type, created_at_iso = isoTime(created_at);
    const text = shortened(memory.content, length);
    const facts = [
      section,
      `id ${short(content_hash)}`,
      created_at_iso.slice(0, 10),
      kind && fact(kind),
      ...space === storage.scope.write ? [] : [`space ${fact(space)}`],
      ...memory_type === TURN_TYPE ? [] : someTagFacts(tags.filter((tag) => tag !== PINNED)),
    ].filter(Boolean).join(" ");
    return { item: { content_hash, kind, created_at, created_at_iso, text }, block: { facts, parts: [{ text }] } };
  };
  return {
    pinned: pinned.map((memory) => entry(memory, "pinned")),
    decisions: decided.map((memory) => entry(memory, "decided")),
    open: [
      ...turns.map((turn) => entry(turn, "last session ended with", SHOWN / 2)),
      ...tasks.map((memory) => entry(memory, "open", SHOWN / 2)),
    ],
    contradictions: pairs.map((pair) => joined(pair.map((memory) => entry(memory, "contradiction", SHOWN / 2)))),
    candidates: offers.map(({ id, kind, text, turn, created_at, created_at_iso }) => ({
      item: { content_hash: turn, candidate: id, kind, created_at, created_at_iso, text },
      block: { facts: `candidate ${id} ${created_at_iso.slice(0, 10)} ${kind}`, parts: [{ text }] },
    })),
  };
}

/** A pair as one entry, so that neither is shown without the other. */
function joined([first, second]: Entry[]): Entry {
  const text = `${first!.item.text}\n${second!.item.text}`,
    facts = `${first!.block.facts} against ${second!.block.facts}`;
  return { item: { ...first!.item, text }, block: { facts, parts: [{ text }] } };
}

/** Pairs that wait for a decision: those marked, and near duplicates of the newest memories that disagree with them. */
async function pairsOf(runtime: Runtime, compared: readonly Memory[], now: number): Promise<[Memory, Memory][]> {
  const most = SECTIONS.contradictions.items;
  const marked = (await contradictions(runtime, { limit: most, scan: 0 })).pairs;
  const pairs = marked.length >= most ? marked : [...marked, ...await conflictsAmong(runtime, compared)];
  const hashes = pairs.map(({ first, second }) => [first.content_hash, second.content_hash]);
  const memories = await runtime.storage.getByHash(hashes.flat());
  const seen = new Set<string>(), found: [Memory, Memory][] = [];
  for (const i of hashes.keys()) {
    const pair = [memories[2 * i], memories[2 * i + 1]].filter((memory) =>
      memory != null && memory.memory_type !== TURN_TYPE && countsAt(memory, now) && !isExpired(memory, now)
    ) as Memory[];
    const key = hashes[i]!.join(" ");
    if (pair.length < 2 || seen.has(key)) continue;
    seen.add(key);
    found.push(pair as [Memory, Memory]);
  }
  return found.slice(0, most);
}

/** What the user, and what the assistant said last in the project's last session, in this order. */
async function lastTurns({ storage }: Runtime): Promise<Memory[]> {
  const filter = { memory_type: TURN_TYPE, superseded: false };
  const { memories } = await storage.list({ filter, offset: 0, limit: TURNS_READ });
  const own = memories.filter(({ space = DEFAULT_SPACE }) => space === storage.scope.write);
  const session = own.filter(({ conversation_id }) => conversation_id === own[0]!.conversation_id);
  const last = (role: string) => session.find((turn) => roleOf(turn) === role);
  const found = [last("user"), last("assistant")].filter((turn) => turn !== undefined);
  return found.length > 0 ? found : session.slice(0, 1);
}

/** Each memory once, newest first; those created at the same time by their keys. */
function distinct(memories: readonly Memory[]): Memory[] {
  const byKey = new Map(memories.map((memory) => [memory.content_hash, memory]));
  return [...byKey.values()].sort((a, b) => b.created_at - a.created_at || (a.content_hash < b.content_hash ? -1 : 1));
}

function keysOf(memories: readonly Memory[]): ReadonlySet<string> {
  return new Set(memories.map(({ content_hash }) => content_hash));
}

function shortened(content: string, length: number): string {
  const text = content.trim();
  return text.length <= length ? text : `${beginningOf(text, length).trimEnd()}…`;
}
