/** A driver that keeps everything in memory: the example of `docs/drivers.md`. */

import { MemoryError } from "../../../src/errors.ts";
import { fold } from "../../../src/memory/fold.ts";
import type { Memory, MemoryFilter, MemoryPatch, Supersession } from "../../../src/memory/memory.ts";
import { patched, patchedAnyway } from "../../../src/memory/patch.ts";
import { DEFAULT_SPACE } from "../../../src/memory/space.ts";
import { isUnchanged } from "../../../src/memory/unchanged.ts";
import { Calls } from "../../../src/storage/calls.ts";
import type { CountedField } from "../../../src/storage/contract/statistics.ts";
import { type SpaceScope, WHOLE_STORE } from "../../../src/storage/contract/scope.ts";
import type { MemoryStore } from "../../../src/storage/contract/spaces.ts";
import type { MemoryStorage } from "../../../src/storage/contract/storage.ts";
import type { Trashing } from "../../../src/storage/contract/trash.ts";
import { CandidateSearch } from "../../../src/storage/scoring/candidate_search.ts";
import { checkedScope, checkedSpace } from "../../../src/storage/scopes.ts";
import { override } from "../../../src/storage/intercept.ts";
import { replacedAgain } from "../../../src/storage/succession.ts";
import { moveToTrash, remove, replace } from "./removal.ts";
import { sourceOf } from "./source.ts";
import { spacesOf } from "./spaces.ts";
import { type Entry, idOf, State } from "./state.ts";

/** Opens a store that ends with the process. */
export function openMemoryStorage(): MemoryStore {
  const state = new State(), calls = new Calls(async (_, work) => await work()); // nothing fails but by a `MemoryError`
  const close = { closeNow: () => calls.close(), close: () => (calls.close(), calls.settled()) };
  const view = (scope: SpaceScope) => override(callsOf(viewOf(state, scope), calls) as MemoryStorage, close);
  const within = (scope: SpaceScope) => view(checkedScope(scope));
  return override(view(WHOLE_STORE) as MemoryStore, { spaces: { within, ...callsOf(spacesOf(state), calls) } });
}

/** The contract with answers that are there at once. */
export type Immediate<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R | Promise<R> : T[K];
};

/** Makes calls of methods: answers become promises, and none comes after `close`. */
function callsOf<T extends object>(parts: Immediate<T>, calls: Calls): T {
  const members = Object.entries(parts).map(([name, member]) => {
    if (typeof member !== "function") return [name, member];
    return [name, (...args: unknown[]) => calls.run(`call ${name}`, async () => await member(...args))];
  });
  return Object.fromEntries(members);
}

/** The store as it is seen from some spaces. */
function viewOf(state: State, scope: SpaceScope): Immediate<Omit<MemoryStorage, "close" | "closeNow">> {
  const { write, read } = scope, { notes } = state, isWhole = read === "all";
  const own = () => state.space(write);
  const seen = () => isWhole ? [...state.spaces.values()] : read.flatMap((name) => state.spaces.get(name) ?? []);
  const inOrder = () => [own(), ...seen()];
  const passing = (filter: MemoryFilter) => state.passing(seen(), filter);
  const placeOf = ({ space = DEFAULT_SPACE }: { space?: string }) => isWhole ? checkedSpace(space) : write;
  const placed = (memory: Memory, place: string): Memory => {
    const { space: _, ...rest } = memory;
    return place === DEFAULT_SPACE ? rest : { ...rest, space: place };
  };
  const findHash = (hash: string) => inOrder().map(({ stored }) => stored.get(hash)).find((entry) => entry);
  const searches = () =>
    state.searches.getOrInsertComputed(JSON.stringify(read), () => new CandidateSearch(sourceOf(state, seen)));
  const put = (entry: Entry, space = own()): Memory => {
    space.stored.set(entry.memory.content_hash, entry);
    state.searches.clear();
    return entry.memory;
  };
  const countValues = (field: CountedField, filter: MemoryFilter) => {
    const valuesOf = ({ tags, memory_type, writer }: Memory): readonly (string | null)[] => {
      if (field === "tags") return tags;
      if (field === "memory_type") return [memory_type];
      if (field === "client") return [writer?.client?.name ?? null];
      return [(field === "writer" ? writer?.name : writer?.channel) ?? null];
    };
    const found = new Map<string | null, { value: string | null; count: number; latest: number }>();
    for (const { memory } of passing(filter)) {
      for (const value of valuesOf(memory)) {
        found.set(value, { value, count: (found.get(value)?.count ?? 0) + 1, latest: memory.created_at });
      }
    }
    return [...found.values()].sort((a, b) =>
      b.count - a.count || (b.value === null || a.value !== null && a.value < b.value ? -1 : 1)
    );
  };

  return {
    backend: "memory",
    opens: 1,
    scope,
    capabilities: {},
    store: (items) => {
      for (const { vectors } of items) if (vectors !== null) state.check(vectors);
      return items.map(({ memory, vectors }) => {
        const place = placeOf(memory), space = state.make(place);
        if (space.stored.has(memory.content_hash)) return "duplicate";
        put(state.entryOf(placed(memory, place), vectors), space);
        space.trash.delete(memory.content_hash);
        return "stored";
      });
    },
    getByHash: (hashes) => hashes.map((hash) => findHash(hash)?.memory ?? null),
    keysFrom: (prefix, limit, place) =>
      [...new Set(seen().flatMap(({ trash, stored }) => [...(place === "trash" ? trash : stored).keys()]))]
        .filter((key) => key.startsWith(prefix)).sort().slice(0, limit),
    getById: (ids) => {
      const found = new Map(passing({}).map(({ memory }) => [idOf(memory), memory]));
      return ids.map((id) => found.get(String(id)) ?? null);
    },
    update: (hash: string, patch: MemoryPatch, now: number) => {
      const entry = own().stored.get(hash), after = entry === undefined ? null : patched(entry.memory, patch, now);
      return after === null ? entry?.memory ?? null : put({ ...entry!, memory: after });
    },
    updateUnchanged: (before, patch, now, { current } = {}) => {
      const { stored } = own(), entry = stored.get(before.content_hash), other = stored.get(current ?? "")?.memory;
      if (entry === undefined) return null;
      const isCurrent = current === undefined || other !== undefined && other.superseded === undefined;
      if (!isUnchanged(before, entry.memory) || !isCurrent) return "conflict";
      return put({ ...entry, memory: patchedAnyway(entry.memory, patch, now) });
    },
    delete: (hashes: string[]) => {
      const deleted = remove(own(), hashes).map((entry) => entry !== null);
      state.searches.clear();
      own().forgetRelations();
      return deleted;
    },
    list: ({ filter, offset, limit, order }) => {
      const all = passing(filter).map(({ memory }) => memory);
      if (order !== "oldest") all.reverse();
      return { memories: all.slice(offset, offset + limit), total: all.length };
    },
    neighbours: (turns, count) =>
      turns.map(({ content_hash, conversation_id, created_at, space = DEFAULT_SPACE }) => {
        const near = seen().filter(({ name }, _, all) => all.length === 1 || name === space);
        const others = state.passing(near, { conversation_id }).map(({ memory }) => memory)
          .filter((memory) => memory.content_hash !== content_hash);
        const at = others.filter((turn) => turn.created_at < created_at).length;
        return { before: others.slice(Math.max(0, at - count), at), after: others.slice(at, at + count) };
      }),
    scan: (after, limit) => {
      if (after !== null && !/^\d{1,15}$/.test(after)) {
        throw new MemoryError("invalid_input", `Cannot go on reading after "${after}": it is no place in this store`);
      }
      const left = passing({}).filter(({ arrival }) => arrival > Number(after ?? 0))
        .sort((a, b) => a.arrival - b.arrival);
      const page = left.slice(0, limit), next = left.length > limit ? String(page.at(-1)!.arrival) : null;
      return { memories: page.map(({ memory }) => memory), next };
    },
    candidates: async (query) => {
      const { candidates, ...facts } = await searches().candidates(query);
      return { candidates: candidates.map(({ memory: _, ...candidate }) => candidate), ...facts };
    },
    findText: async (text, { filter, offset, limit }) => {
      const memories = passing(filter).map(({ memory }) => memory).reverse()
        .filter(({ content }) => fold(text) !== "" && fold(content).includes(fold(text)));
      const scores = await searches().wordScores(text, new Map(memories.map((memory) => [idOf(memory), memory])));
      memories.sort((a, b) => scores.get(idOf(b))! - scores.get(idOf(a))!);
      return { memories: memories.slice(offset, offset + limit), total: memories.length };
    },
    trash: (hashes: string[], trashing: Trashing) => toTrash(hashes, trashing),
    trashUnchanged: (before, trashing, { successor } = {}) => {
      const unchanged = before.filter((memory) => {
        const entry = own().stored.get(memory.content_hash);
        return entry !== undefined && isUnchanged(memory, entry.memory);
      });
      toTrash(unchanged.map(({ content_hash }) => content_hash), trashing, successor);
      return before.map((memory) => unchanged.includes(memory));
    },
    listTrash: ({ offset, limit }) => {
      const all = seen().flatMap(({ trash }) => [...trash.values()]).sort((a, b) => b.trashing.at - a.trashing.at);
      const items = all.map(({ memory, trashing: { at, reason }, replaced }) => ({
        memory,
        deleted_at: at,
        reason,
        ...(replaced ? { replaced } : {}),
      }));
      return { items: items.slice(offset, offset + limit), total: items.length };
    },
    restore: (hashes) => {
      const space = own(), { stored, trash } = space;
      const replaceBy = (entry: Entry, superseded: Supersession | null) => replace(space, entry, superseded);
      const isReplacedBy = (hash: string, by: string): boolean => {
        const next = stored.get(hash)?.memory.superseded?.by;
        return next !== undefined && (next === by || isReplacedBy(next, by));
      };
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
      const everywhere = isWhole && deleted_before < Infinity;
      return (everywhere ? seen() : [own()]).reduce((sum, space) => {
        const due = [...space.trash].filter(([, { trashing }]) => trashing.at < deleted_before).map(([hash]) => hash);
        const gone = due.filter((hash) => (hashes?.includes(hash) ?? true) && space.trash.delete(hash));
        space.forgetRelations();
        return sum + gone.length;
      }, 0);
    },
    importTrashed: (items) =>
      items.map(({ memory, deleted_at, reason, replaced = null }) => {
        const hash = memory.content_hash, place = placeOf(memory), { stored, trash } = state.make(place);
        if (stored.has(hash) || trash.has(hash)) return false;
        const entry = state.entryOf(placed(memory, place), null);
        trash.set(hash, { ...entry, trashing: { at: deleted_at, reason }, replaced });
        return true;
      }),
    relate: (all) =>
      all.map((given) => {
        const { source, target, type, created_at } = given, place = placeOf(given);
        const { stored, relations } = state.space(place);
        const relation = { source, target, type, created_at, ...(place === DEFAULT_SPACE ? {} : { space: place }) };
        if (!stored.has(relation.source) || !stored.has(relation.target)) return "missing";
        if (relations.has(relationKey(relation))) return "duplicate";
        relations.set(relationKey(relation), relation);
        return "added";
      }),
    unrelate: (all) => all.map((one) => state.space(placeOf(one)).relations.delete(relationKey(one))),
    relations: ({ hashes, types, limit }) =>
      seen().flatMap(({ relations, stored }) =>
        [...relations.values()].filter(({ source, target, type }) =>
          stored.has(source) && stored.has(target) && (types?.includes(type) ?? true) &&
          (hashes === undefined || hashes.includes(source) || hashes.includes(target))
        )
      ).sort((a, b) => b.created_at - a.created_at).slice(0, limit),
    vectors: (hashes) =>
      hashes.map((hash) => {
        const chunks = state.chunks(findHash(hash));
        return chunks === undefined ? null : { model: state.active!.id, chunks };
      }),
    activeModel: () => state.active,
    vectorCoverage: () => {
      const all = passing({}), embedded = all.filter((entry) => state.chunks(entry) !== undefined).length;
      return { active: state.active, memories: all.length, embedded };
    },
    registerModel: (model) => {
      if (!state.models.some(({ id }) => id === model.id)) state.models.push(model);
      return state.active ??= model;
    },
    withoutVectors: (model, limit) =>
      passing({}).filter(({ vectors }) => !vectors.has(model)).slice(0, limit).map(({ memory }) => memory),
    addVectors: (items) => {
      for (const { vectors } of items) state.check(vectors);
      for (const { content_hash: hash, vectors: { model, chunks } } of items) {
        for (const { stored } of seen()) stored.get(hash)?.vectors.set(model, chunks);
      }
    },
    activateVectors: (model) => {
      state.models = state.models.filter(({ id }) => id === model);
      state.active = state.models[0] ?? null;
      const all = [...state.spaces.values()].flatMap(({ stored, trash }) => [...stored.values(), ...trash.values()]);
      for (const { vectors } of all) {
        for (const other of vectors.keys()) if (other !== model) vectors.delete(other);
      }
    },
    tags: () => countValues("tags", {}).map(({ value, count }) => ({ tag: value!, count })),
    histogram: (edges, filter) => {
      const times = passing(filter).map(({ memory }) => memory.created_at);
      return edges.slice(1).map((end, i) => times.filter((time) => time >= edges[i]! && time < end).length);
    },
    countByValue: countValues,
    contentSizes: (limit) => {
      const bytesOf = ({ content }: Memory) => new TextEncoder().encode(content).length;
      const all = passing({}).map(({ memory }) => ({ content_hash: memory.content_hash, bytes: bytesOf(memory) }));
      const largest = all.sort((a, b) => b.bytes - a.bytes).slice(0, limit);
      return { total_bytes: all.reduce((sum, { bytes }) => sum + bytes, 0), largest };
    },
    stats: () => {
      const unique_tags = countValues("tags", {}).length;
      return { total_memories: passing({}).length, unique_tags, size_bytes: null, details: {} };
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
  };

  function toTrash(hashes: readonly string[], trashing: Trashing, successor?: string): boolean[] {
    state.searches.clear();
    return moveToTrash(own(), hashes, trashing, successor);
  }
}

export const relationKey = (relation: Record<"source" | "target" | "type", string>) =>
  JSON.stringify([relation.source, relation.target, relation.type]);
