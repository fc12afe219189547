/**
 * Everything a search or a listing looks at, in memory, by slot: a small number that a memory has while it exists in
 * this process. SQLite holds the truth; this is rebuilt from it and follows its changes.
 *
 * @module
 */

import type { MemoryFilter, Supersession, Writer } from "../../memory/memory.ts";
import { type Role, ROLES } from "../../memory/role.ts";
import { asksIn, isNamed, mayName, roleIn, TURN_TYPE } from "../../memory/turn.ts";
import { grown, grownLength } from "./growth.ts";
import { IdTable } from "./id_table.ts";
import { FoldedNames, Interned } from "./interned.ts";
import { Scratch } from "./scratch.ts";
import { firstFrom, SlotOrder } from "./slot_order.ts";
import { FEATURES_NUMBER } from "./terms.ts";
import { VectorIndex } from "./vector_index.ts";
import { WordIndex } from "./word_index.ts";

/** What is indexed of a memory. */
export interface IndexedMemory {
  /** Row id. */
  id: number;
  created_at: number;
  memory_type: string | null;
  conversation_id: string | null;
  tags: string[];
  superseded?: Supersession | boolean;
  /** The role that its metadata name; null where they name none. */
  role: Role | null;
  /** Absent where it has none. */
  times?: MemoryTimes;
  /** JSON of its `Writer`; absent where that isn't known. */
  writer?: string | null;
}

/** Times of a memory besides its creation, in Unix seconds; those of `memory/validity.ts`, and when it was replaced. */
export type MemoryTimes = { [time in "replaced_at" | "valid_from" | "valid_until" | "expires"]?: number | undefined };

/** Vectors of one model. */
export interface ModelVectors {
  /** Number of the model in the `models` table. */
  model: number;
  index: VectorIndex;
}

/** Slots around one in its conversation, nearest first. */
export interface Neighbours {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** Bytes of a slot in all columns: one number of 8 bytes, six of 4, four of 1. */
const COLUMN_BYTES = 36;
const ROWS = new Scratch((length) => new Int32Array(length).fill(-1));

const NO_TURNS: Neighbours = { before: [], after: [] };

/** Slots before the position `end`, and from `start` on, nearest first. */
function around(turns: SlotOrder, end: number, start: number, count: number): Neighbours {
  const before: number[] = [], after: number[] = [];
  for (let i = end - 1; i >= Math.max(0, end - count); i--) before.push(turns.at(i));
  for (let i = start; i < Math.min(turns.length, start + count); i++) after.push(turns.at(i));
  return { before, after };
}

/** The in-memory side of one space of a store. */
export class MemoryIndex {
  readonly words = new WordIndex();
  /** Vectors that searches use; null while there is no model. */
  vectors: ModelVectors | null = null;
  /** Vectors of the model that is about to take over, while they are being read. */
  nextVectors: ModelVectors | null = null;
  /** All memories by time. */
  readonly order = new SlotOrder(0);
  created = new Float64Array(0);
  ids = new Uint32Array(0);
  #alive = new Uint8Array(0);
  #types = new Uint32Array(0);
  #conversations = new Uint32Array(0);
  #tagSets = new Uint32Array(0);
  #superseded = new Uint8Array(0);
  /** Bits of `memory/turn.ts`. */
  #features = new Uint8Array(0);
  /** Place of the role in `ROLES` from 1; 0 without one. */
  #roles = new Uint8Array(0);
  /** By `labelMark`; 0 without a label. */
  #labels = new Uint32Array(0);
  /** Numbers of `#writerNames`; 0 where it isn't known who stored the memory. */
  #writers = new Uint32Array(0);
  #writerNames = new Interned();
  #supersededCount = 0;
  /** By slot; most memories have none. */
  #times = new Map<number, MemoryTimes>();
  #expiringCount = 0;
  #typeNames = new FoldedNames();
  #conversationNames = new Interned();
  /** Lists of tags, as tag numbers joined by commas: many memories share theirs. */
  #tagSetKeys = new Interned();
  #tagSetMembers: (number[] | undefined)[] = [];
  #tagNames = new FoldedNames();
  #turns = new Map<number, SlotOrder>();
  #slotsById = new IdTable();
  #changes = 0;
  #end = 0;
  #free: number[] = [];

  get size(): number {
    return this.#slotsById.size;
  }

  /** Changes so far: the same number as before says that slots and what passes a filter are the same. */
  get changes(): number {
    return this.#changes;
  }

  /** One above the highest slot in use. */
  get end(): number {
    return this.#end;
  }

  /** Memories that newer ones replaced. */
  get supersededCount(): number {
    return this.#supersededCount;
  }

  /** Memories that expire at some time. */
  get expiringCount(): number {
    return this.#expiringCount;
  }

  /** Names of the conversations that memories are turns of. */
  *conversations(): IterableIterator<string> {
    for (const number of this.#turns.keys()) yield this.#conversationNames.name(number)!;
  }

  get uniqueTags(): number {
    return this.#tagNames.size;
  }

  /** Bytes of the typed arrays; names, orders and maps come on top. */
  get bytes(): number {
    return this.words.bytes + (this.vectors?.index.bytes ?? 0) + this.created.length * COLUMN_BYTES +
      this.#slotsById.bytes;
  }

  slotOf(id: number): number | undefined {
    return this.#slotsById.get(id);
  }

  /**
   * Adds a memory, or changes one that is here. `terms` as `TermWriter.pairs` gives them.
   *
   * @param many Whether it is one of many new ones, after which `sort` is called.
   */
  put(memory: IndexedMemory, terms: ArrayLike<number>, many = false): void {
    if (this.#slotsById.get(memory.id) !== undefined) return this.change(memory);
    this.#changes++;
    const slot = this.#free.pop() ?? this.#end++;
    if (slot >= this.ids.length) this.#grow(slot);
    this.ids[slot] = memory.id;
    this.created[slot] = memory.created_at;
    this.#alive[slot] = 1;
    this.#slotsById.add(memory.id, slot);
    if (many) this.order.append(slot);
    else this.order.insert(slot, this);
    const hasFeatures = terms.length > 0 && terms[0] === FEATURES_NUMBER;
    this.#features[slot] = hasFeatures ? terms[1]! : 0;
    this.#labels[slot] = labelMark(terms);
    this.#setChangeable(slot, memory);
    this.#setConversation(slot, memory.conversation_id, many);
    this.#writers[slot] = memory.writer == null ? 0 : this.#writerNames.acquire(memory.writer);
    this.words.add(slot, terms, hasFeatures ? 2 : 0);
  }

  /** Brings into order what was added as one of many. */
  sort(): void {
    this.order.sort(this);
    for (const turns of this.#turns.values()) turns.sort(this);
  }

  /** Takes over what can change of a memory: tags, type, whether it is current, and when merged its time. */
  change(memory: IndexedMemory): void {
    const slot = this.#slotsById.get(memory.id);
    if (slot === undefined) return;
    this.#changes++;
    if (memory.created_at !== this.created[slot]) this.#move(slot, memory.created_at);
    this.#releaseChangeable(slot);
    this.#setChangeable(slot, memory);
  }

  /** Takes over a memory's vectors if they are of a model in use. `codes` as `quantise` gives them. */
  setVectors(id: number, model: number, codes: Uint8Array): void {
    const slot = this.#slotsById.get(id);
    if (slot === undefined) return;
    if (this.vectors?.model === model) this.vectors.index.set(slot, codes);
    if (this.nextVectors?.model === model) this.nextVectors.index.set(slot, codes);
  }

  remove(id: number): void {
    const slot = this.#slotsById.get(id);
    if (slot === undefined) return;
    this.#changes++;
    this.order.remove(slot, this);
    const conversation = this.#conversations[slot]!;
    if (conversation !== 0) {
      const turns = this.#turns.get(conversation)!;
      turns.remove(slot, this);
      if (turns.length === 0) this.#turns.delete(conversation);
      this.#conversationNames.release(conversation);
    }
    this.#releaseChangeable(slot);
    this.#writerNames.release(this.#writers[slot]!);
    this.words.remove(slot);
    this.vectors?.index.remove(slot);
    this.nextVectors?.index.remove(slot);
    this.#alive[slot] = 0;
    this.#slotsById.remove(id);
  }

  /** Drops what removed memories left in the posting lists, so that their slots can be used again. */
  async purge(pause: () => Promise<void>): Promise<void> {
    this.#free.push(...await this.words.purge(pause));
  }

  /** Slots around `slot` in its conversation, nearest first, at most `count` on each side. */
  neighbours(slot: number, count: number): Neighbours {
    const conversation = this.#conversations[slot]!;
    if (conversation === 0) return NO_TURNS;
    const turns = this.#turns.get(conversation)!, at = turns.position(slot, this);
    return around(turns, at, at + 1, count);
  }

  /** Slots of a conversation before a time, and at that time or after it, nearest first, at most `count` on each side. */
  turnsAt(conversation: string, created: number, count: number): Neighbours {
    const turns = this.#turns.get(this.#conversationNames.find(conversation));
    if (turns === undefined) return NO_TURNS;
    const at = firstFrom(created, turns, this);
    return around(turns, at, at, count);
  }

  /** Slots that pass, as marks by slot. `only` are the ids that passed conditions which aren't indexed, or null. */
  match(filter: MemoryFilter, only: readonly number[] | null): Uint8Array {
    const marks = new Uint8Array(this.#end);
    const types = filter.memory_type === undefined ? null : this.#typeNames.alike(filter.memory_type);
    const conversation = filter.conversation_id === undefined
      ? null
      : this.#conversationNames.find(filter.conversation_id);
    if (types?.length === 0 || conversation === 0) return marks;
    const tagSets = filter.tags === undefined ? null : this.#matchTagSets(filter.tags);
    const superseded = filter.superseded === undefined ? null : Number(filter.superseded);
    const role = filter.role === undefined ? null : ROLES.indexOf(filter.role) + 1;
    const writers = this.#matchWriters(filter);
    const { valid_at, unexpired_at, expired_by } = filter;
    const isTimed = valid_at !== undefined || unexpired_at !== undefined || expired_by !== undefined;
    const from = filter.created_from ?? -Infinity, before = filter.created_before ?? Infinity;
    const test = (slot: number) => {
      if (this.#alive[slot] !== 1 || (types !== null && !types.includes(this.#types[slot]!))) return;
      if (tagSets !== null && tagSets[this.#tagSets[slot]!] !== 1) return;
      if (conversation !== null && this.#conversations[slot] !== conversation) return;
      if (superseded !== null && this.#superseded[slot] !== superseded) return;
      if (role !== null && this.#roles[slot] !== role) return;
      if (writers !== null && writers[this.#writers[slot]!] !== 1) return;
      const created = this.created[slot]!;
      if (isTimed) {
        const times = this.#times.get(slot), expires = times?.expires ?? Infinity;
        if (unexpired_at !== undefined && expires <= unexpired_at) return;
        if (expired_by !== undefined && expires > expired_by) return;
        if (valid_at !== undefined) {
          if ((times?.valid_from ?? created) > valid_at || (times?.valid_until ?? Infinity) <= valid_at) return;
          if ((times?.replaced_at ?? Infinity) <= valid_at) return;
        }
      }
      if (created >= from && created < before) marks[slot] = 1;
    };
    if (only !== null) {
      for (const id of only) {
        const slot = this.#slotsById.get(id);
        if (slot !== undefined) test(slot);
      }
    } else if (conversation !== null) {
      const turns = this.#turns.get(conversation)!;
      for (let i = 0; i < turns.length; i++) test(turns.at(i));
    } else for (let slot = 0; slot < this.#end; slot++) test(slot);
    return marks;
  }

  /** All tags with the number of memories that have them. */
  tagCounts(): IterableIterator<[string, number]> {
    return this.#tagNames.entries();
  }

  /** Scratch space for a search, of all indexes: a row number by slot, −1 everywhere, and so each user leaves it. */
  rows(): Int32Array {
    return ROWS.of(this.ids.length);
  }

  /** Whether a memory is a turn of a conversation. */
  isTurn(slot: number): boolean {
    return this.#conversations[slot] !== 0;
  }

  /** Whose words a memory holds. */
  role(slot: number): Role | null {
    return ROLES[this.#roles[slot]! - 1] ?? null;
  }

  /** Equal for turns whose label is the same; null without one. */
  label(slot: number): number | null {
    return this.#labels[slot]! || null;
  }

  /** Whether a label names who speaks in a turn; `around` are the turns around it. */
  isNamed(slot: number, { before, after }: Neighbours): boolean {
    const features = this.#features[slot]!;
    if (!this.isTurn(slot) || features === 0) return false;
    return isNamed(features, () => [...before, ...after].some((other) => mayName(this.#features[other]!)));
  }

  /** Whether a turn is short and ends by asking. */
  asks(slot: number): boolean {
    return this.isTurn(slot) && asksIn(this.#features[slot]!);
  }

  /** Whether a memory's type says that it is a turn. */
  isOfTurnType(slot: number): boolean {
    return this.#typeNames.name(this.#types[slot]!) === TURN_TYPE;
  }

  /** Number of each slot's type, 0 without one; left over where no memory is alive. */
  get types(): Uint32Array {
    return this.#types;
  }

  typeName(type: number): string | null {
    return this.#typeNames.name(type) ?? null;
  }

  /** Number of each slot's list of tags, 0 without tags; left over where no memory is alive. */
  get tagSets(): Uint32Array {
    return this.#tagSets;
  }

  tagSetNames(set: number): string[] {
    return (this.#tagSetMembers[set] ?? []).map((tag) => this.#tagNames.name(tag)!);
  }

  /** Number of each slot's writer, 0 where it isn't known; left over where no memory is alive. */
  get writers(): Uint32Array {
    return this.#writers;
  }

  writer(number: number): Writer | null {
    const kept = number === 0 ? undefined : this.#writerNames.name(number);
    return kept === undefined ? null : JSON.parse(kept) as Writer;
  }

  isAlive(slot: number): boolean {
    return this.#alive[slot] === 1;
  }

  #move(slot: number, created: number): void {
    const orders = [this.order, this.#turns.get(this.#conversations[slot]!)];
    for (const order of orders) order?.remove(slot, this);
    this.created[slot] = created;
    for (const order of orders) order?.insert(slot, this);
  }

  #matchTagSets({ values, match }: { values: string[]; match: "any" | "all" }): Uint8Array {
    const matches = new Uint8Array(this.#tagSetKeys.end);
    const wanted = values.map((value) => this.#tagNames.alike(value));
    const only = wanted.length === 1 && wanted[0]!.length === 1 ? wanted[0]![0]! : null;
    for (let set = 1; set < matches.length; set++) {
      const members = this.#tagSetMembers[set];
      if (members === undefined) continue;
      if (only !== null) {
        if (members.includes(only)) matches[set] = 1;
        continue;
      }
      const has = (tags: readonly number[]) => tags.some((tag) => members.includes(tag));
      if (match === "all" ? wanted.every(has) : wanted.some(has)) matches[set] = 1;
    }
    if (match === "all" && values.length === 0) matches[0] = 1;
    return matches;
  }

  /** Which writers pass, as marks by number; null for all. */
  #matchWriters({ writer, channel }: MemoryFilter): Uint8Array | null {
    if (writer === undefined && channel === undefined) return null;
    const matches = new Uint8Array(this.#writerNames.end);
    for (let number = 1; number < matches.length; number++) {
      const kept = this.writer(number);
      if (kept === null) continue;
      if ((writer ?? kept.name) === kept.name && (channel ?? kept.channel) === kept.channel) matches[number] = 1;
    }
    return matches;
  }

  #setChangeable(slot: number, { memory_type, tags, superseded = false, role, times }: IndexedMemory): void {
    if (times !== undefined) this.#times.set(slot, times);
    this.#expiringCount += Number(times?.expires !== undefined);
    const effective = role ?? roleIn(this.#features[slot]!);
    this.#roles[slot] = effective === null ? 0 : ROLES.indexOf(effective) + 1;
    this.#superseded[slot] = superseded === false ? 0 : 1;
    this.#supersededCount += this.#superseded[slot]!;
    this.#types[slot] = memory_type === null ? 0 : this.#typeNames.acquire(memory_type);
    this.#tagSets[slot] = 0;
    if (tags.length === 0) return;
    const members = tags.map((tag) => this.#tagNames.acquire(tag));
    const set = this.#tagSets[slot] = this.#tagSetKeys.acquire(members.join());
    this.#tagSetMembers[set] ??= members;
  }

  #releaseChangeable(slot: number): void {
    this.#supersededCount -= this.#superseded[slot]!;
    this.#expiringCount -= Number(this.#times.get(slot)?.expires !== undefined);
    this.#times.delete(slot);
    this.#typeNames.release(this.#types[slot]!);
    const set = this.#tagSets[slot]!;
    if (set === 0) return;
    for (const tag of this.#tagSetMembers[set]!) this.#tagNames.release(tag);
    this.#tagSetKeys.release(set);
    if (this.#tagSetKeys.name(set) === undefined) this.#tagSetMembers[set] = undefined;
  }

  #setConversation(slot: number, name: string | null, many: boolean): void {
    const conversation = this.#conversations[slot] = name === null ? 0 : this.#conversationNames.acquire(name);
    if (conversation === 0) return;
    let turns = this.#turns.get(conversation);
    if (turns === undefined) this.#turns.set(conversation, turns = new SlotOrder(4));
    if (many) turns.append(slot);
    else turns.insert(slot, this);
  }

  /** All columns lie in one buffer: each buffer of a small one would cost more than what it holds. */
  #grow(slot: number): void {
    const size = grownLength(this.ids.length, slot + 1), buffer = new ArrayBuffer(size * COLUMN_BYTES);
    let at = 0;
    const next = (bytes: number) => (at += size * bytes) - size * bytes;
    const numbers = (old: Uint32Array<ArrayBuffer>) => grown(old, new Uint32Array(buffer, next(4), size));
    const marks = (old: Uint8Array<ArrayBuffer>) => grown(old, new Uint8Array(buffer, next(1), size));
    this.created = grown(this.created, new Float64Array(buffer, next(8), size));
    this.ids = numbers(this.ids);
    this.#types = numbers(this.#types);
    this.#conversations = numbers(this.#conversations);
    this.#tagSets = numbers(this.#tagSets);
    this.#labels = numbers(this.#labels);
    this.#writers = numbers(this.#writers);
    this.#alive = marks(this.#alive);
    this.#superseded = marks(this.#superseded);
    this.#features = marks(this.#features);
    this.#roles = marks(this.#roles);
  }
}

/** FNV-1a over the numbers of the terms that name the speaker: they stand at the end and occur 0 times. */
function labelMark(terms: ArrayLike<number>): number {
  let mark = 0;
  for (let at = terms.length - 2; at >= 0 && terms[at + 1] === 0; at -= 2) {
    mark = Math.imul((mark || 0x811c9dc5) ^ terms[at]!, 0x01000193) >>> 0;
  }
  return mark;
}
