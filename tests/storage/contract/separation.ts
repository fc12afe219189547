/** That a space is as a store of its own, in every member of the contract: a part of what every storage driver does. */

import { assert, assertEquals } from "@std/assert";
import type { Memory } from "../../../src/memory/memory.ts";
import type { MemoryStore } from "../../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../../src/storage/contract/storage.ts";
import { embedded, hashOf, memory, MODEL, plain, vector } from "../fixtures.ts";
import type { StorageTest } from "../storage_contract.ts";

/** Members that are the whole store's, whoever asks. A member that is neither here nor in `SCOPED` is no valid code. */
const WHOLE = [
  "activateVectors",
  "activeModel",
  "backend",
  "capabilities",
  "changeNote",
  "close",
  "closeNow",
  "condition",
  "maintain",
  "note",
  "opens",
  "ping",
  "registerModel",
  "scope",
  "spaces",
] as const;
type Scoped = Exclude<keyof MemoryStore, typeof WHOLE[number]>;

const PAGE = { offset: 0, limit: 99 };
const KEYS = [1, 2, 3, 4].map(hashOf);
const AWAY = { at: 50, reason: "deleted" };

/** A call of each scoped member about memories that another space has. */
const SCOPED: { [K in Scoped]: (view: MemoryStorage) => Promise<unknown> } = {
  addVectors: (view) =>
    view.addVectors([{ content_hash: KEYS[3]!, vectors: { model: MODEL.id, chunks: [vector(9)] } }]),
  candidates: (view) => candidatesOf(view, "kiwi number", vector(1)),
  contentSizes: (view) => view.contentSizes(9),
  countByValue: (view) => view.countByValue("tags", {}),
  delete: (view) => view.delete(KEYS),
  emptyTrash: (view) => view.emptyTrash({}),
  findText: (view) => view.findText("memory", { filter: {}, ...PAGE }),
  getByHash: (view) => view.getByHash(KEYS),
  getById: (view) => view.getById([1, 2, 3]),
  histogram: (view) => view.histogram([0, 2e9], {}),
  importTrashed: (view) => view.importTrashed([{ memory: memory(77), deleted_at: 1, reason: "" }]),
  keysFrom: async (view) => [await view.keysFrom("0", 9, "memories"), await view.keysFrom("0", 9, "trash")],
  list: (view) => view.list({ filter: {}, ...PAGE }),
  listTrash: (view) => view.listTrash(PAGE),
  neighbours: (view) => view.neighbours([{ content_hash: KEYS[0]!, conversation_id: "talk", created_at: 1.7e9 }], 3),
  relate: (view) => view.relate([{ source: KEYS[0]!, target: KEYS[2]!, type: "a", created_at: 1 }]),
  relations: (view) => view.relations({ limit: 9 }),
  restore: (view) => view.restore(KEYS),
  scan: (view) => view.scan(null, 9),
  stats: async (view) => (({ total_memories, unique_tags }) => [total_memories, unique_tags])(await view.stats()),
  store: (view) => view.store([]),
  tags: (view) => view.tags(),
  trash: (view) => view.trash(KEYS, AWAY),
  trashUnchanged: (view) => view.trashUnchanged([memory(1)], AWAY),
  unrelate: (view) => view.unrelate([{ source: KEYS[0]!, target: KEYS[1]!, type: "a" }]),
  update: (view) => view.update(KEYS[0]!, { tags: ["theirs"] }, 60),
  updateUnchanged: (view) => view.updateUnchanged(memory(1), { tags: ["theirs"] }, 60),
  vectorCoverage: (view) => view.vectorCoverage(),
  vectors: (view) => view.vectors(KEYS),
  withoutVectors: (view) => view.withoutVectors(MODEL.id, 9),
};

export function separation(test: StorageTest): void {
  test("shows and changes nothing of another space in any member of the contract", async (store, open) => {
    await using other = await open();
    for (const one of [store, other.storage]) await one.registerModel(MODEL);
    const full = only(store, "full");
    await full.store([
      embedded(1, { conversation_id: "talk", tags: ["x"] }),
      embedded(2, { conversation_id: "talk", content: "kiwi" }),
      embedded(3),
      plain(4),
    ]);
    await full.relate([{ source: KEYS[0]!, target: KEYS[1]!, type: "a", created_at: 1 }]);
    await full.trash([KEYS[2]!], AWAY);
    const before = await everythingOf(full), view = only(store, "empty");
    for (const [member, call] of Object.entries(SCOPED)) {
      // A store in which nothing was ever stored doesn't know more than this.
      assertEquals([member, withoutSpace(await call(view))], [member, withoutSpace(await call(other.storage))]);
    }
    assertEquals(await everythingOf(full), before);
  });

  test("answers two callers on one store as two stores would, whatever they do", async (store, open) => {
    await using first = await open();
    await using second = await open();
    for (const one of [store, first.storage, second.storage]) await one.registerModel(MODEL);
    const callers = [
      { shared: only(store, "ann"), own: first.storage },
      { shared: only(store, "bob"), own: second.storage },
    ];
    const random = seeded(20_17);
    for (let step = 1; step <= STEPS; step++) {
      const { shared, own } = callers[random(2)]!, call = stepOf(random, step);
      assertEquals([step, await call(shared)].map(withoutSpace), [step, await call(own)].map(withoutSpace));
      if (step % COMPARED_EVERY > 0) continue;
      for (const { shared, own } of callers) assertEquals(await everythingOf(shared), await everythingOf(own));
    }
    const facts = await store.spaces.list();
    assert(facts.every(({ name, memories }) => (name === "default") === (memories === 0)), JSON.stringify(facts));
  });
}

const STEPS = 400, COMPARED_EVERY = 20;
const WORDS = ["kiwi", "mango", "plum", "fig", "yam", "leek"];

/** A scope of one space. */
function only(store: MemoryStore, name: string): MemoryStorage {
  return store.spaces.within({ write: name, read: [name] });
}

/** A call that changes something, the same for each store it is made on. */
function stepOf(random: (below: number) => number, step: number): (storage: MemoryStorage) => Promise<unknown> {
  const number = random(12), other = random(12), hash = hashOf(number), word = WORDS[random(WORDS.length)]!;
  const content = `${word} and ${WORDS[random(WORDS.length)]} of ${number}`;
  const fields: Partial<Memory> = {
    content,
    created_at: 1_700_000_000 + random(50),
    tags: [word, `tag ${random(3)}`],
    memory_type: [null, "note", "plan"][random(3)]!,
    conversation_id: [null, "one", "two"][random(3)]!,
    metadata: { size: random(3) },
    writer: { name: ["ann", "eve"][random(2)]!, channel: "rest" },
  };
  const away = { at: 2_000 + step, reason: `step ${step}` }, link = { source: hash, target: hashOf(other), type: word };
  const hasVectors = random(4) > 0;
  const read = async (storage: MemoryStorage) => (await storage.getByHash([hash]))[0] ?? null;
  const calls: ((storage: MemoryStorage) => Promise<unknown>)[] = [
    ...Array.from(
      { length: 6 },
      () => (storage: MemoryStorage) =>
        storage.store([hasVectors ? embedded(number, fields, [vector(number), vector(other)]) : plain(number, fields)]),
    ),
    (storage) => storage.update(hash, { tags: [word], metadata: { step } }, 3_000 + step),
    (storage) => storage.update(hash, { add_tags: ["late"], memory_type: null }, 3_000 + step),
    (storage) => storage.delete([hash, hashOf(other)]),
    (storage) => storage.trash([hash], away),
    (storage) => storage.restore([hash, hashOf(other)]),
    (storage) => storage.emptyTrash(number < 6 ? { hashes: [hash] } : { deleted_before: 2_000 + step - 40 }),
    (storage) => storage.importTrashed([{ memory: memory(number, fields), deleted_at: step, reason: "elsewhere" }]),
    (storage) => storage.relate([{ ...link, created_at: step }]),
    (storage) => storage.relate([{ ...link, source: hashOf(other), target: hash, created_at: step }]),
    (storage) => storage.unrelate([link]),
    async (storage) => {
      const before = await read(storage), superseded = { by: hashOf(other), at: step, reason: "newer" };
      return before && number !== other &&
        await storage.updateUnchanged(before, { superseded }, 3_000 + step, { current: hashOf(other) });
    },
    async (storage) => {
      const before = await read(storage);
      return before && await storage.trashUnchanged([before], away, { successor: hashOf(other) });
    },
    (storage) => storage.addVectors([{ content_hash: hash, vectors: { model: MODEL.id, chunks: [vector(step)] } }]),
  ];
  return calls[random(calls.length)]!;
}

/** All that a caller can find out, in an order that doesn't depend on places within the store. */
async function everythingOf(view: MemoryStorage) {
  const byKey = (a: { content_hash: string }, b: { content_hash: string }) => a.content_hash < b.content_hash ? -1 : 1;
  const keys = Array.from({ length: 12 }, (_, number) => hashOf(number));
  const filters = [
    {},
    { tags: { values: ["kiwi"], match: "any" as const } },
    { memory_type: "note" },
    { metadata: { size: 1 } },
    { superseded: false },
    { writer: "eve", channel: "rest" as const },
    { conversation_id: "one", created_from: 1_700_000_010 },
  ];
  const found = [];
  for (const filter of filters) {
    const { memories, total } = await view.list({ filter, ...PAGE });
    found.push([filter, total, memories.sort(byKey), await view.histogram([0, 1_700_000_020, 2e9], filter)]);
    found.push(await view.countByValue("tags", filter), await view.countByValue("memory_type", filter));
    const texts = await view.findText("and", { filter, ...PAGE });
    found.push([texts.total, texts.memories.sort(byKey)]);
    found.push(await candidatesOf(view, "kiwi and the yam", vector(3), filter));
  }
  const turns = await view.list({ filter: { conversation_id: "two" }, ...PAGE });
  const asked = turns.memories.sort(byKey).map(({ content_hash, created_at }) => {
    return { content_hash, created_at, conversation_id: "two" };
  });
  const around = await view.neighbours(asked, 20);
  const { items, total } = await view.listTrash(PAGE), scanned = await view.scan(null, 99);
  return withoutSpace({
    found,
    around: around.map(({ before, after }) => [before.length, after.length, [...before, ...after].sort(byKey)]),
    memories: await view.getByHash(keys),
    scanned: scanned.memories.sort(byKey),
    trash: [total, items.sort((a, b) => byKey(a.memory, b.memory))],
    keys: [await view.keysFrom("0", 99, "memories"), await view.keysFrom("0", 99, "trash")],
    relations: await view.relations({ limit: 99 }),
    linked: await view.relations({ hashes: keys.slice(0, 3), limit: 99 }),
    tags: await view.tags(),
    stats: await SCOPED.stats(view),
    bytes: (({ total_bytes, largest }) => [total_bytes, largest.map(({ bytes }) => bytes)])(await view.contentSizes(5)),
    coverage: await view.vectorCoverage(),
    vectors: (await view.vectors(keys)).map((set) => set?.chunks.map((chunk) => Array.from(chunk, rounded))),
    without: (await view.withoutVectors(MODEL.id, 99)).sort(byKey),
  });
}

/** What a search finds, its candidates by content_hash. */
async function candidatesOf(view: MemoryStorage, text: string, values: Float32Array, filter = {}) {
  const { candidates, ...facts } = await view.candidates({
    text,
    vector: { model: MODEL.id, values },
    filter,
    limit: 50,
  });
  const memories = await view.getById(candidates.map(({ id }) => id));
  // How rare a term is, a server that goes on counting what was deleted tells for each store a little differently.
  const wordScore = (score: number) => view.backend === "qdrant" ? score > 0 : rounded(score);
  const scoresOf = ({ semantic, words, length }: (typeof candidates)[number]["before"][number]) => {
    return [semantic === null ? null : rounded(semantic), Array.from(words, wordScore), length];
  };
  const found = candidates.map((candidate, i) => [
    memories[i]!.content_hash,
    scoresOf(candidate),
    candidate.before.map(scoresOf),
    candidate.after.map(scoresOf),
    [candidate.created_at, candidate.named, candidate.speaker, candidate.role, candidate.asks, candidate.turn],
  ]);
  const weights = [...[facts.words_ceiling, ...facts.weights].map(wordScore), rounded(facts.unseen_weight)];
  return { terms: facts.terms, weights, memories: facts.memories, found: found.sort() };
}

const rounded = (value: number) => Math.round(value * 1e4) / 1e4;

/** An answer without the names of spaces. */
function withoutSpace<T>(answer: T): T {
  return JSON.parse(JSON.stringify(answer ?? null, (key, value) => key === "space" ? undefined : value));
}

/** Numbers from 0 below a limit, the same for the same seed: a linear congruential generator. */
function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}
