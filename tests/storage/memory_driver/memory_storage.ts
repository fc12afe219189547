/** A driver that keeps everything in memory: the example of `docs/drivers.md`. */

import { MemoryError } from "../../../src/errors.ts";
import { fold } from "../../../src/memory/fold.ts";
import type { Memory, MemoryFilter, MemoryPatch, Supersession } from "../../../src/memory/memory.ts";
import { patched, patchedAnyway } from "../../../src/memory/patch.ts";
import { isUnchanged } from "../../../src/memory/unchanged.ts";
import { Calls } from "../../../src/storage/calls.ts";
import { WHOLE_STORE } from "../../../src/storage/contract/scope.ts";
import type { MemoryStore } from "../../../src/storage/contract/spaces.ts";
import type { Trashing } from "../../../src/storage/contract/trash.ts";
import { defaultSpaceOnly } from "../../../src/storage/default_space.ts";
import { CandidateSearch } from "../../../src/storage/scoring/candidate_search.ts";
import { intercept, override } from "../../../src/storage/intercept.ts";
import { released, replacedAgain, replacedBy, successorOf } from "../../../src/storage/succession.ts";
import { sourceOf } from "./source.ts";
import { type Entry, State } from "./state.ts";

/** Opens a store that ends with the process. */
export function openMemoryStorage(): MemoryStore {
  const state = new State(),
    { stored, trash, relations, notes } = state,
    searches = new CandidateSearch(sourceOf(state));
  const put = (entry: Entry): Memory => {
    stored.set(entry.memory.content_hash, entry);
    searches.changed([{ id: entry.memory.content_hash, conversation: entry.memory.conversation_id }]);
    return entry.memory;
  };
  const replaceBy = (entry: Entry, superseded: Supersession | null) => {
    const { superseded: _, ...memory } = entry.memory;
    put({ ...entry, memory: superseded === null ? memory : { ...memory, superseded } });
  };
  const isReplacedBy = (hash: string, by: string): boolean => {
    const next = stored.get(hash)?.memory.superseded?.by;
    return next !== undefined && (next === by || isReplacedBy(next, by));
  };
  const remove = (hashes: readonly string[], given: string | null = null) =>
    hashes.map((hash) => {
      const entry = stored.get(hash), older = state.passing({}).filter(({ memory }) => memory.superseded?.by === hash);
      if (entry === undefined) return null;
      const by = successorOf(entry.memory, given, (other) => !hashes.includes(other) && stored.has(other));
      for (const one of older) replaceBy(one, released(one.memory, by));
      stored.delete(hash);
      searches.changed([{ id: hash, conversation: entry.memory.conversation_id }]);
      return { ...entry, replaced: replacedBy(by, older.map(({ memory }) => memory)) };
    });
  const moveToTrash = (hashes: readonly string[], trashing: Trashing, successor?: string) =>
    remove(hashes, successor).map((entry, i) => {
      if (entry !== null) trash.set(hashes[i]!, { ...entry, trashing });
      return entry !== null;
    });
  const countValues = (field: "tags" | "memory_type", filter: MemoryFilter) => {
    const found = new Map<string | null, { value: string | null; count: number; latest: number }>();
    for (const { memory } of state.passing(filter)) {
      for (const value of field === "tags" ? memory.tags : [memory.memory_type]) {
        found.set(value, { value, count: (found.get(value)?.count ?? 0) + 1, latest: memory.created_at });
      }
    }
    return [...found.values()].sort((a, b) =>
      b.count - a.count || (b.value === null || a.value !== null && a.value < b.value ? -1 : 1)
    );
  };

  return callsOf({
    backend: "memory",
    opens: 1,
    scope: WHOLE_STORE,
    capabilities: {},
    store: (items) => {
      for (const { vectors } of items) if (vectors !== null) state.check(vectors);
      return items.map(({ memory, vectors }) => {
        if (stored.has(memory.content_hash)) return "duplicate";
        put(state.entryOf(memory, vectors));
        trash.delete(memory.content_hash);
        return "stored";
      });
    },
    getByHash: (hashes) => hashes.map((hash) => stored.get(hash)?.memory ?? null),
    keysFrom: (prefix, limit, place) =>
      [...(place === "trash" ? trash : stored).keys()].filter((key) => key.startsWith(prefix)).sort().slice(0, limit),
    getById: (ids) => ids.map((id) => stored.get(String(id))?.memory ?? null),
    update: (hash: string, patch: MemoryPatch, now: number) => {
      const entry = stored.get(hash), after = entry === undefined ? null : patched(entry.memory, patch, now);
      return after === null ? entry?.memory ?? null : put({ ...entry!, memory: after });
    },
    updateUnchanged: (before, patch, now, { current } = {}) => {
      const entry = stored.get(before.content_hash), other = stored.get(current ?? "")?.memory;
      if (entry === undefined) return null;
      const isCurrent = current === undefined || other !== undefined && other.superseded === undefined;
      if (!isUnchanged(before, entry.memory) || !isCurrent) return "conflict";
      return put({ ...entry, memory: patchedAnyway(entry.memory, patch, now) });
    },
    delete: (hashes: string[]) => {
      const deleted = remove(hashes).map((entry) => entry !== null);
      state.forgetRelations();
      return deleted;
    },
    list: ({ filter, offset, limit, order }) => {
      const all = state.passing(filter).map(({ memory }) => memory);
      if (order !== "oldest") all.reverse();
      return { memories: all.slice(offset, offset + limit), total: all.length };
    },
    neighbours: (turns, count) =>
      turns.map(({ content_hash, conversation_id, created_at }) => {
        const others = state.passing({ conversation_id }).map(({ memory }) => memory)
          .filter((memory) => memory.content_hash !== content_hash);
        const at = others.filter((turn) => turn.created_at < created_at).length;
        return { before: others.slice(Math.max(0, at - count), at), after: others.slice(at, at + count) };
      }),
    scan: (after, limit) => {
      if (after !== null && !/^\d{1,15}$/.test(after)) {
        throw new MemoryError("invalid_input", `Cannot go on reading after "${after}": it is no place in this store`);
      }
      const left = [...stored.values()].filter(({ arrival }) => arrival > Number(after ?? 0))
        .sort((a, b) => a.arrival - b.arrival);
      const page = left.slice(0, limit), next = left.length > limit ? String(page.at(-1)!.arrival) : null;
      return { memories: page.map(({ memory }) => memory), next };
    },
    candidates: (query) => searches.candidates(query),
    findText: async (text, { filter, offset, limit }) => {
      const memories = state.passing(filter).map(({ memory }) => memory).reverse()
        .filter(({ content }) => fold(text) !== "" && fold(content).includes(fold(text)));
      const byHash = new Map(memories.map((memory) => [memory.content_hash, memory]));
      const scores = await searches.wordScores(text, byHash);
      memories.sort((a, b) => scores.get(b.content_hash)! - scores.get(a.content_hash)!);
      return { memories: memories.slice(offset, offset + limit), total: memories.length };
    },
    trash: (hashes: string[], trashing: Trashing) => moveToTrash(hashes, trashing),
    trashUnchanged: (before, trashing, { successor } = {}) => {
      const unchanged = before.filter((memory) => {
        const entry = stored.get(memory.content_hash);
        return entry !== undefined && isUnchanged(memory, entry.memory);
      });
      moveToTrash(unchanged.map(({ content_hash }) => content_hash), trashing, successor);
      return before.map((memory) => unchanged.includes(memory));
    },
    listTrash: ({ offset, limit }) => {
      const all = [...trash.values()].sort((a, b) => b.trashing.at - a.trashing.at);
      const items = all.map(({ memory, trashing: { at, reason } }) => ({ memory, deleted_at: at, reason }));
      return { items: items.slice(offset, offset + limit), total: items.length };
    },
    restore: (hashes) => {
      const back = hashes.map((hash) => {
        const entry = trash.get(hash);
        if (trash.delete(hash)) put(entry!);
        return entry;
      });
      for (const entry of back) if (entry && !stored.has(entry.memory.superseded?.by ?? "")) replaceBy(entry, null);
      for (const { memory, replaced } of back.flatMap((entry) => entry ?? [])) {
        for (const older of replaced?.memories.flatMap(({ hash }) => stored.get(hash) ?? []) ?? []) {
          const { content_hash } = memory, again = replacedAgain(older.memory, content_hash, replaced!);
          if (again !== undefined && !isReplacedBy(content_hash, older.memory.content_hash)) replaceBy(older, again);
        }
      }
      return back.map((entry) => entry !== undefined);
    },
    emptyTrash: ({ hashes, deleted_before = Infinity }) => {
      const due = [...trash].filter(([, { trashing }]) => trashing.at < deleted_before).map(([hash]) => hash);
      const gone = due.filter((hash) => (hashes?.includes(hash) ?? true) && trash.delete(hash));
      state.forgetRelations();
      return gone.length;
    },
    importTrashed: (items) =>
      items.map(({ memory, deleted_at, reason }) => {
        const hash = memory.content_hash;
        if (stored.has(hash) || trash.has(hash)) return false;
        trash.set(hash, { ...state.entryOf(memory, null), trashing: { at: deleted_at, reason }, replaced: null });
        return true;
      }),
    relate: (all) =>
      all.map((relation) => {
        if (!stored.has(relation.source) || !stored.has(relation.target)) return "missing";
        if (relations.has(relationKey(relation))) return "duplicate";
        relations.set(relationKey(relation), relation);
        return "added";
      }),
    unrelate: (all) => all.map((relation) => relations.delete(relationKey(relation))),
    relations: ({ hashes, types, limit }) =>
      [...relations.values()].filter(({ source, target, type }) =>
        stored.has(source) && stored.has(target) && (types?.includes(type) ?? true) &&
        (hashes === undefined || hashes.includes(source) || hashes.includes(target))
      ).sort((a, b) => b.created_at - a.created_at).slice(0, limit),
    vectors: (hashes) =>
      hashes.map((hash) => {
        const chunks = state.chunks(stored.get(hash));
        return chunks === undefined ? null : { model: state.active!.id, chunks };
      }),
    activeModel: () => state.active,
    vectorCoverage: () => {
      const embedded = [...stored.values()].filter((entry) => state.chunks(entry) !== undefined).length;
      return { active: state.active, memories: stored.size, embedded };
    },
    registerModel: (model) => {
      if (!state.models.some(({ id }) => id === model.id)) state.models.push(model);
      return state.active ??= model;
    },
    withoutVectors: (model, limit) =>
      state.passing({}).filter(({ vectors }) => !vectors.has(model)).slice(0, limit).map(({ memory }) => memory),
    addVectors: (items) => {
      for (const { vectors } of items) state.check(vectors);
      for (const { content_hash: hash, vectors: { model, chunks } } of items) {
        stored.get(hash)?.vectors.set(model, chunks);
      }
    },
    activateVectors: (model) => {
      state.models = state.models.filter(({ id }) => id === model);
      state.active = state.models[0] ?? null;
      for (const { vectors } of [...stored.values(), ...trash.values()]) {
        for (const other of vectors.keys()) if (other !== model) vectors.delete(other);
      }
    },
    tags: () => countValues("tags", {}).map(({ value, count }) => ({ tag: value!, count })),
    histogram: (edges, filter) => {
      const times = state.passing(filter).map(({ memory }) => memory.created_at);
      return edges.slice(1).map((end, i) => times.filter((time) => time >= edges[i]! && time < end).length);
    },
    countByValue: countValues,
    contentSizes: (limit) => {
      const bytesOf = ({ content }: Memory) => new TextEncoder().encode(content).length;
      const all = Array.from(stored, ([content_hash, { memory }]) => ({ content_hash, bytes: bytesOf(memory) }));
      const largest = all.sort((a, b) => b.bytes - a.bytes).slice(0, limit);
      return { total_bytes: all.reduce((sum, { bytes }) => sum + bytes, 0), largest };
    },
    stats: () => {
      const unique_tags = countValues("tags", {}).length;
      return { total_memories: stored.size, unique_tags, size_bytes: null, details: {} };
    },
    note: (name) => notes.get(name) ?? null,
    changeNote: (name, before, after) => {
      if ((notes.get(name) ?? null) !== before) return false;
      if (after === null) return notes.delete(name);
      notes.set(name, after);
      return true;
    },
    maintain: () => "There is nothing to do",
    ping: () => {},
    condition: () => ({ issues: [], facts: {} }),
  });
}

/** The contract with answers that are there at once. */
type Immediate<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R | Promise<R> : T[K];
};

/** Makes calls of a store's methods: answers become promises, and none comes after `close`. */
function callsOf(store: Immediate<Omit<MemoryStore, "close" | "closeNow" | "spaces">>): MemoryStore {
  const calls = new Calls(async (_, work) => await work()); // nothing here fails but by a `MemoryError`
  const all = intercept(store, (name, member) => {
    if (typeof member !== "function") return member;
    return (...args: unknown[]) => calls.run(`call ${name}`, async () => await member(...args));
  });
  const close = { closeNow: () => calls.close(), close: () => (calls.close(), calls.settled()) };
  const storage = override(all as MemoryStore, close);
  return override(storage, { spaces: defaultSpaceOnly(storage) });
}

const relationKey = (relation: Record<"source" | "target" | "type", string>) =>
  JSON.stringify([relation.source, relation.target, relation.type]);
